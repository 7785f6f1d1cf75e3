package pages

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"clientele/internal/store"
	"clientele/internal/visit"
)

// Every language has every text, with the same places to fill in.
func TestCatalogues(t *testing.T) {
	first := catalogue(catalogues[0])
	place := regexp.MustCompile(`\{\d\}`)
	for _, lang := range catalogues {
		texts := catalogue(lang)
		for key, text := range texts {
			want, ok := first[key]
			if !ok {
				t.Errorf("%s: %s is in no other language", lang, key)
			}
			a, b := place.FindAllString(want, -1), place.FindAllString(text, -1)
			sort.Strings(a)
			if sort.Strings(b); !slices.Equal(a, b) {
				t.Errorf("%s: %s has other places: %q", lang, key, text)
			}
			if strings.TrimSpace(text) == "" {
				t.Errorf("%s: %s is empty", lang, key)
			}
		}
		for key := range first {
			if _, ok := texts[key]; !ok {
				t.Errorf("%s: no %s", lang, key)
			}
		}
		text, err := locales.ReadFile("locales/" + lang + ".json")
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(text, []byte("\n")) - 2; n != len(texts) {
			t.Errorf("%s: %d lines for %d texts: one is there twice", lang, n, len(texts))
		}
	}
}

// Every text is used, and every text that is used is there.
func TestTextsAreUsed(t *testing.T) {
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
		for _, m := range regexp.MustCompile(`\bt "([^"]+)"|(?:text|plural)\("([^"]+)"[,)]`).FindAllStringSubmatch(string(text), -1) {
			key := m[1] + m[2]
			texts := catalogue("en")
			if texts[key] == "" && texts[key+".other"] == "" {
				t.Errorf("%s: there is no text %s", f, key)
			}
		}
	}
	for key := range catalogue("en") {
		base := strings.TrimSuffix(strings.TrimSuffix(key, ".one"), ".other")
		ok := used[key] || used[base] || slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(key, p) })
		if !ok {
			t.Errorf("nothing uses %s", key)
		}
	}
	for code := range successes {
		if catalogue("en")["flash."+code] == "" {
			t.Errorf("no text for the message %s", code)
		}
	}
	for code := range failures {
		if catalogue("en")["flash."+code] == "" {
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
		if depth < 8 && v.CanSet() && v.Type() != reflect.TypeFor[*time.Location]() {
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
	all := []page{&homePage{}, &signInView{}, &formPage{}, &confirmView{}, &messagePage{}, &overviewPage{}, &bookPage{}, &sessionsView{}}
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
					q.Form, q.Link = &htmlForm{}, &htmlForm{}
				case *formPage:
					q.Form = &htmlForm{}
				case *confirmView:
					q.Form = &htmlForm{}
				}
				if full {
					fillAll(v.Elem(), 0)
					if s, ok := q.(*sessionsView); ok {
						for i := range s.Sessions {
							s.Sessions[i].Seen, s.Sessions[i].Created = stamp{1, time.UTC}, stamp{2, time.UTC}
						}
					}
					if f, ok := q.(*formPage); ok {
						var fields []*field
						for i, kind := range kinds {
							x := &field{}
							fillAll(reflect.ValueOf(x).Elem(), 0)
							x.Name, x.Type = fmt.Sprint("n", i), kind
							fields = append(fields, x)
						}
						f.Form.Sections[0].Fields = fields
					}
				}
				var b bytes.Buffer
				if err := l.pages[q.template()].Execute(&b, q); err != nil {
					t.Errorf("%s in %s: %v", q.template(), lang, err)
					continue
				}
				text := b.String()
				if _, err := html.Parse(&b); err != nil {
					t.Errorf("%s in %s: %v", q.template(), lang, err)
				}
				if strings.Contains(text, `<b>"x"`) || strings.Contains(text, "ZgotmplZ") {
					t.Errorf("%s in %s: %s", q.template(), lang, text)
				}
			}
		}
	}
}

func TestNegotiate(t *testing.T) {
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
		if got := negotiate(c.store, c.accept); got != c.want {
			t.Errorf("%s %v, %q: %s", c.store.Language, c.store.Storefront.Locales, c.accept, got)
		}
	}
}

// Whatever colour a store chooses, text can be read.
func TestPalette(t *testing.T) {
	parse := func(s string) (c rgb) {
		var r, g, b int
		if _, err := fmt.Sscanf(s, "#%02x%02x%02x", &r, &g, &b); err != nil {
			t.Fatal(s, err)
		}
		return rgb{float64(r), float64(g), float64(b)}
	}
	for r := 0; r < 256; r += 17 {
		for g := 0; g < 256; g += 17 {
			for b := 0; b < 256; b += 17 {
				p := newPalette(fmt.Sprintf("#%02x%02x%02x", r, g, b))
				for _, pair := range [][2]string{{p.Accent, p.OnAccent}, {p.Link, "#ffffff"}, {p.Link, "#f4f5f7"}, {p.Dark, p.OnDark}, {p.Dark, "#1c1e22"}, {p.Dark, "#14161a"}} {
					if c := contrast(parse(pair[0]), parse(pair[1])); c < 4.5 {
						t.Fatalf("%v: %s on %s has only %.2f", p, pair[0], pair[1], c)
					}
				}
			}
		}
	}
	if p := newPalette("red;}"); p.Accent != "#1f4e79" {
		t.Errorf("%+v", p)
	}
}

func TestTextsAreJSON(t *testing.T) {
	for _, lang := range catalogues {
		text, err := locales.ReadFile("locales/" + lang + ".json")
		if err != nil || !json.Valid(text) {
			t.Errorf("%s: %v", lang, err)
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
