package listing

import (
	"math"
	"slices"
	"sort"
)

// Window is the part of a list that a Relay connection's arguments ask for,
// by the ids of its neighbours: ids grow along the list, and 0 is no
// neighbour. First and Last are negative where they are absent.
type Window struct {
	After, Before int64
	First, Last   int64
}

// DefaultWindow is how many entries there are where nobody says.
const DefaultWindow = 10

// normal gives a window its default size.
func (w Window) normal() Window {
	if w.First < 0 && w.Last < 0 {
		w.First = DefaultWindow
	}
	return w
}

// backward reports whether rows are best read from the end.
func (w Window) backward() bool { return w.First < 0 && w.Last >= 0 }

// Bounds returns what a statement needs: the ids between which the entries
// lie, how many rows to read, one more than asked for, and whether to read
// them in descending order.
func (w Window) Bounds() (after, before, rows int64, descending bool) {
	w = w.normal()
	before = w.Before
	if before == 0 {
		before = math.MaxInt64
	}
	if w.backward() {
		return w.After, before, w.Last + 1, true
	}
	return w.After, before, w.First + 1, false
}

// Cut makes the window's entries of the rows that were read by Bounds, in
// ascending order, and tells whether rows were left off before and after.
func Cut[T any](w Window, rows []T) (out []T, before, after bool) {
	w = w.normal()
	if w.backward() {
		if int64(len(rows)) > w.Last {
			rows, before = rows[:w.Last], true
		}
		slices.Reverse(rows)
		return rows, before, false
	}
	if int64(len(rows)) > w.First {
		rows, after = rows[:w.First], true
	}
	if w.Last >= 0 && int64(len(rows)) > w.Last {
		rows, before = rows[int64(len(rows))-w.Last:], true
	}
	return rows, before, after
}

// Part makes the window's entries of a whole list, in ascending order, and tells
// whether there are others before and after. id returns that of an entry by its
// index.
func Part[T any](w Window, all []T, id func(i int) int64) (out []T, before, after bool) {
	over, below, most, descending := w.Bounds()
	from := sort.Search(len(all), func(i int) bool { return id(i) > over })
	to := sort.Search(len(all), func(i int) bool { return id(i) >= below })
	rows := all[from:max(from, to)]
	n := int(min(most, int64(len(rows))))
	if descending {
		rows = slices.Clone(rows[len(rows)-n:])
		slices.Reverse(rows)
	} else {
		rows = rows[:n:n]
	}
	out, before, after = Cut(w, rows)
	return out, before || from > 0, after || to < len(all)
}
