package panel_test

import (
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/staff"
	chromium "clientele/internal/testing/browser"
)

// crowd is a seed of two stores: of one with 60 customers, and of another one.
func crowd() string {
	var b strings.Builder
	b.WriteString("stores:\n  - hash: one\n    name: Green Garden\n    customer_groups: [{id: 1, name: Wholesale}, {id: 2, name: Retail}]\n    attributes: [{name: Shoe size, type: number}]\n    customers:\n")
	for i := range 60 {
		fmt.Fprintf(&b, "      - {id: %d, email: c%d@example.com, first_name: %s, last_name: %s%d, company: %q, customer_group_id: %d, store_credit: \"%d\"}\n",
			i+1, i, []string{"Ann", "Bob", "Cleo"}[i%3], []string{"Ash", "Birch"}[i%2], i, []string{"", "Acme"}[i%2], i%3, i%5*10)
	}
	b.WriteString("  - hash: two\n    name: Birch Books\n    customers: [{id: 1, email: secret.of.two@example.com, first_name: Two, last_name: Two}]\n")
	return b.String()
}

func TestCustomers(t *testing.T) {
	each(t, crowd(), func(t *testing.T, w *world) {
		w.person("ann@example.com", 1, staff.CustomerService)
		w.person("mia@example.com", 1, staff.Marketing)
		b := w.browser()
		b.signIn("ann@example.com")
		const at = "/manage/store/one/customers"
		b.get(at).want(200, at, "60 customers", "Cleo Birch59", "1–25", "!Ann Ash0<", "!secret.of.two", "Wholesale", "$40.00", "!Save as segment")
		b.get(link(t, b.body, "Next page")).want(200, "", "26–50", "Bob Birch25", "!Birch59")
		b.get(link(t, b.body, "Next page")).want(200, "", "51–60", "Ann Ash0", "!Birch25<")
		b.get(link(t, b.body, "Previous page")).want(200, "", "26–50", "Bob Birch25", "!Birch59")
		b.get(at+"?back=1").want(200, "", "36–60", "Ann Ash0", "!Birch59")
		b.get(at+"?sort=name&limit=50").want(200, "", "1–50", "Ann Ash0", `aria-sort="ascending"`, "!Cleo Birch59")
		b.get(at+"?q=birch59").want(200, "", "1 customer<", "Cleo Birch59")
		b.get(at+"?q=irch&wide=1").want(200, "", "30 customers", "Contains “irch”")
		// Filters by the form, in words, and taken away one by one.
		b.post(at+"/filter", "begins_field", "name", "begins", "Bob", "group", "1", "joined_from", "2001-02-03").want(200, "", "20 customers", "Name begins with Bob", "Group: Wholesale", "Joined from 2001-02-03")
		b.get(at+"?rule="+url.QueryEscape("name STARTS WITH 'Bob' AND group = 'Wholesale'")).want(200, "", "20 customers", `href="/manage/store/one/customers?rule=name&#43;STARTS&#43;WITH&#43;%27Bob%27"`)
		b.post(at+"/filter", "begins_field", "name", "id_from", "9", "id_to", "3").want(422, at+"/filter", "This is not accepted.")
		b.post(at+"/filter", "begins_field", "name", "rule", "grup = 1").want(422, at+"/filter", "At character 1: grup", "Did you mean group?", "grup = 1</textarea>")
		b.get(at+"?rule=grup+%3D+1").want(422, "", "cannot be read", "Did you mean group?", "!Birch")
		b.get(at+"?rule=company+%3D+%27Nobody%27").want(200, "", "Nothing found", "0 customers")
		b.post(at+"/columns", "column0", "email", "column1", "attribute-1", "column2", "nonsense").want(200, at+"?columns=email%2Cattribute-1", ">Shoe size<", "c59@example.com", "!Last sign-in")
		b.get(at+"/count?q=&rule=group+%3D+1").want(200, "", "20 customers", "Back to the list")
		// What apps ask for the same.
		b.get(at+"/api").want(200, "", "/stores/one/v3/customers?limit=25", "/stores/one/v2/customers", "X-Auth-Token: …")
		b.get(at+"/api?rule=group+%3D+%27Wholesale%27").want(200, "", "POST /stores/one/v3/clientele/segments/preview", `{&#34;rule&#34;:&#34;group = &#39;Wholesale&#39;&#34;}`)
		b.get(at+"/1/api").want(200, "", "/v3/customers?id:in=1&amp;include=")
		// Nothing of the address is believed.
		for _, q := range []string{"from=x", "from=-1&back=1", "limit=7&at=9999999999999999999", "sort=password_hash", "rule=%00", "q=%00%ff", "columns=attribute-x,id", "rule=" + strings.Repeat("(", 5000)} {
			if b.get(at + "?" + q); b.status != 200 && b.status != 422 {
				t.Errorf("%s: %d", q, b.status)
			}
		}
		b.get("/manage/store/two/customers").want(404, "", "!secret.of.two")
		b.get(at+"/segment?rule=group+%3D+1").want(403, "")
		mia := w.browser()
		mia.signIn("mia@example.com")
		mia.get(at+"?rule=group+%3D+1").want(200, "", "Save as segment")
		mia.get(at+"/segment").want(200, at)
		mia.get(at+"/segment?rule=group+%3D+1").want(200, "", "group = &#39;Wholesale&#39;")
		mia.post(at+"/segment?rule=group+%3D+1", "name", "").want(422, "")
		mia.post(at+"/segment?rule=group+%3D+1", "name", "Wholesalers").want(200, at+"?rule=group+%3D+1", "The segment Wholesalers is saved")
		mia.post(at+"/segment?rule=group+%3D+1", "name", "wholesalers").want(409, "", "Another segment has this name.")
		rules, err := w.Rules.Rules(t.Context(), 1)
		if err != nil || len(rules) != 1 || rules[0].Node.String() != "group = 'Wholesale'" {
			t.Errorf("%+v %v", rules, err)
		}
	})
}

