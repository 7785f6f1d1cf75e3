package pages

import (
	"net/http"
	"strings"

	"clientele/internal/html"
	"clientele/internal/store"
)

// logo serves the picture that a store has as its logo. The address of one that it had
// before, such as in an email, leads to the one it has now.
func (p *Pages) logo(w http.ResponseWriter, r *http.Request) error {
	v, err := p.visits.Open(w, r)
	if err != nil {
		return err
	}
	var logo *store.Logo
	if store.IsOwnLogo(r.URL.Path) {
		if logo, err = p.Stores.Logo(r.Context(), v.Site.StoreID); err != nil {
			return err
		}
	}
	if logo == nil {
		http.NotFound(w, r)
		return nil
	}
	if logo.Name != strings.TrimPrefix(r.URL.Path, store.LogoPath) {
		w.Header().Set("Cache-Control", "no-store")
		http.Redirect(w, r, store.LogoPath+logo.Name, http.StatusFound)
		return nil
	}
	a := html.NewAsset(logo.Type, logo.Data)
	a.Keep = html.Forever
	a.ServeHTTP(w, r)
	return nil
}
