// Package tests holds checks that concern more than one package.
package tests

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	_ "clientele/internal/app" // declares, with what it imports, all statements
	"clientele/internal/scale"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

func TestRulesCatchBreaches(t *testing.T) {
	for _, sql := range []string{
		`SELECT id FROM customers`,
		`SELECT id FROM customers WHERE store_id = $2`,
		`SELECT id FROM customers WHERE id = $1`,
		`SELECT id FROM customers WHERE store_id = $1 OR id = $2`,
		`SELECT c.id FROM customers c JOIN addresses a ON a.customer_id = c.id WHERE c.store_id = $1`,
		`SELECT id FROM customers WHERE store_id = $1 AND id IN (SELECT customer_id FROM customer_emails WHERE email_norm = $2)`,
		`SELECT id FROM customers WHERE id IN (SELECT customer_id FROM customer_emails WHERE store_id = $1)`,
		`SELECT id FROM customers, addresses WHERE customers.store_id = $1`,
		`INSERT INTO channels (id, store_id) VALUES ($1, $2)`,
		`INSERT INTO channels (store_id, id) VALUES ($2, $1)`,
		`INSERT INTO channels (store_id, id) VALUES ($1, $2), ($3, $4)`,
		`INSERT INTO channels (store_id, id) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING`,
		`INSERT INTO channels (store_id, id) SELECT store_id, id FROM customers WHERE store_id = $1`,
		`UPDATE customers SET notes = '' WHERE id = $2`,
		`UPDATE customers SET store_id = $2 WHERE store_id = $1`,
		`UPDATE customers SET date_modified = now() WHERE store_id = $1`,
		`DELETE FROM customers WHERE id = $2`,
		`DELETE FROM customers WHERE store_id = $1 AND NOT EXISTS (SELECT 1 FROM addresses o WHERE o.customer_id = $2)`,
		`WITH x AS (SELECT 1) INSERT INTO channels (store_id, id) VALUES ($1, $2)`,
		`SELECT id FROM jobs WHERE store_id = $1 FOR UPDATE SKIP LOCKED`,
		`SELECT pg_advisory_lock(1) FROM stores WHERE store_id = $1`,
	} {
		if scale.Tenant(sql) == nil {
			t.Errorf("passes: %s", sql)
		}
	}
	for _, sql := range []string{
		`SELECT id FROM customers`, `UPDATE store_counters SET customers = 0`, `DELETE FROM channels`,
		`SELECT id FROM api_accounts WHERE token_hash = $1`, `SELECT s.id FROM stores s JOIN customers c ON c.store_id = s.id`,
	} {
		if scale.Global(sql) == nil {
			t.Errorf("passes as global: %s", sql)
		}
	}
	for _, sql := range []string{
		`SELECT id FROM customers WHERE store_id = $1 AND (id = $2 OR id = $3)`,
		`SELECT v.value FROM address_form_values v JOIN form_fields f ON f.store_id = v.store_id AND f.id = v.field_id WHERE v.store_id = $1`,
		`DELETE FROM customer_emails WHERE store_id = $1 AND NOT EXISTS (SELECT 1 FROM customer_emails o WHERE o.store_id = $1)`,
	} {
		if err := scale.Tenant(sql); err != nil {
			t.Errorf("%v: %s", err, sql)
		}
	}
}

func TestDeclaredStatements(t *testing.T) {
	all := declared()
	if len(all) < 50 {
		t.Fatalf("only %d statements are declared", len(all))
	}
	for _, s := range all {
		rule := scale.Tenant
		if s.IsGlobal() {
			rule = scale.Global
		}
		if err := rule(s.SQL()); err != nil {
			t.Errorf("%v: %s", err, s.SQL())
		}
	}
}

// The report on a database says the same.
func TestScale(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		schema, err := db.Describe(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		r := scale.Of(schema, declared())
		if len(r.Faults) > 0 || r.Tables < 15 || r.Foreign < 5 || r.Statements < 50 || len(r.Across) == 0 || !slices.Contains(r.Apart, "stores") {
			t.Errorf("%+v", r)
		}
		if f := scale.Of(&sqldb.Schema{}, []*sqldb.Stmt{sqldb.Dynamic(`SELECT id FROM customers WHERE id = $1`)}).Faults; len(f) != 1 {
			t.Errorf("%q", f)
		}
	})
}

var parameter = regexp.MustCompile(`\$[0-9]+`)

// declared are the statements of the program itself.
var declared = sync.OnceValue(sqldb.Declared)

// explained are the same statements, to be planned only.
var explained = sync.OnceValue(func() []*sqldb.Stmt {
	var out []*sqldb.Stmt
	for _, s := range declared() {
		switch {
		case strings.HasPrefix(s.SQL(), "CREATE"): // run by the migration
		case s.IsGlobal():
			out = append(out, sqldb.Global("EXPLAIN "+s.SQL()))
		default:
			out = append(out, sqldb.Dynamic("EXPLAIN "+s.SQL()))
		}
	}
	return out
})

// Every declared statement means something to both engines: each is planned,
// with NULL for its parameters, which runs nothing.
func TestDeclaredStatementsPrepare(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		for _, s := range explained() {
			n := map[string]bool{}
			for _, p := range parameter.FindAllString(s.SQL(), -1) {
				n[p] = true
			}
			for i := range len(n) {
				if !n["$"+strconv.Itoa(i+1)] {
					t.Errorf("parameters are not numbered without gaps: %s", s.SQL())
				}
			}
			args := make([]any, len(n))
			if !s.IsGlobal() {
				args = args[1:]
			}
			if err := db.Read(t.Context(), 1, func(tx *sqldb.Tx) error {
				return tx.Query(s, func(*sqldb.Row) error { return nil }, args...)
			}); err != nil {
				t.Errorf("%v: %s", err, s.SQL())
			}
		}
	})
}
