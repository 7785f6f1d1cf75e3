package pages_test

import (
	"net/http"
	"strings"
	"testing"
)

// with returns the stores of shop with settings of the storefront added.
func with(settings string) string {
	return strings.Replace(shop, "storefront: {", "storefront: {"+settings+", ", 1)
}

// Where the shop is elsewhere, links home and the first page lead there, and
// what stays on the pages does not get lost on the way.
func TestShopElsewhere(t *testing.T) {
	each(t, with(`shop_url: "https://shop.example.com/de/"`), func(t *testing.T, w *world) {
		b := w.browser(t)
		b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		for _, path := range []string{"/", "/?shop_url=https://evil.example", "//evil.example/.."} {
			if b.get(path); path != "//evil.example/.." && (b.status != 303 || b.header.Get("Location") != "https://shop.example.com/de/") || strings.Contains(b.header.Get("Location"), "evil") {
				t.Errorf("%s: %d %s", path, b.status, b.header.Get("Location"))
			}
		}
		b.get("/login.php").want(200, "", `<a class="brand" href="https://shop.example.com/de/">`)
		b.get("/nowhere").want(404, "")
		b = w.browser(t)
		b.get("/login.php").post("/subscribe.php", "nl_email", "fan", "back", "//evil.example").want(200, "/login.php", "That is not an email address.")
		b.signIn("jane@example.com", "correct horse 1").want(200, "/account.php", `<a class="brand" href="https://shop.example.com/de/">`)
	})
}

// A shop that is these pages themselves is no way round in circles.
func TestShopHere(t *testing.T) {
	for _, shop := range []string{"http://localhost/", "http://LOCALHOST.:80", "https://localhost", "http://localhost/.", "http://localhost//", "http://localhost/%2e", "http://localhost/a/..", "http://localhost/?from=account#top"} {
		t.Run(shop, func(t *testing.T) {
			each(t, with(`shop_url: "`+shop+`"`), func(t *testing.T, w *world) {
				b := w.browser(t)
				b.client.Transport = &http.Transport{DialContext: dial(w.server)}
				b.base = "http://localhost"
				b.get("/").want(200, "/", "Welcome to Garden")
			})
		})
	}
}

func TestRegistrationWithoutAddress(t *testing.T) {
	each(t, with("registration_address: false"), func(t *testing.T, w *world) {
		b := w.browser(t)
		b.get("/login.php?action=create_account").want(200, "", `name="first_name"`, `name="last_name"`, `!name="address1"`, `!name="country"`)
		fields := []string{"email", "nora@example.com", "password", "a good pass 9", "confirm_password", "a good pass 9", "last_name", "New", "field_26", "1990-05-04", "field_27", "Roses"}
		b.post("/login.php?action=save_new_account", fields...).want(422, "", "First name")
		b.post("/login.php?action=save_new_account", append(fields, "first_name", "Nora")...).want(200, "/account.php", "Hello, Nora")
		b.get("/account.php?action=address_book").want(200, "", "You have no addresses yet.")
	})
}

func TestCountryOfTheVisitor(t *testing.T) {
	each(t, strings.Replace(shop, "settings: {", "settings: {country_code: PT, ", 1), func(t *testing.T, w *world) {
		for accept, want := range map[string]string{
			"": "PT", "de": "PT", "de-AT,de;q=0.9,en-US;q=0.8": "AT", "de,de-CH;q=0.9,en-US;q=0.8": "CH", "de,en-US;q=0.8": "PT", "en-GB": "GB",
			"en-US;q=0.5,fr-CA": "CA", "es-419": "PT", "de-XX": "PT", "zh-Hant-TW": "TW", "nonsense!": "PT", strings.Repeat("de-AT,", 300): "PT",
		} {
			b := w.browser(t)
			b.lang = accept
			b.get("/login.php?action=create_account").want(200, "", `<option value="`+want+`" selected>`)
		}
		b := w.browser(t)
		b.signIn("jane@example.com", "correct horse 1")
		b.lang = "de-AT"
		b.get("/account.php?action=add_shipping_address").want(200, "", `<option value="AT" selected>`)
	})
}

// Every password can be shown where scripts run; without, nothing is there.
func TestPasswordsCanBeShown(t *testing.T) {
	each(t, shop, func(t *testing.T, w *world) {
		b := w.browser(t)
		for _, path := range []string{"/login.php", "/login.php?action=create_account", "/login.php?action=change_password&c=1&t=x"} {
			b.get(path).want(200, "", `data-show="Show" data-hide="Hide"`, `src="/assets/password.js?`)
		}
		b.get("/login.php?action=reset_password").want(200, "", "!password.js")
		b.signIn("jane@example.com", "correct horse 1")
		b.get("/account.php?action=change_password").want(200, "", `data-show="Show"`, `src="/assets/password.js?`)
		b.get("/account.php").want(200, "", "!password.js")
	})
}

// The overview shows what is known, and of nobody else.
func TestOverviewShowsWhatIsKnown(t *testing.T) {
	known := strings.Replace(shop, `password: "correct horse 1"}`, `password: "correct horse 1", company: Doe Ltd, phone: "+44 1", store_credit: "1234.50",
          addresses: [{first_name: Jane, last_name: Doe, address1: 1 First St, city: London, postal_code: N1, country_code: GB, state_or_province: ""}, {first_name: Jane, last_name: Doe, address1: 2 Second St, city: London, postal_code: N2, country_code: GB}],
          wishlists: [{name: "Roses & more"}]}`, 1)
	each(t, known, func(t *testing.T, w *world) {
		b := w.browser(t)
		b.signIn("jane@example.com", "correct horse 1").want(200, "/account.php", "jane@example.com", "Jane Doe<br>Doe Ltd<br>&#43;44 1", "1 First St", "!2 Second St",
			"Your store credit is $1,234.50.", "You do not get our newsletter.", "Roses &amp; more", "!…", "!Smith")
		for _, name := range []string{"Tulips", "Ferns", "Palms"} {
			b.get("/wishlist.php?action=addwishlist").post("/wishlist.php?action=addwishlist", "name", name)
		}
		b.get("/account.php").want(200, "", "Roses &amp; more<br>Tulips<br>Ferns<br>…", "!Palms")
		b.get("/account.php?action=newsletter").post("/account.php?action=newsletter", "newsletter", "1").get("/account.php").want(200, "", "You get our newsletter.")
		b.lang = "de"
		b.get("/account.php").want(200, "", "Ihr Guthaben beträgt", "Sie erhalten unseren Newsletter.")
		w.browser(t).get("/account.php").want(200, "/login.php?from=%2Faccount.php", "!Doe Ltd")
	})
}
