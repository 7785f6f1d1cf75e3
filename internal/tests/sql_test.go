package tests

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	_ "clientele/internal/app" // declares, with what it imports, all statements
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
		if TenantRule(sql) == nil {
			t.Errorf("passes: %s", sql)
		}
	}
	for _, sql := range []string{
		`SELECT id FROM customers`, `UPDATE store_counters SET customers = 0`, `DELETE FROM channels`,
		`SELECT id FROM api_accounts WHERE token_hash = $1`, `SELECT s.id FROM stores s JOIN customers c ON c.store_id = s.id`,
	} {
		if GlobalRule(sql) == nil {
			t.Errorf("passes as global: %s", sql)
		}
	}
	for _, sql := range []string{
		`SELECT id FROM customers WHERE store_id = $1 AND (id = $2 OR id = $3)`,
		`SELECT v.value FROM address_form_values v JOIN form_fields f ON f.store_id = v.store_id AND f.id = v.field_id WHERE v.store_id = $1`,
		`DELETE FROM customer_emails WHERE store_id = $1 AND NOT EXISTS (SELECT 1 FROM customer_emails o WHERE o.store_id = $1)`,
	} {
		if err := TenantRule(sql); err != nil {
			t.Errorf("%v: %s", err, sql)
		}
	}
}

func TestDeclaredStatements(t *testing.T) {
	all := declared()
	if len(all) < 50 {
		t.Fatalf("only %d statements are declared", len(all))
	}
	globals := 0
	for _, s := range all {
		rule := TenantRule
		if s.IsGlobal() {
			rule = GlobalRule
			globals++
			t.Logf("about no store in particular: %s", strings.Join(strings.Fields(s.SQL()), " "))
		}
		if err := rule(s.SQL()); err != nil {
			t.Errorf("%v: %s", err, s.SQL())
		}
	}
	if globals == 0 {
		t.Error("no global statement is declared")
	}
	t.Logf("%d statements are about one store each, with every join by store_id; %d are about none in particular", len(all)-globals, globals)
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
