package pages

import (
	"cmp"
	"embed"
	"encoding/json"
	"html/template"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"clientele/internal/fold"
	"clientele/internal/geo"
	"clientele/internal/store"
)

//go:embed locales/*.json
var locales embed.FS

// catalogues are the languages that pages speak; the first is the last resort.
var catalogues = []string{"en", "de", "fr"}

// look is how pages look in a language.
type look struct {
	Lang  string
	texts map[string]string
	pages map[string]*template.Template
	// countries are all countries by their names.
	countries func() []option
}

func newLooks() map[string]*look {
	out := map[string]*look{}
	for _, lang := range catalogues {
		l := &look{Lang: lang, texts: catalogue(lang)}
		l.countries = sync.OnceValue(l.listCountries)
		l.pages = l.parse()
		out[lang] = l
	}
	return out
}

// catalogue reads the texts of a language. The files are part of the program.
func catalogue(lang string) map[string]string {
	text, err := locales.ReadFile(path.Join("locales", lang+".json"))
	if err != nil {
		panic("pages: " + err.Error())
	}
	out := map[string]string{}
	if err := json.Unmarshal(text, &out); err != nil {
		panic("pages: " + lang + ": " + err.Error())
	}
	return out
}

// text returns a message, in which {0}, {1}, … stand for arguments.
func (l *look) text(key string, args ...string) string {
	s, ok := l.texts[key]
	if !ok {
		return "[" + key + "]"
	}
	for i, a := range args {
		s = strings.ReplaceAll(s, "{"+strconv.Itoa(i)+"}", a)
	}
	return s
}

// plural is text for a number of things.
func (l *look) plural(key string, n int) string {
	form := ".other"
	if n == 1 || n == 0 && l.Lang == "fr" {
		form = ".one"
	}
	return l.text(key+form, strconv.Itoa(n))
}

func (l *look) date(unix int64, zone *time.Location) string {
	return time.Unix(unix, 0).In(zone).Format(l.texts["date.layout"])
}

func (l *look) listCountries() []option {
	names := display.Regions(language.Make(l.Lang))
	var out []option
	for _, c := range geo.Countries() {
		name := c.Name
		if region, err := language.ParseRegion(c.Code); l.Lang != "en" && err == nil {
			name = cmp.Or(names.Name(region), name)
		}
		out = append(out, option{Value: c.Code, Label: name})
	}
	slices.SortStableFunc(out, func(a, b option) int { return strings.Compare(fold.Text(a.Label), fold.Text(b.Label)) })
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

// negotiate chooses a language: of those that a store offers and pages speak,
// the one that a visitor likes best; the store's own comes first.
func negotiate(s *store.Settings, accept string) string {
	var offered []language.Tag
	var langs []string
	for _, name := range append([]string{s.Language}, s.Storefront.Locales...) {
		tag, err := language.Parse(strings.ReplaceAll(name, "_", "-"))
		if err != nil {
			continue
		}
		base, _ := tag.Base()
		if lang := base.String(); slices.Contains(catalogues, lang) && !slices.Contains(langs, lang) {
			offered, langs = append(offered, language.Make(lang)), append(langs, lang)
		}
	}
	if s.StoreID == 0 { // no store at all
		langs = catalogues
		for _, lang := range catalogues {
			offered = append(offered, language.Make(lang))
		}
	}
	if len(langs) == 0 {
		return catalogues[0]
	}
	wanted, _, err := language.ParseAcceptLanguage(accept)
	if err != nil || len(accept) > 1000 {
		return langs[0]
	}
	_, i, confidence := language.NewMatcher(offered).Match(wanted...)
	if confidence < language.High {
		return langs[0]
	}
	return langs[i]
}
