package account

import (
	"context"

	"clientele/internal/sqldb"
)

var unconfirmedBefore = sqldb.Static(`SELECT customer_id FROM unconfirmed_customers WHERE store_id = $1 AND date_created < $2 ORDER BY date_created, customer_id LIMIT $3`)

// Unconfirmed returns the customers who have waited the longest to confirm their
// address, since before a time.
func (s *Service) Unconfirmed(ctx context.Context, storeID, before int64, most int) (ids []int64, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		ids = nil
		return tx.Query(unconfirmedBefore, func(r *sqldb.Row) error { ids = append(ids, r.Int(0)); return nil }, before, int64(most))
	})
	return ids, err
}
