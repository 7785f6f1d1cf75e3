package pages_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"clientele/internal/account"
)

const shop = `
  - hash: shop
    name: Garden & Tools
    settings: {language: en, storefront: {locales: [de, fr], theme_color: "#0a7d4f"}}
    form_fields:
      - {form: customer, name: Birthday, type: date, max: "2020-01-01"}
      - {form: customer, name: Interests, type: checkbox, choices: [Roses, Tools], required: true}
      - {form: customer, name: Children, type: number, min: "0", max: "20"}
      - {form: address, name: Delivery note, type: multiline, max_length: 100}
      - {form: address, name: Floor, type: dropdown, choices: [Ground, First], placeholder: Pick one}
` + people

func registration(change ...string) []string {
	v := map[string]string{
		"email": "new@example.com", "password": "a good pass 9", "confirm_password": "a good pass 9", "first_name": "Nora", "last_name": "New",
		"address1": "1 Main St", "city": "Austin", "country": "US", "state": "Texas", "postal_code": "78701", "field_27": "Roses",
	}
	for i := 0; i < len(change); i += 2 {
		v[change[i]] = change[i+1]
	}
	var out []string
	for k, x := range v {
		out = append(out, k, x)
	}
	return out
}

func TestADayInTheShop(t *testing.T) {
	each(t, shop, func(t *testing.T, w *world) {
		b := w.browser(t)
		b.get("/").want(200, "/", "Welcome to Garden &amp; Tools", "/login.php?action=create_account")
		b.get("/account.php?action=address_book").want(200, "/login.php?from=%2Faccount.php%3Faction%3Daddress_book", "Please sign in first.")
		b.get("/login.php?action=create_account").want(200, "", "Create account", `name="field_27"`, "Texas", `autocomplete="new-password"`)

		// Everything that is wrong is said at once, and what was entered stays.
		b.post("/login.php?action=save_new_account", registration("email", "nonsense", "password", "short", "confirm_password", "other", "state", "", "field_27", "", "field_28", "21")...)
		b.want(422, "", "Error: Create account", "The passwords are not the same.", "Please choose.", `value="1 Main St"`, `value="nonsense"`, `aria-invalid="true"`, `href="#f-state"`, "!short", `href="#f-field_27-0"`)
		b.post("/login.php?action=save_new_account", registration("email", "nonsense", "password", "short", "confirm_password", "short", "field_28", "21")...)
		b.want(422, "", "Please enter an email address such as", "The password needs at least 7 characters", "!short\"")
		b.post("/login.php?action=save_new_account", registration("field_28", "21")...).want(422, "", "Please enter a number from 0 to 20.")
		b.post("/login.php?action=save_new_account", registration("email", "JANE@example.com")...).want(422, "", "There is an account with this email address already.")
		b.post("/login.php?action=save_new_account", append(registration("country", "DE", "state", ""), "refresh", "1")...).want(200, "", `value="Austin"`, `<option value="DE" selected>`)

		b.post("/login.php?action=save_new_account", registration("field_28", "2")...).want(200, "/account.php", "Welcome! Your account is ready.", "Hello, Nora", "new@example.com")
		b.get("/account.php").want(200, "", "!Welcome! Your")
		b.get("/account.php?action=address_book").want(200, "", "1 Main St", "Austin, Texas 78701", "United States")

		// Details.
		b.get("/account.php?action=account_details").want(200, "", `value="Nora"`, `value="Roses" checked`, `value="2"`)
		details := []string{"first_name", "Eleonora", "last_name", "New", "email", "new@example.com", "field_27", "Tools", "field_26", "1990-05-04"}
		b.post("/account.php?action=account_details", details...).want(200, "/account.php?action=account_details", "Your details are saved.", `value="Eleonora"`, `value="1990-05-04"`, `value="Tools" checked`, "!Roses\" checked")
		details[5] = "eleonora@example.com"
		b.get("/account.php?action=account_details").post("/account.php?action=account_details", details...).want(422, "", "Please enter your current password.")
		b.post("/account.php?action=account_details", append(details, "current_password", "a good pass 9")...).want(200, "/account.php?action=account_details", `value="eleonora@example.com"`)

		// Addresses.
		address := []string{"first_name", "Eleonora", "last_name", "New", "address1", "Am Markt 1", "city", "Bonn", "country", "DE", "postal_code", "53111", "address_type", "commercial", "field_29", "Ring twice\r\nplease"}
		b.get("/account.php?action=add_shipping_address").want(200, "", `value="Eleonora"`, "Pick one")
		b.post("/account.php?action=add_shipping_address", address...).want(200, "/account.php?action=address_book", "The address is saved.", "53111 Bonn", "Germany")
		id := regexp.MustCompile(`edit_shipping_address&amp;address_id=(\d+)`).FindAllStringSubmatch(b.body, -1)[1][1]
		b.get("/account.php?action=edit_shipping_address&address_id="+id).want(200, "", `value="Am Markt 1"`, "Ring twice\nplease", `value="commercial" checked`, `<option value="DE" selected>`)
		address[7] = ""
		b.post("/account.php?action=edit_shipping_address&address_id="+id, address...).want(422, "", "Please fill this in.")
		address[7] = "Cologne"
		b.post("/account.php?action=edit_shipping_address&address_id="+id, address...).want(200, "/account.php?action=address_book", "53111 Cologne")
		b.get("/account.php?action=delete_shipping_address&address_id="+id).want(200, "", "Am Markt 1", "Cologne")
		b.post("/account.php?action=delete_shipping_address&address_id="+id).want(200, "/account.php?action=address_book", "The address is deleted.", "!Cologne")
		b.get("/account.php?action=edit_shipping_address&address_id="+id).want(404, "", "Page not found")

		for _, action := range []string{"", "account_details", "address_book", "newsletter", "change_password", "sessions", "add_shipping_address"} {
			b.get("/account.php?action="+action).want(200, "")
			if n := strings.Count(b.body, `aria-current="page"`); n != 1 {
				t.Errorf("%s: %d current entries in the menu", action, n)
			}
		}

		// Newsletter.
		b.get("/account.php?action=newsletter").want(200, "", "!checked")
		b.post("/account.php?action=newsletter", "newsletter", "1").want(200, "/account.php?action=newsletter", "Your choices are saved.", `name="newsletter" value="1" checked`)
		b.post("/account.php?action=newsletter").want(200, "/account.php?action=newsletter", "!checked")

		// Password and sessions.
		other := w.browser(t).signIn("eleonora@example.com", "a good pass 9").want(200, "/account.php")
		b.get("/account.php?action=sessions").want(200, "", "this device", "Sign out everywhere else")
		b.post("/account.php?action=sessions", "others", "1").want(200, "/account.php?action=sessions", "You are signed out everywhere else.")
		other.get("/account.php").want(200, "/login.php?from=%2Faccount.php")
		other.signIn("eleonora@example.com", "a good pass 9").want(200, "/account.php")
		b.get("/account.php?action=change_password")
		b.post("/account.php?action=change_password", "current_password", "wrong one 1", "password", "another pass 8", "confirm_password", "another pass 8").want(422, "", "Please enter your current password.")
		b.post("/account.php?action=change_password", "current_password", "a good pass 9", "password", "another pass 8", "confirm_password", "another pass 8").want(200, "/account.php", "Your password is changed.")
		other.get("/account.php").want(200, "/login.php?from=%2Faccount.php")

		b.get("/login.php?action=logout").want(200, "/login.php", "You are signed out.")
		b.get("/account.php").want(200, "/login.php?from=%2Faccount.php")
	})
}

