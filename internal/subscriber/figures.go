package subscriber

import "clientele/internal/sqldb"

var (
	subscribedBetween = sqldb.Static(`SELECT COUNT(*) FROM subscribers WHERE store_id = $1 AND date_created >= $2 AND date_created < $3`)
	// The index on sources would lead to all of a source: the one on dates has the
	// source too.
	cameBetween  = sqldb.Static(`SELECT COUNT(*) FROM subscribers WHERE store_id = $1 AND date_created >= $2 AND date_created < $3 AND source || '' = $4`)
	endedBetween = sqldb.Static(`SELECT COUNT(*) FROM subscriber_ends WHERE store_id = $1 AND date_ended >= $2 AND date_ended < $3`)
)

// SubscribedBetween returns the query for how many addresses subscribed from one time to
// before another.
func SubscribedBetween(from, to int64, n *int64) sqldb.Q {
	return sqldb.Counting(subscribedBetween, n, from, to)
}

// EndedBetween returns the query for how many addresses left a channel then, and have
// not come back.
func EndedBetween(from, to int64, n *int64) sqldb.Q {
	return sqldb.Counting(endedBetween, n, from, to)
}

// CameBetween returns how the query is made for how many addresses subscribed then
// that have a source.
func CameBetween(source string) func(from, to int64, n *int64) sqldb.Q {
	return func(from, to int64, n *int64) sqldb.Q { return sqldb.Counting(cameBetween, n, from, to, source) }
}
