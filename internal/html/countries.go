package html

import (
	"cmp"
	"slices"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"clientele/internal/fold"
	"clientele/internal/geo"
)

// Countries returns all countries by their names in a language, in the order of
// these.
func Countries(lang string) []Option {
	names := display.Regions(language.Make(lang))
	var out []Option
	for _, c := range geo.Countries() {
		name := c.Name
		if region, err := language.ParseRegion(c.Code); lang != "en" && err == nil {
			name = cmp.Or(names.Name(region), name)
		}
		out = append(out, Option{Value: c.Code, Label: name})
	}
	slices.SortStableFunc(out, func(a, b Option) int { return strings.Compare(fold.Text(a.Label), fold.Text(b.Label)) })
	return out
}
