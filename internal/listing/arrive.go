package listing

import (
	"fmt"

	"clientele/internal/fault"
	"clientele/internal/portable"
	"clientele/internal/sqldb"
)

// Arrive notes which ids are missing between those of rows that arrive in a list
// in order, when a store moves.
func (l List) Arrive(tx *sqldb.Tx, b portable.Batch) error {
	var n missing
	last := b.Before
	for _, r := range b.Records {
		id := r.Number()
		if err := n.pass(last+1, id); err != nil {
			return err
		}
		last = id
	}
	return n.write(tx, l)
}

// Arrived notes which ids are missing after the last row that arrived, in a list
// whose last id given out is given.
func (l List) Arrived(tx *sqldb.Tx, last, given int64) error {
	var n missing
	if err := n.pass(last+1, given+1); err != nil {
		return err
	}
	return n.write(tx, l)
}

// missing are numbers of missing ids by block, for each size of blocks in the
// order of ids.
type missing [len(shifts)][]inBlock

type inBlock struct{ block, n int64 }

// pass notes that the ids from one to before another one are missing. Calls are in
// the order of ids.
func (m *missing) pass(from, to int64) error {
	if to-from > maxGap {
		return fault.New(fault.Invalid, fmt.Sprintf("%d ids are missing before %d, which is too many", to-from, to))
	}
	for level, shift := range shifts {
		for at := from; at < to; {
			block := at >> shift
			end := min((block+1)<<shift, to)
			list := m[level]
			if k := len(list) - 1; k >= 0 && list[k].block == block {
				list[k].n += end - at
			} else {
				m[level] = append(list, inBlock{block, end - at})
			}
			at = end
		}
	}
	return nil
}

func (m *missing) write(tx *sqldb.Tx, l List) error {
	for level, list := range m {
		for _, b := range list {
			if err := l.add(tx, level, b.block, b.n); err != nil {
				return err
			}
		}
	}
	return nil
}