// link is the address of a link by what it is called.
func link(t *testing.T, body, label string) string {
	t.Helper()
	before, _, ok := strings.Cut(body, `aria-label="`+label+`"`)
	i := strings.LastIndex(before, `href="`)
	if !ok || i < 0 {
		t.Fatalf("no link %s\n%s", label, body)
	}
	address, _, _ := strings.Cut(before[i+len(`href="`):], `"`)
	return strings.ReplaceAll(address, "&amp;", "&")
}

// The list in a browser: it follows what is typed and chosen.
func TestBrowserCustomers(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.Open(t, sqldb.SQLite), crowd())
	w.person("ann@example.com", 1, staff.Administrator)
	b := chromium.Open(t, w.server.URL, "en-US")
	b.Open("/manage/sign-in").Write("email", "ann@example.com", "password", password).Press("main form.form .primary")
	const at = "/manage/store/one/customers"
	b.Open(at).Want("60 customers").See("manage-customers")
	b.Type("#q", "cleo").Await(`document.querySelectorAll("#list tbody tr").length === 20 && location.search === "?q=cleo" && document.activeElement.id === "q"`)
	b.Open(at).Tick(`#list thead a[href*="sort=name"]`).Await(`document.querySelector("#list [aria-sort=ascending]") !== null && location.search === "?sort=name"`)
	b.Tick(`a[aria-label="Next page"]`).Await(`document.querySelector(".range").textContent === "26–50"`)
	// Who works by keys stays where the page was left, also if what had the focus is gone.
	b.Eval(`const next = document.querySelector('a[aria-label="Next page"]'); next.focus(); next.click(); ""`)
	b.Await(`document.querySelector(".range").textContent === "51–60" && document.activeElement.closest(".steps-of") !== null`)
	b.Open(at + "?rule=" + url.QueryEscape("group = 'Wholesale' AND store_credit >= 10")).See("manage-customers-filtered")
	b.Eval(`const drop = document.querySelector(".applied li:first-child a"); drop.focus(); drop.click(); ""`)
	b.Await(`document.querySelectorAll(".applied li").length === 1 && document.activeElement.closest(".applied") !== null`)
	b.Tick(`.applied a[href*="/columns"]`).Await(`document.querySelector("dialog[open] select") !== null`).See("manage-customers-columns")
	b.Open(at + "/filter").See("manage-customers-filter")
	b.Open(at + "?q=nobodyatall").See("manage-customers-none")
	b.Open(at + "?sort=-credit").Tick(`.applied a[href*="/view"]`).Await(`document.querySelector("dialog[open] [name=name]") !== null`).See("manage-view-new")
	b.Write("name", "Most credit").Tick("dialog [name=shared]").Press("dialog .primary").Want("The view Most credit is saved.").See("manage-views")
	b.Calm("the end")
}

