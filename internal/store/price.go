package store

import (
	"strings"

	"clientele/internal/jsonx"
)

// Price writes an amount, in units of 10^-scale, as the store writes money,
// rounded half away from zero to the places that it shows. The settings have
// their defaults.
func (s *Settings) Price(amount int64, scale int) string {
	sign, text := "", string(jsonx.AppendFixed(nil, amount, scale, *s.DecimalPlaces))
	if rest, below := strings.CutPrefix(text, "-"); below {
		sign, text = "-", rest
	}
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
		return sign + b.String() + s.CurrencySymbol
	}
	return sign + s.CurrencySymbol + b.String()
}
