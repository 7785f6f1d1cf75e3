package app_test

import (
	"net/http"
	"strings"
	"testing"

	"clientele/internal/app"
)

// Pages are counted by pattern, as the routes of the APIs are.
func TestPagesAreCounted(t *testing.T) {
	t.Parallel()
	s, _, _ := start(t, func(*app.Config) {})
	for path, want := range map[string]int{"/login.php?action=reset_password": 200, "/account.php": 200, "/assets/states/DE.json": 200, "/graphql": 401} {
		if status, body := fetch(t, http.MethodGet, s.URL+path, "", ""); status != want {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	_, body := fetch(t, http.MethodGet, s.URL+"/metrics", "", "")
	for _, want := range []string{
		`clientele_http_requests_total{method="GET",route="/login.php",status="200"} 2`,
		`clientele_http_requests_total{method="GET",route="/account.php",status="303"} 1`,
		`clientele_http_requests_total{method="GET",route="/assets/states/{country}.json",status="200"} 1`,
		`clientele_http_requests_total{method="GET",route="/graphql",status="401"} 1`,
		`clientele_http_request_duration_seconds_count{method="GET",route="/login.php"} 2`,
	} {
		if !strings.Contains(body, want+"\n") {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(body, "reset_password") {
		t.Error("an address is in the metrics")
	}
}
