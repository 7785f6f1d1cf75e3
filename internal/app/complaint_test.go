package app_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"clientele/internal/app/apptest"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/subscriber"
)

// Whoever complained stays known as one who did, by whichever door the subscriber is
// written afterwards, until they agree anew.
func TestComplaintIsKeptByEveryDoor(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		p := newPeople(t, db)
		keys, err := p.Keys.Keys(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		api := func(method, path, body string) string {
			t.Helper()
			r := httptest.NewRequest(method, "http://main.example/stores/demo"+path, strings.NewReader(body))
			r.Header.Set("X-Auth-Token", "token")
			r.Header.Set("Content-Type", "application/json")
			rec := httptest.NewRecorder()
			if p.Handler.ServeHTTP(rec, r); rec.Code >= 300 {
				t.Errorf("%s %s %s: %d %s", method, path, body, rec.Code, rec.Body)
			}
			return rec.Body.String()
		}
		shopper := func(path, body string) {
			t.Helper()
			r := httptest.NewRequest("POST", "http://main.example"+path, strings.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Origin", "http://main.example")
			rec := httptest.NewRecorder()
			if p.Handler.ServeHTTP(rec, r); rec.Code >= 300 {
				t.Errorf("%s %s: %d %s", path, body, rec.Code, rec.Body)
			}
		}
		for i, c := range []struct {
			name string
			do   func(at string, id int64)
			gone bool
		}{
			{name: "PUT of a name", do: func(_ string, id int64) {
				api("PUT", fmt.Sprintf("/v3/customers/subscribers/%d", id), `{"first_name":"Ann"}`)
			}},
			{name: "POST of consents", do: func(_ string, id int64) {
				api("POST", fmt.Sprintf("/v3/customers/subscribers/%d", id), `{"consents":["marketing_newsletter"]}`)
			}},
			{name: "DELETE", do: func(_ string, id int64) { api("DELETE", fmt.Sprintf("/v3/customers/subscribers/%d", id), "") }},
			{name: "DELETE of many, and POST", do: func(at string, id int64) {
				api("DELETE", "/v3/customers/subscribers?email="+at, "")
				api("POST", "/v3/customers/subscribers", `{"email":"`+at+`"}`)
			}},
			{name: "the storefront", do: func(at string, _ int64) {
				shopper("/api/storefront/subscriptions", `{"email":"`+at+`","acceptsMarketingNewsletter":false,"acceptsAbandonedCartEmails":true}`)
			}},
			{name: "a seed file", do: func(at string, _ int64) {
				apptest.Seed(t, p.Server.Core, strings.Replace(peopleSeed, "    products:", "    subscribers: [{email: "+at+"}]\n    products:", 1))
			}},
			{name: "another complaint, and a refusal", do: func(at string, _ int64) {
				api("POST", "/v3/clientele/bounces", `{"email":"`+at+`","kind":"complaint"}`)
				api("POST", "/v3/clientele/bounces", `{"email":"`+at+`","kind":"hard"}`)
			}},
			{name: "reconsents", do: func(at string, _ int64) {
				api("POST", "/v3/clientele/reconsents", `{"email":"`+at+`","ground":"By phone"}`)
			}, gone: true},
		} {
			at := fmt.Sprintf("door%d@example.com", i)
			var made struct{ Data struct{ ID int64 } }
			if err := json.Unmarshal([]byte(api("POST", "/v3/customers/subscribers", `{"email":"`+at+`"}`)), &made); err != nil {
				t.Fatal(err)
			}
			api("POST", "/v3/clientele/bounces", `{"email":"`+at+`","kind":"complaint"}`)
			c.do(at, made.Data.ID)
			st, err := p.Subscribers.Standing(t.Context(), 1, at, keys)
			if err != nil {
				t.Fatal(err)
			}
			known := slices.ContainsFunc(st.Ends, func(e subscriber.End) bool { return e.Via == subscriber.ViaComplaint })
			if known == c.gone || (st.Bounce == nil) != c.gone {
				t.Errorf("%s: known %v, of the mailbox %+v", c.name, known, st.Bounce)
			}
		}
	})
}
