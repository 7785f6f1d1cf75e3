package pages

import (
	"cmp"
	"embed"
	"net/http"
	"slices"
	"sync"

	"golang.org/x/text/language"

	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/geo"
	"clientele/internal/html"
	"clientele/internal/locale"
	"clientele/internal/store"
	"clientele/internal/visit"
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

func newLooks() map[string]func() *look {
	out := map[string]func() *look{}
	for _, lang := range html.Languages {
		out[lang] = sync.OnceValue(func() *look {
			l := &look{Catalogue: html.Words(lang, locales)}
			l.countries = sync.OnceValue(func() []html.Option { return html.Countries(l.Lang) })
			l.pages = l.parse()
			return l
		})
	}
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

// languages are those that pages of a store can be had in. The first is for
// visitors who want none of them.
func languages(s *store.Settings) []string {
	if s.StoreID == 0 {
		return html.Languages
	}
	if out := html.Spoken(s.Languages()); len(out) > 0 {
		return out
	}
	return html.Languages[:1]
}

// speak shows the pages in the language that the visitor wants.
func (c *call) speak() {
	kept := ""
	if c.session != nil {
		kept = c.session.Locale
	}
	c.language = c.Wish(kept).Choose(languages(c.settings))
	c.look = c.looks[locale.Base(c.language.Locale)]()
}

// languageLink is a language that a visitor can switch to.
type languageLink struct {
	Locale, Lang, Name string
	Current            bool
}

// others are the languages of the switch; none where there is one language.
func (c *call) others() []languageLink {
	offered := languages(c.settings)
	if len(offered) < 2 {
		return nil
	}
	var out []languageLink
	for _, name := range offered {
		l := c.looks[locale.Base(name)]()
		out = append(out, languageLink{Locale: name, Lang: l.Lang, Name: l.Text("language.name"), Current: l == c.look})
	}
	return out
}

// chooseLanguage takes the switch, which is on every page, and returns there.
func (c *call) chooseLanguage() error {
	name := c.form.Get("language")
	if !slices.Contains(languages(c.settings), name) {
		return errNoLanguage
	}
	if c.session != nil {
		if _, err := c.Customers.SetLocale(c.R.Context(), c.Site.StoreID, customer.Locale{CustomerID: c.session.CustomerID, Tag: name}); err != nil {
			return err
		}
	}
	c.SetLanguage(name)
	return c.redirect(visit.SafeRedirect(c.form.Get("back"), "/"))
}

var errNoLanguage = fault.New(fault.Invalid, "the store does not have the language")

// formPages are the actions that show a form, by the actions that it is sent to
// where these differ. What asks for a token is shown by the page before it.
var formPages = map[string]string{
	"check_login": "", "passwordless_login": "", "check_passwordless_login": "", "confirm_account": "",
	"save_new_account": "create_account", "send_password_email": "reset_password", "save_new_password": "reset_password",
}

// place is the address to which the switch of languages returns: the page
// itself, or after a post the page whose form was sent.
func (c *call) place() string {
	u := *c.R.URL
	if c.R.Method == http.MethodPost {
		if c.at != "" {
			return c.at
		}
		q := u.Query()
		action := q.Get("action")
		if page, ok := formPages[action]; ok {
			action = page
		}
		switch table := c.table; {
		case u.Path != "/login.php" && u.Path != "/account.php" && u.Path != "/change-password" || table["GET"] == nil:
			return "/"
		case action == "" || table["GET "+action] == nil:
			q.Del("action")
		default:
			q.Set("action", action)
		}
		u.RawQuery = q.Encode()
	}
	return visit.SafeRedirect(u.RequestURI(), "/")
}

// likelyCountry is the country that is chosen beforehand: the region of the
// language that the visitor likes best, or else the store's country.
func (c *call) likelyCountry() string {
	return cmp.Or(regionOf(c.R.Header.Get("Accept-Language")), c.settings.CountryCode)
}

// regionOf returns the country of an Accept-Language header: the region that
// comes with the language that is liked best, also where it is named behind the
// bare language. Regions of other languages tell of a browser, not of a person.
func regionOf(accept string) string {
	if len(accept) > maxAccept {
		return ""
	}
	tags, _, err := language.ParseAcceptLanguage(accept)
	if err != nil || len(tags) == 0 {
		return ""
	}
	first, _ := tags[0].Base()
	for _, tag := range tags {
		base, _ := tag.Base()
		region, sure := tag.Region()
		if base != first || sure != language.Exact {
			continue
		}
		if c, ok := geo.ByCode(region.String()); ok {
			return c.Code
		}
	}
	return ""
}

// maxAccept bounds how much of an Accept-Language header is read.
const maxAccept = 1000
