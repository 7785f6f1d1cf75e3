package panel_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"clientele/internal/customer"
	"clientele/internal/opt"
	passwords "clientele/internal/password"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/staff"
	"clientele/internal/subscriber"
	chromium "clientele/internal/testing/browser"
)

const exports = "/manage/store/one/export"

// rowsOf reads a table that was downloaded.
func rowsOf(t *testing.T, text string, separator rune) [][]string {
	t.Helper()
	r := csv.NewReader(strings.NewReader(text))
	r.Comma = separator
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// A file is written as somebody wants it, and is for them and for owners alone.
func TestExport(t *testing.T) {
	each(t, crowd(), func(t *testing.T, w *world) {
		w.person("olga@example.com", 1, staff.Owner)
		w.person("adam@example.com", 1, staff.Administrator)
		w.person("pia@example.com", 1, staff.Privacy)
		w.person("mia@example.com", 1, staff.Marketing)
		w.person("ann@example.com", 1, staff.CustomerService)
		w.person("two@example.com", 2, staff.Owner)
		olga, pia, mia, ann, two := w.browser().signIn("olga@example.com"), w.browser().signIn("pia@example.com"), w.browser().signIn("mia@example.com"), w.browser().signIn("ann@example.com"), w.browser().signIn("two@example.com")
		if _, err := w.Customers.UpdateFor(t.Context(), passwords.Party{StoreID: 1}, []customer.Update{{ID: 5, FirstName: opt.Some("=HYPERLINK(1)"), Company: opt.Some("-2+3")}}); err != nil {
			t.Fatal(err)
		}
		ann.get(exports).want(403, "")
		pia.get(exports).want(200, "", "No file yet")
		pia.get(exports+"/new").want(200, "", "Customers: Usual columns", "Subscribers: Everything")
		mia.get(exports+"/new").want(200, "", "!Customers: Usual columns", "Subscribers: Everything")
		mia.post(exports+"/new", "template", "customers/default").want(422, "", "Please choose.")

		pia.post(exports+"/new", "template", "customers/default", "format", "semicolon", "dates", "day").want(200, exports+"/1", "Being written")
		w.jobs()
		pia.get(exports+"/1").want(200, "", "Ready", "customers-1.csv", "60")
		rows := rowsOf(t, pia.get(exports+"/1/file").want(200, "").body, ';')
		if len(rows) != 61 || strings.Join(rows[0], " ") != "id email first_name last_name company phone customer_group store_credit newsletter date_created" || rows[5][2] != "'=HYPERLINK(1)" || rows[5][4] != "'-2+3" || len(rows[5][9]) != len(time.DateOnly) {
			t.Errorf("%d %v", len(rows), rows[:6])
		}
		if got := pia.header.Get("Content-Disposition"); got != `attachment; filename="customers-1.csv"` {
			t.Error(got)
		}
		// Others do not know that it is there, but for owners.
		adam := w.browser().signIn("adam@example.com")
		adam.get(exports).want(200, "", "!customers-1.csv")
		for _, path := range []string{"/1", "/1/file"} {
			adam.get(exports+path).want(404, "", "!c0@example.com")
			mia.get(exports+path).want(404, "", "!c0@example.com")
			two.get("/manage/store/two/export"+path).want(404, "", "!c0@example.com")
		}
		adam.post(exports+"/1/cancel").want(404, "")
		olga.get(exports+"/1/file").want(200, "", "c0@example.com")
		olga.get("/manage/store/one/history").want(200, "", "exports/1")

		// This view, and a selection, from the list.
		olga.get("/manage/store/one/customers/bulk?action=export&all=1&rule=group+%3D+%27Retail%27").want(200, "", "The file has: group = &#39;Retail&#39;", "!Subscribers: Everything")
		olga.post(exports+"/new?all=1&rule=group+%3D+%27Retail%27&kind=customers", "template", "customers/bulk_edit").want(200, exports+"/2")
		olga.post(exports+"/new?id=3,5&kind=customers", "template", "customers/everything", "format", "lines", "raw", "1").want(200, exports+"/3")
		olga.post(exports+"/new?all=1&rule=grup+%3D+1&kind=customers", "template", "customers/default").want(422, "", "Did you mean group?")
		w.jobs()
		rows = rowsOf(t, olga.get(exports+"/2/file").want(200, "").body, ',')
		if len(rows) != 21 || rows[0][len(rows[0])-1] != "attribute:Shoe size" {
			t.Errorf("%d %v", len(rows), rows[0])
		}
		lines := strings.Split(strings.TrimSpace(olga.get(exports+"/3/file").want(200, "").body), "\n")
		var person map[string]string
		if len(lines) != 2 || json.Unmarshal([]byte(lines[1]), &person) != nil || person["first_name"] != "=HYPERLINK(1)" {
			t.Errorf("%v", lines)
		}
		olga.get("/manage/store/one/customers/bulk?action=export").want(200, exports+"/new?id=&kind=customers", "Everybody")

		// Subscribers by a filter, and by their numbers.
		for i, source := range []string{"custom", "order", "custom"} {
			if _, err := w.Subscribers.Create(t.Context(), 1, subscriber.Create{Email: fmt.Sprintf("sub%d@example.com", i), Source: source}, subscriber.Origin{Via: "seed"}); err != nil {
				t.Fatal(err)
			}
		}
		for n, query := range []string{"all=1&filter=source%3Dcustom", "id=2,3", "all=1"} {
			mia.post(exports+"/new?kind=subscribers&"+query, "template", "subscribers/default").want(200, "")
			w.jobs()
			rows = rowsOf(t, mia.get(mia.path+"/file").want(200, "").body, ',')
			if len(rows) != 3+n/2 || rows[2][0] != []string{"sub2@example.com", "sub2@example.com", "sub1@example.com"}[n] {
				t.Errorf("%s: %v", query, rows)
			}
		}

		// Templates of one's own, with names that are no markup and no formula.
		olga.get(exports+"/templates/new").want(200, "", "Shoe size", "Address: city")
		olga.post(exports+"/templates/new?kind=customers", "name", "Empty").want(422, "", "Please choose.")
		olga.post(exports+"/templates/new?kind=customers", "name", "X", "column0", "password_hash").want(422, "")
		olga.post(exports+"/templates/new?kind=customers", "name", "<b>Mine", "column0", "last_name", "name0", "=Surname", "column1", "attribute:Shoe size", "column2", "address.1.city", "format", "tab", "dates", "dmy").want(200, "", "&lt;b&gt;Mine", "!<b>Mine")
		olga.get(exports+"/new").want(200, "", `value="view/1"`)
		adam.get(exports+"/new").want(200, "", `!value="view/1"`)
		olga.post(exports+"/new", "template", "view/1").want(200, exports+"/7")
		w.jobs()
		rows = rowsOf(t, olga.get(exports+"/7/file").want(200, "").body, '\t')
		if len(rows) != 61 || strings.Join(rows[0], "|") != "'=Surname|attribute:Shoe size|address.1.city" || rows[1][0] != "Ash0" {
			t.Errorf("%d %v", len(rows), rows[:2])
		}
		adam.post(exports+"/templates/1/remove").want(404, "")
		olga.post(exports+"/templates/1/remove").want(200, exports, "is removed")

		w.Clock.Advance(16 * time.Minute)
		olga.get(exports+"/7/file").want(200, "", "confirm that it is you", "!Ash0")
		w.Clock.Advance(8 * 24 * time.Hour)
	})
}

func TestBrowserExport(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.Open(t, sqldb.SQLite), crowd())
	w.person("olga@example.com", 1, staff.Owner)
	w.Jobs.Start(t.Context())
	t.Cleanup(func() { _ = w.Jobs.Stop(t.Context()) })
	b := chromium.Open(t, w.server.URL, "en-US")
	b.Open("/manage/sign-in").Write("email", "olga@example.com", "password", password).Press("main form.form .primary")
	b.Open(exports).Want("No file yet").See("manage-export-none")
	b.Open(exports + "/templates/new").See("manage-export-template")
	b.Open(exports + "/new").See("manage-export-new").Press("main form.form .primary")
	b.Await(`document.querySelector("#work .lozenge").textContent === "Ready"`).See("manage-export-done")
	b.Open(exports).Want("customers-1.csv").See("manage-export-list")
	b.Calm("the export")
}
