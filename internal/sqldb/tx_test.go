package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

var (
	deleteChannels = sqldb.Static(`DELETE FROM channels WHERE store_id = $1`)
	channelNames   = sqldb.Static(`SELECT id, name, url FROM channels WHERE store_id = $1 ORDER BY id`)
	renameChannel  = sqldb.Static(`UPDATE channels SET name = $3 WHERE store_id = $1 AND id = $2`)
	renameAll      = sqldb.Static(`UPDATE channels SET name = $2 WHERE store_id = $1 RETURNING id`)
	dateChannel    = sqldb.Static(`INSERT INTO channels (store_id, id, name, date_created, date_modified) VALUES ($1, $2, 'x', $3, $4)`)
	channelDates   = sqldb.Static(`SELECT date_created, date_modified FROM channels WHERE store_id = $1 ORDER BY id`)
	insertOrphan   = sqldb.Static(`INSERT INTO customer_form_values (store_id, customer_id, field_id, value) VALUES ($1, 99, 99, '""')`)
	nullAndText    = sqldb.Static(`SELECT CASE WHEN id < 0 THEN id END, CASE WHEN id < 0 THEN name END, id, name FROM channels WHERE store_id = $1`)
)

func exec(s *sqldb.Stmt, args ...any) func(*sqldb.Tx) error {
	return func(tx *sqldb.Tx) error { return tx.Exec(s, args...) }
}

func must(t *testing.T, db *sqldb.DB, fn func(*sqldb.Tx) error) {
	t.Helper()
	if err := db.Write(t.Context(), 1, fn); err != nil {
		t.Fatal(err)
	}
}

func TestNumbered(t *testing.T) {
	for in, want := range map[string]string{
		"":                                "",
		"SELECT 1":                        "SELECT 1",
		"a = $1 AND b = $12":              "a = ?1 AND b = ?12",
		"a = '$1' AND b = $2":             "a = '$1' AND b = ?2",
		"a = 'it''s $1' AND b = $2":       "a = 'it''s $1' AND b = ?2",
		"a = '$' AND b = $":               "a = '$' AND b = $",
		"x$y = $3":                        "x$y = ?3",
		"CASE WHEN $16 = '' THEN a END $": "CASE WHEN ?16 = '' THEN a END $",
		// SQLite would prepare it anew for each limit.
		"ORDER BY a LIMIT $12": "ORDER BY a LIMIT 0+?12",
		"LIMIT 5":              "LIMIT 5",
	} {
		if got := sqldb.Numbered(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// Texts of every length around the arena's chunk sizes come back as they went
// in and stay what they are after the transaction and later ones.
func TestTextSurvives(t *testing.T) {
	alphabet := []rune("aZ09 äßЖ中🙂\u0301\n\t'\"\\$?\u00a0")
	r := rand.New(rand.NewPCG(1, 2))
	text := func(bytes int) string {
		var b strings.Builder
		for b.Len() < bytes {
			c := alphabet[r.IntN(len(alphabet))]
			if b.Len()+len(string(c)) > bytes {
				c = 'x'
			}
			b.WriteRune(c)
		}
		return b.String()
	}
	var want []string
	for _, size := range []int{0, 1, 1023, 1024, 1025, 2047, 2048, 2049, 4096, 32<<10 - 1, 32 << 10, 32<<10 + 1, 64 << 10, 1 << 20, 0, 3} {
		want = append(want, text(size))
	}
	for range 3000 {
		want = append(want, text(r.IntN(200)))
	}
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		must(t, db, func(tx *sqldb.Tx) error {
			for i, w := range want {
				if err := tx.Exec(insertChannel, int64(i), w); err != nil {
					return err
				}
			}
			return nil
		})
		read := func() (names []string, raw [][]byte) {
			if err := db.Read(t.Context(), 1, func(tx *sqldb.Tx) error {
				return tx.Query(channelNames, func(r *sqldb.Row) error {
					names = append(names, r.Text(1))
					raw = append(raw, r.Bytes(1))
					if u := r.Text(2); u != "" {
						return fmt.Errorf("url %q", u)
					}
					return nil
				})
			}); err != nil {
				t.Fatal(err)
			}
			return names, raw
		}
		first, raw := read()
		for range 3 {
			read()
		}
		// What the connections do next must not show in what was read.
		must(t, db, func(tx *sqldb.Tx) error {
			return tx.Query(renameAll, func(r *sqldb.Row) error { _ = r.Int(0); return nil }, strings.Repeat("#", 300))
		})
		if len(first) != len(want) {
			t.Fatalf("%d texts, want %d", len(first), len(want))
		}
		for i := range want {
			if first[i] != want[i] || string(raw[i]) != want[i] {
				t.Fatalf("text %d of %d bytes came back as %d and %d bytes", i, len(want[i]), len(first[i]), len(raw[i]))
			}
		}
		if again, _ := read(); again[0] != strings.Repeat("#", 300) {
			t.Errorf("after the change: %q", again[0])
		}
	})
}

func TestIntegersAndNull(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		pairs := [][2]int64{{0, 1}, {-1, math.MaxInt64}, {math.MinInt64, math.MaxInt32}, {math.MinInt32, 1 << 53}}
		must(t, db, func(tx *sqldb.Tx) error {
			for i, p := range pairs {
				if n, err := tx.ExecCount(dateChannel, int64(i+1), p[0], p[1]); n != 1 || err != nil {
					return fmt.Errorf("count %d: %w", n, err)
				}
			}
			return nil
		})
		var got [][2]int64
		if err := db.Read(t.Context(), 1, func(tx *sqldb.Tx) error {
			if tx.Store() != 1 {
				t.Errorf("store %d", tx.Store())
			}
			return tx.Pipeline(
				sqldb.Q{Stmt: channelDates, Each: func(r *sqldb.Row) error {
					got = append(got, [2]int64{r.Int(0), r.Int(1)})
					return nil
				}},
				sqldb.Q{Stmt: nullAndText, Each: func(r *sqldb.Row) error {
					if !r.Null(0) || !r.Null(1) || r.Null(2) || r.Null(3) || r.Int(0) != 0 || r.Text(1) != "" || len(r.Bytes(1)) != 0 || r.Flag(0) || !r.Flag(2) || r.Text(3) != "x" {
						t.Error("NULL or its neighbours are wrong")
					}
					return nil
				}},
			)
		}); err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(got) != fmt.Sprint(pairs) {
			t.Errorf("%v, want %v", got, pairs)
		}
	})
}

