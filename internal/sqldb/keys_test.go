package sqldb_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	_ "clientele/internal/subscriber"
)

// Rows are found by few keys and by many, and by many each key is followed by the
// index in tables that nobody has measured.
func TestByKeys(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		_, id := shop(t, db, 500)
		const with = `SELECT email_norm FROM customer_emails WHERE store_id = $1 AND email_norm `
		one := sqldb.Dynamic(with + `= $2`)
		for _, n := range []int{1, 7, 32, 33, 400} {
			var keys, got []string
			for i := range n {
				keys = append(keys, fmt.Sprintf("c%d@x.org", i))
			}
			qs := sqldb.ByKeys(one, func(in string) string { return with + `IN ` + in }, keys, func(r *sqldb.Row) error { got = append(got, r.Text(0)); return nil })
			if err := db.Read(t.Context(), id, func(tx *sqldb.Tx) error { got = nil; return tx.Pipeline(qs...) }); err != nil {
				t.Fatal(err)
			}
			slices.Sort(keys)
			slices.Sort(got)
			if !slices.Equal(got, keys) || (len(qs) > 1) != (n > 32) {
				t.Errorf("%d keys: %d queries found %d", n, len(qs), len(got))
			}
		}
	})
}

// In tables that grow and that nobody has measured each key is followed by its index.
func TestKeysAreFollowed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		if err := db.Write(t.Context(), 1, func(tx *sqldb.Tx) error {
			for _, insert := range []string{
				`subscribers (store_id, id, email, email_norm, channel_id, first_name, last_name, source, order_id, consents, date_created, date_modified)
					SELECT $1, i, 's' || i, 's' || i, 1, '', '', 'custom', 0, '', 1, 1 FROM n`,
				`subscriber_ends (store_id, email_norm, channel_id, date_ended) SELECT $1, 's' || i, 2, 1 FROM n`,
				`customer_emails (store_id, email_norm, channel_id, customer_id) SELECT $1, 's' || i, 0, i FROM n`,
			} {
				if err := tx.Exec(sqldb.Dynamic(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO ` + insert)); err != nil {
					return err
				}
			}
			tx.Replan()
			for _, c := range []struct{ begin, index string }{
				{"SELECT s.email, s.channel_id, 1, '' FROM subscribers s", "subscribers_email"},
				{"SELECT email_norm, channel_id, customer_id FROM customer_emails WHERE store_id = $1 AND email_norm = $2", "customer_emails"},
			} {
				all := sqldb.Declared()
				at := slices.IndexFunc(all, func(s *sqldb.Stmt) bool {
					return strings.HasPrefix(s.SQL(), c.begin) && !strings.Contains(s.SQL(), "$3")
				})
				if at < 0 {
					t.Fatalf("no statement begins with %s", c.begin)
				}
				explain, column, key := "EXPLAIN QUERY PLAN ", 3, "email_norm=?"
				if db.Engine() == sqldb.Postgres {
					explain, column, key = "EXPLAIN ", 0, "(email_norm = "
				}
				var plan strings.Builder
				if err := tx.Query(sqldb.Dynamic(explain+all[at].SQL()), func(r *sqldb.Row) error { plan.WriteString(r.Text(column) + "\n"); return nil }, "s7"); err != nil {
					return err
				}
				// Two tables, or one.
				if got := plan.String(); !strings.Contains(got, c.index) || strings.Contains(got, "Filter:") || strings.Count(got, key) != 1+strings.Count(all[at].SQL(), "UNION") {
					t.Errorf("%s\n%s", all[at].SQL(), got)
				}
			}
			return errRollback
		}); !errors.Is(err, errRollback) {
			t.Fatal(err)
		}
	})
}

var errRollback = errors.New("taken back")
