package store

import (
	"context"
	"slices"
	"strconv"

	"clientele/internal/fault"
	"clientele/internal/locale"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
)

// MaxManagedLocales is how many locales a store has at most, with the default
// one, when they are added one by one, as documented of storefronts.
const MaxManagedLocales = 5

// Locale is a language of a store. What is not Active is being prepared: nobody
// is spoken to in it.
type Locale struct {
	Code            string
	Default, Active bool
}

// Locales returns the languages of the store, the default one first and those
// that are not active last, each once.
func (s *Settings) Locales() []Locale {
	var out []Locale
	for i, code := range s.Languages() {
		if findLocale(out, code) < 0 {
			out = append(out, Locale{code, i == 0, true})
		}
	}
	for _, code := range s.Storefront.InactiveLocales {
		if findLocale(out, code) < 0 {
			out = append(out, Locale{Code: code})
		}
	}
	return out
}

func findLocale(in []Locale, code string) int {
	return slices.IndexFunc(in, func(l Locale) bool { return sameLanguage(l.Code, code) })
}

// setLocales is the reverse of Locales.
func (s *Settings) setLocales(all []Locale) {
	front := &s.Storefront
	front.Locales, front.InactiveLocales = nil, nil
	for _, l := range all {
		switch {
		case l.Default:
			s.Language = l.Code
		case l.Active:
			front.Locales = append(front.Locales, l.Code)
		default:
			front.InactiveLocales = append(front.InactiveLocales, l.Code)
		}
	}
}

// LocaleUpdate is the command to change a locale.
type LocaleUpdate struct {
	Active, Default opt.Field[bool]
}

// AddLocale gives the store a language.
func (s *Service) AddLocale(ctx context.Context, storeID int64, code string, active bool) (Locale, error) {
	tag, _ := locale.Tag(code)
	out := Locale{Code: tag, Active: active}
	err := s.changeLocales(ctx, storeID, code, func(all []Locale, at int) ([]Locale, error) {
		if at >= 0 {
			return nil, fault.Broken(fault.Conflict, fault.Item{Field: FieldLocales, Code: fault.Taken, Why: WhyLocaleTaken, Value: all[at].Code})
		}
		if len(all) >= MaxManagedLocales {
			return nil, fault.Broken(fault.Invalid, fault.Item{Field: FieldLocales, Code: fault.TooManyItems, Why: WhyManyLocales, Want: strconv.Itoa(MaxManagedLocales)})
		}
		return append(all, out), nil
	})
	return out, err
}

// UpdateLocale changes a language of the store. Another one becomes the default
// in place of that which was, which stays active.
func (s *Service) UpdateLocale(ctx context.Context, storeID int64, code string, in LocaleUpdate) (out Locale, err error) {
	err = s.changeLocales(ctx, storeID, code, func(all []Locale, at int) ([]Locale, error) {
		if at < 0 {
			return nil, errNoLocale
		}
		out = all[at]
		out.Active, out.Default = in.Active.Or(out.Active), in.Default.Or(out.Default)
		switch {
		case out.Default && !out.Active:
			return nil, badLocale(WhyInactiveDefault, out.Code)
		case all[at].Default && !out.Default:
			return nil, badLocale(WhyNoDefault, out.Code)
		case out.Default:
			for i := range all {
				all[i].Default = false
			}
		}
		all[at] = out
		return all, nil
	})
	return out, err
}

// DeleteLocale takes a language from the store, and returns its name as it was.
func (s *Service) DeleteLocale(ctx context.Context, storeID int64, code string) (was string, err error) {
	err = s.changeLocales(ctx, storeID, code, func(all []Locale, at int) ([]Locale, error) {
		if at < 0 {
			return nil, errNoLocale
		}
		was = all[at].Code
		if all[at].Default {
			return nil, badLocale(WhyDefaultStays, was)
		}
		return slices.Delete(all, at, at+1), nil
	})
	return was, err
}

var errNoLocale = fault.New(fault.NotFound, "the store does not have this locale")

func badLocale(why fault.Reason, code string) error {
	return fault.Broken(fault.Invalid, fault.Item{Field: FieldLocales, Code: fault.BadFormat, Why: why, Value: code})
}

// changeLocales changes the languages of a store. change is told where among
// them code is, or -1.
func (s *Service) changeLocales(ctx context.Context, storeID int64, code string, change func(all []Locale, at int) ([]Locale, error)) error {
	if !IsLanguage(code) {
		return badLocale(WhyLanguage, code)
	}
	_, err := s.rewrite(ctx, storeID, func(tx *sqldb.Tx, have *Settings) (*Settings, error) {
		is, err := ReadSettings(tx)
		if err != nil {
			return nil, err
		}
		all := is.Locales()
		if all, err = change(all, findLocale(all, code)); err != nil {
			return nil, err
		}
		have.setLocales(all)
		return have, nil
	})
	return err
}