func TestWrongArguments(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		for name, args := range map[string][]any{
			"too few":  {int64(1)},
			"too many": {int64(1), "a", "b"},
			"none":     {},
			"type":     {struct{}{}, "a"},
		} {
			for how, run := range map[string]func(*sqldb.Tx) error{
				"exec":  exec(insertChannel, args...),
				"count": func(tx *sqldb.Tx) error { _, err := tx.ExecCount(insertChannel, args...); return err },
				"query": func(tx *sqldb.Tx) error {
					return tx.Query(insertChannel, func(*sqldb.Row) error { return nil }, args...)
				},
				"after a change": func(tx *sqldb.Tx) error {
					if _, err := tx.ExecCount(insertChannel, int64(7), "a"); err != nil {
						return err
					}
					return tx.Exec(insertChannel, args...)
				},
			} {
				err := db.Write(t.Context(), 1, run)
				if err == nil {
					t.Errorf("%s, %s: no error", name, how)
				}
				if errors.Is(err, sqldb.ErrUnknownOutcome) {
					t.Errorf("%s, %s: the outcome is known: %v", name, how, err)
				}
			}
		}
		if n := count(t, db, 1); n != 0 {
			t.Errorf("%d rows", n)
		}
	})
}

// A panic in the midst of a result leaves nothing behind that later work on
// the same connections could meet.
func TestPanicInWrite(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		must(t, db, func(tx *sqldb.Tx) error {
			for i := range 10 {
				if err := tx.Exec(insertChannel, int64(i+1), "before"); err != nil {
					return err
				}
			}
			return nil
		})
		for _, s := range []*sqldb.Stmt{renameAll, sqldb.Dynamic(`SELECT id FROM channels WHERE store_id = $1 AND name <> $2`)} {
			for range 3 {
				if err := db.Write(t.Context(), 1, func(tx *sqldb.Tx) error {
					return tx.Query(s, func(*sqldb.Row) error { panic("defect") }, "during")
				}); err == nil {
					t.Fatal("a panic is no error")
				}
				if err := db.Write(t.Context(), 1, exec(renameChannel, int64(1), "after")); err != nil {
					t.Errorf("the next write: %v", err)
				}
			}
		}
		rows(t, db, `SELECT SUM(CASE WHEN name = 'before' THEN 1 ELSE 0 END), SUM(CASE WHEN name = 'after' THEN 1 ELSE 0 END) FROM channels`, func(r *sqldb.Row) {
			if r.Int(0) != 9 || r.Int(1) != 1 {
				t.Errorf("%d unchanged, %d changed rows; want 9 and 1", r.Int(0), r.Int(1))
			}
		})
	})
}

