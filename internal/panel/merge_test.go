package panel_test

import (
	"strings"
	"testing"
	"time"

	"clientele/internal/customer"
	"clientele/internal/opt"
	passwords "clientele/internal/password"
	"clientele/internal/sqldb"
	"clientele/internal/staff"
)

// twice makes two customers who are one person, and another one.
func (w *world) twice() {
	w.t.Helper()
	home := []customer.AddressCreate{{AddressFields: customer.AddressFields{FirstName: "Jane", LastName: "Doe", Address1: "7 Mill Lane", City: "Austin", StateOrProvince: "Texas", PostalCode: "78701", CountryCode: "US", Phone: "512 555 0100"}}}
	if _, err := w.Customers.CreateFor(w.t.Context(), passwords.Party{StoreID: 1}, []customer.Create{
		{Email: "jane.doe@gmail.com", FirstName: "Jane", LastName: "Doe", Phone: "512 555 0100", Company: "Doe & Co", StoreCredit: 50_000, Addresses: home},
		{Email: "janedoe+shop@gmail.com", FirstName: "J.", LastName: "<b>Doe</b>", Phone: "512 555 0199", StoreCredit: 125_000, Addresses: home},
		{Email: "kim@example.com", FirstName: "Kim", LastName: "Lee"},
	}); err != nil {
		w.t.Fatal(err)
	}
}

