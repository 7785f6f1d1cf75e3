package pages_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"clientele/internal/app"
	"clientele/internal/app/apptest"
	"clientele/internal/auth"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// When the last token with origins has ended, the next page takes the cookie
// of the session home, whether or not activity extends the session.
func TestCookieComesHome(t *testing.T) {
	for name, settings := range map[string]string{
		"extended":     "{language: en}",
		"not extended": "{language: en, storefront: {shopper_activity_extends_duration: false, shopper_inactivity_duration_seconds: 7200}}",
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
				w := apptest.New(t, db, apptest.Options{
					Seed:   "stores:\n  - hash: shop\n    name: Shop\n    settings: " + settings + people,
					Change: func(c *app.Config) { c.TrustedProxies = []string{"192.0.2.0/24"} },
				})
				token, err := w.Core.Tokens.Create(t.Context(), 1, auth.NewToken{Kind: auth.BrowserToken, ClientID: "app", ChannelID: opt.Some[int64](1), Expires: w.Clock.Now().Unix() + 86400, Origins: opt.Some([]string{"https://other.example"})})
				if err != nil {
					t.Fatal(err)
				}
				cookies := map[string]*http.Cookie{}
				ask := func(method, path, body string) *http.Cookie {
					r := httptest.NewRequest(method, "https://shop.example"+path, strings.NewReader(body))
					r.TLS = nil
					r.Header.Set("X-Forwarded-Proto", "https")
					r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
					for _, c := range cookies {
						r.AddCookie(c)
					}
					a := httptest.NewRecorder()
					w.Handler.ServeHTTP(a, r)
					for _, c := range a.Result().Cookies() {
						cookies[c.Name] = c
					}
					if a.Code >= 400 {
						t.Fatalf("%s: %d %s", path, a.Code, a.Body)
					}
					return cookies["SHOP_SESSION_TOKEN"]
				}
				ask("GET", "/login.php", "")
				c := ask("POST", "/login.php?action=check_login", "login_email=jane@example.com&login_pass=correct+horse+1&authenticity_token="+cookies["clientele_form"].Value)
				if c == nil || c.SameSite != http.SameSiteNoneMode {
					t.Fatalf("signed in with %v", c)
				}
				first := c.MaxAge
				if err := w.Core.Tokens.Revoke(t.Context(), 1, token); err != nil {
					t.Fatal(err)
				}
				w.Clock.Advance(time.Minute)
				c = ask("GET", "/account.php", "")
				if c.SameSite != http.SameSiteLaxMode || !c.Secure {
					t.Errorf("the cookie is %v", c)
				}
				want := first
				if name == "not extended" {
					want -= 60
				}
				if c.MaxAge != want {
					t.Errorf("kept for %d s after %d s, want %d s", c.MaxAge, first, want)
				}
			})
		})
	}
}
