package panel_test

import (
	"bufio"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"clientele/internal/customer"
	"clientele/internal/opt"
	passwords "clientele/internal/password"
	"clientele/internal/rule"
	"clientele/internal/segment"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/staff"
	chromium "clientele/internal/testing/browser"
)

const garden = `stores:
  - hash: one
    name: Green Garden
    customer_groups: [{id: 1, name: Retail}, {id: 2, name: Wholesale}]
    attributes: [{name: Shoe size, type: number}]
    customers:
      - {id: 1, email: jane@example.com, first_name: Jane, last_name: Doe, company: Acme, customer_group_id: 2}
      - {id: 2, email: bo@example.com, first_name: Bo, last_name: Berg}
      - {id: 3, email: cy@example.com, first_name: Cy, last_name: Cole, company: Acme}
  - {hash: two, name: Birch Books}
`

func (w *world) segment(in segment.Save, text string) string {
	w.t.Helper()
	if text != "" {
		n, err := rule.Parse(text)
		if err != nil {
			w.t.Fatal(err)
		}
		in.Rule = &segment.PutRule{Node: n}
	}
	uuid, err := w.Rules.Save(w.t.Context(), 1, in)
	if err != nil {
		w.t.Fatal(err)
	}
	return uuid
}

// keep has rules look at whom they have to.
func (w *world) keep() {
	w.t.Helper()
	if _, err := w.Jobs.RunDue(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	if err := w.Rules.KeepAll(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func TestSegments(t *testing.T) {
	each(t, garden, func(t *testing.T, w *world) {
		w.person("mia@example.com", 1, staff.Marketing)
		w.person("ray@example.com", 1, staff.ReadOnly)
		b := w.browser()
		b.signIn("mia@example.com").want(200, "")
		const at = "/manage/store/one/segments"
		b.get(at).want(200, at, "No segment yet")

		// By hand.
		b.post(at+"/new", "name", " ", "by", "hand").want(422, "", `id="f-name-error"`)
		b.post(at+"/new", "name", "<b>Friends</b>", "by", "hand").want(200, "", "&lt;b&gt;Friends&lt;/b&gt; is added.", "No member yet", "!<b>Friends")
		friends := b.path
		b.post(at+"/new", "name", "<B>friends</B>", "by", "hand").want(422, "", "Another segment has this name.")
		b.post(friends+"/members", "customers", "nobody@example.com\n77").want(422, "", "None of them is a customer", "nobody@example.com")
		b.post(friends+"/members", "customers", "JANE@example.com; #2\nnobody@example.com, jane@example.com").want(200, friends, "Added to the segment: 2. Not found: 1, such as nobody@example.com.", "Jane Doe", "bo@example.com")
		b.post(friends+"/members", "customers", "2").want(200, friends, "Added to the segment: 0.")
		b.post(friends+"/remove", "customer", "2").want(200, friends, "taken out of the segment", "!bo@example.com", "Undo")
		b.post(friends+"/members", "customers", "2").want(200, friends, "bo@example.com", "Undo")
		b.extra = http.Header{"Content-Type": {"multipart/form-data; boundary=x"}}
		b.do(http.MethodPost, friends+"/members", "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"<img>.csv\"\r\nContent-Type: text/csv\r\n\r\n\xef\xbb\xbfid;email\r\n9;cy@example.com\r\n\r\n--x--\r\n").want(200, friends, "Added to the segment: 1.", "cy@example.com")
		b.extra = http.Header{}

		// By a rule: rows make the text.
		b.post(at+"/new", "name", "Acme", "by", "rule", "match", "all", "said", "", "rows_said", "", "rule", "", "refresh", "add").want(200, at+"/new", `name="rows.0.subject"`, `<option value="email" selected>Email`)
		rows := []string{"name", "Acme", "by", "rule", "match", "all", "said", "", "rows_said", "", "rule", "",
			"rows.0.subject", "company", "rows.0.op", "=", "rows.0.value", "Acme", "rows.1.subject", "group", "rows.1.op", "NOT IS NULL"}
		b.post(at+"/new", append(rows, "refresh", "preview")...).want(200, "", "company = &#39;Acme&#39; AND NOT group IS NULL</textarea>", "1 customer", "Jane Doe", "!Bo Berg")
		// A text that is wrong says where.
		text := []string{"name", "Acme", "by", "rule", "match", "all", "said", "", "rows_said", "", "rule", "compani = 'Acme' AND id > 0"}
		b.post(at+"/new", append(text, "refresh", "preview")...).want(200, "", "<mark>compani</mark> = &#39;Acme&#39;", "Perhaps this is meant", "<code>company</code>", "There is no field “compani”")
		b.post(at+"/new", text...).want(422, "", "<mark>compani</mark>", `id="f-rule-error"`)
		b.post(at+"/new", "name", "Acme", "by", "rule", "rule", "").want(422, "", "The rule is empty.")
		text[len(text)-1] = "company = 'Acme' OR (id = 2 AND has_password = true)"
		b.post(at+"/new", append(text, "refresh", "preview")...).want(200, "", "2 customers", "more than conditions in rows can show", "!rows.0.subject")
		b.post(at+"/new", append(rows, "customer_group_id", "1")...).want(422, "", "may not ask for their group")
		b.post(at+"/new", append(rows, "customer_group_id", "0", "priority", "5")...).want(200, "", "The segment Acme is added.", "0 % computed", "company = &#39;Acme&#39; AND NOT group IS NULL")
		acme := b.path
		b.post(acme+"/members", "customers", "2").want(409, "", "come by its rule")
		w.keep()
		b.get(acme).want(200, acme, "jane@example.com", "!cy@example.com", "Last computed")
		b.get(acme+"/edit").want(200, "", `name="rows.1.op"`, `<option value="NOT IS NULL" selected>is there`, `name="priority" type="text" value="5"`)
		version := b.version()
		b.post(acme+"/edit", "name", "Acme people", "by", "rule", "match", "any", "version", version, "said", "company = 'Acme' AND NOT group IS NULL", "rule", "company = 'Acme' AND NOT group IS NULL",
			"rows_said", "company = 'Acme' AND NOT group IS NULL", "rows.0.subject", "company", "rows.0.op", "=", "rows.0.value", "Acme", "rows.1.subject", "group", "rows.1.op", "NOT IS NULL").
			want(200, acme, "Acme people is saved", "company = &#39;Acme&#39; OR NOT group IS NULL")
		b.post(acme+"/edit", "name", "Mine", "by", "hand", "version", version, "said", "x", "rule", "x").want(409, acme+"/edit", "changed this meanwhile", "Acme people")
		b.post(acme+"/edit", "name", "Mine", "by", "hand", "version", b.version(), "said", "", "rule", "").want(200, acme, "by hand", "jane@example.com")
		b.get(at).want(200, at, "Mine", "&lt;b&gt;Friends", "2 segments")
		b.get(at+"?q=mine").want(200, "", "1 segment", "!Friends")
		b.get(acme+"/delete").want(200, "", "Delete Mine?", "Members: ")
		b.post(acme+"/delete").want(200, at, "The segment Mine is deleted.")
		for _, path := range []string{acme, acme + "/live", at + "/x", at + "/x/edit", strings.Replace(friends, "/one/", "/two/", 1)} {
			b.get(path).want(404, "")
		}
		r := w.browser()
		r.signIn("ray@example.com")
		r.get(friends).want(200, friends, "Jane Doe", "!Add customers", "!>Edit<")
		r.post(friends+"/members", "customers", "3").want(403, "")
	})
}

// What somebody else changes is told of at once, to who may see it, and no longer.
func TestLive(t *testing.T) {
	w := open(t, dbtest.Open(t, sqldb.SQLite), garden)
	mia := w.person("mia@example.com", 1, staff.Marketing)
	uuid := w.segment(segment.Save{Name: "Acme"}, "company = 'Acme'")
	w.keep()
	b := w.browser()
	b.signIn("mia@example.com")
	req, err := http.NewRequest(http.MethodGet, w.server.URL+"/manage/store/one/segments/"+uuid+"/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := b.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%d %v", res.StatusCode, res.Header)
	}
	lines := bufio.NewScanner(res.Body)
	told := func() {
		t.Helper()
		for lines.Scan() {
			if lines.Text() == "data: changed" {
				return
			}
		}
		t.Fatal("it ended")
	}
	told() // as the page said nothing of what it shows
	if _, err := w.Customers.UpdateFor(t.Context(), passwords.Party{StoreID: 1}, []customer.Update{{ID: 2, Company: opt.Some("Acme")}}); err != nil {
		t.Fatal(err)
	}
	w.keep()
	told()
	if err := w.Staff.RemoveMember(t.Context(), nil, mia.ID, 1); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() {
	}
	// That a page asks by itself is no use of the session.
	w.person("bob@example.com", 1, staff.Marketing)
	b = w.browser()
	b.signIn("bob@example.com")
	for range 5 {
		w.Clock.Advance(15 * time.Minute)
		b.do(http.MethodHead, "/manage/store/one/segments/"+uuid+"/live", "")
	}
	b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if b.do(http.MethodHead, "/manage/store/one/segments/"+uuid+"/live", ""); b.status != http.StatusSeeOther {
		t.Errorf("%d after the session's end", b.status)
	}
}

// A rule is written, previewed and saved, and a customer who is changed elsewhere
// appears without a reload.
func TestBrowserOfSegments(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.Open(t, sqldb.SQLite), garden)
	w.person("mia@example.com", 1, staff.Marketing)
	b := chromium.Open(t, w.server.URL, "en-US")
	b.Open("/manage/sign-in").Write("email", "mia@example.com", "password", password).Press("main form.form .primary")
	b.Open("/manage/store/one/segments").Press(".empty .primary")
	// On a slow way the preview, which comes by itself, does not end what a button
	// asks for.
	b.Eval(`window.quick = fetch; window.fetch = async (...a) => { await new Promise((r) => setTimeout(r, 900)); return quick(...a); }; ""`)
	b.Write("name", "Acme").Tick("[name=by][value=rule]").Tick("[data-more]").Await(`document.activeElement.name === "rows.0.subject"`)
	b.Eval(`window.fetch = quick; ""`)
	b.Eval(`const s = document.querySelector("[name='rows.0.subject']"); s.value = "company"; s.dispatchEvent(new Event("input", {bubbles: true})); ""`)
	b.Await(`[...document.querySelector("[name='rows.0.op']").options].length > 6`).Type("[name='rows.0.value']", "Acm").Type("[name='rows.0.value']", "e")
	b.Await(`document.querySelector("[name=rule]").value === "company = 'Acme'" && document.querySelector("#preview strong")?.textContent === "2 customers" && document.activeElement.name === "rows.0.value"`).See("manage-segment-rows")
	b.Eval(`const r = document.querySelector("[name=rule]"); r.focus(); r.value = "compani = 'Acme'"; r.dispatchEvent(new Event("input", {bubbles: true})); ""`)
	b.Await(`document.querySelector("#preview mark")?.textContent === "compani"`)
	b.Write("rule", "company = 'Acme'").Press("main form.form .primary").Want("The segment Acme is added.")
	w.keep()
	b.Await(`document.querySelectorAll("#list tbody tr").length === 2`).See("manage-segment")
	if _, err := w.Customers.UpdateFor(t.Context(), passwords.Party{StoreID: 1}, []customer.Update{{ID: 2, Company: opt.Some("Acme")}}); err != nil {
		t.Fatal(err)
	}
	w.keep()
	b.Await(`document.querySelectorAll("#list tbody tr").length === 3 && document.querySelector("#list").textContent.includes("Bo Berg")`)
	uuid := w.segment(segment.Save{Name: "Friends", Description: "Whom we have known for long"}, "")
	b.Open(fmt.Sprintf("/manage/store/one/segments/%s", uuid)).Write("customers", "jane@example.com").Press("main form.form .primary").Want("Added to the segment: 1.")
	b.Open("/manage/store/one/segments").See("manage-segments")
	for _, path := range []string{"/new", "/" + uuid} {
		b.Open("/manage/store/one/segments"+path).Stops(path, 360, 740)
	}
	b.Calm("segments")
	b.WithoutScripts().Open("/manage/store/one/segments/new").Write("name", "No scripts").Tick("[name=by][value=rule]").Press("[data-more]")
	b.Write("rows.0.subject", "last_name").Press(".refresh").Write("rows.0.op", "STARTS WITH", "rows.0.value", "B").Press("#preview .button").Want("1 customer", "Bo Berg").Press("main form.form .primary.button:last-child").Want("The segment No scripts is added.")
}