func TestSignIn(t *testing.T) {
	each(t, shop, func(t *testing.T, w *world) {
		b := w.browser(t)
		wrong := "The email address or the password is wrong."
		b.signIn("jane@example.com", "not it 1").want(422, "", wrong, `value="jane@example.com"`, "!not it 1")
		b.signIn("nobody@example.com", "not it 1").want(422, "", wrong)
		b.signIn("", "").want(422, "", "Please fill this in.")
		b.get("/login.php?from=%2Faccount.php%3Faction%3Dnewsletter").post("/login.php?action=check_login", "login_email", "jane@example.com", "login_pass", "correct horse 1", "from", "/account.php?action=newsletter").
			want(200, "/account.php?action=newsletter")
		for _, evil := range []string{"//evil.example", "https://evil.example/", `/\evil.example`} {
			w.browser(t).get("/login.php").post("/login.php?action=check_login", "login_email", "jane@example.com", "login_pass", "correct horse 1", "from", evil).want(200, "/account.php")
		}
		w.browser(t).signIn("joe@example.com", "battery staple 2").want(200, "/login.php?action=reset_password", "Please choose a new password")

		// Too many guesses.
		b = w.browser(t)
		for range 12 {
			b.signIn("guess@example.com", "not it 1")
		}
		b.want(429, "", "Please try again in 15 minutes.")
		if b.header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
	})
}

