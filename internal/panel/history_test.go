package panel_test

import (
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"clientele/internal/customer"
	"clientele/internal/history"
	"clientele/internal/opt"
	passwords "clientele/internal/password"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/staff"
	chromium "clientele/internal/testing/browser"
)

func TestHistory(t *testing.T) {
	each(t, garden, func(t *testing.T, w *world) {
		w.person("pia@example.com", 1, staff.Privacy)
		change := func(name string, from history.Origin) {
			if _, err := w.Customers.UpdateFor(history.With(t.Context(), &from), passwords.Party{StoreID: 1}, []customer.Update{{ID: 2, FirstName: opt.Some(name)}}); err != nil {
				t.Fatal(err)
			}
		}
		change("=HYPERLINK(1)", history.Origin{Surface: history.V3, Actor: history.Actor{Kind: history.CommandUser, Name: "root"}, Address: "192.0.2.7", Reason: "<i>asked</i>"})
		w.Clock.Advance(48 * time.Hour)
		change("Bob", history.Origin{Surface: history.Panel, Actor: history.Actor{Kind: history.Staff, Name: "ann@example.com"}})
		b := w.browser()
		b.signIn("pia@example.com")
		const at = "/manage/store/one/history"
		b.get(at).want(200, at, "No entry is sealed", "<ins>All categories</ins>", "<del>Bo</del>", "<ins>=HYPERLINK(1)</ins>", "<ins>Bob</ins>", "192.0.2.7", "&lt;i&gt;asked", "First name:", "ann@example.com", "Command line: root")
		b.get(at+"?by=staff:ann@example.com").want(200, "", "1 entry", "<ins>Bob</ins>", "!192.0.2.7")
		b.get(at+"?by=command:root&action=updated&resource=customer&customer=%232").want(200, "", "1 entry", "192.0.2.7")
		b.get(at+"?q=hyperlink").want(200, "", "2 entries")
		b.get(at+"?customer=3&action=updated").want(200, "", "Nothing found")
		today := w.Clock.Now().UTC().Format(time.DateOnly)
		b.get(at+"?from="+today).want(200, "", "1 entry", "<ins>Bob</ins>")
		b.get(at+"?to="+w.Clock.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly)+"&action=updated").want(200, "", "1 entry", "192.0.2.7")
		// Who has not proved lately who they are proves it first.
		w.Clock.Advance(16 * time.Minute)
		b.get(at+"/export?format=csv&customer=2").want(200, "/manage/prove?to=%2Fmanage%2Fstore%2Fone%2Fhistory%2Fexport%3Fformat%3Dcsv%26customer%3D2")
		b.post("/manage/prove", "to", at+"/export?customer=2&format=csv", "current_password", password).want(200, at+"/export?customer=2&format=csv")
		if got := b.header.Get("Content-Disposition"); got != `attachment; filename="history-one.csv"` {
			t.Error(got)
		}
		lines, err := csv.NewReader(strings.NewReader(b.body)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		cells := strings.Join(lines[1], "|") + "\n" + strings.Join(lines[2], "|")
		if len(lines) < 3 || !strings.Contains(cells, "|first_name|'=HYPERLINK(1)|Bob|") || !strings.Contains(cells, "|first_name|Bo|'=HYPERLINK(1)|<i>asked</i>|192.0.2.7|") {
			t.Errorf("%s", b.body)
		}
		b.get(at+"/export?format=ndjson&by=command:root").want(200, "")
		for line := range strings.Lines(b.body) {
			var e struct{ Actor struct{ Kind, Name string } }
			if err := json.Unmarshal([]byte(line), &e); err != nil || e.Actor.Name != "root" {
				t.Errorf("%v: %s", err, line)
			}
		}
		b.get(at+"?action=exported").want(200, "", "2 entries", "pia@example.com")
	})
}

func TestBrowserOfHistory(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.Open(t, sqldb.SQLite), garden)
	w.person("pia@example.com", 1, staff.Privacy)
	for _, name := range []string{"Bob", "Rob"} {
		from := history.Origin{Surface: history.V3, Actor: history.APIAccountActor(1), Address: "192.0.2.7"}
		if _, err := w.Customers.UpdateFor(history.With(t.Context(), &from), passwords.Party{StoreID: 1}, []customer.Update{{ID: 2, FirstName: opt.Some(name), Company: opt.Some(name + " Limited")}}); err != nil {
			t.Fatal(err)
		}
	}
	b := chromium.Open(t, w.server.URL, "en-US")
	b.Open("/manage/sign-in").Write("email", "pia@example.com", "password", password).Press("main form.form .primary")
	b.Open("/manage/store/one/history").See("manage-history").Stops("history", 360, 740)
	b.Type("#q", "rob lim").Await(`document.querySelectorAll("#list tbody tr").length === 1 && location.search === "?q=rob+lim"`)
	b.Calm("history")
	b.WithoutScripts().Open("/manage/store/one/history").Write("action", "updated").Type("#q", "rob").Press(".filters .button").Want("1 entry", "Rob Limited")
}
