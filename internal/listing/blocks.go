package listing

import (
	"errors"

	"clientele/internal/sqldb"
)

// List names a list in the table of block counts.
type List int64

// The lists that keep block counts.
const (
	Customers       List = 1
	Addresses       List = 2
	Subscribers     List = 10
	ShopperProfiles List = 11
)

// shifts are the block sizes, as powers of two, from the largest: 2^15, 2^10
// and 2^5 consecutive ids. Finding row 500,000 of 1,000,000 then reads about
// 15, 16 and 16 counts and skips about 16 rows.
var shifts = [...]uint{15, 10, 5}

var addBlock = sqldb.Static(`INSERT INTO list_blocks (store_id, list, level, block, n) VALUES ($1, $2, $3, $4, $5)
	ON CONFLICT (store_id, list, level, block) DO UPDATE SET n = list_blocks.n + excluded.n`)

// AddIDs counts rows in (by = 1) or out (by = -1) of a list. The caller holds
// the lock on the store's counters, which keeps writers from deadlocking.
func AddIDs(tx *sqldb.Tx, list List, by int64, ids ...int64) error {
	for level, shift := range shifts {
		// Ids come in runs, mostly of one block.
		for i := 0; i < len(ids); {
			block, n := ids[i]>>shift, int64(0)
			for i < len(ids) && ids[i]>>shift == block {
				n++
				i++
			}
			if err := tx.Exec(addBlock, int64(list), int64(level), block, by*n); err != nil {
				return err
			}
		}
	}
	return nil
}

var (
	blocksDown = sqldb.Static(`SELECT block, n FROM list_blocks WHERE store_id = $1 AND list = $2 AND level = $3 AND block >= $4 AND block < $5 ORDER BY block DESC`)
	blocksUp   = sqldb.Static(`SELECT block, n FROM list_blocks WHERE store_id = $1 AND list = $2 AND level = $3 AND block >= $4 AND block < $5 ORDER BY block`)
)

// seek finds where row number skip (from 0) of a list is: the returned id
// bounds the row's block (its largest id when descending, its smallest
// otherwise), and rest rows of that block come before the row. ok is false
// when the list is shorter.
func seek(tx *sqldb.Tx, list List, descending bool, skip int64) (bound, rest int64, ok bool, err error) {
	q := blocksUp
	if descending {
		q = blocksDown
	}
	lo, hi := int64(0), int64(1)<<(62-shifts[0])
	for level, shift := range shifts {
		found := int64(-1)
		err := tx.Query(q, func(r *sqldb.Row) error {
			if n := r.Int(1); skip >= n {
				skip -= n
				return nil
			}
			found = r.Int(0)
			return errStop
		}, int64(list), int64(level), lo, hi)
		if err != nil && !errors.Is(err, errStop) {
			return 0, 0, false, err
		}
		if found < 0 {
			return 0, 0, false, nil
		}
		if level == len(shifts)-1 {
			bound = found << shift
			if descending {
				bound += 1<<shift - 1
			}
			return bound, skip, true, nil
		}
		step := shift - shifts[level+1]
		lo, hi = found<<step, (found+1)<<step
	}
	return 0, 0, false, nil
}

var errStop = errors.New("stop")