func TestForgedForms(t *testing.T) {
	each(t, shop, func(t *testing.T, w *world) {
		b := w.browser(t)
		b.do(http.MethodPost, "/login.php?action=check_login", "application/x-www-form-urlencoded", "login_email=jane@example.com&login_pass=correct+horse+1").want(403, "", "The form is too old")
		b.get("/login.php")
		b.extra.Set("Sec-Fetch-Site", "cross-site")
		b.post("/login.php?action=check_login", "login_email", "jane@example.com", "login_pass", "correct horse 1").want(403, "")
		b.extra.Del("Sec-Fetch-Site")
		b.signIn("jane@example.com", "correct horse 1").want(200, "/account.php")
		for path, actions := range map[string][]string{
			"/account.php":     {"account_details", "add_shipping_address", "change_password", "sessions", "newsletter", "edit_shipping_address&address_id=1", "delete_shipping_address&address_id=1"},
			"/login.php":       {"logout", "save_new_account", "send_password_email", "save_new_password", "passwordless_login", "check_passwordless_login", "confirm_account"},
			"/subscribe.php":   {"", "confirm"},
			"/wishlist.php":    {"addwishlist", "editwishlist&wishlistid=1", "deletewishlist&wishlistid=1", "viewwishlistitems&wishlistid=1"},
			"/unsubscribe.php": {""},
			"/language.php":    {""},
		} {
			for _, a := range actions {
				w.browser(t).do(http.MethodPost, path+"?action="+a, "application/x-www-form-urlencoded", "x=1").want(403, "")
			}
		}

		w.browser(t).do(http.MethodPost, "/login.php?action=send_password_email", "application/json", "{}").want(403, "")

		// Another site cannot sign shoppers out, but a sign-in by JWT that leads
		// to it can.
		b.extra.Set("Sec-Fetch-Site", "cross-site")
		w.Clock.Advance(2 * time.Minute)
		b.get("/login.php?action=logout").want(200, "/login.php?action=logout", "Sign out?")
		b.extra.Del("Sec-Fetch-Site")
		b.get("/account.php").want(200, "/account.php")
		b.get("/login.php?action=logout").want(200, "/login.php")
		b.signIn("jane@example.com", "correct horse 1").want(200, "/account.php")
		b.extra.Set("Sec-Fetch-Site", "cross-site")
		b.get("/login.php?action=logout").want(200, "/login.php", "You are signed out.")
	})
}

func TestResetPassword(t *testing.T) {
	each(t, shop, func(t *testing.T, w *world) {
		b := w.browser(t)
		for _, email := range []string{"nobody@example.com", "joe@example.com"} {
			b.get("/login.php?action=reset_password").post("/login.php?action=send_password_email", "email", email).want(200, "", "If "+email+" belongs to an account")
		}
		link := w.Mails.Link(t, account.MailPasswordReset)
		u, err := url.Parse(link)
		if err != nil {
			t.Fatal(err)
		}
		b.get("/change-password?"+url.Values{"c": {u.Query().Get("c")}, "t": {u.Query().Get("t")}}.Encode()).want(200, "")
		b.get(link).want(200, "", "Choose a new password")
		if p := b.header.Get("Referrer-Policy"); p != "strict-origin" {
			t.Error(p)
		}
		fields := []string{"c", u.Query().Get("c"), "t", u.Query().Get("t"), "password", "brand new 3", "confirm_password", "brand new 3"}
		b.post("/login.php?action=save_new_password", append(fields[:7:7], "brand new 4")...).want(422, "", "The passwords are not the same.")
		b.get("/unsubscribe.php?token=1.x").want(422, "", "This link does not work")
		b.get(link).post("/login.php?action=save_new_password", fields...).want(200, "/login.php", "Your new password is saved.")
		b.signIn("joe@example.com", "brand new 3").want(200, "/account.php")
		c := w.browser(t)
		c.get(link).post("/login.php?action=save_new_password", fields...).want(200, "/login.php?action=reset_password", "This link is used up or too old.")
		c.get("/login.php?action=change_password").want(200, "/login.php?action=reset_password")
	})
}

