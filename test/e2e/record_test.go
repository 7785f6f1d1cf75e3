package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// What a server answers is recorded and compared by the commands.
func TestRecordAndConform(t *testing.T) {
	t.Parallel()
	dsn := dbtest.MigratedDSN(t, sqldb.SQLite)
	seeded(t, dsn)
	s := serve(t, "--database", dsn)
	s.client().create("quillon@brunhilde.example")
	dir := t.TempDir()
	proxy := launch(t, dir, nil, program(t), "record", "--upstream", s.url, "--out", "recording", "--listen", "127.0.0.1:0")
	at := proxy.await(&proxy.out, regexp.MustCompile(`Ask (http://\S+) `))[1]
	c := newClient(t, at, seedStore, seedToken)
	if n := len(list[customer](c, "/customers?include=addresses").Data); n < 2 {
		t.Errorf("%d customers", n)
	}
	c.call(http.StatusOK, http.MethodGet, "/customers/subscribers", nil)
	proxy.signal(syscall.SIGTERM)
	if proxy.wait(); proxy.code != 0 {
		t.Errorf("record ends with %d: %s", proxy.code, proxy.errs.String())
	}
	files, err := filepath.Glob(filepath.Join(dir, "recording", "*.json"))
	if err != nil || len(files) != 2 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil || strings.Contains(string(text), "quillon") || strings.Contains(string(text), seedToken) {
			t.Errorf("%s: %s %v", name, text, err)
		}
	}
	good := run(t, dir, nil, "conform", "recording", "--junit", "report.xml")
	if good.code != 0 || !strings.Contains(good.out.String(), "2 of 2") {
		t.Errorf("conform ends with %d and prints %s", good.code, good.out.String())
	}
	if text, err := os.ReadFile(filepath.Join(dir, "report.xml")); err != nil || !strings.Contains(string(text), `tests="2" failures="0"`) {
		t.Errorf("%s %v", text, err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(files[0], []byte(strings.Replace(string(text), `"notes"`, `"remarks"`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if bad := run(t, dir, nil, "conform", "recording"); bad.code != 1 || !strings.Contains(bad.out.String(), "1 of 2") || !strings.Contains(bad.out.String(), "remarks is missing") {
		t.Errorf("conform ends with %d and prints %s", bad.code, bad.out.String())
	}
	if p := run(t, dir, nil, "record", "--upstream", s.url, "--out", "recording"); p.code != 2 || !strings.Contains(p.errs.String(), "not empty") {
		t.Errorf("record ends with %d and prints %s", p.code, p.errs.String())
	}
}
