package panel

import (
	"embed"
	"sync"

	"clientele/internal/html"
)

//go:embed locales/*.json
var locales embed.FS

// look is how pages look in a language.
type look struct {
	*html.Catalogue
	pages *html.Templates
	// countries are all countries by their names.
	countries func() []html.Option
}

// newLooks returns the look in each language, which is made when it is asked for:
// the program starts without.
func newLooks() map[string]func() *look {
	out := map[string]func() *look{}
	for _, lang := range html.Languages {
		out[lang] = sync.OnceValue(func() *look {
			l := &look{Catalogue: html.Words(lang, locales)}
			l.pages = l.parse()
			l.countries = sync.OnceValue(func() []html.Option { return html.Countries(lang) })
			return l
		})
	}
	return out
}
