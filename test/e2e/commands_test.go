package e2e

import (
	"encoding/json"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// row returns the line of a table that holds a text, as fields.
func row(t *testing.T, table, text string) []string {
	t.Helper()
	for line := range strings.Lines(table) {
		if strings.Contains(line, text) {
			return regexp.MustCompile(`\s{2,}`).Split(strings.TrimSpace(line), -1)
		}
	}
	t.Fatalf("no %q in:\n%s", text, table)
	return nil
}

// Every command, beside a server that runs on the same database.
func TestCommands(t *testing.T) {
	t.Parallel()
	emptyEngines(t, func(t *testing.T, dsn string) {
		cli := func(args ...string) string {
			t.Helper()
			return must(t, append(args, "--database", dsn)...)
		}
		fails := func(say string, args ...string) {
			t.Helper()
			p := run(t, t.TempDir(), nil, append(args, "--database", dsn)...)
			if p.code != 1 {
				t.Errorf("%q: exit code %d, want 1", args, p.code)
			}
			if line := oneLine(t, p.errs.String()); !strings.Contains(line, say) {
				t.Errorf("%q: %q does not say %q", args, line, say)
			}
		}

		for range 2 {
			if out := cli("migrate"); !strings.Contains(out, "up to date") {
				t.Errorf("migrate prints %q", out)
			}
		}
		file := absolute(t, seedFile)
		if out := cli("seed", file); !strings.Contains(out, "Made 1 store(s) and 1 customer(s)") {
			t.Errorf("the first seed prints %q", out)
		}
		s := serve(t, "--database", dsn)
		if out := cli("seed", file); !strings.Contains(out, "Made 0 store(s) and 0 customer(s)") {
			t.Errorf("the second seed prints %q", out)
		}
		if p := list[customer](s.client(), "/customers"); len(p.Data) != 1 || p.Data[0].ID != 1 {
			t.Errorf("seeded twice, the customers are %+v", p.Data)
		}

		if out := cli("store", "create", "--name", "Second", "--hash", "second2"); !strings.HasPrefix(out, "Store hash: second2\n") {
			t.Errorf("store create prints %q", out)
		}
		drawn := regexp.MustCompile(`^Store hash: ([a-z0-9]+)\n`).FindStringSubmatch(cli("store", "create"))
		if drawn == nil {
			t.Fatal("store create does not print a hash")
		}
		fails("second2", "store", "create", "--hash", "second2")
		link := row(t, cli("unsubscribe-links", "--store", seedStore, "--url", s.url+"/"), "news@example.com")
		res, err := http.Post(strings.Fields(link[len(link)-1])[2], "application/x-www-form-urlencoded", strings.NewReader("List-Unsubscribe=One-Click"))
		if err != nil {
			t.Fatal(err)
		}
		if res.Body.Close(); res.StatusCode != http.StatusOK {
			t.Errorf("a click on an unsubscribe link is answered with %d", res.StatusCode)
		}
		if p := list[struct{}](s.client(), "/customers/subscribers"); len(p.Data) != 0 {
			t.Error("who unsubscribed is a subscriber still")
		}
		login := strings.TrimSpace(cli("login-url", "--store", seedStore, "--customer", "1", "--redirect-to", "/hello", "--url", s.url))
		for _, to := range []string{"/hello", "/login.php"} { // it works once
			res, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Get(login)
			if err != nil {
				t.Fatal(err)
			}
			if res.Body.Close(); res.Header.Get("Location") != to {
				t.Errorf("the login URL leads to %q, want %q", res.Header.Get("Location"), to)
			}
		}
		if own := cli("login-url", "--store", seedStore, "--customer", "1"); !strings.HasPrefix(own, "http://127.0.0.1:8080/login/token/ey") {
			t.Errorf("login-url prints %q", own)
		}
		fails("no customer", "login-url", "--store", seedStore, "--customer", "99")
		fails("store_v2_customers_login", "login-url", "--store", "second2", "--customer", "1")
		fails("3 to 32", "store", "create", "--hash", "X")
		stores := cli("store", "list")
		if r := row(t, stores, "second2"); r[1] != "Second" {
			t.Errorf("the row of the second store is %q", r)
		}
		row(t, stores, drawn[1])
		row(t, stores, "Demo store")

		made := cli("api-account", "create", "--store", "second2", "--name", "Sync")
		token := banner(t, made, "Access token")
		c := newClient(t, s.url, "second2", token)
		c.call(http.StatusOK, http.MethodPost, "/customers", []any{map[string]string{"email": "a@example.com", "first_name": "A", "last_name": "B"}})
		// A token is good for its own store only.
		newClient(t, s.url, seedStore, token).call(http.StatusUnauthorized, http.MethodGet, "/customers", nil)

		made = cli("api-account", "create", "--store", "second2", "--name", "Reports", "--scopes", "store_v2_customers_read_only")
		reader := newClient(t, s.url, "second2", banner(t, made, "Access token"))
		reader.call(http.StatusOK, http.MethodGet, "/customers", nil)
		reader.call(http.StatusForbidden, http.MethodPost, "/customers", []any{map[string]string{"email": "b@example.com", "first_name": "A", "last_name": "B"}})

		accounts := cli("api-account", "list", "--store", "second2")
		if strings.Contains(accounts, token) {
			t.Error("the list of accounts shows a token")
		}
		sync := row(t, accounts, "Sync")
		if revoked := sync[4]; revoked != "-" {
			t.Errorf("the new account is revoked: %q", revoked)
		}
		fails("nosuch", "api-account", "list", "--store", "nosuch")
		fails("99", "api-account", "revoke", "--store", "second2", "99")
		cli("api-account", "revoke", "--store", "second2", sync[0])
		for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
			status, answer, err := c.send(http.MethodGet, "/customers", nil)
			if err != nil {
				t.Fatal(err)
			}
			if status == http.StatusUnauthorized {
				break
			}
			if status != http.StatusOK || time.Now().After(deadline) {
				t.Fatalf("a revoked token is answered with %d: %s", status, answer)
			}
		}
		if r := row(t, cli("api-account", "list", "--store", "second2"), "Sync"); r[4] == "-" {
			t.Errorf("the revoked account is listed as %q", r)
		}
		reader.call(http.StatusOK, http.MethodGet, "/customers", nil)
		s.client().call(http.StatusOK, http.MethodGet, "/customers", nil)

		storefrontCommands(t, s, cli, fails)
		historyCommands(t, s, dsn, cli)

		if out := must(t, "healthcheck", "--listen", s.host()); out != "ready\n" {
			t.Errorf("healthcheck prints %q", out)
		}
		s.stop()
		p := run(t, t.TempDir(), []string{"CLIENTELE_LISTEN=" + s.host()}, "healthcheck")
		if p.code != 1 {
			t.Errorf("healthcheck without a server exits with %d", p.code)
		}
		oneLine(t, p.errs.String())
	})
}

