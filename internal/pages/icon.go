package pages

import (
	"fmt"
	"net/http"
	"strings"
	"unicode"

	"clientele/internal/html"
	"clientele/internal/store"
)

// icon serves the first letter of the store's name in the store's colour.
func (p *Pages) icon(w http.ResponseWriter, r *http.Request) error {
	v, err := p.visits.Open(w, r)
	if err != nil {
		return err
	}
	s, err := p.Stores.Settings(r.Context(), v.Site.StoreID)
	if err != nil {
		return err
	}
	a := html.NewAsset("image/svg+xml", []byte(drawIcon(s)))
	a.Keep = "public, max-age=3600"
	a.ServeHTTP(w, r)
	return nil
}

func drawIcon(s *store.Settings) string {
	letter := ""
	if at := strings.IndexFunc(s.Name, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }); at >= 0 {
		for _, r := range s.Name[at:] {
			letter = string(unicode.ToUpper(r))
			break
		}
	}
	p := html.NewPalette(s.Storefront.ThemeColor)
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="%s"/>`+
		`<text x="16" y="22.7" font-family="system-ui, sans-serif" font-size="19" font-weight="700" text-anchor="middle" fill="%s">%s</text></svg>`, p.Accent, p.OnAccent, letter)
}
