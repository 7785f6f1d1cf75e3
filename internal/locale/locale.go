// Package locale decides in which of a store's languages somebody is spoken
// to. Pages, storefront APIs, form fields and emails ask it, so that one order
// holds for all of them. Languages are named by tags such as "de" or "pt-BR"
// (BCP 47).
package locale

import (
	"strings"

	"golang.org/x/text/language"
)

// Wish is what is known of the language that somebody wants. Each is one tag
// or, as in Accept-Language, several with weights.
type Wish struct {
	Named  string `json:"named,omitempty"`  // by what is asked itself, whatever is sent with it
	Asked  string `json:"asked,omitempty"`  // for this request alone, as an API is asked
	Chosen string `json:"chosen,omitempty"` // by the shopper, kept in the browser
	Kept   string `json:"kept,omitempty"`   // with the customer
	Accept string `json:"accept,omitempty"` // Accept-Language, which browsers send unasked
}

// Source is what decided on a language; a greater one outweighs.
type Source uint8

// The sources.
const (
	Default Source = iota // nothing did: it is the store's own
	Accepted
	Kept
	Chosen
	Asked
	Named
)

// Choice is the language in which somebody is spoken to.
type Choice struct {
	Locale string // as it was offered
	By     Source
}

// maxWish bounds how much of a wish is read.
const maxWish = 1000

// Choose picks one of the languages that are offered, of which the first is the
// store's own. Whatever of a wish is not offered is passed over.
func (w Wish) Choose(offered []string) Choice {
	var tags []language.Tag
	var names []string
	for _, name := range offered {
		if tag, ok := parse(name); ok {
			tags, names = append(tags, tag), append(names, name)
		}
	}
	if len(names) == 0 {
		return Choice{}
	}
	if len(names) == 1 {
		return Choice{Locale: names[0]}
	}
	matcher := language.NewMatcher(tags)
	for _, source := range []struct {
		wish string
		by   Source
	}{{w.Named, Named}, {w.Asked, Asked}, {w.Chosen, Chosen}, {w.Kept, Kept}, {w.Accept, Accepted}} {
		if source.wish == "" || len(source.wish) > maxWish {
			continue
		}
		wanted, _, err := language.ParseAcceptLanguage(strings.ReplaceAll(source.wish, "_", "-"))
		if err != nil {
			continue
		}
		if _, i, confidence := matcher.Match(wanted...); confidence >= language.High {
			return Choice{Locale: names[i], By: source.by}
		}
	}
	return Choice{Locale: names[0]}
}

// Wish is the wish of what is done later on behalf of who made the choice, such
// as an email. What is kept with a customer is looked up by then.
func (c Choice) Wish() Wish {
	switch c.By {
	case Named:
		return Wish{Named: c.Locale}
	case Asked:
		return Wish{Asked: c.Locale}
	case Chosen:
		return Wish{Chosen: c.Locale}
	case Accepted:
		return Wish{Accept: c.Locale}
	}
	return Wish{}
}

// Keep returns what is kept with a customer who signs in or registers: what the
// shopper chose, and while nothing is kept what the browser accepts.
func (c Choice) Keep(kept string) string {
	if c.By >= Chosen || c.By == Accepted && kept == "" {
		return c.Locale
	}
	return kept
}

// maxTag is the longest tag that is kept.
const maxTag = 35

// Tag returns the name of a language in the form in which it is kept, and
// whether it is one.
func Tag(name string) (string, bool) {
	if len(name) > maxTag {
		return "", false
	}
	tag, ok := parse(name)
	return tag.String(), ok
}

func parse(name string) (language.Tag, bool) {
	tag, err := language.Parse(strings.ReplaceAll(name, "_", "-"))
	return tag, err == nil && tag != language.Und
}

// Base returns the language of a tag without region and script: "pt" of "pt-BR".
func Base(name string) string {
	tag, ok := parse(name)
	if !ok {
		return ""
	}
	base, _ := tag.Base()
	return base.String()
}

// Lower brings the name of a language to one form: "de_AT" to "de-at".
func Lower(name string) string { return strings.ReplaceAll(strings.ToLower(name), "_", "-") }

// Fallbacks returns a tag and what stands in for it, in the form of Lower:
// "de-at" and "de" of "de_AT".
func Fallbacks(name string) []string {
	name = Lower(name)
	var out []string
	for name != "" {
		out = append(out, name)
		i := strings.LastIndexByte(name, '-')
		name = name[:max(i, 0)]
	}
	return out
}
