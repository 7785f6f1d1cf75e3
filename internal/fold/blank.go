package fold

import "unicode"

// Hidden reports whether a character shows nothing, or only changes how others
// are shown, such as a zero-width space or a soft hyphen.
func Hidden(r rune) bool {
	return r == '\u2800' || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// Blank reports whether a text shows nothing: it is empty, or all white space
// and hidden characters.
func Blank(s string) bool {
	for _, r := range s {
		if r > ' ' && r < unicode.MaxASCII || !unicode.IsSpace(r) && !unicode.IsControl(r) && !Hidden(r) {
			return false
		}
	}
	return true
}
