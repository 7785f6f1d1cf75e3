package mail

import (
	"context"
	"slices"
	"time"

	"clientele/internal/customer"
	"clientele/internal/sqldb"
)

// Messages that were sent are remembered for a week, those that failed for a
// month.
const (
	keepDone   = 7 * 24 * time.Hour
	keepFailed = 30 * 24 * time.Hour
)

var (
	endedQueued = sqldb.Static(`SELECT id FROM emails WHERE store_id = $1 AND status = 'queued' AND date_expires <= $2 ORDER BY date_expires LIMIT $3`)
	expire      = sqldb.Static(`UPDATE emails SET status = 'expired', data = '', date_done = $3 WHERE store_id = $1 AND id = $2 AND status = 'queued' AND date_expires <= $3`)
	endedData   = sqldb.Static(`SELECT id FROM emails WHERE store_id = $1 AND status = 'failed' AND data <> '' AND date_expires <= $2 ORDER BY date_expires LIMIT $3`)
	empty       = sqldb.Static(`UPDATE emails SET data = '' WHERE store_id = $1 AND id = $2 AND status = 'failed' AND date_expires <= $3`)
	endedDone   = sqldb.Static(`SELECT id FROM emails WHERE store_id = $1 AND status <> 'queued' AND status <> 'failed' AND date_done <= $2 ORDER BY date_done LIMIT $3`)
	dropDone    = sqldb.Static(`DELETE FROM emails WHERE store_id = $1 AND id = $2 AND status <> 'queued' AND status <> 'failed' AND date_done <= $3`)
	endedFailed = sqldb.Static(`SELECT id FROM emails WHERE store_id = $1 AND status = 'failed' AND date_done <= $2 ORDER BY date_done LIMIT $3`)
	dropFailed  = sqldb.Static(`DELETE FROM emails WHERE store_id = $1 AND id = $2 AND status = 'failed' AND date_done <= $3`)
	someOwned   = sqldb.Static(`SELECT id, customer_id FROM emails WHERE store_id = $1 AND id > $2 ORDER BY id LIMIT $3`)
)

// Ended returns messages that are too old to be sent or remembered.
func Ended() []sqldb.Ended {
	return []sqldb.Ended{
		{Keys: endedQueued, Number: true, Drop: expire, Erases: true},
		{Keys: endedData, Number: true, Drop: empty, Erases: true},
		{Keys: endedDone, Number: true, Drop: dropDone, Keep: keepDone, Erases: true},
		{Keys: endedFailed, Number: true, Drop: dropFailed, Keep: keepFailed, Erases: true},
	}
}

// Prune drops what is no longer needed of messages: those that have ended, and
// those to customers who were deleted.
func (s *Service) Prune(ctx context.Context) error {
	if err := s.db.DropEnded(ctx, s.sys.Now(), Ended()); err != nil {
		return err
	}
	after := map[int64]int64{} // by store, up to which id was looked
	return s.db.InBites(ctx, func(storeID int64) (more bool, err error) {
		after[storeID], more, err = s.dropOrphans(ctx, storeID, after[storeID])
		return more, err
	})
}

// orphanBite is how many messages dropOrphans looks at.
const orphanBite = 500

// dropOrphans drops those of some messages after an id whose customer is gone, and
// returns the last id and whether there is more.
func (s *Service) dropOrphans(ctx context.Context, storeID, after int64) (last int64, more bool, err error) {
	var some [][2]int64 // messages and their customers
	var customers []int64
	var there map[int64]bool
	if err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		some, customers, last = nil, nil, after
		if err := tx.Query(someOwned, func(r *sqldb.Row) error {
			some, last = append(some, [2]int64{r.Int(0), r.Int(1)}), r.Int(0)
			if id := r.Int(1); id != 0 {
				customers = append(customers, id)
			}
			return nil
		}, after, int64(orphanBite)); err != nil {
			return err
		}
		there, err = customer.AreThere(tx, customers)
		return err
	}); err != nil {
		return after, false, err
	}
	more = len(some) == orphanBite
	gone := slices.DeleteFunc(some, func(m [2]int64) bool { return m[1] == 0 || there[m[1]] })
	if len(gone) == 0 {
		return last, more, nil
	}
	return last, more, s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		tx.Signal(sqldb.Erased)
		for _, m := range gone {
			if err := tx.Exec(eraseEmail, m[0]); err != nil {
				return err
			}
		}
		return nil
	})
}