func TestPanicInRead(t *testing.T) {
	eachEmpty(t, func(t *testing.T, dsn string) {
		db := open(t, dsn, sqldb.Options{Readers: 2})
		if _, err := db.Migrate(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		must(t, db, exec(insertChannel, int64(1), "a"))
		must(t, db, exec(insertChannel, int64(2), "b"))
		for range 5 {
			func() {
				defer func() {
					if recover() == nil {
						t.Error("the panic is lost")
					}
				}()
				_ = db.Read(t.Context(), 1, func(tx *sqldb.Tx) error {
					return tx.Query(channelNames, func(*sqldb.Row) error { panic("defect") })
				})
			}()
		}
		// No reader may be stuck in the past.
		must(t, db, exec(insertChannel, int64(3), "c"))
		for range 5 {
			if n := count(t, db, 1); n != 3 {
				t.Errorf("a reader sees %d rows, want 3", n)
			}
		}
	})
}

func TestErrorsOfCallbacks(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		must(t, db, exec(insertChannel, int64(1), "a"))
		must(t, db, exec(insertChannel, int64(2), "b"))
		mine := errors.New("mine")
		for range 20 {
			calls := 0
			stop := func(*sqldb.Row) error { calls++; return mine }
			if err := db.Read(t.Context(), 1, func(tx *sqldb.Tx) error { return tx.Query(channelNames, stop) }); !errors.Is(err, mine) || calls != 1 {
				t.Errorf("read: %v after %d calls", err, calls)
			}
			if err := db.Write(t.Context(), 1, func(tx *sqldb.Tx) error { return tx.Query(renameAll, stop, "z") }); !errors.Is(err, mine) {
				t.Errorf("write: %v", err)
			}
			if err := db.Read(t.Context(), 1, func(tx *sqldb.Tx) error {
				return tx.Pipeline(sqldb.Q{Stmt: countChannels, Each: func(*sqldb.Row) error { return nil }}, sqldb.Q{Stmt: channelNames, Each: stop})
			}); !errors.Is(err, mine) {
				t.Errorf("pipeline: %v", err)
			}
		}
		if got := texts(t, db, `SELECT name FROM channels ORDER BY id`); fmt.Sprint(got) != "[a b]" {
			t.Errorf("names %q", got)
		}
	})
}

// An error inside a transaction that nobody looks at must not turn into a
// commit of the rest.
func TestSwallowedErrorsDoNotCommit(t *testing.T) {
	db := dbtest.Open(t, sqldb.Postgres)
	must(t, db, exec(insertChannel, int64(1), "a"))
	if err := db.Write(t.Context(), 1, func(tx *sqldb.Tx) error {
		if _, err := tx.ExecCount(insertChannel, int64(2), "b"); err != nil {
			return err
		}
		if _, err := tx.ExecCount(insertChannel, int64(1), "taken"); !errors.Is(err, err) || err == nil {
			t.Error("no error where the key is taken")
		}
		return nil
	}); err == nil {
		t.Error("the transaction passes for committed")
	}
	if n := count(t, db, 1); n != 1 {
		t.Errorf("%d rows, want 1", n)
	}
}

func TestDeferredErrorsUndoEverything(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		must(t, db, exec(insertChannel, int64(1), "a"))
		if err := db.Write(t.Context(), 1, func(tx *sqldb.Tx) error {
			if err := tx.Exec(insertChannel, int64(2), "b"); err != nil {
				return err
			}
			// PostgreSQL says so no earlier than at the commit.
			if err := tx.Exec(insertChannel, int64(1), "taken"); err != nil {
				return err
			}
			return tx.Exec(insertChannel, int64(3), "c")
		}); !errors.Is(err, sqldb.ErrUnique) {
			t.Errorf("unique: %v", err)
		}
		if err := db.Write(t.Context(), 1, func(tx *sqldb.Tx) error {
			if err := tx.Exec(insertChannel, int64(4), "d"); err != nil {
				return err
			}
			return tx.Exec(insertOrphan)
		}); !errors.Is(err, sqldb.ErrForeignKey) || errors.Is(err, sqldb.ErrUnique) {
			t.Errorf("foreign key: %v", err)
		}
		if n := count(t, db, 1); n != 1 {
			t.Errorf("%d rows, want 1", n)
		}
		must(t, db, exec(insertChannel, int64(2), "b"))
	})
}

