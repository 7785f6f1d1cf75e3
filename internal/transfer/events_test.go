package transfer

import (
	"testing"

	"clientele/internal/customer"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// Webhooks are told of nobody, unless that is asked for; and nobody gets an email.
func TestEventsOfImports(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newImporting(t, db)
		const (
			head  = "Email,First name,Newsletter,Consent time,Address 1,City,Zip,Country\n"
			ann   = "ann@example.com,Ann,yes,2024-01-01,1 Rd,Bonn,53111,DE\n"
			told  = `SELECT scope FROM events WHERE store_id = $1 ORDER BY scope`
			mails = `SELECT CAST(COUNT(*) AS TEXT) FROM emails WHERE store_id = $1`
		)
		first := w.bring(w.a, "a.csv", head+ann, Options{})
		if got := w.rows(w.a, told); got != "" {
			t.Errorf("without events: %s", got)
		}
		if _, err := w.svc.Undo(t.Context(), w.a, first.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := w.runner().RunDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := w.rows(w.a, told); got != "" {
			t.Errorf("when that is undone: %s", got)
		}
		w.bring(w.b, "a.csv", head+ann, Options{})
		w.bring(w.b, "b.csv", head+"ann@example.com,Anna,,,,,,\nbob@example.com,Bob,yes,2024-01-01,1 Rd,Bonn,53111,DE\n", Options{Events: true, OnExisting: customer.OverwriteExisting})
		if got := w.rows(w.b, told); got != "store/customer/created; store/customer/updated; store/subscriber/created" {
			t.Errorf("with events: %s", got)
		}
		for _, id := range []int64{w.a, w.b} {
			if got := w.rows(id, mails); got != "0" {
				t.Errorf("%s emails", got)
			}
		}
	})
}
