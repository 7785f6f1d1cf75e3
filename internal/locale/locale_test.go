package locale

import (
	"slices"
	"strings"
	"testing"
)

// What was chosen outweighs what is kept, and that what a browser accepts.
func TestChoose(t *testing.T) {
	all := []string{"en", "de-DE", "fr", "pt_BR"}
	for _, c := range []struct {
		offered []string
		wish    Wish
		want    Choice
	}{
		{all, Wish{}, Choice{"en", Default}},
		{all, Wish{Accept: "fr-CH, de;q=0.4"}, Choice{"fr", Accepted}},
		{all, Wish{Accept: "it, de;q=0.4"}, Choice{"de-DE", Accepted}},
		{all, Wish{Kept: "de", Accept: "fr"}, Choice{"de-DE", Kept}},
		{all, Wish{Chosen: "fr", Kept: "de", Accept: "en"}, Choice{"fr", Chosen}},
		{all, Wish{Named: "de", Asked: "pt-BR", Chosen: "fr", Kept: "fr", Accept: "en"}, Choice{"de-DE", Named}},
		{all, Wish{Named: "ja", Asked: "pt-BR"}, Choice{"pt_BR", Asked}},
		{all, Wish{Asked: "pt-BR", Chosen: "fr", Kept: "de", Accept: "en"}, Choice{"pt_BR", Asked}},
		{all, Wish{Asked: "en, fr;q=0.5", Chosen: "fr"}, Choice{"en", Asked}},
		// What is not offered, or no language, is passed over.
		{all, Wish{Asked: "ja", Chosen: "it", Kept: "es", Accept: "fr"}, Choice{"fr", Accepted}},
		{all, Wish{Asked: ";;;", Chosen: "<script>", Kept: "\x00", Accept: "de"}, Choice{"de-DE", Accepted}},
		{all, Wish{Chosen: strings.Repeat("fr,", 1000), Kept: "de"}, Choice{"de-DE", Kept}},
		{all, Wish{Accept: "*"}, Choice{"en", Default}},
		{all, Wish{Accept: "ja"}, Choice{"en", Default}},
		// Another script of a language is not read by who wants the first.
		{[]string{"en", "zh-Hans", "fr"}, Wish{Chosen: "zh-TW", Kept: "fr"}, Choice{"fr", Kept}},
		{[]string{"en", "zh-Hans", "fr"}, Wish{Chosen: "zh-SG", Kept: "fr"}, Choice{"zh-Hans", Chosen}},
		// How much is read of a wish has a bound.
		{all, Wish{Accept: "fr" + strings.Repeat(",ja", 332)}, Choice{"fr", Accepted}},
		{all, Wish{Accept: "fr" + strings.Repeat(",ja", 333)}, Choice{"en", Default}},
		// One language leaves nothing to choose.
		{[]string{"de"}, Wish{Chosen: "de", Accept: "en"}, Choice{"de", Default}},
		{[]string{"", "klingon!", "de"}, Wish{Accept: "en"}, Choice{"de", Default}},
		{nil, Wish{Accept: "en"}, Choice{}},
	} {
		if got := c.wish.Choose(c.offered); got != c.want {
			t.Errorf("%v, %+v: %v, want %v", c.offered, c.wish, got, c.want)
		}
	}
}

func TestKeep(t *testing.T) {
	for _, c := range []struct {
		choice     Choice
		kept, want string
	}{
		{Choice{"fr", Chosen}, "de", "fr"}, {Choice{"fr", Asked}, "de", "fr"}, {Choice{"fr", Named}, "de", "fr"}, {Choice{"fr", Accepted}, "de", "de"}, {Choice{"fr", Accepted}, "", "fr"},
		{Choice{"en", Default}, "", ""}, {Choice{"en", Default}, "de", "de"}, {Choice{"de", Kept}, "de", "de"}, {Choice{}, "de", "de"},
	} {
		if got := c.choice.Keep(c.kept); got != c.want {
			t.Errorf("%v, %q: %q, want %q", c.choice, c.kept, got, c.want)
		}
	}
}

// A later decision for the same person comes out the same, as far as it is the
// request that decided.
func TestWishOfChoice(t *testing.T) {
	all := []string{"en", "de", "fr"}
	for _, w := range []Wish{{Asked: "de"}, {Chosen: "de"}, {Accept: "de"}, {}} {
		first := w.Choose(all)
		if again := first.Wish().Choose(all); again != first {
			t.Errorf("%+v: %v, then %v", w, first, again)
		}
	}
	if got := (Choice{"de", Kept}).Wish(); got != (Wish{}) {
		t.Errorf("what is kept is looked up: %+v", got)
	}
}

func TestTag(t *testing.T) {
	for name, want := range map[string]string{"de": "de", "DE_at": "de-AT", "pt-br": "pt-BR", "zh-hant-TW": "zh-Hant-TW", "": "", "und": "", "x": "", "deutsch!": "", "de\x00": "", strings.Repeat("a", 36): "", "de, fr": ""} {
		got, ok := Tag(name)
		if ok != (want != "") || ok && got != want {
			t.Errorf("%q: %q %v", name, got, ok)
		}
	}
	if got := Base("pt_BR"); got != "pt" {
		t.Error(got)
	}
	if got := Fallbacks("zh_Hant-TW"); !slices.Equal(got, []string{"zh-hant-tw", "zh-hant", "zh"}) {
		t.Error(got)
	}
}

func FuzzChoose(f *testing.F) {
	f.Add("de", "fr-CH, de;q=0.4", "en")
	f.Add("\x00", ";;;", "*")
	f.Fuzz(func(t *testing.T, chosen, accept, kept string) {
		all := []string{"en", "de-AT", "fr"}
		if got := (Wish{Chosen: chosen, Accept: accept, Kept: kept}).Choose(all); !slices.Contains(all, got.Locale) {
			t.Errorf("%q %q %q: %v", chosen, accept, kept, got)
		}
		if tag, ok := Tag(chosen); ok {
			if again, ok := Tag(tag); !ok || again != tag {
				t.Errorf("%q: %q, then %q", chosen, tag, again)
			}
		}
	})
}
