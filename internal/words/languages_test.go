package words

import (
	"regexp"
	"slices"
	"testing"

	"clientele/internal/fault"
)

var slot = regexp.MustCompile(`\{[^}]*\}`)

// slots are the places of a sentence, quoted or not, once each.
func slots(text string) []string {
	var out []string
	for _, s := range slot.FindAllString(text, -1) {
		switch s {
		case "{n digit}", "{n special character}":
			s = "{want}"
		case "{qother}":
			s = "{other}"
		}
		out = append(out, s)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// The languages say what English says, with the same places, and the same of
// each other.
func TestLanguages(t *testing.T) {
	for lang, l := range languages {
		for why, text := range l.whys {
			if english := whys[why]; english == "" || !slices.Equal(slots(english), slots(text)) {
				t.Errorf("%s: %q is %q in English", lang, text, english)
			}
			if german.whys[why] == "" || french.whys[why] == "" {
				t.Errorf("%q is not in every language", text)
			}
		}
		for code, text := range l.codes {
			if english, ok := codes[code]; ok && !slices.Equal(slots(english), slots(text)) {
				t.Errorf("%s: %q is %q in English", lang, text, english)
			}
		}
		for code := range codes {
			if l.codes[code] == "" {
				t.Errorf("%s does not say %v", lang, code)
			}
		}
	}
}

func TestIn(t *testing.T) {
	s := (&Speech{Spell: Camel, Names: map[fault.Field]string{"x": "y"}, Whys: map[fault.Reason]string{"own": "our own"}}).In("de", map[fault.Field]string{"first name": "Vorname"})
	for _, c := range []struct {
		item fault.Item
		want string
	}{
		{fault.Item{Field: "first name", Code: fault.Required}, "Vorname: bitte ausfüllen"},
		{fault.Item{Field: "x", Code: fault.TooLong, Want: "5"}, "y: höchstens 5 Zeichen"},
		{fault.Item{Field: "last name", Code: fault.TooLong, Want: "5"}, "lastName: höchstens 5 Zeichen"},
		{fault.Item{Why: "own"}, "our own"},
	} {
		if got := s.Sentence(&c.item); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