func TestReadsDoNotWrite(t *testing.T) {
	db := dbtest.Open(t, sqldb.SQLite)
	if err := db.Read(t.Context(), 1, exec(insertChannel, int64(1), "a")); err == nil {
		t.Error("a reader writes")
	}
	if n := count(t, db, 1); n != 0 {
		t.Errorf("%d rows", n)
	}
}

var long = map[sqldb.Engine]string{
	sqldb.SQLite:   `WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 1000000000) SELECT COUNT(*) FROM c`,
	sqldb.Postgres: `SELECT pg_sleep(60)::text`,
}

func TestCancelledReads(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		must(t, db, exec(insertChannel, int64(1), "a"))
		slow := sqldb.Raw(long[db.Engine()])
		nothing := func(*sqldb.Row) error { return nil }
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if err := db.Read(ended, 1, func(tx *sqldb.Tx) error { return tx.Query(slow, nothing) }); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled before: %v", err)
		}
		if err := db.Write(ended, 1, exec(insertChannel, int64(2), "b")); !errors.Is(err, context.Canceled) {
			t.Errorf("write: %v", err)
		}
		loops := 100
		if testing.Short() {
			loops = 20
		}
		var wg sync.WaitGroup
		var cancelled atomic.Int64
		for i := range loops {
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+i%7)*time.Millisecond)
				defer cancel()
				start := time.Now()
				err := db.Read(ctx, 1, func(tx *sqldb.Tx) error { return tx.Query(slow, nothing) })
				if errors.Is(err, context.DeadlineExceeded) {
					cancelled.Add(1)
				} else {
					t.Errorf("slow read: %v", err)
				}
				if d := time.Since(start); d > 20*time.Second {
					t.Errorf("cancelled after %v", d)
				}
			})
			// Nobody else is hit by the interrupt.
			wg.Go(func() {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if err := db.Read(ctx, 1, func(tx *sqldb.Tx) error {
					return tx.Query(countChannels, func(r *sqldb.Row) error {
						if r.Int(0) != 1 {
							t.Errorf("%d rows", r.Int(0))
						}
						return nil
					})
				}); err != nil {
					t.Errorf("other read: %v", err)
				}
			})
		}
		wg.Wait()
		if cancelled.Load() != int64(loops) {
			t.Errorf("%d of %d reads were cancelled", cancelled.Load(), loops)
		}
		for range 20 {
			if n := count(t, db, 1); n != 1 {
				t.Errorf("%d rows", n)
			}
		}
	})
}

func TestWriteOutlivesItsCaller(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		if err := db.Write(ctx, 1, func(tx *sqldb.Tx) error {
			if _, err := tx.ExecCount(insertChannel, int64(1), "a"); err != nil {
				return err
			}
			cancel()
			time.Sleep(5 * time.Millisecond)
			return tx.Exec(insertChannel, int64(2), "b")
		}); err != nil {
			t.Error(err)
		}
		if n := count(t, db, 1); n != 2 {
			t.Errorf("%d rows, want 2", n)
		}
	})
}

