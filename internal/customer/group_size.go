package customer

import (
	"context"

	"clientele/internal/sqldb"
)

// GroupSizeBound is up to how many customers of a group are counted.
const GroupSizeBound = 10_000

var groupSize = sqldb.Static(`SELECT COUNT(*) FROM customers WHERE store_id = $1 AND customer_group_id <> 0 AND customer_group_id = $2 AND id <= COALESCE(
	(SELECT c.id FROM customers c WHERE c.store_id = $1 AND c.customer_group_id <> 0 AND c.customer_group_id = $2 ORDER BY c.id LIMIT 1 OFFSET $3), 9223372036854775807)`)

// GroupSizes returns how many customers groups have, by the groups' ids. More
// than GroupSizeBound are that and one.
func (s *Service) GroupSizes(ctx context.Context, storeID int64, groups ...int64) (map[int64]int64, error) {
	out := make(map[int64]int64, len(groups))
	qs := make([]sqldb.Q, 0, len(groups))
	for _, id := range groups {
		qs = append(qs, sqldb.Q{Stmt: groupSize, Args: []any{id, int64(GroupSizeBound)}, Each: func(r *sqldb.Row) error { out[id] = r.Int(0); return nil }})
	}
	return out, s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error { return tx.Pipeline(qs...) })
}
