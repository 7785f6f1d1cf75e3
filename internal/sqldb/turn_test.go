package sqldb_test

import (
	"testing"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// A write follows another one if nobody has written in between.
func TestTurn(t *testing.T) {
	for _, e := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			dsn, lite := dbtest.MigratedDSN(t, e), e == sqldb.SQLite
			db, other := dbtest.OpenDSN(t, dsn), dbtest.OpenDSN(t, dsn)
			turn := func() (out sqldb.Turn) {
				t.Helper()
				must(t, db, func(tx *sqldb.Tx) (err error) { out, err = tx.Turn(); return err })
				return out
			}
			first := turn()
			if first.Follows(sqldb.Turn{}) {
				t.Error("the first write follows none")
			}
			second := turn()
			if second.Follows(first) != lite || first.Follows(second) || first.Follows(first) {
				t.Errorf("%+v and then %+v", first, second)
			}
			must(t, db, exec(deleteChannels))
			third := turn()
			if third.Follows(second) {
				t.Errorf("%+v follows %+v over another write", third, second)
			}
			must(t, other, exec(insertChannel, int64(2000), "of another process"))
			if fourth := turn(); fourth.Follows(third) {
				t.Errorf("%+v follows %+v over a write of another process", fourth, third)
			}
		})
	}
}

// What is to come between statements does, as long as the write lasts.
func TestBetween(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		rows := func(first, n int64) (out []any) {
			for id := first; id < first+n; id++ {
				out = append(out, id, "c")
			}
			return out
		}
		var few, some, copied int
		must(t, db, func(tx *sqldb.Tx) error {
			few, some, copied = 0, 0, 0
			n := &few
			tx.Between(func() { *n++ })
			if err := tx.Exec(deleteChannels); err != nil {
				return err
			}
			n = &some
			if err := insertMany.Exec(tx, []any{int64(1), int64(1)}, rows(2000, 200)); err != nil {
				return err
			}
			n = &copied
			return insertPlain.Exec(tx, []any{int64(1), int64(1)}, rows(3000, 300))
		})
		// Statements of four rows each; PostgreSQL takes thirteen of them at once, and
		// copies rows by 128.
		want := [3]int{1, 50, 75}
		if db.Engine() == sqldb.Postgres {
			want = [3]int{0, 3, 3}
		}
		if got := [3]int{few, some, copied}; got != want {
			t.Errorf("%d times, want %d", got, want)
		}
		n := 0
		if err := db.Read(t.Context(), 1, func(tx *sqldb.Tx) error {
			return tx.Query(sqldb.Dynamic(`SELECT COUNT(*) FROM channels WHERE store_id = $1`), func(r *sqldb.Row) error { n = int(r.Int(0)); return nil })
		}); err != nil || n != 500 {
			t.Errorf("%d rows are there, %v", n, err)
		}
	})
}
