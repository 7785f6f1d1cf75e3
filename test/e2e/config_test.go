package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// oneLine returns the only line of a text that must have one.
func oneLine(t *testing.T, text string) string {
	t.Helper()
	line, rest, ok := strings.Cut(text, "\n")
	if !ok || rest != "" || !strings.HasPrefix(line, "clientele: ") {
		t.Errorf("want one line that begins with the program's name, got %q", text)
	}
	return line
}

func TestBadConfiguration(t *testing.T) {
	t.Parallel()
	production := func(args ...string) []string {
		return append([]string{"serve", "--mode", "production"}, args...)
	}
	for name, test := range map[string]struct {
		args []string
		env  []string
		say  string
	}{
		"unknown engine":            {args: []string{"serve", "--database", "mysql://127.0.0.1/x"}, say: "--database"},
		"no engine":                 {args: []string{"serve", "--database", "clientele.db"}, say: "--database"},
		"no file":                   {args: []string{"serve", "--database", "sqlite:"}, say: "--database"},
		"in memory":                 {args: []string{"serve", "--database", "sqlite::memory:"}, say: "memory"},
		"in memory, by URI":         {args: []string{"serve", "--database", "sqlite:file:x.db?mode=memory&cache=shared"}, say: "memory"},
		"in memory, for migrate":    {args: []string{"migrate", "--database", "sqlite:file::memory:"}, say: "memory"},
		"parameters of a path":      {args: []string{"serve", "--database", "sqlite:x.db?_journal=wal"}, say: "parameters"},
		"broken URL":                {args: []string{"serve", "--database", "postgres://127.0.0.1:port/x"}, say: "--database"},
		"engine of migrate":         {args: []string{"migrate", "--database", "mysql://127.0.0.1/x"}, say: "--database"},
		"engine of store list":      {args: []string{"store", "list", "--database", "clientele.db"}, say: "--database"},
		"listen without port":       {args: []string{"serve", "--listen", "127.0.0.1"}, say: "--listen"},
		"listen on no port":         {args: []string{"serve", "--listen", "127.0.0.1:99999"}, say: "--listen"},
		"healthcheck without port":  {args: []string{"healthcheck", "--listen", "127.0.0.1"}, say: "--listen"},
		"development everywhere":    {args: []string{"serve", "--listen", "0.0.0.0:0"}, say: "loopback"},
		"development on all, short": {args: []string{"serve", "--listen", ":0"}, say: "loopback"},
		"production, no URL":        {args: production(), say: "--public-url"},
		"production, http URL":      {args: production("--public-url", "http://shop.example"), say: "--public-url"},
		"production, clear text": {
			args: production("--public-url", "https://shop.example", "--database", "postgres://u:hidden@db.example/clientele"),
			say:  "sslmode",
		},
		"production, maybe clear text": {
			args: production("--public-url", "https://shop.example", "--database", "postgres://u:hidden@db.example/clientele?sslmode=prefer"),
			say:  "sslmode",
		},
		"unknown mode":     {args: []string{"serve", "--mode", "staging"}, say: "--mode"},
		"unknown flag":     {args: []string{"serve", "--colour", "red"}, say: "--colour"},
		"unknown command":  {args: []string{"server"}, say: "server"},
		"no command":       {args: nil, say: "expected"},
		"bad duration":     {args: []string{"serve", "--shutdown-timeout", "soon"}, say: "--shutdown-timeout"},
		"bad number":       {args: []string{"serve", "--rate-limit-quota", "many"}, say: "--rate-limit-quota"},
		"zero quota":       {args: []string{"serve", "--rate-limit-quota", "0"}, say: "--rate-limit-quota"},
		"bad public URL":   {args: []string{"serve", "--public-url", "shop.example"}, say: "--public-url"},
		"bad variable":     {args: []string{"serve"}, env: []string{"CLIENTELE_RATE_LIMIT_WINDOW=soon"}, say: "rate-limit-window"},
		"another variable": {args: []string{"serve"}, env: []string{"CLIENTELE_LISTEN=0.0.0.0:0"}, say: "loopback"},
		"unknown scope":    {args: []string{"api-account", "create", "--store", "abc123", "--scopes", "everything"}, say: "everything"},
		"account, no store": {
			args: []string{"api-account", "list"}, say: "--store",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			p := run(t, dir, test.env, test.args...)
			if p.code != 2 {
				t.Errorf("exit code %d, want 2", p.code)
			}
			line := oneLine(t, p.errs.String())
			if !strings.Contains(line, test.say) {
				t.Errorf("%q does not say %q", line, test.say)
			}
			if strings.Contains(line, "hidden") {
				t.Errorf("%q holds the password", line)
			}
			if p.out.String() != "" {
				t.Errorf("printed %q", p.out.String())
			}
			if made, err := os.ReadDir(dir); err != nil || len(made) > 0 {
				t.Errorf("a refused configuration left %v (%v)", made, err)
			}
		})
	}
}

func TestBadSeedFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "seed.yaml")
	if err := os.WriteFile(file, []byte("stores:\n  - hash: abc123\n    nmae: Demo store\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"serve", "--listen", "127.0.0.1:0", "--seed", file},
		{"seed", file},
	} {
		p := run(t, t.TempDir(), nil, args...)
		if p.code != 1 {
			t.Errorf("%s: exit code %d, want 1", args[0], p.code)
		}
		lines := strings.Split(strings.TrimSuffix(p.errs.String(), "\n"), "\n")
		last := lines[len(lines)-1] // the log may come first
		for _, want := range []string{"clientele: ", file, "line 3", "nmae"} {
			if !strings.Contains(last, want) {
				t.Errorf("%s: %q does not say %q", args[0], last, want)
			}
		}
		if p.out.String() != "" {
			t.Errorf("%s: printed %q", args[0], p.out.String())
		}
	}
}

func TestEnvironment(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := launch(t, dir, []string{
		"CLIENTELE_LISTEN=127.0.0.1:0",
		"CLIENTELE_DATABASE=sqlite:here/data.db",
		"CLIENTELE_SEED=" + absolute(t, seedFile),
		"CLIENTELE_LOG_FORMAT=text",
		"CLIENTELE_RATE_LIMIT_QUOTA=5000",
	}, program(t), "serve", "--log-format", "json") // a flag wins
	url := "http://" + p.await(&p.errs, listening)[1]
	if !strings.HasPrefix(p.errs.String(), "{") {
		t.Errorf("the log is not JSON: %s", p.errs.String())
	}
	if _, err := os.Stat(filepath.Join(dir, "here", "data.db")); err != nil {
		t.Error(err)
	}
	c := newClient(t, url, seedStore, seedToken)
	res, err := c.http.Get(c.base + "/customers")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got := res.Header.Get("X-Rate-Limit-Requests-Quota"); got != "5000" {
		t.Errorf("the quota is %q", got)
	}
	if n := len(list[customer](c, "/customers").Data); n != 1 {
		t.Errorf("the seeded store has %d customers", n)
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--help"}, {"serve", "--help"}, {"api-account", "create", "--help"}, {"store", "--help"}} {
		p := run(t, t.TempDir(), nil, args...)
		if p.code != 0 || p.errs.String() != "" || !strings.HasPrefix(p.out.String(), "Usage: clientele") {
			t.Errorf("%q exits with %d: %s%s", args, p.code, p.out.String(), p.errs.String())
		}
	}
}
