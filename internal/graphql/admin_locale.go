package graphql

import (
	"maps"
	"slices"
	"strings"

	"golang.org/x/text/language/display"

	"clientele/internal/fault"
	"clientele/internal/graphql/exec"
	"clientele/internal/html"
	"clientele/internal/opt"
	"clientele/internal/store"
)

const activeLocale = "ACTIVE"

// supportedLocale is a language that a store may have.
type supportedLocale struct{ code, name string }

// localeChanged is what came of a change of a locale.
type localeChanged struct {
	locale *store.Locale
	code   string // of what was deleted
	errors []translationProblem
}

// localeTables answer languages.
func (a *Admin) localeTables() exec.Tables {
	changed := exec.Of[localeChanged](exec.Fields{
		"locale": exec.Part(func(r *localeChanged) *store.Locale { return r.locale }),
		"errors": exec.Parts(func(r *localeChanged) []translationProblem { return r.errors }),
	})
	out := exec.Tables{
		"I18n": exec.Of[exec.None](exec.Fields{"supportedLocales": exec.Part(func(*exec.None) *page[supportedLocale] { return supportedLocales() })}),
		"SupportedLocale": exec.Of[supportedLocale](exec.Fields{
			"code":                   exec.Text(func(l *supportedLocale) string { return l.code }),
			"englishName":            exec.Text(func(l *supportedLocale) string { return l.name }),
			"hasBuiltInTranslations": exec.Bool(func(l *supportedLocale) bool { return slices.Contains(html.Languages, l.code) }),
		}),
		"StoreLocale": exec.Of[store.Locale](exec.Fields{
			"code": exec.Text(func(l *store.Locale) string { return l.Code }),
			"status": exec.Enum(func(l *store.Locale) string {
				if l.Active {
					return activeLocale
				}
				return "INACTIVE"
			}),
			"isDefault": exec.Bool(func(l *store.Locale) bool { return l.Default }),
		}),
		"LocaleMutations": exec.Of[exec.None](exec.Fields{
			"addLocale":    exec.Object(a.addLocale),
			"updateLocale": exec.Object(a.updateLocale),
			"deleteLocale": exec.Object(a.deleteLocale),
		}),
		"AddLocaleResult":    changed,
		"UpdateLocaleResult": changed,
		"DeleteLocaleResult": exec.Of[localeChanged](exec.Fields{
			"code":   exec.TextOrNull(func(r *localeChanged) string { return r.code }),
			"errors": exec.Parts(func(r *localeChanged) []translationProblem { return r.errors }),
		}),
	}
	maps.Copy(out, connectionTables[store.Locale]("StoreLocale", false))
	maps.Copy(out, connectionTables[supportedLocale]("SupportedLocale", false))
	return out
}

// locales returns the languages of a channel, which are the store's.
func (a *Admin) locales(c *exec.Call, _ *exec.None) (*page[store.Locale], error) {
	wrong, err := a.channel(c.Context, c.Args.Object("input").Text("channelId"))
	if wrong != nil {
		return nil, publicError("", wrong.message)
	}
	if err != nil {
		return nil, err
	}
	settings, err := a.settings(c.Context)
	if err != nil {
		return nil, err
	}
	return wholeList(settings.Locales()), nil
}

// supportedLocales are the languages that have a name. A store may have others.
func supportedLocales() *page[supportedLocale] {
	names := display.English.Tags()
	var all []supportedLocale
	for _, tag := range display.Supported.Tags() {
		if name := names.Name(tag); name != "" {
			all = append(all, supportedLocale{tag.String(), name})
		}
	}
	slices.SortFunc(all, func(a, b supportedLocale) int { return strings.Compare(a.code, b.code) })
	return wholeList(all)
}

// addLocale gives the store a language.
func (a *Admin) addLocale(c *exec.Call, _ *exec.None) (*localeChanged, error) {
	return a.changeLocale(c, func(in exec.Args, storeID int64, out *localeChanged) error {
		made, err := a.Stores.AddLocale(c.Context, storeID, in.Text("code"), in.Text("status") == activeLocale)
		out.locale = &made
		return err
	})
}

// updateLocale changes a language of the store.
func (a *Admin) updateLocale(c *exec.Call, _ *exec.None) (*localeChanged, error) {
	return a.changeLocale(c, func(in exec.Args, storeID int64, out *localeChanged) error {
		var change store.LocaleUpdate
		if in.Has("status") {
			change.Active = opt.Some(in.Text("status") == activeLocale)
		}
		if in.Has("isDefault") {
			change.Default = opt.Some(in.Bool("isDefault"))
		}
		is, err := a.Stores.UpdateLocale(c.Context, storeID, in.Text("code"), change)
		out.locale = &is
		return err
	})
}

// deleteLocale takes a language from the store.
func (a *Admin) deleteLocale(c *exec.Call, _ *exec.None) (*localeChanged, error) {
	return a.changeLocale(c, func(in exec.Args, storeID int64, out *localeChanged) (err error) {
		out.code, err = a.Stores.DeleteLocale(c.Context, storeID, in.Text("code"))
		return err
	})
}

// changeLocale changes a language for a channel, which has those of the store.
func (a *Admin) changeLocale(c *exec.Call, change func(exec.Args, int64, *localeChanged) error) (*localeChanged, error) {
	in, out := c.Args.Object("input"), &localeChanged{}
	wrong, err := a.channel(c.Context, in.Text("channelId"))
	if wrong == nil && err == nil {
		err = change(in, askedOf(c.Context).StoreID(), out)
	}
	switch f := business(err); {
	case wrong != nil:
	case f == nil:
		return out, err
	case f.Kind == fault.NotFound:
		wrong = notFound(globalPrefix + "locale/" + in.Text("code"))
	default:
		wrong = invalid("%s", messageIn(adminSpeech, f))
	}
	return &localeChanged{errors: []translationProblem{*wrong}}, nil
}