func TestPasswordless(t *testing.T) {
	each(t, shop, func(t *testing.T, w *world) {
		b := w.browser(t)
		ask := func(body string) *browser {
			return b.do(http.MethodPost, "/login.php?action=passwordless_login", "application/json", body)
		}
		ask(`{"email":"jane@example.com","redirect_url":"/account.php?action=newsletter"}`).want(200, "", `{"expiry":900,"sent_email":"sign_in"}`)
		if b.header.Get("Content-Type") != "application/json" {
			t.Error(b.header)
		}
		link := w.Mails.Link(t, account.MailSignInLink)

		// A program that looks into emails does not use the link up.
		scanner := w.browser(t)
		scanner.do(http.MethodHead, link, "", "").want(200, "")
		scanner.get(link).want(200, "", "Continue to your account")
		scanner.get("/account.php").want(200, "/login.php?from=%2Faccount.php")
		// The browser that asked is signed in by the click, once.
		b.get(link).want(200, "/account.php?action=newsletter")
		w.browser(t).get(link).post("/login.php?action=check_passwordless_login", "token", "x").want(200, "/login.php", "This link is used up or too old.")

		// A browser that asked for a link of its own follows another's like any
		// other does: somebody may want it signed in as themselves.
		victim := w.browser(t)
		victim.do(http.MethodPost, "/login.php?action=passwordless_login", "application/json", `{"email":"jane@example.com"}`).want(200, "")
		ask(`{"email":"jane@example.com"}`).want(200, "")
		victim.get(w.Mails.Link(t, account.MailSignInLink)).want(200, "", "Continue to your account")
		victim.get("/account.php").want(200, "/login.php?from=%2Faccount.php")

		// Another browser presses the button.
		ask(`{"email":"jane@example.com","redirect_url":"`+w.server.URL+`/"}`).want(200, "")
		u, err := url.Parse(w.Mails.Link(t, account.MailSignInLink))
		if err != nil {
			t.Fatal(err)
		}
		w.browser(t).get(u.String()).post("/login.php?action=check_passwordless_login", "token", u.Query().Get("token")).want(200, "/")

		ask(`{"email":"joe@example.com"}`).want(200, "", `{"expiry":900,"sent_email":"password_reset"}`)
		ask(`{"email":"nobody@example.com"}`).want(404, "")
		ask(`{"email":"jane@example.com","redirect_url":"https://evil.example/"}`).want(422, "")
		ask(`[]`).want(400, "")
		ask(`{`).want(400, "")
		b.extra.Set("Sec-Fetch-Site", "cross-site")
		ask(`{"email":"jane@example.com"}`).want(403, "")
		b.extra.Del("Sec-Fetch-Site")
		for range 6 {
			ask(`{"email":"jane@example.com"}`)
		}
		b.want(429, "")
		if b.header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}

		// The page's own form tells nobody who is a customer.
		c := w.browser(t)
		c.get("/login.php").post("/login.php?action=passwordless_login", "email", "someone@example.com").want(200, "", "If someone@example.com belongs to an account")
		c.get("/login.php").post("/login.php?action=passwordless_login", "email", "").want(422, "", "Please fill this in.")
	})
}

