package pages

import (
	"bytes"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	xhtml "golang.org/x/net/html"

	"clientele/internal/html"
	"clientele/internal/html/htmltest"
	"clientele/internal/store"
	"clientele/internal/visit"
)

// Every language has every text, with the same places to fill in.
func TestCatalogues(t *testing.T) { htmltest.Words(t, locales) }

// Every text is used, and every text that is used is there.
func TestTextsAreUsed(t *testing.T) {
	words := html.Words("en", locales)
	texts, err := html.ReadWords(locales, "en")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	prefixes := []string{}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob("templates/*.html")
	if err != nil {
		t.Fatal(err)
	}
	word := regexp.MustCompile(`"([a-z_0-9]+(?:\.[a-z_0-9]+)*\.?)"`)
	for _, f := range append(files, more...) {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range word.FindAllStringSubmatch(string(text), -1) {
			used[m[1]] = true
			if strings.HasSuffix(m[1], ".") {
				prefixes = append(prefixes, m[1])
			}
		}
		for _, m := range regexp.MustCompile(`\bt "([^"]+)"|(?:Text|Plural)\("([^"]+)"[,)]`).FindAllStringSubmatch(string(text), -1) {
			key := m[1] + m[2]
			if !words.Has(key) && !words.Has(key+".other") {
				t.Errorf("%s: there is no text %s", f, key)
			}
		}
	}
	for key := range texts {
		base := strings.TrimSuffix(strings.TrimSuffix(key, ".one"), ".other")
		ok := used[key] || used[base] || slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(key, p) })
		if !ok {
			t.Errorf("nothing uses %s", key)
		}
	}
	for code := range successes {
		if !words.Has("flash." + code) {
			t.Errorf("no text for the message %s", code)
		}
	}
	for code := range failures {
		if !words.Has("flash." + code) {
			t.Errorf("no text for the message %s", code)
		}
	}
}

// fillAll gives every part of a page a value, so that a template that names
// what is not there fails.
func fillAll(v reflect.Value, depth int) {
	if v.Kind() == reflect.Struct && v.Type() == reflect.TypeFor[stamp]() {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if depth < 12 && v.CanSet() && v.Type() != reflect.TypeFor[*time.Location]() {
			v.Set(reflect.New(v.Type().Elem()))
			fillAll(v.Elem(), depth+1)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() || v.Type().Field(i).Anonymous {
				fillAll(v.Field(i), depth+1)
			}
		}
	case reflect.Slice:
		if v.CanSet() {
			v.Set(reflect.MakeSlice(v.Type(), 2, 2))
			for i := range v.Len() {
				fillAll(v.Index(i), depth+1)
			}
		}
	case reflect.String:
		if v.CanSet() {
			v.SetString(`<b>"x"</b>`)
		}
	case reflect.Bool:
		if v.CanSet() {
			v.SetBool(true)
		}
	case reflect.Int, reflect.Int64:
		if v.CanSet() {
			v.SetInt(7)
		}
	}
}

// Every template executes with its page, empty and full, in every language,
// and what was entered stays text.
func TestTemplates(t *testing.T) {
	all := []page{&homePage{}, &signInView{}, &formPage{}, &confirmView{}, &messagePage{}, &overviewPage{}, &bookPage{}, &wishlistsPage{}, &wishlistView{}, &ordersView{}, &orderView{}, &sessionsView{}}
	if len(all) != len(pageNames) {
		t.Fatalf("%d pages, %d templates", len(all), len(pageNames))
	}
	kinds := []string{"text", "textarea", "select", "radio", "checks", "check", "password", "date", "email"}
	for lang, l := range newLooks() {
		for _, p := range all {
			for _, full := range []bool{false, true} {
				v := reflect.New(reflect.TypeOf(p).Elem())
				q := v.Interface().(page)
				switch q := q.(type) {
				case *signInView:
					q.Form, q.Link = &html.Form{}, &html.Form{}
				case *formPage:
					q.Form = &html.Form{}
				case *confirmView:
					q.Form = &html.Form{}
				}
				if full {
					fillAll(v.Elem(), 0)
					if s, ok := q.(*sessionsView); ok {
						for i := range s.Sessions {
							s.Sessions[i].Seen, s.Sessions[i].Created = stamp{1, time.UTC}, stamp{2, time.UTC}
						}
					}
					if f, ok := q.(*formPage); ok {
						var fields []*html.Field
						for i, kind := range kinds {
							x := &html.Field{}
							fillAll(reflect.ValueOf(x).Elem(), 0)
							x.Name, x.Type = fmt.Sprint("n", i), kind
							fields = append(fields, x)
						}
						f.Form.Sections[0].Fields = fields
					}
				}
				text, err := html.Render(l().pages.Page(q.template()), q)
				if err != nil {
					t.Errorf("%s in %s: %v", q.template(), lang, err)
					continue
				}
				if _, err := xhtml.Parse(bytes.NewReader(text)); err != nil {
					t.Errorf("%s in %s: %v", q.template(), lang, err)
				}
				if strings.Contains(string(text), `<b>"x"`) || strings.Contains(string(text), "ZgotmplZ") {
					t.Errorf("%s in %s: %s", q.template(), lang, text)
				}
			}
		}
	}
}

func TestSpeak(t *testing.T) {
	looks := newLooks()
	s := func(language string, locales ...string) *store.Settings {
		return &store.Settings{StoreID: 1, Language: language, Storefront: store.StorefrontSettings{Locales: locales}}
	}
	for _, c := range []struct {
		store  *store.Settings
		accept string
		want   string
	}{
		{s("en"), "de", "en"}, {s("de"), "en", "de"}, {s("de", "en"), "en-GB,en", "en"}, {s("en_US", "de-DE", "fr"), "fr-CH, de;q=0.4", "fr"},
		{s("it"), "de", "en"}, {s("it", "de"), "fr", "de"}, {s("en", "de"), "*", "en"}, {s("en", "de"), ";;;", "en"}, {s("en", "de"), "", "en"},
		{&store.Settings{}, "de", "de"}, {&store.Settings{}, "", "en"}, {s("en", "de"), strings.Repeat("de,", 1000), "en"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept-Language", c.accept)
		asked := &call{Pages: &Pages{looks: looks}, Visit: &visit.Visit{R: r}, settings: c.store}
		if asked.speak(); asked.look.Lang != c.want {
			t.Errorf("%s %v, %q: %s", c.store.Language, c.store.Storefront.Locales, c.accept, asked.look.Lang)
		}
	}
}

// Pages with a token in their address tell nobody where they are.
func TestSafeHeaders(t *testing.T) {
	for private, referrer := range map[bool]string{false: "same-origin", true: "strict-origin"} {
		w := httptest.NewRecorder()
		visits := &visit.Visits{}
		(&call{Visit: &visit.Visit{W: w, Visits: visits}, Pages: &Pages{visits: visits}, private: private}).headers()
		if h := w.Header(); h.Get("Referrer-Policy") != referrer || h.Get("Cache-Control") != "no-store" {
			t.Errorf("private %v: %v", private, h)
		}
	}
}
