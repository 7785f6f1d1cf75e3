package rule

import "strings"

// nearest returns the name that a text may have been meant to be, or nothing.
func nearest(text string, names []string) string {
	best, least := "", 3
	if len(text) < 4 {
		least = 2
	}
	lower := strings.ToLower(text)
	for _, name := range names {
		if d := distance(lower, strings.ToLower(name), least); d < least {
			best, least = name, d
		}
	}
	if best == "" && len(text) >= 3 {
		for _, name := range names {
			if n := strings.ToLower(name); strings.HasPrefix(n, lower) || strings.HasPrefix(lower, n) {
				return name
			}
		}
	}
	return best
}

// distance is the number of edits between two texts, as far as it is below most.
func distance(a, b string, most int) int {
	x, y := []rune(a), []rune(b)
	if len(x)-len(y) >= most || len(y)-len(x) >= most {
		return most
	}
	before := make([]int, len(y)+1)
	row := make([]int, len(y)+1)
	for j := range before {
		before[j] = j
	}
	for i := range x {
		row[0] = i + 1
		for j := range y {
			cost := 1
			if x[i] == y[j] {
				cost = 0
			}
			row[j+1] = min(before[j]+cost, before[j+1]+1, row[j]+1)
		}
		before, row = row, before
	}
	return before[len(y)]
}
