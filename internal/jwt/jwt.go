// Package jwt reads and makes JSON Web Tokens (RFC 7519) in their compact
// form. Whoever checks a token says which algorithm it must have: what the
// token says of itself is only compared with that, so no token can choose how
// it is checked. Claims are read as they were sent, so that a number and a
// text in its place are told apart.
package jwt

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"math/big"
	"strings"

	"clientele/internal/jsonx"
)

// MaxLength is the most bytes a token may have.
const MaxLength = 8 << 10

// Bounds of the JSON in a token.
const (
	maxDepth  = 8
	maxValues = 256
)

// What can be wrong with a token's form.
var (
	ErrForm   = errors.New("jwt: not a token in compact form")
	ErrJSON   = errors.New("jwt: the header or the claims are not JSON")
	ErrObject = errors.New("jwt: the header or the claims are not an object with members of different names")
)

// What can be wrong with a token's proof.
var (
	ErrAlgorithm = errors.New("jwt: signed with another algorithm")
	ErrCritical  = errors.New("jwt: the header asks for an extension")
	ErrSignature = errors.New("jwt: the signature does not fit")
)

// Algorithm is the name of a way to sign.
type Algorithm string

// The algorithms.
const (
	HS256 Algorithm = "HS256"
	HS512 Algorithm = "HS512"
	ES256 Algorithm = "ES256"
)

// Token is a token that was read and not checked.
type Token struct {
	Header, Claims jsonx.Value

	signed    string
	signature []byte
}

// Signed returns the part of the token's text that its signature is for: the
// header and the claims.
func (t *Token) Signed() string { return t.signed }

// strict takes no base64 text that another one stands for as well.
var strict = base64.RawURLEncoding.Strict()

// Parse takes a token apart. Its signature is yet to be checked.
func Parse(text string) (*Token, error) {
	if len(text) > MaxLength {
		return nil, ErrForm
	}
	header, rest, ok1 := strings.Cut(text, ".")
	claims, signature, ok2 := strings.Cut(rest, ".")
	if !ok1 || !ok2 || header == "" || claims == "" {
		return nil, ErrForm
	}
	t := &Token{signed: text[:len(header)+1+len(claims)]}
	h, err := decode(header)
	if err != nil {
		return nil, err
	}
	c, err := decode(claims)
	if err != nil {
		return nil, err
	}
	if t.signature, err = decode(signature); err != nil {
		return nil, err
	}
	if t.Header, err = object(h); err != nil {
		return nil, err
	}
	if t.Claims, err = object(c); err != nil {
		return nil, err
	}
	return t, nil
}

func decode(part string) ([]byte, error) {
	// The decoder would overlook line breaks.
	if strings.ContainsAny(part, "\r\n") {
		return nil, ErrForm
	}
	b, err := strict.DecodeString(part)
	if err != nil {
		return nil, ErrForm
	}
	return b, nil
}

func object(text []byte) (jsonx.Value, error) {
	v, err := jsonx.Parse(text, jsonx.Limits{Depth: maxDepth, Values: maxValues})
	if err != nil {
		return v, ErrJSON
	}
	if v.Kind() != jsonx.Object {
		return v, ErrObject
	}
	// Two readers could take different ones of two members with one name.
	seen := make(map[string]bool, v.Len())
	for name := range v.Members() {
		if seen[name] {
			return v, ErrObject
		}
		seen[name] = true
	}
	return v, nil
}

func (t *Token) expect(a Algorithm) error {
	if alg, ok := t.Header.Get("alg").Str(); !ok || alg != string(a) {
		return ErrAlgorithm
	}
	if t.Header.Get("crit").Present() {
		return ErrCritical
	}
	return nil
}

// VerifyHMAC reports why a token was not signed with a secret by HS256 or
// HS512, whichever is asked for, or nil.
func (t *Token) VerifyHMAC(a Algorithm, secret string) error {
	if err := t.expect(a); err != nil {
		return err
	}
	if secret == "" || !hmac.Equal(t.signature, sum(a, secret, t.signed)) {
		return ErrSignature
	}
	return nil
}

// SignedByES256 reports why a token's signature is not the one that SignES256
// makes with key, byte for byte, or nil. Only the holder of the private key can
// ask for that. It leaves each token one text: to a public key (r, n-s) is as
// good a signature as (r, s), so whoever has a token could write another one.
func (t *Token) SignedByES256(key *ecdsa.PrivateKey) error {
	if err := t.expect(ES256); err != nil {
		return err
	}
	if key.Curve != elliptic.P256() {
		return ErrSignature
	}
	want, err := es256(key, t.signed)
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare(t.signature, want) != 1 {
		return ErrSignature
	}
	return nil
}

// half is the length of each of the two numbers of an ES256 signature.
const half = 32

func sum(a Algorithm, secret, signed string) []byte {
	var h hash.Hash
	switch a {
	case HS256:
		h = hmac.New(sha256.New, []byte(secret))
	case HS512:
		h = hmac.New(sha512.New, []byte(secret))
	default:
		panic(fmt.Sprintf("jwt: %s is no HMAC", a))
	}
	h.Write([]byte(signed))
	return h.Sum(nil)
}

func begin(header string, claims []byte) string {
	return strict.EncodeToString([]byte(header)) + "." + strict.EncodeToString(claims)
}

// SignHMAC returns a token with the given claims, which are JSON, signed by
// HS256 or HS512.
func SignHMAC(a Algorithm, secret string, claims []byte) string {
	signed := begin(`{"typ":"JWT","alg":"`+string(a)+`"}`, claims)
	return signed + "." + strict.EncodeToString(sum(a, secret, signed))
}

// SignES256 returns a token with the given claims, which are JSON, and the id
// of the key. The same claims and key make the same token (RFC 6979).
func SignES256(key *ecdsa.PrivateKey, id string, claims []byte) (string, error) {
	signed := begin(`{"typ":"JWT","alg":"ES256","kid":`+string(jsonx.AppendString(nil, id))+`}`, claims)
	signature, err := es256(key, signed)
	if err != nil {
		return "", err
	}
	return signed + "." + strict.EncodeToString(signature), nil
}

// es256 returns the signature of a text. Without a source of randomness it is
// deterministic.
func es256(key *ecdsa.PrivateKey, text string) ([]byte, error) {
	digest := sha256.Sum256([]byte(text))
	der, err := key.Sign(nil, digest[:], crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("jwt: sign: %w", err)
	}
	var parts struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &parts); err != nil {
		return nil, fmt.Errorf("jwt: sign: %w", err)
	}
	out := make([]byte, 2*half)
	parts.R.FillBytes(out[:half])
	parts.S.FillBytes(out[half:])
	return out, nil
}
