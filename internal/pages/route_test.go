package pages_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"clientele/internal/channel"
	"clientele/internal/opt"
	"clientele/internal/setting"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// headless is a shop whose storefront is elsewhere, with routes, beside a store
// with other ones.
func headless(url, routes string) string {
	return shop + `
    channels:
      - {id: 1, name: Shop, url: "` + url + `", routes: [` + routes + `]}
  - hash: other
    channels:
      - {id: 1, name: Other, url: "https://www.other.example", routes: [{type: login, route: /theirs}, {type: account, route: /theirs}, {type: home, route: /theirs}]}
    checkout_settings: {should_redirect_to_storefront_for_auth: true}
`
}

const everyRoute = `{type: home, route: /}, {type: login, route: /login/}, {type: logout, route: /logout/}, {type: create_account, route: "/{lang}/register?a=b#form"},
	{type: forgot_password, route: /login/forgot-password}, {type: account, route: /account/}, {type: account_order_status, route: /account/orders/}, {type: account_new_return, route: /account/returns/}`

// at is a browser that visits a host of the server and stays where it is sent
// from.
func (w *world) at(t *testing.T, host string) *browser {
	b := w.browser(t)
	b.base = "http://" + host
	b.client.Transport = &http.Transport{DialContext: dial(w.server)}
	b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return b
}

// led checks that the last answer leads on.
func (b *browser) led(to string) *browser {
	b.t.Helper()
	if got := b.header.Get("Location"); b.status != http.StatusSeeOther || got != to {
		b.t.Errorf("%s: %d to %q, want %q", b.path, b.status, got, to)
	}
	return b
}

func (w *world) redirectForAuth(t *testing.T, on bool) {
	t.Helper()
	in := setting.CheckoutUpdate{}
	in.Flag(store.RedirectForAuth, opt.Some(on))
	if _, err := w.Settings.PutCheckout(t.Context(), 1, 1, in); err != nil {
		t.Fatal(err)
	}
}

