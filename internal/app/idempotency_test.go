package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"

	"net/http/httptest"

	"clientele/internal/app/apptest"
)

const idempotencySeed = `
stores:
  - hash: one
    api_accounts:
      - {name: A, client_id: cli-a, client_secret: sec-a, access_token: one-a-token, scopes: [all]}
      - {name: B, client_id: cli-b, client_secret: sec-b, access_token: one-b-token, scopes: [all]}
  - hash: two
    api_accounts:
      - {name: A, client_id: cli-c, client_secret: sec-c, access_token: two-a-token, scopes: [all]}
`

type keyedWorld struct {
	*apptest.World
	t *testing.T
}

func (w *keyedWorld) send(method, path, token, key, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Host = "api.example"
	r.Header.Set("X-Auth-Token", token)
	r.Header.Set("Content-Type", "application/json")
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	a := httptest.NewRecorder()
	w.Handler.ServeHTTP(a, r)
	return a
}

func (w *keyedWorld) customers(store string) int {
	w.t.Helper()
	a := w.send("GET", "/stores/"+store+"/v2/customers/count", store+"-a-token", "", "")
	var n int
	if _, err := fmt.Sscanf(a.Body.String(), `{"count":%d}`, &n); err != nil {
		w.t.Fatal(a.Body)
	}
	return n
}

func newCustomer(name string) string {
	return `[{"email":"` + name + `@example.com","first_name":"A","last_name":"B"}]`
}

// A repeat is answered as the request was, and writes nothing.
func TestIdempotencyKeys(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := &keyedWorld{apptest.New(t, db, apptest.Options{Seed: idempotencySeed}), t}
		const path = "/stores/one/v3/customers"
		first := w.send("POST", path, "one-a-token", "key-1", newCustomer("a"))
		if first.Code != 200 || first.Header().Get("Idempotent-Replayed") != "" {
			t.Fatal(first.Code, first.Body)
		}
		w.Clock.Advance(time.Minute)
		again := w.send("POST", path, "one-a-token", "key-1", newCustomer("a"))
		if again.Code != first.Code || again.Body.String() != first.Body.String() || again.Header().Get("Idempotent-Replayed") != "true" || again.Header().Get("Content-Type") != first.Header().Get("Content-Type") {
			t.Error("a repeat:", again.Code, again.Header(), again.Body)
		}
		for name, a := range map[string]*httptest.ResponseRecorder{
			"another body":   w.send("POST", path, "one-a-token", "key-1", newCustomer("b")),
			"another method": w.send("PUT", path, "one-a-token", "key-1", newCustomer("a")),
			"another path":   w.send("POST", "/stores/one/v2/customers", "one-a-token", "key-1", newCustomer("a")),
			"a query":        w.send("DELETE", path+"?id:in=1", "one-a-token", "key-1", ""),
		} {
			if a.Code != http.StatusUnprocessableEntity || !strings.Contains(a.Body.String(), "Idempotency-Key") {
				t.Errorf("%s: %d %s", name, a.Code, a.Body)
			}
		}
		for _, other := range []struct{ store, token, name string }{{"one", "one-b-token", "c"}, {"two", "two-a-token", "a"}} {
			if a := w.send("POST", "/stores/"+other.store+"/v3/customers", other.token, "key-1", newCustomer(other.name)); a.Code != 200 || a.Header().Get("Idempotent-Replayed") != "" {
				t.Errorf("the key of %s: %d %s", other.token, a.Code, a.Body)
			}
		}
		for _, key := range []string{" ", "a b", "ä", strings.Repeat("x", 256)} {
			if a := w.send("POST", path, "one-a-token", key, newCustomer("d")); a.Code != 422 {
				t.Errorf("the key %q: %d %s", key, a.Code, a.Body)
			}
			if a := w.send("POST", "/stores/one/v2/customers", "one-a-token", key, newCustomer("d")); a.Code != 400 {
				t.Errorf("the key %q in V2: %d %s", key, a.Code, a.Body)
			}
		}
		// A refusal is not kept: the key is free, also for another request.
		if a := w.send("POST", path, "one-a-token", "key-2", newCustomer("a")); a.Code != 422 {
			t.Error(a.Code, a.Body)
		}
		if a := w.send("POST", path, "one-a-token", "key-2", newCustomer("e")); a.Code != 200 {
			t.Error("a key after a refusal:", a.Code, a.Body)
		}
		if n := w.customers("one"); n != 3 {
			t.Errorf("%d customers", n)
		}
		// A day later it is forgotten.
		w.Clock.Advance(24 * time.Hour)
		if a := w.send("POST", path, "one-a-token", "key-1", newCustomer("a")); a.Code != 422 || a.Header().Get("Idempotent-Replayed") != "" {
			t.Error("after a day:", a.Code, a.Body)
		}
	})
}

