package e2e

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// What the program says to a person who got something wrong.
func TestMessages(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	dsn := "sqlite:" + filepath.Join(dir, "data.db")
	must(t, "migrate", "--database", dsn)
	file := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	says := func(code int, args []string, want ...string) {
		t.Helper()
		p := run(t, t.TempDir(), nil, args...)
		lines := strings.Split(strings.TrimSuffix(p.errs.String(), "\n"), "\n")
		last := lines[len(lines)-1]
		if p.code != code {
			t.Errorf("%q: exit code %d, want %d", args, p.code, code)
		}
		for _, w := range want {
			if !strings.Contains(last, w) {
				t.Errorf("%q: %q does not say %q", args, last, w)
			}
		}
		if strings.Contains(p.errs.String(), "hidden") {
			t.Errorf("%q: the password is in %s", args, p.errs.String())
		}
	}
	on := func(args ...string) []string { return append(args, "--database", dsn) }

	// A store that is not there, before and after there are some.
	says(1, on("api-account", "list", "--store", "nosuch"), `there is no store "nosuch"`, "clientele store create")
	out := must(t, on("store", "create", "--hash", "first1", "--name", "First")...)
	if !strings.Contains(out, "clientele api-account create --store first1") || !strings.Contains(out, "/stores/first1/v3") {
		t.Errorf("store create prints %q", out)
	}
	says(1, on("api-account", "list", "--store", "nosuch"), `there is no store "nosuch"`, "first1 (First)")
	// A login URL without an account, and without a customer.
	says(1, on("login-url", "--store", "first1", "--customer", "1"), "no API account of the store", "clientele api-account create --store first1 --scopes store_v2_customers_login")
	out = must(t, on("store", "create", "--hash", "second2", "--with-api-account")...)
	token := banner(t, out, "Access token")
	says(1, on("login-url", "--store", "second2", "--customer", "99"), "there is no customer 99")
	says(1, on("login-url", "--store", "second2", "--customer", "99", "--client-id", "x"), `no API account with the client id "x"`)
	s := serve(t, "--database", dsn)
	newClient(t, s.url, "second2", token).call(200, "GET", "/customers", nil)
	// The port is in use: the database is not touched.
	fresh := filepath.Join(dir, "fresh.db")
	says(1, []string{"serve", "--listen", s.host(), "--database", "sqlite:" + fresh}, "--listen "+s.host(), "another program listens there")
	says(1, []string{"serve", "--listen", "127.0.0.1:0", "--internal-listen", s.host(), "--database", "sqlite:" + fresh}, "--internal-listen "+s.host())
	if _, err := os.Stat(fresh); !os.IsNotExist(err) {
		t.Errorf("a start that failed made a database: %v", err)
	}
	// Databases.
	says(2, []string{"serve", "--database", "foo"}, "--database", "sqlite:foo")
	says(2, []string{"serve", "--database", "mysql://u:hidden@x/y"}, "--database", "want sqlite:PATH")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().String()
	l.Close()
	says(1, []string{"store", "list", "--database", "postgres://u:hidden@" + closed + "/x?sslmode=disable"}, "open database: connect: connection refused (PostgreSQL at "+closed)
	says(1, []string{"store", "list", "--database", "postgres://u:hidden@no-such-host.invalid/x"}, "open database: there is no host")
	// A certificate needs no database.
	bare := t.TempDir()
	p := run(t, bare, nil, "tls-cert", "tls")
	if left, _ := os.ReadDir(bare); p.code != 0 || len(left) != 1 || !strings.Contains(p.out.String(), "this machine only") {
		t.Errorf("tls-cert exits with %d, leaves %v and prints %s%s", p.code, left, p.out.String(), p.errs.String())
	}
	// Seed files.
	for name, c := range map[string]struct{ text, say string }{
		"empty.yaml":    {"", "describes no store"},
		"comment.yaml":  {"# nothing\n", "describes no store"},
		"none.yaml":     {"stores: []\n", "describes no store"},
		"customer.yaml": {"stores:\n  - hash: third3\n    customers:\n      - {email: a@example.com, first_name: A, last_name: B}\n      - email: b@example.com\n        first_name: B\n        last_name: C\n        password: x\n", "line 5: store third3: customers.1: "},
		"address.yaml":  {"stores:\n  - hash: third3\n    customers:\n      - email: a@example.com\n        first_name: A\n        last_name: B\n        addresses:\n          - {first_name: A, last_name: B, address1: x, city: y,\n             country_code: XX}\n", "line "},
		"hash.yaml":     {"stores:\n\n  - name: x\n", "line 3: "},
	} {
		path := file(name, c.text)
		says(1, on("seed", path), path+": ", c.say)
	}
	// Templates of emails.
	for text, say := range map[string]string{
		"{{.Lnk}}":              "text: line 1: there is no placeholder with the name Lnk",
		"a\n{{Link}}":           "text: line 2: Link is no merge field: one is like customer.first_name",
		"{{.Link":               "text: line 1: {{ is not closed by }}",
		"{{if .Link}}x":         "text: line 1: {{if}} or {{with}} is not ended by {{end}}",
		"{{.Data.nosuch}} text": "text: there is no placeholder .Data.nosuch in these emails",
	} {
		says(2, on("email", "template", "put", "sign_in_link", "--store", "first1", "--text", file("t.txt", text)), say)
	}
	if out := must(t, "email", "template", "placeholders", "email_changed"); !strings.Contains(out, "{{.Data.new_email}}") || !strings.Contains(out, "{{.Link}}") {
		t.Errorf("placeholders prints %s", out)
	}
}

// A refusal of PostgreSQL begins with its cause.
func TestPostgresRefusal(t *testing.T) {
	t.Parallel()
	dsn := dbtest.DSN(t, sqldb.Postgres)
	i := strings.Index(dsn, "?")
	slash := strings.LastIndex(dsn[:i], "/")
	p := run(t, t.TempDir(), nil, "store", "list", "--database", dsn[:slash]+"/no_such_database"+dsn[i:])
	if line := oneLine(t, p.errs.String()); p.code != 1 || !strings.HasPrefix(line, `clientele: open database: database "no_such_database" does not exist, SQLSTATE 3D000 (PostgreSQL at`) {
		t.Errorf("exit code %d: %q", p.code, line)
	}
}
