package pages_test

import (
	"net/url"
	"strings"
	"testing"

	"clientele/internal/account"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	chromium "clientele/internal/testing/browser"
	"clientele/internal/wishlist"
)

var consenting = strings.Replace(shop, "    form_fields:", "    customer_settings: {privacy_settings: {ask_shopper_for_tracking_consent: true, policy_url: https://shop.example/policy}}\n    form_fields:", 1)

// A shopper's life in a real browser, every page checked on the way.
func TestBrowser(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.Open(t, sqldb.SQLite), consenting)
	b := chromium.Open(t, w.server.URL, "en-US")
	b.Open("/").See("home-banner").Press(`.banner button[value=none]`).See("home-saved")
	b.Open("/").See("home")
	b.Open("/login.php").See("sign-in")
	b.Write("login_email", "jane@example.com", "login_pass", "wrong 1 wrong").Press(`form[action*=check_login] .buttons button`).See("sign-in-wrong")
	b.Open("/login.php?action=create_account").See("register")
	b.Write("email", "nonsense").Press(`main form .buttons button`).See("register-wrong")
	b.Write("email", "nora@example.com", "password", "a good pass 9", "confirm_password", "a good pass 9", "first_name", "Nora", "last_name", "New",
		"address1", "Am Markt 1", "city", "Bonn", "postal_code", "53111", "field_26", "1990-05-04")

	// The script brings the states in line with the country.
	b.Eval(`(() => { const c = document.querySelector("[name=country]"); c.value = "CN"; c.dispatchEvent(new Event("change")); c.value = "DE"; c.dispatchEvent(new Event("change")); return "" })()`)
	b.Await(`(() => { const s = document.querySelector("[name=state]"); return !s.required && ![...(s.options || [])].some(o => o.value === "Texas") })()`)
	b.Tick(`[name=field_27][value=Roses]`)
	b.Press(`main form .buttons button`).Want("Welcome! Your account is ready.", "Hello, Nora").See("account")

	b.Open("/account.php?action=account_details").See("details")
	b.Open("/account.php?action=address_book").Want("53111 Bonn").See("address-book")
	b.Open("/account.php?action=add_shipping_address").See("address")
	b.Write("address1", "1 Main St", "city", "Austin", "state", "Texas", "postal_code", "78701").Press(`main form .buttons button`).Want("The address is saved.", "Austin, Texas 78701")
	b.Press(`a[href*="edit_shipping_address&address_id=2"]`).See("address-edit")
	b.Write("city", " ").Press(`main form .buttons button`).See("address-wrong")
	b.Write("city", "Dallas").Press(`main form .buttons button`).Want("Dallas, Texas 78701")
	b.Press(`a[href*="delete_shipping_address&address_id=2"]`).See("address-delete").Press(`main form .buttons button`).Want("The address is deleted.")
	b.Open("/account.php?action=newsletter").See("newsletter")
	b.Tick(`[name=newsletter]`)
	b.Press(`main form .buttons button`).Want("Your choices are saved.")
	b.Open("/account.php?action=change_password").See("password")
	w.browser(t).signIn("nora@example.com", "a good pass 9").want(200, "/account.php")
	b.Open("/account.php?action=sessions").See("sessions")
	b.Open("/privacy.php").See("privacy")
	b.Open("/nowhere").See("not-found")
	b.Open("/login.php?action=logout").Want("You are signed out.").See("signed-out")

	// A forgotten password.
	b.Open("/login.php?action=reset_password").See("forgot")
	b.Write("email", "nora@example.com").Press(`main form .buttons button`).See("forgot-sent")
	b.Open(w.Mails.Link(t, account.MailPasswordReset)).See("reset")
	b.Write("password", "a better pass 8", "confirm_password", "a better pass 8").Press(`main form .buttons button`).Want("Your new password is saved.")

	// A link that signs in.
	b.Write("email", "nora@example.com").Press(`form[action*=passwordless_login] .buttons button`).See("link-sent")
	b.Open(w.Mails.Link(t, account.MailSignInLink)).Want("Hello, Nora")
	b.Press(`header button`).Want("You are signed out.")
	b.Write("login_email", "nora@example.com", "login_pass", "a better pass 8").Press(`form[action*=check_login] .buttons button`).Want("Hello, Nora")
	b.Press(`header button`)
	w.browser(t).get("/login.php").post("/login.php?action=passwordless_login", "email", "nora@example.com").want(200, "")
	b.Open(w.Mails.Link(t, account.MailSignInLink)).See("follow-link").Press(`main form .buttons button`).Want("Hello, Nora")
	b.Press(`header button`)

	// The newsletter, from the foot of the page and by the link in it.
	b.Open("/").Write("nl_email", "fan@example.com").Press(`.signup button`).Want("You are subscribed.")
	token, err := w.Shoppers.UnsubscribeToken(t.Context(), 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	b.Open("/unsubscribe.php?token=" + url.QueryEscape(token)).See("unsubscribe").Press(`main form .buttons button`).Want("You are unsubscribed").See("unsubscribed")
}

