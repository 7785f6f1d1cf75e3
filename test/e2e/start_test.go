package e2e

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// banner reads one line of what the first start tells a person.
func banner(t *testing.T, text, name string) string {
	t.Helper()
	m := regexp.MustCompile(`(?m)^ *` + name + `  +(\S+)$`).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("the banner has no %s:\n%s", name, text)
	}
	return m[1]
}

var curlCommand = regexp.MustCompile(`(?m)^ *curl (.*\\\n)*.*$`)

func TestFirstStart(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		testFirstStart(t) // the default database
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		testFirstStart(t, "--database", dbtest.DSN(t, sqldb.Postgres))
	})
}

func testFirstStart(t *testing.T, args ...string) {
	s := serve(t, args...)
	text := s.await(&s.out, regexp.MustCompile(`(?s)^(.*curl .*-d .*\n)`))[1]
	hash, token := banner(t, text, "Store hash"), banner(t, text, "Access token")
	secrets := []string{token, banner(t, text, "Client secret"), banner(t, text, "Client id")}
	for _, name := range []string{"Base URL", "Storefront URL"} {
		if got := banner(t, text, name); got != s.url {
			t.Errorf("%s is %s, want %s", name, got, s.url)
		}
	}
	if got := banner(t, text, "What happens"); got != s.url+"/_clientele/" {
		t.Errorf("what happens is at %s", got)
	}
	if got := banner(t, text, "API documents"); got != s.url+"/docs" {
		t.Errorf("API documents at %s, want %s/docs", got, s.url)
	}
	c := newClient(t, s.url, hash, token)
	outbox, found := strings.CutPrefix(banner(t, text, "Emails sent"), s.url)
	if !found {
		t.Errorf("emails are at %s", banner(t, text, "Emails sent"))
	}
	for _, path := range []string{"/", "/login.php", outbox, "/_clientele/", "/docs/graphql", "/docs", "/openapi.json", "/openapi.yaml", "/healthz", "/readyz", "/metrics"} {
		if status, err := c.get(path); status != http.StatusOK {
			t.Errorf("%s answers %d (%v)", path, status, err)
		}
	}

	command := curlCommand.FindString(text)
	if command == "" {
		t.Fatalf("no curl in:\n%s", text)
	}
	if _, err := exec.LookPath("curl"); err != nil && os.Getenv("CI") == "" {
		t.Log(err)
		c.call(http.StatusOK, http.MethodPost, "/customers", []any{map[string]string{"email": "jane@example.com", "first_name": "Jane", "last_name": "Doe"}})
	} else {
		curl := launch(t, s.dir, nil, "sh", "-c", command+` -w '\n%{http_code}'`)
		curl.wait()
		answer, status, _ := strings.Cut(curl.out.String(), "\n")
		if p, err := decode[customer]([]byte(answer)); status != "200" || err != nil || len(p.Data) != 1 || p.Data[0].Email != "jane@example.com" {
			t.Fatalf("the banner's curl is answered with %s: %s (%v)", status, answer, err)
		}
	}
	if len(args) == 0 {
		checkPrivate(t, filepath.Join(s.dir, "clientele-data"))
	}
	for _, secret := range secrets {
		if strings.Contains(s.errs.String(), secret) {
			t.Errorf("the log holds the secret %s", secret)
		}
	}
	s.stop()

	s.restart(t)
	c = newClient(t, s.url, hash, token)
	p := list[customer](c, "/customers")
	if len(p.Data) != 1 || p.Data[0].Email != "jane@example.com" || p.Data[0].FirstName != "Jane" {
		t.Errorf("after the second start the customers are %+v", p.Data)
	}
	s.stop()
	printed := s.out.String() + s.errs.String()
	for _, secret := range secrets {
		if strings.Contains(printed, secret) {
			t.Errorf("the second start prints the secret %s:\n%s", secret, printed)
		}
	}
	for _, at := range []string{"storefront      " + s.url + "\n", "what happens    " + s.url + "/_clientele/\n", "emails sent     " + s.url + outbox + "\n"} {
		if !strings.Contains(s.out.String(), at) {
			t.Errorf("the second start does not tell of %s:\n%s", at, s.out.String())
		}
	}
	if !strings.Contains(s.out.String(), s.url) || !strings.Contains(s.out.String(), hash) {
		t.Errorf("the second start does not tell URL and store hash:\n%s", s.out.String())
	}
}

// checkPrivate checks that only the owner can get at the data.
func checkPrivate(t *testing.T, dir string) {
	t.Helper()
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); mode != 0o700 {
		t.Errorf("the data directory has mode %o", mode)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Error("the data directory is empty")
	}
}
