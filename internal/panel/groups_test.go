package panel_test

import (
	"regexp"
	"strings"
	"testing"

	"clientele/internal/customer"
	"clientele/internal/history"
	passwords "clientele/internal/password"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/staff"
	chromium "clientele/internal/testing/browser"
)

var versionOf = regexp.MustCompile(`name="version" value="([0-9a-f]+)"`)

func (b *browser) version() string {
	b.t.Helper()
	m := versionOf.FindStringSubmatch(b.body)
	if m == nil {
		b.t.Fatalf("%s: no version\n%s", b.path, b.body)
	}
	return m[1]
}

func TestGroups(t *testing.T) {
	each(t, stores, func(t *testing.T, w *world) {
		w.person("ann@example.com", 1, staff.Administrator)
		w.person("ray@example.com", 1, staff.ReadOnly)
		b := w.browser()
		b.signIn("ann@example.com").want(200, "")
		const at = "/manage/store/one/groups"
		b.get(at).want(200, at, "No group yet")
		// A line more, and one less, before anything is saved.
		name := `<script>alert(1)</script>`
		b.post(at+"/new", "name", name, "refresh", "add").want(200, at+"/new", `name="discount_rules.0.type"`, "&lt;script&gt;", "!discount_rules.1.type")
		b.post(at+"/new", "name", name, "discount_rules.0.type", "all", "discount_rules.0.amount", "5", "discount_rules.1.type", "product", "discount_rules.1.target", "77", "refresh", "drop.0").
			want(200, "", `name="discount_rules.0.target" type="text" value="77"`, "!discount_rules.1.type")
		b.get(at).want(200, at, "No group yet")
		// What is wrong stands beside its field.
		b.post(at+"/new", "name", "", "category_access_type", "specific", "category_access_categories", "1, x", "discount_rules.0.type", "category", "discount_rules.0.method", "percent", "discount_rules.0.amount", "200").
			want(422, "", `id="f-name-error"`, "“x” is not a number", `id="f-discount_rules.0.target-error"`)
		b.post(at+"/new", "name", "Trade", "category_access_type", "specific", "discount_rules.0.type", "category", "discount_rules.0.target", "7", "discount_rules.0.method", "percent", "discount_rules.0.amount", "200").
			want(422, "", "the categories that the group sees", `id="f-discount_rules.0.amount-error"`)
		b.post(at+"/new", "name", name, "is_default", "1", "category_access_type", "specific", "category_access_categories", "4, 5;6",
			"discount_rules.0.type", "category", "discount_rules.0.target", "7", "discount_rules.0.method", "percent", "discount_rules.0.amount", "12.50",
			"discount_rules.1.type", "all", "discount_rules.1.target", "", "discount_rules.1.method", "fixed", "discount_rules.1.amount", ""). // a line without anything in it
			want(200, at, "&lt;script&gt;", "!<script>alert", "is added", "12.5 % off in category 7", "3 categories", "new customers")
		// Customers are counted, and told of before the group goes.
		if _, err := w.Customers.CreateFor(t.Context(), passwords.Party{StoreID: 1}, []customer.Create{{Email: "x@example.com", FirstName: "X", LastName: "Y", GroupID: 1}}); err != nil {
			t.Fatal(err)
		}
		b.get(at+"/1").want(200, at+"/1", `value="12.5"`, "4, 5, 6")
		version := b.version()
		b.get(at+"/1/delete").want(200, "", "One customer loses this group", "New customers join no group then.")
		b.post(at+"/1", "name", "Trade", "category_access_type", "all", "price_list_id", "3", "version", version).want(200, at, "Price list 3", "All categories", "Undo", `name="discount_rules.0.amount" value="12.5"`)
		// Somebody else was quicker.
		b.post(at+"/1", "name", "Mine", "category_access_type", "all", "version", version).want(409, at+"/1", "changed this meanwhile", `<td data-label="Yours">Mine</td><td data-label="As it is now">Trade`)
		b.post(at+"/1", "name", "Mine", "category_access_type", "all", "version", b.version()).want(200, at, "Mine")
		b.post(at+"/1/copy").want(200, at+"/2", "This is a copy of Mine.", "Copy of Mine")
		b.get(at+"?q=copy").want(200, "", "1 group", "Copy of Mine", "!>Mine<")
		b.get(at+"?after=nonsense").want(422, "")
		b.post(at+"/1/delete").want(200, at, "The group Mine is deleted.")
		for _, path := range []string{"/1", "/x", "/1/delete"} {
			b.get(at+path).want(404, "")
		}
		page, err := w.History.List(t.Context(), 1, history.Filter{Resource: "customer_group"})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Records {
			if e.Actor.Kind != history.Staff || e.Surface != history.Panel || e.Actor.Name != "ann@example.com" {
				t.Errorf("%+v", e)
			}
		}
		if len(page.Records) != 5 {
			t.Errorf("%d entries", len(page.Records))
		}
		// Who may look changes nothing.
		r := w.browser()
		r.signIn("ray@example.com")
		r.get(at).want(200, at, "Copy of Mine", "!Add a group")
		r.get(at+"/2").want(200, at+"/2", "All categories", "!name=\"name\"")
		r.post(at+"/2", "name", "Eve").want(403, "")
	})
}

func TestBrowserOfGroups(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.Open(t, sqldb.SQLite), strings.Replace(stores, "name: First store,", `name: Green Garden, customer_groups: [{id: 1, name: Retail, is_default: true}, {id: 2, name: Wholesale, discount_rules: [{type: all, method: percent, amount: 15}, {type: category, category_id: 12, method: fixed, amount: 2.5}]}],`, 1))
	w.person("ann@example.com", 1, staff.Administrator)
	b := chromium.Open(t, w.server.URL, "en-US")
	b.Open("/manage/sign-in").Write("email", "ann@example.com", "password", password).Press("main form.form .primary")
	b.Open("/manage/store/one/groups").Want("Wholesale", "15 % off on everything").See("manage-groups")
	b.Press(`#list tbody tr:nth-child(2) a`).See("manage-group")
	// A line more comes without another page, and what was written stays.
	b.Write("name", "Wholesale 2").Tick("[data-more]").Await(`document.querySelectorAll(".lines li").length === 3 && document.activeElement.name === "discount_rules.2.type" && document.querySelector("[name=name]").value === "Wholesale 2"`)
	b.Tick(`.lines li:first-child .iconbutton`).Await(`document.querySelectorAll(".lines li").length === 2 && document.querySelector("[name='discount_rules.0.type']").value === "category"`)
	b.Write("discount_rules.1.amount", "x").Press("main form.form .primary").Want("Please enter an amount")
	b.Write("discount_rules.1.amount", "10").Press("main form.form .primary").Want("The group Wholesale 2 is saved.")
	b.Press(".toast button").Want("The group Wholesale is saved.", "15 % off on everything")
	b.Open("/manage/store/one/groups/2/delete").Want("No customer is in it.")
	b.Open("/manage/store/one/groups/2").Stops("group", 360, 740)
	b.Calm("groups")
	// Without scripts too.
	b.WithoutScripts().Open("/manage/store/one/groups/new").Write("name", "Club").Tick(`[value=all]`).Press("[data-more]").Write("discount_rules.0.amount", "5").Press("main form.form .primary").Want("The group Club is added.")
}