// The page of a customer in a browser.
func TestBrowserCustomer(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.Open(t, sqldb.SQLite), shoppers)
	w.person("ann@example.com", 1, staff.Administrator)
	b := chromium.Open(t, w.server.URL, "en-US")
	b.Open("/manage/sign-in").Write("email", "ann@example.com", "password", password).Press("main form.form .primary")
	const at = "/manage/store/one/customers/1"
	b.Open(at).Want("Jane Doe").See("manage-customer")
	b.Tick(`button[popovertarget=more]`).Await(`document.querySelector("#more").matches(":popover-open")`).See("manage-customer-more")
	b.Open(at + "/edit").See("manage-customer-edit")
	b.Open(at + "/api").See("manage-customer-api")
	b.Open(at + "/addresses/1").See("manage-customer-address")
	b.Open("/manage/store/one/customers/new").Type("#f-email", "john@example.com").Await(`document.querySelector("#doubts .warning a") !== null`).See("manage-customer-new")
	b.Open(at).Tick(`#comments .actions a`).Await(`document.querySelector("dialog[open] textarea") !== null`).See("manage-comment-new")
	b.Write("comment", "Calls on Mondays.\nSee https://example.com/tickets/4711 for the whole story.").Tick("dialog [name=pinned]").Press("dialog .primary").Want("The comment is saved.", "Calls on Mondays.")
	for i, state := range []string{"delivered", "failed", "pending"} {
		w.exec(`INSERT INTO webhook_deliveries (store_id, hook_id, id, scope, data, date_created, lane, state, due_at, lease_owner, attempts, status, tries) VALUES ($1, 1, $2, 'store/customer/updated', '{}', $3, 1, $4, 0, '', $5, 500, '[{"at":1,"url":"https://hooks.example/x"}]')`, int64(900+i), w.System.Now(), state, int64(i))
	}
	b.Open(at).See("manage-customer-comments")
	b.Open(at + "/erase").See("manage-erase")
	// Credit in a dialog, and back again.
	b.Open(at).Tick(`#credit .actions a`).Await(`document.querySelector("dialog[open] [name=amount]") !== null`).See("manage-customer-credit")
	b.Write("amount", "10", "reason", "Late parcel").Press("dialog .primary").Want("has store credit of $22.50 now", "Late parcel").Press(".toast button").Want("has store credit of $12.50 now")
	b.Calm("the end")
}

const shoppers = `stores:
  - hash: one
    name: Green Garden
    api_accounts: [{name: app, client_id: CID, client_secret: SECRET, access_token: TOKEN, scopes: [all]}]
    customer_groups: [{id: 1, name: Wholesale}, {id: 2, name: Retail}]
    form_fields: [{form: customer, name: Referral, type: text, required: false}, {form: address, name: Delivery note, type: multiline}]
    attributes: [{name: Shoe size, type: number}, {name: Birthday, type: date}]
    customers:
      - id: 1
        email: jane@example.com
        first_name: Jane
        last_name: Doe
        company: "<b>Acme</b>"
        phone: "+1 512 555 0100"
        password: Secret-123
        customer_group_id: 1
        store_credit: "12.50"
        attributes: [{name: Shoe size, value: "38"}]
        addresses:
          - {first_name: Jane, last_name: Doe, address1: 1 Main Street, city: Austin, state_or_province: Texas, postal_code: "78701", country_code: US}
        wishlists: [{name: Birthday, items: [{product_id: 77}]}]
      - {id: 2, email: john@example.com, first_name: John, last_name: Roe}
    subscribers: [{email: jane@example.com, first_name: Jane}]
  - hash: two
    name: Birch Books
    customers: [{id: 9, email: secret.of.two@example.com, first_name: Two, last_name: Two}]
`

