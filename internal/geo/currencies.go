package geo

import (
	_ "embed"
	"maps"
	"slices"
	"strings"
	"sync"
)

//go:embed currencies.tsv
var currencyRows string

// A Currency is the money of a country.
type Currency struct {
	Code   string // ISO 4217
	Name   string
	Symbol string
}

type currencyTable struct{ byCountry, byCode map[string]*Currency }

var currencies = sync.OnceValue(func() currencyTable {
	t := currencyTable{byCountry: map[string]*Currency{}, byCode: map[string]*Currency{}}
	for row := range rows(currencyRows) {
		var f [5]string
		split(row, f[:])
		c := &Currency{Code: f[0], Name: f[1], Symbol: f[2]}
		t.byCode[c.Code] = c
		for country := range strings.FieldsSeq(f[3]) {
			t.byCountry[country] = c
		}
	}
	return t
})

// Currency returns the currency of a country.
func (c *Country) Currency() Currency { return *currencies().byCountry[c.Code] }

// CurrencyByCode finds a currency by its ISO 4217 code.
func CurrencyByCode(code string) (Currency, bool) {
	c := currencies().byCode[code]
	if c == nil {
		return Currency{}, false
	}
	return *c, true
}

// noCurrency is the code that ISO 4217 has for no currency.
const noCurrency = "XXX"

// IsCurrency reports whether a text is the ISO 4217 code of money that people
// pay with.
func IsCurrency(code string) bool {
	_, ok := CurrencyByCode(code)
	return ok && code != noCurrency
}

// Currencies returns the money that people pay with, by code.
func Currencies() []Currency {
	var out []Currency
	for _, code := range slices.Sorted(maps.Keys(currencies().byCode)) {
		if IsCurrency(code) {
			out = append(out, *currencies().byCode[code])
		}
	}
	return out
}