// Wishlists, and a list that somebody without scripts was sent the link of.
func TestBrowserWishlists(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.Open(t, sqldb.SQLite), shop)
	b := chromium.Open(t, w.server.URL, "en-US")
	b.Open("/login.php").Write("login_email", "jane@example.com", "login_pass", "correct horse 1").Press(`form[action*=check_login] .buttons button`).Want("Hello, Jane")
	b.Open("/account.php?action=order_status").Want("There are no orders in your account.").See("empty")
	b.Open("/wishlist.php").See("wishlists-empty").Press(`main .buttons a`).See("wishlist-new")
	b.Press(`main form .buttons button`).Want("Please fill this in.").See("wishlist-wrong")
	b.Write("name", "For the balcony").Tick(`[name=is_public]`).Press(`main form .buttons button`).Want("The wishlist is saved.").See("wishlist-no-items")
	if _, err := w.Wishlists.AddItems(t.Context(), 1, 1, 1, []wishlist.Item{{ProductID: 77, VariantID: 152}, {ProductID: 80}}); err != nil {
		t.Fatal(err)
	}
	b.Open("/wishlist.php").Want("2 products").See("wishlists").Press(`main .rows a`).Want("Product 80").See("wishlist")
	shared := b.Eval(`document.querySelector(".shared a").href`)
	b.Press(`main .rows button`).Want("The product is off your list.", "1 product")
	b.Press(`a[href*=deletewishlist]`).See("wishlist-delete")
	guest := chromium.Open(t, w.server.URL, "en-US")
	guest.Open(shared).Want("For the balcony", "Product 80").See("wishlist-shared")
	guest.WithoutScripts().Open(shared).Want("For the balcony", "Product 80")
}

// Orders and what is on a wishlist, with names as long as they may be in a
// catalog, and without scripts.
func TestBrowserOrders(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.Open(t, sqldb.SQLite), shop+`
      - id: 7
        email: zoe@example.com
        first_name: Zoe
        last_name: Zee
        password: "correct horse 1"
        wishlists: [{name: Wanted, items: [{product_id: 5}, {product_id: 6}, {product_id: 99}]}]
        orders:
          - {id: 40, date: 2024-05-14, status: Manual Verification Required, lines: [{product_id: 5, quantity: 3}, {product_id: 6, quantity: 1000000}]}
          - {id: 41, date: 2024-05-15, status: Shipped, total: "35.5", lines: [{product_id: 6}]}
          - {id: 42, date: 2024-05-16, status: Pending}
    products:
      - {id: 5, name: Watering can, sku: CAN, price: "19.9"}
      - {id: 6, name: Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft, sku: `+strings.Repeat("RAKE-", 12)+`, price: "99999.99", in_stock: false}
`)
	b := chromium.Open(t, w.server.URL, "en-US")
	b.Open("/login.php").Write("login_email", "zoe@example.com", "login_pass", "correct horse 1").Press(`form[action*=check_login] .buttons button`).Want("Order 42").See("account-orders")
	b.Open("/account.php?action=order_status").Want("Order 40").See("orders")
	b.Press(`main .rows a[href*="order_id=40"]`).Want("Watering can", "1000000").See("order")
	b.Open("/account.php?action=view_order&order_id=41").Want("Subtotal").See("order-total")
	// Amounts stand below each other at the end of their rows, apart from what
	// adds them up.
	b.Await(`(() => {
		const rows = [...document.querySelectorAll("main .row")], ends = rows.map(r => Math.round(r.lastElementChild.getBoundingClientRect().right));
		const lists = [...document.querySelectorAll("main .rows")].map(l => l.getBoundingClientRect());
		return rows.length === 3 && new Set(ends).size === 1 && rows[0].getBoundingClientRect().right - ends[0] < 30 && lists[1].top - lists[0].bottom > 10;
	})()`)
	b.Open("/account.php?action=view_order&order_id=42").See("order-without-lines")
	b.Open("/wishlist.php?action=viewwishlistitems&wishlistid=1").Want("Out of stock", "Product 99").See("wishlist-products")
	b.Open("/account.php").Stops("account-orders", 360, 640).Open("/account.php?action=order_status").Stops("orders", 360, 640)
	b.WithoutScripts().Open("/account.php?action=order_status").Want("Order 40").Press(`main .rows a[href*="order_id=40"]`).Want("Watering can")
}

