package password_test

import (
	"strings"
	"testing"

	"clientele/internal/password"
	"clientele/internal/password/passwordtest"
	"clientele/internal/system"
)

// What tests hash cheaply is worth nothing to a server.
func TestCheapHashesAreForTests(t *testing.T) {
	cheap, server := passwordtest.New(system.Real()), password.New(system.Real())
	who := password.Party{}
	hash, err := cheap.Hash(t.Context(), who, "Secret-123")
	if err != nil || !strings.HasPrefix(hash, "$cheap$") {
		t.Fatal(hash, err)
	}
	for _, c := range []struct {
		name             string
		p                *password.Hasher
		stored, password string
		ok               bool
	}{
		{"right", cheap, hash, "Secret-123", true},
		{"wrong", cheap, hash, "Secret-124", false},
		{"empty", cheap, hash, "", false},
		{"nobody", cheap, "", "Secret-123", false},
		{"no hash", cheap, "$cheap$AAAA$", "Secret-123", false},
		{"garbled", cheap, "$cheap$!$!", "Secret-123", false},
		{"a server", server, hash, "Secret-123", false},
	} {
		got, err := c.p.Compare(t.Context(), who, c.stored, c.password)
		if err != nil || got.OK != c.ok || got.Newer != "" {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
	}
	if k := password.Kind(hash); k != "" {
		t.Errorf("kind %q", k)
	}
	if _, err := (password.ImportedHash{Hash: hash}).Stored(); err == nil {
		t.Error("a cheap hash can be imported")
	}
}
