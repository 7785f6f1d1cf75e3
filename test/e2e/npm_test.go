package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Clients from npm, which know nothing of us, do a day's work.
func TestNPMClients(t *testing.T) {
	t.Parallel()
	modules, err := nodeModules()
	if errors.Is(err, exec.ErrNotFound) && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
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

// nodeModules installs exactly what the lock file names, once per lock file
// and user, and returns the directory.
var nodeModules = sync.OnceValues(func() (string, error) {
	for _, name := range []string{"node", "npm"} {
		if _, err := exec.LookPath(name); err != nil {
			return "", err
		}
	}
	lock, err := os.ReadFile("clients/package-lock.json")
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(lock)
	parent := filepath.Join(cache, "clientele-e2e")
	final := filepath.Join(parent, hex.EncodeToString(sum[:8]))
	modules := filepath.Join(final, "node_modules")
	if _, err := os.Stat(modules); err == nil {
		return modules, nil
	}
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp(parent, "install-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	if err := copyClients(dir, "package*.json"); err != nil {
		return "", err
	}
	cmd := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm ci: %w\n%s", err, out)
	}
	// Whoever is first wins; both have the same.
	if err := os.Rename(dir, final); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	return modules, nil
})
