package customer_test

import (
	"context"
	"fmt"
	"testing"

	"clientele/internal/customer"
	"clientele/internal/form"
	"clientele/internal/jobs"
	"clientele/internal/listing"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/system"
)

var wrongTotals = sqldb.Dynamic(`SELECT uncounted, (SELECT COUNT(*) FROM attribute_values WHERE store_id = $1) - attribute_values,
	(SELECT COUNT(*) FROM customer_form_values WHERE store_id = $1) + (SELECT COUNT(*) FROM address_form_values WHERE store_id = $1) - form_values
	FROM store_counters WHERE store_id = $1`)

// checkTotals runs at the end of each test: the kept totals of values are what
// there is, whatever the test did, unless they have to be counted.
func (w *world) checkTotals() {
	for _, id := range []int64{w.mine, w.other} {
		if err := w.db.Read(context.WithoutCancel(w.t.Context()), id, func(tx *sqldb.Tx) error {
			return tx.Query(wrongTotals, func(r *sqldb.Row) error {
				if r.Int(0) == 0 && (r.Int(1) != 0 || r.Int(2) != 0) {
					w.t.Errorf("store %d has %d more attribute values and %d more form field values than its totals tell", id, r.Int(1), r.Int(2))
				}
				return nil
			})
		}); err != nil {
			w.t.Error(err)
		}
	}
}

// totals returns the totals that the lists of values answer with.
func (w *world) totals() [2]int64 {
	w.t.Helper()
	_, values, err := w.svc.AttributeValues(w.t.Context(), w.mine, customer.AttributeValueList.New())
	if err != nil {
		w.t.Fatal(err)
	}
	q := customer.FormValueList.New()
	q.Limit = 1 // so that the page does not tell it
	_, filled, err := w.svc.FormValues(w.t.Context(), w.mine, q)
	if err != nil {
		w.t.Fatal(err)
	}
	return [2]int64{values.Total, filled.Total}
}

func (w *world) setTotals(sql string) {
	w.t.Helper()
	if err := w.db.Write(w.t.Context(), w.mine, func(tx *sqldb.Tx) error { return tx.Exec(sqldb.Dynamic(sql)) }); err != nil {
		w.t.Fatal(err)
	}
}

func TestTotalsOfValues(t *testing.T) {
	each(t, func(w *world) {
		fill := func(name string) []form.Input {
			return []form.Input{{Name: name, Value: form.Text("x")}}
		}
		want := func(what string, values, filled int64) {
			w.t.Helper()
			if got := w.totals(); got != [2]int64{values, filled} {
				w.t.Errorf("%s: the totals are %d, want %d and %d", what, got, values, filled)
			}
		}
		var in []customer.Create
		for i := range 3 {
			c := named(fmt.Sprintf("c%d@x.org", i))
			c.Attributes = []customer.AttributeInput{{AttributeID: 1, Value: "a"}}
			c.FormFields = fill("f text")
			a := home(0, "1 Way")
			a.FormFields = fill("f text")
			c.Addresses = []customer.AddressCreate{a}
			in = append(in, c)
		}
		made := w.create(in...)
		want("made", 3, 6)
		put := func(customerID, attributeID int64) {
			w.t.Helper()
			if _, err := w.svc.PutAttributeValues(w.t.Context(), w.mine, []customer.AttributeUpsert{{CustomerID: customerID, AttributeID: attributeID, Value: "1"}}); err != nil {
				w.t.Fatal(err)
			}
		}
		put(made[0].ID, 1)
		put(made[0].ID, 2)
		for range 2 { // the second time it is there
			if _, err := w.svc.PutFormValues(w.t.Context(), w.mine, []customer.FormValueUpsert{{CustomerID: opt.Some(made[0].ID), Input: form.Input{Name: "f multiline", Value: form.Text("x")}}}); err != nil {
				w.t.Fatal(err)
			}
		}
		want("put", 4, 7)
		w.remove(made[1].ID)
		want("without a customer", 3, 5)
		if _, err := w.svc.DeleteAddresses(w.t.Context(), w.mine, customer.DeleteAddressList.New().Where("id", listing.In, []int64{made[2].Addresses[0].ID}, nil)); err != nil {
			w.t.Fatal(err)
		}
		want("without an address", 3, 4)
		w.checkTotals()

		// What goes with an attribute is counted by the job, and by who asks before.
		if _, err := w.svc.DeleteAttributes(w.t.Context(), w.mine, customer.DeleteAttributeList.New().Where("id", listing.In, []int64{1}, nil)); err != nil {
			w.t.Fatal(err)
		}
		if n := w.number(w.mine, `SELECT uncounted FROM store_counters WHERE store_id = $1`); n != 1 {
			w.t.Errorf("uncounted is %d", n)
		}
		want("without an attribute", 1, 4)
		r := jobs.NewRunner(w.db, system.Real(), jobs.Options{})
		w.svc.Register(r)
		count := func() {
			w.t.Helper()
			if _, err := r.RunDue(w.t.Context()); err != nil {
				w.t.Fatal(err)
			}
			if n := w.number(w.mine, `SELECT uncounted FROM store_counters WHERE store_id = $1`); n != 0 {
				w.t.Errorf("uncounted is %d after the job", n)
			}
			w.checkTotals()
		}
		count()

		// A store that is older than the totals: writes go on before the job comes.
		w.setTotals(`UPDATE store_counters SET uncounted = 1, attribute_values = 0, form_values = 0 WHERE store_id = $1`)
		w.setTotals(`INSERT INTO jobs (store_id, id, kind, payload, due_at, date_created) VALUES ($1, 194, 'count_values', '{}', 0, 0)`)
		put(made[2].ID, 2)
		want("not counted yet", 2, 4)
		count()
		w.remove(made[2].ID)
		want("counted", 1, 3)
	})
}
