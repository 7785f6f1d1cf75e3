package customer

import "clientele/internal/sqldb"

var (
	createdBetween  = sqldb.Static(`SELECT COUNT(*) FROM customers WHERE store_id = $1 AND date_created >= $2 AND date_created < $3`)
	signedInBetween = sqldb.Static(`SELECT COUNT(*) FROM customer_sign_ins WHERE store_id = $1 AND date_last >= $2 AND date_last < $3`)
)

// CreatedBetween returns the query for how many customers came from one time to
// before another.
func CreatedBetween(from, to int64, n *int64) sqldb.Q {
	return sqldb.Counting(createdBetween, n, from, to)
}

// SignedInBetween returns the query for how many customers signed in then for the
// last time.
func SignedInBetween(from, to int64, n *int64) sqldb.Q {
	return sqldb.Counting(signedInBetween, n, from, to)
}
