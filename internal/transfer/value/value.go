// Package value reads what stands in the cells of exports, in the spellings that
// systems, languages and spreadsheets give it: amounts, yes and no, dates, phone
// numbers, countries, names. It tells apart what is blank, what it can read and
// what it cannot; it never guesses where two readings are as good.
package value

import (
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"clientele/internal/fold"
	"clientele/internal/geo"
	"clientele/internal/jsonx"
)

// Truth reads yes or no. ok is false for what is neither.
func Truth(s string) (yes, ok bool) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "1", "y", "yes", "true", "t", "on", "x", "ja", "oui", "si", "sí", "sim", "wahr", "vrai", "verdadero", "vero",
		"subscribed", "opted in", "opt-in", "optin", "enabled", "active":
		return true, true
	case "0", "n", "no", "false", "f", "off", "nein", "non", "nee", "falsch", "faux", "falso", "não", "nao",
		"unsubscribed", "not subscribed", "never subscribed", "opted out", "opt-out", "optout", "disabled", "inactive":
		return false, true
	}
	return false, false
}

// Amount reads an amount of money with at most scale decimals, whatever currency
// stands beside it: "1,250.00", "1.250,00 €", "899kr", "(5.00)". A single comma or
// apostrophe with three digits behind it parts thousands; a single point is a
// decimal point.
func Amount(s string, scale int) (units int64, ok bool) {
	s = strings.TrimSpace(s)
	negative := strings.HasPrefix(s, "(") && strings.HasSuffix(s, ")")
	first := strings.IndexAny(s, "0123456789")
	if first < 0 {
		return 0, false
	}
	last := strings.LastIndexAny(s, "0123456789")
	before, digits, after := s[:first], s[first:last+1], s[last+1:]
	for _, beside := range []string{before, after} {
		for _, r := range strings.Trim(beside, "() .") {
			switch {
			case r == '-' || r == '\u2212':
				negative = true
			case r == '+' || r == '.' || r == ',' || unicode.IsSpace(r) || unicode.IsLetter(r) || unicode.Is(unicode.Sc, r):
			default:
				return 0, false
			}
		}
	}
	if strings.HasSuffix(before, ".") || strings.HasSuffix(before, ",") {
		if strings.Trim(before, "-+ $") != before[len(before)-1:] {
			// "kr.5" is five, ".5" is a half.
			before = ""
		} else {
			digits = "0." + digits
		}
	}
	plain, ok := decimalOf(digits)
	if !ok {
		return 0, false
	}
	units, ok, exact := jsonx.ParseDecimal(plain, scale)
	if negative {
		units = -units
	}
	return units, ok && exact
}

// decimalOf returns digits with the marks of thousands taken out and a decimal
// point.
func decimalOf(s string) (string, bool) {
	s = strings.NewReplacer("\u00A0", " ", "\u202F", " ", "\u2009", " ", "’", "'").Replace(s)
	point := -1
	comma, dot := strings.LastIndexByte(s, ','), strings.LastIndexByte(s, '.')
	switch {
	case comma >= 0 && dot >= 0:
		point = max(comma, dot)
		// What is not the last may only part thousands.
		if strings.Count(s, s[point:point+1]) > 1 {
			return "", false
		}
	case dot >= 0 && strings.Count(s, ".") == 1:
		point = dot
	case comma >= 0 && strings.Count(s, ",") == 1 && !thousands(s, comma):
		point = comma
	}
	whole, fraction := s, ""
	if point >= 0 {
		whole, fraction = s[:point], s[point+1:]
	}
	groups := strings.FieldsFunc(whole, func(r rune) bool { return r == ',' || r == '.' || r == ' ' || r == '\'' })
	for i, g := range groups {
		// The groups of India have two digits, but for the last.
		if i > 0 && len(g) != 3 && (len(g) != 2 || i == len(groups)-1) {
			return "", false
		}
	}
	whole = strings.TrimLeft(strings.Join(groups, ""), "0")
	if whole == "" {
		whole = "0"
	}
	for _, part := range []string{whole, fraction} {
		if strings.Trim(part, "0123456789") != "" {
			return "", false
		}
	}
	if fraction == "" {
		return whole, true
	}
	return whole + "." + fraction, true
}

// thousands reports whether the mark at i has one to three digits before it and
// three behind it.
func thousands(s string, i int) bool {
	return len(s)-i-1 == 3 && 1 <= i && i <= 3 && s[0] != '0'
}

// Phone reads a phone number. A number that a spreadsheet has written as
// 4.41E+11 has lost its digits: it is not ok. The apostrophe that keeps a
// spreadsheet from doing so is left out.
func Phone(s string) (phone string, ok bool) {
	s = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(s), "'"))
	mantissa, exponent, found := strings.Cut(strings.ToUpper(s), "E+")
	if found && exponent != "" && strings.Trim(exponent, "0123456789") == "" && mantissa != "" && strings.Trim(mantissa, "0123456789.,") == "" {
		return "", false
	}
	// A number in a column of numbers is written with a decimal.
	if whole, ok := strings.CutSuffix(s, ".0"); ok && len(whole) > 5 && strings.Trim(whole, "0123456789") == "" {
		s = whole
	}
	return s, true
}

