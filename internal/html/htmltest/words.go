// Package htmltest checks the words of surfaces, for their tests.
package htmltest

import (
	"bytes"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"

	"clientele/internal/html"
)

var place = regexp.MustCompile(`\{\d\}`)

// Words checks that every language has every text of a surface once, with the
// same places to fill in.
func Words(t *testing.T, files fs.FS) {
	t.Helper()
	read := func(lang string) map[string]string {
		texts, err := html.ReadWords(files, lang)
		if err != nil {
			t.Fatal(err)
		}
		return texts
	}
	places := func(text string) []string { return slices.Sorted(slices.Values(place.FindAllString(text, -1))) }
	first := read(html.Languages[0])
	for _, lang := range html.Languages {
		texts := read(lang)
		for key, text := range texts {
			want, ok := first[key]
			if !ok {
				t.Errorf("%s: %s is in no other language", lang, key)
			}
			if !slices.Equal(places(want), places(text)) {
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
		text, err := fs.ReadFile(files, "locales/"+lang+".json")
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(text, []byte("\n")) - 2; n != len(texts) {
			t.Errorf("%s: %d lines for %d texts: one is there twice", lang, n, len(texts))
		}
	}
}