func TestCustomer(t *testing.T) {
	each(t, shoppers, func(t *testing.T, w *world) {
		w.person("ann@example.com", 1, staff.CustomerService)
		w.person("ron@example.com", 1, staff.ReadOnly)
		b := w.browser()
		b.signIn("ann@example.com")
		const at = "/manage/store/one/customers/1"
		b.get(at).want(200, at, "Jane Doe", "jane@example.com", "&lt;b&gt;Acme&lt;/b&gt;", "!<b>Acme", "Wholesale", "Sees all categories", "$12.50", "1 Main Street", "United States", "Shoe size", "38",
			"Product 77", "Newsletter", "imported", "On no device.", "Added: customer", "Seed file")
		b.get(at+"?kind=failures").want(200, "", "Nothing happened yet.")
		b.get("/manage/store/one/customers/9").want(404, "", "!secret.of.two")
		b.get("/manage/store/one/customers/x").want(404, "")
		b.get("/manage/store/one/customers/2").want(200, "", "John Roe", "No address yet.", "In no group.")
		ron := w.browser()
		ron.signIn("ron@example.com")
		ron.get(at).want(200, at, "Jane Doe", "!Emails sent")
	})
}

// formVersion is what a form holds of the record's state.
func formVersion(t *testing.T, body string) string {
	t.Helper()
	_, after, ok := strings.Cut(body, `name="version" value="`)
	if !ok {
		t.Fatalf("no version\n%s", body)
	}
	v, _, _ := strings.Cut(after, `"`)
	return v
}