func TestNewsletter(t *testing.T) {
	double := strings.Replace(shop, "theme_color", "confirm_subscription: true, theme_color", 1)
	each(t, double, func(t *testing.T, w *world) {
		b := w.browser(t)
		b.get("/").want(200, "", "News by email").post("/subscribe.php", "nl_email", "fan@example.com", "back", "/login.php").want(200, "/login.php", "Please confirm your subscription")
		b.get("/").post("/subscribe.php", "nl_email", "fan", "back", "//evil.example").want(200, "/", "That is not an email address.")
		u, err := url.Parse(w.Mails.Link(t, account.MailConfirmSubscription))
		if err != nil {
			t.Fatal(err)
		}
		b.get(u.String()).want(200, "", "Yes, subscribe").post("/subscribe.php?action=confirm", "token", u.Query().Get("token")).want(200, "", "You are subscribed")
		b.get(u.String()).post("/subscribe.php?action=confirm", "token", u.Query().Get("token")).want(200, "/", "This link is used up")

		token, err := w.Shoppers.UnsubscribeToken(t.Context(), 1, 1)
		if err != nil {
			t.Fatal(err)
		}
		link := "/unsubscribe.php?token=" + url.QueryEscape(token)
		b.get(link).want(200, "", "Would you like to stop getting news")
		w.browser(t).do(http.MethodPost, link, "application/x-www-form-urlencoded", "List-Unsubscribe=One-Click").want(200, link)
		w.browser(t).do(http.MethodPost, link+"x", "application/x-www-form-urlencoded", "List-Unsubscribe=One-Click").want(400, "")
		b.post("/unsubscribe.php", "token", token).want(200, "", "You are unsubscribed")
		b.get(link).post("/unsubscribe.php", "token", "1.x").want(422, "", "This link does not work")
	})
}

func TestConfirmAccount(t *testing.T) {
	confirm := strings.Replace(shop, "theme_color", "confirm_email: true, theme_color", 1)
	each(t, confirm, func(t *testing.T, w *world) {
		b := w.browser(t)
		b.get("/login.php?action=create_account").post("/login.php?action=save_new_account", registration()...).want(200, "", "Your account is almost ready")
		b.signIn("new@example.com", "a good pass 9").want(422, "", "Please confirm your email address first")
		u, err := url.Parse(w.Mails.Link(t, account.MailConfirmAccount))
		if err != nil {
			t.Fatal(err)
		}
		b.get(u.String()).want(200, "", "Confirm address").post("/login.php?action=confirm_account", "token", u.Query().Get("token")).want(200, "/login.php", "Your email address is confirmed.")
		b.signIn("new@example.com", "a good pass 9").want(200, "/account.php")
		// So is another address.
		b.get("/account.php?action=account_details").post("/account.php?action=account_details", "first_name", "Nora", "last_name", "New", "field_27", "Roses", "email", "moved@example.com", "current_password", "a good pass 9")
		b.want(200, "/account.php?action=account_details", "Please confirm the new address", "moved@example.com")
		w.browser(t).signIn("moved@example.com", "a good pass 9").want(422, "", "Please confirm your email address first")
	})
}

func TestPrivacy(t *testing.T) {
	asking := strings.Replace(shop, "    form_fields:", "    customer_settings: {privacy_settings: {ask_shopper_for_tracking_consent: true, policy_url: https://shop.example/policy}}\n    form_fields:", 1)
	each(t, asking, func(t *testing.T, w *world) {
		b := w.browser(t)
		b.get("/login.php").want(200, "", "Your privacy", "https://shop.example/policy")
		b.post("/privacy.php", "choice", "none", "back", "/login.php").want(200, "/login.php", "Your choices are saved.", "!Your privacy")
		b.get("/privacy.php").want(200, "", "!checked")
		b.post("/privacy.php", "choice", "some", "analytics", "1", "back", "/privacy.php").want(200, "/privacy.php", `name="analytics" value="1" checked`)
		b.signIn("jane@example.com", "correct horse 1").post("/privacy.php", "choice", "all").want(200, "/")
		b.get("/privacy.php").want(200, "", `name="targeting" value="1" checked`)
	})
	each(t, shop, func(t *testing.T, w *world) { w.browser(t).get("/privacy.php").want(404, "") })
}

