package document

import (
	"strconv"
	"strings"
	"unicode/utf16"
)

// joined returns a document in whose strings each pair of escaped surrogates is
// the character that it stands for: the parser knows single ones only, and
// would take both for U+FFFD. It is not ok with one that has no pair.
func joined(text string) (string, bool) {
	if !strings.Contains(text, `\u`) {
		return text, true
	}
	var b strings.Builder
	done := 0 // what b has
	for i := 0; i < len(text); {
		switch {
		case text[i] == '#':
			for i < len(text) && text[i] != '\n' && text[i] != '\r' {
				i++
			}
		case strings.HasPrefix(text[i:], `"""`):
			i = afterBlock(text, i+3)
		case text[i] == '"':
			for i++; i < len(text) && text[i] != '"' && text[i] != '\n' && text[i] != '\r'; {
				if text[i] != '\\' {
					i++
					continue
				}
				first, is := unit(text[i:])
				if !is || !utf16.IsSurrogate(first) {
					i += 2 // the parser sees to it
					continue
				}
				second, _ := unit(text[i+6:])
				whole := utf16.DecodeRune(first, second)
				if whole == '\uFFFD' {
					return "", false
				}
				b.WriteString(text[done:i])
				b.WriteRune(whole)
				i += 12
				done = i
			}
			i++
		default:
			i++
		}
	}
	return b.String() + text[done:], true
}

// afterBlock returns where a block string ends, in which nothing is escaped but
// its end.
func afterBlock(text string, i int) int {
	for i < len(text) {
		switch {
		case strings.HasPrefix(text[i:], `\"""`):
			i += 4
		case strings.HasPrefix(text[i:], `"""`):
			return i + 3
		default:
			i++
		}
	}
	return i
}

// unit reads an escape of four digits.
func unit(text string) (rune, bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(text[2:6], 16, 32)
	return rune(n), err == nil
}
