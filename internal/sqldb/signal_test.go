package sqldb_test

import (
	"errors"
	"sync/atomic"
	"testing"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// Who listens hears of what was committed, once for each transaction, and of
// nothing that was undone.
func TestSignals(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		var a, b atomic.Int64
		stop := db.Listen("a", func() { a.Add(1) })
		defer db.Listen("b", func() { b.Add(1) })()
		write := func(fails error, topics ...string) {
			t.Helper()
			for _, w := range []func(fn func(*sqldb.Tx) error) error{
				func(fn func(*sqldb.Tx) error) error { return db.Write(t.Context(), 1, fn) },
				func(fn func(*sqldb.Tx) error) error { return db.WriteShared(t.Context(), 1, fn) },
			} {
				if err := w(func(tx *sqldb.Tx) error {
					for _, topic := range topics {
						tx.In(2).Signal(topic)
					}
					return fails
				}); !errors.Is(err, fails) {
					t.Error(err)
				}
			}
		}
		check := func(wantA, wantB int64) {
			t.Helper()
			if a.Load() != wantA || b.Load() != wantB {
				t.Errorf("heard %d and %d times, want %d and %d", a.Load(), b.Load(), wantA, wantB)
			}
		}
		write(nil)
		write(errors.New("no"), "a", "b")
		check(0, 0)
		write(nil, "a", "a", "c")
		check(2, 0)
		write(nil, "a", "b")
		check(4, 2)
		stop()
		write(nil, "a", "b")
		check(4, 4)
		// A panic and a read signal nothing.
		if err := db.Write(t.Context(), 1, func(tx *sqldb.Tx) error { tx.Signal("b"); panic("no") }); err == nil {
			t.Error("the panic is gone")
		}
		if err := db.Read(t.Context(), 1, func(tx *sqldb.Tx) error { tx.Signal("b"); return nil }); err != nil {
			t.Error(err)
		}
		check(4, 4)
	})
}
