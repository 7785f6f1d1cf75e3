package history

import "clientele/internal/sqldb"

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