func TestStoresAndLanguages(t *testing.T) {
	two := shop + `
  - hash: down
    name: Closed
    settings: {status: down_for_maintenance, language: de, storefront: {status_message: "Wir bauen um."}}
  - hash: plain
    settings: {language: it, storefront: {registration: false, show_newsletter_signup: false}}
`
	each(t, two, func(t *testing.T, w *world) {
		host := func(name string) *browser {
			b := w.browser(t)
			b.base = strings.Replace(b.base, "127.0.0.1", name, 1)
			b.client.Transport = &http.Transport{Proxy: nil, DialContext: dial(w.server)}
			return b
		}
		b := host("store-shop.localhost")
		b.get("/login.php").want(200, "", `<html lang="en">`)
		b.lang = "de-AT,de;q=0.9,en;q=0.5"
		b.get("/login.php").want(200, "", `<html lang="de">`, "Passwort vergessen?")
		b.lang = "it, fr-CA;q=0.7"
		b.get("/login.php").want(200, "", `<html lang="fr">`)
		b.lang = "it"
		b.get("/login.php").want(200, "", `<html lang="en">`)

		// A customer of one store is nobody in another.
		b.signIn("jane@example.com", "correct horse 1").want(200, "/account.php")
		host("store-plain.localhost").signIn("jane@example.com", "correct horse 1").want(422, "", "!/subscribe.php", "!create_account")
		host("store-plain.localhost").get("/login.php?action=create_account").want(200, "/login.php", "This store takes no new accounts.")
		host("store-down.localhost").get("/account.php").want(503, "", "Wir bauen um.", "Bald wieder da")
		host("store-down.localhost").get("/unsubscribe.php?token=1.x").want(422, "", "Dieser Link funktioniert nicht")
		host("store-none.localhost").get("/").want(404, "", "Page not found")
	})
}

// The switch of languages is on every page, returns to it, and outweighs what
// the browser accepts.
func TestLanguageSwitch(t *testing.T) {
	each(t, shop, func(t *testing.T, w *world) {
		b := w.browser(t)
		b.lang = "de"
		b.get("/login.php?from=%2Faccount.php%3Faction%3Dsessions").want(200, "", `<html lang="de">`, `value="de" lang="de" aria-current="true">Deutsch</button>`, `value="fr" lang="fr">Français</button>`, `value="en" lang="en">English</button>`)
		place := func(want string) {
			t.Helper()
			m := regexp.MustCompile(`action="/language.php"[^>]*>\s*<input[^>]*>\s*<input type="hidden" name="back" value="([^"]*)">`).FindStringSubmatch(b.body)
			if m == nil || html.UnescapeString(m[1]) != want {
				t.Errorf("%s: returns to %q, want %q", b.path, m, want)
			}
		}
		place("/login.php?from=%2Faccount.php%3Faction%3Dsessions")
		b.post("/language.php", "language", "fr", "back", b.path).want(200, "/login.php?from=%2Faccount.php%3Faction%3Dsessions", `<html lang="fr">`)
		if b.header.Get("Content-Language") != "fr" {
			t.Errorf("%v", b.header)
		}
		b.extra.Set("Accept", "text/html")
		b.get("/nowhere").want(404, "", `<html lang="fr">`)
		place("/nowhere")

		// After a post the page with its form is what is returned to.
		b.get("/login.php?from=%2Faccount.php%3Faction%3Dsessions").post("/login.php?action=check_login", "login_email", "x", "login_pass", "y", "from", "/account.php?action=sessions").want(422, "")
		place("/login.php?from=%2Faccount.php%3Faction%3Dsessions")
		b.get("/login.php?action=create_account").post("/login.php?action=save_new_account", "email", "x").want(422, "")
		place("/login.php?action=create_account")
		b.get("/login.php?action=reset_password").post("/login.php?action=send_password_email", "email", "").want(422, "")
		place("/login.php?action=reset_password")
		b.get("/login.php?action=change_password&c=1&t=abc")
		place("/login.php?action=change_password&c=1&t=abc")
		b.post("/login.php?action=save_new_password", "c", "1", "t", "abc", "password", "x").want(422, "")
		place("/login.php?action=change_password&c=1&t=abc")
		b.get("/unsubscribe.php?token=1.x").want(422, "")
		b.post("/unsubscribe.php", "token", "1.x").want(422, "")
		place("/")
		b.signIn("jane@example.com", "correct horse 1").want(200, "/account.php")
		b.get("/account.php?action=add_shipping_address").post("/account.php?action=add_shipping_address", "city", "x").want(422, "")
		place("/account.php?action=add_shipping_address")

		// It leads nowhere else, and takes only languages that are on.
		for _, back := range []string{"//evil.example", "https://evil.example/", "/\\evil.example", ""} {
			b.get("/login.php?action=reset_password").post("/language.php", "language", "de", "back", back).want(200, "/", `<html lang="de">`)
		}
		for _, language := range []string{"it", "", "xx", "de-AT", "\x00"} {
			b.get("/").post("/language.php", "language", language).want(400, "", `<html lang="de">`)
		}
		b.get("/language.php").want(405, "")
		b.get("/").do("POST", "/language.php", "application/x-www-form-urlencoded", "language=fr").want(403, "", `<html lang="de">`)
	})
	one := "  - hash: shop\n    settings: {language: de}\n"
	each(t, one, func(t *testing.T, w *world) { w.browser(t).get("/login.php").want(200, "", "!language.php") })
}

