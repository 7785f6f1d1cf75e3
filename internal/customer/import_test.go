package customer_test

import (
	"fmt"
	"strings"
	"testing"

	"clientele/internal/customer"
	"clientele/internal/form"
	"clientele/internal/password"
	"clientele/internal/sqldb"
)

// bring imports rows, and tells what became of each.
func (w *world) bring(existing customer.Existing, rows ...customer.ImportRow) string {
	w.t.Helper()
	var out []customer.Imported
	if err := w.db.Write(w.t.Context(), w.mine, func(tx *sqldb.Tx) (err error) {
		tx.Mute(sqldb.Muted{Events: true, Entries: true})
		out, err = w.svc.ImportTx(tx, rows, existing)
		return err
	}); err != nil {
		w.t.Fatal(err)
	}
	var b strings.Builder
	for _, o := range out {
		fmt.Fprintf(&b, "%s %d", []string{"rejected", "created", "changed", "unchanged", "skipped"}[o.Outcome], o.ID)
		if o.Err != nil {
			for _, it := range o.Err.Items {
				fmt.Fprintf(&b, " %v:%v", it.Field, it.Code)
			}
		}
		b.WriteString("; ")
	}
	return strings.TrimSuffix(b.String(), "; ")
}

func row(c customer.Create) customer.ImportRow { return customer.ImportRow{Create: c} }

// Who is imported is found by what they would be found by if they had been made.
func TestImportedIsFound(t *testing.T) {
	each(t, func(w *world) {
		c := named("ann.lee@example.com")
		c.FirstName, c.LastName, c.Company, c.Phone = "Zoë-Ann", "O'Neil", "Müller & Co", "+49 30 1234567"
		c.Addresses = []customer.AddressCreate{home(0, "1 Rd"), home(0, "2 Rd")}
		c.Addresses[1].City, c.Addresses[1].PostalCode = "Sankt Augustin", "53 757"
		again := c
		again.Email = "ann.lee@example.org"
		if got := w.bring(customer.SkipExisting, row(c)); got != "created 1" {
			t.Fatal(got)
		}
		w.create(again)
		if words := w.query(w.mine, `SELECT words FROM search_recent WHERE store_id = $1 ORDER BY customer_id`); len(words) != 2 || words[0] != words[1] || !strings.Contains(words[0], "muller") {
			t.Errorf("%q", words)
		}
	})
}

func TestImport(t *testing.T) {
	each(t, func(w *world) {
		before := w.number(w.mine, `SELECT event_id + history_id FROM store_counters WHERE store_id = $1`)
		bare := customer.Create{Email: "Cy@example.com", DateCreated: 500}
		full := named("ann@example.com")
		full.GroupID, full.StoreCredit, full.Notes = 2, 15000, "n"
		full.Addresses = []customer.AddressCreate{home(0, "1 Rd"), home(0, "1 Rd"), home(0, "2 Rd")}
		full.Attributes = []customer.AttributeInput{{AttributeID: 1, Value: "v"}}
		full.FormFields = []form.Input{{Name: "f text", Value: form.Text("abc")}}
		full.ImportedHash = password.ImportedHash{Hash: "$2a$04$X/ZpVKgRWIIgwxOfNz4WceHA7lJ5tdLh.9.3ue5jWgMnB6mLh3oP."}
		noGroup, noValue := named("dan@example.com"), named("eve@example.com")
		noGroup.GroupID = 9 // another store's
		noValue.Attributes = []customer.AttributeInput{{AttributeID: 9, Value: "x"}}
		if got := w.bring(customer.SkipExisting, row(bare), row(full), row(customer.Create{Email: "no mail"}), row(noGroup), row(noValue), row(named("cy@EXAMPLE.com"))); got !=
			"created 1; created 2; rejected 0 email:bad_format; rejected 0 customer group id:unknown; rejected 0 attribute id:unknown; skipped 1" {
			t.Error(got)
		}
		if c := w.get(1); c.FirstName != "" || c.DateCreated != 500 || c.DateModified != 1000 {
			t.Errorf("%+v", c)
		}
		if c := w.get(2); c.DateCreated != 1000 || c.GroupID != 2 || c.StoreCredit != 15000 || len(c.Addresses) != 2 || len(c.Attributes) != 1 || len(c.FormFields) != 1 {
			t.Errorf("%+v", c)
		}
		if after := w.number(w.mine, `SELECT event_id + history_id FROM store_counters WHERE store_id = $1`); after != before {
			t.Errorf("%d events and entries", after-before)
		}

		w.now.Store(2000)
		again := full
		again.LastName, again.Company, again.GroupID, again.StoreCredit = "Else", "Acme", 3, 1
		again.Addresses = []customer.AddressCreate{home(0, "2 Rd"), home(0, "3 Rd")}
		again.Attributes = []customer.AttributeInput{{AttributeID: 1, Value: "other"}}
		again.FormFields = []form.Input{{Name: "f text", Value: form.Text("xyz")}, {Name: "f multiline", Value: form.Text("m")}}
		wrong := named("cy@example.com")
		wrong.Attributes = []customer.AttributeInput{{AttributeID: 9, Value: "x"}}
		fill := customer.ImportRow{Create: again, HasStoreCredit: true}
		if got := w.bring(customer.FillExisting, row(wrong), fill); got != "rejected 1 attribute id:unknown; changed 2" {
			t.Error(got)
		}
		c := w.get(2)
		if c.LastName != "Doe" || c.Company != "Acme" || c.GroupID != 2 || c.StoreCredit != 15000 || len(c.Addresses) != 3 || c.Attributes[0].Value != "v" || len(c.FormFields) != 2 {
			t.Errorf("filled in: %+v", c)
		}
		if got := w.bring(customer.FillExisting, fill); got != "unchanged 2" {
			t.Error(got)
		}
		w.now.Store(3000)
		if got := w.bring(customer.OverwriteExisting, fill, row(named("cy@example.com")), row(named("cy@example.com"))); got != "changed 2; changed 1; unchanged 1" {
			t.Error(got)
		}
		c = w.get(2)
		if c.LastName != "Else" || c.Notes != "n" || c.GroupID != 3 || c.StoreCredit != 1 || len(c.Addresses) != 3 || c.Attributes[0].Value != "other" {
			t.Errorf("overwritten: %+v", c)
		}
		if n := w.number(w.other, `SELECT COUNT(*) FROM customers WHERE store_id = $1`); n != 0 {
			t.Errorf("%d customers of the other store", n)
		}
	})
}

// Of an email that each channel has an account of, the row's channels decide which
// is meant.
func TestImportByChannel(t *testing.T) {
	each(t, func(w *world) {
		w.create(named("ann@example.com", 2), named("ann@example.com", 3))
		if got := w.bring(customer.SkipExisting, row(named("ann@example.com", 3)), row(named("ann@example.com", 4)), row(named("ann@example.com", 2))); got != "skipped 2; created 3; skipped 1" {
			t.Error(got)
		}
	})
}
