package customer

import (
	"context"

	"clientele/internal/form"
	"clientele/internal/jobs"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/total"
)

// The totals of the lists of values are kept with the store's counters, in the
// transactions that write values. Values that are older than the totals, or go
// with an attribute or a form field, are counted by a job, which holds no lock
// while it counts: one statement tells how many values there are and what the
// total is at the same moment. By the difference the total is corrected, whatever
// was written since.

// wrong tells by how much the totals differ from what there is.
var wrong = sqldb.Static(`SELECT uncounted,
	(SELECT COUNT(*) FROM attribute_values WHERE store_id = $1) - attribute_values,
	(SELECT COUNT(*) FROM customer_form_values WHERE store_id = $1) + (SELECT COUNT(*) FROM address_form_values WHERE store_id = $1) - form_values
	FROM store_counters WHERE store_id = $1`)

// countValues is the handler of form.CountValuesJob. One that is cut off has
// done nothing, and counts again.
func (s *Service) countValues(ctx context.Context, j jobs.Job) error {
	for {
		var lost, attributes, fields int64
		if err := s.db.Read(ctx, j.StoreID, func(tx *sqldb.Tx) error {
			return tx.Query(wrong, func(r *sqldb.Row) error { lost, attributes, fields = r.Int(0), r.Int(1), r.Int(2); return nil })
		}); err != nil || lost == 0 {
			return err
		}
		done := false
		if err := s.db.Write(ctx, j.StoreID, func(tx *sqldb.Tx) (err error) {
			done, err = store.CorrectValues(tx, lost, attributes, fields)
			return err
		}); err != nil || done {
			return err
		}
	}
}

// lose takes the values of customers and addresses that go out of the totals,
// under the lock on the store's counters: nobody else deletes any meanwhile.
func lose(tx *sqldb.Tx, customers, addresses []int64) error {
	var attributes, fields, wishlists, companies int64
	count := func(into *int64, table, owner string, ids []int64) sqldb.Q {
		in, args := sqldb.In(nil, ids)
		return sqldb.Q{
			Stmt: sqldb.Dynamic(`SELECT COUNT(*) FROM ` + table + ` WHERE store_id = $1 AND ` + owner + ` IN ` + in),
			Args: args,
			Each: func(r *sqldb.Row) error { *into += r.Int(0); return nil },
		}
	}
	var qs []sqldb.Q
	if len(customers) > 0 {
		table, owner := valuesOf(form.Customer)
		qs = append(qs, count(&attributes, "attribute_values", "customer_id", customers), count(&fields, table, owner, customers),
			count(&wishlists, "wishlists", "customer_id", customers), count(&companies, "companies", "customer_id", customers))
	}
	if len(addresses) > 0 {
		table, owner := valuesOf(form.Address)
		qs = append(qs, count(&fields, table, owner, addresses))
	}
	if err := tx.Pipeline(qs...); err != nil {
		return err
	}
	if err := total.Wishlists.Move(tx, "", -wishlists); err != nil {
		return err
	}
	if err := total.Companies.Move(tx, "", -companies); err != nil {
		return err
	}
	return store.MoveValues(tx, -attributes, -fields)
}
