package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
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
		text := movingIn(3000)
		dir := t.TempDir()
		file := filepath.Join(dir, "customers.csv")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
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
		tell := func(hash string) string { return movedIn(t, db, hash) }
		if a, b := tell("leftalone"), tell("killed"); a != b || strings.Count(a, "\n") < 7500 {
			t.Errorf("left alone %d lines, killed %d times %d lines", strings.Count(a, "\n"), kills, strings.Count(b, "\n"))
		}
	})
}

// movingIn is a file of n customers, some of whom cannot be taken or are there twice.
func movingIn(n int) string {
	var b strings.Builder
	b.WriteString("First Name,Last Name,Email,Company,Address1,Address2,City,Province,Province Code,Country,Country Code,Zip,Phone,Accepts Marketing,Total Spent,Total Orders,Tags,Note,Tax Exempt\n")
	for i := range n {
		address := fmt.Sprintf("c%d@example.com", i)
		switch {
		case i%97 == 0:
			address = "none"
		case i%89 == 0:
			address = fmt.Sprintf("C%d@Example.com", i-1) // of the row before
		}
		fmt.Fprintf(&b, "C%d,\"Lee\n%d\",%s,,%d Rd,,Austin,Texas,TX,United States,US,78701,,%s,0,0,tag %d,,no\n", i, i, address, i, []string{"yes", "no"}[i%2], i%5)
	}
	return b.String()
}

// movedIn tells what a store has of it.
func movedIn(t *testing.T, db *sqldb.DB, hash string) string {
	t.Helper()
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

const movingStores = `stores:
  - {hash: leftalone, name: Left alone, api_accounts: [{name: A, client_id: left-client, client_secret: left-secret-00000000000000000000, access_token: left-token, scopes: [all]}]}
  - {hash: killed, name: Killed, api_accounts: [{name: A, client_id: killed-client, client_secret: killed-secret-000000000000000000, access_token: killed-token, scopes: [all]}]}
`

// movedStores makes the stores in a database.
func movedStores(t *testing.T, dsn string) {
	t.Helper()
	seeds := filepath.Join(t.TempDir(), "stores.yaml")
	if err := os.WriteFile(seeds, []byte(movingStores), 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, "seed", "--database", dsn, seeds)
}

// shownImport is an import as the API shows it.
type shownImport struct {
	Data struct {
		ID       int64
		State    string
		Counts   map[string]int64
		Undo     map[string]int64
		Progress struct{ Rows int64 }
	}
}

// askImports asks for the imports of one of the stores.
func askImports(t *testing.T, s *server, store, method, path, body string, want int) (out shownImport) {
	t.Helper()
	req, err := http.NewRequest(method, s.url+"/stores/"+store+"/v3/clientele/imports"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Auth-Token", map[string]string{"leftalone": "left-token", "killed": "killed-token"}[store])
	req.Header.Set("Content-Type", "text/csv")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != want {
		t.Fatalf("%s %s: %d, %v: %s", method, path, res.StatusCode, err, answer)
	}
	if err := json.Unmarshal(answer, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// A server that is killed while it takes a file goes on when it is back, and undoes
// one in the same way.
func TestServerKilledWhileImporting(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, dsn string) {
		movedStores(t, dsn)
		s := serve(t, "--database", dsn)
		text := movingIn(8000)
		ask := func(store, method, path, body string, want int) shownImport {
			t.Helper()
			return askImports(t, s, store, method, path, body, want)
		}
		// until asks for the import until it is in a state, and kills the server each
		// time that some more of it was done.
		until := func(store string, id int64, state string, kills int, done func(shownImport) int64) shownImport {
			t.Helper()
			random, before := rand.New(rand.NewPCG(3, 3)), int64(0)
			for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); time.Sleep(time.Duration(5+random.IntN(30)) * time.Millisecond) {
				now := ask(store, "GET", fmt.Sprintf("/%d", id), "", 200)
				switch {
				case now.Data.State == state:
					return now
				case kills > 0 && done(now) > before:
					before = done(now)
					kills--
					s.kill()
					s.restart(t)
				}
			}
			t.Fatalf("the import %d of %s does not become %s", id, store, state)
			return shownImport{}
		}
		rows := func(i shownImport) int64 { return i.Data.Progress.Rows }
		whole := ask("leftalone", "POST", "?file=customers.csv", text, 202)
		whole = until("leftalone", whole.Data.ID, "done", 0, rows)
		killed := ask("killed", "POST", "?file=customers.csv", text, 202)
		killed = until("killed", killed.Data.ID, "done", 2, rows)
		if fmt.Sprint(whole.Data.Counts) != fmt.Sprint(killed.Data.Counts) {
			t.Errorf("left alone %v, killed %v", whole.Data.Counts, killed.Data.Counts)
		}
		db := dbtest.OpenDSN(t, dsn)
		if a, b := movedIn(t, db, "leftalone"), movedIn(t, db, "killed"); a != b || strings.Count(a, "\n") < 20000 {
			t.Errorf("left alone %d lines, killed %d lines", strings.Count(a, "\n"), strings.Count(b, "\n"))
		}
		ask("killed", "POST", fmt.Sprintf("/%d/undo", killed.Data.ID), "", 202)
		undone := until("killed", killed.Data.ID, "undone", 1, func(i shownImport) int64 { return i.Data.Undo["customers"] })
		if undone.Data.Undo["customers"] != killed.Data.Counts["created"] || undone.Data.Undo["kept_customers"] != 0 {
			t.Errorf("undone %v of %v", undone.Data.Undo, killed.Data.Counts)
		}
		if left := movedIn(t, db, "killed"); left != "0 0 0 0" {
			t.Errorf("left: %.300s", left)
		}
		s.stop()
	})
}
