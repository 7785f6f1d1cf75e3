package transfer

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/jobs"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/transfer/source"
)

// A file that is held waits, is tried as often as somebody likes and taken once, also
// when whoever is at it dies between two of these.
func TestHeldFile(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newImporting(t, db)
		w.svc.batch = 4
		w.bring(w.a, "before.csv", "Email,First name\nc0@example.com,Old\nc1@example.com,C1\n", Options{})
		var b strings.Builder
		b.WriteString("Mailbox,Given\n")
		for i := range 30 {
			fmt.Fprintf(&b, "c%d@example.com,C%d\n", i, i)
		}
		b.WriteString("nobody,X\n,Y\n")
		imp := w.accept(w.a, b.String(), Options{Hold: true})
		work := func() {
			t.Helper()
			text, err := json.Marshal(working{imp.ID})
			if err != nil {
				t.Fatal(err)
			}
			if err := w.svc.work(t.Context(), jobs.Job{StoreID: w.a, Payload: text}); err != nil {
				t.Fatal(err)
			}
			imp = w.get(w.a, imp.ID)
		}
		// Who looked at the file has died before it waited.
		in, err := w.svc.inspect(t.Context(), w.a, strings.NewReader(b.String()), File{imp.File, imp.FileHash, imp.Size}, imp.Plan.Options)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.svc.found(t.Context(), w.a, w.get(w.a, imp.ID), in); err != nil {
			t.Fatal(err)
		}
		if work(); imp.State != Waiting || imp.Inspection.Rows != 32 || !imp.CanRevise() || imp.CanUndo(imp.Ended) || imp.CanResume() {
			t.Fatalf("%s %+v", imp.State, imp.Inspection)
		}
		head, err := w.svc.Head(t.Context(), w.a, imp.ID, 2)
		if err != nil || len(head) != 2 || head[1][0] != "c1@example.com" {
			t.Error(head, err)
		}

		o := Options{OnExisting: customer.OverwriteExisting, Kind: source.Customers, Map: map[string]source.Target{"Given": {Field: source.FirstName}}, Firebase: &source.FirebaseHash{Key: "c2lnbmVy", Rounds: 8, Memory: 14}}
		keys := `SELECT CAST(COUNT(*) AS TEXT) FROM imports WHERE store_id = $1 AND plan LIKE '%c2lnbmVy%'`
		refused := func(o Options, then Then, why fault.Reason) {
			t.Helper()
			_, err := w.svc.Revise(t.Context(), w.a, imp.ID, o, then)
			if f := fault.As(err); f == nil || why != "" && (len(f.Items) != 1 || f.Items[0].Why != why) {
				t.Errorf("%+v: %v", o, err)
			}
			if now := w.get(w.a, imp.ID); now.State != Waiting {
				t.Errorf("it is %s", now.State)
			}
		}
		refused(o, Try, WhyNoEmailColumn)
		refused(o, Take, WhyNoEmailColumn)
		refused(Options{OnExisting: "all", Kind: source.Customers}, Wait, "")
		refused(Options{OnExisting: customer.SkipExisting, Kind: "orders"}, Wait, "")
		refused(Options{OnExisting: customer.SkipExisting, Kind: source.Customers, Map: map[string]source.Target{"Colour": {Field: source.Email}}}, Wait, WhyColumn)
		refused(Options{OnExisting: customer.SkipExisting, Kind: source.Customers, DateOrder: "ymd"}, Wait, "")
		o.Map["Mailbox"] = source.Target{Field: source.Email}
		byID := o
		byID.ByID = true
		refused(byID, Try, WhyNoIDColumn)
		list := o
		list.Kind = source.Subscribers
		refused(list, Take, "")
		if _, err := w.svc.Revise(t.Context(), w.b, imp.ID, o, Take); fault.As(err) == nil || fault.As(err).Kind != fault.NotFound {
			t.Errorf("of another store: %v", err)
		}

		for range 2 { // it can be tried again
			if _, err := w.svc.Revise(t.Context(), w.a, imp.ID, o, Try); err != nil {
				t.Fatal(err)
			}
			if work(); imp.State != Done || imp.Counts.Created != 28 || imp.Counts.Changed != 1 || imp.Counts.Unchanged != 1 || imp.Counts.Rejected != 2 || imp.Problems != 2 {
				t.Errorf("%s %+v", imp.State, imp.Counts)
			}
			x := imp.Inspection.Examples
			if len(x["created"]) != Examples || len(x["changed"]) != 1 || x["changed"][0] != (Example{2, "c0@example.com", "C0"}) || len(x["unchanged"]) != 1 {
				t.Errorf("%+v", x)
			}
		}
		wrong, all, err := w.svc.Wrongs(t.Context(), w.a, imp.ID)
		if err != nil || !all || len(wrong) != 2 || wrong[0].First[0].Line != 32 || wrong[1].Code != source.NoEmail {
			t.Errorf("%+v %t %v", wrong, all, err)
		}
		if got := w.rows(w.a, `SELECT CAST(COUNT(*) AS TEXT) FROM customers WHERE store_id = $1`); got != "2" {
			t.Errorf("%s customers after what was only tried", got)
		}
		if _, err := w.svc.Revise(t.Context(), w.a, imp.ID, o, Take); err != nil {
			t.Fatal(err)
		}
		if work(); imp.State != Done || imp.Plan.DryRun || imp.Counts.Created != 28 || imp.Problems != 2 || imp.CanRevise() || !imp.CanUndo(imp.Ended) {
			t.Errorf("%s %+v", imp.State, imp.Counts)
		}
		if _, err := w.svc.Revise(t.Context(), w.a, imp.ID, o, Take); fault.As(err) == nil || fault.As(err).Kind != fault.Conflict {
			t.Errorf("taken twice: %v", err)
		}
		if got := w.rows(w.a, keys); got != "1" {
			t.Errorf("%s imports have the key of their hashes", got)
		}
		// What the examples say of persons goes with the file, and the key of its hashes.
		if err := w.svc.forget(t.Context(), w.a, imp.ID, imp.Ended+1); err != nil {
			t.Fatal(err)
		}
		if got := w.rows(w.a, `SELECT CAST(COUNT(*) AS TEXT) FROM imports WHERE store_id = $1 AND inspection LIKE '%example.com%'`); got != "0" {
			t.Errorf("%s imports tell of persons", got)
		}
		if got := w.rows(w.a, keys); got != "0" {
			t.Errorf("%s imports still have the key of their hashes", got)
		}
	})
}
