package clientele_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"clientele/api/apitest"
	"clientele/internal/app/apptest"
	"clientele/internal/auth"
	"clientele/internal/rest/resttest"
	"clientele/internal/rest/v3/clientele"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

func TestContract(t *testing.T) {
	resttest.Contract{Surface: clientele.New(clientele.Services{})}.Check(t)
}

// desk is the program with two stores, whose every exchange is held to the API
// document.
type desk struct {
	*apptest.World
	t      *testing.T
	check  *apitest.Validator
	stores map[string]int64
}

func newDesk(t *testing.T, db *sqldb.DB) *desk {
	t.Helper()
	d := &desk{t: t, check: apitest.New(t), stores: map[string]int64{}, World: apptest.New(t, db, apptest.Options{})}
	for _, hash := range []string{"first", "second"} {
		st, err := d.Stores.Create(t.Context(), hash, "", "")
		if err != nil {
			t.Fatal(err)
		}
		d.stores[hash] = st.ID
	}
	return d
}

func (d *desk) account(hash, name string, scopes ...auth.Scope) {
	d.t.Helper()
	if _, err := d.APIAccounts.Create(d.t.Context(), d.stores[hash], name, scopes, auth.Credentials{ClientID: name, AccessToken: name}); err != nil {
		d.t.Fatal(err)
	}
}

// want does a request and compares the answer; an empty body is not compared.
func (d *desk) want(hash, account, method, path, body string, status int, answer string) string {
	d.t.Helper()
	r := httptest.NewRequest(method, "/stores/"+hash+"/v3"+path, strings.NewReader(body))
	r.Header.Set("X-Auth-Token", account)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	target := r.Clone(d.t.Context())
	d.Handler.ServeHTTP(w, r)
	if err := d.check.Check(target, []byte(body), w.Code, w.Header(), w.Body.Bytes()); err != nil {
		d.t.Errorf("%s %s %s: %v\n%s", method, path, body, err, w.Body)
	}
	text := w.Body.String()
	if w.Code != status || answer != "" && text != answer {
		d.t.Errorf("%s %s %s\n got %d %s\nwant %d %s", method, path, body, w.Code, text, status, answer)
	}
	return text
}

func (d *desk) token(hash, account, path, body string) string {
	d.t.Helper()
	var out struct{ Data struct{ Token string } }
	if err := json.Unmarshal([]byte(d.want(hash, account, "POST", "/storefront/api-token"+path, body, 200, "")), &out); err != nil {
		d.t.Fatal(err)
	}
	return out.Data.Token
}

func (d *desk) good(hash, token string, want error) {
	d.t.Helper()
	if _, err := d.Tokens.Verify(d.t.Context(), d.stores[hash], 1, token, d.Clock.Now().Unix()); err != want {
		d.t.Errorf("the token is good: %v, want %v", err, want)
	}
}

