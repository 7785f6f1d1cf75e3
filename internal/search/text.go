package search

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"clientele/internal/fold"
)

// Field is what of a customer is searched.
type Field string

// The fields.
const (
	ID         Field = "id"
	FirstName  Field = "first_name"
	LastName   Field = "last_name"
	Company    Field = "company"
	City       Field = "city"
	Email      Field = "email"
	Phone      Field = "phone"
	PostalCode Field = "postal_code"
)

// Value is a text of a customer or of one of the addresses.
type Value struct {
	Field Field
	Text  string
}

// Document is what is searched of a customer: own values first, then those of
// the addresses, in the order of their ids.
type Document struct {
	ID     int64
	Values []Value
	// Name is the text in which filters by name search: see fold.Name.
	Name string

	ready string // what terms returns
}

// Ready works out what the customer is found by, for a transaction that is to be
// short.
func (d *Document) Ready() { d.ready = d.terms() }

const (
	maxTerms   = 120 // of one customer; what comes after them is not searched
	maxTerm    = 48  // bytes of a term; the rest of a word does not count
	phoneKey   = 7   // digits of a phone by which it is found
	phoneTerm  = "#" // precedes the last digits of a phone
	minSpelled = 3   // letters of a word that is found by another spelling
)

// token is a word of a customer.
type token struct {
	field   Field
	text    string
	spelled bool // found by other spellings too
}

// words appends the words of a text: letters and digits, without what joins
// them. An apostrophe is in a word: "O'Brien" is "obrien".
func words(into []string, text string) []string {
	text = fold.Plain(text)
	plain := true
	for i := 0; i < len(text); i++ {
		if c := text[i]; c >= utf8.RuneSelf || c == '\'' || c == '`' {
			plain = false
			break
		}
	}
	inWord := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }
	if !plain {
		text = strings.Map(func(r rune) rune {
			switch r {
			case '\'', '`', '’', '‘', 'ʼ', '´', 'ʹ', '＇':
				return -1
			}
			return r
		}, text)
	}
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return !inWord(r) }) {
		into = append(into, cut(word))
	}
	return into
}

// cut returns the beginning of a word that counts.
func cut(word string) string {
	if len(word) <= maxTerm {
		return word
	}
	n := maxTerm
	for n > 0 && !utf8.RuneStart(word[n]) {
		n--
	}
	return word[:n]
}

// hyphenated appends, beside its words, what a name with hyphens is without them,
// and the parts of one with apostrophes.
func hyphenated(into []string, text string) []string {
	if !strings.ContainsAny(text, "-‐‑–'’`") {
		return words(into, text)
	}
	into = words(into, text)
	for part := range strings.FieldsSeq(text) {
		if strings.ContainsAny(part, "-‐‑–") {
			into = words(into, strings.NewReplacer("-", "", "‐", "", "‑", "", "–", "").Replace(part))
		}
		if strings.ContainsAny(part, "'’`") {
			into = words(into, strings.NewReplacer("'", " ", "’", " ", "`", " ").Replace(part))
		}
	}
	return into
}

// isLetters reports whether a word can be misspelled: it has letters alone.
func isLetters(word string) bool {
	return !strings.ContainsFunc(word, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) })
}

// digitsOf returns the digits of a text, those of any script as ASCII has them.
func digitsOf(text string) string {
	b := make([]byte, 0, len(text))
	for _, r := range text {
		switch {
		case '0' <= r && r <= '9':
			b = append(b, byte(r))
		case r >= utf8.RuneSelf && unicode.IsDigit(r):
			if p := fold.Plain(string(r)); len(p) == 1 {
				b = append(b, p[0])
			}
		}
	}
	return string(b)
}

// phoneDigits returns the digits of a phone without what only some dial: zeros
// in front, and the zero in brackets behind a country's code.
func phoneDigits(text string) string {
	return strings.TrimLeft(digitsOf(strings.ReplaceAll(text, "(0)", "")), "0")
}

// samePhone reports whether a phone and the digits of a question are one: the
// one ends with the other, and what they share are seven digits or more.
func samePhone(stored, asked string) bool {
	if min(len(stored), len(asked)) < phoneKey {
		return false
	}
	return strings.HasSuffix(stored, asked) || strings.HasSuffix(asked, stored)
}

// tokens calls each for every word of a customer, in the order of the values.
func (d *Document) tokens(each func(token)) {
	var list []string
	for _, v := range d.Values {
		if v.Text == "" {
			continue
		}
		list = list[:0]
		spelled := false
		switch v.Field {
		case Phone:
			if digits := phoneDigits(v.Text); len(digits) >= phoneKey {
				list = append(list, phoneTerm+digits[len(digits)-phoneKey:])
			}
		case Email:
			local, _, _ := strings.Cut(v.Text, "@")
			list = words(list, strings.ReplaceAll(local, "'", ""))
		case PostalCode:
			list = words(list, v.Text)
			if len(list) > 1 {
				list = append(list, cut(strings.Join(list, "")))
			}
		default:
			list = hyphenated(list, v.Text)
			spelled = true
		}
		for _, text := range list {
			each(token{v.Field, text, spelled && utf8.RuneCountInString(text) >= minSpelled && isLetters(text)})
		}
	}
}

// terms returns what a customer is found by as a text: the words that are found
// by other spellings too, in a second line the others, and below them the name as
// it is.
func (d *Document) terms() string {
	if d == nil {
		return ""
	}
	if d.ready != "" {
		return d.ready
	}
	var own [32]token
	all := own[:0]
	d.tokens(func(t token) {
		for i := range all {
			if all[i].text == t.text {
				all[i].spelled = all[i].spelled || t.spelled
				return
			}
		}
		if len(all) < maxTerms {
			all = append(all, t)
		}
	})
	slices.SortFunc(all, func(a, b token) int {
		if a.spelled != b.spelled {
			if a.spelled {
				return -1
			}
			return 1
		}
		return strings.Compare(a.text, b.text)
	})
	n := 2 + len(d.Name)
	for i := range all {
		n += len(all[i].text) + 1
	}
	b := make([]byte, 0, n)
	spelled := true
	for i := range all {
		if spelled && !all[i].spelled {
			spelled = false
			b = append(b, '\n')
		} else if i > 0 {
			b = append(b, ' ')
		}
		b = append(b, all[i].text...)
	}
	if d.Name != "" {
		if spelled {
			b = append(b, '\n')
		}
		b = append(append(b, '\n'), d.Name...)
	}
	return string(b)
}

// eachTerm calls each for the words that terms wrote, but those of the name.
func eachTerm(terms string, each func(term string, spelled bool)) {
	first, second, _ := strings.Cut(terms, "\n")
	second, _, _ = strings.Cut(second, "\n")
	for t := range strings.FieldsSeq(first) {
		each(t, true)
	}
	for t := range strings.FieldsSeq(second) {
		each(t, false)
	}
}
