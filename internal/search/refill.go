package search

import (
	"clientele/internal/jobs"
	"clientele/internal/sqldb"
)

// fillJob puts older customers into the lists.
const fillJob = "search_fill"

var refill = sqldb.Static(`INSERT INTO search_stores (store_id, buckets, words, filled_to, named_before) VALUES ($1, 1, 0, 0, 1)
	ON CONFLICT (store_id) DO UPDATE SET filled_to = 0, named_before = 1`)

// Refill has a job put all customers of a store into the lists, which have arrived
// without.
func Refill(tx *sqldb.Tx, now int64) error {
	if err := tx.Exec(refill); err != nil {
		return err
	}
	return jobs.Enqueue(tx, now, fillJob, struct{}{}, now)
}
