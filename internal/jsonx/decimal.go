package jsonx

import "math"

// MaxScale is the largest scale of a decimal: 10^18 is the last power of ten
// in an int64.
const MaxScale = 18

// ParseDecimal reads decimal text, in the grammar of a JSON number, as a count
// of 10^-scale units: "43.15" at scale 4 is 431500. Exponents are accepted;
// white space, a leading '+' or needless leading zeros are not.
//
// It is not ok when s is no number, when the result is outside int64, or when
// scale is not in 0 to [MaxScale]. When digits other than zero do not fit the
// scale it is not exact, and val is rounded half away from zero as SQL's
// numeric types do.
func ParseDecimal(s string, scale int) (val int64, ok, exact bool) {
	if end, ok := scanNumber(s, 0); !ok || end != len(s) {
		return 0, false, false
	}
	return decimal(s, scale)
}

// maxExponent is where exponents saturate: no document has so many digits that
// they could bring such a number back into range.
const maxExponent = 1 << 40

// decimal is ParseDecimal for text already known to be a number.
func decimal(s string, scale int) (val int64, ok, exact bool) {
	if scale < 0 || scale > MaxScale {
		return 0, false, false
	}
	neg := s[0] == '-'
	if neg {
		s = s[1:]
	}

	// Split the number into its digits, perhaps with a point among them, and
	// the power of ten that turns those digits into the result.
	mantissa, point, shift := len(s), -1, int64(scale)
	for i := range len(s) {
		if s[i] == '.' {
			point = i
		} else if s[i]|0x20 == 'e' {
			mantissa = i
			shift += exponent(s[i+1:])
			break
		}
	}
	digits := int64(mantissa)
	if point >= 0 {
		digits--
		shift -= int64(mantissa - point - 1)
	}

	keep := digits + shift // how many leading digits are within the scale
	var u uint64
	roundUp := false
	exact = true
	for i := range mantissa {
		c := s[i]
		if c == '.' {
			continue
		}
		if keep > 0 {
			if u, ok = timesTen(u, c-'0'); !ok {
				return 0, false, false
			}
		} else if c != '0' {
			exact = false
			roundUp = roundUp || keep == 0 && c >= '5'
		}
		keep--
	}
	for ; keep > 0 && u != 0; keep-- {
		if u, ok = timesTen(u, 0); !ok {
			return 0, false, false
		}
	}
	if roundUp {
		u++
	}
	if neg {
		if u > -math.MinInt64 {
			return 0, false, false
		}
		return int64(-u), true, exact
	}
	if u > math.MaxInt64 {
		return 0, false, false
	}
	return int64(u), true, exact
}

// timesTen returns 10u+d. It is not ok when u alone is too large for that; the
// last digit may still take the result a little beyond int64.
func timesTen(u uint64, d byte) (uint64, bool) {
	if u > -math.MinInt64/10 {
		return 0, false
	}
	return u*10 + uint64(d), true
}

// exponent reads what follows the e of a number, saturating.
func exponent(s string) int64 {
	neg := s[0] == '-'
	if neg || s[0] == '+' {
		s = s[1:]
	}
	var e int64
	for i := range len(s) {
		if e = e*10 + int64(s[i]-'0'); e >= maxExponent {
			e = maxExponent
			break
		}
	}
	if neg {
		return -e
	}
	return e
}
