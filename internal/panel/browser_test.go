package panel_test

import (
	"strings"
	"testing"

	"github.com/pquerna/otp/totp"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/staff"
	chromium "clientele/internal/testing/browser"
)

// From the link of the first start to a colleague with a role, in a real browser,
// every page checked on the way.
func TestBrowser(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.Open(t, sqldb.SQLite), "stores:\n  - {hash: one, name: Green Garden}\n")
	// Passkeys are for names of hosts.
	b := chromium.Open(t, strings.Replace(w.server.URL, "127.0.0.1", "localhost", 1), "en-US")
	b.Open("/manage").Want("Nobody has claimed").See("manage-unclaimed")
	key, err := w.Staff.SetupKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b.Open("/manage/setup?key=" + key).See("manage-setup")
	b.Write("name", "Olive Owner", "email", "olive@example.com", "password", "short", "confirm_password", "short").Press("main form.form .primary").Want("at least 10 characters").See("manage-setup-wrong")
	b.Write("password", password, "confirm_password", password).Press("main form.form .primary").Want("Your store").See("manage-setup-store")
	b.Tick("[name=sample]").Press("main form.form .primary").Want("Hello, Olive Owner", "Green Garden is ready.").See("manage-home")

	// A second factor.
	b.Open("/manage/profile").See("manage-profile")
	b.Open("/manage/profile/password").See("manage-password")
	b.Open("/manage/profile/security").See("manage-security").Press(`a[href$="/app"]`).See("manage-app")
	secret := strings.ReplaceAll(b.Eval(`document.querySelector(".totp code").textContent`), " ", "")
	code, err := totp.GenerateCode(secret, w.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	b.Write("code", code).Press("main form.form .primary").Want("Keep your recovery codes now").See("manage-codes")
	b.Open("/manage/profile/security").Want("10 left").See("manage-security-on")
	b.Open("/manage/profile/sessions").Want("this one").See("manage-sessions")

	// A passkey, of a device that the browser has for tests.
	b.Authenticator()
	b.Open("/manage/profile/security").Press(`[data-passkey] button`).Want("Last used").See("manage-passkeys")
	b.Open("/manage/profile/sessions").Tick(".me").See("manage-me").Press(".leave .button").Want("You are signed out.").See("manage-sign-in")
	b.Write("email", "olive@example.com", "password", "wrong wrong wrong").Press("main form.form .primary").Want("is wrong").See("manage-sign-in-wrong")
	b.Write("email", "olive@example.com", "password", password).Press("main form.form .primary").Want("Second factor").See("manage-factor")
	b.Open("/manage/sign-in").Press("[data-passkey] button").Want("Hello, Olive Owner")

	// Colleagues.
	b.Open("/manage/store/one/staff").Want("1 person").See("manage-staff-one")
	b.Press(`main .actions .primary`).See("manage-invite")
	b.Write("name", "Sam Service", "email", "sam@example.com").Tick(`[name=role][value=customer_service]`).Press("main .actionbar .primary").Want("An invitation is on its way to sam@example.com.").See("manage-staff")
	for _, p := range [][2]string{{"mia@example.com", "Mia Marketing"}, {"dan@example.com", "Dan Developer"}} {
		if _, err := w.Staff.Create(t.Context(), nil, staff.Create{Email: p[0], Name: p[1], Password: password, StoreID: 1, Role: staff.Developer}); err != nil {
			t.Fatal(err)
		}
	}
	// The list follows what is typed: focus, caret and address too.
	b.Open("/manage/store/one/staff").Type("#q", "mia").Await(`document.querySelectorAll("#list tbody tr").length === 1 && location.search === "?q=mia" && document.activeElement.id === "q" && document.activeElement.selectionStart === 3`)
	b.Await(`document.querySelector("#live").textContent === "1 person"`)
	b.Tick(`.chips a[href*="role=marketing"]`).Await(`location.search === "?q=mia&role=marketing" && document.querySelector(".empty") !== null`).See("manage-staff-none")
	b.Open("/manage/store/one/staff/3").See("manage-member")
	// A question is a dialog, which gives the focus back.
	b.Tick(`a[href$="/remove"]`).Await(`document.querySelector("dialog[open] .danger") !== null`).See("manage-dialog")
	b.Tick(`dialog [data-cancel]`).Await(`document.querySelector("dialog") === null && document.activeElement.getAttribute("href").endsWith("/remove")`)
	b.Open("/manage/store/one/staff/3/remove").See("manage-remove")
	b.Open("/manage/stores").See("manage-stores")
	b.Open("/manage/stores/new").See("manage-store-new")
	b.Open("/manage/help").See("manage-help")
	b.Open("/manage/nowhere").Want("There is no such page").See("manage-not-found")
	for _, path := range []string{"/manage/store/one", "/manage/store/one/staff", "/manage/store/one/staff/new", "/manage/profile", "/manage/profile/security"} {
		b.Open(path).Stops(path, 360, 740).Stops(path, 1280, 800)
	}
	// The choice of colours stays.
	b.Open("/manage/profile").Tick(".me").Press(`.schemes [value=dark] + span`).Await(`document.documentElement.dataset.scheme === "dark"`)
	b.Open("/manage/store/one/staff").See("manage-staff-dark")
	b.Calm("the end")
}

// Everything works without scripts, in other languages too.
func TestBrowserWithoutScripts(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.Open(t, sqldb.SQLite), stores)
	w.person("ann@example.com", staff.AllStores, staff.Owner)
	w.person("bob@example.com", 1, staff.Marketing)
	b := chromium.Open(t, w.server.URL, "de")
	b.WithoutScripts()
	b.Open("/manage/sign-in").Write("email", "ann@example.com", "password", password).Press("main form.form .primary").Want("Shops", "First store")
	b.Open("/manage/store/one/staff?q=bob").Want("1 Person").Press(`#list a`).Want("bob@example.com")
	b.Tick(`[name=role][value=developer]`).Press("main .actionbar .primary").Want("hat jetzt die Rolle Entwicklung").Press(".toast button").Want("hat jetzt die Rolle Marketing")
	b.Press(`#list tbody tr:nth-child(2) a`).Press(`a[href$="/remove"]`).Want("entfernen?").Press("main .danger").Want("ist entfernt.")
	b.Open("/manage/store/one").Tick(".me").Press(".leave .button").Want("Sie sind abgemeldet.")
	fr := chromium.Open(t, w.server.URL, "fr")
	fr.Open("/manage/sign-in").See("manage-sign-in-fr").Write("email", "ann@example.com", "password", password).Press("main form.form .primary")
	fr.Open("/manage/store/one/staff").See("manage-staff-fr").Open("/manage/store/one/staff/new").See("manage-invite-fr")
}
