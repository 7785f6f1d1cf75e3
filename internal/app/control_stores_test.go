package app_test

import (
	"net/url"
	"os"
	"strings"
	"testing"

	"clientele/internal/app"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// seeded starts a server over a database with a seed file: what stands in it is
// all that there is.
func seeded(t *testing.T, e sqldb.Engine, dsn, text string, change func(*app.Config)) *controlled {
	t.Helper()
	file := t.TempDir() + "/seed.yaml"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return control(t, e, func(c *app.Config) {
		c.Seed, c.Database.Database = file, dsn
		if change != nil {
			change(c)
		}
	})
}

// bare reports whether the server's bare address is the storefront of the store
// that a seed has named so.
func (c *controlled) bare(name string) bool {
	c.t.Helper()
	status, text := c.ask("GET", "/login.php", "")
	return status == 200 && strings.Contains(text, name)
}

// The bare address stays with the store that had it while there are stores for
// tests, which are known as such after a restart, too.
func TestTheBareAddressStays(t *testing.T) {
	for _, e := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			dsn := dbtest.MigratedDSN(t, e)
			seed := strings.Replace(stateSeed, "name: Demo", "name: Quagga", 1)
			c := seeded(t, e, dsn, seed, nil)
			if !c.bare("Quagga") {
				t.Fatal("the only store is not at the bare address")
			}
			a, b := c.clone("abc123"), c.clone("abc123")
			for _, made := range []cloned{a, b} {
				u, err := url.Parse(made.Storefront)
				if err != nil || !strings.HasPrefix(u.Host, "store-"+made.Hash+".localhost:") || made.Management != "http://"+c.Address()+"/stores/"+made.Hash {
					t.Errorf("%+v", made)
				}
			}
			if !c.bare("Quagga") {
				t.Error("a store for a test has taken the bare address")
			}
			if status, text := c.ask("GET", "/login.php", "", "Host", "store-"+a.Hash+".localhost"); status != 200 || !strings.Contains(text, "Quagga") {
				t.Errorf("the storefront of a store for a test is answered by %d", status)
			}
			c.do("POST", "/reset", `{"stores":["`+a.Hash+`"]}`, nil)
			c.do("POST", "/reset", `{"stores":["abc123"]}`, nil)
			if !c.bare("Quagga") {
				t.Error("a reset has taken the bare address")
			}
			c.do("PUT", "/snapshots/all", "", nil)
			c.do("POST", "/snapshots/all/restore", "", nil)
			if !c.bare("Quagga") {
				t.Error("a snapshot has taken the bare address")
			}
			c.Close()

			c = seeded(t, e, dsn, seed, nil)
			if !c.bare("Quagga") {
				t.Error("a restart has taken the bare address")
			}
			c.do("POST", "/reset", `{"stores":["`+b.Hash+`"]}`, nil) // it was there after the start
			c.do("POST", "/reset", "", nil)
			if got := c.hashes(); got != "abc123" || !c.bare("Quagga") {
				t.Errorf("after a reset of everything there are %s", got)
			}
		})
	}
}

func (c *controlled) hashes() string {
	c.t.Helper()
	var out struct {
		Stores []struct {
			Hash string `json:"store_hash"`
		}
	}
	c.do("GET", "/status", "", &out)
	all := make([]string, len(out.Stores))
	for i, s := range out.Stores {
		all[i] = s.Hash
	}
	return strings.Join(all, " ")
}