// Two transactions that take two locks in opposite order both succeed.
func TestDeadlocksAreRetried(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		must(t, db, exec(insertChannel, int64(1), ""))
		must(t, db, exec(insertChannel, int64(2), ""))
		both := make(chan struct{}, 2)
		var runs atomic.Int64
		var wg sync.WaitGroup
		for i := range int64(2) {
			wg.Go(func() {
				first := true
				if err := db.Write(t.Context(), 1, func(tx *sqldb.Tx) error {
					runs.Add(1)
					if _, err := tx.ExecCount(renameChannel, 1+i, itoa(i)); err != nil {
						return err
					}
					if first && db.Engine() == sqldb.Postgres {
						first = false
						both <- struct{}{}
						for len(both) < 2 {
							time.Sleep(time.Millisecond)
						}
					}
					_, err := tx.ExecCount(renameChannel, 2-i, itoa(i))
					return err
				}); err != nil {
					t.Errorf("writer %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		names := texts(t, db, `SELECT name FROM channels ORDER BY id`)
		if len(names) != 2 || names[0] != names[1] {
			t.Errorf("names %q are of two transactions", names)
		}
		if db.Engine() == sqldb.Postgres && runs.Load() < 3 {
			t.Errorf("%d runs: there was no deadlock to retry", runs.Load())
		}
	})
}

func TestFullDisk(t *testing.T) {
	db := dbtest.Open(t, sqldb.SQLite)
	var pages int64
	limit := func(n int64) {
		// The pragma concerns the connection it runs on: the writer's. Inside a
		// transaction it takes effect at once.
		must(t, db, func(tx *sqldb.Tx) error {
			if err := tx.Query(sqldb.Raw(`PRAGMA page_count`), func(r *sqldb.Row) error { pages = r.Int(0); return nil }); err != nil {
				return err
			}
			return tx.Query(sqldb.Raw(`PRAGMA max_page_count = `+itoa(pages+n)), func(*sqldb.Row) error { return nil })
		})
	}
	limit(20)
	big := strings.Repeat("x", 1<<20)
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			name := "small"
			if i%8 == 3 {
				name = big
			}
			err := db.Write(t.Context(), 1, exec(insertChannel, int64(i+1), name))
			if i%8 == 3 && !errors.Is(err, sqldb.ErrUnavailable) {
				t.Errorf("a row that does not fit: %v", err)
			} else if i%8 != 3 && err != nil {
				t.Errorf("a row that fits: %v", err)
			}
		})
	}
	wg.Wait()
	if n := count(t, db, 1); n != 56 {
		t.Errorf("%d rows, want 56", n)
	}
	limit(1000)
	if err := db.Write(t.Context(), 1, exec(insertChannel, int64(1000), big)); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

func TestCloseWhileWritesAreQueued(t *testing.T) {
	for name, write := range writes {
		t.Run(name, func(t *testing.T) {
			eachEmpty(t, func(t *testing.T, dsn string) { closeWhileQueued(t, dsn, write) })
		})
	}
}

func closeWhileQueued(t *testing.T, dsn string, write func(*sqldb.DB, context.Context, int64, func(*sqldb.Tx) error) error) {
	db := open(t, dsn, sqldb.Options{})
	if _, err := db.Migrate(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var done atomic.Int64
	started := make(chan struct{}, 300)
	for i := range 300 {
		wg.Go(func() {
			started <- struct{}{}
			if err := write(db, t.Context(), 1, exec(insertChannel, int64(i), "a")); err == nil {
				done.Add(1)
			}
		})
	}
	for range 150 {
		<-started
	}
	closed := make(chan struct{})
	go func() { db.Close(); wg.Wait(); close(closed) }()
	select {
	case <-closed:
	case <-time.After(30 * time.Second):
		t.Fatal("closing hangs")
	}
	db.Close() // again
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := write(db, ctx, 1, exec(insertChannel, int64(1000), "late")); err == nil || ctx.Err() != nil {
		t.Errorf("a write after the end: %v", err)
	}
	if err := db.Ping(ctx); err == nil || ctx.Err() != nil {
		t.Errorf("a read after the end hangs: %v", err)
	}
	again := open(t, dsn, sqldb.Options{})
	if n := count(t, again, 1); n != done.Load() {
		t.Errorf("%d rows of %d successful writes", n, done.Load())
	}
}

func TestCommittedWritesAreSeenByTheNextRead(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		var wg sync.WaitGroup
		for w := range 8 {
			wg.Go(func() {
				for i := range 25 {
					id := int64(w*1000 + i)
					if err := db.Write(t.Context(), 1, exec(insertChannel, id, "a")); err != nil {
						t.Error(err)
						return
					}
					found := false
					if err := db.Read(t.Context(), 1, func(tx *sqldb.Tx) error {
						return tx.Query(sqldb.Dynamic(`SELECT 1 FROM channels WHERE store_id = $1 AND id = $2`), func(*sqldb.Row) error { found = true; return nil }, id)
					}); err != nil || !found {
						t.Errorf("row %d: found %v, %v", id, found, err)
					}
				}
			})
		}
		wg.Wait()
		must(t, db, exec(deleteChannels))
		if n := count(t, db, 1); n != 0 {
			t.Errorf("%d rows", n)
		}
	})
}

