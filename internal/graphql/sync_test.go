package graphql_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"clientele/internal/auth"
	"clientele/internal/opt"
	"clientele/internal/setting"
)

// browser is a shopper's browser: it follows redirects and keeps cookies.
type browser struct {
	t       *testing.T
	w       *world
	address string
	*http.Client
}

func (w *world) browser(t *testing.T) *browser {
	jar, err := cookiejar.New(nil)
	w.ok(err)
	b := &browser{t: t, w: w, address: "198.51.100.9"}
	b.Client = &http.Client{Jar: jar, Transport: b}
	return b
}

// RoundTrip asks the program.
func (b *browser) RoundTrip(r *http.Request) (*http.Response, error) {
	in := httptest.NewRequest(r.Method, r.URL.String(), r.Body)
	in.Header, in.RemoteAddr = r.Header.Clone(), b.address+":1234"
	if in.Header.Get("Sec-Fetch-Site") == "" { // a person came from the storefront
		in.Header.Set("Sec-Fetch-Site", "cross-site")
		in.Header.Set("Sec-Fetch-Dest", "document")
	}
	rec := httptest.NewRecorder()
	b.w.Handler.ServeHTTP(rec, in)
	if r.Method == http.MethodGet && r.URL.Path == "/session-sync" && r.URL.Query().Get("jwt") != "" {
		if err := b.w.check.Check(in, nil, rec.Code, rec.Header(), rec.Body.Bytes()); err != nil {
			b.t.Errorf("%v\n%.300s", err, rec.Body)
		}
	}
	out := rec.Result()
	out.Request = r
	return out, nil
}

// see returns where an address led and what was there.
func (b *browser) see(address string) (at, text string) {
	b.t.Helper()
	res, err := b.Get(address)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return res.Request.URL.RequestURI(), string(body)
}

const (
	generate = `mutation($to: String!) { generateSessionSyncJwt(redirectTo: $to) { result { token url } errors { ... on Error { message } } } }`
	validate = `mutation($t: String!) { validateSessionSyncJwt(jwt: $t) { content { redirectTo customer { entityId email } customerAccessToken { value } cart { entityId } analytics { visitorId } }
		errors { __typename ... on InvalidSessionSyncJwtError { errorType message } ... on JwtTokenExpiredError { message } } } }`
)

// sync makes a token and returns it with its address.
func (w *world) sync(to string, header ...string) (token, address string) {
	w.t.Helper()
	a := w.ask(generate, map[string]any{"to": to}, header...)
	token, _ = dig(a.Data, "generateSessionSyncJwt.result.token").(string)
	address, _ = dig(a.Data, "generateSessionSyncJwt.result.url").(string)
	if token == "" || address == "" {
		w.t.Fatal(a.Text)
	}
	return token, address
}

// A headless storefront signs a shopper in from its server, and sends the
// browser to the account page here, where the shopper is signed in.
func TestHeadlessAccountPage(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		jane := []string{"X-Bc-Customer-Access-Token", w.signIn("jane@example.com")}
		b := w.browser(t)
		if at, _ := b.see(shop + "/account.php"); !strings.HasPrefix(at, "/login.php") {
			t.Fatalf("a guest is at %s", at)
		}
		_, address := w.sync("/account.php?action=account_details", jane...)
		at, text := b.see(address)
		if at != "/account.php?action=account_details" || !strings.Contains(text, "jane@example.com") {
			t.Fatalf("at %s: %.500s", at, text)
		}
		if at, text = b.see(shop + "/account.php"); at != "/account.php" || !strings.Contains(text, "Jane") {
			t.Errorf("later at %s: %.300s", at, text)
		}
		// The address in the browser's history is of no use.
		other := w.browser(t)
		if at, text := other.see(address); at != "/login.php" || !strings.Contains(text, "Invalid login. Please attempt to log in again.") {
			t.Errorf("used again at %s: %.300s", at, text)
		}
		// The server's session goes on.
		w.want(w.ask(`{ customer { entityId } }`, nil, jane...), 200, `{"data":{"customer":{"entityId":1}}}`)
		// A guest's token carries that nobody is signed in.
		_, address = w.sync("/")
		if at, _ = b.see(address); at != "/" {
			t.Errorf("a guest is at %s", at)
		}
		if at, _ = b.see(shop + "/account.php"); !strings.HasPrefix(at, "/login.php") {
			t.Errorf("still signed in at %s", at)
		}
		// Another customer takes the place of the one before.
		_, address = w.sync("/account.php", jane...)
		b.see(address)
		_, address = w.sync("/account.php", "X-Bc-Customer-Access-Token", w.signIn("john@example.com"))
		if _, text = b.see(address); !strings.Contains(text, "John") || strings.Contains(text, "Jane") {
			t.Errorf("%.500s", text)
		}
		if log := w.Log.String(); strings.Contains(log, "eyJ") || strings.Contains(log, "@example.com") {
			t.Errorf("the log tells too much: %s", log)
		}
	})
}

