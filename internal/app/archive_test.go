package app_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"clientele/internal/app"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
)

// An archived store is not served and keeps what it has; others go on.
func TestArchivedStore(t *testing.T) {
	for _, e := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(e), func(t *testing.T) { archivedStore(t, e) })
	}
}

func archivedStore(t *testing.T, e sqldb.Engine) {
	s, _, _ := start(t, func(c *app.Config) {
		c.Database.Database, c.Seed = dbtest.DSN(t, e), write(t, `stores:
  - hash: one
    channels: [{id: 1, name: One, url: "https://one.shop"}]
    api_accounts: [{name: app, client_id: one-app, client_secret: one-secret-of-the-app, access_token: one-token, scopes: [all]}]
    customers: [{id: 1, email: a@example.com, first_name: A, last_name: B}]
  - hash: two
    api_accounts: [{name: app, client_id: two-app, client_secret: two-secret-of-the-app, access_token: two-token, scopes: [all]}]
`)
	})
	one, err := s.Stores.ByHash(t.Context(), "one")
	if err != nil {
		t.Fatal(err)
	}
	ask := func(path, token string) (int, string) {
		t.Helper()
		method, body := http.MethodGet, ""
		if strings.HasSuffix(path, "/graphql") {
			method, body = http.MethodPost, `{"query":"{ store { __typename } }"}`
		}
		return fetch(t, method, "http://"+s.Address()+path, token, body)
	}
	// until waits for an answer, as tokens are trusted for a second.
	until := func(path string, status int) string {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			got, body := ask(path, "one-token")
			if got == status {
				return body
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s: %d %s, want %d", path, got, body, status)
			}
		}
	}
	site := func(want bool) {
		t.Helper()
		hosts := store.NewHosts(s.DB, s.System)
		for _, host := range []string{"one.shop", "store-one.localhost"} {
			if _, found, err := hosts.Known(t.Context(), "https", host); err != nil || found != want {
				t.Errorf("%s is served: %v, %v; want %v", host, found, err, want)
			}
		}
		if _, found, err := hosts.Known(t.Context(), "http", "store-two.localhost"); err != nil || !found {
			t.Errorf("the other store is served: %v, %v", found, err)
		}
	}
	paths := []string{"/stores/one/v3/customers", "/stores/one/v2/customers", "/stores/one/graphql", "/stores/one/v3/clientele/search?q=a"}
	for _, path := range paths {
		until(path, http.StatusOK)
	}
	site(true)
	for i, changed := range []bool{true, false} {
		if got, err := s.Stores.Archive(t.Context(), one.ID, true); err != nil || got != changed {
			t.Fatalf("archived %d: %v, %v", i, got, err)
		}
	}
	for _, path := range paths {
		if body := until(path, http.StatusForbidden); !strings.Contains(body, "The store is archived.") {
			t.Errorf("%s says %s", path, body)
		}
	}
	site(false)
	if status, _ := ask("/stores/one/v3/customers", "two-token"); status != http.StatusUnauthorized {
		t.Errorf("another store's token: %d", status)
	}
	if status, body := ask("/stores/two/v3/customers", "two-token"); status != http.StatusOK {
		t.Errorf("the other store: %d %s", status, body)
	}
	if got, err := s.Stores.Archive(t.Context(), one.ID, false); err != nil || !got {
		t.Fatalf("put back: %v, %v", got, err)
	}
	if body := until("/stores/one/v3/customers", http.StatusOK); !strings.Contains(body, "a@example.com") {
		t.Errorf("the customers: %s", body)
	}
	site(true)
}
