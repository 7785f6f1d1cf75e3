package jwt_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"clientele/internal/jwt"
)

func enc(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// The token is the one that every tool shows as its example.
func TestHMACIsThatOfOthers(t *testing.T) {
	const token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"
	tk, err := jwt.Parse(token)
	if err != nil {
		t.Fatal(err)
	}
	if err := tk.VerifyHMAC(jwt.HS256, "your-256-bit-secret"); err != nil {
		t.Error(err)
	}
	if n, ok := tk.Claims.Get("iat").Int(); !ok || n != 1516239022 {
		t.Errorf("iat is %d", n)
	}
	for _, secret := range []string{"", "your-256-bit-secre", "your-256-bit-secret "} {
		if err := tk.VerifyHMAC(jwt.HS256, secret); !errors.Is(err, jwt.ErrSignature) {
			t.Errorf("%q: %v", secret, err)
		}
	}
	if err := tk.VerifyHMAC(jwt.HS512, "your-256-bit-secret"); !errors.Is(err, jwt.ErrAlgorithm) {
		t.Errorf("as HS512: %v", err)
	}
}

func TestForms(t *testing.T) {
	h, c := enc(`{"typ":"JWT","alg":"HS256"}`), enc(`{"a":1}`)
	for text, want := range map[string]error{
		h + "." + c + ".AA":        nil,
		h + "." + c + ".":          nil, // which no signature is
		"":                         jwt.ErrForm,
		"..":                       jwt.ErrForm,
		h + "." + c:                jwt.ErrForm,
		h + "." + c + ".AA.AA":     jwt.ErrForm,
		h + "." + c + ".A":         jwt.ErrForm,
		h + "." + c + ".AB":        jwt.ErrForm, // AA stands for the same byte
		h + "." + c + ".AA==":      jwt.ErrForm,
		h + "." + c + ".A\nA":      jwt.ErrForm,
		h + "." + c + ".+/+/":      jwt.ErrForm,
		" " + h + "." + c + ".AA":  jwt.ErrForm,
		h + "." + enc("{") + ".AA": jwt.ErrJSON,
		enc("x") + "." + c + ".AA": jwt.ErrJSON,
		h + "." + enc(`{"a":"`+"\xff"+`"}`) + ".AA":      jwt.ErrJSON,
		h + "." + enc(strings.Repeat("[", 200)) + ".AA":  jwt.ErrJSON,
		h + "." + enc(`[1]`) + ".AA":                     jwt.ErrObject,
		h + "." + enc(`"a"`) + ".AA":                     jwt.ErrObject,
		enc("null") + "." + c + ".AA":                    jwt.ErrObject,
		h + "." + enc(`{"a":1,"b":2,"a":1}`) + ".AA":     jwt.ErrObject,
		h + "." + enc(strings.Repeat(" ", 9000)) + ".AA": jwt.ErrForm,
	} {
		if _, err := jwt.Parse(text); !errors.Is(err, want) {
			t.Errorf("%.80q: %v, want %v", text, err, want)
		}
	}
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestES256(t *testing.T) {
	key, other := newKey(t), newKey(t)
	text, err := jwt.SignES256(key, "1", []byte(`{"a":1}`))
	if err != nil {
		t.Fatal(err)
	}
	if again, err := jwt.SignES256(key, "1", []byte(`{"a":1}`)); err != nil || again != text {
		t.Errorf("signing again makes another token: %v", err)
	}
	tk, err := jwt.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := tk.SignedByES256(key); err != nil {
		t.Error(err)
	}
	if err := tk.SignedByES256(other); !errors.Is(err, jwt.ErrSignature) {
		t.Errorf("another key: %v", err)
	}
	if id, _ := tk.Header.Get("kid").Str(); id != "1" {
		t.Errorf("kid is %q", id)
	}
	// One changed byte anywhere is noticed.
	for i := range text {
		b := []byte(text)
		if b[i]++; b[i] == '.' {
			continue
		}
		if tk, err := jwt.Parse(string(b)); err == nil && tk.SignedByES256(key) == nil {
			t.Errorf("byte %d may change", i)
		}
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := tk.SignedByES256(p384); !errors.Is(err, jwt.ErrSignature) {
		t.Errorf("another curve: %v", err)
	}
}

// twin returns the token whose signature (r, s) is rewritten to (r, n-s), which
// the same public key verifies.
func twin(t testing.TB, key *ecdsa.PrivateKey, text string) string {
	t.Helper()
	at := strings.LastIndexByte(text, '.')
	raw, err := base64.RawURLEncoding.DecodeString(text[at+1:])
	if err != nil {
		t.Fatal(err)
	}
	r, s := new(big.Int).SetBytes(raw[:32]), new(big.Int).SetBytes(raw[32:])
	s.Sub(elliptic.P256().Params().N, s).FillBytes(raw[32:])
	digest := sha256.Sum256([]byte(text[:at]))
	if !ecdsa.Verify(&key.PublicKey, digest[:], r, s) {
		t.Fatal("the other signature is none")
	}
	return text[:at+1] + base64.RawURLEncoding.EncodeToString(raw)
}

// Of the two signatures that a public key takes, one is ours.
func TestES256TakesOneSignature(t *testing.T) {
	key := newKey(t)
	for i := range 20 {
		text, err := jwt.SignES256(key, "1", fmt.Appendf(nil, `{"a":%d}`, i))
		if err != nil {
			t.Fatal(err)
		}
		tk, err := jwt.Parse(twin(t, key, text))
		if err != nil {
			t.Fatal(err)
		}
		if err := tk.SignedByES256(key); !errors.Is(err, jwt.ErrSignature) {
			t.Errorf("the other signature: %v", err)
		}
	}
}

func FuzzES256(f *testing.F) {
	key := newKey(f)
	issued, err := jwt.SignES256(key, "1", []byte(`{"a":1}`))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(issued)
	f.Add(twin(f, key, issued))
	f.Add(issued + "=")
	f.Add(issued + ".")
	f.Add(" " + issued)
	f.Fuzz(func(t *testing.T, text string) {
		if tk, err := jwt.Parse(text); err == nil && tk.SignedByES256(key) == nil && text != issued {
			t.Errorf("%q was not issued and is good", text)
		}
	})
}

// What it costs to sign and compare, which SignedByES256 does, beside what the
// public key would cost.
func BenchmarkES256(b *testing.B) {
	key := newKey(b)
	text, err := jwt.SignES256(key, "1", []byte(`{"cid":[1],"cors":[],"eat":0,"iat":1800000000,"iss":"BC","sid":1,"sub":"cid","sub_type":2,"token_type":1}`))
	if err != nil {
		b.Fatal(err)
	}
	tk, err := jwt.Parse(text)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("compare", func(b *testing.B) {
		for b.Loop() {
			if err := tk.SignedByES256(key); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("public key", func(b *testing.B) {
		at := strings.LastIndexByte(text, '.')
		raw, err := base64.RawURLEncoding.DecodeString(text[at+1:])
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			digest := sha256.Sum256([]byte(text[:at]))
			if !ecdsa.Verify(&key.PublicKey, digest[:], new(big.Int).SetBytes(raw[:32]), new(big.Int).SetBytes(raw[32:])) {
				b.Fatal("not verified")
			}
		}
	})
}

// A token cannot choose how it is checked.
func TestAlgorithmsAreNotConfused(t *testing.T) {
	key := newKey(t)
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	public := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	claims := []byte(`{"a":1}`)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	rs := enc(`{"typ":"JWT","alg":"RS256"}`) + "." + enc(string(claims))
	digest := sha256.Sum256([]byte(rs))
	sig, err := rsa.SignPKCS1v15(rand.Reader, rsaKey, crypto.SHA256, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	es, err := jwt.SignES256(key, "1", claims)
	if err != nil {
		t.Fatal(err)
	}
	hs := jwt.SignHMAC(jwt.HS256, "secret", claims)
	body := hs[strings.IndexByte(hs, '.')+1:]
	for name, text := range map[string]string{
		"none":                    enc(`{"typ":"JWT","alg":"none"}`) + "." + enc(`{"a":1}`) + ".",
		"NONE":                    enc(`{"alg":"NONE"}`) + "." + enc(`{"a":1}`) + ".",
		"no algorithm":            enc(`{"typ":"JWT"}`) + "." + body,
		"none, signed":            enc(`{"alg":"none"}`) + "." + body,
		"lower case":              enc(`{"alg":"hs256"}`) + "." + body,
		"a list":                  enc(`{"alg":["HS256"]}`) + "." + body,
		"HS512":                   jwt.SignHMAC(jwt.HS512, "secret", claims),
		"HS512 said to be HS256":  enc(`{"alg":"HS256"}`) + jwt.SignHMAC(jwt.HS512, "secret", claims)[strings.IndexByte(hs, '.'):],
		"RS256":                   rs + "." + base64.RawURLEncoding.EncodeToString(sig),
		"ES256":                   es,
		"HS256 of the public key": jwt.SignHMAC(jwt.HS256, public, claims),
		"critical":                enc(`{"alg":"HS256","crit":["b64"],"b64":false}`) + "." + body,
		"no signature":            hs[:strings.LastIndexByte(hs, '.')+1],
		"half a signature":        hs[:len(hs)-23],
	} {
		tk, err := jwt.Parse(text)
		if err != nil {
			if name != "HS512 said to be HS256" {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err := tk.VerifyHMAC(jwt.HS256, "secret"); err == nil {
			t.Errorf("%s is taken for HS256", name)
		}
		if err := tk.SignedByES256(key); err == nil && name != "ES256" {
			t.Errorf("%s is taken for ES256", name)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(jwt.SignHMAC(jwt.HS256, "secret", []byte(`{"a":1}`)))
	f.Add(enc(`{"alg":"HS256","typ":"JWT"}`) + "." + enc(`{"a":{"b":[1,2]}}`) + ".AA")
	f.Add("..")
	f.Add("a.b.c")
	key := newKey(f)
	f.Fuzz(func(t *testing.T, text string) {
		tk, err := jwt.Parse(text)
		if err != nil {
			return
		}
		parts := strings.Split(text, ".")
		if len(parts) != 3 {
			t.Fatalf("%d parts", len(parts))
		}
		for i, v := range []interface{ Len() int }{tk.Header, tk.Claims} {
			raw, err := base64.RawURLEncoding.DecodeString(parts[i])
			if err != nil {
				t.Fatal(err)
			}
			if base64.RawURLEncoding.EncodeToString(raw) != parts[i] {
				t.Errorf("%q has another form", parts[i])
			}
			var m map[string]any
			// encoding/json takes no byte order mark.
			if err := json.Unmarshal([]byte(strings.TrimPrefix(string(raw), "\ufeff")), &m); err == nil && len(m) != v.Len() {
				t.Errorf("%s has %d members", raw, v.Len())
			}
		}
		if tk.SignedByES256(key) == nil || tk.VerifyHMAC(jwt.HS256, "") == nil || tk.VerifyHMAC(jwt.HS256, "another") == nil {
			t.Errorf("%q is taken for signed", text)
		}
	})
}
