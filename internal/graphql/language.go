package graphql

import (
	"clientele/internal/graphql/document"
	"clientele/internal/graphql/exec"
	"clientele/internal/store"
)

// preferences is the directive by which an operation says what its shopper
// prefers. There is one currency, so the other argument decides nothing.
const preferences = "shopperPreferences"

// languageNamed returns the language that an operation's directive names, or "".
func languageNamed(op *document.Operation) string {
	d := op.Directives.ForName(preferences)
	if d == nil {
		return ""
	}
	name, _ := d.ArgumentMap(op.Values)["locale"].(string)
	return name
}

// language returns the one of the store's languages in which the shopper is
// answered.
func (w *shopper) language(s *store.Settings) string { return w.wish().Choose(s.Languages()).Locale }

// languageTables answer in which language is answered.
func (s *Server) languageTables() exec.Tables {
	return exec.Tables{
		"ShopperPreferences": exec.Of[exec.None](exec.Fields{"locale": exec.Object(s.resolved)}),
		"ShopperLocale":      exec.Of[resolved](exec.Fields{"resolved": exec.TextOrNull(func(r *resolved) string { return r.locale })}),
	}
}

// resolved is the language in which a request is answered.
type resolved struct{ locale string }

func (s *Server) resolved(c *exec.Call, _ *exec.None) (*resolved, error) {
	settings, err := s.settings(c.Context)
	if err != nil {
		return nil, err
	}
	return &resolved{shopperOf(c.Context).language(settings)}, nil
}
