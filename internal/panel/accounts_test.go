package panel_test

import (
	"encoding/base64"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"clientele/internal/sqldb"
	"clientele/internal/staff"
)

// ask asks the API for customers with a token.
func (w *world) ask(token string) int {
	w.t.Helper()
	b := w.browser()
	b.extra = http.Header{"X-Auth-Token": {token}}
	return b.get("/stores/one/v3/customers").status
}

// env is the file that a page of secrets offers.
func (b *browser) env() map[string]string {
	b.t.Helper()
	m := regexp.MustCompile(`href="data:text/plain;base64,([^"]+)"`).FindStringSubmatch(b.body)
	if m == nil {
		b.t.Fatal(b.body)
	}
	text, err := base64.StdEncoding.DecodeString(strings.NewReplacer("&#43;", "+", "&#x2b;", "+", "%2b", "+").Replace(m[1]))
	if err != nil {
		b.t.Fatal(err)
	}
	out := map[string]string{}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		out[name] = value
	}
	return out
}

func TestAccounts(t *testing.T) {
	each(t, shop, func(t *testing.T, w *world) {
		w.person("dan@example.com", 1, staff.Developer)
		w.person("ada@example.com", 1, staff.Administrator)
		w.person("mia@example.com", 1, staff.Marketing)
		w.person("eve@example.com", 2, staff.Owner)
		b := w.browser()
		b.signIn("dan@example.com").want(200, "")
		const at = "/manage/store/one/api-accounts"
		b.get(at).want(200, at, "&lt;b&gt;Mailer", "Everything", "1 scope", "Never", "!<b>Mailer")
		b.get(at+"/new").want(200, "", `value="store_v2_customers_read_only"`, "See customers")
		b.post(at+"/new", "name", "Nothing").want(422, "", "Please choose")
		b.post(at+"/new", "name", "", "scope", "store_v2_customers").want(422, "", `id="f-name-error"`, `value="store_v2_customers" checked`)
		b.post(at+"/new", "name", "Odd", "scope", "store_no_such").want(422, "")
		b.post(at+"/new", "name", "Desk", "scope", "store_v2_customers_read_only").want(200, "", "Desk is added.", "Access token")
		first := b.env()
		for _, name := range []string{"CLIENTELE_CLIENT_ID", "CLIENTELE_CLIENT_SECRET", "CLIENTELE_ACCESS_TOKEN"} {
			if first[name] == "" || !strings.Contains(b.body, first[name]) {
				t.Errorf("no %s", name)
			}
		}
		if first["CLIENTELE_API_URL"] != w.server.URL+"/stores/one" {
			t.Errorf("the API is at %s", first["CLIENTELE_API_URL"])
		}
		token := first["CLIENTELE_ACCESS_TOKEN"]
		for range 2 {
			if w.ask(token) != 200 {
				t.Error("the token is not good")
			}
		}
		b.get(at).want(200, "", "Desk", "!"+token, "!"+first["CLIENTELE_CLIENT_SECRET"])
		if err := w.APIAccounts.WriteUses(t.Context()); err != nil {
			t.Fatal(err)
		}
		desk := at + "/3"
		b.get(desk).want(200, "", "just now", `<dd>2</dd>`, "127.0.0.1", "See customers", "!"+token)

		// Another token, beside which the old one stays good for a while.
		b.post(desk+"/rotate", "hours", "5").want(422, "", "Please choose.")
		b.post(desk+"/rotate", "hours", "24").want(200, "", "Desk has a new token.")
		second := b.env()
		if second["CLIENTELE_CLIENT_SECRET"] != "" || second["CLIENTELE_ACCESS_TOKEN"] == token {
			t.Errorf("%v", second)
		}
		b.get(desk).want(200, "", "The previous token stays valid until")
		if w.ask(token) != 200 || w.ask(second["CLIENTELE_ACCESS_TOKEN"]) != 200 {
			t.Error("not both are good")
		}
		w.Clock.Advance(24*time.Hour + 2*time.Second)
		if err := w.APIAccounts.WriteUses(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.Clock.Advance(2 * time.Second)
		b.signIn("dan@example.com")
		b.get(desk).want(200, "", `<dd>4</dd>`, "!The previous token stays valid until")
		if got := w.ask(token); got != 401 || w.ask(second["CLIENTELE_ACCESS_TOKEN"]) != 200 {
			t.Errorf("the old token gets %d", got)
		}
		b.post(desk+"/rotate", "hours", "0").want(200, "")
		third := b.env()["CLIENTELE_ACCESS_TOKEN"]
		w.Clock.Advance(2 * time.Second)
		if got := w.ask(second["CLIENTELE_ACCESS_TOKEN"]); got != 401 || w.ask(third) != 200 {
			t.Errorf("the token that was not to stay gets %d", got)
		}
		b.get("/manage/store/one/history").want(200, "", "API account", "!"+token, "!"+third)

		// Who may see and revoke does not make.
		ada := w.browser()
		ada.signIn("ada@example.com")
		ada.get(at).want(200, at, "Desk", "!Add an API account")
		for _, path := range []string{at + "/new", desk + "/rotate"} {
			ada.get(path).want(403, "")
			ada.post(path, "hours", "0", "name", "X", "scope", "store_v2_customers").want(403, "")
		}
		mia := w.browser()
		mia.signIn("mia@example.com")
		mia.get(at).want(403, "", "!Desk")
		eve := w.browser()
		eve.signIn("eve@example.com")
		eve.get("/manage/store/two/api-accounts/3").want(404, "", "!Desk")
		eve.post("/manage/store/two/api-accounts/3/rotate", "hours", "24").want(404, "")
		eve.post("/manage/store/two/api-accounts/3/revoke").want(404, "")
		ada.get(desk+"/revoke").want(200, "", "Revoke Desk?", "storefront tokens that it made end")
		ada.post(desk+"/revoke").want(200, at, "Desk is revoked.")
		ada.post(desk+"/revoke").want(404, "")
		ada.get(desk+"/revoke").want(404, "")
		ada.get(at+"?state=revoked").want(200, "", "Desk")
		w.Clock.Advance(2 * time.Second)
		if got := w.ask(third); got != 401 {
			t.Errorf("a token of a revoked account gets %d", got)
		}
	})
}

func TestTokens(t *testing.T) {
	each(t, shop, func(t *testing.T, w *world) {
		w.person("dan@example.com", 1, staff.Developer)
		w.person("eve@example.com", 2, staff.Owner)
		b := w.browser()
		b.signIn("dan@example.com")
		const at = "/manage/store/one/storefront-tokens"
		b.get(at).want(200, at, "No storefront token yet")
		b.get(at+"/new").want(200, "", "&lt;b&gt;Mailer", "!Books")
		b.post(at+"/new", "kind", "storefront", "client_id", "CID", "channel_ids", "1", "days", "90", "allowed_cors_origins", "nonsense").want(422, "", "One or two addresses")
		b.post(at+"/new", "kind", "storefront", "client_id", "CID2", "channel_ids", "1", "days", "90").want(422, "", "Please choose.")
		b.post(at+"/new", "kind", "storefront", "client_id", "CID", "channel_ids", "77", "days", "90").want(422, "", "no such channel")
		b.post(at+"/new", "kind", "private", "client_id", "CID", "channel_ids", "1", "days", "0").want(422, "", "Please choose")
		b.post(at+"/new", "kind", "storefront", "client_id", "CID", "channel_ids", "1", "days", "90", "allowed_cors_origins", "https://shop.example.com").want(200, "", "The token is made.")
		token := regexp.MustCompile(`<code>(ey[^<]+)</code>`).FindStringSubmatch(b.body)[1]
		b.get(at).want(200, "", "Storefront", "https://shop.example.com", "Valid", "!"+token)
		b.post(at+"/decode", "token", token).want(200, "", "This token is valid.", "https://shop.example.com", "&lt;b&gt;Mailer")
		b.post(at+"/decode", "token", token[:len(token)-4]+"AAAA").want(200, "", "signature is not the store", "https://shop.example.com")
		b.post(at+"/decode", "token", "nonsense").want(200, "", "no token at all")
		eve := w.browser()
		eve.signIn("eve@example.com")
		eve.post("/manage/store/two/storefront-tokens/decode", "token", token).want(200, "", "of another store")
		eve.post("/manage/store/two/storefront-tokens/1/revoke").want(404, "")
		b.get(at+"/1/revoke").want(200, "", "Revoke this token?")
		b.post(at+"/1/revoke").want(200, at, "Token 1 is revoked.", "Revoked")
		b.post(at+"/decode", "token", token).want(200, "", "This token is refused.", "Revoked")
	})
}

// An API account is made, used, given another token and revoked in a browser.
func TestBrowserAccounts(t *testing.T) {
	t.Parallel()
	journeys(t, func(t *testing.T, db *sqldb.DB, scripts bool) {
		w := open(t, db, shop)
		w.person("dan@example.com", 1, staff.Developer)
		b, see := w.tab(t, scripts)
		b.Open("/manage/sign-in").Write("email", "dan@example.com", "password", password).Press("main form.form .primary")
		b.Open("/manage/store/one/api-accounts")
		see("manage-api-accounts")
		b.Press("main .actions .primary").Write("name", "Desk").Tick("[value=store_v2_customers]")
		see("manage-api-account-new")
		b.Press("main .actionbar .primary").Want("Desk is added.", "Download as .env")
		see("manage-api-account-secrets")
		token := b.Eval(`[...document.querySelectorAll(".secrets code")].at(-1).textContent`)
		for range 5 {
			if got := w.ask(token); got != 200 {
				t.Fatalf("the token gets %d", got)
			}
		}
		if err := w.APIAccounts.WriteUses(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.Open("/manage/store/one/api-accounts/3").Want("127.0.0.1")
		see("manage-api-account")
		b.Press(`main [href$="/rotate"]`)
		see("manage-api-account-rotate")
		b.Press("main form.form .primary").Want("Desk has a new token.")
		b.Open("/manage/store/one/api-accounts/3").Want("The previous token stays valid until").Press(`main [href$="/revoke"]`).Want("Revoke Desk?")
		b.Press("main form.form .danger").Want("Desk is revoked.")
		b.Open("/manage/store/one/storefront-tokens")
		see("manage-tokens-none")
		b.Open("/manage/store/one/storefront-tokens/new")
		see("manage-token-new")
		b.Press("main .actionbar .primary").Want("The token is made.")
		b.Open("/manage/store/one/storefront-tokens").Want("Valid")
		see("manage-tokens")
		b.Open("/manage/store/one/storefront-tokens/decode").Write("token", "ey.x.y").Press("main .actionbar .primary").Want("no token at all")
		see("manage-token-decode")
		if scripts {
			b.Calm("the end")
		}
	})
}
