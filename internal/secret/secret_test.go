package secret_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"clientele/internal/secret"
)

func keyLine(b byte) string {
	return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{b}, 32)) + "\n"
}

func parse(t *testing.T, text string) *secret.Keys {
	t.Helper()
	k, err := secret.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func random(b []byte) { _, _ = rand.Read(b) }

var at = secret.Place{Store: 1, Table: "api_accounts", Column: "client_secret", Row: "erp"}

func TestParse(t *testing.T) {
	k := parse(t, "# of June\n\n"+keyLine(2)+"  "+keyLine(1))
	if ids := k.IDs(); len(ids) != 2 || ids[0] != k.Newest() || ids[0] == ids[1] || len(ids[0]) != 16 || !k.Has(ids[1]) || k.Has("") {
		t.Errorf("ids %v", ids)
	}
	if parse(t, keyLine(1)).Newest() != k.IDs()[1] {
		t.Error("a key's id depends on its place in the list")
	}
	for text, want := range map[string]string{
		"": "no key", "# nothing\n": "no key", "x": "line 1", "\n" + keyLine(1) + "AAAA\n": "line 3", keyLine(1) + keyLine(2) + keyLine(1): "line 3: the key is there",
		strings.Repeat("#\n", 5) + strings.TrimSuffix(keyLine(1), "=\n"): "line 6",
	} {
		if k, err := secret.Parse([]byte(text)); err == nil || k != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		} else if strings.Contains(err.Error(), "AQEB") {
			t.Errorf("the error repeats the key: %v", err)
		}
	}
	var many strings.Builder
	for i := range 101 {
		many.WriteString(keyLine(byte(i)))
	}
	if _, err := secret.Parse([]byte(many.String())); err == nil {
		t.Error("a list without a bound")
	}
}

func TestSealAndOpen(t *testing.T) {
	old := parse(t, keyLine(1))
	both := parse(t, keyLine(2)+keyLine(1))
	var none *secret.Keys
	for _, plain := range []string{"x", "ünï", strings.Repeat("long", 5000), "sealed:1:", "sealed:1:abc:def"} {
		a, err := old.Seal(random, at, plain)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := old.Seal(random, at, plain)
		if a == b || len(plain) > 9 && strings.Contains(a, plain) || secret.KeyOf(a) != old.Newest() {
			t.Errorf("%.20q is stored as %.60q and %.60q", plain, a, b)
		}
		for _, k := range []*secret.Keys{old, both} {
			if got, err := k.Open(at, a); err != nil || got != plain {
				t.Errorf("%.20q opens as %.20q, %v", plain, got, err)
			}
		}
		var unknown *secret.UnknownKeyError
		for _, k := range []*secret.Keys{none, parse(t, keyLine(2))} {
			if got, err := k.Open(at, a); !errors.As(err, &unknown) || unknown.ID != old.Newest() || got != "" {
				t.Errorf("without its key: %q, %v", got, err)
			}
		}
		if c, _ := both.Seal(random, at, plain); secret.KeyOf(c) != both.Newest() {
			t.Errorf("not under the newest key: %.40q", c)
		}
	}
	// Nothing is no secret, and without keys values are what they are.
	for _, k := range []*secret.Keys{none, old} {
		if got, err := k.Seal(random, at, ""); got != "" || err != nil {
			t.Errorf("empty: %q, %v", got, err)
		}
		if got, err := k.Open(at, "plain"); got != "plain" || err != nil {
			t.Errorf("plain: %q, %v", got, err)
		}
	}
	if got, err := none.Seal(random, at, "plain"); got != "plain" || err != nil || secret.KeyOf(got) != "" || none.Newest() != "" || none.IDs() != nil || none.Has("") {
		t.Errorf("without keys: %q, %v", got, err)
	}
	if _, err := none.Seal(random, at, "sealed:1:x"); !errors.Is(err, secret.ErrMark) {
		t.Errorf("a plain value that looks encrypted: %v", err)
	}
}

// A value opens at its own place alone, and only as it was written.
func TestSealedValuesStayInPlace(t *testing.T) {
	k := parse(t, keyLine(1))
	stored, err := k.Seal(random, at, "a client secret")
	if err != nil {
		t.Fatal(err)
	}
	for name, other := range map[string]secret.Place{
		"store":  {Store: 2, Table: at.Table, Column: at.Column, Row: at.Row},
		"table":  {Store: 1, Table: "webhooks", Column: at.Column, Row: at.Row},
		"column": {Store: 1, Table: at.Table, Column: "headers", Row: at.Row},
		"row":    {Store: 1, Table: at.Table, Column: at.Column, Row: "er"},
		"shift":  {Store: 1, Table: at.Table, Column: at.Column + "e", Row: "rp"},
	} {
		if got, err := k.Open(other, stored); !errors.Is(err, secret.ErrDamaged) || got != "" {
			t.Errorf("of another %s: %q, %v", name, got, err)
		}
	}
	head := strings.LastIndexByte(stored, ':') + 1
	for i := head; i < len(stored); i++ {
		b := []byte(stored)
		if b[i] = 'A'; b[i] == stored[i] {
			b[i] = 'B'
		}
		if got, err := k.Open(at, string(b)); !errors.Is(err, secret.ErrDamaged) || got != "" {
			t.Fatalf("changed at %d: %q, %v", i, got, err)
		}
	}
	for _, cut := range []string{stored[:head], stored[:len(stored)-1], stored + "A", stored + "=", stored[:head+4]} {
		if got, err := k.Open(at, cut); !errors.Is(err, secret.ErrDamaged) || got != "" {
			t.Errorf("%q: %q, %v", cut, got, err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	k, _ := secret.Parse([]byte(keyLine(1)))
	stored, _ := k.Seal(random, at, "x")
	for _, s := range []string{"", "plain", "sealed:1:", "sealed:1::", stored, stored[:30]} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := k.Open(at, s)
		if err == nil && secret.KeyOf(s) != "" && s != stored {
			t.Errorf("%q opens as %q", s, got)
		}
		if strings.HasPrefix(s, "sealed:1:") == (err == nil) && s != stored {
			t.Errorf("%q: %v", s, err)
		}
	})
}