// A link that is looked at is not used up, and what is loaded into another
// site's page signs nobody out.
func TestSessionSyncIsForPersons(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		b := w.browser(t)
		_, address := w.sync("/account.php", "X-Bc-Customer-Access-Token", w.signIn("jane@example.com"))
		res, err := b.Head(address)
		w.ok(err)
		if res.StatusCode != http.StatusMethodNotAllowed || len(res.Cookies()) > 0 {
			t.Errorf("%d %v", res.StatusCode, res.Header)
		}
		if at, _ := b.see(address); at != "/account.php" {
			t.Errorf("at %s", at)
		}
		_, address = w.sync("/")
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		w.ok(err)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		r.Header.Set("Sec-Fetch-Dest", "image")
		if _, err = b.Do(r); err != nil {
			t.Fatal(err)
		}
		if at, _ := b.see(shop + "/account.php"); at != "/account.php" {
			t.Errorf("a picture signed the shopper out: at %s", at)
		}
		for _, bad := range []string{"", "?jwt=", "?jwt=hello"} {
			if at, _ := b.see(shop + "/session-sync" + bad); at != "/account.php" { // who is signed in stays so
				t.Errorf("%q: at %s", bad, at)
			}
		}
		res, err = b.Get(shop + "/session-sync?jwt=hello")
		w.ok(err)
		if res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Retry-After") == "" {
			t.Errorf("%d %v", res.StatusCode, res.Header)
		}
	})
}

