package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// together runs shared writes to store 1 in one group: a first one, which
// succeeds, waits in its transaction until all others are queued in order.
func together(t *testing.T, db *sqldb.DB, queued func(), jobs ...func() error) []error {
	t.Helper()
	out := make([]error, len(jobs))
	var wg sync.WaitGroup
	holding, ready := make(chan struct{}), make(chan struct{})
	var once sync.Once
	wg.Go(func() {
		if err := db.WriteShared(t.Context(), 1, func(tx *sqldb.Tx) error {
			once.Do(func() { close(holding); <-ready })
			return tx.Exec(insertChannel, int64(1000), "first")
		}); err != nil {
			t.Errorf("the first: %v", err)
		}
	})
	<-holding
	for i, job := range jobs {
		wg.Go(func() { out[i] = job() })
		for end := time.Now().Add(20 * time.Second); db.Queued(1) < i+1; time.Sleep(50 * time.Microsecond) {
			if time.Now().After(end) {
				t.Error("the write is not queued")
				break
			}
		}
	}
	if queued != nil {
		queued()
	}
	close(ready)
	wg.Wait()
	return out
}

func shared(ctx context.Context, db *sqldb.DB, fn func(*sqldb.Tx) error) func() error {
	return func() error { return db.WriteShared(ctx, 1, fn) }
}

var errMine = errors.New("mine")

// outcomes are the ways in which a write of row id may end. Rows of writes
// that succeed stay, and no others.
var outcomes = map[string]struct {
	run  func(tx *sqldb.Tx, id int64) error
	want func(error) bool
}{
	"unsent": {func(tx *sqldb.Tx, id int64) error { return tx.Exec(insertChannel, id, "a") }, nil},
	"sent":   {func(tx *sqldb.Tx, id int64) error { _, err := tx.ExecCount(insertChannel, id, "a"); return err }, nil},
	"fails first": {func(*sqldb.Tx, int64) error { return errMine },
		func(err error) bool { return errors.Is(err, errMine) }},
	"fails before anything is sent": {func(tx *sqldb.Tx, id int64) error { _ = tx.Exec(insertChannel, id, "a"); return errMine },
		func(err error) bool { return errors.Is(err, errMine) }},
	"fails after something was sent": {func(tx *sqldb.Tx, id int64) error {
		if _, err := tx.ExecCount(insertChannel, id, "a"); err != nil {
			return err
		}
		_ = tx.Exec(insertChannel, id+500, "a")
		return errMine
	}, func(err error) bool { return errors.Is(err, errMine) }},
	"fails in a result": {func(tx *sqldb.Tx, id int64) error {
		_ = tx.Exec(insertChannel, id, "a")
		return tx.Query(channelNames, func(*sqldb.Row) error { return errMine })
	}, func(err error) bool { return errors.Is(err, errMine) }},
	"fails in a result before one that fails": {func(tx *sqldb.Tx, id int64) error {
		stop := func(*sqldb.Row) error { return errMine }
		return tx.Pipeline(sqldb.Q{Stmt: countChannels, Each: stop}, sqldb.Q{Stmt: insertChannel, Args: []any{int64(2000), "taken"}, Each: stop})
	}, func(err error) bool { return errors.Is(err, errMine) }},
	"panics": {func(tx *sqldb.Tx, id int64) error { _ = tx.Exec(insertChannel, id, "a"); panic("defect") },
		func(err error) bool { return strings.Contains(err.Error(), "defect") }},
	"panics in a result": {func(tx *sqldb.Tx, id int64) error {
		_ = tx.Exec(insertChannel, id, "a")
		return tx.Query(channelNames, func(*sqldb.Row) error { panic("defect") })
	}, func(err error) bool { return strings.Contains(err.Error(), "defect") }},
	"breaks a key at once": {func(tx *sqldb.Tx, id int64) error {
		_, err := tx.ExecCount(insertChannel, int64(2000), "taken")
		return err
	}, isUnique},
	"breaks a key at length": {func(tx *sqldb.Tx, id int64) error {
		_ = tx.Exec(insertChannel, id, "a")
		return tx.Exec(insertChannel, id, "b")
	}, isUnique},
	"breaks a reference":    {exec2(insertOrphan), func(err error) bool { return errors.Is(err, sqldb.ErrForeignKey) }},
	"has too few arguments": {func(tx *sqldb.Tx, id int64) error { return tx.Exec(insertChannel, id) }, isError},
	"has wrong arguments":   {func(tx *sqldb.Tx, id int64) error { _, err := tx.ExecCount(insertChannel, struct{}{}, "a"); return err }, isError},
}

