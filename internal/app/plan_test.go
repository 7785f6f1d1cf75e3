package app_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"clientele/internal/app/apptest"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// A store on a plan without groups or segments is refused all operations on
// them, and no others; what it has of them stays.
func TestPlansWithoutGroupsOrSegments(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := apptest.New(t, db, apptest.Options{Seed: `
stores:
  - hash: shop
    name: Shop
    channels: [{id: 1, name: Main, url: "https://shop.example.com"}]
    api_accounts:
      - {name: full, client_id: full, client_secret: secret-of-full, access_token: full-token, scopes: [all]}
      - {name: poor, client_id: poor, client_secret: secret-of-poor, access_token: poor-token, scopes: [store_v2_marketing]}
    customer_groups: [{id: 1, name: Trade}]
    customers: [{email: a@example.com, first_name: A, last_name: B, customer_group_id: 1}]
  - hash: other
    name: Other
    channels: [{id: 1, name: Main, url: "https://other.example.com"}]
    api_accounts:
      - {name: full, client_id: theirs, client_secret: secret-of-theirs, access_token: their-token, scopes: [all]}
`})
		send := func(method, path, token, body string) *httptest.ResponseRecorder {
			r := httptest.NewRequestWithContext(t.Context(), method, "http://example.com/stores/"+path, strings.NewReader(body))
			r.Header.Set("X-Auth-Token", token)
			if body != "" {
				r.Header.Set("Content-Type", "application/json")
			}
			out := httptest.NewRecorder()
			w.Handler.ServeHTTP(out, r)
			return out
		}
		set := func(change map[string]any) {
			t.Helper()
			if _, err := w.Core.Stores.ChangeSettings(t.Context(), 1, change); err != nil {
				t.Fatal(err)
			}
		}
		of := map[string][]string{
			"plan_customer_groups": {
				"GET v2/customer_groups", "GET v2/customer_groups/count", "GET v2/customer_groups/1", `POST v2/customer_groups {"name":"New"}`, `PUT v2/customer_groups/1 {"name":"X"}`,
				"DELETE v2/customer_groups/1", "DELETE v2/customer_groups",
			},
			"plan_customer_segmentation": {
				"GET v3/segments", `POST v3/segments [{"name":"New"}]`, `PUT v3/segments [{"id":"a0000000-0000-4000-8000-000000001001","name":"X"}]`, "DELETE v3/segments", "GET v3/shopper-profiles",
				`POST v3/shopper-profiles [{"customer_id":1}]`, "DELETE v3/shopper-profiles", "GET v3/segments/a0000000-0000-4000-8000-000000001001/shopper-profiles",
				"GET v3/shopper-profiles/a0000000-0000-4000-8000-000000001001/segments",
			},
		}
		ask := func(request, hash, token string) *httptest.ResponseRecorder {
			method, rest, _ := strings.Cut(request, " ")
			path, body, _ := strings.Cut(rest, " ")
			return send(method, hash+"/"+path, token, body)
		}
		for setting, requests := range of {
			set(map[string]any{"plan_customer_groups": nil, "plan_customer_segmentation": nil})
			set(map[string]any{setting: false})
			for name, list := range of {
				for _, request := range list {
					if name != setting {
						if strings.HasPrefix(request, "GET") {
							if a := ask(request, "shop", "full-token"); a.Code == http.StatusForbidden {
								t.Errorf("%s without %s: %d %s", request, setting, a.Code, a.Body)
							}
						}
						continue
					}
					a := ask(request, "shop", "full-token")
					if a.Code != http.StatusForbidden || !strings.Contains(a.Body.String(), "The store's plan has no "+strings.ReplaceAll(strings.TrimPrefix(setting, "plan_"), "_", " ")+".") {
						t.Errorf("%s: %d %s", request, a.Code, a.Body)
					}
					if a := ask(request, "shop", "poor-token"); a.Code != http.StatusForbidden || !strings.Contains(a.Body.String(), "scope") {
						t.Errorf("%s without the scope: %d %s", request, a.Code, a.Body)
					}
				}
			}
			if a := ask(requests[0], "other", "their-token"); a.Code == http.StatusForbidden {
				t.Errorf("another store: %d %s", a.Code, a.Body)
			}
			if a := send("GET", "shop/v3/customers", "full-token", ""); a.Code != http.StatusOK || !strings.Contains(a.Body.String(), `"customer_group_id":1`) {
				t.Errorf("customers: %d %s", a.Code, a.Body)
			}
		}
		set(map[string]any{"plan_customer_groups": true, "plan_customer_segmentation": true})
		if a := send("GET", "shop/v2/customer_groups/1", "full-token", ""); a.Code != http.StatusOK || !strings.Contains(a.Body.String(), "Trade") {
			t.Errorf("what was there before: %d %s", a.Code, a.Body)
		}
	})
}
