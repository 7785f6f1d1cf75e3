package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	chromium "clientele/internal/testing/browser"
	"clientele/internal/testing/npm"
)

// Clients from npm, which know nothing of us, do a day's work.
func TestNPMClients(t *testing.T) {
	t.Parallel()
	modules, err := nodeModules()
	chromium.Need(t, err)
	for _, script := range []string{"bigcommerce-api-client.js", "node-bigcommerce.js", "node-bigcommerce-v2.js", "space48.js", "space48-v2.js", "sso.js"} {
		t.Run(strings.TrimSuffix(script, ".js"), func(t *testing.T) {
			t.Parallel()
			engines(t, func(t *testing.T, dsn string) {
				s := serve(t, "--database", dsn, "--seed", absolute(t, seedFile))
				dir := t.TempDir()
				if err := copyClients(dir, "*.js"); err != nil {
					t.Fatal(err)
				}
				if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
					t.Fatal(err)
				}
				node := launch(t, dir, []string{
					"SERVER_URL=" + s.url, "STORE_HASH=" + seedStore, "ACCESS_TOKEN=" + seedToken, "CLIENT_ID=CID",
				}, "node", script)
				node.wait()
				if node.code != 0 || node.out.String() != "ok\n" {
					t.Errorf("%s exits with %d", script, node.code)
				}
				s.stop()
			})
		})
	}
}

// copyClients copies files of the directory clients.
func copyClients(to, pattern string) error {
	files, err := filepath.Glob(filepath.Join("clients", pattern))
	if err != nil {
		return err
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, filepath.Base(f)), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// nodeModules installs the clients and returns the directory they are in.
var nodeModules = sync.OnceValues(func() (string, error) {
	return npm.Install(os.DirFS("clients"))
})
