package panel

import (
	"embed"

	"clientele/internal/html"
)

//go:embed locales/*.json
var locales embed.FS

// look is how pages look in a language.
type look struct {
	*html.Catalogue
	pages *html.Templates
}

func newLooks() map[string]*look {
	out := map[string]*look{}
	for _, lang := range html.Languages {
		l := &look{Catalogue: html.Words(lang, locales)}
		l.pages = l.parse()
		out[lang] = l
	}
	return out
}
