package pages

import (
	"cmp"
	"embed"
	"html/template"
	"slices"
	"strings"
	"sync"

	"golang.org/x/text/language/display"

	"golang.org/x/text/language"

	"clientele/internal/fold"
	"clientele/internal/geo"
	"clientele/internal/html"
	"clientele/internal/store"
)

//go:embed locales/*.json
var locales embed.FS

// look is how pages look in a language.
type look struct {
	*html.Catalogue
	pages map[string]*template.Template
	// countries are all countries by their names.
	countries func() []html.Option
}

func newLooks() map[string]*look {
	out := map[string]*look{}
	for _, lang := range html.Languages {
		l := &look{Catalogue: html.Words(lang, locales)}
		l.countries = sync.OnceValue(l.listCountries)
		l.pages = l.parse()
		out[lang] = l
	}
	return out
}

func (l *look) listCountries() []html.Option {
	names := display.Regions(language.Make(l.Lang))
	var out []html.Option
	for _, c := range geo.Countries() {
		name := c.Name
		if region, err := language.ParseRegion(c.Code); l.Lang != "en" && err == nil {
			name = cmp.Or(names.Name(region), name)
		}
		out = append(out, html.Option{Value: c.Code, Label: name})
	}
	slices.SortStableFunc(out, func(a, b html.Option) int { return strings.Compare(fold.Text(a.Label), fold.Text(b.Label)) })
	return out
}

// country is a country's name.
func (l *look) country(code string) string {
	for _, o := range l.countries() {
		if o.Value == code {
			return o.Label
		}
	}
	return code
}

// preferred chooses the language of a visitor among those that a store offers;
// the store's own comes first. Where there is no store, all are offered.
func preferred(s *store.Settings, accept string) string {
	if s.StoreID == 0 {
		return html.Negotiate(nil, accept)
	}
	return html.Negotiate(append([]string{s.Language}, s.Storefront.Locales...), accept)
}
