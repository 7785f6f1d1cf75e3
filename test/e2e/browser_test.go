package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// browser opens a tab that takes any certificate.
func browser(t *testing.T) func(script string) string {
	t.Helper()
	var path string
	err := exec.ErrNotFound
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err = exec.LookPath(name); err == nil {
			break
		}
	}
	if errors.Is(err, exec.ErrNotFound) && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.Flag("ignore-certificate-errors", true), chromedp.WSURLReadTimeout(time.Minute))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return func(script string) string {
		t.Helper()
		if u, ok := strings.CutPrefix(script, "open "); ok {
			if err := chromedp.Do(ctx, chromedp.Navigate(u)); err != nil {
				t.Fatalf("%s: %v", script, err)
			}
			return ""
		}
		out, err := chromedp.Run(ctx, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise))
		if err != nil {
			t.Fatalf("%s: %v", script, err)
		}
		return out
	}
}

// Pages in a real browser use storefront tokens from the origins that these
// name, and from no other.
func TestBrowserTokens(t *testing.T) {
	t.Parallel()
	run := browser(t)
	s, cert := serveStorefronts(t, dbtest.DSN(t, sqldb.SQLite))

	// One server of pages is several origins, by its names.
	pages := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<!doctype html><title>A page</title>")
	}))
	t.Cleanup(pages.Close)
	u, err := url.Parse(pages.URL)
	if err != nil {
		t.Fatal(err)
	}
	origin := func(name string) string { return "https://" + name + ":" + u.Port() }
	// A neighbour of the storefront shares its cookies, an app elsewhere does not.
	neighbour, app, evil := origin("www.store-abc123.localhost"), origin("app.localhost"), origin("evil.localhost")

	api := newClient(t, s.url, seedStore, seedToken)
	pem, err := os.ReadFile(cert)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	api.http.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: roots}
	token := func(kind string, more map[string]any) string {
		t.Helper()
		in := map[string]any{"channel_id": 1, "expires_at": time.Now().Add(time.Hour).Unix()}
		for k, v := range more {
			in[k] = v
		}
		var out struct{ Data struct{ Token string } }
		if err := json.Unmarshal(api.call(http.StatusOK, http.MethodPost, "/storefront/api-token"+kind, in), &out); err != nil {
			t.Fatal(err)
		}
		return out.Data.Token
	}
	public := token("", map[string]any{"allowed_cors_origins": []string{neighbour, app}})
	private := token("-private", map[string]any{"scopes": []string{"Unauthenticated", "Customer"}})
	impersonation := token("-customer-impersonation", nil)

	endpoint := "https://store-abc123.localhost" + s.host()[strings.LastIndex(s.host(), ":"):] + "/graphql"
	// ask sends a query from the page that is open, and returns the status, the
	// body and the complexity as far as the page may see them.
	ask := func(token, credentials, query string, headers ...string) string {
		t.Helper()
		in := map[string]string{"Authorization": "Bearer " + token, "Content-Type": "application/json"}
		for i := 0; i < len(headers); i += 2 {
			in[headers[i]] = headers[i+1]
		}
		head, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		body, err := json.Marshal(map[string]string{"query": query})
		if err != nil {
			t.Fatal(err)
		}
		return run(fmt.Sprintf(`fetch(%q, {method: "POST", credentials: %q, headers: %s, body: %q})
			.then(async r => r.status + " " + await r.text() + " " + r.headers.get("x-bc-graphql-complexity"), e => String(e))`, endpoint, credentials, head, body))
	}
	want := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	const (
		name    = `{ site { settings { storeName } } }`
		shown   = `200 {"data":{"site":{"settings":{"storeName":"Demo store"}}}} 3`
		who     = `{ customer { email } }`
		nobody  = `200 {"data":{"customer":null}} 2`
		blocked = `TypeError: Failed to fetch`
		signIn  = `mutation { login(email: "jane@example.com", password: "Secret-123") { result } }`
	)

	run("open " + neighbour)
	want(ask(public, "omit", name), shown)
	want(ask(public, "include", who), nobody)
	want(ask(public, "include", signIn), `200 {"data":{"login":{"result":"success"}}} 102`)
	want(ask(public, "include", who), `200 {"data":{"customer":{"email":"jane@example.com"}}} 2`)
	want(ask(public, "omit", who), nobody)
	if got := run(`document.cookie`); strings.Contains(got, "SHOP_SESSION_TOKEN") {
		t.Errorf("scripts see the session: %s", got)
	}
	want(ask(public, "include", `mutation { logout { result } }`), `200 {"data":{"logout":{"result":"success"}}} 102`)
	want(ask(public, "include", who), nobody)
	// The token of a session is not for scripts.
	if got := ask(public, "include", strings.Replace(signIn, "{ result }", "{ customerAccessToken { value } }", 1)); !strings.Contains(got, "only returned for server-to-server requests") {
		t.Error(got)
	}
	// What is wrong with a token a page may read; tokens of servers are refused,
	// and those with headers of servers not even asked for.
	if got := ask("nonsense", "omit", name); !strings.HasPrefix(got, "401 ") {
		t.Error(got)
	}
	want(ask(private, "omit", name), blocked)
	want(ask(impersonation, "omit", name), blocked)
	want(ask(impersonation, "omit", name, "X-Bc-Customer-Id", "1"), blocked)

	run("open " + app)
	want(ask(public, "omit", name), shown)
	want(ask(public, "include", who), nobody) // cookies do not go from site to site
	run("open " + evil)
	want(ask(public, "omit", name), blocked)

	// The storefront's own pages need no mention.
	run("open " + strings.TrimSuffix(endpoint, "/graphql") + "/login.php")
	want(ask(public, "same-origin", name), shown)
	want(ask(public, "same-origin", signIn), `200 {"data":{"login":{"result":"success"}}} 102`)
	want(ask(public, "same-origin", who), `200 {"data":{"customer":{"email":"jane@example.com"}}} 2`)
	s.stop()
}
