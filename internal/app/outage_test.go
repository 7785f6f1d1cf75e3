package app_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"clientele/internal/app"
	"clientele/internal/testing/pgcluster"
)

// Without its database every surface says that the service is not available,
// and when to come again; each such request is one line of the log.
func TestOutageOfEveryDoor(t *testing.T) {
	cluster, err := pgcluster.Start(t.Context(), pgcluster.Options{})
	if errors.Is(err, pgcluster.ErrMissing) && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Stop(); err != nil {
			t.Log(err)
		}
	})
	file := filepath.Join(t.TempDir(), "seed.yaml")
	if err := os.WriteFile(file, []byte(rulesSeed), 0o600); err != nil {
		t.Fatal(err)
	}
	s, _, log := start(t, func(c *app.Config) { c.Seed, c.Database.Database = file, cluster.DSN("postgres") })
	u := &surfaces{t: t, s: s, browser: http.DefaultClient}
	var made struct{ Data struct{ Token string } }
	if err := json.Unmarshal([]byte(u.rest("POST /v3/storefront/api-token", `{"channel_id":1,"expires_at":4000000000}`)), &made); err != nil {
		t.Fatal(err)
	}
	u.bearer = made.Data.Token
	u.graphql(`{ site { settings { storeName } } }`)
	u.send("GET", "/login.php", "", "")
	if err := cluster.Kill(); err != nil {
		t.Fatal(err)
	}
	for _, ask := range []struct {
		name, method, path, body string
		header                   []string
		wait                     string // the header that tells when to come again
	}{
		{"V3", "GET", "/stores/demo/v3/customers", "", []string{"X-Auth-Token", "token"}, "X-Retry-After"},
		{"V3 write", "POST", "/stores/demo/v3/customers", `[{"email":"a@example.com","first_name":"A","last_name":"B"}]`, []string{"X-Auth-Token", "token"}, "X-Retry-After"},
		{"V2", "GET", "/stores/demo/v2/customers", "", []string{"X-Auth-Token", "token"}, "X-Retry-After"},
		{"REST", "GET", "/api/storefront/form-fields", "", nil, "X-Retry-After"},
		{"REST write", "POST", "/api/storefront/subscriptions", `{"email":"a@example.com","acceptsMarketingNewsletter":true}`, nil, "X-Retry-After"},
		{"a page", "GET", "/login.php", "", []string{"Cookie", "SHOP_SESSION_TOKEN=" + strings.Repeat("0", 64)}, "Retry-After"},
		{"GraphQL, unknown token", "POST", "/graphql", `{"query":"{ site { publicWishlist(token: \"x\") { name } } }"}`, []string{"Authorization", "Bearer " + made.Data.Token}, "Retry-After"},
	} {
		before := strings.Count(log.String(), "level=ERROR")
		status, body, header := u.request(http.DefaultClient, ask.method, ask.path, "application/json", ask.body, ask.header...)
		text := regexp.MustCompile(`\s+`).ReplaceAllString(body, " ")
		if status != http.StatusServiceUnavailable || header.Get(ask.wait) == "" {
			// Inside GraphQL's answer the error says so itself.
			if ask.path != "/graphql" || status != http.StatusOK || !strings.Contains(text, `"code":"SERVICE_UNAVAILABLE"`) || !strings.Contains(text, `"retryAfter":1`) {
				t.Errorf("%s: %d %v %.200s", ask.name, status, header, text)
			}
		}
		if n := strings.Count(log.String(), "level=ERROR") - before; n < 1 || strings.Contains(log.String(), "panic") {
			t.Errorf("%s: %d errors in the log", ask.name, n)
		}
	}
}
