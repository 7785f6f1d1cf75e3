package listing

import (
	"slices"

	"clientele/internal/sqldb"
)

// maxHeld is how many rows known by their ids a list with other conditions, or
// another order, is held to. Of more it is read as if none were known.
const maxHeld = 4096

// held are the ids of the rows that a filter for texts leaves, in order.
type held struct {
	ids   []int64
	alone bool // there is no other filter
}

// held returns what is known before the list is read, nil for nothing.
func (q *Query) held(tx *sqldb.Tx) (*held, error) {
	if q.spec.Key != nil {
		return nil, nil
	}
	for i := range q.Filters {
		f := &q.Filters[i]
		if f.Op != Like || f.Field.Held == nil || len(f.Texts) == 0 {
			continue
		}
		ids, known, err := f.Field.Held(tx, f.Texts)
		if !known || err != nil {
			return nil, err
		}
		return &held{ids, len(q.Filters) == 1}, nil
	}
	return nil, nil
}

// total is how many rows the list has, -1 if that is not known.
func (h *held) total() int64 {
	if h == nil || !h.alone {
		return -1
	}
	return int64(len(h.ids))
}

// narrows reports whether the list is held to all of the ids: few enough to be
// told to the engine.
func (h *held) narrows(q *Query) bool {
	return h != nil && len(h.ids) <= maxHeld && !h.pages(q)
}

// pages reports whether the ids tell the page by themselves.
func (h *held) pages(q *Query) bool { return h != nil && h.alone && q.Sort == nil }

// page returns the ids of a page and of one more row.
func (h *held) page(q *Query, desc bool, offset int64) []int64 {
	ids := h.ids
	if from := q.cursor(); from != nil {
		i, there := slices.BinarySearch(ids, from.Key[0])
		if !desc && there {
			i++
		}
		if desc {
			ids = ids[:i]
		} else {
			ids = ids[i:]
		}
	}
	n := int64(len(ids))
	skip := min(offset, n)
	take := min(q.Limit+1, n-skip)
	if desc {
		return ids[n-skip-take : n-skip]
	}
	return ids[skip : skip+take]
}

// only adds the condition that the rows are those with some ids.
func (b *builder) only(ids []int64) {
	if len(ids) == 0 {
		b.sql = append(b.sql, " AND 1 = 0"...)
		return
	}
	b.sql = append(b.sql, " AND id IN "...)
	b.list(&Filter{Ints: ids})
}
