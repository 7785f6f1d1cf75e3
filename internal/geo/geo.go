// Package geo knows the world's countries and their states and provinces, as
// BigCommerce's customer APIs name and number them.
//
// The countries are those of ISO 3166-1, and Kosovo, which BigCommerce lists
// beside them. Names and ids follow the list BigCommerce publishes; where that
// list is silent, names come from ISO 3166-1 and ISO 3166-2 and ids start at
// 1001. Which countries need a postal code or a state is the judgement of CLDR
// and libaddressinput's address data.
//
// A country without states takes any text for one: its list is not kept here,
// which does not mean it has none.
//
// The tables are read on first use and never change; whatever this package
// hands out is shared, so callers must not modify it.
package geo

import (
	"cmp"
	"slices"
	"strings"
)

// A Country is one entry of the world list.
type Country struct {
	ID             int64
	Name           string
	Code           string // ISO 3166-1 alpha-2
	Code3          string // ISO 3166-1 alpha-3
	PostalRequired bool   // an address is not valid without a postal code
	StateRequired  bool   // nor without a state; only where States is known
	States         []State
}

// A State is a state, province, county or other first-level part of a country.
type State struct {
	ID   int64
	Name string
	Code string // without the country's prefix; unique within the country
}

// Countries returns every country, ascending by ID. Callers must not modify it.
func Countries() []Country {
	return tables().countries
}

// ByCode finds a country by its ISO 3166-1 alpha-2 code, in any case.
func ByCode(code string) (*Country, bool) {
	slot, ok := codeSlot(code)
	if !ok {
		return nil, false
	}
	t := tables()
	at := t.byCode[slot]
	if at == 0 {
		return nil, false
	}
	return &t.countries[at-1], true
}

// ByID finds a country by its id.
func ByID(id int64) (*Country, bool) {
	all := tables().countries
	at, ok := slices.BinarySearchFunc(all, id, func(c Country, id int64) int {
		return cmp.Compare(c.ID, id)
	})
	if !ok {
		return nil, false
	}
	return &all[at], true
}

// ByName finds a country by its name, without regard to case and diacritics.
// The current ISO 3166 short name and the name that CLDR has in English are
// found too where BigCommerce's is another.
func ByName(name string) (*Country, bool) {
	c, ok := tables().byName[fold(name)]
	return c, ok
}

// Named finds a country by its name, as ByName does, or by its alpha-2 or
// alpha-3 code, in any case. Spaces around the text do not matter.
func Named(text string) (*Country, bool) {
	text = strings.TrimSpace(text)
	if c, ok := ByName(text); ok {
		return c, true
	}
	if c, ok := ByCode(text); ok {
		return c, true
	}
	all := tables().countries
	at := slices.IndexFunc(all, func(c Country) bool { return strings.EqualFold(c.Code3, text) })
	if at < 0 {
		return nil, false
	}
	return &all[at], true
}

// State finds a state by its full name, without regard to case and diacritics;
// codes are not names. A few states are found by a second name as well, such
// as a current one where BigCommerce keeps the former.
func (c *Country) State(name string) (*State, bool) {
	if len(c.States) == 0 {
		return nil, false
	}
	s, ok := tables().byState[stateKey{c.ID, fold(name)}]
	return s, ok
}

// StateByCode finds a state by its code, in any case.
func (c *Country) StateByCode(code string) (*State, bool) {
	for i := range c.States {
		if strings.EqualFold(c.States[i].Code, code) {
			return &c.States[i], true
		}
	}
	return nil, false
}

// StateByID finds a state of this country by its id.
func (c *Country) StateByID(id int64) (*State, bool) {
	for i := range c.States {
		if c.States[i].ID == id {
			return &c.States[i], true
		}
	}
	return nil, false
}