// storefrontCommands look after the tokens and keys of the seeded store.
func storefrontCommands(t *testing.T, s *server, cli func(args ...string) string, fails func(say string, args ...string)) {
	t.Helper()
	account := cli("api-account", "create", "--store", seedStore, "--name", "Storefronts", "--scopes", "store_storefront_api")
	c := newClient(t, s.url, seedStore, banner(t, account, "Access token"))
	made := func() string {
		t.Helper()
		var out struct{ Data struct{ Token string } }
		body := c.call(http.StatusOK, http.MethodPost, "/storefront/api-token", map[string]any{"channel_id": 1, "expires_at": 0, "allowed_cors_origins": []string{"https://www.example.com"}})
		if err := json.Unmarshal(body, &out); err != nil {
			t.Fatal(err)
		}
		return out.Data.Token
	}
	good := func(token string, want bool) {
		t.Helper()
		for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/graphql", strings.NewReader(`{"query":"{ site { settings { storeName } } }"}`))
			if err != nil {
				t.Fatal(err)
			}
			req.Host = "store-" + seedStore + ".localhost"
			req.Header.Set("Authorization", "Bearer "+token)
			req.Header.Set("Content-Type", "application/json")
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			switch res.StatusCode {
			case http.StatusOK:
				if want {
					return
				}
			case http.StatusUnauthorized:
				if want {
					t.Error("a token in force is refused")
				}
				return
			default:
				t.Fatalf("a token is answered with %d", res.StatusCode)
			}
			if time.Now().After(deadline) {
				t.Fatal("a token that has ended is good")
			}
		}
	}
	if out := cli("storefront-token", "list", "--store", "second2"); strings.Count(out, "\n") != 1 {
		t.Errorf("a store without tokens has\n%s", out)
	}
	first := made()
	good(first, true)
	listed := row(t, cli("storefront-token", "list", "--store", seedStore, "--kind", "storefront"), "https://www.example.com")
	if listed[2] != "active" || listed[4] != "1" {
		t.Errorf("the token is listed as %q", listed)
	}
	if out := cli("storefront-token", "list", "--store", seedStore, "--kind", "private"); strings.Count(out, "\n") != 1 {
		t.Errorf("of private tokens there are\n%s", out)
	}
	cli("storefront-token", "revoke", "--store", seedStore, listed[0])
	good(first, false)
	if r := row(t, cli("storefront-token", "list", "--store", seedStore, "--limit", "1"), "https://www.example.com"); r[2] != "revoked" {
		t.Errorf("the revoked token is listed as %q", r)
	}
	fails("no storefront token 99", "storefront-token", "revoke", "--store", seedStore, "99")

	second := made()
	if out := cli("storefront-key", "rotate", "--store", seedStore); !strings.Contains(out, "key 2 signs") {
		t.Errorf("rotate prints %q", out)
	}
	third := made()
	good(second, true)
	good(third, true)
	if out := cli("storefront-key", "retire", "--store", seedStore, "1"); !strings.Contains(out, "key 2 signs") {
		t.Errorf("retire prints %q", out)
	}
	good(second, false)
	good(third, true)
	keys := cli("storefront-key", "list", "--store", seedStore)
	if lines := strings.Split(strings.TrimSpace(keys), "\n"); len(lines) != 3 || strings.Contains(lines[1], "yes") || !strings.HasSuffix(lines[2], "yes") {
		t.Errorf("the keys are\n%s", keys)
	}
	cli("api-account", "revoke", "--store", seedStore, row(t, cli("api-account", "list", "--store", seedStore), "Storefronts")[0])
	good(third, false)
	fails("no storefront key 1 in force", "storefront-key", "retire", "--store", seedStore, "1")
}

// A server whose port is taken says so and leaves.
func TestPortTaken(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p := run(t, t.TempDir(), nil, "serve", "--listen", l.Addr().String(), "--log-level", "error")
	if p.code != 1 {
		t.Errorf("exit code %d, want 1", p.code)
	}
	if line := oneLine(t, p.errs.String()); !strings.Contains(line, l.Addr().String()) {
		t.Errorf("%q does not name the address", line)
	}
	if strings.Contains(p.out.String(), "Access token") {
		t.Error("a server that did not start spent the one display of its secrets")
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	if out := must(t, "version"); !strings.HasPrefix(out, "clientele ") || strings.Count(out, "\n") != 1 {
		t.Errorf("version prints %q", out)
	}
}