func TestStorefrontTokens(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		d := newDesk(t, db)
		d.account("first", "shop", auth.StorefrontAPI)
		d.account("first", "agent", auth.CustomerImpersonation)
		d.account("first", "other", auth.Customers, auth.Information)
		d.account("second", "stranger", auth.FullScopes()...)
		const path = "/clientele/storefront-tokens"
		const end = `"cursor_pagination":{"count":0,"per_page":50,"start_cursor":null,"end_cursor":null,"links":{}}}}`
		d.want("first", "shop", "GET", path, "", 200, `{"data":[],"meta":{"pagination":{"total":0,"count":0,"per_page":50,"current_page":1,"total_pages":0},`+end)

		browser := d.token("first", "shop", "", `{"channel_id":1,"expires_at":1885635176,"allowed_cors_origins":["https://www.example.com"]}`)
		private := d.token("first", "shop", "-private", `{"channel_id":1,"expires_at":0,"scopes":["Unauthenticated","Customer"]}`)
		agents := d.token("first", "agent", "-customer-impersonation", `{"channel_id":1,"expires_at":0}`)
		d.token("second", "stranger", "", `{"channel_id":1,"expires_at":0}`)
		d.good("first", private, nil)
		if err := d.Tokens.WriteUses(t.Context()); err != nil {
			t.Fatal(err)
		}
		now := d.Clock.Now().Unix()
		rows := map[int]string{
			1: fmt.Sprintf(`{"id":1,"kind":"storefront","status":"active","client_id":"shop","key_id":1,"channel_ids":[1],"scopes":[],"allowed_cors_origins":["https://www.example.com"],"created_at":%d,"expires_at":1885635176,"last_used_at":null,"revoked_at":null}`, now),
			2: fmt.Sprintf(`{"id":2,"kind":"private","status":"active","client_id":"shop","key_id":1,"channel_ids":[1],"scopes":["Customer","Unauthenticated"],"allowed_cors_origins":[],"created_at":%d,"expires_at":0,"last_used_at":%[1]d,"revoked_at":null}`, now),
			3: fmt.Sprintf(`{"id":3,"kind":"customer_impersonation","status":"active","client_id":"agent","key_id":1,"channel_ids":[1],"scopes":[],"allowed_cors_origins":[],"created_at":%d,"expires_at":0,"last_used_at":null,"revoked_at":null}`, now),
		}
		list := func(query string, ids ...int) {
			t.Helper()
			var want []string
			for _, id := range ids {
				want = append(want, rows[id])
			}
			if got := d.want("first", "shop", "GET", path+query, "", 200, ""); !strings.HasPrefix(got, `{"data":[`+strings.Join(want, ",")+`],"meta"`) {
				t.Errorf("%q: %s\nwant %q", query, got, want)
			}
		}
		list("", 3, 2, 1)
		list("?limit=2", 3, 2)
		list("?limit=2&page=2", 1)
		list("?after=eyJpZCI6M30", 2, 1)
		list("?before=eyJpZCI6MX0&limit=1", 2)
		list("?kind=private", 2)
		list("?kind:in=private,storefront", 2, 1)
		list("?client_id=agent", 3)
		list("?client_id:in=agent,shop&kind=storefront", 1)
		d.want("first", "shop", "GET", path+"?kind=public&page=0", "", 422, "")
		d.want("first", "shop", "GET", path+"?status=active", "", 422, "")

		// The scopes of the operations on tokens.
		d.want("first", "agent", "GET", path, "", 200, "")
		d.want("first", "other", "GET", path, "", 403, "")
		d.want("first", "other", "DELETE", path+"/1", "", 403, "")
		d.want("first", "stranger", "GET", path, "", 401, "")
		d.want("first", "stranger", "DELETE", path+"/1", "", 401, "")

		// One store's ids are not the other's.
		const missing = `{"status":404,"title":"The resource at that URL is not found.","type":"https://developer.bigcommerce.com/api-docs/getting-started/api-status-codes"}`
		for _, id := range []string{"0", "-1", "x", "99", "9223372036854775808"} {
			d.want("first", "shop", "DELETE", path+"/"+id, "", 404, missing)
		}
		d.want("second", "stranger", "DELETE", path+"/2", "", 404, missing)
		list("", 3, 2, 1)

		for range 2 {
			d.want("first", "shop", "DELETE", path+"/2", "", 204, "")
		}
		rows[2] = strings.NewReplacer(`"active"`, `"revoked"`, `"revoked_at":null`, fmt.Sprintf(`"revoked_at":%d`, now)).Replace(rows[2])
		list("", 3, 2, 1)
		d.good("first", private, auth.TokenRevoked)
		d.good("first", browser, nil)

		// Revocation by the text is in the same register.
		r := httptest.NewRequest("DELETE", "/stores/first/v3/storefront/api-token", nil)
		r.Header.Set("X-Auth-Token", "agent")
		r.Header.Set("Sf-Api-Token", agents)
		w := httptest.NewRecorder()
		if d.Handler.ServeHTTP(w, r); w.Code != 200 || w.Body.String() != `{"meta":{}}` {
			t.Errorf("revocation by the text: %d %s", w.Code, w.Body)
		}
		rows[3] = strings.NewReplacer(`"active"`, `"revoked"`, `"revoked_at":null`, fmt.Sprintf(`"revoked_at":%d`, now)).Replace(rows[3])
		list("", 3, 2, 1)
		d.good("first", agents, auth.TokenRevoked)

		accounts, err := d.APIAccounts.List(t.Context(), d.stores["first"])
		if err != nil {
			t.Fatal(err)
		}
		if err := d.APIAccounts.Revoke(t.Context(), d.stores["first"], accounts[0].ID); err != nil {
			t.Fatal(err)
		}
		d.Clock.Advance(time.Second)
		d.good("first", browser, auth.TokenRevoked)
		if got := d.want("first", "agent", "GET", path+"?kind=storefront", "", 200, ""); !strings.Contains(got, `"status":"account_revoked"`) {
			t.Errorf("the token of a revoked account: %s", got)
		}
	})
}
