package email_test

import (
	"strings"
	"testing"

	"clientele/internal/email"
)

func TestValid(t *testing.T) {
	for in, want := range map[string]bool{
		"jane@example.com": true, "jane+tag@example.com": true, "jäne@exämple.com": true, "a@b": true,
		"": false, "jane": false, "@example.com": false, "jane@": false, "a@b@c": false, " jane@example.com": false,
		"jane@example.com ": false, "ja ne@example.com": false, "jane@exa\u00a0mple.com": false, "jane@example.com\n": false,
		"Jane <jane@example.com>": false, "a@b,c@d": false, "a\xff@b": false, "a\x00@b": false,
	} {
		if got := email.Valid(in); got != want {
			t.Errorf("%q: %v", in, got)
		}
	}
}

func FuzzKey(f *testing.F) {
	for _, s := range []string{"Jane@Example.com", " x ", "\x00", "\xff", "ẞ@ﬀ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		key := email.Key(in)
		if strings.ContainsRune(key, 0) {
			t.Errorf("%q has NUL", in)
		}
		if again := email.Key(key); again != key {
			t.Errorf("%q: %q, then %q", in, key, again)
		}
	})
}
