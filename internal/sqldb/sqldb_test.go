package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

var (
	insertChannel = sqldb.Static(`INSERT INTO channels (store_id, id, name, date_created, date_modified) VALUES ($1, $2, $3, 1, 1)`)
	countChannels = sqldb.Static(`SELECT COUNT(*) FROM channels WHERE store_id = $1`)
)

func count(t *testing.T, db *sqldb.DB, store int64) (n int64) {
	t.Helper()
	err := db.Read(t.Context(), store, func(tx *sqldb.Tx) error {
		return tx.Query(countChannels, func(r *sqldb.Row) error { n = r.Int(0); return nil })
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// writes are the ways to write.
var writes = map[string]func(*sqldb.DB, context.Context, int64, func(*sqldb.Tx) error) error{
	"write":  (*sqldb.DB).Write,
	"shared": (*sqldb.DB).WriteShared,
}

func TestConcurrentWritesKeepTheirOwnOutcome(t *testing.T) {
	for name, write := range writes {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, db *sqldb.DB) { ownOutcome(t, db, write) })
		})
	}
}

func ownOutcome(t *testing.T, db *sqldb.DB, write func(*sqldb.DB, context.Context, int64, func(*sqldb.Tx) error) error) {
	var wg sync.WaitGroup
	fail := errors.New("my own failure")
	for i := range 200 {
		wg.Go(func() {
			err := write(db, t.Context(), 1, func(tx *sqldb.Tx) error {
				if err := tx.Exec(insertChannel, int64(i+1), fmt.Sprint("c", i)); err != nil {
					return err
				}
				switch i % 4 {
				case 1:
					return fail
				case 2:
					return tx.Exec(insertChannel, int64(i+1), "twice")
				case 3:
					panic("defect")
				}
				return nil
			})
			switch {
			case i%4 == 0 && err != nil, i%4 == 1 && !errors.Is(err, fail), i%4 == 2 && !errors.Is(err, sqldb.ErrUnique), i%4 == 3 && err == nil:
				t.Errorf("%d: %v", i, err)
			}
		})
	}
	wg.Wait()
	if n := count(t, db, 1); n != 50 {
		t.Errorf("%d rows, want 50", n)
	}
	if n := count(t, db, 2); n != 0 {
		t.Errorf("another store sees %d rows", n)
	}
}

var selectNames = sqldb.Static(`SELECT name FROM channels WHERE store_id = $1 ORDER BY id`)

func TestTextOfSeveralStoresInOneTransaction(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		for store := range int64(3) {
			if err := db.Write(t.Context(), store, func(tx *sqldb.Tx) error {
				return tx.Exec(insertChannel, int64(1), fmt.Sprint("name ", store))
			}); err != nil {
				t.Fatal(err)
			}
		}
		var names []string
		if err := db.Read(t.Context(), 0, func(tx *sqldb.Tx) error {
			into := func(r *sqldb.Row) error { names = append(names, r.Text(0)); return nil }
			if err := tx.Query(selectNames, into); err != nil {
				return err
			}
			for store := range int64(3) {
				if err := tx.In(store).Query(selectNames, into); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(names); got != "[name 0 name 0 name 1 name 2]" {
			t.Errorf("read %s", got)
		}
	})
}

// Statements are counted wherever they run: by themselves, in pipelines, and in
// transactions that are shared or undone.
func TestStatementsAreCounted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		one := sqldb.Dynamic(`SELECT id FROM customers WHERE store_id = $1`)
		counted := func(fn func()) int64 {
			before := db.Statements()
			fn()
			return db.Statements() - before
		}
		look := func(*sqldb.Row) error { return nil }
		for name, c := range map[string]struct {
			want int64
			run  func(fn func(*sqldb.Tx) error) error
			fn   func(*sqldb.Tx) error
		}{
			"read": {1, func(fn func(*sqldb.Tx) error) error { return db.Read(t.Context(), 1, fn) }, func(tx *sqldb.Tx) error { return tx.Query(one, look) }},
			"pipeline": {2, func(fn func(*sqldb.Tx) error) error { return db.Read(t.Context(), 1, fn) }, func(tx *sqldb.Tx) error {
				return tx.Pipeline(sqldb.Q{Stmt: one, Each: look}, sqldb.Q{Stmt: one, Each: look})
			}},
			"write":  {1, func(fn func(*sqldb.Tx) error) error { return db.Write(t.Context(), 1, fn) }, func(tx *sqldb.Tx) error { return tx.In(2).Exec(one) }},
			"shared": {1, func(fn func(*sqldb.Tx) error) error { return db.WriteShared(t.Context(), 1, fn) }, func(tx *sqldb.Tx) error { _, err := tx.ExecCount(one); return err }},
		} {
			if n := counted(func() {
				if err := c.run(c.fn); err != nil {
					t.Error(err)
				}
			}); n != c.want {
				t.Errorf("%s: %d statements are counted, want %d", name, n, c.want)
			}
		}
	})
}
