package search

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"clientele/internal/email"
	"clientele/internal/fault"
)

// Bounds of a search.
const (
	MaxText      = 200 // characters
	MaxWords     = 8
	MaxLimit     = 50
	DefaultLimit = 20
)

// Query is what is searched for.
type Query struct {
	// Typing is for who still types: where a word leads to very many, the newest of
	// them are enough, though older ones might be better.
	Typing bool

	// readings are the words in each way in which they may be meant: digits in
	// several groups are a phone, or each a word.
	readings [][]word
}

// word is one word of a query.
type word struct {
	given string // as it was written
	text  string // as it is compared, "" for an email or a phone in groups
	runes int
	last  bool // a prefix is enough

	spelled bool   // other spellings count
	email   string // with an @
	phone   string // digits, seven or more
	id      int64  // 0: not a number
	idText  string

	speller *speller
}

// Parse reads a query.
func Parse(text string) (*Query, error) {
	n := utf8.RuneCountInString(text)
	switch {
	case !utf8.ValidString(text) || strings.ContainsRune(text, 0):
		return nil, wrong("q", fault.BadFormat, "not text")
	case n > MaxText:
		return nil, wrong("q", fault.TooLong, fmt.Sprintf("must have 1 to %d characters", MaxText))
	case strings.TrimSpace(text) == "":
		return nil, wrong("q", fault.Required, fmt.Sprintf("must have 1 to %d characters", MaxText))
	}
	parts := strings.Fields(text)
	q := &Query{}
	grouped, any := group(parts)
	if any {
		if words := read(grouped); len(words) <= MaxWords {
			q.readings = append(q.readings, words)
		}
	}
	if words := read(parts); len(words) > 0 && len(words) <= MaxWords {
		q.readings = append(q.readings, words)
	} else if len(q.readings) == 0 && len(words) > MaxWords {
		return nil, wrong("q", fault.TooManyItems, fmt.Sprintf("must have at most %d words", MaxWords))
	}
	// Signs alone are words that nobody has: they find nobody.
	return q, nil
}

// CheckLimit returns how many customers are wanted, of a number that was asked
// for or 0.
func CheckLimit(n int64) (int, error) {
	if n < 1 || n > MaxLimit {
		return 0, wrong("limit", fault.OutOfRange, fmt.Sprintf("must be 1 to %d", MaxLimit))
	}
	return int(n), nil
}

func wrong(field string, code fault.Code, message string) error {
	return &fault.Error{Kind: fault.BadFilter, Message: "invalid filters", Items: []fault.Item{{Path: field, Code: code, Message: message}}}
}

// maxDialled is how many digits a phone has at most (E.164), with what is dialled
// before it.
const maxDialled = 18

// group joins neighbours that together are a phone. A space in it tells that it
// is in groups.
func group(parts []string) (out []string, any bool) {
	dialled := func(s string) bool {
		return !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsDigit(r) && !strings.ContainsRune("+()-/.–‐", r) })
	}
	for i := 0; i < len(parts); {
		n, long, all := i, 0, 0
		for n < len(parts) && dialled(parts[n]) {
			digits := len(digitsOf(parts[n]))
			if all += digits; digits >= phoneKey {
				long++
			}
			n++
		}
		if n-i > 1 && long < 2 && all <= maxDialled && len(phoneDigits(strings.Join(parts[i:n], ""))) >= phoneKey {
			out, any, i = append(out, strings.Join(parts[i:n], " ")), true, n
			continue
		}
		out = append(out, parts[i])
		i++
	}
	return out, any
}

// read returns the words of a reading.
func read(parts []string) []word {
	var out []word
	for _, part := range parts {
		if strings.ContainsRune(part, ' ') {
			out = append(out, word{given: part, phone: phoneDigits(part)})
			continue
		}
		if strings.ContainsRune(part, '@') {
			out = append(out, word{given: part, email: email.Key(part)})
			continue
		}
		if digits := phoneDigits(part); len(digits) >= phoneKey && !strings.ContainsFunc(part, unicode.IsLetter) {
			w := word{given: part, phone: digits}
			if own := words(nil, part); len(own) == 1 {
				w.set(own[0])
			}
			out = append(out, w)
			continue
		}
		for _, text := range words(nil, part) {
			w := word{given: part}
			w.set(text)
			out = append(out, w)
		}
	}
	if len(out) > 0 {
		out[len(out)-1].last = true
	}
	return slices.Clip(out)
}

func (w *word) set(text string) {
	w.text, w.runes = text, utf8.RuneCountInString(text)
	if w.spelled = isLetters(text) && edits(w.runes) > 0; w.spelled {
		w.speller = newSpeller(text)
	}
	if digits := digitsOf(text); digits == text && digits != "" && digits[0] != '0' {
		if id, err := strconv.ParseInt(digits, 10, 64); err == nil {
			w.id, w.idText = id, digits
		}
	}
}
