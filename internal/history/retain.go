package history

import (
	"context"
	"fmt"
	"time"

	"clientele/internal/sqldb"
)

const oldestText = `SELECT ` + sealColumns + ` FROM history_seals WHERE store_id = $1 AND date_dropped = 0 ORDER BY block LIMIT 1`

var (
	oldestSeal  = sqldb.Static(oldestText)
	dropEntries = sqldb.Static(`DELETE FROM history WHERE store_id = $1 AND id >= $2 AND id <= $3`)
	dropSeals   = sqldb.Static(`DELETE FROM history_seals WHERE store_id = $1 AND block < $2`)
	markDropped = sqldb.Static(`UPDATE history_seals SET date_dropped = $3, key_id = $4, signature = $5, marks = $6 WHERE store_id = $1 AND block = $2`)
)

// Prune takes away entries of all stores that are older than keep, block by
// block: those whose entries are all older. The last of these blocks stays as a
// checkpoint, signed anew as what retention has left, and the chain goes on from
// it. Several processes may do so at once.
func (c *Chain) Prune(ctx context.Context, keep time.Duration) error {
	before := c.sys.Now() - int64(keep/time.Second)
	return c.db.InBites(ctx, func(store int64) (more bool, err error) {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		more, err = c.drop(ctx, store, before)
		if err != nil {
			err = fmt.Errorf("history of store %d: %w", store, err)
		}
		return more, err
	})
}

// drop takes away the entries of the oldest block, if they are all from before a
// time.
func (c *Chain) drop(ctx context.Context, store, before int64) (dropped bool, err error) {
	var s seal
	take := func(r *sqldb.Row) error { s = scanSeal(r); return nil }
	if err := c.db.Read(ctx, store, func(tx *sqldb.Tx) error { s = seal{}; return tx.Query(oldestSeal, take) }); err != nil || s.block == 0 || s.last >= before {
		return false, err
	}
	keys, err := c.keys.Keys(ctx, store)
	if err != nil {
		return false, err
	}
	err = c.db.Write(ctx, store, func(tx *sqldb.Tx) error {
		s, dropped = seal{}, false
		if err := tx.Query(sqldb.Dynamic(oldestText+tx.ForDelete()), take); err != nil || s.block == 0 || s.last >= before {
			return err // another process was first
		}
		s.dropped = c.sys.Now()
		s.sign(keys, store)
		tx.Signal(sqldb.Erased)
		if err := tx.Exec(dropEntries, s.from, s.to); err != nil {
			return err
		}
		if err := tx.Exec(dropSeals, s.block); err != nil {
			return err
		}
		dropped = true
		return tx.Exec(markDropped, s.block, s.dropped, s.key, s.signature, none)
	})
	return dropped, err
}
