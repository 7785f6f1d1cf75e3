package sqldb_test

import (
	"strings"
	"testing"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// Without statistics SQLite walks all of a store for each of these.
func TestFreshDatabasesUseTheirIndexes(t *testing.T) {
	db := dbtest.Open(t, sqldb.SQLite)
	for index, query := range map[string]string{
		"customers_company":     `SELECT id FROM customers WHERE store_id = $1 AND company_norm <> '' AND company_norm IN ($2) ORDER BY id DESC`,
		"customers_name":        `SELECT email FROM customers WHERE store_id = $1 AND name_norm IN ($2) ORDER BY id DESC`,
		"customers_phone":       `SELECT email FROM customers WHERE store_id = $1 AND phone_norm <> '' AND phone_norm IN ($2) ORDER BY id DESC`,
		"customers_group":       `SELECT email FROM customers WHERE store_id = $1 AND customer_group_id <> 0 AND customer_group_id IN ($2) ORDER BY id DESC`,
		"addresses_fingerprint": `SELECT city FROM addresses WHERE store_id = $1 AND customer_id IN ($2, $3, $4, $5)`,
		"addresses_name":        `SELECT city FROM addresses WHERE store_id = $1 AND name_norm IN ($2) ORDER BY id`,
		"PRIMARY KEY":           `SELECT email FROM customers WHERE store_id = $1 AND id < $2 ORDER BY id DESC LIMIT 51`,
	} {
		var plan strings.Builder
		var args []any
		for n := 2; strings.Contains(query, "$"+string(rune('0'+n))); n++ {
			args = append(args, int64(1))
		}
		err := db.Read(t.Context(), 1, func(tx *sqldb.Tx) error {
			return tx.Query(sqldb.Dynamic("EXPLAIN QUERY PLAN "+query), func(r *sqldb.Row) error {
				plan.WriteString(r.Text(3) + "\n")
				return nil
			}, args...)
		})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(plan.String(), index) {
			t.Errorf("%s\n%swant %s", query, plan.String(), index)
		}
	}
}

// What SQLite knows after a migration does not depend on the rows that there
// were: measuring them takes long, and samples of them make plans change with
// what is bound.
func TestMigrationsMeasureNothing(t *testing.T) {
	db := dbtest.Open(t, sqldb.SQLite)
	shop(t, db, 500) // measured
	stats := func() (samples, rows string) {
		err := db.Read(t.Context(), 0, func(tx *sqldb.Tx) error {
			if err := tx.Query(sqldb.Raw(`SELECT COUNT(*) FROM sqlite_stat4`), func(r *sqldb.Row) error { samples = r.Text(0); return nil }); err != nil {
				return err
			}
			return tx.Query(sqldb.Raw(`SELECT stat FROM sqlite_stat1 WHERE idx = 'customers_last_name'`), func(r *sqldb.Row) error { rows = r.Text(0); return nil })
		})
		if err != nil {
			t.Fatal(err)
		}
		return samples, rows
	}
	if samples, rows := stats(); samples == "0" || !strings.HasPrefix(rows, "500 ") {
		t.Fatalf("after ANALYZE there are %s samples, and %s", samples, rows)
	}
	if err := db.Write(t.Context(), 0, sqldb.TellPlanner); err != nil { // as after a migration
		t.Fatal(err)
	}
	if samples, rows := stats(); samples != "0" || !strings.HasPrefix(rows, "1000000 ") {
		t.Errorf("after a migration there are %s samples, and %s", samples, rows)
	}
}
