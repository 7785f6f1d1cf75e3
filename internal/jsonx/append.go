package jsonx

import (
	"strconv"
	"time"
	"unicode/utf8"
)

// AppendString appends s as a JSON string with its quotes. Only what RFC 8259
// requires is escaped: '"', '\\' and control characters, the latter as \n, \r,
// \t, \b, \f or \u00XX. Invalid UTF-8 becomes U+FFFD, one for each bad byte.
func AppendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	start := 0 // s[start:i] is still to be copied as it is
	for i := special(s, 0); i < len(s); i = special(s, i) {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				dst = append(dst, s[start:i]...)
				dst = append(dst, "\uFFFD"...)
				start = i + 1
			}
			i += n
			continue
		}
		dst = append(dst, s[start:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		case '\b':
			dst = append(dst, '\\', 'b')
		case '\f':
			dst = append(dst, '\\', 'f')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		start = i
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

// AppendStrings appends an array of JSON strings.
func AppendStrings(dst []byte, list []string) []byte {
	dst = append(dst, '[')
	for i, s := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendString(dst, s)
	}
	return append(dst, ']')
}

// AppendInts appends an array of integers.
func AppendInts(dst []byte, list []int64) []byte {
	dst = append(dst, '[')
	for i, n := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendInt(dst, n, 10)
	}
	return append(dst, ']')
}

// AppendIntsOrNull is AppendInts, and null for a list that is nil.
func AppendIntsOrNull(dst []byte, list []int64) []byte {
	if list == nil {
		return append(dst, "null"...)
	}
	return AppendInts(dst, list)
}

// AppendKey appends a member name and its colon: "key":. The key is written as
// it is; it must need no escaping.
func AppendKey(dst []byte, key string) []byte {
	dst = append(dst, '"')
	dst = append(dst, key...)
	return append(dst, '"', ':')
}

// AppendTime appends a quoted RFC 3339 time in UTC, to the second, such as
// "2026-06-18T14:37:37Z". The time is in seconds since the Unix epoch.
func AppendTime(dst []byte, unix int64) []byte {
	dst = append(dst, '"')
	dst = appendDateTime(dst, unix)
	return append(dst, 'Z', '"')
}

// AppendTimeOffset is [AppendTime] with UTC written as a numeric offset:
// "2026-06-18T14:37:37+00:00".
func AppendTimeOffset(dst []byte, unix int64) []byte {
	dst = append(dst, '"')
	dst = appendDateTime(dst, unix)
	return append(dst, `+00:00"`...)
}

const (
	secondsPerDay = 24 * 60 * 60
	// The first seconds of the years 0 and 10000, between which a year has
	// four digits.
	unixYear0     = -62167219200
	unixYear10000 = 253402300800
)

func appendDateTime(dst []byte, unix int64) []byte {
	if unix < unixYear0 || unix >= unixYear10000 {
		return time.Unix(unix, 0).UTC().AppendFormat(dst, "2006-01-02T15:04:05")
	}
	// Days are counted from the first of March, so that a leap day ends its
	// year; of the year -400, so that the count is never negative.
	const daysPerCycle = 146097
	since0 := uint64(unix - unixYear0)
	days := since0/secondsPerDay + daysPerCycle - 60
	secs := since0 % secondsPerDay

	cycle, day := days/daysPerCycle, days%daysPerCycle
	yearOfCycle := (day - day/1460 + day/36524 - day/146096) / 365
	year := int64(cycle)*400 + int64(yearOfCycle) - 400
	day -= 365*yearOfCycle + yearOfCycle/4 - yearOfCycle/100
	month := (5*day + 2) / 153 // 0 is March
	day -= (153*month + 2) / 5
	if month += 3; month > 12 {
		month -= 12
		year++
	}
	dst = appendTwo(dst, uint64(year/100))
	dst = appendTwo(dst, uint64(year%100))
	dst = append(dst, '-')
	dst = appendTwo(dst, month)
	dst = append(dst, '-')
	dst = appendTwo(dst, day+1)
	dst = append(dst, 'T')
	dst = appendTwo(dst, secs/3600)
	dst = append(dst, ':')
	dst = appendTwo(dst, secs/60%60)
	dst = append(dst, ':')
	return appendTwo(dst, secs%60)
}

func appendTwo(dst []byte, n uint64) []byte {
	return append(dst, '0'+byte(n/10), '0'+byte(n%10))
}

// AppendDecimal appends v·10^-scale as the shortest exact JSON number, never
// with an exponent: 431500 at scale 4 is 43.15, and 0 is 0. A scale below 0
// counts as 0.
func AppendDecimal(dst []byte, v int64, scale int) []byte {
	neg, u := magnitude(v)
	for scale > 0 && u%10 == 0 {
		if u == 0 {
			return append(dst, '0')
		}
		u /= 10
		scale--
	}
	return appendDigits(dst, neg, u, scale)
}

// AppendFixed appends v·10^-scale with the given number of decimal places:
// 431500 at scale 4 is 43.1500 with four places and 43.15 with two. Digits
// beyond the places are rounded half away from zero; what rounds to zero has
// no sign. No quotes are added. A scale or places below 0 counts as 0.
func AppendFixed(dst []byte, v int64, scale, places int) []byte {
	scale, places = max(scale, 0), max(places, 0)
	neg, u := magnitude(v)
	if drop := scale - places; drop > 0 {
		if drop >= len(powersOfTen) {
			u = 0
		} else {
			p := powersOfTen[drop]
			rest := u % p
			if u /= p; rest >= p-rest {
				u++
			}
		}
		return appendDigits(dst, neg && u != 0, u, places)
	}
	dst = appendDigits(dst, neg, u, scale)
	if scale == 0 && places > 0 {
		dst = append(dst, '.')
	}
	for ; scale < places; scale++ {
		dst = append(dst, '0')
	}
	return dst
}

func magnitude(v int64) (neg bool, u uint64) {
	if v < 0 {
		return true, -uint64(v)
	}
	return false, uint64(v)
}

// powersOfTen are all that fit a uint64.
var powersOfTen = func() (t [20]uint64) {
	t[0] = 1
	for i := 1; i < len(t); i++ {
		t[i] = t[i-1] * 10
	}
	return t
}()

// appendDigits appends u·10^-scale with exactly scale decimal places.
func appendDigits(dst []byte, neg bool, u uint64, scale int) []byte {
	if neg {
		dst = append(dst, '-')
	}
	if scale <= 0 {
		return strconv.AppendUint(dst, u, 10)
	}
	var buf [20]byte
	digits := strconv.AppendUint(buf[:0], u, 10)
	point := len(digits) - scale
	if point > 0 {
		dst = append(dst, digits[:point]...)
		digits = digits[point:]
	} else {
		dst = append(dst, '0')
	}
	dst = append(dst, '.')
	for ; point < 0; point++ {
		dst = append(dst, '0')
	}
	return append(dst, digits...)
}
