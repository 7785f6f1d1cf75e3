package transfer

import (
	"strings"
	"testing"

	"clientele/internal/customer"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/transfer/source"
)

// An address that lacks what an address needs costs the address, not the customer; what
// is wrong with one, and an address of its own row, costs the row. The customer's name
// is that of an address without one.
func TestIncompleteAddresses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newImporting(t, db)
		const header = "Email,First name,Last name,Street,City,Country,ZIP,State\n"
		file := header +
			"ann@example.com,Ann,Lee,1 Rd,Bonn,,53111,\n" +
			"bob@example.com,Bob,Lee,,Bonn,DE,53111,\n" +
			"cleo@example.com,Cleo,,1 Rd,Bonn,DE,53111,\n" +
			"dan@example.com,Dan,Lee,1 Rd,Austin,US,78701,\n" +
			"eve@example.com,Eve,Lee,1 Rd,Austin,US,,Texas\n" +
			"fay@example.com,Fay,Lee,1 Rd,,DE,53111,\n" +
			"gus@example.com,Gus,Lee,1 Rd,X,Atlantis,1,\n" +
			"hal@example.com,Hal,Lee,1 Rd,Austin,US,78701,Texas\n" +
			"ivy@example.com,Ivy,Lee,1 Rd,Austin,US,78701,Nowhere\n"
		imp := w.bring(w.a, "customers.csv", file, Options{})
		if got, want := imp.Counts, (Counts{Rows: 9, Created: 7, Rejected: 2, Warnings: 6}); got != want {
			t.Errorf("%+v", got)
		}
		if got, want := w.problems(w.a, imp.ID), "2 Street address_without_country?; 3 City address_without_street?; 4 Street address_without_name?; 5 Street address_without_state?; 6 Street address_without_postal_code?; 7 Street address_without_city?; 8 Street country_unknown; 10 State unknown"; got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
		const book = `SELECT c.email || ' ' || a.first_name || ' ' || a.last_name || ' ' || a.city FROM addresses a JOIN customers c ON c.store_id = a.store_id AND c.id = a.customer_id WHERE a.store_id = $1 ORDER BY a.id`
		if got := w.rows(w.a, book); got != "hal@example.com Hal Lee Austin" {
			t.Error(got)
		}
		var report strings.Builder
		if n, err := w.svc.Report(t.Context(), w.a, imp, strings.NewReader(file), true, &report); err != nil || n != 6 || !strings.Contains(report.String(), "2,Street,address_without_country,the address has no country; it was left out,ann@example.com,Ann,Lee,1 Rd,Bonn,,53111,") {
			t.Errorf("%d %v %s", n, err, report.String())
		}
		// Names of addresses.
		w.bring(w.b, "bulk.csv", "Email Address,First Name,Last Name,Address First Name - 1,Address Last Name - 1,Address Line 1 - 1,Address City - 1,Address Zip - 1,Address Country - 1\n"+
			"ann@example.com,Ann,Lee,Al,,1 Rd,Bonn,53111,Germany\nbob@example.com,Bob,Lee,,,1 Rd,Bonn,53111,Germany\ncleo@example.com,Cleo,,,Lamb,1 Rd,Bonn,53111,Germany\n", Options{})
		if got := w.rows(w.b, book); got != "ann@example.com Al Lee Bonn; bob@example.com Bob Lee Bonn; cleo@example.com Cleo Lamb Bonn" {
			t.Error(got)
		}
		// A row of nothing but an address is rejected.
		addresses := w.bring(w.a, "addresses.csv", "Email,First name,Last name,Street,City,Country\nann@example.com,Ann,Lee,1 Rd,Bonn,\nbob@example.com,Bob,Lee,,Bonn,DE\n", Options{Kind: source.Addresses})
		if got := addresses.Counts; got.Rejected != 2 || got.Rows != 2 {
			t.Errorf("%+v: %s", got, w.problems(w.a, addresses.ID))
		}
	})
}

// A customer who is there is an error where the import says so.
func TestExistingFails(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newImporting(t, db)
		w.bring(w.a, "a.csv", "Email,First name\nann@example.com,Ann\n", Options{})
		imp := w.bring(w.a, "b.csv", "Email,First name\nANN@example.com,Other\nbob@example.com,Bob\nbob@example.com,Twice\n", Options{OnExisting: customer.FailExisting})
		if got, want := imp.Counts, (Counts{Rows: 3, Created: 1, Rejected: 2}); got != want {
			t.Errorf("%+v", got)
		}
		if got := w.problems(w.a, imp.ID); got != "2 Email email_in_use; 4 Email email_in_use" {
			t.Error(got)
		}
		if got := w.rows(w.a, `SELECT first_name FROM customers WHERE store_id = $1 ORDER BY id`); got != "Ann; Bob" {
			t.Error(got)
		}
	})
}

// An empty cell empties what a customer has where both is asked for: that customers get
// what the file says, and that empty cells say something. A value that is lost is none.
func TestEmptyCells(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newImporting(t, db)
		const head = "Email,First name,Company,Phone,Notes,Customer Group\n"
		w.bring(w.a, "a.csv", head+"ann@example.com,Ann,Acme,555,Likes tea,Trade\nbob@example.com,Bob,Acme,555,Likes tea,Trade\n", Options{})
		const all = `SELECT first_name || '|' || company || '|' || phone || '|' || notes || '|' || CAST(customer_group_id AS TEXT) FROM customers WHERE store_id = $1 ORDER BY id`
		full := w.rows(w.a, all)
		file := head + "ann@example.com,,,,,\nbob@example.com,,,4.41E+11,New,\n"
		for _, o := range []Options{{Empty: true}, {Empty: true, OnExisting: customer.FillExisting}} {
			if w.bring(w.a, "b.csv", file, o); w.rows(w.a, all) != full {
				t.Errorf("%+v: %s", o, w.rows(w.a, all))
			}
		}
		w.bring(w.a, "b.csv", file, Options{OnExisting: customer.OverwriteExisting})
		if got := w.rows(w.a, all); got != strings.Replace(full, "Bob|Acme|555|Likes tea", "Bob|Acme|555|New", 1) {
			t.Error(got)
		}
		imp := w.bring(w.a, "b.csv", file, Options{OnExisting: customer.OverwriteExisting, Empty: true})
		if got := w.rows(w.a, all); got != "Ann||||0; Bob||555|New|0" || imp.Counts.Changed != 2 {
			t.Errorf("%s %+v", got, imp.Counts)
		}
		// What the file has no column for stays.
		w.bring(w.a, "c.csv", "Email,Company\nbob@example.com,\n", Options{OnExisting: customer.OverwriteExisting, Empty: true})
		if got := w.rows(w.a, all); got != "Ann||||0; Bob||555|New|0" {
			t.Error(got)
		}
	})
}
