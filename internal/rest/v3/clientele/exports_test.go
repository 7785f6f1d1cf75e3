package clientele_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"clientele/internal/auth"
	"clientele/internal/history/historytest"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

type shownExport struct {
	ID      int64
	State   string
	Records int64
	Error   string
	File    *struct {
		Name   string
		Size   int64
		SHA256 string
	}
}

func exportIn(t *testing.T, text string) (out shownExport) {
	t.Helper()
	var one struct{ Data shownExport }
	if err := json.Unmarshal([]byte(text), &one); err != nil {
		t.Fatal(err)
	}
	return one.Data
}

func TestExports(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		d := newDesk(t, db)
		d.account("first", "mover", auth.ClienteleTransfer, auth.Customers)
		d.account("first", "crm", auth.Customers)
		d.account("second", "stranger", auth.FullScopes()...)
		const path = "/clientele/exports"
		for _, bad := range []string{`{}`, `{"format":"xls"}`, `{"format":"csv","kind":"all"}`, `{"format":"csv","consent":"none"}`, `{"format":"csv","segment_id":"x"}`, `{"format":"csv","since":"today"}`,
			`{"format":"csv","raw":"x"}`, `{"format":"clientele","raw":true}`, `{"format":"clientele","kind":"subscribers"}`, `{"format":1}`} {
			d.want("first", "mover", "POST", path, bad, 422, "")
		}
		d.want("first", "crm", "POST", path, `{"format":"csv"}`, 403, "")
		for _, p := range []string{"", "/1", "/1/file"} {
			d.want("first", "crm", "GET", path+p, "", 403, "")
		}
		d.want("first", "crm", "POST", path+"/1/cancel", "", 403, "")
		d.want("first", "mover", "POST", "/customers", `[{"email":"ann@example.com","first_name":"Ann","last_name":"=Lee"}]`, 200, "")
		historytest.Forget(t, db, d.stores["first"])

		one := exportIn(t, d.want("first", "mover", "POST", path, `{"format":"shopify"}`, 202, ""))
		file := fmt.Sprintf("%s/%d", path, one.ID)
		if one.State != "running" || one.File != nil {
			t.Errorf("%+v", one)
		}
		d.want("first", "mover", "GET", file+"/file", "", 409, "")
		d.want("second", "stranger", "GET", file, "", 404, "")
		d.want("second", "stranger", "GET", file+"/file", "", 404, "")
		d.want("second", "stranger", "POST", file+"/cancel", "", 404, "")
		d.work()
		one = exportIn(t, d.want("first", "mover", "GET", file, "", 200, ""))
		if one.State != "done" || one.Records != 1 || one.File == nil || one.File.Name != fmt.Sprintf("customers-%d.csv", one.ID) {
			t.Fatalf("%+v", one)
		}
		text := d.want("first", "mover", "GET", file+"/file", "", 200, "")
		if !strings.HasPrefix(text, "First Name,Last Name,Email,") || !strings.Contains(text, "\nAnn,'=Lee,ann@example.com,no,") || int64(len(text)) != one.File.Size {
			t.Errorf("%s", text)
		}
		d.want("first", "mover", "POST", file+"/cancel", "", 409, "")
		if got, want := historytest.Lines(t, db, d.stores["first"], 0), []string{
			`exported customer 0: type ->"shopify"`, fmt.Sprintf(`exported customer 0: type ->"shopify", report ->"exports/%d"`, one.ID),
		}; !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		for _, e := range historytest.Entries(t, db, d.stores["first"], 0) {
			if e.Actor.Name != "mover" {
				t.Errorf("%s by %+v", historytest.Line(&e), e.Actor)
			}
		}

		// A bundle has no secrets, and is whole.
		all := exportIn(t, d.want("first", "mover", "POST", path, `{"format":"clientele"}`, 202, ""))
		gone := exportIn(t, d.want("first", "mover", "POST", path, `{"format":"csv","kind":"subscribers"}`, 202, ""))
		if c := exportIn(t, d.want("first", "mover", "POST", fmt.Sprintf("%s/%d/cancel", path, gone.ID), "", 202, "")); c.State != "cancelled" {
			t.Errorf("%+v", c)
		}
		d.work()
		text = d.want("first", "mover", "GET", fmt.Sprintf("%s/%d/file", path, all.ID), "", 200, "")
		f, err := d.Bundles.Open(strings.NewReader(text), int64(len(text)))
		if err != nil || f.Secrets || f.Of("customers") != 1 {
			t.Fatalf("%+v, %v", f, err)
		}
		if err := f.Check(t.Context()); err != nil {
			t.Error(err)
		}
		d.want("first", "mover", "GET", fmt.Sprintf("%s/%d/file", path, gone.ID), "", 409, "")
		if got := d.want("first", "mover", "GET", path+"?limit=2", "", 200, ""); strings.Count(got, `"state"`) != 2 || !strings.Contains(got, `"cancelled"`) {
			t.Errorf("%s", got)
		}

		// Ten at once, and after a week none.
		for range 10 {
			d.want("first", "mover", "POST", path, `{"format":"bigcommerce"}`, 202, "")
		}
		d.want("first", "mover", "POST", path, `{"format":"bigcommerce"}`, 409, "")
		d.work()
		tasks := func() {
			t.Helper()
			if err := d.Jobs.RunTasks(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		d.Clock.Advance(6 * 24 * time.Hour)
		tasks()
		d.want("first", "mover", "GET", file+"/file", "", 200, "")
		d.Clock.Advance(25 * time.Hour)
		tasks()
		d.want("first", "mover", "GET", file, "", 404, "")
		d.want("first", "mover", "GET", file+"/file", "", 404, "")
		if got := d.want("first", "mover", "GET", path, "", 200, ""); strings.Contains(got, `"state"`) {
			t.Errorf("%s", got)
		}
	})
}
