package panel_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"clientele/internal/customer"
	"clientele/internal/opt"
	passwords "clientele/internal/password"
	"clientele/internal/sqldb"
	"clientele/internal/staff"
)

// many adds customers to the first store.
func (w *world) many(n int) {
	w.t.Helper()
	for from := 0; from < n; from += 500 {
		some := make([]customer.Create, min(500, n-from))
		for i := range some {
			some[i] = customer.Create{Email: fmt.Sprintf("many%d@example.com", from+i), FirstName: "Max", LastName: fmt.Sprintf("Many%d", from+i), Company: "Mass Ltd"}
		}
		if err := w.DB.Write(w.t.Context(), 1, func(tx *sqldb.Tx) error {
			_, err := w.Customers.CreateTx(tx, some, make([]string, len(some)))
			return err
		}); err != nil {
			w.t.Fatal(err)
		}
	}
}

// Few are done at once, each action is for who may do it to one, and nothing of the
// address is believed.
func TestBulk(t *testing.T) {
	each(t, crowd(), func(t *testing.T, w *world) {
		w.person("ann@example.com", 1, staff.CustomerService)
		w.person("mia@example.com", 1, staff.Marketing)
		w.person("olga@example.com", 1, staff.Owner)
		w.person("rea@example.com", 1, staff.ReadOnly)
		const at = "/manage/store/one/customers"
		ann, mia, rea, olga := w.browser().signIn("ann@example.com"), w.browser().signIn("mia@example.com"), w.browser().signIn("rea@example.com"), w.browser().signIn("olga@example.com")
		ann.get(at).want(200, at, `name="id" value="60" form="select"`, "All 60 that match", `value="set_group"`, `value="require_password"`, `!value="delete"`, `!value="add_to_segment"`, `!value="export"`)
		mia.get(at).want(200, at, `value="add_to_segment"`, `!value="set_group"`, `value="subscribe"`)
		rea.get(at).want(200, at, `!form="select"`)
		olga.get(at).want(200, at, `value="delete"`, `value="set_attribute"`)

		rule := url.QueryEscape("group = 'Wholesale'")
		ann.get(at+"/bulk?action=set_group&id=1&id=2&id=x&id=-4&id=2").want(200, at+"/bulk/set-group?id=1%2C2", "Set the group", "2 customers", "c0@example.com", "!c2@example.com", "undone for seven days", "Retail")
		ann.get(at+"/bulk?action=set_group&all=1&rule="+rule).want(200, at+"/bulk/set-group?all=1&rule=group+%3D+%27Wholesale%27", "20 customers", "and 15 more")
		ann.get(at+"/bulk?action=set_group").want(200, at, "Choose somebody first")
		ann.get(at+"/bulk?action=delete&id=1").want(200, at)
		ann.get(at+"/bulk?action=nonsense&all=1").want(200, at)
		ann.get(at+"/bulk/set-group?all=1&rule=grup+%3D").want(422, "", "cannot be read")
		for _, b := range []*browser{ann, mia, rea} {
			b.get(at+"/bulk/delete?id=1").want(403, "", "!c0@example.com")
			b.post(at+"/bulk/delete?id=1").want(403, "")
		}
		mia.post(at+"/bulk/set-group?id=1", "group", "2").want(403, "")

		ann.post(at+"/bulk/set-group?id=1%2C2").want(422, "", "Please choose.")
		ann.post(at+"/bulk/set-group?id=1%2C2", "group", "9").want(422, "")
		ann.post(at+"/bulk/set-group?id=1%2C2", "group", "2", "once", strings.Repeat("c", 32)).want(200, at, "Set the group: 2 changed.", `action="/manage/store/one/bulk/1/undo"`)
		ann.get(at+"?rule="+url.QueryEscape("group = 'Retail'")).want(200, "", "22 customers")
		mia.post("/manage/store/one/bulk/1/undo").want(403, "")
		ann.post("/manage/store/one/bulk/1/undo").want(200, "/manage/store/one/bulk/1", "Undone", "Some One")
		ann.get(at+"?rule="+url.QueryEscape("group = 'Retail'")).want(200, "", "20 customers")
		ann.post("/manage/store/one/bulk/1/undo").want(200, "/manage/store/one/bulk/1")
		ann.post("/manage/store/one/bulk/77/undo").want(404, "")

		// A form that is sent twice is done once.
		for range 2 {
			ann.post(at+"/bulk/send-reset?id=3", "once", strings.Repeat("a", 32))
		}
		if n := len(w.Mails.All()); n != 1 {
			t.Errorf("%d emails", n)
		}

		// Who it could not be done to, with names that are no markup and no formula.
		if _, err := w.Customers.UpdateFor(t.Context(), passwords.Party{StoreID: 1}, []customer.Update{{ID: 5, FirstName: opt.Some("<b>=1+1")}}); err != nil {
			t.Fatal(err)
		}
		if err := w.DB.Write(t.Context(), 1, func(tx *sqldb.Tx) error {
			return tx.Exec(sqldb.Dynamic(`UPDATE customers SET channel_ids = '77' WHERE store_id = $1 AND id = 5`))
		}); err != nil {
			t.Fatal(err)
		}
		ann.post(at+"/bulk/send-reset?id=4,5", "once", strings.Repeat("b", 32)).want(200, "", "May not sign in on any storefront", "&lt;b&gt;=", "!<b>=1")
		ann.get(ann.path+"/failures").want(200, "", "id,email,first_name", "c4@example.com")
		if got := ann.header.Get("Content-Disposition"); !strings.HasPrefix(got, "attachment; filename=\"bulk-") {
			t.Error(got)
		}

		olga.post(at+"/bulk/set-attribute?id=1", "attribute", "1", "value", "large").want(422, "")
		olga.post(at+"/bulk/set-attribute?id=1", "attribute", "1", "value", "42").want(200, at, "1 changed")
		w.Clock.Advance(16 * time.Minute)
		olga.get(at+"/bulk/delete?id=1").want(200, "", "confirm that it is you", "!c0@example.com")
		olga.get("/manage/store/one/bulk").want(200, "", "Set an attribute", "Set the group")
		olga.get("/manage/store/two/bulk/1").want(404, "")
	})
}