func isUnique(err error) bool { return errors.Is(err, sqldb.ErrUnique) }
func isError(err error) bool  { return !errors.Is(err, sqldb.ErrUnknownOutcome) }
func exec2(s *sqldb.Stmt) func(*sqldb.Tx, int64) error {
	return func(tx *sqldb.Tx, _ int64) error { return tx.Exec(s) }
}

// Whatever one write of a group does, every other one has its own outcome.
func TestSharedWritesKeepTheirOwnOutcome(t *testing.T) {
	names := make([]string, 0, len(outcomes))
	for name := range outcomes {
		names = append(names, name)
	}
	try := func(t *testing.T, db *sqldb.DB, order []string) {
		t.Helper()
		must(t, db, exec(deleteChannels))
		must(t, db, exec(insertChannel, int64(2000), "there before"))
		jobs := make([]func() error, len(order))
		want := int64(2) // the row that was there and that of the first
		for i, name := range order {
			jobs[i] = shared(t.Context(), db, func(tx *sqldb.Tx) error { return outcomes[name].run(tx, int64(i+1)) })
			if outcomes[name].want == nil {
				want++
			}
		}
		for i, err := range together(t, db, nil, jobs...) {
			if w := outcomes[order[i]].want; w == nil && err != nil || w != nil && (err == nil || !w(err)) {
				t.Errorf("%q among %q: %v", order[i], order, err)
			}
		}
		if n := count(t, db, 1); n != want {
			t.Errorf("%q: %d rows, want %d", order, n, want)
		}
	}
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		for _, name := range names {
			try(t, db, []string{name, "unsent"})
			try(t, db, []string{"unsent", name, "sent", name})
		}
		r := rand.New(rand.NewPCG(7, 7))
		for range 30 {
			var order []string
			for range 2 + r.IntN(12) {
				// Failures that undo the whole group are not all there is to try.
				name := names[r.IntN(len(names))]
				if r.IntN(2) == 0 {
					name = []string{"unsent", "sent", "fails before anything is sent", "fails after something was sent"}[r.IntN(4)]
				}
				order = append(order, name)
			}
			try(t, db, order)
		}
	})
}

// Failures first: there is nothing in the transaction yet.
func TestSharedWritesAfterAFailedFirst(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		for i := range int64(60) {
			name := []string{"fails first", "fails before anything is sent", "fails after something was sent", "panics"}[i%4]
			var wg sync.WaitGroup
			for _, j := range []struct {
				name string
				id   int64
			}{{name, 3*i + 1}, {"unsent", 3*i + 2}, {"sent", 3*i + 3}} {
				wg.Go(func() {
					err := db.WriteShared(t.Context(), 1, func(tx *sqldb.Tx) error { return outcomes[j.name].run(tx, j.id) })
					if (err == nil) != (outcomes[j.name].want == nil) {
						t.Errorf("%s: %v", j.name, err)
					}
				})
			}
			wg.Wait()
		}
		if n := count(t, db, 1); n != 120 {
			t.Errorf("%d rows, want 120", n)
		}
	})
}

// What waits for each other is one transaction, and a failure with an error of
// one's own does not break it up.
func TestSharedWritesShareACommit(t *testing.T) {
	db := dbtest.Open(t, sqldb.Postgres)
	var mu sync.Mutex
	seen := map[int64]int{}
	var jobs []func() error
	for i := range 40 {
		jobs = append(jobs, shared(t.Context(), db, func(tx *sqldb.Tx) error {
			if i%5 == 4 {
				return errMine
			}
			if err := tx.Exec(insertChannel, int64(i+1), "a"); err != nil {
				return err
			}
			err := tx.Query(sqldb.Raw(`SELECT txid_current()`), func(r *sqldb.Row) error {
				mu.Lock()
				defer mu.Unlock()
				seen[r.Int(0)]++
				return nil
			})
			if i%5 == 3 && err == nil {
				return errMine
			}
			return err
		}))
	}
	for i, err := range together(t, db, nil, jobs...) {
		if (i%5 < 3) != (err == nil) || err != nil && !errors.Is(err, errMine) {
			t.Errorf("%d: %v", i, err)
		}
	}
	if len(seen) != 1 {
		t.Errorf("runs by transaction: %v, want all in one", seen)
	}
	if n := count(t, db, 1); n != 25 {
		t.Errorf("%d rows, want 25", n)
	}
}

