package sqldb_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/system"
)

var (
	keptStore  = sqldb.Dynamic(`INSERT INTO stores (id, hash, name, date_created) VALUES ($1, $2, 'Shop', 0)`)
	keptInsert = sqldb.Dynamic(`INSERT INTO store_settings (store_id, settings) VALUES ($1, 'first')`)
	keptUpdate = sqldb.Dynamic(`UPDATE store_settings SET settings = $2 WHERE store_id = $1`)
	keptSelect = sqldb.Dynamic(`SELECT settings FROM store_settings WHERE store_id = $1`)
)

// keptText is a text that a test keeps, and how often it was read.
type keptText struct {
	*sqldb.Kept[string, string]
	reads int
}

func keepText(db *sqldb.DB, tables ...string) *keptText {
	k := &keptText{}
	k.Kept = sqldb.Keep(db, func(tx *sqldb.Tx, name string) (value string, err error) {
		k.reads++
		err = tx.Query(keptSelect, func(r *sqldb.Row) error { value = name + "=" + r.Text(0); return nil })
		return value, err
	}, tables...)
	return k
}

func (k *keptText) want(t *testing.T, store int64, key, value string, reads int) {
	t.Helper()
	got, err := k.Get(t.Context(), store, key)
	if err != nil || got != value || k.reads != reads {
		t.Errorf("store %d, %s: %q after %d reads, %v; want %q after %d", store, key, got, k.reads, err, value, reads)
	}
}

// What is kept is read once, and again after each write to its store's tables,
// within a second after one of another process, and never after other writes.
func TestKept(t *testing.T) {
	for _, e := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			now := time.Second
			sys := system.Real()
			sys.Monotonic = func() time.Duration { return now }
			dsn := dbtest.MigratedDSN(t, e)
			db, err := sqldb.Open(t.Context(), dsn, sqldb.Options{System: sys})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(db.Close)
			kept := keepText(db, "store_settings")
			write := func(db *sqldb.DB, store int64, fn func(tx *sqldb.Tx) error) {
				t.Helper()
				if err := db.Write(t.Context(), store, fn); err != nil && !errors.Is(err, errKept) {
					t.Fatal(err)
				}
			}
			put := func(db *sqldb.DB, store int64, value string, end error) {
				t.Helper()
				write(db, store, func(tx *sqldb.Tx) error { return errors.Join(tx.Exec(keptUpdate, value), end) })
			}
			for id := range int64(2) {
				write(db, id+1, func(tx *sqldb.Tx) error {
					return errors.Join(tx.Exec(keptStore, fmt.Sprint("hash", id)), tx.Exec(keptInsert))
				})
			}
			kept.want(t, 1, "a", "a=first", 1)
			kept.want(t, 1, "a", "a=first", 1)
			kept.want(t, 1, "b", "b=first", 2)
			kept.want(t, 2, "a", "a=first", 3)
			put(db, 1, "second", nil)
			kept.want(t, 2, "a", "a=first", 3)
			kept.want(t, 1, "a", "a=second", 4)
			kept.want(t, 1, "b", "b=second", 5)
			put(db, 1, "refused", errKept)
			kept.want(t, 1, "a", "a=second", 6)
			write(db, 0, func(tx *sqldb.Tx) error { return tx.In(2).Exec(keptUpdate, "third") })
			kept.want(t, 2, "a", "a=third", 7)

			other := dbtest.OpenDSN(t, dsn)
			put(other, 1, "elsewhere", nil)
			now += time.Second - 1
			kept.want(t, 1, "a", "a=second", 7)
			now++
			kept.want(t, 1, "a", "a=elsewhere", 8)
		})
	}
}

var errKept = errors.New("this write is refused")

// A value that depends on a table whose writes nobody counts is refused.
func TestKeptReadsWhatItSays(t *testing.T) {
	db := dbtest.Open(t, sqldb.SQLite)
	keepText(db, "channels")
	if _, err := keepText(db, "stores").Get(t.Context(), 1, "a"); err == nil || !strings.Contains(err.Error(), "store_settings") {
		t.Errorf("the table is not missed: %v", err)
	}
}

// A write that commits while a value is read makes that value an old one.
func TestKeptWhileWriting(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		write := func(text string) {
			if err := db.Write(t.Context(), 1, func(tx *sqldb.Tx) error { return tx.Exec(keptUpdate, text) }); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.Write(t.Context(), 1, func(tx *sqldb.Tx) error { return errors.Join(tx.Exec(keptStore, "hash"), tx.Exec(keptInsert)) }); err != nil {
			t.Fatal(err)
		}
		between := func() { write("second") }
		kept := sqldb.Keep(db, func(tx *sqldb.Tx, _ struct{}) (value string, err error) {
			err = tx.Query(keptSelect, func(r *sqldb.Row) error { value = r.Text(0); return nil })
			if between != nil {
				between()
				between = nil
			}
			return value, err
		}, "store_settings")
		for _, want := range []string{"first", "second"} {
			if got, err := kept.Get(t.Context(), 1, struct{}{}); got != want || err != nil {
				t.Errorf("got %q, %v; want %q", got, err, want)
			}
		}
	})
}
