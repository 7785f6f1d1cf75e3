package webhook

import (
	"context"

	"clientele/internal/sqldb"
)

// Trouble is what is wrong with the hooks of a store.
type Trouble struct {
	Disabled int64 // hooks that the service switched off
	Blocked  int64 // domains to which nothing is sent for a while
	Failing  int64 // hooks that are on, whose deliveries were tried more than once and wait
}

// Bounds of what is looked at.
const (
	troubledHooks = 100
	troubledLook  = 100 // deliveries of each, those that wait longest
)

var (
	countDisabled = sqldb.Static(`SELECT COUNT(*) FROM webhooks WHERE store_id = $1 AND disabled <> '' AND is_active = 0
		AND client_id IN (SELECT a.client_id FROM api_accounts a WHERE a.store_id = $1 AND a.date_revoked = 0)`)
	countBlocked = sqldb.Static(`SELECT COUNT(DISTINCT domain) FROM webhook_blocks WHERE store_id = $1 AND blocked_until > $2`)
	activeIDs    = sqldb.Static(`SELECT id FROM webhooks WHERE store_id = $1 AND is_active = 1 ORDER BY id LIMIT $2`)
	// A delivery that failed waits longer than those that were not tried yet.
	lastDue = sqldb.Static(`SELECT attempts FROM webhook_deliveries WHERE store_id = $1 AND hook_id = $2 AND due_at <> 0 AND due_at > $3 ORDER BY due_at DESC, id DESC LIMIT $4`)
)

// Trouble returns what is wrong with a store's hooks. It reads a bounded number of
// deliveries.
func (s *Service) Trouble(ctx context.Context, storeID int64) (out Trouble, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = Trouble{}
		now := s.sys.Now()
		var ids []int64
		if err := tx.Pipeline(
			sqldb.Counting(countDisabled, &out.Disabled), sqldb.Counting(countBlocked, &out.Blocked, now),
			sqldb.Q{Stmt: activeIDs, Args: []any{int64(troubledHooks)}, Each: func(r *sqldb.Row) error { ids = append(ids, r.Int(0)); return nil }},
		); err != nil || len(ids) == 0 {
			return err
		}
		qs := make([]sqldb.Q, len(ids))
		for i, id := range ids {
			failing := false
			qs[i] = sqldb.Q{Stmt: lastDue, Args: []any{id, now, int64(troubledLook)}, Each: func(r *sqldb.Row) error {
				if r.Int(0) > 1 && !failing {
					failing = true
					out.Failing++
				}
				return nil
			}}
		}
		return tx.Pipeline(qs...)
	})
	return out, err
}