func TestCustomerEdit(t *testing.T) {
	each(t, shoppers, func(t *testing.T, w *world) {
		w.person("ann@example.com", 1, staff.CustomerService)
		w.person("bob@example.com", 1, staff.Administrator)
		b, other := w.browser(), w.browser()
		b.signIn("ann@example.com")
		other.signIn("bob@example.com")
		const at = "/manage/store/one/customers/1"
		// Two edit at once: the second sees both versions, and nothing is lost.
		v := formVersion(t, b.get(at+"/edit").want(200, "", `value="jane@example.com"`).body)
		details := func(v, first, company string) []string {
			return []string{"version", v, "first_name", first, "last_name", "Doe", "email", "jane@example.com", "company", company, "phone", "1", "notes", "a\r\nb"}
		}
		other.post(at+"/edit", details(v, "Janet", "Acme")...).want(200, at, "The details of Janet Doe are saved.", "Undo")
		b.post(at+"/edit", details(v, "Jean", "Acme")...).want(409, at+"/edit", "changed this meanwhile", `<td data-label="Yours">Jean`, `<td data-label="As it is now">Janet`, `value="Jean"`)
		b.post(at+"/edit", details(formVersion(t, b.body), "Jean", "Acme")...).want(200, at, "Jean Doe", "Changed: customer", "Janet", "Staff ann@example.com")
		b.post(at+"/edit", "version", "x", "first_name", "", "last_name", "", "email", "nonsense").want(422, "", "Please")
		b.post(at+"/edit", "version", formVersion(t, b.get(at+"/edit").body), "first_name", "J", "last_name", "D", "email", "john@example.com").want(409, "", "Another customer has this email address")
		// Store credit, with a reason, and back.
		b.post(at+"/credit", "kind", "credit", "amount", "x", "reason", "").want(422, "", "Please write an amount")
		b.post(at+"/credit", "kind", "credit", "amount", "10,00", "reason", "Late parcel").want(200, at, "has store credit of $22.50 now", "&#43;$10.00", "Late parcel", "ann@example.com", "Undo")
		b.post(at+"/credit", "kind", "debit", "amount", "1000", "reason", "x").want(409, "", "There is not that much store credit.")
		b.post(at+"/credit", "kind", "revert", "entry", "2").want(200, at, "$12.50", "was taken back")
		// Sent twice at once, as by two clicks, the form gives once. Other values from
		// the same page are another write.
		balance := func() int {
			t.Helper()
			m := regexp.MustCompile(`\$(\d+)\.50</span>`).FindStringSubmatch(b.get(at).want(200, at).body)
			if m == nil {
				t.Fatal(b.body)
			}
			n, _ := strconv.Atoi(m[1])
			return n
		}
		for range 3 {
			had := balance()
			once := regexp.MustCompile(`name="once" value="([^"]+)"`).FindStringSubmatch(b.get(at+"/credit").want(200, "").body)[1]
			var all sync.WaitGroup
			for range 4 {
				all.Go(func() {
					res, err := b.client.PostForm(b.base+at+"/credit", url.Values{"kind": {"credit"}, "amount": {"1"}, "reason": {"Twice"}, "once": {once}})
					if err != nil {
						t.Error(err)
						return
					}
					if res.Body.Close(); res.StatusCode != 200 || res.Request.URL.Path != at {
						t.Errorf("%d at %s", res.StatusCode, res.Request.URL)
					}
				})
			}
			all.Wait()
			if n := balance() - had; n != 1 {
				t.Errorf("sent four times, the form gave %d", n)
			}
			b.post(at+"/credit", "kind", "credit", "amount", "x", "reason", "Wrong", "once", once).want(422, "")
			b.post(at+"/credit", "kind", "credit", "amount", "2", "reason", "Other", "once", once).want(200, at)
			if n := balance() - had; n != 3 {
				t.Errorf("with another amount the form gave %d", n)
			}
			b.post(at+"/credit", "kind", "debit", "amount", "3", "reason", "Back").want(200, at)
		}
		// The group, from the list and back to it.
		v = formVersion(t, b.get(at+"/group").want(200, "", "Wholesale").body)
		b.post(at+"/group", "customer_group_id", "2", "version", v, "to", "/manage/store/one/customers?q=jean").want(200, "/manage/store/one/customers?q=jean", "The group of Jean Doe is changed.")
		b.post(at+"/group", "customer_group_id", "1", "version", v, "to", "https://evil.example/").want(409, "")
		b.post(at+"/group", "customer_group_id", "99", "version", formVersion(t, b.get(at+"/group").body)).want(422, "")
		// Attributes by their types, and form fields.
		b.get(at+"/attributes").want(200, "", `inputmode="decimal"`, `type="date"`)
		v = formVersion(t, b.body)
		b.post(at+"/attributes", "version", v, "attribute-1", "large").want(422, "", "Please write a number.")
		b.post(at+"/attributes", "version", v, "attribute-1", "39", "attribute-2", "1990-02-03").want(200, at, "39", "1990-02-03")
		b.post(at+"/attributes", "version", v, "attribute-1", "40").want(409, "", "changed this meanwhile")
		v = formVersion(t, b.get(at+"/form-fields").want(200, "", "Referral").body)
		fields, err := w.Forms.Form(t.Context(), 1, "customer", "en")
		if err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("field_%d", fields[len(fields)-1].ID)
		b.post(at+"/form-fields", "version", v, name, "A <friend>").want(200, at, "A &lt;friend&gt;")
		// Addresses: another country has other states.
		address := []string{"first_name", "Jane", "last_name", "Doe", "address1", "2 Ring", "city", "Toronto", "country_code", "CA", "state_or_province", "", "postal_code", "", "address_type", "commercial"}
		b.post(at+"/addresses", append(address, "refresh", "1")...).want(200, at+"/addresses", "Ontario", `value="2 Ring"`)
		b.post(at+"/addresses", address...).want(422, "", "Ontario")
		address[11], address[13] = "Ontario", "M4B 1B3"
		b.post(at+"/addresses", address...).want(200, at, "The address is added.", "Toronto, Ontario, M4B 1B3", "Canada")
		v = formVersion(t, b.get(at+"/addresses/2").want(200, "", `value="M4B 1B3"`, "Delete the address").body)
		address[7] = "Ottawa"
		b.post(at+"/addresses/2", append(address, "version", v)...).want(200, at, "Ottawa")
		b.post(at+"/addresses/2", append(address, "version", v)...).want(409, "", "changed this meanwhile")
		b.get(at+"/addresses/2/delete").want(200, "", "Delete this address?", "Ottawa")
		b.post(at+"/addresses/2/delete").want(200, at, "The address is deleted.", "!2 Ring</p>")
		b.get(at+"/addresses/99").want(404, "")
		b.get("/manage/store/one/customers/2/addresses/1").want(404, "")
		// A new one.
		const made = "/manage/store/one/customers/new"
		b.get(made).want(200, made, "Referral", "Shoe size", "None: an email invites")
		b.get("/manage/store/one/customers/check?value=jane@example.com").want(200, "", "Jean Doe has this email address already.", `href="`+at+`"`)
		b.get("/manage/store/one/customers/check?value=a@gmial.com").want(200, "", "Did you mean a@gmail.com?")
		b.post(made, "email", "new@gmial.com", "first_name", "New", "last_name", "One", "how", "invite").want(422, made, "Did you mean new@gmail.com?", `name="meant" value="new@gmial.com"`)
		b.post(made, "email", "jane@example.com", "first_name", "New", "last_name", "One", "how", "invite").want(409, made, "has this email address already")
		b.post(made, "email", "set@example.com", "first_name", "New", "last_name", "One", "how", "set", "password", "short").want(422, made, "At least seven characters")
		b.post(made, "email", "new@gmial.com", "meant", "new@gmial.com", "first_name", "New", "last_name", "One", "how", "invite", "customer_group_id", "1", "store_credit", "5", "attribute-1", "41", "then", "another").want(200, made, "New One is added.")
		b.get("/manage/store/one/customers/3").want(200, "", "new@gmial.com", "Wholesale", "$5.00", "41")
		// What was done is in the history with who did it.
		b.get(at+"?kind=addresses").want(200, "", "Deleted: address", "Staff ann@example.com")
	})
}