func TestMergePages(t *testing.T) {
	each(t, stores, func(t *testing.T, w *world) {
		w.twice()
		w.person("ann@example.com", 1, staff.Administrator)
		w.person("cem@example.com", 1, staff.CustomerService)
		b := w.browser()
		b.signIn("ann@example.com").want(200, "")
		const store, at = "/manage/store/one", "/manage/store/one/customers"
		// Nobody has looked; then somebody has.
		b.get(store+"/duplicates").want(200, "", "Nobody has looked for duplicates yet", "Look for duplicates")
		b.post(store+"/duplicates/find").want(200, store+"/duplicates", "being looked through")
		if _, err := w.Jobs.RunDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.get(store+"/duplicates").want(200, "", "Same mailbox", "Jane Doe", "&lt;b&gt;Doe", "/customers/2/merge?with=3", "!kim@")
		b.post(store+"/duplicates/1").want(200, store+"/duplicates", "not listed as duplicates any more", "No duplicates")
		b.get(store+"/duplicates?dismissed=1").want(200, "", "May be the same", "Jane Doe")
		b.post(store+"/duplicates/1", "undo", "1").want(200, store+"/duplicates", "Jane Doe")
		b.post(store+"/duplicates/9").want(404, "")

		// With whom.
		b.get(at+"/2/merge").want(200, "", "With whom")
		for _, wrong := range []string{"", "nobody@example.com", "#99", "#2", "x"} {
			b.post(at+"/2/merge/with", "customers", wrong).want(422, "", `id="f-customers-error"`)
		}
		b.post(at+"/2/merge/with", "customers", "janedoe+shop@gmail.com").want(200, "", "(#3) instead", "512 555 0199", "What happens to the rest")
		for _, with := range []string{"x", "0", "99", "2", "3,3"} {
			if b.get(at + "/2/merge?with=" + with); b.status >= 500 || !strings.Contains(b.body, "With whom") {
				t.Errorf("with %s: %d", with, b.status)
			}
		}
		b.get(at+"/2/merge?with=3").want(200, "", "$17.50", "take.phone", "The other addresses can still be used")
		version := b.version()
		// Somebody changes a customer meanwhile.
		if _, err := w.Customers.UpdateFor(t.Context(), passwords.Party{StoreID: 1}, []customer.Update{{ID: 3, Company: opt.Some("Late")}}); err != nil {
			t.Fatal(err)
		}
		b.post(at+"/2/merge", "with", "3", "version", version, "take.phone", "3").want(409, "", "has changed meanwhile", "Late")
		b.post(at+"/2/merge", "with", "", "version", version).want(400, "")
		version = b.get(at + "/2/merge?with=3").version()
		b.post(at+"/2/merge", "with", "3", "version", version, "take.phone", "3", "take.nonsense", "x", "keep_sign_in", "1").
			want(200, at+"/2", "is made of 2 customers now", "512 555 0199", "Merged accounts", "$17.50", "/merges/1/part")
		b.post(at+"/2/merge", "with", "3", "version", version).want(422, "")
		b.get(at+"/3").want(404, "")
		b.get(store+"/merges").want(200, "", "Can be undone", "#3")
		b.get(store+"/merges/1").want(200, "", "Undo the merge", "There is no such customer now")
		b.get(store+"/history").want(200, "", "Merged")

		// Customer service sees it, and merges nobody.
		c := w.browser()
		c.signIn("cem@example.com")
		c.get(at+"/2").want(200, "", "!/merge\"")
		c.get(store+"/merges/1").want(200, "", "!Undo the merge")
		c.get(at+"/2/merge?with=4").want(403, "")
		c.post(store+"/merges/1/part").want(403, "")

		b.get(store+"/merges/1/part").want(200, "", "come back with what they had")
		b.post(store+"/merges/1/part").want(200, store+"/merges/1", "They are 2 customers again.", "Everything is as it was before the merge.", "janedoe&#43;shop@gmail.com")
		b.post(store+"/merges/1/part").want(409, "", "cannot be undone now")
		b.get(store+"/merges/9").want(404, "")
		b.get(at+"/3").want(200, "", "janedoe&#43;shop@gmail.com", "7 Mill Lane")

		// After a month nobody can.
		version = b.get(at + "/2/merge?with=3").version()
		b.post(at+"/2/merge", "with", "3", "version", version).want(200, at+"/2")
		w.Clock.Advance(31 * 24 * time.Hour)
		if err := w.Merges.Prune(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.signIn("ann@example.com")
		b.get(store+"/merges/2").want(200, "", "For good", "!Undo the merge")
		b.post(store+"/merges/2/part").want(409, "", "cannot be undone now")
	})
}

// Two accounts of one person are found, merged and parted again, with scripts and
// without.
func TestBrowserOfMerges(t *testing.T) {
	t.Parallel()
	journeys(t, func(t *testing.T, db *sqldb.DB, scripts bool) {
		w := open(t, db, strings.Replace(stores, "First store", "Green Garden", 1))
		w.twice()
		w.person("ann@example.com", 1, staff.Administrator)
		b, see := w.tab(t, scripts)
		b.Open("/manage/sign-in").Write("email", "ann@example.com", "password", password).Press("main form.form .primary")
		b.Open("/manage/store/one/duplicates").Want("Nobody has looked")
		see("manage-duplicates-asleep")
		b.Open("/manage/store/one/duplicates/find").Press("main .primary").Want("A server looks for duplicates.")
		if _, err := w.Jobs.RunDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.Open("/manage/store/one/duplicates").Want("Same mailbox")
		see("manage-duplicates")
		b.Press(`#duplicates a.button`).Want("Jane Doe stays.", "What happens to the rest")
		see("manage-merge")
		if scripts && b.Eval(`String([...document.querySelectorAll(".compare label span")].every(s => s.getClientRects().length === 1))`) != "true" {
			t.Error("a short value of a customer takes several lines")
		}
		b.Tick(`[name="take.phone"][value="3"]`).Tick("[name=keep_sign_in]").Press(".actionbar .primary").Want("is made of 2 customers now", "512 555 0199", "Merged accounts")
		see("manage-merged")
		b.Open("/manage/store/one/merges").Want("Can be undone")
		see("manage-merges")
		b.Open("/manage/store/one/merges/1")
		see("manage-merge-one")
		b.Open("/manage/store/one/merges/1/part").Press("main .primary").Want("They are 2 customers again.", "Everything is as it was before the merge.")
		see("manage-parted")
		b.Open("/manage/store/one/customers/3").Want("janedoe+shop@gmail.com")
		// The toast undoes, too.
		b.Open("/manage/store/one/customers/2/merge").Write("customers", "#3").Press("main form.form .primary").Press(".actionbar .primary").Want("is made of 2 customers now")
		b.Press(".toast button").Want("They are 2 customers again.")
		// They are not the same after all.
		b.Open("/manage/store/one/duplicates?dismissed=1").Want("No duplicates")
		if scripts {
			b.Open("/manage/store/one/customers/2/merge?with=3").Stops("merge", 360, 740).Stops("merge", 1280, 800)
		}
		b.Calm("merges")
	})
}
