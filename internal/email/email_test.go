package email_test

import (
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"clientele/internal/email"
	"clientele/internal/fault"
)

func TestValid(t *testing.T) {
	long := strings.Repeat("a", 64)
	for in, want := range map[string]bool{
		"jane@example.com": true, "jane+tag@example.com": true, "jäne@exämple.com": true, "a@b": true, "a@xn--exmple-cua.com": true,
		"o'neil/x=1!#$%&*?^_`{|}~-@example.com": true, "a..b.@example.com": true, "straße@straße.example": true, "\u212a@example.com": true,
		"a@１２３.ｃｏｍ": true, "a@例え。テスト": true, "a@ab--cd.com": true, "用户@例子.广告": true, long + "@example.com": true,
		"a@" + long[:63] + ".com": true, "☺@example.com": true,
		"": false, "jane": false, "@example.com": false, "jane@": false, "a@b@c": false, " jane@example.com": false,
		"jane@example.com ": false, "ja ne@example.com": false, "jane@exa\u00a0mple.com": false, "jane@example.com\n": false,
		"Jane <jane@example.com>": false, "a@b,c@d": false, "a\xff@b": false, "a\x00@b": false,
		"a@example..com": false, "a@.example.com": false, "a@example.com.": false, "a@example.com。": false, "a@.": false, "a@。": false,
		"a@-example.com": false, "a@example-.com": false, "a@example.com-": false, "a@my_host.com": false, "a@[192.0.2.1]": false, "a@exa!mple.com": false,
		"mailto:a@example.com": false, `"a"@example.com`: false, `a\b@example.com`: false, "a(b)@example.com": false, "[a]@example.com": false, "a;b@example.com": false,
		long + "a@example.com": false, "a@" + long + ".com": false, "a@" + strings.Repeat(long[:63]+".", 4) + "com": false,
		strings.Repeat("é", 33) + "@example.com": false, "a@" + strings.Repeat("é", 60) + ".com": false,
		// Invisible characters, on both sides of the @.
		"mbox@example.com\u200b": false, "mbox@exam\u00adple.com": false, "m\u200dbox@example.com": false, "m\u200cbox@example.com": false,
		"\ufeffmbox@example.com": false, "mbox\ufe0f@example.com": false, "mbox\U000e0101@example.com": false, "mbox\u2060@example.com": false,
		"mbox\u034f@example.com": false, "mbox\u3164@example.com": false, "mbox\u115f@example.com": false, "mbox\u202e@example.com": false,
		"mbox\u180e@example.com": false, "mbox\u2800@example.com": false, "mbox\ufffd@example.com": false, "mbox\U000e0041@example.com": false,
		"mbox\ue000@example.com": false, "mbox\ufdd0@example.com": false, "mbox@exa\u200cmple.com": false, "mbox@xn--a.com": false,
	} {
		if got := email.Valid(in); got != want {
			t.Errorf("%+q: %v (%s)", in, got, email.Reason(in))
		}
	}
}

// Nobody can be told apart by characters that show nothing.
func TestInvisible(t *testing.T) {
	for _, table := range []*unicode.RangeTable{unicode.Cf, unicode.Cc, unicode.Z, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector, unicode.Co} {
		for _, r := range table.R16 {
			for c := rune(r.Lo); c <= rune(r.Hi); c += rune(r.Stride) {
				if email.Valid("a"+string(c)+"@example.com") || email.Valid("a@exam"+string(c)+"ple.com") {
					t.Errorf("U+%04X is taken", c)
				}
			}
		}
		for _, r := range table.R32 {
			for c := rune(r.Lo); c <= min(rune(r.Hi), rune(r.Lo)+2000); c += rune(r.Stride) {
				if email.Valid("a"+string(c)+"@example.com") || email.Valid("a@exam"+string(c)+"ple.com") {
					t.Errorf("U+%04X is taken", c)
				}
			}
		}
	}
}

