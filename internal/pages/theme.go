package pages

import (
	_ "embed"
	"encoding/json"
	"net/http"

	"github.com/go-chi/chi/v5"

	"clientele/internal/geo"
	"clientele/internal/html"
	"clientele/internal/store"
)

//go:embed assets/shop.css
var ownSheet string

//go:embed assets/address.js
var addressText []byte

//go:embed assets/password.js
var passwordText []byte

var (
	// passwordScript lets what is written into a password's field be seen.
	passwordScript  = html.NewAsset("text/javascript; charset=utf-8", passwordText)
	passwordScripts = []string{passwordScript.At("/assets/password.js")}
	// addressScript brings an address form in line with its country.
	addressScript  = html.NewAsset("text/javascript; charset=utf-8", addressText)
	addressScripts = []string{addressScript.At("/assets/address.js")}
)

// style serves the style sheet in the colours of the store.
func (p *Pages) style(w http.ResponseWriter, r *http.Request) error {
	s := &store.Settings{}
	if v, err := p.visits.Open(w, r); err == nil {
		if s, err = p.Stores.Settings(r.Context(), v.Site.StoreID); err != nil {
			return err
		}
	}
	p.sheet.In(html.NewPalette(s.Storefront.ThemeColor)).ServeHTTP(w, r)
	return nil
}

// states serves the states of a country, for the script of address forms.
func states(w http.ResponseWriter, r *http.Request) error {
	out := struct {
		States         []string `json:"states"`
		StateRequired  bool     `json:"state_required"`
		PostalRequired bool     `json:"postal_required"`
	}{States: []string{}}
	c, ok := geo.ByCode(chi.URLParam(r, "country"))
	if !ok {
		http.NotFound(w, r)
		return nil
	}
	for _, s := range c.States {
		out.States = append(out.States, s.Name)
	}
	out.StateRequired, out.PostalRequired = c.StateRequired, c.PostalRequired
	text, err := json.Marshal(out)
	if err != nil {
		return err
	}
	a := html.NewAsset("application/json", text)
	a.Keep = "public, max-age=86400"
	a.ServeHTTP(w, r)
	return nil
}
