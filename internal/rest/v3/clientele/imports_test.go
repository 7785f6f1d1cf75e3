package clientele_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"clientele/internal/auth"
	"clientele/internal/history"
	"clientele/internal/history/historytest"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// send posts a file and returns the import.
func (d *desk) send(hash, account, query, file string, status int, header ...string) shownImport {
	d.t.Helper()
	r := httptest.NewRequest("POST", "/stores/"+hash+"/v3/clientele/imports"+query, strings.NewReader(file))
	r.Header.Set("X-Auth-Token", account)
	r.Header.Set("Content-Type", "text/csv")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w, target := httptest.NewRecorder(), r.Clone(d.t.Context())
	d.Handler.ServeHTTP(w, r)
	if err := d.check.Check(target, []byte(file), w.Code, w.Header(), w.Body.Bytes()); err != nil {
		d.t.Errorf("%s: %v\n%s", query, err, w.Body)
	}
	if w.Code != status {
		d.t.Fatalf("%s: %d %s", query, w.Code, w.Body)
	}
	var out struct{ Data shownImport }
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		d.t.Fatal(err)
	}
	out.Data.text, out.Data.replayed = w.Body.String(), w.Header().Get("Idempotent-Replayed") != ""
	return out.Data
}

type shownImport struct {
	ID       int64
	State    string
	Error    string
	Counts   map[string]int64
	Undo     map[string]int64
	text     string
	replayed bool
}

func (d *desk) imported(hash, account string, id int64) (out shownImport) {
	d.t.Helper()
	var one struct{ Data shownImport }
	text := d.want(hash, account, "GET", fmt.Sprintf("/clientele/imports/%d", id), "", 200, "")
	if err := json.Unmarshal([]byte(text), &one); err != nil {
		d.t.Fatal(err)
	}
	one.Data.text = text
	return one.Data
}

// work does the jobs that are due.
func (d *desk) work() {
	d.t.Helper()
	if _, err := d.Jobs.RunDue(d.t.Context()); err != nil {
		d.t.Fatal(err)
	}
}

const shop = "First Name,Last Name,Email,Accepts Marketing,Total Spent\n"