func TestSessionSync(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		token := w.signIn("jane@example.com")
		jane := []string{"X-Bc-Customer-Access-Token", token}
		const all = `mutation($to: String!, $a: AnalyticsCommonEventInput, $ip: IpAddress, $visitor: UUID, $visit: UUID, $wallet: PaymentWalletDataInput) {
			generateSessionSyncJwt(redirectTo: $to, analytics: $a, ipAddress: $ip, visitorId: $visitor, visitId: $visit, paymentWalletData: $wallet) { result { token } errors { __typename } } }`
		const told = `mutation($t: String!) { validateSessionSyncJwt(jwt: $t) { content { redirectTo customer { entityId } customerAccessToken { value }
			analytics { visitorId visitId initiator { visitorId visitId } request { url ip userAgent referer acceptLanguage } consent { targeting analytics functional } } } errors { __typename } } }`
		tell := func(variables map[string]any, header ...string) (string, *answer) {
			t.Helper()
			variables["to"] = "/cart.php"
			a := w.ask(all, variables, header...)
			made, _ := dig(a.Data, "generateSessionSyncJwt.result.token").(string)
			return made, a
		}
		analytics := map[string]any{
			"initiator": map[string]any{"visitorId": "visitor", "visitId": "visit"},
			"request":   map[string]any{"url": "https://a.example/", "userAgent": "agent", "refererUrl": "https://r.example/", "ip": "203.0.113.7", "acceptLanguage": "de"},
			"consent":   map[string]any{"targeting": true, "analytics": false, "functional": true},
		}
		made, _ := tell(map[string]any{"a": analytics, "wallet": map[string]any{"initializationId": "i", "providerOrderId": "o", "providerId": "p"}}, jane...)
		claims, err := base64.RawURLEncoding.DecodeString(strings.Split(made, ".")[1])
		w.ok(err)
		if want := `"payment_wallet_data":{"initialization_id":"i","provider_order_id":"o","provider_id":"p"}`; !strings.Contains(string(claims), want) {
			t.Errorf("%s without %s", claims, want)
		}
		a := w.ask(told, map[string]any{"t": made})
		value, _ := dig(a.Data, "validateSessionSyncJwt.content.customerAccessToken.value").(string)
		w.want(a, 200, `{"data":{"validateSessionSyncJwt":{"content":{"redirectTo":"https://shop.example/cart.php","customer":{"entityId":1},"customerAccessToken":{"value":"`+value+`"},`+
			`"analytics":{"visitorId":"visitor","visitId":"visit","initiator":{"visitorId":"visitor","visitId":"visit"},"request":{"url":"https://a.example/","ip":"203.0.113.7","userAgent":"agent","referer":"https://r.example/","acceptLanguage":"de"},`+
			`"consent":{"targeting":true,"analytics":false,"functional":true}}},"errors":[]}}}`)
		// Both sessions are good.
		for _, session := range []string{token, value} {
			w.want(w.ask(`{ customer { entityId } }`, nil, "X-Bc-Customer-Access-Token", session), 200, `{"data":{"customer":{"entityId":1}}}`)
		}
		// The older arguments come first; of a guest all is told but a customer.
		made, _ = tell(map[string]any{"a": analytics, "visitor": "e1814f8c-34b7-4d36-866f-f9121a415630", "visit": "5acfce80-0d45-47b9-adca-d2d894e60444", "ip": "::ffff:203.0.113.7"})
		w.want(w.ask(`mutation($t: String!) { validateSessionSyncJwt(jwt: $t) { content { customer { entityId } customerAccessToken { value } cart { entityId } analytics { visitorId visitId request { ip } } } errors { __typename } } }`, map[string]any{"t": made}), 200,
			`{"data":{"validateSessionSyncJwt":{"content":{"customer":null,"customerAccessToken":null,"cart":null,"analytics":{"visitorId":"e1814f8c-34b7-4d36-866f-f9121a415630","visitId":"5acfce80-0d45-47b9-adca-d2d894e60444","request":{"ip":"::ffff:203.0.113.7"}}},"errors":[]}}}`)
		// Without anything of a visit nothing is told of it.
		made, _ = w.sync("/", jane...)
		if a := w.ask(validate, map[string]any{"t": made}); dig(a.Data, "validateSessionSyncJwt.content.customer.email") != "jane@example.com" || !strings.Contains(a.Text, `"analytics":null`) {
			t.Error(a.Text)
		}
		// There are no carts.
		w.want(w.ask(`mutation { generateSessionSyncJwt(redirectTo: "/", cartId: "a82f20f5-f0c6-48e4-8601-73c8d47f15a6") { result { token } errors { __typename ... on GenerateSessionSyncTokenCartNotFound { message } } } }`, nil, jane...), 200,
			`{"data":{"generateSessionSyncJwt":{"result":null,"errors":[{"__typename":"GenerateSessionSyncTokenCartNotFound","message":"The cart does not exist."}]}}}`)
		for text, variables := range map[string]map[string]any{
			"The redirect must be a path on the storefront, such as /account.php, or an address of one of the store's storefronts.": {"to": "//evil.example"},
		} {
			w.refused(w.ask(generate, variables, jane...), 200, text)
		}
		_, a = tell(map[string]any{"ip": "somewhere"})
		w.refused(a, 200, "The shopper's address must be an IP address.")
		_, a = tell(map[string]any{"visitor": strings.Repeat("a", 9000)})
		w.refused(a, 200, "The token would be too long: it holds at most 8192 bytes.")
		// Who stands in for a customer is not the customer.
		act := []string{"Authorization", "Bearer " + w.act}
		w.refused(w.ask(generate, map[string]any{"to": "/"}, append(act, "X-Bc-Customer-Id", "1")...), 200, "Customer impersonation tokens do not sign customers in.")
		w.sync("/", act...)
		// Scopes of private tokens.
		for _, query := range []string{`mutation { generateSessionSyncJwt(redirectTo: "/") { result { token } } }`, `mutation { validateSessionSyncJwt(jwt: "x") { errors { __typename } } }`} {
			a := w.ask(query, nil, "Authorization", "Bearer "+w.poor)
			if len(a.Errors) != 1 || a.Errors[0].Extensions["code"] != "INSUFFICIENT_ACCESS_SCOPE" || fmt.Sprint(a.Errors[0].Extensions["requiredScopes"]) != "[Customer]" {
				t.Error(a.Text)
			}
		}
	})
}

