package customer

import (
	"clientele/internal/form"
	"clientele/internal/sqldb"
)

var (
	readAll           = sqldb.Static(`SELECT ` + customerColumns + ` FROM customers WHERE store_id = $1 AND id > $2 ORDER BY id LIMIT $3`)
	changedFrom       = sqldb.Static(`SELECT id FROM customers WHERE store_id = $1 AND date_modified >= $2`)
	valuesFrom        = sqldb.Static(`SELECT customer_id FROM attribute_values WHERE store_id = $1 AND date_modified >= $2`)
	mostAddresses     = sqldb.Static(`SELECT COUNT(*) FROM addresses WHERE store_id = $1 GROUP BY customer_id ORDER BY COUNT(*) DESC LIMIT 1`)
	namesOfAttributes = sqldb.Static(`SELECT id, name FROM attributes WHERE store_id = $1 ORDER BY id`)
)

// ReadAfter returns the next customers after an id with all that is theirs, n at
// most. Unlike pages of lists they have all their addresses.
func ReadAfter(tx *sqldb.Tx, after int64, n int) ([]Customer, error) {
	var out []Customer
	if err := tx.Query(readAll, func(r *sqldb.Row) error {
		out = append(out, Customer{})
		out[len(out)-1].scan(r)
		return nil
	}, after, int64(n)); err != nil || len(out) == 0 {
		return nil, err
	}
	return out, ownedBy(tx, out, true)
}

// ChangedQueries are the queries for the customers who were changed from a time on,
// themselves or a value of an attribute. Addresses have no dates.
func ChangedQueries(time int64, each func(id int64)) []sqldb.Q {
	tell := func(r *sqldb.Row) error { each(r.Int(0)); return nil }
	return []sqldb.Q{{Stmt: changedFrom, Args: []any{time}, Each: tell}, {Stmt: valuesFrom, Args: []any{time}, Each: tell}}
}

// ReadByID returns some customers with all that is theirs, in the order of ids.
func ReadByID(tx *sqldb.Tx, ids []int64) ([]Customer, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var out []Customer
	in, args := sqldb.In(nil, ids)
	if err := tx.Query(sqldb.Dynamic(`SELECT `+customerColumns+` FROM customers WHERE store_id = $1 AND id IN `+in+` ORDER BY id`), func(r *sqldb.Row) error {
		out = append(out, Customer{})
		out[len(out)-1].scan(r)
		return nil
	}, args...); err != nil || len(out) == 0 {
		return nil, err
	}
	return out, ownedBy(tx, out, false)
}

// ownedBy fills in what is customers', all of it.
func ownedBy(tx *sqldb.Tx, customers []Customer, contiguous bool) error {
	p := &including{customers: customers, at: make(map[int64]int, len(customers)), all: true}
	ids := make([]int64, len(customers))
	for i := range customers {
		ids[i] = customers[i].ID
		p.at[ids[i]] = i
	}
	p.of, p.args = ofCustomers(ids, contiguous)
	if err := tx.Pipeline(p.addresses(), p.attributes(), p.addressValues(), valuesQuery(form.Customer, p.of, p.args, func(v FormValue) {
		p.each(v.OwnerID, func(c *Customer) { c.FormFields = append(c.FormFields, v) })
	})); err != nil {
		return err
	}
	p.finish()
	return nil
}

// MostAddresses returns how many addresses the customer has who has most.
func MostAddresses(tx *sqldb.Tx) (n int64, err error) {
	return n, tx.Query(mostAddresses, func(r *sqldb.Row) error { n = r.Int(0); return nil })
}

// AttributeNames calls each for the attributes of a store.
func AttributeNames(tx *sqldb.Tx, each func(id int64, name string)) error {
	return tx.Query(namesOfAttributes, func(r *sqldb.Row) error { each(r.Int(0), r.Text(1)); return nil })
}