func TestCheck(t *testing.T) {
	for in, want := range map[string]fault.Item{
		"jane@example.com":                       {},
		"jane":                                   {Why: email.WhyNone},
		"a b@example.com":                        {Why: email.WhyNone},
		"mailto:a@example.com":                   {Why: email.WhySpecial, Value: ":"},
		"a@example..com":                         {Why: email.WhyEmptyPart},
		"a@.example.com":                         {Why: email.WhyEmptyPart},
		"a@example.com.":                         {Why: email.WhyEmptyPart},
		"a@example.com。":                         {Why: email.WhyEmptyPart},
		"a@-example.com":                         {Why: email.WhyHyphen},
		"a@my_host.com":                          {Why: email.WhyDomain},
		"a\u200b@example.com":                    {Why: email.WhyInvisible, Value: "U+200B"},
		strings.Repeat("a", 65) + "@example.com": {Why: email.WhyLocal, Want: "64"},
		"a@" + strings.Repeat("a", 64) + ".com":  {Why: email.WhyLongPart, Want: "63"},
		"a@" + strings.Repeat(strings.Repeat("a", 63)+".", 3) + strings.Repeat("a", 61): {Why: email.WhyLong, Want: "254"},
		"a@" + strings.Repeat("a", 254): {Code: fault.TooLong, Want: "255"},
	} {
		if want != (fault.Item{}) && want.Code == "" {
			want.Code = fault.BadFormat
		}
		good := want == (fault.Item{})
		want.Field = "email"
		if got, ok := email.Check("email", in); got != want || ok != good || (email.Reason(in) == "") != good {
			t.Errorf("%+q: %+v, %v, want %+v", in, got, ok, want)
		}
	}
}

func TestKey(t *testing.T) {
	for _, same := range [][]string{
		{"mbox@example.com", "Mbox@Example.COM", " mbox@example.com\n", "mbox@exam\u00adple.com", "mbox@example.com\u200b", "mbox@example.com.", "mbox@example。com", "mbox@ｅｘａｍｐｌｅ.com", "mbox@example.com。"},
		{"a@xn--mnchen-3ya.de", "a@münchen.de", "A@MÜNCHEN.DE", "a@mu\u0308nchen.de", "a@XN--MNCHEN-3YA.de", "a@xn--mnchen-3ya.de."},
		{"zoë@example.com", "zoe\u0308@example.com", "ZOË@example.com"},
		{"straße@example.com", "STRAẞE@example.com"},
		{"σ@example.com", "Σ@example.com"},
	} {
		for _, v := range same {
			if got, want := email.Key(v), email.Key(same[0]); got != want {
				t.Errorf("%+q: %+q, want %+q", v, got, want)
			}
		}
	}
	if got := email.Key(" Mbox@MÜNCHEN.de "); got != "mbox@xn--mnchen-3ya.de" {
		t.Errorf("%+q", got)
	}
	others := []string{"straße@example.com", "strasse@example.com", "k@example.com", "\u212a@example.com", "i@example.com", "\u0130@example.com", "ı@example.com",
		"ς@example.com", "σ@example.com", "a@straße.de", "a@strasse.de", "\ufb01@example.com", "fi@example.com", "ｋ@example.com"}
	seen := map[string]string{}
	for _, v := range others {
		if other, ok := seen[email.Key(v)]; ok {
			t.Errorf("%+q is %+q", v, other)
		}
		seen[email.Key(v)] = v
		if !email.Valid(v) {
			t.Errorf("%+q is refused", v)
		}
	}
}

func TestMailbox(t *testing.T) {
	for in, want := range map[string]string{
		"Mbox@Example.COM": "Mbox@example.com", "a@münchen.de": "a@xn--mnchen-3ya.de", "Zoe\u0308@example.com": "Zoë@example.com",
		"\u212a@example.com": "\u212a@example.com", "a@ｅｘａｍｐｌｅ。com": "a@example.com", "a@example.com.": "", "nobody": "", "a\u200b@example.com": "",
	} {
		if got, ok := email.Mailbox(in); got != want || ok != (want != "") {
			t.Errorf("%+q: %+q, %v", in, got, ok)
		}
	}
	if email.NeedsUTF8("a@xn--mnchen-3ya.de") || !email.NeedsUTF8("ä@example.com") {
		t.Error("only a local part beyond ASCII needs SMTPUTF8")
	}
}

