package listing

import (
	"slices"
	"testing"
)

// The window of a list is what Relay says: First counts from the beginning of
// what lies between the neighbours, and then Last from the end of that.
func TestWindow(t *testing.T) {
	const none = -1
	all := []int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	for _, c := range []struct {
		w             Window
		want          []int64
		before, after bool
	}{
		{Window{First: none, Last: none}, all[:10], false, true},
		{Window{First: 12, Last: none}, all, false, false},
		{Window{First: 0, Last: none}, nil, false, true},
		{Window{First: none, Last: 0}, nil, true, false},
		{Window{First: none, Last: 2}, []int64{11, 12}, true, false},
		{Window{First: none, Last: 12}, all, false, false},
		{Window{First: 5, Last: 2}, []int64{4, 5}, true, true},
		{Window{First: 5, Last: 0}, nil, true, true},
		{Window{First: 5, Last: 5}, all[:5], false, true},
		{Window{First: 2, Last: 5}, all[:2], false, true},
		{Window{First: 0, Last: 0}, nil, false, true},
		{Window{First: 20, Last: 2}, []int64{11, 12}, true, false},
		{Window{First: 3, Last: none, After: 4}, []int64{5, 6, 7}, false, true},
		{Window{First: none, Last: 3, After: 4, Before: 7}, []int64{5, 6}, false, false},
		{Window{First: none, Last: 1, After: 4, Before: 7}, []int64{6}, true, false},
	} {
		after, before, n, descending := c.w.Bounds()
		var rows []int64
		for _, id := range all {
			if id > after && id < before {
				rows = append(rows, id)
			}
		}
		if descending {
			slices.Reverse(rows)
		}
		got, b, a := Cut(c.w, rows[:min(int64(len(rows)), n)])
		if !slices.Equal(got, c.want) || b != c.before || a != c.after {
			t.Errorf("%+v: %v %v %v, want %v %v %v", c.w, got, b, a, c.want, c.before, c.after)
		}
	}
}