func TestCustomerActions(t *testing.T) {
	each(t, shoppers, func(t *testing.T, w *world) {
		w.person("ann@example.com", 1, staff.CustomerService)
		w.person("bob@example.com", 1, staff.Administrator)
		b, bob := w.browser(), w.browser()
		b.signIn("ann@example.com")
		bob.signIn("bob@example.com")
		const at = "/manage/store/one/customers/1"
		b.get(at).want(200, "", "Sign in as", "Send reset email", "!/delete\"", "!/erase\"")
		b.post(at+"/reset-email").want(200, at, "on its way to jane@example.com")
		b.post(at+"/password", "password", "x").want(422, "", "At least seven")
		b.post(at+"/password", "password", "Another-99", "force_password_reset", "1").want(200, at, "has another password now", "Must reset password", "Password changed")
		b.post(at+"/require-password", "undo", "1").want(200, at, "need not choose", `class="lozenge success">Active`)
		b.post(at+"/end-sessions").want(200, at, "is signed out everywhere")
		b.post(at+"/end-sessions", "session", "99").want(200, at+"", "The session is ended.")
		w.exec(`INSERT INTO sign_in_failures (store_id, subject, failures, date_last, customer_id) VALUES ($1, 'x', 40, $2, 1)`, w.System.Now())
		b.get(at).want(200, "", ">Locked<")
		b.post(at+"/unlock").want(200, at, "may sign in again", "Let sign in again", "!>Locked<")
		b.post(at+"/unlock").want(200, at, "may sign in again")
		if n := strings.Count(b.body, "Let sign in again"); n != 1 {
			t.Errorf("%d entries", n)
		}
		// Sign in as: with a reason, which stays.
		b.post(at+"/sign-in-as", "reason", " ").want(422, "")
		b.post(at+"/sign-in-as", "reason", "Ticket 12").want(200, at+"/sign-in-as", "Open the store as Jane Doe", `target="_blank"`, "action=impersonate")
		b.get(at).want(200, "", "Ticket 12")
		b.get(at+"/delete").want(403, "")
		b.get(at+"/data").want(403, "")
		// A person's data.
		bob.post(at+"/data").want(200, "")
		if bob.header.Get("Content-Type") != "application/zip" || !strings.HasPrefix(bob.body, "PK") {
			t.Errorf("%v", bob.header)
		}
		bob.get(at+"/erase").want(200, "", "Account", "deleted")
		bob.post(at+"/erase", "email", "john@example.com").want(422, "", "This is another address.")
		bob.post(at+"/erase", "email", "JANE@example.com").want(200, "/manage/store/one/privacy/erasures/1", "Certificate")
		bob.get(at).want(404, "")
		// Deletion says what goes, and asks for the password if it was not given lately.
		w.Clock.Advance(16 * time.Minute)
		bob.get("/manage/store/one/customers/2/delete").want(200, "/manage/prove?to=%2Fmanage%2Fstore%2Fone%2Fcustomers%2F2%2Fdelete")
		bob.post("/manage/prove", "to", "/manage/store/one/customers/2/delete", "current_password", password).want(200, "/manage/store/one/customers/2/delete", "Delete John Roe?")
		bob.post("/manage/store/one/customers/2/delete").want(200, "/manage/store/one/customers", "John Roe is deleted.")
		bob.get("/manage/store/one/customers/2").want(404, "")
	})
}