func TestInvalidSessionSync(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		jane := []string{"X-Bc-Customer-Access-Token", w.signIn("jane@example.com")}
		other, err := w.APIAccounts.Create(t.Context(), 2, "app", auth.FullScopes(), auth.Credentials{})
		w.ok(err)
		away, err := w.Tokens.Create(t.Context(), 2, auth.NewToken{Kind: auth.PrivateToken, ClientID: other.ClientID, ChannelID: opt.Some[int64](1), Scopes: []string{"Customer"}})
		w.ok(err)
		ofOther := w.send(http.MethodPost, "https://other.example/graphql", `{"query":"mutation { generateSessionSyncJwt(redirectTo: \"/\") { result { token } } }"}`, "Authorization", "Bearer "+away)
		foreign, _ := dig(ofOther.Data, "generateSessionSyncJwt.result.token").(string)
		elsewhere := w.ask(`mutation { generateSessionSyncJwt(redirectTo: "/", ipAddress: "198.51.100.1") { result { token } } }`, nil, jane...)
		bound, _ := dig(elsewhere.Data, "generateSessionSyncJwt.result.token").(string)
		good, _ := w.sync("/", jane...)
		used, _ := w.sync("/", jane...)
		w.ask(validate, map[string]any{"t": used})
		const invalid = `{"data":{"validateSessionSyncJwt":{"content":null,"errors":[{"__typename":"InvalidSessionSyncJwtError","errorType":%q,"message":%q}]}}}`
		for name, c := range map[string]struct{ token, code, text string }{
			"no token":      {"hello", "OTHER", "The session sync token is invalid."},
			"used":          {used, "OTHER", "The session sync token is invalid."},
			"tampered":      {good[:len(good)-4] + "AAAA", "OTHER", "The session sync token is invalid."},
			"login token":   {w.loginToken(1, w.Clock.Now().Unix()), "OTHER", "The session sync token is invalid."},
			"private token": {w.private, "OTHER", "The session sync token is invalid."},
			"another store": {foreign, "STORE_ID_MISMATCH", "The session sync token is for another store."},
			"address":       {bound, "SHOPPER_IP_MISMATCH", "The session sync token is for a shopper at another address."},
		} {
			// The server does not tell for whom it asks.
			a := w.ask(validate, map[string]any{"t": c.token})
			if a.Code != 200 || a.Text != fmt.Sprintf(invalid, c.code, c.text) {
				t.Errorf("%s: %s", name, a.Text)
			}
		}
		// It does, and the address is the one that was meant.
		if a := w.ask(validate, map[string]any{"t": bound}, "True-Client-IP", "198.51.100.1"); dig(a.Data, "validateSessionSyncJwt.content.customer.entityId") != 1.0 {
			t.Error(a.Text)
		}
		w.Clock.Advance(30 * time.Second)
		w.want(w.ask(validate, map[string]any{"t": good}), 200,
			`{"data":{"validateSessionSyncJwt":{"content":null,"errors":[{"__typename":"JwtTokenExpiredError","message":"The session sync token has expired."}]}}}`)
		// For whom a server asks may be turned away.
		for range 3 {
			w.ask(validate, map[string]any{"t": "hello"}, "True-Client-IP", "198.51.100.2")
		}
		a := w.ask(validate, map[string]any{"t": good}, "True-Client-IP", "198.51.100.2")
		if len(a.Errors) != 1 || a.Errors[0].Extensions["code"] != "TOO_MANY_REQUESTS" || a.Errors[0].Extensions["retryAfter"] != 300.0 {
			t.Error(a.Text)
		}
		if log := w.Log.String(); !strings.Contains(log, "session sync token refused") || strings.Contains(log, "eyJ") {
			t.Error(log)
		}
	})
}

