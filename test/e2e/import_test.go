package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// An import that is killed at any moment, and resumed each time, ends as one that
// was left alone.
func TestKilledWhileImporting(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, dsn string) {
		must(t, "store", "create", "--database", dsn, "--name", "Left alone", "--hash", "leftalone")
		must(t, "store", "create", "--database", dsn, "--name", "Killed", "--hash", "killed")
		var b strings.Builder
		b.WriteString("First Name,Last Name,Email,Company,Address1,Address2,City,Province,Province Code,Country,Country Code,Zip,Phone,Accepts Marketing,Total Spent,Total Orders,Tags,Note,Tax Exempt\n")
		for i := range 3000 {
			address := fmt.Sprintf("c%d@example.com", i)
			switch {
			case i%97 == 0:
				address = "none"
			case i%89 == 0:
				address = fmt.Sprintf("C%d@Example.com", i-1) // of the row before
			}
			fmt.Fprintf(&b, "C%d,\"Lee\n%d\",%s,,%d Rd,,Austin,Texas,TX,United States,US,78701,,%s,0,0,tag %d,,no\n", i, i, address, i, []string{"yes", "no"}[i%2], i%5)
		}
		dir := t.TempDir()
		file := filepath.Join(dir, "customers.csv")
		if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		bring := func(store string, more ...string) *process {
			return launch(t, dir, nil, program(t), append([]string{"import", file, "--database", dsn, "--store", store}, more...)...)
		}
		whole := bring("leftalone")
		whole.wait()
		kills, random := 0, rand.New(rand.NewPCG(7, 7))
		var p *process
		for resume := []string(nil); ; {
			p = bring("killed", resume...)
			var enough <-chan time.Time
			if kills < 20 {
				enough = time.After(time.Duration(20+random.IntN(130)) * time.Millisecond)
			}
			select {
			case <-enough:
				p.kill()
				kills++
				resume = []string{"--resume"}
				continue
			case <-p.exited:
				if resume != nil && p.code == 2 { // it was killed before it began
					resume = nil
					continue
				}
			}
			break
		}
		p.wait()
		if whole.code != 0 || p.code != 0 || kills == 0 {
			t.Errorf("killed %d times; exits with %d and %d: %s", kills, whole.code, p.code, p.errs.String())
		}
		db := dbtest.OpenDSN(t, dsn)
		tell := func(hash string) string {
			var out []string
			if err := db.Read(t.Context(), storeID(t, db, hash), func(tx *sqldb.Tx) error {
				out = nil
				each := func(r *sqldb.Row) error { out = append(out, r.Text(0)); return nil }
				for _, sql := range []string{
					`SELECT email || ' ' || first_name || ' ' || last_name || ' ' || CAST(id AS TEXT) FROM customers WHERE store_id = $1 ORDER BY id`,
					`SELECT CAST(customer_id AS TEXT) || ' ' || address1 FROM addresses WHERE store_id = $1 ORDER BY id`,
					`SELECT CAST(customer_id AS TEXT) || ' ' || value FROM attribute_values WHERE store_id = $1 ORDER BY id`,
					`SELECT email || ' ' || consents FROM subscribers WHERE store_id = $1 ORDER BY id`,
					`SELECT CAST(customers AS TEXT) || ' ' || CAST(addresses AS TEXT) || ' ' || CAST(subscribers AS TEXT) || ' ' || CAST(attribute_values AS TEXT) FROM store_counters WHERE store_id = $1`,
				} {
					if err := tx.Query(sqldb.Dynamic(sql), each); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			return strings.Join(out, "\n")
		}
		if a, b := tell("leftalone"), tell("killed"); a != b || strings.Count(a, "\n") < 7500 {
			t.Errorf("left alone %d lines, killed %d times %d lines", strings.Count(a, "\n"), kills, strings.Count(b, "\n"))
		}
	})
}