func TestComments(t *testing.T) {
	each(t, shoppers, func(t *testing.T, w *world) {
		w.person("ann@example.com", 1, staff.CustomerService)
		w.person("ron@example.com", 1, staff.ReadOnly)
		b, ron := w.browser(), w.browser()
		b.signIn("ann@example.com")
		ron.signIn("ron@example.com")
		const at = "/manage/store/one/customers/1"
		b.post(at+"/comments", "comment", " ").want(422, "")
		b.post(at+"/comments", "comment", "Calls <i>often</i>, see https://example.com/t/1. Twice", "pinned", "1").want(200, at, "The comment is saved.", `id="pinned-1"`,
			"Calls &lt;i&gt;often&lt;/i&gt;, see ", `<a href="https://example.com/t/1"`, `>https://example.com/t/1</a>. Twice`, `id="comment-1"`)
		b.post(at+"/comments/1", "comment", "Calls rarely javascript:alert(1)").want(200, at, "Calls rarely", "!pinned-1", "!href=\"javascript")
		b.get("/manage/store/one/customers/2/comments/1").want(404, "")
		ron.get(at).want(200, "", "Calls rarely", "!Add a comment")
		ron.post(at+"/comments", "comment", "x").want(403, "")
		b.get(at+"/comments/1/delete").want(200, "", "Delete the comment?", "Calls rarely")
		b.post(at+"/comments/1/delete").want(200, at, "The comment is deleted.", `!id="comment-1"`, "Deleted: comment")
	})
}

func TestViews(t *testing.T) {
	each(t, crowd(), func(t *testing.T, w *world) {
		w.person("olga@example.com", 1, staff.Administrator)
		w.person("ann@example.com", 1, staff.CustomerService)
		w.person("ron@example.com", 1, staff.ReadOnly)
		b, ron := w.browser(), w.browser()
		b.signIn("ann@example.com")
		ron.signIn("ron@example.com")
		const at = "/manage/store/one/customers"
		const q = "?rule=group+%3D+%27Wholesale%27&sort=name"
		b.get(at+q).want(200, "", "Save view", "!Saved views")
		b.post(at+"/view"+q+"&from=3&at=25", "name", "Dealers", "shared", "1").want(200, at+q+"&view=1", "The view Dealers is saved.", "Saved views", `aria-current="page">Dealers`, "Remove view")
		b.post(at+"/view"+q, "name", "dealers", "shared", "1").want(409, "", "There is a view of this name.")
		b.post(at+"/view?q=ann", "name", "Mine").want(200, at+"?q=ann&view=2")
		// Two that show the same are told apart, and removed by whom they are for.
		ron.get(at+q).want(200, "", "Dealers", "!>Mine<", "!Remove view", "!Save view")
		ron.get(at+"/views/1/remove").want(404, "")
		ron.get(at+"/views/2/remove").want(404, "")
		ron.post(at+"/views/1/remove").want(404, "")
		ron.post(at+"/view"+q, "name", "Bobs", "shared", "1").want(200, at+q+"&view=3", `aria-current="page">Bobs`, `>Dealers`, "views/3/remove")
		ron.get(at+q+"&view=1").want(200, "", `aria-current="page">Dealers`, "!Remove view")
		b.get(at+q).want(200, "", "!>Bobs<", `aria-current="page">Dealers`)
		b.get(at+"/views/1/remove").want(200, "", "Remove the view Dealers?")
		b.post(at+"/views/1/remove").want(200, at, "The view is removed.", "!Dealers")
		b.post(at+"/views/1/remove").want(404, "")
		// What is everybody's is in the history, what is one's own is not.
		olga := w.browser()
		olga.signIn("olga@example.com")
		olga.get("/manage/store/one/history?resource=saved_view").want(200, "", "Added: Saved view 1", "Deleted: Saved view 1", "Dealers", "!Mine", "!Bobs")
		b.get("/manage/store/two/customers/views/1/remove").want(404, "")
	})
}