func TestErrors(t *testing.T) {
	each(t, shop, func(t *testing.T, w *world) {
		b := w.browser(t)
		b.do(http.MethodDelete, "/account.php", "", "").want(405, "")
		b.do(http.MethodPost, "/", "", "").want(405, "", "That does not work here")
		if a := b.header.Get("Allow"); a != "GET, HEAD" {
			t.Error(a)
		}
		if strings.Contains(w.Log.String(), "level=ERROR") { // anybody could fill the log
			t.Error(w.Log.String())
		}
		b.get("/login.php?action=unheard_of").want(404, "", "Page not found")
		b.get("/login.php")
		b.post("/login.php?action=check_login", "login_email", strings.Repeat("a", 300<<10)).want(413, "", "That is too much")
		b.get("/login.php").do(http.MethodPost, "/login.php?action=check_login", "application/x-www-form-urlencoded", "a=%zz").want(400, "")
		b.get("/nothing").want(404, "", "!<html")
		b.extra.Set("Accept", "text/html,*/*;q=0.8")
		b.get("/nothing").want(404, "", "There is nothing at this address.")
		b.get("/assets/states/US.json").want(200, "", "Alabama")
		b.get("/assets/states/xx.json").want(404, "")
		b.get("/assets/style.css").want(200, "", "--accent:#0a7d4f")
	})
}

func TestHeaders(t *testing.T) {
	each(t, shop, func(t *testing.T, w *world) {
		b := w.browser(t).get("/login.php")
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' https: data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
			"X-Content-Type-Options":  "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "same-origin", "Content-Language": "en",
			"Content-Type": "text/html; charset=utf-8", "Strict-Transport-Security": "",
		} {
			if got := b.header.Get(name); got != want {
				t.Errorf("%s: %s", name, got)
			}
		}
	})
}

func TestRobots(t *testing.T) {
	guarded := strings.Replace(shop, "theme_color", "recaptcha: {enabled: true, site_key: site-key, secret_key: secret-key}, theme_color", 1)
	each(t, guarded, func(t *testing.T, w *world) {
		b := w.browser(t)
		b.get("/login.php?action=create_account").want(200, "", `data-sitekey="site-key"`, "!secret-key")
		if !strings.Contains(b.header.Get("Content-Security-Policy"), "https://www.google.com/recaptcha/") {
			t.Error(b.header)
		}
		b.post("/login.php?action=save_new_account", registration()...).want(422, "", "Please confirm that you are not a robot.")
		b.post("/login.php?action=save_new_account", append(registration(), "g-recaptcha-response", "human")...).want(200, "/account.php")
		c := w.browser(t)
		c.get("/login.php?action=reset_password").post("/login.php?action=send_password_email", "email", "jane@example.com").want(422, "", "not a robot")
		c.get("/login.php").post("/login.php?action=passwordless_login", "email", "jane@example.com").want(422, "", "not a robot")
	})
}

// Browsers tell no address: what one sends as its own is nothing.
func TestToldAddressOfABrowser(t *testing.T) {
	each(t, shop, func(t *testing.T, w *world) {
		b := w.browser(t)
		b.extra["True-Client-Ip"] = []string{"198.51.100.9"}
		b.signIn("jane@example.com", "correct horse 1").want(200, "/account.php")
		list, err := w.Shoppers.Sessions(t.Context(), 1, 1)
		if err != nil || len(list) != 1 || list[0].Peer != "127.0.0.1" {
			t.Errorf("%+v, %v", list, err)
		}
	})
}
