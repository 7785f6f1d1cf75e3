package history

import (
	"slices"

	"clientele/internal/sqldb"
)

var ofCustomersFrom = sqldb.Static(`SELECT customer_id, resource, date_created FROM history WHERE store_id = $1 AND id >= $2 AND customer_id <> 0 ORDER BY id`)

// OwnersSince calls each for the customers of records of some kinds that were changed
// from a time on, once for each entry.
func OwnersSince(tx *sqldb.Tx, time int64, kinds []Resource, each func(customer int64)) error {
	first, err := firstFrom(tx, time-slack)
	if err != nil {
		return err
	}
	return tx.Query(ofCustomersFrom, func(r *sqldb.Row) error {
		if r.Int(2) >= time && slices.Contains(kinds, Resource(r.Int(1))) {
			each(r.Int(0))
		}
		return nil
	}, first)
}

// TouchedQuery returns the query for which customers there are entries of, one at
// least, to be run in a pipeline.
func TouchedQuery(customers []int64, into map[int64]bool) sqldb.Q {
	in, args := sqldb.In(nil, customers)
	return sqldb.Q{
		Stmt: sqldb.Dynamic(`SELECT DISTINCT customer_id FROM history WHERE store_id = $1 AND customer_id <> 0 AND customer_id IN ` + in),
		Args: args,
		Each: func(r *sqldb.Row) error { into[r.Int(0)] = true; return nil },
	}
}