func TestImports(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		d := newDesk(t, db)
		d.account("first", "mover", auth.ClienteleTransfer, auth.Customers)
		d.account("first", "crm", auth.Customers)
		d.account("second", "stranger", auth.FullScopes()...)
		const path = "/clientele/imports"
		file := shop + "Ann,Lee,ann@example.com,yes,1\nBob,Lee,bob@example.com,no,1\nNo,Body,,no,1\n\"Ann, again\",Lee,ANN@example.com,no,1\n"
		for _, bad := range []string{"?kind=people", "?on_existing=x", "?on_error=", "?dry_run=maybe", "?date_order=ymd", "?events=some", "?format=xls", "?map=%5B%5D", "?map=%7B%22a%22:%22b%22%7D", "?file=" + strings.Repeat("f", 201), "?limit=5"} {
			d.send("first", "mover", bad, file, 422)
		}
		d.send("first", "mover", "", "", 422)
		d.send("first", "crm", "", file, 403)
		for _, verb := range []string{"/1/cancel", "/1/resume", "/1/undo"} {
			d.want("first", "crm", "POST", path+verb, "", 403, "")
			d.want("first", "mover", "POST", path+verb, "", 404, "")
		}
		for _, p := range []string{"", "/1", "/1/errors", "/1/warnings"} {
			d.want("first", "crm", "GET", path+p, "", 403, "")
		}

		// A dry run stores nothing, and tells what it would.
		dry := d.send("first", "mover", "?dry_run=true&file=customers_export.csv", file, 202)
		if dry.State != "inspecting" {
			t.Errorf("%s", dry.text)
		}
		d.want("first", "mover", "GET", fmt.Sprintf("%s/%d/errors", path, dry.ID), "", 404, "")
		d.work()
		tried := d.imported("first", "mover", dry.ID)
		if tried.State != "done" || tried.Counts["created"] != 2 || tried.Counts["skipped"] != 1 || tried.Counts["rejected"] != 1 || tried.Counts["subscribed"] != 1 {
			t.Errorf("tried: %s", tried.text)
		}
		if got := d.want("first", "mover", "GET", "/customers", "", 200, ""); !strings.Contains(got, `"total":0`) {
			t.Errorf("a dry run stored %s", got)
		}
		const wrong = "_line,_field,_code,_message," + shop + "4,,no_email,there is no email address,No,Body,,no,1\n"
		d.want("first", "mover", "GET", fmt.Sprintf("%s/%d/errors", path, dry.ID), "", 200, wrong)
		d.want("first", "mover", "POST", fmt.Sprintf("%s/%d/undo", path, dry.ID), "", 409, "")

		// The same with a key, packed, and once.
		var zip bytes.Buffer
		z := gzip.NewWriter(&zip)
		_, _ = z.Write([]byte(file))
		_ = z.Close()
		historytest.Forget(t, db, d.stores["first"])
		first := d.send("first", "mover", "?file=customers_export.csv", file, 202, "Idempotency-Key", "k1")
		again := d.send("first", "mover", "?file=customers_export.csv", file, 202, "Idempotency-Key", "k1")
		packed := d.send("first", "mover", "?file=customers_export.csv", zip.String(), 202, "Idempotency-Key", "k1", "Content-Encoding", "gzip")
		if first.replayed || !again.replayed || !packed.replayed || again.ID != first.ID || packed.ID != first.ID {
			t.Errorf("repeated: %v %v %v", first.ID, again.ID, packed.ID)
		}
		d.send("first", "mover", "?file=customers_export.csv", file+" ", 422, "Idempotency-Key", "k1")
		d.work()
		done := d.imported("first", "mover", first.ID)
		if done.State != "done" || fmt.Sprint(done.Counts) != fmt.Sprint(tried.Counts) {
			t.Errorf("done: %s\ntried: %v", done.text, tried.Counts)
		}
		for _, part := range []string{`"kind":"customers","format":"shopify"`, `"left_behind":["Total Spent"]`, `"duplicates":1`, `"problems":{"no_email":1},"warnings":{"consent_without_time":1}`, `"of_all_rows":true`,
			`"progress":{"rows":4,"total_rows":4,"bytes":` + fmt.Sprint(len(file)) + `,"total_bytes":` + fmt.Sprint(len(file))} {
			if !strings.Contains(done.text, part) {
				t.Errorf("no %s in %s", part, done.text)
			}
		}
		d.want("first", "mover", "GET", fmt.Sprintf("%s/%d/errors", path, first.ID), "", 200, wrong)
		if got := d.want("first", "mover", "GET", fmt.Sprintf("%s/%d/warnings", path, first.ID), "", 200, ""); !strings.Contains(got, "\n2,,consent_without_time,") {
			t.Errorf("%s", got)
		}
		if got := historytest.Entries(t, db, d.stores["first"], 0); len(got) != 1 || got[0].Action != history.Imported || got[0].Actor.Kind != history.ByAccount || got[0].Actor.ID != 1 {
			t.Errorf("the history: %+v", got)
		}
		if got := d.want("first", "mover", "GET", path+"?limit=1", "", 200, ""); !strings.Contains(got, fmt.Sprintf(`{"data":[{"id":%d,`, first.ID)) || !strings.Contains(got, `"next":`) {
			t.Errorf("%s", got)
		}
		d.want("first", "mover", "POST", fmt.Sprintf("%s/%d/cancel", path, first.ID), "", 409, "")
		d.want("first", "mover", "POST", fmt.Sprintf("%s/%d/resume", path, first.ID), "", 409, "")

		// Of another store there is nothing.
		if got := d.want("second", "stranger", "GET", path, "", 200, ""); !strings.Contains(got, `{"data":[]`) {
			t.Errorf("%s", got)
		}
		for _, p := range []string{"", "/errors", "/warnings"} {
			d.want("second", "stranger", "GET", fmt.Sprintf("%s/%d%s", path, first.ID, p), "", 404, "")
		}
		for _, verb := range []string{"cancel", "resume", "undo"} {
			d.want("second", "stranger", "POST", fmt.Sprintf("%s/%d/%s", path, first.ID, verb), "", 404, "")
		}

		// Cancelled before it begins, resumed, and undone but for whom somebody changed.
		third := d.send("first", "mover", "?on_existing=fill", shop+"Cy,Lee,cy@example.com,no,1\nDan,Lee,dan@example.com,yes,1\nEve,,eve@example.com,no,1\n", 202)
		d.want("first", "mover", "POST", fmt.Sprintf("%s/%d/cancel", path, third.ID), "", 202, "")
		d.want("first", "mover", "POST", fmt.Sprintf("%s/%d/cancel", path, third.ID), "", 202, "")
		d.work()
		if got := d.imported("first", "mover", third.ID); got.State != "cancelled" || got.Counts["rows"] != 0 {
			t.Errorf("cancelled: %s", got.text)
		}
		d.want("first", "mover", "POST", fmt.Sprintf("%s/%d/resume", path, third.ID), "", 202, "")
		d.work()
		if got := d.imported("first", "mover", third.ID); got.State != "done" || got.Counts["created"] != 3 {
			t.Errorf("resumed: %s", got.text)
		}
		d.want("first", "mover", "PUT", "/customers", `[{"id":4,"company":"Acme"}]`, 200, "")
		d.want("first", "mover", "POST", fmt.Sprintf("%s/%d/undo", path, third.ID), "", 202, "")
		d.work()
		if got := d.imported("first", "mover", third.ID); got.State != "undone" || got.Undo["customers"] != 2 || got.Undo["kept_customers"] != 1 || got.Undo["subscribers"] != 1 {
			t.Errorf("undone: %s", got.text)
		}
		if got := d.want("first", "mover", "GET", "/customers", "", 200, ""); !strings.Contains(got, `"total":3`) || !strings.Contains(got, "dan@example.com") || strings.Contains(got, "cy@example.com") {
			t.Errorf("left: %s", got)
		}

		// What is no table is told.
		fourth := d.send("first", "mover", "", "a,b\n1,2\n", 202)
		d.work()
		if got := d.imported("first", "mover", fourth.ID); got.State != "failed" || !strings.Contains(got.Error, "no column is known to hold email addresses") {
			t.Errorf("%s", got.text)
		}
		// After a week the file is gone, and what could undo.
		d.Clock.Advance(7*24*time.Hour + time.Hour)
		if err := d.Jobs.RunTasks(t.Context()); err != nil {
			t.Fatal(err)
		}
		d.want("first", "mover", "GET", fmt.Sprintf("%s/%d/errors", path, first.ID), "", 404, "")
		for _, verb := range []string{"undo", "resume"} {
			d.want("first", "mover", "POST", fmt.Sprintf("%s/%d/%s", path, first.ID, verb), "", 409, "")
		}
		if got := d.imported("first", "mover", first.ID); got.State != "done" || !strings.Contains(got.text, `"kept":false`) {
			t.Errorf("%s", got.text)
		}
	})
}
