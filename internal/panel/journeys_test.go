package panel_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/pquerna/otp/totp"

	"clientele/internal/mail"
	"clientele/internal/sqldb"
	chromium "clientele/internal/testing/browser"
)

const claimed = `stores:
  - hash: one
    name: Green Garden
    settings: {admin_email: shop@example.com}
    api_accounts: [{name: App, client_id: CID, client_secret: SECRET, access_token: TOKEN, scopes: [all]}]
`

// A store is taken over, a colleague works in it, two edit one customer, and one
// of them signs in as her: with scripts and without, on both engines.
func TestBrowserJourneys(t *testing.T) {
	t.Parallel()
	journeys(t, func(t *testing.T, db *sqldb.DB, scripts bool) { journey(t, open(t, db, claimed), scripts) })
}

// journey is lived through by two people, each with a browser of their own: one that
// is shared by several journeys at once has crashed.
func journey(t *testing.T, w *world, scripts bool) {
	owner, sam := chromium.Open(t, w.server.URL, "en-US"), chromium.Open(t, w.server.URL, "en-US")
	if !scripts {
		owner.WithoutScripts()
		sam.WithoutScripts()
	}
	const submit = "main form.form .primary"

	// From the link of the start to a customer who is found.
	key, err := w.Staff.SetupKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	owner.Open("/manage/setup?key="+key).Write("name", "Olive Owner", "email", "olive@example.com", "password", password, "confirm_password", password).Press(submit)
	owner.Tick("[name=sample]").Press(submit).Want("Hello, Olive Owner")
	owner.Open("/manage/profile/security").Press(`a[href$="/app"]`)
	secret := strings.ReplaceAll(owner.Eval(`document.querySelector(".totp code").textContent`), " ", "")
	code, err := totp.GenerateCode(secret, w.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	owner.Write("code", code).Press(submit).Want("Keep your recovery codes now")
	owner.Open("/manage/store/one")
	if scripts {
		owner.Tick("#topsearch").Await(`document.activeElement.id === "palette"`).Type("#palette", "brand kira").Await(`document.querySelector("dialog .found a strong")?.textContent === "Kira Brand"`).Press("dialog .found a")
	} else {
		owner.Open("/manage/store/one/search").Type("#search-q", "brand kira").Press("main .filters .button").Press("main .found a")
	}
	owner.Want("Kira Brand", "kira.brand@sample.example")
	at := owner.Path()

	// A colleague comes by the email, and gives credit.
	owner.Open("/manage/store/one/staff/new").Write("name", "Sam Service", "email", "sam@example.com").Tick(`[name=role][value=customer_service]`).Press("main .actionbar .primary").Want("An invitation is on its way to sam@example.com.")
	if _, err := w.Jobs.RunDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	owner.Open("/_clientele/outbox").Want("sam@example.com")
	sent, err := w.Mail.Messages(t.Context(), 1, mail.Filter{To: "sam@example.com", Limit: 1})
	if err != nil || len(sent) != 1 {
		t.Fatal(sent, err)
	}
	link := regexp.MustCompile(`/manage/invitation\?\S+`).FindString(sent[0].Text)
	sam.Open(link).Write("password", password, "confirm_password", password).Press(submit).Want("Green Garden")
	sam.Open("/manage/store/one/staff").Want("not allow")
	if apps := sam.Open("/manage/store/one").Eval(`[...document.querySelectorAll("#nav a")].map(a => a.textContent).join()`); strings.Contains(apps, "Staff") || strings.Contains(apps, "API") || strings.Contains(apps, "Webhook") {
		t.Errorf("the navigation of customer service has %s", apps)
	}
	sam.Open(at+"/credit").Write("amount", "10.00", "reason", "Late parcel").Press(submit).Want("Late parcel", "sam@example.com", "+$10.00")
	if sam.Eval(`document.querySelector("#timeline").textContent.includes("Late parcel") ? "is" : "is not"`) != "is" || !strings.Contains(sam.Eval(`document.querySelector("#credit").textContent`), "$15.00") {
		t.Error("the credit is not in the timeline, or not added")
	}
	owner.Open("/manage/store/one/history?q=parcel").Want("Late parcel", "sam@example.com")
	id := at[strings.LastIndex(at, "/")+1:]
	api := w.browser()
	api.extra.Set("X-Auth-Token", "TOKEN")
	api.get("/stores/one/v3/customers?include=storecredit&id:in="+id).want(200, "", `"store_credit_amounts":[{"amount":15}`)

	// A rule finds whom others change.
	owner.Open("/manage/store/one/segments/new").Write("name", "At Acme").Tick("[name=by][value=rule]")
	if scripts {
		owner.Eval(`const r = document.querySelector("[name=rule]"); r.focus(); r.value = "company = 'Acme'"; r.dispatchEvent(new Event("input", {bubbles: true})); ""`)
		owner.Await(`document.querySelector("#preview strong")?.textContent === "0 customers"`).Press(submit)
	} else {
		owner.Write("rule", "company = 'Acme'").Press("#preview .button").Want("0 customers").Press(submit + ".button:last-child")
	}
	owner.Want("The segment At Acme is added.")
	segment := owner.Path()
	w.keep()

	// Both edit her at once.
	sam.Open(at + "/edit")
	if scripts {
		sam.Write("company", "Acme").Press(submit).Want("Acme")
		w.keep()
		owner.Await(`document.querySelector("#list")?.textContent.includes("Kira Brand")`)
		sam.Open(at+"/edit").Write("company", "Elsewhere").Press(submit)
	}
	owner.Open(at+"/edit").Write("first_name", "Kyra")
	sam.Open(at+"/edit").Write("company", "Acme").Press(submit).Want("Acme")
	w.keep()
	owner.Press(submit).Want("changed this meanwhile", "Yours", "As it is now", "Acme", "Kyra")
	owner.Write("company", "Acme").Press(submit).Want("Kyra Brand", "Acme")
	w.keep()

	owner.Open(segment).Want("Kyra Brand")

	// Signed in as her.
	sam.Open(at+"/sign-in-as").Write("reason", "Ticket 4711").Press(submit)
	leave := sam.Eval(`document.querySelector('main a[target="_blank"]').href`)
	sam.Open(leave).Press(`main form .buttons button`).Want("Signed in as Kyra Brand by sam@example.com")
	sam.Open("/account.php?action=change_password").Want("changed by the customer alone")
	sam.Open("/account.php").Press(".acting button").Want("no longer signed in as the customer")
	owner.Open(at).Want("Ticket 4711")
	owner.Open("/manage/store/one/history?q=4711").Want("Ticket 4711", "sam@example.com")
	if scripts {
		owner.Calm("the owner")
		sam.Calm("the colleague")
	}
}
