package html

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"clientele/internal/locale"
)

//go:embed locales/*.json
var locales embed.FS

// Languages are those that the kit speaks; the first is the last resort.
var Languages = []string{"en", "de", "fr"}

// Locales are the kit's own words, one file per language.
func Locales() fs.FS { return locales }

// Catalogue is all words of a surface in one language.
type Catalogue struct {
	Lang  string
	texts map[string]string
}

// Words returns the catalogue of a language: the kit's words and those of a
// surface, which are in the file locales/{language}.json. The files are part of
// the program, so a mistake in one panics.
func Words(lang string, surface fs.FS) *Catalogue {
	c := &Catalogue{Lang: lang, texts: map[string]string{}}
	for _, files := range []fs.FS{locales, surface} {
		if files == nil {
			continue
		}
		texts, err := ReadWords(files, lang)
		if err != nil {
			panic("html: " + err.Error())
		}
		for key, text := range texts {
			if _, twice := c.texts[key]; twice {
				panic("html: " + lang + ": the kit has the text " + key)
			}
			c.texts[key] = text
		}
	}
	return c
}

// ReadWords reads the file of a language.
func ReadWords(files fs.FS, lang string) (map[string]string, error) {
	text, err := fs.ReadFile(files, path.Join("locales", lang+".json"))
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	if err := json.Unmarshal(text, &out); err != nil {
		return nil, fmt.Errorf("%s: %w", lang, err)
	}
	return out, nil
}

// Has reports whether there is a text.
func (c *Catalogue) Has(key string) bool {
	_, ok := c.texts[key]
	return ok
}

// Text returns a message, in which {0}, {1}, … stand for arguments.
func (c *Catalogue) Text(key string, args ...string) string {
	s, ok := c.texts[key]
	if !ok {
		return "[" + key + "]"
	}
	for i, a := range args {
		s = strings.ReplaceAll(s, "{"+strconv.Itoa(i)+"}", a)
	}
	return s
}

// Plural is Text for a number of things. It takes the text at key.one or
// key.other.
func (c *Catalogue) Plural(key string, n int) string {
	return c.PluralWith(key, int64(n), strconv.Itoa(n))
}

// PluralWith is Plural of a text with arguments of its own: n is written as one of
// them.
func (c *Catalogue) PluralWith(key string, n int64, args ...string) string {
	form := ".other"
	if n == 1 || n == 0 && c.Lang == "fr" {
		form = ".one"
	}
	return c.Text(key+form, args...)
}

// Date writes a moment as people of the language do. The text "date.layout"
// says how.
func (c *Catalogue) Date(unix int64, zone *time.Location) string {
	return time.Unix(unix, 0).In(zone).Format(c.texts["date.layout"])
}

// Spoken returns those of a store's languages, which may be named with a region,
// that the kit speaks, each language once.
func Spoken(offered []string) []string {
	var out, langs []string
	for _, name := range offered {
		if lang := locale.Base(name); slices.Contains(Languages, lang) && !slices.Contains(langs, lang) {
			out, langs = append(out, name), append(langs, lang)
		}
	}
	return out
}
