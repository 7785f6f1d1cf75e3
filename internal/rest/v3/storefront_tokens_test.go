package v3_test

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"clientele/internal/auth"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/system"
)

// newToken makes a token that must be made.
func (d *desk) newToken(a account, path, body string) string {
	d.t.Helper()
	var out struct{ Data struct{ Token string } }
	if err := json.Unmarshal([]byte(d.want(a, "POST", path, body, 200, "")), &out); err != nil {
		d.t.Fatal(err)
	}
	return out.Data.Token
}

func (d *desk) revoke(a account, token string) (int, string) {
	d.t.Helper()
	r := httptest.NewRequest("DELETE", "/stores/"+a.hash+"/v3/storefront/api-token", strings.NewReader(""))
	r.Header.Set("X-Auth-Token", a.token)
	if token != "" {
		r.Header.Set("Sf-Api-Token", token)
	}
	w := httptest.NewRecorder()
	target := r.Clone(d.t.Context())
	d.Handler.ServeHTTP(w, r)
	if err := d.check.Check(target, nil, w.Code, w.Header(), w.Body.Bytes()); err != nil {
		d.t.Errorf("revocation: %v\n%s", err, w.Body)
	}
	return w.Code, w.Body.String()
}

func TestStorefrontTokenOperations(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		d := newDesk(t, db)
		d.channels(12)
		shop := d.account("storefront", auth.StorefrontAPI)
		agent := d.account("agent", auth.CustomerImpersonation)
		tokens := auth.NewStorefrontTokens(db, &system.System{Clock: d.Clock.Now, Random: nil})
		kind := func(token string, channel int64) auth.TokenKind {
			t.Helper()
			got, err := tokens.Verify(t.Context(), d.stores[0], channel, token, d.Clock.Now().Unix())
			if err != nil {
				t.Error(err)
				return 0
			}
			if got.ClientID != "storefront" && got.ClientID != "agent" {
				t.Errorf("made by %q", got.ClientID)
			}
			return got.Kind
		}
		// The requests of the official examples.
		single := `{"allowed_cors_origins":["https://www.yourstorefront.com"],"channel_id":1,"expires_at":1885635176}`
		browser := d.newToken(shop, "/storefront/api-token", single)
		if kind(browser, 1) != auth.BrowserToken {
			t.Error("not a token for browsers")
		}
		if kind(d.newToken(shop, "/storefront/api-token", `{"allowed_cors_origins":["https://www.yourstorefront.com"],"channel_ids":[1,12],"expires_at":1885635176}`), 12) != auth.BrowserToken {
			t.Error("not a token for channel 12")
		}
		private := d.newToken(shop, "/storefront/api-token-private", `{"channel_id":1,"expires_at":1885635176,"scopes":["Unauthenticated","Customer"]}`)
		if kind(private, 1) != auth.PrivateToken {
			t.Error("not a private token")
		}
		agents := d.newToken(agent, "/storefront/api-token-customer-impersonation", `{"channel_ids":[1,12],"expires_at":1885635176}`)
		if kind(agents, 12) != auth.ImpersonationToken {
			t.Error("not a token of impersonation")
		}

		const malformed = `{"status":422,"title":"JSON data is missing or invalid",` + typ + `,"errors":`
		const refused = `{"status":422,"title":"Create storefront token failed.",` + typ + `,"errors":`
		for _, c := range []struct{ path, body, answer string }{
			{"", ``, malformed + `{"":"error.path.missing"}}`},
			{"", `[]`, malformed + `{"":"error.expected.jsobject"}}`},
			{"", `{"channel_id":"1","allowed_cors_origins":"https://a.b"}`, malformed + `{"channel_id":"error.expected.jsnumber","expires_at":"error.path.missing","allowed_cors_origins":"error.expected.jsarray"}}`},
			{"", `{"channel_ids":["1"],"expires_at":null}`, malformed + `{"channel_ids.0":"error.expected.jsnumber","expires_at":"error.expected.jsnumber"}}`},
			{"", `{"channel_id":1,"expires_at":"2030-01-01"}`, malformed + `{"expires_at":"error.expected.jsnumber"}}`},
			{"", `{"channel_id":null,"channel_ids":null,"expires_at":1885635176}`, refused + `{"channel_id":"channel_id or channel_ids is needed"}}`},
			{"", `{"channel_id":1,"channel_ids":[1],"expires_at":1885635176}`, refused + `{"channel_id":"channel_id and channel_ids cannot both be given"}}`},
			{"", `{"channel_ids":[12,13,1],"expires_at":1885635176}`, refused + `{"channel_ids.1":"there is no channel 13"}}`},
			{"", `{"channel_id":1,"expires_at":1602288000}`, refused + `{"expires_at":"expires_at must be in the future"}}`},
			{"", `{"channel_id":1,"expires_at":1885635176000}`, refused + `{"expires_at":"expires_at must be a time in seconds since 1970"}}`},
			{"", `{"channel_id":1,"expires_at":1885635176,"allowed_cors_origins":["*"]}`, refused + `{"allowed_cors_origins.0":"an origin is a scheme and a host, such as https://www.example.com"}}`},
			{"-private", `{"channel_id":1,"expires_at":1885635176}`, malformed + `{"scopes":"error.path.missing"}}`},
			{"-private", `{"channel_id":1,"expires_at":1885635176,"scopes":null}`, malformed + `{"scopes":"error.expected.jsarray"}}`},
			{"-private", `{"channel_id":1,"expires_at":1885635176,"scopes":[]}`, refused + `{"scopes":"at least one scope is needed"}}`},
			{"-private", `{"channel_id":1,"expires_at":1885635176,"scopes":["Customers"]}`, refused + `{"scopes.0":"a scope is Unauthenticated, Customer or B2B"}}`},
		} {
			d.want(shop, "POST", "/storefront/api-token"+c.path, c.body, 422, c.answer)
		}
		d.want(agent, "POST", "/storefront/api-token", single, 403, "")
		d.want(agent, "POST", "/storefront/api-token-private", single, 403, "")
		d.want(shop, "POST", "/storefront/api-token-customer-impersonation", single, 403, "")
		d.want(d.app, "POST", "/storefront/api-token", single, 403, "")

		// Revocation.
		const failed = `{"status":422,"title":"Revoke storefront token failed.",` + typ + `,"errors":{"Sf-Api-Token":`
		for _, c := range []struct {
			by     account
			token  string
			status int
			answer string
		}{
			{shop, "", 422, failed + `"GraphQL credentials were missing. No token was sent."}}`},
			{shop, "x", 422, failed + `"GraphQL invalid credentials. String is not a JWT"}}`},
			{d.stranger, browser, 422, failed + `"GraphQL invalid credentials. JWT store id doesn't match store id of the URL"}}`},
			{d.app, browser, 403, `{"status":403,"title":"You don't have a required scope to access the endpoint",` + typ + `,"errors":{}}`},
			{shop, browser, 200, `{"meta":{}}`},
			{shop, browser, 200, `{"meta":{}}`},
			{agent, agents, 200, `{"meta":{}}`},
		} {
			if status, text := d.revoke(c.by, c.token); status != c.status || text != c.answer {
				t.Errorf("%.20q: %d %s, want %d %s", c.token, status, text, c.status, c.answer)
			}
		}
		fresh := auth.NewStorefrontTokens(db, &system.System{Clock: d.Clock.Now})
		for token, want := range map[string]error{browser: auth.TokenRevoked, agents: auth.TokenRevoked, private: nil} {
			if _, err := fresh.Verify(t.Context(), d.stores[0], 1, token, d.Clock.Now().Unix()); err != want {
				t.Errorf("%v, want %v", err, want)
			}
		}
	})
}
