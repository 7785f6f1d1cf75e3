package sqldb_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

var (
	insertPlain   = sqldb.StaticRows(`INSERT INTO channels (store_id, date_created, date_modified, id, name) VALUES `, 2, 2, 3, ``)
	insertEntries = sqldb.StaticRows(`INSERT INTO history (store_id, date_created, actor, surface, action, resource, resource_id, customer_id, request_id, personal, digest, id, facts) VALUES `, 10, 2, 3, ``)
	selectFacts   = sqldb.Static(`SELECT facts FROM history WHERE store_id = $1 ORDER BY id`)
)

// Rows that are so many that PostgreSQL is given them by COPY come back as they went
// in, and are one statement of their transaction.
func TestManyRows(t *testing.T) {
	texts := []string{"", `\N`, `\.`, `\\`, "\t", "\r\n", "a\tb\\c\nd\re", "äß中🙂", `"'$1`, "\\\n", "x\\", "\b\f\v\x01"}
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		for _, n := range []int{127, 128, 129, 300} {
			must(t, db, exec(deleteChannels))
			var rows []any
			var want []string
			for i := range n {
				name := fmt.Sprint(texts[i%len(texts)], i/len(texts))
				rows, want = append(rows, int64(i+1), name), append(want, name)
			}
			dates := []any{int64(1), int64(2)}
			// What comes before and after it in the transaction keeps its place.
			must(t, db, func(tx *sqldb.Tx) error {
				if err := tx.Exec(insertChannel, int64(n), "first"); err != nil {
					return err
				}
				if err := tx.Exec(deleteChannels); err != nil {
					return err
				}
				got, err := insertPlain.ExecCount(tx, dates, rows)
				if err == nil && got != int64(n) {
					t.Errorf("%d rows inserted, want %d", got, n)
				}
				return err
			})
			names := func() (got []string) {
				must(t, db, func(tx *sqldb.Tx) error {
					got = nil
					return tx.Query(channelNames, func(r *sqldb.Row) error { got = append(got, r.Text(1)); return nil })
				})
				return got
			}
			if got := names(); !slices.Equal(got, want) {
				t.Errorf("%d rows: %q", n, got)
			}
			// One that is there already fails all of it, and what came before.
			err := db.Write(t.Context(), 1, func(tx *sqldb.Tx) error {
				if err := tx.Exec(deleteChannels); err != nil {
					return err
				}
				if err := tx.Exec(insertChannel, int64(n), "first"); err != nil {
					return err
				}
				return insertPlain.Exec(tx, dates, rows)
			})
			if !errors.Is(err, sqldb.ErrUnique) {
				t.Errorf("a key that is taken: %v", err)
			}
			if got := names(); !slices.Equal(got, want) {
				t.Errorf("after a failure: %q", got)
			}
		}

		facts := []byte{0, 255, '\\', '\n', '\t', 'x'}
		var rows []any
		for i := range 200 {
			rows = append(rows, int64(i+1000), facts)
		}
		none := []byte{}
		must(t, db, func(tx *sqldb.Tx) error {
			return insertEntries.Exec(tx, []any{int64(1), int64(1), int64(1), int64(1), int64(1), int64(1), int64(0), none, none, none}, rows)
		})
		n := 0
		must(t, db, func(tx *sqldb.Tx) error {
			return tx.Query(selectFacts, func(r *sqldb.Row) error {
				if n++; !slices.Equal(r.Bytes(0), facts) {
					t.Errorf("bytes %x", r.Bytes(0))
				}
				return nil
			})
		})
		if n != 200 {
			t.Errorf("%d rows with bytes", n)
		}
	})
}

// What another process writes shows, and what this one writes does not.
func TestElsewhere(t *testing.T) {
	dsn := dbtest.MigratedDSN(t, sqldb.SQLite)
	mine, other := dbtest.OpenDSN(t, dsn), dbtest.OpenDSN(t, dsn)
	at := func() (n int64) {
		must(t, mine, func(tx *sqldb.Tx) (err error) { n, err = tx.Elsewhere(); return err })
		return n
	}
	before := at()
	must(t, mine, exec(deleteChannels))
	if now := at(); now != before {
		t.Errorf("%d after %d by what this process wrote", now, before)
	}
	must(t, other, exec(deleteChannels))
	must(t, other, exec(insertChannel, int64(1), "x"))
	if now := at(); now == before {
		t.Errorf("%d after another process wrote", now)
	}
}
