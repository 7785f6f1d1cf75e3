package sqldb_test

import (
	"slices"
	"testing"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// Stores that are older than the counts of imported hashes have a job to count
// theirs; later ones are counted from their first customer on.
func TestOldStoresAreToBeCounted(t *testing.T) {
	for _, e := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			dsn := dbtest.DSN(t, e)
			db, err := sqldb.Open(t.Context(), dsn, sqldb.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if err := db.MigrateFirst(t.Context(), 12, dbtest.Now); err != nil {
				t.Fatal(err)
			}
			if err := db.Write(t.Context(), 7, func(tx *sqldb.Tx) error {
				return tx.Exec(sqldb.Dynamic(`INSERT INTO stores (id, hash, name, date_created) VALUES ($1, 'abc', 'Shop', 77)`))
			}); err != nil {
				t.Fatal(err)
			}
			db.Close()
			db = dbtest.OpenDSN(t, dsn)
			if got := texts(t, db, `SELECT CAST(store_id AS TEXT) || ' ' || CAST(counted_to AS TEXT) FROM imported_hash_counts`); !slices.Equal(got, []string{"7 0"}) {
				t.Errorf("to be counted are %q", got)
			}
			if got := texts(t, db, `SELECT CAST(store_id AS TEXT) || ' ' || payload || ' ' || CAST(due_at AS TEXT) FROM jobs WHERE kind = 'count_hashes'`); !slices.Equal(got, []string{"7 {} 0"}) {
				t.Errorf("jobs are %q", got)
			}
		})
	}
}