// A password is shown by a button, and sent as a password all the same. Labels
// of one row stand at one height, and so do the fields below them.
func TestBrowserPasswords(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.Open(t, sqldb.SQLite), shop)
	b := chromium.Open(t, w.server.URL, "en-US")
	turn := func() { b.Eval(`(() => { document.querySelector(".secret > .reveal").click(); return "" })()`) }
	b.Open("/login.php").Write("login_email", "jane@example.com", "login_pass", "correct horse 1")
	b.Await(`document.querySelector("[name=login_pass]").type === "password"`)
	turn()
	b.Await(`document.querySelector("[name=login_pass]").type === "text" && document.querySelector(".reveal").textContent === "Hide Password"`)
	b.See("sign-in-shown")
	turn()
	b.Await(`document.querySelector("[name=login_pass]").type === "password"`)
	turn()
	b.Press(`form[action*=check_login] .buttons button`).Want("Hello, Jane")
	b.Open("/account.php?action=change_password").See("password-fields")
	b.Press(`header button`)
	b.Open("/login.php?action=create_account")
	b.Eval(`(() => { document.querySelector("label[for=f-first_name]").insertAdjacentHTML("afterend", "<p class='hint'>A hint that only one of the two has.</p>"); return "" })()`)
	b.Await(`(() => {
		const top = (q) => Math.round(document.querySelector(q).getBoundingClientRect().top);
		return innerWidth < 640 || top("label[for=f-first_name]") === top("label[for=f-last_name]") && top("#f-first_name") === top("#f-last_name");
	})()`)
}

// The same pages in the other languages.
func TestBrowserLanguages(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.Open(t, sqldb.SQLite), strings.Replace(shop, "0a7d4f", "ffd400", 1))
	for _, lang := range []string{"de", "fr"} {
		b := chromium.Open(t, w.server.URL, lang)
		b.Open("/login.php").See("sign-in-" + lang)
		b.Open("/login.php?action=create_account").See("register-" + lang)
	}
	b := chromium.Open(t, w.server.URL, "de")
	b.Open("/login.php?action=reset_password").Press(`.languages button[value=fr]`).Want("Mot de passe oublié").See("switched")
	b.Open("/login.php").Write("login_email", "jane@example.com", "login_pass", "correct horse 1").Press(`form[action*=check_login] .buttons button`).Want("Jane").See("account-fr")
	b.Press(`.languages button[value=de]`).Want("Adressbuch").See("account-de")
}

// The question for consent covers nothing that the keyboard reaches.
func TestBrowserFocus(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.Open(t, sqldb.SQLite), consenting)
	b := chromium.Open(t, w.server.URL, "en-US")
	look := func(paths ...string) {
		for _, path := range paths {
			b.Open(path).Want("May we use more than the cookies")
			b.Stops(path, 360, 640)
			b.Stops(path, 1280, 800)
		}
	}
	look("/", "/login.php", "/login.php?action=create_account", "/login.php?action=reset_password", "/login.php?action=confirm_account&token=x",
		"/login.php?action=check_passwordless_login&token=x", "/login.php?action=change_password&c=1&t=x", "/subscribe.php?action=confirm&token=x", "/unsubscribe.php?token=x", "/nowhere")
	b.Open("/login.php?action=create_account").Write("email", "nonsense").Press(`main form .buttons button`).Stops("register-wrong", 360, 640)
	b.Open("/login.php").Write("login_email", "jane@example.com", "login_pass", "correct horse 1").Press(`form[action*=check_login] .buttons button`).Want("Hello, Jane")
	look("/", "/account.php", "/account.php?action=account_details", "/account.php?action=address_book", "/account.php?action=add_shipping_address",
		"/account.php?action=newsletter", "/account.php?action=change_password", "/account.php?action=sessions", "/account.php?action=inbox", "/wishlist.php", "/wishlist.php?action=addwishlist")
}
