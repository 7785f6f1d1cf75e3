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
	if err := tk.VerifyES256(&key.PublicKey); err != nil {
		t.Error(err)
	}
	if err := tk.VerifyES256(&other.PublicKey); !errors.Is(err, jwt.ErrSignature) {
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
		if tk, err := jwt.Parse(string(b)); err == nil && tk.VerifyES256(&key.PublicKey) == nil {
			t.Errorf("byte %d may change", i)
		}
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := tk.VerifyES256(&p384.PublicKey); !errors.Is(err, jwt.ErrSignature) {
		t.Errorf("another curve: %v", err)
	}
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
		if err := tk.VerifyES256(&key.PublicKey); err == nil && name != "ES256" {
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
		if tk.VerifyES256(&key.PublicKey) == nil || tk.VerifyHMAC(jwt.HS256, "") == nil || tk.VerifyHMAC(jwt.HS256, "another") == nil {
			t.Errorf("%q is taken for signed", text)
		}
	})
}
