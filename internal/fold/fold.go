// Package fold brings text to the form in which it is compared. Neither
// SQLite nor PostgreSQL folds letters beyond ASCII the same way, so the
// comparison columns (*_norm) are computed here, once, for both engines. It also
// tells what of a text nobody sees.
package fold

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Text returns s with case folded by Unicode's full folding and composed
// (NFC), and surrounding white space removed: "ZOË " and "zoë" become equal.
func Text(s string) string {
	s = strings.TrimSpace(s)
	upper := false
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= utf8.RuneSelf {
			return norm.NFC.String(strings.Map(cherokee, cases.Fold().String(norm.NFC.String(s))))
		}
		upper = upper || 'A' <= c && c <= 'Z'
	}
	if !upper {
		return s
	}
	return strings.ToLower(s)
}

// cherokee mends cases.Fold, which swaps the cases of Cherokee where Unicode
// folds to the older, upper-case letters.
func cherokee(r rune) rune {
	switch {
	case 0xAB70 <= r && r <= 0xABBF:
		return r - 0xAB70 + 0x13A0
	case 0x13F8 <= r && r <= 0x13FD:
		return r - 0x13F8 + 0x13F0
	}
	return r
}

// Name returns the folded form of a first and a last name joined by a space,
// the text in which name filters search.
func Name(first, last string) string { return Text(first + " " + last) }

// Plain returns s as it is searched: folded by Text, without accents, the
// letters of which Unicode makes no plain one and an accent spelled as people
// without them write them, and with one i for the four of Turkish.
func Plain(s string) string {
	s = Text(s)
	i := 0
	for i < len(s) && s[i] < utf8.RuneSelf {
		i++
	}
	if i == len(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range norm.NFKD.String(s) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case r < utf8.RuneSelf:
			b.WriteByte(byte(r))
		default:
			if plain, ok := spelled[r]; ok {
				b.WriteString(plain)
			} else {
				b.WriteRune(r)
			}
		}
	}
	return norm.NFC.String(strings.ToLower(b.String()))
}

// spelled are letters that do not decompose.
var spelled = map[rune]string{
	'ı': "i", 'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'æ': "ae", 'œ': "oe", 'þ': "th", 'ħ': "h", 'ŧ': "t", 'ŋ': "n", 'ə': "e",
}