// The management API's GraphQL keeps the answers to mutations too.
func TestIdempotencyOfTheAdminGraph(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := &keyedWorld{apptest.New(t, db, apptest.Options{Seed: idempotencySeed}), t}
		const path = "/stores/one/graphql"
		body := func(label string) string {
			return `{"query":"mutation { translation { updateTranslations(input: {resourceType: CUSTOMER_FORM_FIELDS, channelId: \"bc/store/channel/1\", localeId: \"bc/store/locale/fr\", entities: [{resourceId: \"bc/store/customerFormField/1\", fields: [{fieldName: \"label\", value: \"` + label + `\"}]}]}) { errors { __typename } } } }"}`
		}
		first := w.send("POST", path, "one-a-token", "graph", body("Courriel"))
		if first.Code != 200 || !strings.Contains(first.Body.String(), `"errors":[]`) {
			t.Fatal(first.Code, first.Body)
		}
		again := w.send("POST", path, "one-a-token", "graph", body("Courriel"))
		if again.Code != 200 || again.Body.String() != first.Body.String() || again.Header().Get("Idempotent-Replayed") != "true" {
			t.Error("a repeat:", again.Code, again.Header(), again.Body)
		}
		if a := w.send("POST", path, "one-a-token", "graph", body("Adresse")); a.Code != http.StatusUnprocessableEntity && !strings.Contains(a.Body.String(), "Idempotency-Key") {
			t.Error("another mutation:", a.Code, a.Body)
		}
		if a := w.send("POST", path, "one-b-token", "graph", body("Adresse")); a.Code != 200 || a.Header().Get("Idempotent-Replayed") != "" {
			t.Error("another account's key:", a.Code, a.Body)
		}
		// A query writes nothing, so its key is free.
		const query = `{"query":"{ i18n { supportedLocales { edges { node { code } } } } }"}`
		for range 2 {
			if a := w.send("POST", path, "one-a-token", "query", query); a.Code != 200 || a.Header().Get("Idempotent-Replayed") != "" {
				t.Error("a query:", a.Code, a.Body)
			}
		}
	})
}

// Of requests at once with one key, one is done. The others are told to come
// again, or are answered alike.
func TestIdempotencyRace(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		var worlds []*keyedWorld
		worlds = append(worlds, &keyedWorld{apptest.New(t, db, apptest.Options{Seed: idempotencySeed}), t})
		if db.Engine() == sqldb.Postgres { // a second process
			worlds = append(worlds, &keyedWorld{apptest.New(t, db, apptest.Options{}), t})
		}
		const path = "/stores/one/v3/customers"
		var mu sync.Mutex
		done := map[string]int{}
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				w := worlds[i%len(worlds)]
				a := w.send("POST", path, "one-a-token", "race", newCustomer("race"))
				mu.Lock()
				defer mu.Unlock()
				switch {
				case a.Code == http.StatusConflict && a.Header().Get("X-Retry-After") != "":
				case a.Code == http.StatusOK:
					done[a.Body.String()]++
				default:
					t.Error(a.Code, a.Body)
				}
			})
		}
		wg.Wait()
		if len(done) != 1 || worlds[0].customers("one") != 1 {
			t.Errorf("%d answers, %d customers", len(done), worlds[0].customers("one"))
		}
		for _, w := range worlds {
			a := w.send("POST", path, "one-a-token", "race", newCustomer("race"))
			if a.Header().Get("Idempotent-Replayed") != "true" || done[a.Body.String()] == 0 {
				t.Error(a.Code, a.Body)
			}
		}
	})
}
