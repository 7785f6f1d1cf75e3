package history

import (
	"context"

	"clientele/internal/sqldb"
)

var latest = sqldb.Static(`SELECT date_created FROM history WHERE store_id = $1 ORDER BY id DESC LIMIT 1`)

// Latest returns when something last happened in a store, or 0.
func (s *Service) Latest(ctx context.Context, store int64) (at int64, err error) {
	err = s.db.Read(ctx, store, func(tx *sqldb.Tx) error {
		at = 0
		return tx.Query(latest, func(r *sqldb.Row) error { at = r.Int(0); return nil })
	})
	return at, err
}
