package panel_test

import (
	"fmt"
	"strings"
	"testing"

	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/staff"
	"clientele/internal/subscriber"
)

// readership has n subscribers, of whom every third agreed to nothing.
func readership(n int) string {
	var b strings.Builder
	b.WriteString("stores:\n  - hash: one\n    name: Green Garden\n    channels: [{id: 1, name: Shop, url: \"http://shop.example\"}]\n    subscribers:\n")
	for i := range n {
		consents := ""
		if i%3 == 2 {
			consents = ", consents: []"
		}
		fmt.Fprintf(&b, "      - {email: s%d@example.com, first_name: Sue, last_name: N%d%s}\n", i+1, i+1, consents)
	}
	b.WriteString("  - hash: two\n    name: Birch Books\n    subscribers: [{id: 500, email: secret.of.two@example.com}]\n")
	return b.String()
}

// Subscribers are chosen one by one or by the filters of the list, by who may do it to
// one.
func TestSubscribersBulk(t *testing.T) {
	each(t, readership(60), func(t *testing.T, w *world) {
		w.person("mia@example.com", 1, staff.Marketing)
		w.person("ron@example.com", 1, staff.ReadOnly)
		w.person("pia@example.com", 1, staff.Privacy)
		const at = "/manage/store/one/subscribers"
		mia, ron, pia := w.browser().signIn("mia@example.com"), w.browser().signIn("ron@example.com"), w.browser().signIn("pia@example.com")
		mia.get(at).want(200, at, `name="id" value="60" form="select"`, "All 60 that match", `value="subscribe"`, `value="unsubscribe"`, `value="export"`, `value="delete"`, `!value="set_group"`)
		mia.get(at+"?state=unsubscribed").want(200, "", "All that match", `name="filter" value="state=unsubscribed"`)
		mia.get(at+"?q=s5").want(200, "", `form="select"`, "!that match") // the beginnings of addresses, which is no filter
		mia.get(at+"?q=s5&wide=1").want(200, "", "All that match", `value="text=s5"`)
		mia.get(at+"?state=waiting").want(200, "", `!form="select"`)
		ron.get(at).want(200, at, `!form="select"`)
		pia.get(at).want(200, at, `form="select"`)

		mia.get(at+"/bulk?action=unsubscribe&id=1&id=2&id=500").want(200, at+"/bulk/unsubscribe?id=1%2C2%2C500", "2 subscribers", "s1@example.com", "!secret.of.two")
		mia.get(at+"/bulk?action=unsubscribe&all=1&filter=state%3Dunsubscribed").want(200, "", "20 subscribers", "State: Unsubscribed", "s3@example.com", "and 15 more", "!s1@example.com", "undone for seven days", at+"?state=unsubscribed")
		mia.get(at+"/bulk/delete?id=1").want(200, "", "What proves their consents is kept", "!Addresses, attributes")
		mia.get(at+"/bulk?action=unsubscribe").want(200, at, "Choose somebody first")
		for _, bad := range []string{"state=waiting", "colour=red", "state=subscribed&state=bounced", "channel_id=x", "text=" + strings.Repeat("x", 300), "text=%00", "text=%ff", "%"} {
			mia.get(at+"/bulk/unsubscribe?all=1&filter="+strings.NewReplacer("%", "%25", "&", "%26", "=", "%3D").Replace(bad)).want(422, "")
		}
		for _, kind := range []string{"subscribe", "unsubscribe", "delete"} {
			ron.get(at+"/bulk/"+kind+"?id=1").want(403, "", "!s1@example.com")
			ron.post(at+"/bulk/"+kind+"?id=1", "ground", "x").want(403, "")
		}
		mia.get("/manage/store/two/subscribers/bulk/unsubscribe?id=500").want(404, "", "!secret.of.two")

		mia.post(at+"/bulk/unsubscribe?id=1,2").want(422, "")
		once := strings.Repeat("d", 32)
		mia.post(at+"/bulk/unsubscribe?id=1,2,3", "ground", "By phone", "once", once).want(200, at, "Unsubscribe from the newsletter: 2 changed.", `action="/manage/store/one/bulk/1/undo"`)
		mia.post(at+"/bulk/unsubscribe?id=1,2,3", "ground", "By phone", "once", once)
		mia.get("/manage/store/one/bulk/2").want(404, "")
		mia.get(at+"?state=unsubscribed").want(200, "", "22 subscribers")
		mia.post("/manage/store/one/bulk/1/undo").want(200, "/manage/store/one/bulk/1", "Undone")
		mia.get(at+"?state=unsubscribed").want(200, "", "20 subscribers")

		// All whom a filter finds, with where the way back leads.
		mia.post(at+"/bulk/unsubscribe?all=1&filter=text%3Ds4%26state%3Dsubscribed", "ground", "The list is closed").want(200, at+"?q=s4&state=subscribed&wide=1", "8 changed", "Nothing found")
		mia.get("/manage/store/one/bulk").want(200, "", "Contains “s4” · State: Subscribed")
		mia.get("/manage/store/one/export/new?all=1&filter=state%3Dunsubscribed&kind=subscribers").want(200, "", "State: Unsubscribed")
		mia.post("/manage/store/one/export/new?all=1&filter=state%3Dunsubscribed&kind=subscribers", "template", "subscribers/default").want(200, "")
		if _, err := w.Jobs.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(mia.get("/manage/store/one/export/1/file").want(200, "", "s3@example.com", "s4@example.com", "!s1@example.com").body, "\n"); got != 29 {
			t.Errorf("%d lines", got)
		}
	})
}

