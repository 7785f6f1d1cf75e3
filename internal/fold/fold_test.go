package fold_test

import (
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"clientele/internal/fold"
)

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"": "", " ": "", "Jane": "jane", " Jane\tDoe \n": "jane\tdoe", "ZOË ": "zoë", "ZOE\u0308": "zoë", "straße": "strasse", "STRASSE": "strasse", "ΣΊΣΥΦΟΣ": "σίσυφοσ", "σίσυφος": "σίσυφοσ",
		"\u212a": "k", "\u00a0a\u3000": "a", "日本": "日本", "İ": "i\u0307", "ﬁ": "fi", "A@B.C": "a@b.c",
	} {
		if got := fold.Text(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	if got := fold.Name("Zoë", " O'NEIL"); got != "zoë  o'neil" {
		t.Errorf("%q", got)
	}
}

// Folding what is folded changes nothing, and the form in which text was
// composed does not matter.
func TestTextIsStable(t *testing.T) {
	check := func(s string) {
		once := fold.Text(s)
		if twice := fold.Text(once); twice != once {
			t.Errorf("%+q: %+q, then %+q", s, once, twice)
		}
		for name, other := range map[string]string{"NFC": norm.NFC.String(s), "NFD": norm.NFD.String(s)} {
			if got := fold.Text(other); got != once {
				t.Errorf("%+q: %+q, from %s %+q", s, once, name, got)
			}
		}
	}
	for r := rune(1); r <= utf8.MaxRune; r++ {
		if utf8.ValidRune(r) {
			check(string(r))
		}
	}
	for r := rune(0xc0); r < 0x2000; r++ {
		check("A" + string(r) + "\u0301b")
	}
}

// A name needs a character that somebody sees.
func TestBlank(t *testing.T) {
	for _, s := range []string{"", " ", "\t\r\n", "\u00a0\u3000", "\u200b", "\u200c\u200d\u2060", "\ufeff", "\u00ad", "\u3164", "\u2800", "\u200e \u200f", "\ufe0f", "\x00\x7f"} {
		if !fold.Blank(s) {
			t.Errorf("%+q is seen", s)
		}
	}
	for _, s := range []string{"a", "\u200ba", "~", "é", "\u0301", "李", "👩\u200d👩", "\ufffd", "\xff", "\ue000", "\U000e0fff1"} {
		if fold.Blank(s) {
			t.Errorf("%+q is not seen", s)
		}
	}
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"", "Zoë", "\xff", "a\x00", "İ", "\u0345\u0301", " \u2003x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if once := fold.Text(s); utf8.ValidString(s) && !utf8.ValidString(once) {
			t.Errorf("%+q: %+q is not valid", s, once)
		}
	})
}

func TestPlain(t *testing.T) {
	for in, want := range map[string]string{
		"Smith ": "smith", "ZOË": "zoe", "Müller": "muller", "Weiß": "weiss", "IŞIL": "isil", "İzmir": "izmir", "Yıldırım": "yildirim",
		"Ørsted": "orsted", "Łódź": "lodz", "Æsir": "aesir", "ﬁne": "fine", "１２": "12", "Ελλάς": "ελλασ", "e\u0301": "e", "O’Brien": "o’brien", "": "",
	} {
		if got := fold.Plain(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
		if got := fold.Plain(fold.Plain(in)); got != want {
			t.Errorf("%q: folded twice %q", in, got)
		}
	}
}
