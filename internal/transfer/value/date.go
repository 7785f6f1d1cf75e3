package value

import (
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Order is the order of day and month in dates of digits.
type Order string

// The orders.
const (
	Undecided  Order = ""    // both read
	DayFirst   Order = "dmy" // 31/12/2026
	MonthFirst Order = "mdy" // 12/31/2026
	// Mixed: some dates read only in the one order, some only in the other.
	Mixed Order = "mixed"
)

// Dates decides by all dates of a column which order they have.
type Dates struct {
	// Unsure counts the dates that read in both orders, with different days.
	Unsure int64
	day    bool // a date was read that only begins with the day
	month  bool
}

// Look takes a date of the column.
func (d *Dates) Look(s string) {
	a, b, ok := ambiguous(s)
	switch {
	case !ok:
	case a > 12 && b <= 12:
		d.day = true
	case b > 12 && a <= 12:
		d.month = true
	case a != b:
		d.Unsure++
	}
}

// Order returns the order of the dates that were looked at.
func (d *Dates) Order() Order {
	switch {
	case d.day && d.month:
		return Mixed
	case d.day:
		return DayFirst
	case d.month:
		return MonthFirst
	}
	return Undecided
}

// ambiguous returns the two numbers before the year of a date of digits with
// slashes or dashes.
func ambiguous(s string) (a, b int, ok bool) {
	day, _, _ := strings.Cut(strings.TrimSpace(s), " ")
	day, _, _ = strings.Cut(day, "T")
	parts := strings.FieldsFunc(strings.TrimRight(day, ","), func(r rune) bool { return r == '/' || r == '-' })
	if len(parts) != 3 || len(parts[0]) > 2 || len(parts[1]) > 2 {
		return 0, 0, false
	}
	a, err := strconv.Atoi(parts[0])
	if err != nil {
		return 0, 0, false
	}
	b, err = strconv.Atoi(parts[1])
	return a, b, err == nil
}

// layouts are of times whose reading is certain. Those without a zone are of the
// store's.
var layouts = []string{
	time.RFC3339Nano, "2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 Z07:00", "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05 MST", "2006-01-02 15:04:05 -0700 MST",
	"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02", "2006/01/02 15:04:05", "2006/01/02 15:04", "2006/01/02", "2006.01.02",
	time.RFC1123Z, time.RFC1123, "Mon, 2 Jan 2006 15:04:05 -0700", "Mon Jan 2 15:04:05 2006", "Mon Jan 2 15:04:05 MST 2006",
	"2 Jan 2006 15:04:05", "2 Jan 2006 15:04", "2 Jan 2006", "2-Jan-2006", "2-Jan-06", "2 January 2006 15:04:05", "2 January 2006 15:04", "2 January 2006",
	"Jan 2, 2006 15:04:05", "Jan 2, 2006 15:04", "Jan 2, 2006, 3:04 PM", "Jan 2, 2006 3:04 PM", "Jan 2, 2006", "Jan 2 2006", "January 2, 2006 3:04 PM", "January 2, 2006 15:04:05", "January 2, 2006", "January 2 2006",
	"2.1.2006 15:04:05", "2.1.2006 15:04", "2.1.2006", "2.1.06",
}

// clocks are the times of day that follow a date of digits.
var clocks = []string{"", " 15:04:05", " 15:04", " 3:04:05 PM", " 3:04 PM", " 3:04:05PM", " 3:04PM", ", 15:04:05", ", 15:04", ", 3:04:05 PM", ", 3:04 PM", " 15:04:05 -0700", " 15:04:05 MST"}

// Time reads a date with or without a time of day, in seconds since the epoch. Dates
// of digits are read in the given order if they read in both, which are not ok where
// that is undecided. zone is that of times that tell none.
func Time(s string, order Order, zone *time.Location) (seconds int64, ok bool) {
	s = strings.Join(strings.Fields(s), " ")
	if s == "" || strings.HasPrefix(s, "0000-00-00") {
		return 0, false
	}
	if n, ok := epoch(s); ok {
		return n, true
	}
	s = strings.TrimSuffix(strings.Replace(s, " UTC+0000", " +0000", 1), " Uhr")
	for _, l := range layouts {
		if t, err := time.ParseInLocation(l, s, zone); err == nil && believable(t) {
			return t.Unix(), true
		}
	}
	a, b, digits := ambiguous(s)
	if !digits {
		return 0, false
	}
	switch {
	case order == DayFirst && b <= 12, a > 12, order != MonthFirst && a == b:
		s, ok = swap(s)
		if !ok {
			return 0, false
		}
	case order == MonthFirst, b > 12:
	default:
		return 0, false
	}
	s = strings.ReplaceAll(s, "-", "/")
	for _, year := range []string{"1/2/2006", "1/2/06"} {
		for _, clock := range clocks {
			if t, err := time.ParseInLocation(year+clock, s, zone); err == nil && believable(t) {
				return t.Unix(), true
			}
		}
	}
	return 0, false
}

// swap turns the first two numbers round.
func swap(s string) (string, bool) {
	i := strings.IndexAny(s, "/-")
	if i < 0 {
		return "", false
	}
	j := strings.IndexAny(s[i+1:], "/-")
	if j < 0 {
		return "", false
	}
	j += i + 1
	return s[i+1:j] + s[i:i+1] + s[:i] + s[j:], true
}

// epoch reads seconds or milliseconds since the epoch.
func epoch(s string) (int64, bool) {
	if strings.IndexFunc(s, func(r rune) bool { return !unicode.IsDigit(r) }) >= 0 {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	switch {
	case err != nil:
	case len(s) == 13:
		return n / 1000, true
	case len(s) == 9 || len(s) == 10:
		return n, true
	}
	return 0, false
}

// believable leaves out years that come from a wrong reading.
func believable(t time.Time) bool { return t.Year() >= 1900 && t.Year() < 2200 }
