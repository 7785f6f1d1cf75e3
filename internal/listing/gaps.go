package listing

import (
	"errors"
	"fmt"

	"clientele/internal/fault"
	"clientele/internal/sqldb"
)

// A store's ids are given out one after the other, so the row at a position of
// a list would be known by arithmetic if none were ever missing. What is kept
// is therefore how many ids are missing per block of consecutive ids, at
// several block sizes; blocks that miss none have no row. Creating costs
// nothing, deleting one small statement, and finding row 500,000 of 1,000,000
// reads a few dozen counts at worst.

// List names a list whose gaps are kept.
type List int64

// The lists whose gaps are kept.
const (
	Customers       List = 1
	Addresses       List = 2
	Subscribers     List = 3
	ShopperProfiles List = 4
)

// shifts are the block sizes, as powers of two, from the largest: 2^15, 2^10
// and 2^5 consecutive ids.
var shifts = [...]uint{15, 10, 5}

// maxGap bounds the ids that may be passed over at once, which costs a row per
// 32 of them.
const maxGap = 10_000_000

var addMissing = sqldb.Static(`INSERT INTO list_gaps (store_id, list, level, block, missing) VALUES ($1, $2, $3, $4, $5)
	ON CONFLICT (store_id, list, level, block) DO UPDATE SET missing = list_gaps.missing + excluded.missing`)

func (l List) add(tx *sqldb.Tx, level int, block, n int64) error {
	return tx.Exec(addMissing, int64(l), int64(level), block, n)
}

// Remove notes that rows leave a list. The caller holds the lock on the
// store's counters, which keeps writers from deadlocking. Runs of ids in
// ascending order cost least.
func (l List) Remove(tx *sqldb.Tx, ids ...int64) error { return l.change(tx, 1, ids) }

func (l List) change(tx *sqldb.Tx, by int64, ids []int64) error {
	for level, shift := range shifts {
		for i := 0; i < len(ids); {
			block, n := ids[i]>>shift, int64(0)
			for i < len(ids) && ids[i]>>shift == block {
				n++
				i++
			}
			if err := l.add(tx, level, block, by*n); err != nil {
				return err
			}
		}
	}
	return nil
}

// Choose notes that a row with a chosen id joins a list whose last id given
// out is last: the ids passed over are missing, or one that was is no more.
// Ids that are simply the next ones need no note. It returns the new last id.
func (l List) Choose(tx *sqldb.Tx, last, id int64) (int64, error) {
	if id <= last {
		return last, l.change(tx, -1, []int64{id})
	}
	if id-last > maxGap {
		return last, fault.New(fault.Invalid, fmt.Sprintf("id %d is too far above the last one, %d", id, last))
	}
	for level, shift := range shifts {
		for from := last + 1; from < id; {
			block := from >> shift
			to := min((block+1)<<shift, id)
			if err := l.add(tx, level, block, to-from); err != nil {
				return last, err
			}
			from = to
		}
	}
	return id, nil
}

var (
	gapsDown = sqldb.Static(`SELECT block, missing FROM list_gaps WHERE store_id = $1 AND list = $2 AND level = $3 AND block >= $4 AND block <= $5 AND missing > 0 ORDER BY block DESC`)
	gapsUp   = sqldb.Static(`SELECT block, missing FROM list_gaps WHERE store_id = $1 AND list = $2 AND level = $3 AND block >= $4 AND block <= $5 AND missing > 0 ORDER BY block`)
)

// seek finds where row number skip (from 0) of a list is whose last id given
// out is last: no row beyond the returned bound (above it when descending,
// below it otherwise) comes before the row, and rest rows from the bound on
// do. ok is false when the list is shorter.
func (l List) seek(tx *sqldb.Tx, descending bool, last, skip int64) (bound, rest int64, ok bool, err error) {
	s := seeker{tx: tx, list: l, skip: skip, low: 1, high: last, down: descending}
	for level := range shifts {
		if err := s.level(level); err != nil {
			return 0, 0, false, err
		}
		if s.found || s.low > s.high {
			break
		}
	}
	switch {
	case s.low > s.high:
		return 0, 0, false, nil
	case s.found:
		return s.bound, 0, true, nil
	case descending:
		return s.high, s.skip, true, nil
	default:
		return s.low, s.skip, true, nil
	}
}

// seeker narrows the ids low … high, in which skip rows come before the one
// that is sought.
type seeker struct {
	tx        *sqldb.Tx
	list      List
	skip      int64
	low, high int64
	down      bool
	found     bool // bound is the very row
	bound     int64
}

// level reads the gaps of one block size and leaves low … high at the block
// that holds the row, or finds the row between blocks with gaps. Where there
// is no such row, low is left above high.
func (s *seeker) level(level int) error {
	shift := shifts[level]
	q := gapsUp
	if s.down {
		q = gapsDown
	}
	inside := false
	err := s.tx.Query(q, func(r *sqldb.Row) error {
		from, to := r.Int(0)<<shift, r.Int(0)<<shift+1<<shift-1
		from, to = max(from, s.low), min(to, s.high)
		if from > to {
			return nil
		}
		if s.full(from, to) {
			return errStop
		}
		if n := to - from + 1 - r.Int(1); s.skip >= n {
			s.skip -= n
			s.pass(from, to)
			return nil
		}
		s.low, s.high = from, to
		inside = true
		return errStop
	}, int64(s.list), int64(level), s.low>>shift, s.high>>shift)
	if err != nil && !errors.Is(err, errStop) {
		return err
	}
	if !inside && !s.found {
		s.full(s.high+1, s.low-1) // all that is left has no gaps
		if !s.found {
			s.low, s.high = 1, 0
		}
	}
	return nil
}

// full passes the ids before the block from … to, none of which is missing,
// and reports whether the row is among them.
func (s *seeker) full(from, to int64) bool {
	n := from - s.low
	if s.down {
		n = s.high - to
	}
	if s.skip < n {
		s.found = true
		s.bound = s.low + s.skip
		if s.down {
			s.bound = s.high - s.skip
		}
		return true
	}
	s.skip -= n
	return false
}

func (s *seeker) pass(from, to int64) {
	if s.down {
		s.high = from - 1
	} else {
		s.low = to + 1
	}
}

var errStop = errors.New("stop")
