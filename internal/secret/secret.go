// Package secret encrypts what the program has to read back, such as the keys
// with which it signs, under keys that are kept in a file apart from the
// database. A stored value says which key it is under, so that keys can be
// changed while the service serves; a value that says nothing is plain.
package secret

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
)

const (
	// mark begins an encrypted value: mark, key id, colon, nonce and ciphertext
	// in base64.
	mark = "sealed:1:"
	// maxKeys bounds a list of keys.
	maxKeys = 100
	keySize = 32
)

// Place is where a value is stored. It is authenticated with the value: one that
// is copied to another place does not open there.
type Place struct {
	Store              int64
	Table, Column, Row string
}

// UnknownKeyError tells that a value is under a key that is not at hand.
type UnknownKeyError struct{ ID string }

// Error implements error.
func (e *UnknownKeyError) Error() string {
	return "a secret is encrypted under the key " + e.ID + ", which is not at hand"
}

var (
	// ErrDamaged: an encrypted value was changed, or is of another place.
	ErrDamaged = errors.New("an encrypted secret does not open where it is stored: it was changed, or moved there")
	// ErrMark: a plain value would be taken for an encrypted one.
	ErrMark = fmt.Errorf("a secret must not begin with %q", mark)
)

// Keys encrypt and decrypt. The first one encrypts; all decrypt. Nil has no key:
// it stores values as they are.
type Keys struct{ list []key }

type key struct {
	id   string
	aead cipher.AEAD
}

// Parse reads a list of keys, the newest first: lines of 32 random bytes in
// base64. Empty lines and those that begin with # are passed over.
func Parse(text []byte) (*Keys, error) {
	out := &Keys{}
	number := 0
	for line := range bytes.Lines(text) {
		number++
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		raw, err := base64.StdEncoding.Strict().DecodeString(string(line))
		if err != nil || len(raw) != keySize {
			return nil, fmt.Errorf("line %d: want %d random bytes in base64, as of openssl rand -base64 %[2]d", number, keySize)
		}
		k, err := newKey(raw)
		if err != nil {
			return nil, err
		}
		if out.Has(k.id) {
			return nil, fmt.Errorf("line %d: the key is there already", number)
		}
		if out.list = append(out.list, k); len(out.list) > maxKeys {
			return nil, fmt.Errorf("more than %d keys", maxKeys)
		}
	}
	if len(out.list) == 0 {
		return nil, errors.New("no key")
	}
	return out, nil
}

// newKey derives what encrypts, and an id that tells nothing of it.
func newKey(raw []byte) (key, error) {
	derived, err := hkdf.Key(sha256.New, raw, nil, "clientele secrets 1: encryption", 32)
	if err != nil {
		return key{}, err
	}
	id, err := hkdf.Key(sha256.New, raw, nil, "clientele secrets 1: key id", 8)
	if err != nil {
		return key{}, err
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return key{}, err
	}
	aead, err := cipher.NewGCM(block)
	return key{id: hex.EncodeToString(id), aead: aead}, err
}

// Newest returns the id of the key that encrypts, or nothing where none does.
func (k *Keys) Newest() string {
	if k == nil {
		return ""
	}
	return k.list[0].id
}

// IDs returns the ids of all keys, from the newest.
func (k *Keys) IDs() []string {
	if k == nil {
		return nil
	}
	out := make([]string, len(k.list))
	for i := range k.list {
		out[i] = k.list[i].id
	}
	return out
}

// Has reports whether a key is at hand.
func (k *Keys) Has(id string) bool { return k.find(id) != nil }

func (k *Keys) find(id string) *key {
	if k == nil {
		return nil
	}
	if i := slices.IndexFunc(k.list, func(k key) bool { return k.id == id }); i >= 0 {
		return &k.list[i]
	}
	return nil
}

// KeyOf returns the id of the key that a stored value is under, or nothing for a
// plain one.
func KeyOf(stored string) string {
	rest, ok := strings.CutPrefix(stored, mark)
	if !ok {
		return ""
	}
	id, _, _ := strings.Cut(rest, ":")
	return id
}

// Seal returns what to store of a secret at a place: it encrypted under the
// newest key or, without keys, itself. An empty one is none, and stays so.
// Random fills its argument with random bytes.
func (k *Keys) Seal(random func([]byte), at Place, plain string) (string, error) {
	switch {
	case plain == "":
		return "", nil
	case k == nil && strings.HasPrefix(plain, mark):
		return "", ErrMark
	case k == nil:
		return plain, nil
	}
	with := &k.list[0]
	out := make([]byte, with.aead.NonceSize(), with.aead.NonceSize()+len(plain)+with.aead.Overhead())
	random(out)
	out = with.aead.Seal(out, out, []byte(plain), at.bytes())
	return mark + with.id + ":" + base64.RawURLEncoding.EncodeToString(out), nil
}

// Open returns the secret that a stored value at a place is. A value under a key
// that is not at hand is an UnknownKeyError.
func (k *Keys) Open(at Place, stored string) (string, error) {
	rest, ok := strings.CutPrefix(stored, mark)
	if !ok {
		return stored, nil
	}
	id, text, _ := strings.Cut(rest, ":")
	with := k.find(id)
	if with == nil {
		return "", &UnknownKeyError{id}
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) < with.aead.NonceSize() {
		return "", ErrDamaged
	}
	n := with.aead.NonceSize()
	plain, err := with.aead.Open(nil, raw[:n], raw[n:], at.bytes())
	if err != nil {
		return "", ErrDamaged
	}
	return string(plain), nil
}

// bytes encodes a place without ambiguity.
func (p Place) bytes() []byte {
	b := binary.BigEndian.AppendUint64([]byte(mark), uint64(p.Store))
	for _, part := range [...]string{p.Table, p.Column, p.Row} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(part)))
		b = append(b, part...)
	}
	return b
}
