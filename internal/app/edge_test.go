package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"clientele/internal/app"
)

// In production the public URL decides how clients come, whatever a proxy that
// nobody declared leaves of it.
func TestPublicURLDecides(t *testing.T) {
	for _, mode := range []string{"production", "development"} {
		s, _, log := start(t, func(c *app.Config) {
			c.Mode, c.PublicURL, c.Seed = mode, "https://crm.example.org", write(t, lonelySeed)
		})
		production := mode == "production"
		ask := func(method, path string, header ...string) *http.Response {
			t.Helper()
			body := `{"email":"a@example.com","acceptsMarketingNewsletter":true}`
			if strings.HasSuffix(path, "/consent") {
				body = `{"allow":[1],"deny":[2,3]}`
			}
			req, err := http.NewRequestWithContext(t.Context(), method, "http://"+s.Address()+path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			req.Host = "crm.example.org"
			req.Header.Set("Content-Type", "application/json")
			for i := 0; i < len(header); i += 2 {
				req.Header.Set(header[i], header[i+1])
			}
			res, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			return res
		}
		cookies := 0
		check := func(what string, res *http.Response) {
			t.Helper()
			if got := res.Header.Values("Strict-Transport-Security"); (len(got) == 1 && got[0] == "max-age=31536000") != production {
				t.Errorf("%s, %s: Strict-Transport-Security is %q", mode, what, got)
			}
			for _, c := range res.Cookies() {
				cookies++
				if c.Secure != production {
					t.Errorf("%s, %s: %s", mode, what, c.Raw)
				}
			}
		}
		for _, in := range []string{
			"GET /", "GET /login.php", "GET /account.php", "GET /nothing", "GET /assets/style.css", "GET /healthz", "GET /readyz", "GET /metrics", "GET /docs", "GET /openapi.json",
			"GET /graphql", "OPTIONS /graphql", "GET /stores/one/v3/customers", "GET /stores/one/v2/customers", "PATCH /stores/one/v3/customers", "GET /stores/nothing", "GET /api/v2/customers",
			"POST /api/storefront/subscriptions", "POST /api/storefront/consent", "GET /customer/current.jwt?app_client_id=one", "GET /login/token/x", "GET /session-sync?jwt=x", "DELETE /login.php", "POST /login.php",
		} {
			method, path, _ := strings.Cut(in, " ")
			check(in, ask(method, path))
		}
		if cookies < 3 {
			t.Errorf("only %d cookies were set", cookies)
		}
		// A page of http is another origin.
		for origin, want := range map[string]bool{"https://crm.example.org": true, "http://crm.example.org": !production, "https://evil.example": false} {
			if got := ask("POST", "/api/storefront/subscriptions", "Origin", origin).StatusCode; (got == http.StatusOK) != want {
				t.Errorf("%s, a page of %s: %d", mode, origin, got)
			}
		}
		if production != strings.Contains(log.String(), "the server has no certificate") {
			t.Errorf("%s: %s", mode, log)
		}
	}
}

// The first request that a proxy passed on tells the operator that it is not
// declared.
func TestUndeclaredProxy(t *testing.T) {
	for declared, want := range map[string]int{"": 1, "127.0.0.1": 0} {
		s, _, log := start(t, func(c *app.Config) {
			if declared != "" {
				c.TrustedProxies = []string{declared}
			}
		})
		for i := range 3 {
			for _, header := range []string{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host"} {
				for _, path := range []string{"/healthz", "/login.php", "/stores/x/v3/customers"} {
					req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, nil)
					if err != nil {
						t.Fatal(err)
					}
					req.Header.Set(header, fmt.Sprintf("198.51.100.%d", i))
					res, err := http.DefaultClient.Do(req)
					if err != nil {
						t.Fatal(err)
					}
					res.Body.Close()
				}
			}
		}
		if got := strings.Count(log.String(), "--trusted-proxy does not name"); got != want || strings.Contains(log.String(), "198.51.100") {
			t.Errorf("declared %q: told %d times: %s", declared, got, log)
		}
	}
	s, _, log := start(t, func(*app.Config) {})
	fetch(t, http.MethodGet, s.URL+"/healthz", "", "")
	if strings.Contains(log.String(), "--trusted-proxy") {
		t.Error(log)
	}
}
