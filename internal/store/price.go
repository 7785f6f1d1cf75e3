package store

import (
	"math"
	"strconv"
	"strings"
)

// Price writes an amount, in units of 10^-scale, as the store writes money. The
// settings have their defaults.
func (s *Settings) Price(amount int64, scale int) string {
	text := strconv.FormatFloat(float64(amount)/math.Pow10(scale), 'f', *s.DecimalPlaces, 64)
	whole, part, _ := strings.Cut(text, ".")
	var b strings.Builder
	for i, d := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteString(s.ThousandsMark)
		}
		b.WriteRune(d)
	}
	if part != "" {
		b.WriteString(s.DecimalSeparator + part)
	}
	if s.SymbolLocation == "right" {
		return b.String() + s.CurrencySymbol
	}
	return s.CurrencySymbol + b.String()
}