// Addresses are found under the keys that they had before.
func TestKeys(t *testing.T) {
	for in, want := range map[string][]string{
		"Jane@example.com":       {"jane@example.com"},
		"jane@ab--cd.com":        {"jane@ab--cd.com"},
		"Jane@MÜNCHEN.de":        {"jane@münchen.de", "jane@xn--mnchen-3ya.de"},
		"jane@xn--mnchen-3ya.de": {"jane@xn--mnchen-3ya.de", "jane@münchen.de"},
		"straße@example.com":     {"strasse@example.com", "straße@example.com"},
		"mbox@example.com\u200b": {"mbox@example.com\u200b", "mbox@example.com"},
		"mbox@example.com.":      {"mbox@example.com.", "mbox@example.com"},
		"\u212a@straße.de":       {"k@strasse.de", "\u212a@xn--strae-oqa.de", "k@xn--strae-oqa.de"},
	} {
		if got := email.Keys(in); !slices.Equal(got, want) {
			t.Errorf("%+q: %+q, want %+q", in, got, want)
		}
	}
}

// check holds an address to what every address has to hold.
func check(t *testing.T, in string) {
	t.Helper()
	key := email.Key(in)
	if strings.ContainsRune(key, 0) || !utf8.ValidString(key) {
		t.Errorf("%+q: the key %+q is no text for every engine", in, key)
	}
	if again := email.Key(key); again != key {
		t.Errorf("%+q: %+q, then %+q", in, key, again)
	}
	if keys := email.Keys(in); !slices.Contains(keys, key) || email.Moved(in) == (keys[0] == key) {
		t.Errorf("%+q: %+q", in, keys)
	}
	mailbox, ok := email.Mailbox(in)
	if ok != email.Valid(in) {
		t.Errorf("%+q: valid, and not", in)
	}
	if !ok {
		return
	}
	if email.Key(mailbox) != key {
		t.Errorf("%+q is sent to %+q", in, mailbox)
	}
	if again, ok := email.Mailbox(mailbox); !ok || again != mailbox {
		t.Errorf("%+q: %+q, then %+q", in, mailbox, again)
	}
	at := strings.LastIndexByte(mailbox, '@')
	if email.NeedsUTF8(mailbox[at:]) || mailbox[at:] != key[strings.LastIndexByte(key, '@'):] {
		t.Errorf("%+q is sent to the domain %+q", in, mailbox[at:])
	}
	// What is added to the mailbox is another one.
	if other := "x" + in; email.Valid(other) && email.Key(other) == key {
		t.Errorf("%+q is %+q", other, in)
	}
}

func TestEveryCharacter(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if r > 0x3000 && r%97 != 0 && (r < 0xf900 || r > 0x10000) {
			continue
		}
		check(t, "a"+string(r)+"@example.com")
		check(t, "a@exa"+string(r)+"mple.com")
	}
	for r := rune(0xc0); r < 0x2000; r++ {
		check(t, "A"+string(r)+"\u0301\u0307@example.com")
	}
}

func FuzzKey(f *testing.F) {
	for _, s := range []string{"Jane@Example.com", " x ", "\x00", "\xff", "ẞ@ﬀ", "a@münchen.de", "a@xn--mnchen-3ya.de.", "a@b。c", "a@.", "\u212a@\u212a", "x@-a--b-", "İ@İ", "a@xn--a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) { check(t, in) })
}

// Two addresses with one key are one mailbox, but for the case of letters.
func FuzzMailbox(f *testing.F) {
	f.Add("a@münchen.de", "A@xn--mnchen-3ya.de")
	f.Add("Zoë@example.com", "zoe\u0308@EXAMPLE.com")
	f.Add("straße@a", "strasse@a")
	f.Fuzz(func(t *testing.T, a, b string) {
		one, ok := email.Mailbox(a)
		two, too := email.Mailbox(b)
		if ok && too && (email.Key(a) == email.Key(b)) != (email.Key(one) == email.Key(two)) {
			t.Errorf("%+q and %+q", a, b)
		}
		if ok && too && email.Key(a) == email.Key(b) && !strings.EqualFold(one, two) {
			t.Errorf("%+q goes to %+q, %+q to %+q", a, one, b, two)
		}
	})
}

func TestSame(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"jane@example.com", "jane@example.com", true}, {"Jane@example.com", "jane@EXAMPLE.com", true},
		{"jane@münchen.de", "jane@xn--mnchen-3ya.de", true}, {"", "", true},
		{"straße@example.com", "strasse@example.com", false}, {"\u212a@example.com", "k@example.com", false},
		{"jane@example.com", "", false},
	} {
		if got := email.Same(c.a, c.b); got != c.same {
			t.Errorf("%+q and %+q: %v", c.a, c.b, got)
		}
	}
}