// The timeline tells what apps were told of the customer, and what came of it.
func TestTold(t *testing.T) {
	each(t, shoppers, func(t *testing.T, w *world) {
		w.person("ann@example.com", 1, staff.CustomerService)
		b := w.browser()
		b.signIn("ann@example.com")
		const at = "/manage/store/one/customers/1"
		put := func(hook, id, lane int64, state string, attempts, status int) {
			w.exec(`INSERT INTO webhook_deliveries (store_id, hook_id, id, scope, data, date_created, lane, state, due_at, lease_owner, attempts, status, tries) VALUES ($1, $2, $3, 'store/customer/updated', '{}', $4, $5, $6, 0, '', $7, $8, $9)`,
				hook, id, w.System.Now(), lane, state, int64(attempts), int64(status), `[{"at":1,"url":"https://hooks.example/secret-path"}]`)
		}
		put(1, 11, 1, "delivered", 1, 204)
		put(2, 11, 1, "failed", 12, 500)
		put(1, 12, 1, "pending", 0, 0)
		put(1, 13, 2, "delivered", 1, 201)
		put(2, 14, -1, "delivered", 1, 299)
		b.get(at).want(200, "", "Webhook: store/customer/updated", "hooks.example", "!secret-path", "Delivered, status 204.", "Given up: status 500. Attempts: 12.", "Waits to be sent.", "!status 201", "!status 299")
		b.get(at+"?kind=webhooks").want(200, "", "Delivered, status 204.", "!Added: customer", "!Older")
		for i := range int64(14) {
			put(1, 20+i, 1, "delivered", 1, 200)
			put(2, 20+i, 1, "delivered", 1, 200)
		}
		// Two for each event: none is lost between pages.
		first := b.get(at+"?kind=webhooks").want(200, "", "Older").body
		b.get(at+"?kind=webhooks&before=22").want(200, "", "Newer", "!Older", "Attempts: 12.")
		if n, m := strings.Count(first, "Delivered, status 200."), strings.Count(b.body, "Delivered, status 200."); n != 24 || m != 4 || !strings.Contains(first, "before=22#") && !strings.Contains(first, "before=22&amp;kind=webhooks#") {
			t.Errorf("%d and %d", n, m)
		}
	})
}

// The timeline has the emails that went to the customer, with a link to each, for who
// may see them.
func TestMailed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := open(t, db, shoppers, mailed)
		w.person("ann@example.com", 1, staff.CustomerService)
		w.person("ron@example.com", 1, staff.ReadOnly)
		const at = "/manage/store/one/customers/1"
		ann, ron := w.browser().signIn("ann@example.com"), w.browser().signIn("ron@example.com")
		for range 5 {
			ann.post(at + "/reset-email")
			w.Clock.Advance(time.Minute)
		}
		ann.get(at).want(200, "", `id="mailed-5"`, "Email: ", "/manage/store/one/emails/5")
		ann.get(at+"?kind=emails").want(200, "", `id="mailed-5"`, `id="mailed-1"`, "!Older", "!Newer", "!Added: customer")
		ann.get(at+"?kind=emails&before=3").want(200, "", "Newer", `id="mailed-2"`, `!id="mailed-3"`)
		ron.get(at).want(200, "", `!id="mailed-`, "!kind=emails")
		ron.get(at+"?kind=emails").want(200, "", `!id="mailed-`)
	})
}

// Characters that turn the direction of a text, and control characters, are shown
// as what they are.
func TestHarmlessNames(t *testing.T) {
	each(t, shoppers, func(t *testing.T, w *world) {
		w.person("ann@example.com", 1, staff.CustomerService)
		b := w.browser()
		b.signIn("ann@example.com")
		const at = "/manage/store/one/customers"
		w.exec("UPDATE customers SET company = $2, last_name = $3 WHERE store_id = $1 AND id = 1", "gnp.\u202Efdp\u2066\u0085\u061Cx\x1b[31m", "\u0645\u0631\u064A\u0645 O\u2019Hara\u200D")
		for _, path := range []string{"", "/1", "/1/edit", "?q=jane", "/1/delete"} {
			b.get(at + path)
			if strings.ContainsAny(b.body, "\u202E\u2066\u0085\u061C\x1b") {
				t.Errorf("%s: %q", path, b.body)
			}
		}
		b.get(at+"/1").want(200, "", "gnp.\uFFFDfdp\uFFFD\uFFFD\uFFFDx\uFFFD[31m", "\u0645\u0631\u064A\u0645 O\u2019Hara\u200D")
	})
}