// More texts than a connection keeps, used in turns and in the middle of each
// other's results.
func TestDynamicStatements(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		must(t, db, exec(insertChannel, int64(5), "a"))
		err := db.Read(t.Context(), 1, func(tx *sqldb.Tx) error {
			for range 3 {
				for i := range int64(150) {
					n, want := int64(0), 5+i
					s := sqldb.Dynamic(fmt.Sprintf(`SELECT id + %d FROM channels WHERE store_id = $1 AND id <> $2`, i))
					if err := tx.Query(s, func(r *sqldb.Row) error { n = r.Int(0); return nil }, int64(-1)); err != nil {
						return err
					}
					if n != want {
						return fmt.Errorf("got %d, want %d", n, want)
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

var sameText = sqldb.Static(`SELECT name FROM stores WHERE id = $1 AND 'the text of two' <> $2`)

// A declared statement outlives a dynamic one of the same text.
func TestDeclaredStatementsStay(t *testing.T) {
	for _, dynamicFirst := range []bool{true, false} {
		db := dbtest.Open(t, sqldb.SQLite)
		if err := db.Write(t.Context(), 1, func(tx *sqldb.Tx) error {
			run := func(s *sqldb.Stmt) error { return tx.Query(s, func(*sqldb.Row) error { return nil }, "") }
			order := []*sqldb.Stmt{sameText, sqldb.Dynamic(sameText.SQL())}
			if dynamicFirst {
				slices.Reverse(order)
			}
			for _, s := range order {
				if err := run(s); err != nil {
					return err
				}
			}
			for i := range 200 { // more than are kept
				if err := run(sqldb.Dynamic(fmt.Sprintf("SELECT %d WHERE $1 <> 0 AND $2 <> 'x'", i))); err != nil {
					return err
				}
			}
			return run(sameText)
		}); err != nil {
			t.Errorf("the dynamic one first: %v: %v", dynamicFirst, err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, dsn := range []string{"", "sqlite:", "mysql://root:secret@host/db", "postgres://user:secret@[::1/db", "clientele.db", "sqlite:" + t.TempDir()} {
		db, err := sqldb.Open(t.Context(), dsn, sqldb.Options{})
		if err == nil {
			db.Close()
			t.Errorf("%q opens", dsn)
			continue
		}
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: the message tells the password: %v", dsn, err)
		}
	}
}

// On SQLite the queries of a pipeline see one moment, and however one ends, the
// connection is free for the next.
func TestPipelineIsOneSnapshot(t *testing.T) {
	db := dbtest.Open(t, sqldb.SQLite)
	must(t, db, exec(insertChannel, int64(1), "a"))
	id := int64(1)
	read := func(ctx context.Context, inside func() error, more ...sqldb.Q) (before, after int64, err error) {
		err = db.Read(ctx, 1, func(tx *sqldb.Tx) error {
			return tx.Pipeline(append([]sqldb.Q{
				{Stmt: countChannels, Each: func(r *sqldb.Row) error { before = r.Int(0); return inside() }},
				{Stmt: countChannels, Each: func(r *sqldb.Row) error { after = r.Int(0); return nil }},
			}, more...)...)
		})
		return before, after, err
	}
	free := func(after string) {
		t.Helper()
		for range 4 { // on each connection
			if n, _, err := read(t.Context(), func() error { return nil }); n != id || err != nil {
				t.Errorf("after one that %s: %d of %d rows: %v", after, n, id, err)
			}
		}
	}
	mine := errors.New("mine")
	for name, want := range map[string]error{"passes": nil, "fails": mine} {
		before, after, err := read(t.Context(), func() error {
			id++
			must(t, db, exec(insertChannel, id, "b"))
			return want
		})
		if before != id-1 || want == nil && after != before || !errors.Is(err, want) {
			t.Errorf("a pipeline that %s: %d and %d of %d rows: %v", name, before, after, id-1, err)
		}
		free(name)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	endless := sqldb.Dynamic(`WITH RECURSIVE n (i) AS (SELECT $1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n`)
	if _, _, err := read(ctx, func() error { return nil }, sqldb.Q{Stmt: endless, Each: func(*sqldb.Row) error { return nil }}); !errors.Is(err, context.Canceled) {
		t.Errorf("an endless pipeline: %v", err)
	}
	id++
	must(t, db, exec(insertChannel, id, "c"))
	free("is interrupted")
}
