package geo

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// fold reduces a name to what two spellings of it share: letters in lower
// case, without diacritics, with one form of apostrophe, "and" for an
// ampersand and "saint" for its abbreviation at the beginning.
func fold(name string) string {
	name = strings.ReplaceAll(letters(name), " & ", " and ")
	if rest, ok := strings.CutPrefix(name, "st. "); ok {
		return "saint " + rest
	}
	return name
}

func letters(name string) string {
	if isASCII(name) {
		return strings.ToLower(name)
	}
	var b strings.Builder
	b.Grow(len(name))
	for _, r := range norm.NFD.String(name) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case r == '’':
			b.WriteByte('\'')
		default:
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