// Subscribers of a filter are unsubscribed, and that is undone: with scripts and without,
// on both engines.
func TestBrowserSubscribersBulk(t *testing.T) {
	t.Parallel()
	journeys(t, func(t *testing.T, db *sqldb.DB, scripts bool) {
		w := open(t, db, readership(30))
		for i := range 400 {
			if _, err := w.Subscribers.Create(t.Context(), 1, subscriber.Create{Email: fmt.Sprintf("many%d@example.org", i), FirstName: "Max", LastName: "Many", Consents: opt.Some([]string{subscriber.MarketingNewsletter})}, subscriber.Origin{}); err != nil {
				t.Fatal(err)
			}
		}
		w.person("ann@example.com", 1, staff.Administrator)
		w.Jobs.Start(t.Context())
		t.Cleanup(func() { _ = w.Jobs.Stop(t.Context()) })
		b, see := w.tab(t, scripts)
		b.Open("/manage/sign-in").Write("email", "ann@example.com", "password", password).Press("main form.form .primary")
		const list = "/manage/store/one/subscribers"
		b.Open(list).Want("All 430 that match")
		if scripts {
			b.Eval(`const x = [...document.querySelectorAll("[name=id][form=select]")]; x[0].click(); x[3].dispatchEvent(new MouseEvent("click", {bubbles: true, shiftKey: true})); ""`)
			b.Await(`document.querySelector("[data-picked]").textContent === "4 selected"`).See("manage-subscribers-ticked")
		} else {
			b.Tick(`#subscriber-430 [name=id]`).Tick(`#subscriber-429 [name=id]`)
		}
		b.Eval(`document.querySelector("#select-action").value = "unsubscribe"; ""`)
		b.Press("#select .button").Want("Unsubscribe from the newsletter", map[bool]string{true: "4 subscribers", false: "2 subscribers"}[scripts])
		b.Open(list + "?q=example.org&wide=1&state=subscribed").Want("All that match")
		b.Tick("#select [name=all]").Eval(`document.querySelector("#select-action").value = "unsubscribe"; ""`)
		b.Press("#select .button").Want("400 subscribers", "and 395 more", "in the background", "Contains “example.org”")
		see("manage-subscribers-bulk-question")
		b.Write("ground", "The list is closed").Press("main form.form .primary").Want("Unsubscribe from the newsletter")
		at := b.Path()
		ends := func(state string) {
			if scripts {
				b.Await(`document.querySelector("#work .lozenge").textContent === "` + state + `"`)
				return
			}
			until(t, func() bool {
				return strings.Contains(b.Open(at).Eval(`document.querySelector("#work .lozenge").textContent`), state)
			})
		}
		ends("Done")
		see("manage-subscribers-bulk-done")
		b.Open(list+"?state=unsubscribed&q=example.org&wide=1").Want("All that match", "many399@example.org")
		b.Open(at).Press(`form[action$="/undo"] .button`)
		ends("Undone")
		b.Open(list + "?state=unsubscribed").Want("10 subscribers")
		if scripts {
			b.Calm("bulk actions on subscribers")
		}
	})
}
