package webhook

import (
	"context"

	"clientele/internal/sqldb"
)

// A lane that is a customer's is their number.
var ofCustomer = sqldb.Static(`SELECT ` + deliveryColumns + ` FROM webhook_deliveries WHERE store_id = $1 AND lane > 0 AND lane = $2 AND id < $3 AND date_created >= $4 AND date_created <= $5
	ORDER BY id DESC, hook_id LIMIT $6`)

// Told says which deliveries about a customer are meant: those of events before an
// id, that happened within a time.
type Told struct {
	CustomerID       int64
	Before, From, To int64
	Most             int
}

// OfCustomer returns what hooks were told of a customer, the newest first.
func (s *Service) OfCustomer(ctx context.Context, storeID int64, t Told) (out []Delivery, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = nil
		return tx.Query(ofCustomer, func(r *sqldb.Row) error {
			out = append(out, Delivery{})
			return out[len(out)-1].scan(r)
		}, t.CustomerID, t.Before, t.From, t.To, int64(t.Most))
	})
	return out, err
}
