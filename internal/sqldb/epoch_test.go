package sqldb_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

var (
	putName = sqldb.Dynamic(`INSERT INTO consent_texts (store_id, version, text, date_created) VALUES ($1, $2, $3, 0)`)
	names   = sqldb.Dynamic(`SELECT version FROM consent_texts WHERE store_id = $1 ORDER BY version`)
)

// What was begun before a store was replaced is refused, by whichever way it
// writes; what begins later is not, nor what other stores do.
func TestEpochs(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		write := func(name string) func(tx *sqldb.Tx) error {
			return func(tx *sqldb.Tx) error { return tx.Exec(putName, name, "x") }
		}
		together := sqldb.NewTogether(db, func(tx *sqldb.Tx, in []string) ([]error, error) {
			for _, name := range in {
				if err := write(name)(tx); err != nil {
					return nil, err
				}
			}
			return nil, nil
		})
		ways := map[string]func(ctx context.Context, store int64, name string) error{
			"write": func(ctx context.Context, store int64, name string) error { return db.Write(ctx, store, write(name)) },
			"shared": func(ctx context.Context, store int64, name string) error {
				return db.WriteShared(ctx, store, write(name))
			},
			"together": together.Write,
			"unit": func(ctx context.Context, store int64, name string) error {
				u := db.NewUnit()
				defer u.Undo()
				if err := db.Write(u.Context(ctx), store, write(name)); err != nil {
					return err
				}
				return u.Commit(ctx, store, func(*sqldb.Tx) error { return nil })
			},
		}
		before := db.Stamped(t.Context())
		if db.Superseded(1, db.Epoch()) {
			t.Error("superseded though nobody keeps epochs")
		}
		for way, do := range ways {
			if err := do(before, 1, "early-"+way); err != nil {
				t.Errorf("%s: %v", way, err)
			}
		}
		first := 0
		db.KeepEpochs(func(context.Context) { first++ })
		epoch := db.Epoch()
		before = db.Stamped(t.Context())
		failed := errors.New("no")
		if err := db.Replace(t.Context(), func(*sqldb.Tx) (sqldb.Replaced, error) { return sqldb.Replaced{Stores: []int64{1}}, failed }); !errors.Is(err, failed) {
			t.Error(err)
		}
		for way, do := range ways {
			if err := do(before, 1, "still-"+way); err != nil {
				t.Errorf("%s after a replacement that failed: %v", way, err)
			}
		}
		if err := db.Replace(t.Context(), func(tx *sqldb.Tx) (sqldb.Replaced, error) {
			return sqldb.Replaced{Stores: []int64{1}}, tx.In(1).Exec(sqldb.Dynamic(`DELETE FROM consent_texts WHERE store_id = $1`))
		}); err != nil {
			t.Fatal(err)
		}
		if !db.Superseded(1, epoch) || db.Superseded(2, epoch) || db.Superseded(1, db.Epoch()) {
			t.Error("not store 1 alone is superseded")
		}
		for way, do := range ways {
			if err := do(before, 1, "late-"+way); !errors.Is(err, sqldb.ErrSuperseded) || !errors.Is(err, sqldb.ErrUnavailable) {
				t.Errorf("%s from before: %v", way, err)
			}
			if err := do(before, 2, "other-"+way); err != nil {
				t.Errorf("%s of another store: %v", way, err)
			}
			if err := do(db.Stamped(t.Context()), 1, "new-"+way); err != nil {
				t.Errorf("%s from afterwards: %v", way, err)
			}
			if err := do(t.Context(), 1, "unstamped-"+way); err != nil {
				t.Errorf("%s of nobody: %v", way, err)
			}
		}
		if first != 0 {
			t.Error("a write that nobody asked for is told")
		}
		for _, name := range []string{"asked", "asked-again"} {
			if err := ways["write"](db.StampedRequest(t.Context()), 3, name); err != nil || first != 1 {
				t.Errorf("told %d times: %v", first, err)
			}
		}
		var have []string
		if err := db.Read(t.Context(), 1, func(tx *sqldb.Tx) error {
			have = nil
			return tx.Query(names, func(r *sqldb.Row) error { have = append(have, r.Text(0)); return nil })
		}); err != nil || len(have) != 2*len(ways) {
			t.Error(have, err)
		}
	})
}

// A replacement and writes that meet it never mix: what is there afterwards is of
// writes that were begun after it.
func TestReplaceAmongWriters(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		db.KeepEpochs(nil)
		var wg sync.WaitGroup
		for w := range 4 {
			wg.Go(func() {
				for i := range 40 {
					ctx, epoch := db.Stamped(t.Context()), db.Epoch()
					err := db.Write(ctx, 1, func(tx *sqldb.Tx) error {
						return tx.Exec(putName, string(rune('a'+w))+string(rune('A'+i)), string(rune('0'+epoch)))
					})
					if err != nil && !errors.Is(err, sqldb.ErrSuperseded) {
						t.Error(err)
					}
				}
			})
		}
		for range 5 {
			if err := db.Replace(t.Context(), func(tx *sqldb.Tx) (sqldb.Replaced, error) {
				return sqldb.Replaced{All: true}, tx.In(1).Exec(sqldb.Dynamic(`DELETE FROM consent_texts WHERE store_id = $1`))
			}); err != nil {
				t.Error(err)
			}
		}
		wg.Wait()
		var epochs []string
		if err := db.Read(t.Context(), 1, func(tx *sqldb.Tx) error {
			epochs = nil
			return tx.Query(sqldb.Dynamic(`SELECT DISTINCT text FROM consent_texts WHERE store_id = $1`), func(r *sqldb.Row) error { epochs = append(epochs, r.Text(0)); return nil })
		}); err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(epochs, func(e string) bool { return e != "5" }) {
			t.Errorf("rows of epochs %v", epochs)
		}
	})
}

// Whoever asks with a lock of its own held is not kept waiting by a replacement
// that waits for a write that wants that lock.
func TestSupersededWaitsForNoWrite(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		db.KeepEpochs(nil)
		var mu sync.Mutex
		var wg sync.WaitGroup
		done := make(chan struct{})
		for range 2 {
			wg.Go(func() {
				for {
					select {
					case <-done:
						return
					default:
					}
					mu.Lock()
					db.Superseded(1, db.Epoch())
					mu.Unlock()
				}
			})
		}
		for range 2 {
			wg.Go(func() {
				for {
					select {
					case <-done:
						return
					default:
					}
					if err := db.Write(t.Context(), 1, func(*sqldb.Tx) error {
						mu.Lock()
						defer mu.Unlock()
						return nil
					}); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		for range 300 {
			if err := db.Replace(t.Context(), func(*sqldb.Tx) (sqldb.Replaced, error) {
				return sqldb.Replaced{Stores: []int64{1}}, nil
			}); err != nil {
				t.Error(err)
			}
		}
		close(done)
		wg.Wait()
	})
}
