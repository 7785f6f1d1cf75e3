package listing

import (
	"strings"
	"time"
)

const day = 24 * 60 * 60

// parseTime returns the first and last second that the text names: a day
// without a time names all of it. Days and times without a zone are in UTC.
func parseTime(s string) (lo, hi int64, ok bool) {
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t.Unix(), t.Unix() + day - 1, true
	}
	if t, ok := parseMailTime(s); ok {
		return t.Unix(), t.Unix(), true
	}
	// An unencoded + arrives as a space.
	s = strings.Replace(s, " ", "+", 1)
	for _, layout := range []string{"2006-01-02T15:04:05", time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04", "2006-01-02+15:04:05", "2006-01-02T:15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.Unix(), t.Unix(), true
		}
	}
	return 0, 0, false
}

// Moment reads a time in the forms that filters take. A day is its beginning.
func Moment(s string) (unix int64, ok bool) {
	unix, _, ok = parseTime(s)
	return unix, ok
}

// mailZones are the names of zones to which RFC 2822 gives an offset in hours,
// and UTC. It gives none to other names, and takes back the ones of the single
// letters but Z.
var mailZones = map[string]int{
	"GMT": 0, "UT": 0, "UTC": 0, "Z": 0,
	"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
}

// parseMailTime reads a date of RFC 2822. A zone that it does not define is
// refused: package time would take it for UTC.
func parseMailTime(s string) (time.Time, bool) {
	at := strings.LastIndexByte(s, ' ')
	if at < 0 || strings.Count(s, " ") < 4 {
		return time.Time{}, false
	}
	zone, ok := mailZone(s[at+1:])
	if !ok {
		return time.Time{}, false
	}
	s = strings.TrimRight(s[:at], " ")
	for _, layout := range []string{"Mon, 2 Jan 2006 15:04:05", "2 Jan 2006 15:04:05", "Mon, 2 Jan 2006 15:04", "2 Jan 2006 15:04"} {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

func mailZone(name string) (*time.Location, bool) {
	if hours, ok := mailZones[strings.ToUpper(name)]; ok {
		return time.FixedZone("", hours*60*60), true
	}
	if len(name) == len("0000") {
		name = "+" + name // an unencoded + arrives as a space
	}
	t, err := time.Parse("-0700", name)
	if err != nil || name[1:3] > "23" || name[3:] > "59" {
		return nil, false
	}
	_, offset := t.Zone()
	return time.FixedZone("", offset), true
}
