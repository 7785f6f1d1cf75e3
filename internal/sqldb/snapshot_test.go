package sqldb_test

import (
	"context"
	"errors"
	"testing"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/system"
)

// What is written while a snapshot lasts is not in it, and is there afterwards;
// others read and write meanwhile.
func TestSnapshot(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx := t.Context()
		st, err := store.NewService(db, system.Real()).Create(ctx, "", "", "")
		if err != nil {
			t.Fatal(err)
		}
		write := func() {
			t.Helper()
			if err := db.Write(ctx, st.ID, func(tx *sqldb.Tx) error {
				return tx.Exec(sqldb.Dynamic(`UPDATE store_counters SET customer_id = customer_id + 1 WHERE store_id = $1`))
			}); err != nil {
				t.Fatal(err)
			}
		}
		count := func(tx *sqldb.Tx) (n int64) {
			t.Helper()
			if err := tx.Pipeline(sqldb.Counting(sqldb.Dynamic(`SELECT customer_id FROM store_counters WHERE store_id = $1`), &n)); err != nil {
				t.Fatal(err)
			}
			return n
		}
		now := func() (n int64) {
			t.Helper()
			if err := db.Read(ctx, st.ID, func(tx *sqldb.Tx) error { n = count(tx); return nil }); err != nil {
				t.Fatal(err)
			}
			return n
		}
		write()
		if err := db.Snapshot(ctx, st.ID, func(tx *sqldb.Tx) error {
			for n := range int64(3) {
				if got := count(tx); got != 1 {
					t.Errorf("after %d writes the snapshot says %d", n, got)
				}
				write()
				if got := now(); got != 2+n {
					t.Errorf("others read %d after %d writes", got, n)
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if got := now(); got != 4 {
			t.Errorf("%d after the snapshot", got)
		}
		own := errors.New("own")
		if err := db.Snapshot(ctx, st.ID, func(tx *sqldb.Tx) error { count(tx); return own }); !errors.Is(err, own) {
			t.Errorf("an error of the caller's: %v", err)
		}
		if err := db.Snapshot(ctx, st.ID, func(tx *sqldb.Tx) error {
			return tx.Exec(sqldb.Dynamic(`UPDATE store_counters SET customer_id = 0 WHERE store_id = $1`))
		}); db.Engine() == sqldb.SQLite && err == nil || now() != 4 {
			t.Errorf("a snapshot writes: %v", err)
		}
		gone, cancel := context.WithCancel(ctx)
		if err := db.Snapshot(gone, st.ID, func(tx *sqldb.Tx) error {
			count(tx)
			cancel()
			return tx.Query(sqldb.Dynamic(`SELECT id FROM form_fields WHERE store_id = $1`), func(*sqldb.Row) error { return context.Canceled })
		}); !errors.Is(err, context.Canceled) {
			t.Errorf("one whose caller has gone: %v", err)
		}
	})
}
