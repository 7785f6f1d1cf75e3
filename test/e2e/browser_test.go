package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/testing/browser"
)

// Pages in a real browser use storefront tokens from the origins that these
// name, and from no other.
func TestBrowserTokens(t *testing.T) {
	t.Parallel()
	tab := browser.Open(t, "", "en", "ignore-certificate-errors", "user-data-dir="+profile(t))
	s, cert := serveStorefronts(t, dbtest.MigratedDSN(t, sqldb.SQLite))

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
		return tab.Eval(fmt.Sprintf(`fetch(%q, {method: "POST", credentials: %q, headers: %s, body: %q})
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

	tab.Open(neighbour)
	want(ask(public, "omit", name), shown)
	want(ask(public, "include", who), nobody)
	want(ask(public, "include", signIn), `200 {"data":{"login":{"result":"success"}}} 102`)
	want(ask(public, "include", who), `200 {"data":{"customer":{"email":"jane@example.com"}}} 2`)
	want(ask(public, "omit", who), nobody)
	if got := tab.Eval(`document.cookie`); strings.Contains(got, "SHOP_SESSION_TOKEN") {
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

	tab.Open(app)
	want(ask(public, "omit", name), shown)
	jane := `200 {"data":{"customer":{"email":"jane@example.com"}}} 2`
	// The session reaches an allowed origin of another site, ends from there and
	// begins there.
	want(ask(public, "include", who), jane)
	want(ask(public, "include", `mutation { logout { result } }`), `200 {"data":{"logout":{"result":"success"}}} 102`)
	want(ask(public, "include", who), nobody)
	want(ask(public, "include", signIn), `200 {"data":{"login":{"result":"success"}}} 102`)
	want(ask(public, "include", who), jane)
	want(ask(public, "include", `mutation { logout { result } }`), `200 {"data":{"logout":{"result":"success"}}} 102`)
	want(ask(public, "include", who), nobody)
	tab.Open(evil)
	want(ask(public, "omit", name), blocked)

	// The storefront's own pages need no mention.
	tab.Open(strings.TrimSuffix(endpoint, "/graphql") + "/login.php")
	want(ask(public, "same-origin", name), shown)
	want(ask(public, "same-origin", signIn), `200 {"data":{"login":{"result":"success"}}} 102`)
	want(ask(public, "same-origin", who), jane)
	want(ask(public, "same-origin", `mutation { logout { result } }`), `200 {"data":{"logout":{"result":"success"}}} 102`)
	shop := strings.TrimSuffix(endpoint, "/graphql")
	tab.Open(shop+"/login.php").Write("login_email", "jane@example.com", "login_pass", "Secret-123").Press(`form[action*=check_login] .buttons button`).Want("Hello, Jane")
	// So does the session of the pages.
	tab.Open(app)
	want(ask(public, "include", who), jane)
	// A page that is not allowed has the session's cookie sent too, and changes
	// nothing with it.
	tab.Open(evil)
	want(ask(public, "include", who), blocked)
	for _, attack := range []string{
		`fetch(SHOP + "/login.php?action=logout", {method: "POST", mode: "no-cors", credentials: "include"})`,
		`fetch(SHOP + "/login.php?action=logout", {mode: "no-cors", credentials: "include"})`,
		`fetch(SHOP + "/account.php?action=newsletter", {method: "POST", mode: "no-cors", credentials: "include", body: new URLSearchParams({newsletter: "1"})})`,
		`fetch(SHOP + "/api/storefront/consent", {method: "POST", mode: "no-cors", credentials: "include", body: '{"allow":[1,2,3],"deny":[]}'})`,
		`new Promise(r => { const i = new Image(); i.onload = i.onerror = r; i.src = SHOP + "/login.php?action=logout" })`,
	} {
		tab.Eval(strings.Replace(attack, "SHOP", strconv.Quote(shop), 1) + `.then(() => "", () => "")`)
		tab.Open(shop + "/account.php?action=newsletter")
		if got := tab.Eval(`location.search + [...document.querySelectorAll("[type=checkbox]")].map(e => e.checked).join()`); got != "?action=newsletterfalse,false" {
			t.Errorf("%s: %s", attack, got)
		}
		tab.Open(evil)
	}
	// A form that a person sends there unknowingly.
	tab.Eval(`(() => { const f = document.createElement("form"); f.method = "post"; f.action = ` + strconv.Quote(shop+"/login.php?action=logout") + `; f.innerHTML = "<button>x</button>"; document.body.append(f); return "" })()`)
	tab.Press("button").Want("The form is too old")
	tab.Open(shop + "/account.php").Want("Hello, Jane")
	s.stop()
}

// profile returns a directory for a browser that takes cookies of other sites,
// as browsers do outside of their private windows.
func profile(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "clientele-profile-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // the browser may still write there
	if err := os.Mkdir(filepath.Join(dir, "Default"), 0o700); err != nil {
		t.Fatal(err)
	}
	preferences := `{"profile": {"cookie_controls_mode": 0, "block_third_party_cookies": false}}`
	if err := os.WriteFile(filepath.Join(dir, "Default", "Preferences"), []byte(preferences), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}