// Pages that a headless storefront has lead there; it signs shoppers in and out
// where its checkout settings say so.
func TestPagesOfAHeadlessStorefront(t *testing.T) {
	each(t, headless("https://www.shop.example", everyRoute), func(t *testing.T, w *world) {
		const there = "https://www.shop.example"
		b := w.at(t, "store-shop.localhost")
		anywhere := func(who string, b *browser) {
			t.Helper()
			for path, to := range map[string]string{
				"/": "/", "/account.php": "/account/", "/account.php?action=order_status": "/account/orders/", "/account.php?action=view_orders": "/account/orders/", "/account.php?action=view_returns": "/account/returns/",
				"/login.php?action=reset_password": "/login/forgot-password", "/login.php?action=create_account": "/en/register?a=b#form",
				"/account.php?utm=1&redirectTo=https://evil.example": "/account/", "/?url=//evil.example": "/",
			} {
				if b.get(path); b.header.Get("Location") != there+to || b.status != http.StatusSeeOther {
					t.Errorf("%s at %s: %d %s", who, path, b.status, b.header.Get("Location"))
				}
			}
		}
		anywhere("a guest", b)
		b.do(http.MethodHead, "/account.php", "", "").led(there + "/account/")
		b.lang = "fr"
		b.get("/login.php?action=create_account").led(there + "/fr/register?a=b#form")
		b.lang = ""
		// Without the setting shoppers sign in and out here.
		b.get("/login.php").want(200, "", "Sign in")
		b.get("/login.php?action=logout").led("/login.php")
		// Pages that no route names are here.
		b.get("/account.php?action=address_book").led("/login.php?from=%2Faccount.php%3Faction%3Daddress_book")
		b.get("/login.php?action=change_password&c=1&t=x").want(200, "")
		b.get("/wishlist.php").led("/login.php?from=%2Fwishlist.php")
		signIn := func() {
			t.Helper()
			b.get("/login.php").want(200, "").post("/login.php?action=check_login", "login_email", "jane@example.com", "login_pass", "correct horse 1").led("/account.php")
		}
		signIn()
		// A storefront may use the account here for its own: who has just come
		// signed in is not sent back.
		for _, path := range []string{"/account.php", "/account.php?action=order_status", "/account.php?action=view_returns"} {
			b.get(path).want(200, "")
		}
		b.get("/").led(there + "/")
		w.Clock.Advance(2 * time.Minute)
		anywhere("a customer", b)
		b.get("/account.php?action=address_book").want(200, "", "Address book")
		b.post("/login.php?action=logout").led("/login.php")
		signIn()

		w.redirectForAuth(t, true)
		b.get("/login.php").led("/account.php") // who is signed in need not
		b.get("/account.php?action=address_book").want(200, "").post("/login.php?action=logout").led(there + "/logout/")
		b.get("/account.php?action=address_book").led("/login.php?from=%2Faccount.php%3Faction%3Daddress_book") // signed out here too
		anywhere("a guest", b)
		for from, back := range map[string]string{
			"": "", "from=": "", "from=%2Fcheckout": "/checkout", "from=%2Fcart.php%3Fa%3Db%26c": "/cart.php?a=b&c",
			// What the storefront has instead of ours,
			"from=%2Faccount.php": "/account/", "from=account.php%3Faction%3Dorder_status": "/account/orders/", "from=%2F": "/",
			// or has not.
			"from=%2Faccount.php%3Faction%3Daddress_book": "", "from=%2Fwishlist.php": "",
			// No way out.
			"from=https%3A%2F%2Fevil.example": "/account/", "from=%2F%2Fevil.example": "/account/", "from=%2F%5Cevil.example": "/account/",
		} {
			want := there + "/login/"
			if back != "" {
				want += "?redirectTo=" + url.QueryEscape(back)
			}
			b.get("/login.php?" + from).led(want)
		}
		b.get("/login.php?action=logout").led("/login.php")
		// What is posted is done here.
		b.get("/login.php?action=change_password&c=1&t=x").post("/login.php?action=check_login", "login_email", "jane@example.com", "login_pass", "wrong").want(422, "")
		b.post("/login.php?action=check_login", "login_email", "jane@example.com", "login_pass", "correct horse 1").led("/account.php")
		w.redirectForAuth(t, false)
		b = w.at(t, "store-shop.localhost")
		b.get("/login.php").want(200, "")

		// The setting of the store holds for the channel, and not for another store.
		other := w.at(t, "store-other.localhost")
		other.get("/login.php").led("https://www.other.example/theirs")
		other.get("/login.php?action=create_account").want(200, "")
		for _, r := range []string{channel.RouteHome, channel.RouteAccount} {
			routes, _, err := w.Channels.Routes(t.Context(), 1, 1, channel.RouteList.New())
			if err != nil {
				t.Fatal(err)
			}
			for i := range routes {
				if routes[i].Type == r {
					if err := w.Channels.DeleteRoute(t.Context(), 1, 1, routes[i].ID); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		b.get("/").want(200, "", "Welcome to Garden")
		b.get("/account.php").led("/login.php?from=%2Faccount.php")
	})
}

// A storefront that passes on to us what it does not have, at its own host or
// without telling it, leads nobody round in circles: its routes to our own pages
// are not followed.
func TestRoutesToOurOwnPages(t *testing.T) {
	const ours = `{type: home, route: /}, {type: login, route: "/account.php?x=1"}, {type: account, route: /login.php}, {type: create_account, route: "/x/../login.php"}, {type: forgot_password, route: "/%6cogin.php#a"}, {type: logout, route: /logout}`
	each(t, headless("http://www.shop.example", ours), func(t *testing.T, w *world) {
		w.redirectForAuth(t, true)
		for _, host := range []string{"store-shop.localhost", "www.shop.example"} {
			b := w.at(t, host)
			b.get("/login.php").want(200, "", "Sign in")
			b.get("/account.php").led("/login.php?from=%2Faccount.php")
			b.get("/login.php?action=create_account").want(200, "", "Create account")
			b.get("/login.php?action=reset_password").want(200, "")
		}
		w.at(t, "store-shop.localhost").get("/").led("http://www.shop.example/")
		b := w.at(t, "www.shop.example")
		b.get("/").want(200, "", "Welcome to Garden")
		// A page of the storefront's own at the host that both have.
		b.get("/login.php").post("/login.php?action=check_login", "login_email", "jane@example.com", "login_pass", "correct horse 1").led("/account.php")
		b.get("/account.php").want(200, "", "Hello, Jane").post("/login.php?action=logout").led("http://www.shop.example/logout")
	})
	// At the host that both have, every page here can be returned to.
	each(t, headless("http://www.shop.example", `{type: login, route: /sign-in}`), func(t *testing.T, w *world) {
		w.redirectForAuth(t, true)
		b := w.at(t, "www.shop.example")
		b.get("/login.php?from=%2Faccount.php%3Faction%3Daddress_book").led("http://www.shop.example/sign-in?redirectTo=" + url.QueryEscape("/account.php?action=address_book"))
	})
}

// Nobody is sent to a host that is not the store's.
func TestRoutesOfAHostThatDoesNotCount(t *testing.T) {
	each(t, headless("https://www.shop.example", strings.ReplaceAll(everyRoute, "\n", "")), func(t *testing.T, w *world) {
		w.redirectForAuth(t, true)
		w.unprove(t, "www.shop.example")
		b := w.at(t, "store-shop.localhost")
		for _, path := range []string{"/", "/login.php", "/login.php?action=create_account"} {
			b.get(path).want(200, "")
		}
	})
}

// unprove has a claim of a host count no more.
func (w *world) unprove(t *testing.T, host string) {
	t.Helper()
	err := w.DB.Write(t.Context(), 1, func(tx *sqldb.Tx) error {
		return tx.Exec(sqldb.Dynamic(`UPDATE site_hosts SET date_proved = 0 WHERE store_id = $1 AND name = $2`), host)
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Clock.Advance(time.Minute) // what was read of hosts is trusted for a while
}