// A write whose caller has gone before it starts is not run; one that has
// started is finished.
func TestSharedWritesOfCallersThatAreGone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		gone, cancel := context.WithCancel(t.Context())
		late, cancelLate := context.WithCancel(t.Context())
		ran := false
		errs := together(t, db, cancel,
			shared(t.Context(), db, exec(insertChannel, int64(1), "a")),
			shared(gone, db, func(tx *sqldb.Tx) error { ran = true; return nil }),
			shared(late, db, func(tx *sqldb.Tx) error {
				cancelLate()
				_, err := tx.ExecCount(insertChannel, int64(2), "b")
				return err
			}),
		)
		if errs[0] != nil || !errors.Is(errs[1], context.Canceled) || ran || errs[2] != nil {
			t.Errorf("%v, ran %v", errs, ran)
		}
		if n := count(t, db, 1); n != 3 {
			t.Errorf("%d rows, want 3", n)
		}
	})
}

// Another store's writes need not wait.
func TestSharedWritesOfStoresAreApart(t *testing.T) {
	db := dbtest.Open(t, sqldb.Postgres)
	if err := db.WriteShared(t.Context(), 1, func(tx *sqldb.Tx) error {
		if _, err := tx.ExecCount(insertChannel, int64(1), "a"); err != nil {
			return err
		}
		return db.WriteShared(t.Context(), 2, exec(insertChannel, int64(1), "a"))
	}); err != nil {
		t.Error(err)
	}
	if a, b := count(t, db, 1), count(t, db, 2); a != 1 || b != 1 {
		t.Errorf("%d and %d rows, want 1 and 1", a, b)
	}
}

// A group whose connection is lost before its commit is run again.
func TestSharedWritesLoseTheirConnection(t *testing.T) {
	db := dbtest.Open(t, sqldb.Postgres)
	var failed atomic.Bool
	suicide := sqldb.Raw(`SELECT pg_terminate_backend(pg_backend_pid())`)
	nothing := func(*sqldb.Row) error { return nil }
	errs := together(t, db, nil,
		shared(t.Context(), db, exec(insertChannel, int64(1), "a")),
		shared(t.Context(), db, func(tx *sqldb.Tx) error { return tx.Query(suicide, nothing) }),
		shared(t.Context(), db, func(tx *sqldb.Tx) error {
			if failed.CompareAndSwap(false, true) {
				return tx.Query(suicide, nothing)
			}
			return tx.Exec(insertChannel, int64(2), "b")
		}),
		shared(t.Context(), db, exec(insertChannel, int64(3), "c")),
	)
	// The third first runs alone, after the second has lost the connection.
	if errs[0] != nil || !errors.Is(errs[1], sqldb.ErrUnavailable) || !errors.Is(errs[2], sqldb.ErrUnavailable) || errs[3] != nil {
		t.Errorf("%v", errs)
	}
	if n := count(t, db, 1); n != 3 {
		t.Errorf("%d rows, want 3", n)
	}
}

// A connection lost during the commit leaves all of a group in the dark.
func TestSharedWritesOfUnknownOutcome(t *testing.T) {
	db := dbtest.Open(t, sqldb.Postgres)
	must(t, db, func(tx *sqldb.Tx) error {
		for _, sql := range []string{
			`CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1); RETURN NULL; END'`,
			`CREATE CONSTRAINT TRIGGER die AFTER INSERT ON channels DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.name = 'die') EXECUTE FUNCTION die()`,
		} {
			if _, err := tx.ExecCount(sqldb.Raw(sql)); err != nil {
				return err
			}
		}
		return nil
	})
	var wg sync.WaitGroup
	start := make(chan struct{})
	errs := make([]error, 2)
	wg.Go(func() {
		var once sync.Once
		errs[0] = db.WriteShared(t.Context(), 1, func(tx *sqldb.Tx) error {
			once.Do(func() {
				close(start)
				for db.Queued(1) == 0 {
					time.Sleep(time.Millisecond)
				}
			})
			return tx.Exec(insertChannel, int64(1), "a")
		})
	})
	<-start
	wg.Go(func() { errs[1] = db.WriteShared(t.Context(), 1, exec(insertChannel, int64(2), "die")) })
	wg.Wait()
	for _, err := range errs {
		if !errors.Is(err, sqldb.ErrUnknownOutcome) {
			t.Error(err)
		}
	}
	if err := db.WriteShared(t.Context(), 1, exec(insertChannel, int64(3), "a")); err != nil {
		t.Errorf("the next write: %v", err)
	}
}

