package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"clientele/internal/jobs"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// A server is killed while it makes older keys of addresses anew, and the next
// one goes on, while customers are found all the time.
func TestKilledWhileKeysAreMadeAnew(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, dsn string) {
		seeded(t, dsn)
		const n = 6000
		older(t, dsn, n)
		s := serve(t, "--database", dsn)
		find := func(i int) {
			t.Helper()
			for _, domain := range []string{"münchen.de", "xn--mnchen-3ya.de"} {
				c := s.client()
				out := c.call(http.StatusOK, http.MethodGet, fmt.Sprintf("/customers?email:in=old%d@%s", i, domain), nil)
				if !strings.Contains(string(out), fmt.Sprintf(`"email":"old%d@münchen.de"`, i)) {
					t.Errorf("old%d@%s: %s", i, domain, out)
				}
			}
		}
		for round := range 4 {
			time.Sleep(time.Duration(round*30) * time.Millisecond)
			s.kill()
			s.restart(t)
			find(10000 + n - 1 - round)
		}
		for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
			out := must(t, "email", "clashes", "--database", dsn, "--store", seedStore)
			if !strings.Contains(out, "not done") {
				if !strings.Contains(out, "customers") {
					t.Errorf("the clash is not told: %s", out)
				}
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("it does not end: %s", out)
			}
		}
		find(10001)
		find(10000 + n - 1)
		s.stop()
		db := dbtest.OpenDSN(t, dsn)
		if err := db.Read(t.Context(), 1, func(tx *sqldb.Tx) error {
			return tx.Query(sqldb.Dynamic(`SELECT COUNT(*) FROM customer_emails WHERE store_id = $1 AND email_norm LIKE 'old%@xn--mnchen-3ya.de'`), func(r *sqldb.Row) error {
				if r.Int(0) != n {
					t.Errorf("%d of %d keys are new", r.Int(0), n)
				}
				return nil
			})
		}); err != nil {
			t.Fatal(err)
		}
	})
}

// older makes customers as a version kept them that compared text, the last of
// which has the address of another.
func older(t *testing.T, dsn string, n int) {
	t.Helper()
	db := dbtest.OpenDSN(t, dsn)
	defer db.Close()
	if err := db.Write(t.Context(), 1, func(tx *sqldb.Tx) error {
		for _, sql := range []string{
			`INSERT INTO customers (store_id, id, email, first_name, last_name, company, phone, notes, tax_exempt_category, customer_group_id, registration_ip_address, accepts_emails,
				store_credit, origin_channel_id, channel_ids, force_password_reset, date_created, date_modified, password_hash, name_norm, last_name_norm, company_norm, phone_norm)
				SELECT store_id, $2 + 0, $3 || '', 'Old', 'One', '', '', '', '', 0, '', 0, 0, 1, '', 0, 0, 0, '', 'old one', 'one', '', '' FROM store_counters WHERE store_id = $1`,
			`INSERT INTO customer_emails (store_id, email_norm, channel_id, customer_id) VALUES ($1, $3, 0, $2)`,
		} {
			for i := range n + 1 {
				address := fmt.Sprintf("old%d@münchen.de", 10000+i)
				if i == n {
					address = "old10000@xn--mnchen-3ya.de"
				}
				if err := tx.Exec(sqldb.Dynamic(sql), int64(10000+i), address); err != nil {
					return err
				}
			}
		}
		for _, sql := range []string{
			`UPDATE store_counters SET customer_id = 100000, customers = customers + 6001 WHERE store_id = $1`,
			`INSERT INTO email_rekeys (store_id, list, done_to) VALUES ($1, 'customers', 0)`,
		} {
			if err := tx.Exec(sqldb.Dynamic(sql)); err != nil {
				return err
			}
		}
		return jobs.Enqueue(tx, 0, "rekey_customers", struct{}{}, 0)
	}); err != nil {
		t.Fatal(err)
	}
}