// PostalCode gives a code back the zeros that a spreadsheet took from its
// beginning, where the country's codes are of five digits.
func PostalCode(s, country string) string {
	s = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(s), "'"))
	digits, rest, dashed := strings.Cut(s, "-")
	if len(digits) < 3 || len(digits) > 4 || strings.Trim(digits, "0123456789") != "" || dashed && country != "US" {
		return s
	}
	switch country {
	case "US", "DE", "FR", "IT", "ES", "FI", "MX", "MY", "TR", "PR", "HR", "EE", "LT", "UA", "RS":
		s = strings.Repeat("0", 5-len(digits)) + digits
		if dashed {
			s += "-" + rest
		}
	}
	return s
}

// Mailbox reads an address that a name may stand before: "Ann <ann@example.com>".
func Mailbox(s string) (address, name string) {
	s = strings.TrimSpace(s)
	s = strings.TrimPrefix(s, "mailto:")
	i := strings.LastIndexByte(s, '<')
	if i < 0 || !strings.HasSuffix(s, ">") {
		return s, ""
	}
	// Names are taken as they stand: in files they are seldom quoted as mail
	// wants it.
	name = strings.Trim(strings.TrimSpace(s[:i]), `"'`)
	return strings.TrimSpace(s[i+1 : len(s)-1]), strings.ReplaceAll(name, `\"`, `"`)
}

// SplitName parts a name in one cell: "Ann Mary Lee" is Ann Mary and Lee, "Lee,
// Ann" too.
func SplitName(s string) (first, last string) {
	s = strings.Join(strings.Fields(s), " ")
	if last, first, ok := strings.Cut(s, ","); ok && !strings.Contains(first, ",") && strings.TrimSpace(first) != "" {
		return strings.TrimSpace(first), strings.TrimSpace(last)
	}
	i := strings.LastIndexByte(s, ' ')
	if i < 0 {
		return s, ""
	}
	first, last = s[:i], s[i+1:]
	// A particle belongs to the last name.
	for {
		j := strings.LastIndexByte(first, ' ')
		if j < 0 || !particles[strings.ToLower(first[j+1:])] {
			return first, last
		}
		first, last = first[:j], first[j+1:]+" "+last
	}
}

var particles = map[string]bool{
	"van": true, "von": true, "de": true, "der": true, "den": true, "du": true, "da": true, "di": true, "del": true, "della": true,
	"la": true, "le": true, "ten": true, "ter": true, "zu": true, "zur": true, "dos": true, "bin": true, "al": true, "el": true,
}

// languages are those in which the names of countries are known, besides English.
var languages = []language.Tag{
	language.German, language.French, language.Spanish, language.Italian, language.Portuguese, language.Dutch, language.Swedish,
	language.Danish, language.Norwegian, language.Finnish, language.Polish, language.Czech, language.Hungarian,
}

var named = sync.OnceValue(func() map[string]string {
	out := map[string]string{
		"united states of america": "US", "u.s.a.": "US", "u.s.": "US", "america": "US", "great britain": "GB", "u.k.": "GB", "england": "GB",
		"scotland": "GB", "wales": "GB", "northern ireland": "GB", "uk": "GB", "holland": "NL", "the netherlands": "NL", "brd": "DE",
		"czech republic": "CZ", "republic of ireland": "IE", "eire": "IE", "uae": "AE", "south korea": "KR", "korea": "KR", "russia": "RU", "turkey": "TR",
	}
	for _, tag := range languages {
		names := display.Regions(tag)
		for _, c := range geo.Countries() {
			region, err := language.ParseRegion(c.Code)
			if err != nil {
				continue
			}
			key := fold.Plain(names.Name(region))
			if _, taken := out[key]; !taken && key != "" {
				out[key] = c.Code
			}
		}
	}
	return out
})

// Country finds a country by its code or by its name in one of several languages:
// "DE", "DEU", "Germany", "Deutschland", "Allemagne", "United Kingdom (UK)".
func Country(s string) (*geo.Country, bool) {
	s = strings.TrimSpace(s)
	if s == "" {
		return nil, false
	}
	if c, ok := geo.Named(s); ok {
		return c, true
	}
	// WooCommerce writes a code behind some names.
	if name, code, ok := strings.Cut(s, " ("); ok && strings.HasSuffix(code, ")") {
		if c, ok := Country(name); ok {
			return c, true
		}
	}
	if code, ok := named()[fold.Plain(s)]; ok {
		return geo.ByCode(code)
	}
	return nil, false
}