func TestSharedWritesAreRetried(t *testing.T) {
	db := dbtest.Open(t, sqldb.Postgres)
	conflict := sqldb.Raw(`DO 'BEGIN RAISE EXCEPTION ''conflict'' USING ERRCODE = ''40001''; END'`)
	unlucky := func(id int64, times int32) func(*sqldb.Tx) error {
		var runs atomic.Int32
		return func(tx *sqldb.Tx) error {
			if runs.Add(1) <= times {
				_, err := tx.ExecCount(conflict)
				return err
			}
			return tx.Exec(insertChannel, id, "a")
		}
	}
	if err := db.WriteShared(t.Context(), 1, unlucky(1, 1)); err != nil {
		t.Errorf("alone: %v", err)
	}
	errs := together(t, db, nil, shared(t.Context(), db, exec(insertChannel, int64(2), "a")), shared(t.Context(), db, unlucky(3, 3)))
	if errs[0] != nil || errs[1] != nil {
		t.Error(errs)
	}
	if n := count(t, db, 1); n != 4 {
		t.Errorf("%d rows, want 4", n)
	}
}

// The time a group may take is bounded, and so is that of a write in it.
func TestSharedWritesTimeOut(t *testing.T) {
	dsn := dbtest.DSN(t, sqldb.Postgres)
	other := dbtest.OpenDSN(t, dsn)
	db := open(t, dsn, sqldb.Options{WriteTimeout: 500 * time.Millisecond})
	must(t, other, exec(insertChannel, int64(1), "a"))
	begin := time.Now()
	var errs []error
	must(t, other, func(tx *sqldb.Tx) error {
		if _, err := tx.ExecCount(renameChannel, int64(1), "held"); err != nil {
			return err
		}
		var wg sync.WaitGroup
		errs = make([]error, 20)
		for i := range errs {
			wg.Go(func() {
				errs[i] = db.WriteShared(t.Context(), 1, func(tx *sqldb.Tx) error {
					_, err := tx.ExecCount(renameChannel, int64(1), fmt.Sprint(i))
					return err
				})
			})
		}
		wg.Wait()
		return nil
	})
	if d := time.Since(begin); d > 10*time.Second {
		t.Errorf("it took %v", d)
	}
	for _, err := range errs {
		if !errors.Is(err, sqldb.ErrUnavailable) {
			t.Error(err)
		}
	}
	if got := texts(t, other, `SELECT name FROM channels`); fmt.Sprint(got) != "[held]" {
		t.Errorf("names %q", got)
	}
	if err := db.WriteShared(t.Context(), 1, exec(insertChannel, int64(2), "a")); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// What is of any length takes its time.
func TestLengthyWrites(t *testing.T) {
	dsn := dbtest.MigratedDSN(t, sqldb.Postgres)
	db := open(t, dsn, sqldb.Options{WriteTimeout: 50 * time.Millisecond})
	slow := func(tx *sqldb.Tx) error {
		return tx.Query(sqldb.Raw(`SELECT 1 FROM (SELECT pg_sleep(0.2)) s`), func(*sqldb.Row) error { return nil })
	}
	if err := db.Write(t.Context(), 1, slow); !errors.Is(err, sqldb.ErrUnavailable) {
		t.Errorf("a write without an end: %v", err)
	}
	if err := db.Write(sqldb.Lengthy(t.Context(), time.Hour), 1, slow); err != nil {
		t.Error(err)
	}
	if err := db.Write(sqldb.Lengthy(t.Context(), time.Millisecond), 1, func(tx *sqldb.Tx) error {
		return tx.Query(sqldb.Raw(`SELECT 1`), func(*sqldb.Row) error { return nil })
	}); err != nil {
		t.Errorf("the bound of all is too long for it: %v", err)
	}
}
