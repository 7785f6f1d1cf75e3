package e2e

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// serveStorefronts serves the stores of a seed file over TLS, and returns the
// file of its certificate.
func serveStorefronts(t *testing.T, dsn string) (s *server, cert string) {
	t.Helper()
	dir := t.TempDir()
	must(t, "seed", "--database", dsn, absolute(t, "testdata/storefront.yaml"))
	must(t, "tls-cert", "--database", dsn, dir)
	cert = filepath.Join(dir, "cert.pem")
	s = serve(t, "--database", dsn, "--tls-cert", cert, "--tls-key", filepath.Join(dir, "key.pem"))
	s.url = "https://" + s.host()
	return s, cert
}

// Storefronts' clients from npm, which know nothing of us, reach a server by
// its stores' names and over TLS.
func TestStorefrontClients(t *testing.T) {
	t.Parallel()
	modules, err := nodeModules()
	if errors.Is(err, exec.ErrNotFound) && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, script := range []string{"catalyst.js", "graphql-tools.js"} {
		t.Run(strings.TrimSuffix(script, ".js"), func(t *testing.T) {
			t.Parallel()
			engines(t, func(t *testing.T, dsn string) {
				s, cert := serveStorefronts(t, dsn)
				dir := t.TempDir()
				if err := copyClients(dir, "*.js"); err != nil {
					t.Fatal(err)
				}
				if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
					t.Fatal(err)
				}
				node := launch(t, dir, []string{
					"SERVER_URL=" + s.url, "STORE_HASH=" + seedStore, "ACCESS_TOKEN=" + seedToken, "NODE_EXTRA_CA_CERTS=" + cert,
				}, "node", "--import", "./localhost.js", script)
				node.wait()
				if node.code != 0 || node.out.String() != "ok\n" {
					t.Errorf("%s exits with %d", script, node.code)
				}
				s.stop()
			})
		})
	}
}
