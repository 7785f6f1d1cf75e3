package app_test

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"clientele/internal/app"
)

// With a door of its own the management API and the metrics are nowhere else.
func TestInternalDoor(t *testing.T) {
	t.Parallel()
	s, _, _ := start(t, func(c *app.Config) { c.InternalListen, c.Seed = "127.0.0.1:0", write(t, lonelySeed) })
	const token = "token-one-and-some-more-text-0123456789"
	normal := regexp.MustCompile(`[0-9a-f]{32}`)
	ask := func(base, method, path string) (int, string) {
		t.Helper()
		status, text := fetch(t, method, base+path, token, "")
		return status, normal.ReplaceAllString(text, "")
	}
	unknown, words := ask(s.URL, http.MethodGet, "/nothing/here")
	if unknown != http.StatusNotFound {
		t.Fatal(unknown, words)
	}
	for _, path := range []string{"/metrics", "/metrics/", "/stores/one/v3/customers", "/stores/one/v3/customers/", "/stores/one/v2/customers", "/stores/one/v2/customers.xml", "/stores/one", "/stores/", "/stores/one%2fv3/customers", "//stores/one/v3/customers", "/api/v2/customers", "/api/v2/time.json"} {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
			status, text := ask(s.URL, method, path)
			if status != unknown || text != words {
				t.Errorf("in public %s %s answers %d %s, an unknown path %d %s", method, path, status, text, unknown, words)
			}
		}
	}
	for path, want := range map[string]int{"/metrics": 200, "/healthz": 200, "/readyz": 200, "/stores/one/v3/customers?limit=1": 200, "/stores/one/v2/customers/count": 200, "/api/v2/customers": 401, "/login.php": 404, "/docs": 404, "/graphql": 404, "/api/storefront/form-fields": 404} {
		if status, text := ask(s.InternalURL(), http.MethodGet, path); status != want {
			t.Errorf("inside %s answers %d %s", path, status, text)
		}
	}
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/login.php": 200, "/docs": 200, "/graphql": 401} {
		if status, text := ask(s.URL, http.MethodGet, path); status != want {
			t.Errorf("in public %s answers %d %s", path, status, text)
		}
	}
	// What happens at either door is counted, and V2 links to where it was asked.
	if _, text := ask(s.InternalURL(), http.MethodGet, "/metrics"); !strings.Contains(text, `route="/login.php"`) || !strings.Contains(text, `route="/stores/{store_hash}/v3/customers"`) {
		t.Error(text)
	}
	if _, text := ask(s.InternalURL(), http.MethodGet, "/stores/one/v2/customers?limit=1"); !strings.Contains(text, s.InternalURL()+"/stores/one/v2/customers/") {
		t.Error(text)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Run(ctx); err != nil {
		t.Error(err)
	}
	for _, url := range []string{s.URL, s.InternalURL()} {
		if res, err := http.Get(url + "/healthz"); err == nil {
			res.Body.Close()
			t.Errorf("%s is still open", url)
		}
	}
}
