package html_test

import (
	"testing"
	"testing/fstest"

	"clientele/internal/html"
	"clientele/internal/html/htmltest"
)

func TestKitWords(t *testing.T) { htmltest.Words(t, html.Locales()) }

func TestWords(t *testing.T) {
	c := html.Words("fr", fstest.MapFS{"locales/fr.json": {Data: []byte(`{"things.one":"{0} chose","things.other":"{0} choses","hello":"Bonjour {0}, {1}"}`)}})
	for got, want := range map[string]string{
		c.Plural("things", 0): "0 chose", c.Plural("things", 2): "2 choses", c.Text("hello", "a", "b"): "Bonjour a, b", c.Text("nothing"): "[nothing]", c.Text("optional"): "(facultatif)",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// A surface does not take the kit's words for something else.
func TestWordsAreThereOnce(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a text of the kit was replaced")
		}
	}()
	html.Words("en", fstest.MapFS{"locales/en.json": {Data: []byte(`{"skip":"x"}`)}})
}
