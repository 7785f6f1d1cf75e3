package app_test

import (
	"net/http"
	"strings"
	"testing"

	"clientele/internal/app"
)

// With a door of its own the control panel is nowhere else, and nothing else is
// there.
func TestManageDoor(t *testing.T) {
	t.Parallel()
	for allow, reached := range map[string]bool{"": true, "127.0.0.0/8": true, "203.0.113.0/24": false} {
		s, _, _ := start(t, func(c *app.Config) {
			c.ManageListen, c.InternalListen, c.Seed = "127.0.0.1:0", "127.0.0.1:0", write(t, lonelySeed)
			if allow != "" {
				c.ManageAllow = []string{allow}
			}
		})
		const token = "token-one-and-some-more-text-0123456789"
		for _, path := range []string{"/manage", "/manage/sign-in", "/manage/setup?key=x", "/manage/store/one", "/manage/assets/panel.css", "/manage/nothing"} {
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				for _, at := range []string{s.URL, s.InternalURL()} {
					if status, text := fetch(t, method, at+path, token, ""); status != 404 || strings.Contains(text, "control panel") {
						t.Errorf("%s %s%s: %d %s", method, at, path, status, text)
					}
				}
			}
			status, text := fetch(t, http.MethodGet, s.ManageURL()+path, "", "")
			if is := strings.Contains(text, "control panel") || path == "/manage/assets/panel.css" && status == 200; is != reached {
				t.Errorf("allow %q: %s: %d %.200s", allow, path, status, text)
			}
		}
		for _, path := range []string{"/stores/one/v3/customers", "/graphql", "/login.php", "/api/storefront/form-fields", "/metrics", "/docs", "/healthz"} {
			if status, text := fetch(t, http.MethodGet, s.ManageURL()+path, token, ""); status != 404 {
				t.Errorf("at the panel's door %s: %d %.100s", path, status, text)
			}
		}
	}
}
