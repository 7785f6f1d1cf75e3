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
		n := 0
		must(t, db, func(tx *sqldb.Tx) error {
			tx.Between(func() { n++ })
			if err := tx.Exec(deleteChannels); err != nil {
				return err
			}
			return tx.Exec(insertChannel, int64(2000), "there")
		})
		must(t, db, exec(deleteChannels))
		want := map[sqldb.Engine]int{sqldb.SQLite: 2}[db.Engine()]
		if n != want {
			t.Errorf("%d times, want %d", n, want)
		}
	})
}
