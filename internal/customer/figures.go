package customer

import "clientele/internal/sqldb"

var (
	createdBetween  = sqldb.Static(`SELECT COUNT(*) FROM customers WHERE store_id = $1 AND date_created >= $2 AND date_created < $3`)
	signedInBetween = sqldb.Static(`SELECT COUNT(*) FROM customer_sign_ins WHERE store_id = $1 AND date_last >= $2 AND date_last < $3`)
)

// CreatedBetween returns the query for how many customers came from one time to
// before another.
func CreatedBetween(from, to int64, n *int64) sqldb.Q {
	return countBetween(createdBetween, from, to, n)
}

// SignedInBetween returns the query for how many customers signed in then for the
// last time.
func SignedInBetween(from, to int64, n *int64) sqldb.Q {
	return countBetween(signedInBetween, from, to, n)
}

func countBetween(stmt *sqldb.Stmt, from, to int64, n *int64) sqldb.Q {
	*n = 0
	return sqldb.Q{Stmt: stmt, Args: []any{from, to}, Each: func(r *sqldb.Row) error { *n = r.Int(0); return nil }}
}
