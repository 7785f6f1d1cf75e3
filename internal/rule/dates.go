package rule

import (
	"strconv"
	"strings"
	"time"
)

// relative is a date that moves with the clock: a number of hours before or after
// now, or a day that is a number of days, weeks, months or years from today.
type relative struct {
	n    int
	unit byte // h, d, w, m, y
}

// maxRelative bounds the number of a relative date.
const maxRelative = 99_999

func readRelative(s string) (r relative, ok bool) {
	if len(s) < 2 {
		return r, false
	}
	r.unit = s[len(s)-1] | 0x20
	number := s[:len(s)-1]
	digits := strings.TrimLeft(number, "+-")
	if strings.IndexByte("hdwmy", r.unit) < 0 || len(number)-len(digits) > 1 || digits == "" || len(digits) > 9 {
		return r, false
	}
	for i := range len(digits) {
		if !isDigit(digits[i]) {
			return r, false
		}
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n > maxRelative || r.unit == 'y' && n > 500 || r.unit == 'm' && n > 6000 {
		return r, false
	}
	if number[0] == '-' {
		n = -n
	}
	r.n = n
	return r, true
}

func (r relative) text() string {
	sign := ""
	if r.n > 0 {
		sign = "+"
	}
	return sign + strconv.Itoa(r.n) + string(r.unit)
}

// Clock is a time and where it is told.
type Clock struct {
	Now  int64 // seconds
	Zone *time.Location
}

// span is a day or a second: from its first second to the one after its last.
type span struct{ from, to int64 }

// dateKind is how exact a date is.
type dateKind uint8

const (
	noDate dateKind = iota
	aDay
	aMoment
)

// momentForms are those of points in time without a zone, which are the store's.
var momentForms = []string{"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04"}

// kindOfDate tells how exact the date is that a value says.
func (v *Value) kindOfDate() dateKind {
	switch v.Kind {
	case Relative:
		if r, ok := readRelative(v.Text); ok && r.unit == 'h' {
			return aMoment
		}
		return aDay
	case Text:
		if t, err := time.Parse(time.DateOnly, v.Text); err == nil && t.Year() > 0 {
			return aDay
		}
		if _, ok := v.moment(time.UTC); ok {
			return aMoment
		}
	}
	return noDate
}

func (v *Value) moment(zone *time.Location) (time.Time, bool) {
	if t, err := time.Parse(time.RFC3339, v.Text); err == nil {
		return t, true
	}
	for _, form := range momentForms {
		if t, err := time.ParseInLocation(form, v.Text, zone); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// day returns the day that a value says.
func (c Clock) day(v *Value) time.Time {
	if v.Kind == Text {
		t, _ := time.Parse(time.DateOnly, v.Text)
		return t
	}
	r, _ := readRelative(v.Text)
	now := time.Unix(c.Now, 0).In(c.Zone)
	y, m, d := now.Date()
	today := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	switch r.unit {
	case 'w':
		return today.AddDate(0, 0, 7*r.n)
	case 'm':
		return months(today, r.n)
	case 'y':
		return months(today, 12*r.n)
	}
	return today.AddDate(0, 0, r.n)
}

// months returns the same day in another month, or its last one.
func months(t time.Time, n int) time.Time {
	first := time.Date(t.Year(), t.Month()+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(t.Day(), last)-1)
}

// dayText returns the day that a value says, as days are compared as texts.
func (c Clock) dayText(v *Value) string { return c.day(v).Format(time.DateOnly) }

// span returns the time that a value says.
func (c Clock) span(v *Value) span {
	if v.kindOfDate() == aDay {
		t := c.day(v)
		return span{startOfDay(t, c.Zone), startOfDay(t.AddDate(0, 0, 1), c.Zone)}
	}
	if v.Kind == Relative {
		r, _ := readRelative(v.Text)
		at := c.Now + int64(r.n)*3600
		return span{at, at + 1}
	}
	t, _ := v.moment(c.Zone)
	return span{t.Unix(), t.Unix() + 1}
}

// startOfDay is a day's first second where there is none at midnight too.
func startOfDay(t time.Time, zone *time.Location) int64 {
	at := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, zone)
	for at.In(zone).Day() != t.Day() {
		at = at.Add(30 * time.Minute)
	}
	return at.Unix()
}

// NextDay returns the second at which the day ends.
func (c Clock) NextDay() int64 {
	y, m, d := time.Unix(c.Now, 0).In(c.Zone).Date()
	return startOfDay(time.Date(y, m, d+1, 0, 0, 0, 0, time.UTC), c.Zone)
}
