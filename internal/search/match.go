package search

import (
	"strconv"
	"strings"

	"clientele/internal/email"
)

// Kind is how a word of a query matches, the best first.
type Kind uint8

// The kinds of matches.
const (
	Exact Kind = iota
	Prefix
	Typo  // one edit
	Typos // two
	none
)

// String implements fmt.Stringer.
func (k Kind) String() string {
	switch k {
	case Exact:
		return "exact"
	case Prefix:
		return "prefix"
	}
	return "typo"
}

// Match is what a word of a query matches of a customer.
type Match struct {
	Word  string
	Field Field
	Text  string // the value
	Kind  Kind

	term string // of which the rarity counts
}

// better reports whether a match comes before another one of the same word.
func (m *Match) better(k Kind) bool { return k < m.Kind }

// prefix reports whether a text begins with a word that is the last one.
func (w *word) prefix(text string) bool { return w.last && strings.HasPrefix(text, w.text) }

// kind returns how a term matches a word.
func (w *word) kind(term string, spelled bool) Kind {
	switch {
	case w.text == "":
		return none
	case term == w.text:
		return Exact
	case w.prefix(term):
		return Prefix
	case spelled && w.spelled:
		switch w.speller.distance(term) {
		case 1:
			return Typo
		case 2:
			if w.speller.most == 2 {
				return Typos
			}
		}
	}
	return none
}

// matchID returns how an id matches a word.
func (w *word) matchID(id int64) Kind {
	switch {
	case w.id == 0:
		return none
	case id == w.id:
		return Exact
	case w.last && strings.HasPrefix(strconv.FormatInt(id, 10), w.idText):
		return Prefix
	}
	return none
}

// matches returns what the words match of a customer, or nil if one matches
// nothing.
func (d *Document) matches(words []word) []Match {
	out := make([]Match, len(words))
	for i := range words {
		w := &words[i]
		m := &out[i]
		m.Word, m.Kind = w.given, none
		if k := w.matchID(d.ID); k != none {
			*m = Match{Word: w.given, Field: ID, Text: strconv.FormatInt(d.ID, 10), Kind: k}
		}
	}
	values := d.Values
	for i := range values {
		v := &values[i]
		for j := range words {
			w, m := &words[j], &out[j]
			if w.email != "" && v.Field == Email {
				if key := email.Key(v.Text); key == w.email {
					*m = Match{w.given, Email, v.Text, Exact, ""}
				} else if w.last && Prefix < m.Kind && strings.HasPrefix(key, w.email) {
					*m = Match{w.given, Email, v.Text, Prefix, ""}
				}
			}
			if w.phone != "" && v.Field == Phone && m.better(Exact) {
				if p := phoneDigits(v.Text); samePhone(p, w.phone) {
					*m = Match{w.given, Phone, v.Text, Exact, phoneTerm + p[len(p)-phoneKey:]}
				}
			}
		}
		one := Document{Values: values[i : i+1]}
		one.tokens(func(t token) {
			if t.field == Phone {
				return
			}
			for j := range words {
				m := &out[j]
				if m.Kind == Exact {
					continue
				}
				if k := words[j].kind(t.text, t.spelled); m.better(k) {
					*m = Match{words[j].given, t.field, v.Text, k, t.text}
				}
			}
		})
	}
	for i := range out {
		if out[i].Kind == none {
			return nil
		}
	}
	return out
}
