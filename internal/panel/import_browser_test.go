package panel_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"clientele/internal/customer"
	"clientele/internal/sqldb"
	"clientele/internal/staff"
	chromium "clientele/internal/testing/browser"
	"clientele/internal/transfer"
)

// crowdFile is a file of customers of whose lines 37 are faulty, in four ways.
func crowdFile(n int) string {
	var b strings.Builder
	b.WriteString("Email,First name,Last name,Country,ZIP,City,Street,Store credit\n")
	for i := range n {
		email, credit := fmt.Sprintf("row%d@example.com", i), "1.50"
		switch {
		case i%(n/37) != 7 || i/(n/37) >= 37:
		case i/(n/37) < 10:
			email = ""
		case i/(n/37) < 20:
			email = "no address"
		case i/(n/37) < 30:
			credit = "a lot"
		default:
			email += ",,,,,,,,too many"
		}
		fmt.Fprintf(&b, "%s,Ann,Row%d,DE,53111,Bonn,Street %d,%s\n", email, i, i, credit)
	}
	return b.String()
}

// A file with faulty lines is tried and imported; the server dies halfway and another
// one goes on; the lines that failed, corrected, are imported: with scripts and
// without, on both engines.
func TestBrowserImport(t *testing.T) {
	t.Parallel()
	rows, all, taken := 1850, "1,850", "1,813 customers"
	if full() {
		rows, all, taken = 100_000, "100,000", "99,963 customers"
	}
	journeys(t, func(t *testing.T, db *sqldb.DB, scripts bool) {
		w := open(t, db, claimed)
		w.person("olga@example.com", 1, staff.Owner)
		b, see := w.tab(t, scripts)
		// until waits for a text: the page follows by itself, or is loaded anew.
		arrives := func(b *chromium.Tab, text string) {
			t.Helper()
			until(t, func() bool {
				if !scripts {
					b.Open(b.Path())
				}
				return strings.Contains(b.Eval(`document.body.textContent`), text)
			})
		}
		b.Open("/manage/sign-in").Write("email", "olga@example.com", "password", password).Press("main form.form .primary")
		b.Open(imports)
		see("manage-import-none")
		b.Eval(`const d = new DataTransfer(); d.items.add(new File([` + quoted(crowdFile(rows)) + `], "crowd.csv")); document.querySelector("[name=file]").files = d.files; ""`)
		b.Press("main form.form .primary")
		// looked waits until a server has looked at a file. The page leads on by itself
		// then, which no script of a test survives: it is left before.
		looked := func(id int64) {
			t.Helper()
			until(t, func() bool {
				imp, err := w.Transfer.Get(t.Context(), 1, id)
				return err == nil && imp.State == transfer.Waiting
			})
		}
		see("manage-import-looking")
		at, lap := b.Path(), time.Now()
		took := func(what string) {
			t.Logf("%s: %s", what, time.Since(lap).Round(100*time.Millisecond))
			lap = time.Now()
		}
		b.Open(imports).Want("crowd.csv")
		w.Jobs.Start(t.Context())
		looked(1)
		took("looked at")
		b.Open(at)
		b.Want(all+" rows", "Continue to the rules")
		see("manage-import-columns")
		b.Press("main form.form .primary").Want("is the same customer")
		see("manage-import-rules")
		if scripts {
			b.Stops("rules of an import", 360, 740).Stops("rules of an import", 1280, 800)
		}
		lap = time.Now()
		b.Press("main form.form .primary")
		arrives(b, "37 rows are wrong")
		took("tried")
		b.Want("There is no email address", "The amount cannot be read", "The value does not have the right form", "More cells than the header has", "Would be created")
		see("manage-import-trial")

		// The server dies in the middle.
		lap = time.Now()
		b.Press(`form[action$="/run"] .button`)
		for {
			imp, err := w.Transfer.Get(t.Context(), 1, 1)
			if err != nil {
				t.Fatal(err)
			}
			if !imp.Plan.DryRun && imp.Counts.Rows > 0 {
				break
			}
			time.Sleep(time.Millisecond)
		}
		dead, cancel := context.WithCancel(t.Context())
		cancel()
		_ = w.Jobs.Stop(dead)
		if imp, err := w.Transfer.Get(t.Context(), 1, 1); err != nil || imp.Counts.Rows >= int64(rows) {
			t.Logf("it was too quick to be cut off: %+v, %v", imp, err)
		} else {
			t.Logf("cut off after %d rows", imp.Counts.Rows)
		}
		b.Open(at)
		see("manage-import-running")
		w = open(t, db, "")
		w.Jobs.Start(t.Context())
		t.Cleanup(func() { _ = w.Jobs.Stop(t.Context()) })
		after := chromium.Open(t, w.server.URL, "en-US")
		if !scripts {
			after.WithoutScripts()
		}
		after.Open("/manage/sign-in").Write("email", "olga@example.com", "password", password).Press("main form.form .primary")
		after.Open(at)
		arrives(after, "37 rows were not imported")
		took("imported, by another server from there on")
		has := func(want int) {
			t.Helper()
			if n, err := w.Customers.Count(t.Context(), 1, customer.PlainList.New()); err != nil || n != int64(want) {
				t.Errorf("the store has %d customers (%v), not %d", n, err, want)
			}
		}
		has(rows - 37)
		after.Open("/manage/store/one/customers").Want(taken)
		after.Open(at)
		if scripts {
			after.See("manage-import-done")
		}

		// Corrected, the rest comes too.
		api := w.browser().signIn("olga@example.com")
		mended := mend(api.get(at+"/errors").want(200, "").body)
		b = after
		at = api.upload(imports, "mended.csv", mended).want(200, "").path
		looked(2)
		b.Open(at)
		b.Want("37 rows").Press("main form.form .primary").Press("main form.form .primary")
		arrives(b, "Every row can be taken")
		b.Press(`form[action$="/run"] .button`)
		arrives(b, "All rows are imported.")
		has(rows)
		b.Open(at).Press(`form[action$="/undo"] .button`)
		arrives(b, "Undone")
		has(rows - 37)
		b.Open("/manage/store/one/customers").Want(taken)
		if scripts {
			b.Calm("the import")
		}
	})
}

// mend corrects what is wrong with rows of crowdFile.
func mend(report string) string {
	var out []string
	for i, line := range strings.Split(strings.TrimSuffix(report, "\n"), "\n") {
		line = strings.NewReplacer(",,,,,,,,too many", "", "a lot", "1.50", "no address", "").Replace(line)
		line = strings.Replace(line, ",,Ann,", fmt.Sprintf(",mended%d@example.com,Ann,", i), 1)
		out = append(out, line)
	}
	return strings.Join(out, "\n") + "\n"
}

func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}
