package sqldb_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

var (
	unitTable  = sqldb.Global(`CREATE TABLE unit_things (store_id BIGINT NOT NULL, id BIGINT NOT NULL, PRIMARY KEY (store_id, id))`)
	unitInsert = sqldb.Dynamic(`INSERT INTO unit_things (store_id, id) VALUES ($1, $2)`)
	unitCount  = sqldb.Dynamic(`SELECT COUNT(*) FROM unit_things WHERE store_id = $1`)
)

// What a unit writes and reads is one transaction, of which others see nothing
// before its end.
func TestUnit(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		if err := db.Write(t.Context(), 0, func(tx *sqldb.Tx) error { return tx.Exec(unitTable) }); err != nil {
			t.Fatal(err)
		}
		put := func(ctx context.Context, ids ...int64) error {
			return db.Write(ctx, 1, func(tx *sqldb.Tx) error {
				tx.Signal("unit")
				for _, id := range ids {
					if err := tx.Exec(unitInsert, id); err != nil {
						return err
					}
				}
				return nil
			})
		}
		count := func(ctx context.Context) (n int64) {
			t.Helper()
			if err := db.Read(ctx, 1, func(tx *sqldb.Tx) error {
				return tx.Query(unitCount, func(r *sqldb.Row) error { n = r.Int(0); return nil })
			}); err != nil {
				t.Fatal(err)
			}
			return n
		}
		told := 0
		defer db.Listen("unit", func() { told++ })()
		check := func(what string, seen, inside, signals int64, ctx context.Context) {
			t.Helper()
			if a, b := count(t.Context()), count(ctx); a != seen || b != inside || int64(told) != signals {
				t.Errorf("%s: %d rows are seen, %d inside, %d signals; want %d, %d, %d", what, a, b, told, seen, inside, signals)
			}
		}

		u := db.NewUnit()
		ctx := u.Context(t.Context())
		if err := put(ctx, 1, 2); err != nil || !u.Open() {
			t.Fatal(err, u.Open())
		}
		check("an open unit", 0, 2, 0, ctx)
		if err := put(ctx, 3, 1); !errors.Is(err, sqldb.ErrUnique) {
			t.Error("a key that is taken:", err)
		}
		check("a write that failed", 0, 2, 0, ctx)
		if err := put(ctx, 4); err != nil {
			t.Error(err)
		}
		if err := put(ctx, 5); err != nil {
			t.Error(err)
		}
		check("further writes", 0, 4, 0, ctx)
		if err := u.Commit(t.Context(), 1, func(tx *sqldb.Tx) error { return tx.Exec(unitInsert, int64(6)) }); err != nil {
			t.Error(err)
		}
		check("the end", 5, 5, 1, ctx)
		u.Undo()
		check("the end of the end", 5, 5, 1, ctx)

		u = db.NewUnit()
		ctx = u.Context(t.Context())
		if err := put(ctx, 6); !errors.Is(err, sqldb.ErrUnique) || u.Open() {
			t.Error("a first write that fails opens nothing:", err)
		}
		if err := put(sqldb.Aside(ctx), 7); err != nil || u.Open() {
			t.Error("a write aside opens nothing:", err)
		}
		if err := put(ctx, 8); err != nil {
			t.Error(err)
		}
		check("an open one again", 6, 7, 2, ctx)
		u.Undo()
		check("undone", 6, 6, 2, ctx)

		u = db.NewUnit()
		ctx = u.Context(t.Context())
		refused := errors.New("refused")
		if err := put(ctx, 9); err != nil {
			t.Error(err)
		}
		if err := u.Commit(t.Context(), 1, func(*sqldb.Tx) error { return refused }); !errors.Is(err, refused) {
			t.Error(err)
		}
		check("what is last refuses", 6, 6, 2, ctx)

		u = db.NewUnit()
		if err := u.Commit(t.Context(), 1, func(tx *sqldb.Tx) error { return tx.Exec(unitInsert, int64(10)) }); err != nil {
			t.Error(err)
		}
		check("the end of one that is not open", 7, 7, 2, t.Context())
	})
}

// A unit that stays open for longer than ten seconds is undone: who waits to write
// goes on, and the request that comes back to it is told that nothing was written.
func TestUnitThatStaysOpen(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		if err := db.Write(t.Context(), 0, func(tx *sqldb.Tx) error { return tx.Exec(unitTable) }); err != nil {
			t.Fatal(err)
		}
		put := func(ctx context.Context, id int64) error {
			return db.Write(ctx, 1, func(tx *sqldb.Tx) error { return tx.Exec(unitInsert, id) })
		}
		u := db.NewUnit()
		if before := u.Bound(20 * time.Millisecond); before != 10*time.Second {
			t.Errorf("a unit may stay open for %s", before)
		}
		ctx := u.Context(t.Context())
		if err := put(ctx, 1); err != nil {
			t.Fatal(err)
		}
		// The same row: whoever writes it waits for the unit on either engine.
		if err := put(t.Context(), 1); err != nil {
			t.Error("a writer that waits:", err)
		}
		for name, err := range map[string]error{
			"a write": put(ctx, 2),
			"a read":  db.Read(ctx, 1, func(tx *sqldb.Tx) error { return tx.Query(unitCount, func(*sqldb.Row) error { return nil }) }),
			"the end": u.Commit(t.Context(), 1, func(tx *sqldb.Tx) error { return tx.Exec(unitInsert, int64(3)) }),
		} {
			if !errors.Is(err, sqldb.ErrUnavailable) {
				t.Errorf("%s of a unit that was undone: %v", name, err)
			}
		}
		u.Undo()
		n := int64(0)
		if err := db.Read(t.Context(), 1, func(tx *sqldb.Tx) error {
			return tx.Query(unitCount, func(r *sqldb.Row) error { n = r.Int(0); return nil })
		}); err != nil || n != 1 {
			t.Errorf("%d rows, want the one of who waited: %v", n, err)
		}
	})
}