// 5,000 customers of a filter come into a group, and out of it again: with scripts and
// without, on both engines.
func TestBrowserBulk(t *testing.T) {
	t.Parallel()
	journeys(t, func(t *testing.T, db *sqldb.DB, scripts bool) {
		w := open(t, db, crowd())
		w.many(5000)
		w.person("olga@example.com", 1, staff.Owner)
		w.Jobs.Start(t.Context())
		t.Cleanup(func() { _ = w.Jobs.Stop(t.Context()) })
		b, see := w.tab(t, scripts)
		b.Open("/manage/sign-in").Write("email", "olga@example.com", "password", password).Press("main form.form .primary")
		const list = "/manage/store/one/customers?rule=company+%3D+%27Mass+Ltd%27"
		b.Open(list).Want("All 5,000 that match")
		if scripts {
			// Ticked one by one, and with Shift up to another.
			b.Eval(`const x = [...document.querySelectorAll("[name=id][form=select]")]; x[1].click(); x[4].dispatchEvent(new MouseEvent("click", {bubbles: true, shiftKey: true})); ""`)
			b.Await(`document.querySelector("[data-picked]").textContent === "4 selected"`).See("manage-bulk-ticked")
			b.Eval(`document.querySelector("[data-pick-all] input").click(); ""`)
			b.Await(`document.querySelector("[data-picked]").textContent === "25 selected"`)
		}
		b.Tick("#select [name=all]").Eval(`document.querySelector("#select-action").value = "set_group"; ""`)
		b.Press("#select .button").Want("Set the group", "5,000 customers", "and 4,995 more", "in the background")
		see("manage-bulk-question")
		if scripts {
			b.Stops("bulk", 360, 740).Stops("bulk", 1280, 800)
		}
		b.Eval(`document.querySelector("[name=group]").value = "2"; ""`)
		b.Press("main form.form .primary").Want("Set the group")
		at := b.Path()
		if scripts {
			b.Await(`document.querySelector("#work .lozenge").textContent === "Done"`)
		} else {
			until(t, func() bool {
				return strings.Contains(b.Open(at).Eval(`document.querySelector("#work").textContent`), "Done")
			})
		}
		see("manage-bulk-done")
		b.Open("/manage/store/one/customers?rule=group+%3D+%27Retail%27+AND+company+%3D+%27Mass+Ltd%27").Want("5,000 customers")
		b.Open(at).Press(`form[action$="/undo"] .button`)
		if scripts {
			b.Await(`document.querySelector("#work .lozenge").textContent === "Undone"`)
		} else {
			until(t, func() bool {
				return strings.Contains(b.Open(at).Eval(`document.querySelector("#work .lozenge").textContent`), "Undone")
			})
		}
		b.Open("/manage/store/one/customers?rule=group+%3D+%27Retail%27").Want("20 customers")
		b.Open("/manage/store/one/history").Want("5000").Open("/manage/store/one/bulk").Want("Set the group")
		see("manage-bulk-list")
		if scripts {
			b.Calm("bulk actions")
		}
	})
}

// until waits for something that others do.
func until(t *testing.T, is func() bool) {
	t.Helper()
	patience := time.Minute
	if full() {
		patience = 20 * time.Minute
	}
	for end := time.Now().Add(patience); !is(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not come")
		}
	}
}