// Pages carry sessions too. They get no token: a cookie keeps the session.
func TestSessionSyncInABrowser(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		page := []string{"Authorization", "Bearer " + w.page, "Origin", shop}
		a := w.ask(`mutation { login(email: "jane@example.com", password: "Secret123") { result } }`, nil, page...)
		cookie, _, _ := strings.Cut(a.Header.Get("Set-Cookie"), ";")
		token, address := w.sync("https://two.example/account.php", append(page, "Cookie", cookie)...)
		if want := "https://two.example/session-sync?jwt=" + url.QueryEscape(token); address != want {
			t.Errorf("%s, want %s", address, want)
		}
		// On another channel of the store, which lets customers of others in or
		// does not.
		b := w.browser(t)
		if at, _ := b.see(address); at != "/login.php" {
			t.Errorf("on a channel of its own: at %s", at)
		}
		_, err := w.Server.Settings.Put(t.Context(), 1, 2, setting.Update{AllowGlobalLogins: opt.Some(true)})
		w.ok(err)
		if at, text := b.see(address); at != "/account.php" || !strings.Contains(text, "Jane") {
			t.Errorf("at %s: %.300s", at, text)
		}
		token, _ = w.sync("/", append(page, "Cookie", cookie)...)
		a = w.ask(`mutation($t: String!) { validateSessionSyncJwt(jwt: $t) { content { customer { entityId } } errors { __typename } } }`, map[string]any{"t": token}, page...)
		if dig(a.Data, "validateSessionSyncJwt.content.customer.entityId") != 1.0 || !strings.HasPrefix(a.Header.Get("Set-Cookie"), "SHOP_SESSION_TOKEN=") {
			t.Errorf("%s %q", a.Text, a.Header.Get("Set-Cookie"))
		}
		token, _ = w.sync("/", append(page, "Cookie", cookie)...)
		w.refused(w.ask(`mutation($t: String!) { validateSessionSyncJwt(jwt: $t) { content { customerAccessToken { value } } } }`, map[string]any{"t": token}, page...), 200,
			"Customer access token was requested in the body, but it's only returned for server-to-server requests. For browser requests it's set as an httpOnly cookie instead.")
	})
}

// One token, at pages and in GraphQL at once, signs in once.
func TestSessionSyncAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		token, address := w.sync("/account.php", "X-Bc-Customer-Access-Token", w.signIn("jane@example.com"))
		var wg sync.WaitGroup
		entered := make([]bool, 12)
		for i := range entered {
			wg.Go(func() {
				if i%2 == 0 {
					r := httptest.NewRequest(http.MethodGet, address, nil)
					rec := httptest.NewRecorder()
					w.Handler.ServeHTTP(rec, r)
					entered[i] = rec.Header().Get("Location") == "/account.php"
					return
				}
				a := w.ask(validate, map[string]any{"t": token})
				entered[i] = dig(a.Data, "validateSessionSyncJwt.content.customer.entityId") == 1.0
			})
		}
		wg.Wait()
		n := 0
		for _, in := range entered {
			if in {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d signed in", n)
		}
	})
}
