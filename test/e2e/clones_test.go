package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	chromium "clientele/internal/testing/browser"
)

// workers is how many suites are at work at once, each on a store of its own.
const workers = 16

// Clients from npm that all count what they find work at once, each on a clone of
// the same store, and none sees anything of another. CLONES=full has every worker
// run all of them, with a thousand customers, on both engines.
func TestClonesAtOnce(t *testing.T) {
	t.Parallel()
	modules, err := nodeModules()
	chromium.Need(t, err)
	scripts := []string{"node-bigcommerce.js", "space48.js", "bigcommerce-api-client.js", "node-bigcommerce-v2.js"}
	full := os.Getenv("CLONES") == "full"
	work := func(t *testing.T, dsn string) {
		s := serve(t, "--database", dsn, "--seed", absolute(t, seedFile))
		dir := t.TempDir()
		if err := copyClients(dir, "*.js"); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for i := range workers {
			of, count := scripts[i%2:][:1], "COUNT=60" // the others check passwords
			if full {
				of, count = scripts, "COUNT=1000"
			}
			wg.Go(func() {
				for _, script := range of {
					if err := onClone(t, s, dir, script, count); err != nil {
						t.Errorf("worker %d: %v", i, err)
					}
				}
			})
		}
		wg.Wait()
		if n := len(list[customer](s.client(), "/customers").Data); n != 1 {
			t.Errorf("the store that was cloned has %d customers", n)
		}
		s.stop()
	}
	work(t, dbtest.MigratedDSN(t, sqldb.SQLite))
	if full {
		// After the other one: a client waits a minute, and sixteen have a thousand
		// passwords hashed.
		work(t, dbtest.MigratedDSN(t, sqldb.Postgres))
	}
}

// onClone has a client work on a clone, which is deleted then.
func onClone(t *testing.T, s *server, dir, script, count string) error {
	text, err := s.client().control(http.MethodPost, "/stores", `{"from":"`+seedStore+`"}`)
	if err != nil {
		return err
	}
	var made struct {
		Hash     string `json:"store_hash"`
		Accounts []struct {
			Token  string `json:"access_token"`
			Client string `json:"client_id"`
		}
	}
	if err := json.Unmarshal(text, &made); err != nil {
		return err
	}
	node := launch(t, dir, []string{
		"SERVER_URL=" + s.url, "STORE_HASH=" + made.Hash, "ACCESS_TOKEN=" + made.Accounts[0].Token, "CLIENT_ID=" + made.Accounts[0].Client, count,
	}, "node", script)
	<-node.exited
	if node.code != 0 || node.out.String() != "ok\n" {
		return fmt.Errorf("%s exits with %d: %s%s", script, node.code, node.out.String(), node.errs.String())
	}
	_, err = s.client().control(http.MethodDelete, "/stores/"+made.Hash, "")
	return err
}
