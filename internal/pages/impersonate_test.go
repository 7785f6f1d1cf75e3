package pages_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"clientele/internal/app"
	"clientele/internal/app/apptest"
	"clientele/internal/auth"
	"clientele/internal/history"
	"clientele/internal/history/historytest"
	"clientele/internal/limit"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	chromium "clientele/internal/testing/browser"
)

const supported = shop + `    api_accounts:
      - {name: Support, client_id: support, client_secret: support-secret, access_token: support-token, scopes: [store_clientele_impersonate, store_v2_customers, store_storefront_api_customer_impersonation]}
`

// supporting opens a server with an address of its own, where links lead.
func supporting(t *testing.T, db *sqldb.DB) *world {
	t.Helper()
	w := &world{World: apptest.New(t, db, apptest.Options{Now: time.Now(), Seed: "stores:\n" + supported, Change: func(c *app.Config) { c.PublicURL = "http://localhost" }})}
	w.server = httptest.NewServer(w.Handler)
	t.Cleanup(w.server.Close)
	return w
}

// leave makes an impersonation over the API and returns the path of its link.
func (w *world) leave(t *testing.T) string {
	t.Helper()
	b := w.browser(t)
	b.extra = http.Header{"X-Auth-Token": {"support-token"}}
	b.do("POST", "/stores/shop/v3/clientele/impersonations", "application/json", `{"customer_id":1,"reason":"Ticket 4711 <b>","minutes":30}`).want(201, "")
	var made struct{ Data struct{ URL string } }
	if err := json.Unmarshal([]byte(b.body), &made); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(made.Data.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u.RequestURI()
}

// acting is a browser that has signed in as Jane.
func (w *world) acting(t *testing.T) *browser {
	t.Helper()
	b := w.browser(t)
	path := w.leave(t)
	b.get(path).want(200, "", " Doe", "Support", "Ticket 4711 &lt;b&gt;")
	b.get(path).want(200, "") // a look does not use it up
	u, _ := url.Parse(path)
	return b.post("/login.php?action=impersonate", "token", u.Query().Get("token")).want(200, "/account.php", "Signed in as Jane", " Doe by Support", "Hello, Jane")
}

// graphql asks as a page does, or with a token of its own.
func (w *world) graphql(t *testing.T, b *browser, query string, header ...string) string {
	t.Helper()
	kept := b.extra
	defer func() { b.extra = kept }()
	b.extra = http.Header{}
	for i := 0; i < len(header); i += 2 {
		b.extra.Set(header[i], header[i+1])
	}
	body, _ := json.Marshal(map[string]string{"query": query})
	return b.do("POST", "/graphql", "application/json", string(body)).body
}

// expiry is when a token ends.
func expiry(t *testing.T, token string) int64 {
	t.Helper()
	parts := strings.Split(token, ".")
	var claims struct{ Exp int64 }
	raw, err := base64.RawURLEncoding.DecodeString(parts[min(1, len(parts)-1)])
	if err == nil {
		err = json.Unmarshal(raw, &claims)
	}
	if err != nil {
		t.Fatal(err)
	}
	return claims.Exp
}

// Who acts as a customer may not change what signs the customer in, whatever
// the door.
func TestImpersonationThroughEveryDoor(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := supporting(t, db)
		w.browser(t).signIn("jane@example.com", "correct horse 1").want(200, "/account.php", "!Signed in as")
		last := historytest.Last(t, w.DB, 1)
		b := w.acting(t)

		// Pages.
		b.get("/account.php?action=account_details").want(200, "", "!name=\"email\"", "!name=\"current_password\"", "Signed in as Jane Doe")
		details := []string{"first_name", "Janet", "last_name", "Doe", "field_27", "Roses"}
		b.post("/account.php?action=account_details", append(slices.Clone(details), "email", "other@example.com")...).want(403, "", "changed by the customer alone")
		b.get("/account.php?action=account_details").post("/account.php?action=account_details", append(slices.Clone(details), "email", "other@example.com", "current_password", "correct horse 1")...).want(403, "")
		b.get("/account.php?action=account_details").post("/account.php?action=account_details", details...).want(200, "", "Janet")
		b.get("/account.php?action=change_password").want(403, "", "changed by the customer alone")
		b.get("/account.php").post("/account.php?action=change_password", "current_password", "correct horse 1", "password", "a good pass 9", "confirm_password", "a good pass 9").want(403, "")
		b.get("/account.php?action=sessions").want(200, "", "Last used", "!name=\"session_id\"", "!name=\"others\"")
		if n := strings.Count(b.body, `class="card row"`); n != 1 {
			t.Errorf("%d devices", n)
		}
		b.post("/account.php?action=sessions", "others", "1").want(403, "")
		b.get("/account.php").post("/account.php?action=sessions", "session_id", "1").want(403, "")

		// GraphQL, in the page's session and with a token that acts for customers.
		page, err := w.Tokens.Create(t.Context(), 1, auth.NewToken{Kind: auth.BrowserToken, ClientID: "support", ChannelID: opt.Some[int64](1)})
		if err != nil {
			t.Fatal(err)
		}
		server, err := w.Tokens.Create(t.Context(), 1, auth.NewToken{Kind: auth.ImpersonationToken, ClientID: "support", ChannelID: opt.Some[int64](1)})
		if err != nil {
			t.Fatal(err)
		}
		for name, header := range map[string][]string{
			"a page":  {"Authorization", "Bearer " + page, "Sec-Fetch-Site", "same-origin"},
			"a token": {"Authorization", "Bearer " + server, "X-Bc-Customer-Id", "1"},
		} {
			for query, want := range map[string]string{
				`mutation { customer { changePassword(input: {currentPassword: "correct horse 1", newPassword: "a good pass 9"}) { errors { __typename } } } }`:                                                    `[{"__typename":"CustomerPasswordError"}]`,
				`mutation { customer { updateCustomer(input: {email: "other@example.com", formFields: {checkboxes: [{fieldEntityId: 27, fieldValueEntityIds: [1]}]}}) { errors { ... on Error { message } } } } }`: `The email address cannot be changed on a customer's behalf.`,
				`mutation { generateSessionSyncJwt(redirectTo: "/") { result { token } } }`:                                                                                                                        `"errors":[`,
			} {
				if got := w.graphql(t, b, query, header...); !strings.Contains(got, want) {
					t.Errorf("%s: %s\n%s", name, query, got)
				}
			}
			if got := w.graphql(t, b, `{ customer { email firstName } }`, header...); !strings.Contains(got, `"jane@example.com"`) || !strings.Contains(got, `"Janet"`) {
				t.Errorf("%s: %s", name, got)
			}
		}

		// An app is told who is signed in, for no longer than the session lasts.
		b.get("/customer/current.jwt?app_client_id=support").want(200, "")
		if got := expiry(t, b.body) - w.Clock.Now().Unix(); got != 15*60 {
			t.Errorf("good for %d s", got)
		}
		w.Clock.Advance(20 * time.Minute)
		b.get("/customer/current.jwt?app_client_id=support").want(200, "")
		if got := expiry(t, b.body) - w.Clock.Now().Unix(); got != 10*60 {
			t.Errorf("good for %d s", got)
		}

		for _, lang := range []struct{ accept, bar, ended string }{{"de", "Angemeldet als Janet Doe durch Support", "nicht mehr als der Kunde"}, {"fr", "Connecté en tant que Janet Doe par Support", "plus connecté en tant que client"}} {
			b.lang = lang.accept
			b.get("/privacy.php").want(404, "", lang.bar)
			b.get("/account.php").want(200, "", lang.bar)
			b.post("/login.php?action=end_impersonation").want(200, "/login.php", lang.ended)
			b = w.acting(t)
		}
		b.get("/account.php").post("/login.php?action=logout").want(200, "/login.php")
		b.get("/account.php").want(200, "/login.php?from=%2Faccount.php")
		if me, err := w.Shoppers.VerifyPassword(t.Context(), 1, 1, "correct horse 1", limit.Peer{Address: "192.0.2.1"}); !me || err != nil {
			t.Errorf("the password has changed: %v", err)
		}

		// All that was written says by whom, and in which impersonation.
		for _, r := range historytest.Entries(t, w.DB, 1, last) {
			if r.Action == history.Created && slices.Contains([]history.Resource{history.Impersonation, history.StorefrontKey, history.StorefrontToken}, r.Resource) {
				continue // for the shopper to begin with
			}
			if r.CustomerID != 1 || r.Actor.Name != "Support" || r.Surface != history.Pages || r.RequestID == "" || !slices.ContainsFunc(r.Changes, func(c history.Change) bool { return c.Field == "impersonation_id" }) {
				t.Errorf("%s by %+v over %s", historytest.Line(&r), r.Actor, r.Surface)
			}
		}
	})
}

// The bar in a real browser, on a phone and on a desk. Ending needs no scripts.
func TestBrowserImpersonation(t *testing.T) {
	t.Parallel()
	w := supporting(t, dbtest.Open(t, sqldb.SQLite))
	b := chromium.Open(t, w.server.URL, "en-US")
	b.Open(w.leave(t)).See("impersonate").Press(`main form .buttons button`).Want("Signed in as Jane Doe by Support", "Hello, Jane").See("impersonating")
	b.Open("/account.php?action=account_details").See("impersonating-details")
	b.Open("/account.php?action=sessions").See("impersonating-sessions")
	b.Open("/account.php?action=change_password").See("impersonating-refused")
	b.WithoutScripts().Open("/account.php").Press(`.acting button`).Want("You are no longer signed in as the customer.")
}
