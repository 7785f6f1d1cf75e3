// Package storekey keeps the keys of stores: one that signs what others are to
// check without asking, one for hashes that nobody else can make, and those of
// links. Each is drawn at its first use and stays: what was signed or hashed with
// it is to hold for good. They are encrypted at rest like other secrets, and what
// changes the keys of those encrypts them anew and leaves them what they are.
package storekey

import (
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"

	"clientele/internal/sqldb"
	"clientele/internal/system"
)

// The purposes of keys.
const (
	// Unsubscribe is for links that end a subscription.
	Unsubscribe = "unsubscribe"
	// Reference is for the names by which the log calls emails and addresses.
	Reference = "reference"
	signing   = "ed25519"
	hashing   = "hmac"
)

const keySize = 32

// column is where keys are.
var column = sqldb.Column{Table: "store_keys", Name: "secret"}

var (
	selectKey = sqldb.Static(`SELECT secret, date_created FROM store_keys WHERE store_id = $1 AND purpose = $2`)
	insertKey = sqldb.Static(`INSERT INTO store_keys (store_id, purpose, secret, date_created) VALUES ($1, $2, $3, $4) ON CONFLICT (store_id, purpose) DO NOTHING`)
	allKeys   = sqldb.Static(`SELECT purpose, secret FROM store_keys WHERE store_id = $1 AND purpose > $2 ORDER BY purpose LIMIT $3`)
	putKey    = sqldb.Static(`UPDATE store_keys SET secret = $3 WHERE store_id = $1 AND purpose = $2 AND secret = $4`)
)

// Secrets are what this package keeps that is encrypted.
func Secrets() []sqldb.Secrets {
	return []sqldb.Secrets{{Column: column, Values: allKeys, Put: putKey}}
}

type secretKey struct {
	bytes []byte
	made  int64
}

// read returns a store's key for a purpose; without bytes there is none.
func read(tx *sqldb.Tx, purpose string) (out secretKey, err error) {
	stored := ""
	if err := tx.Query(selectKey, func(r *sqldb.Row) error { stored, out.made = r.Text(0), r.Int(1); return nil }, purpose); err != nil || stored == "" {
		return out, err
	}
	text, err := tx.Unseal(column, purpose, stored)
	if err != nil {
		return out, err
	}
	if out.bytes, err = hex.DecodeString(text); err == nil && len(out.bytes) != keySize {
		err = errors.New("wrong length")
	}
	if err != nil {
		return secretKey{}, fmt.Errorf("key %s of store %d: %w", purpose, tx.Store(), err)
	}
	return out, nil
}

// ensure is read that makes the key if there is none. The transaction is a
// write.
func ensure(tx *sqldb.Tx, purpose string, draw func([]byte), now int64) (secretKey, error) {
	have, err := read(tx, purpose)
	if err != nil || have.bytes != nil {
		return have, err
	}
	var drawn [keySize]byte
	draw(drawn[:])
	stored, err := tx.Seal(column, purpose, hex.EncodeToString(drawn[:]))
	if err != nil {
		return have, err
	}
	if err := tx.Exec(insertKey, purpose, stored, now); err != nil {
		return have, err
	}
	return read(tx, purpose) // another process may have been first
}

// PublicKey is what may be told of a store's key that signs.
type PublicKey struct {
	ID   string
	Key  ed25519.PublicKey
	Made int64
}

// Text is the key's bytes in base64.
func (k PublicKey) Text() string { return base64.StdEncoding.EncodeToString(k.Key) }

// ahead is what comes before the bytes of an Ed25519 key in a SubjectPublicKeyInfo
// (RFC 8410).
var ahead = []byte{0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00}

// PEM is the key as most tools read it.
func (k PublicKey) PEM() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: slices.Concat(ahead, k.Key)}))
}

// ParsePublicKey reads a key as Text writes it.
func ParsePublicKey(text string) (PublicKey, error) {
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) != ed25519.PublicKeySize {
		return PublicKey{}, fmt.Errorf("want the %d bytes of an Ed25519 key in base64", ed25519.PublicKeySize)
	}
	return public(raw, 0), nil
}

func public(key ed25519.PublicKey, made int64) PublicKey {
	sum := sha256.Sum256(key)
	return PublicKey{ID: hex.EncodeToString(sum[:8]), Key: key, Made: made}
}

// Verify reports whether a message was signed for a purpose with the key.
func (k PublicKey) Verify(purpose string, message, signature []byte) bool {
	return len(k.Key) == ed25519.PublicKeySize && ed25519.Verify(k.Key, signed(purpose, message), signature)
}

// signed is what a signature is made over: one for a purpose is none for another.
func signed(purpose string, message []byte) []byte {
	return append([]byte("clientele "+purpose+"\n"), message...)
}

// Keys are a store's own.
type Keys struct {
	Public  PublicKey
	private ed25519.PrivateKey
	hash    []byte
}

func newKeys(signs, hashes secretKey) *Keys {
	private := ed25519.NewKeyFromSeed(signs.bytes)
	return &Keys{Public: public(private.Public().(ed25519.PublicKey), signs.made), private: private, hash: hashes.bytes}
}

// Sign signs a message for a purpose.
func (k *Keys) Sign(purpose string, message []byte) []byte {
	return ed25519.Sign(k.private, signed(purpose, message))
}

// Hash returns a hash of parts, in hexadecimal, which tells nothing of them to
// whoever has not the store's key. Hashes for one purpose say nothing about those
// for another.
func (k *Keys) Hash(purpose string, parts ...string) string {
	m := hmac.New(sha256.New, k.hash)
	for _, p := range append([]string{purpose}, parts...) {
		var n [4]byte
		binary.BigEndian.PutUint32(n[:], uint32(len(p)))
		m.Write(n[:])
		m.Write([]byte(p))
	}
	return hex.EncodeToString(m.Sum(nil))
}

// Service keeps the keys of stores.
type Service struct {
	db   *sqldb.DB
	sys  *system.System
	kept *sqldb.Kept[struct{}, *Keys] // nil: not made yet
}

// NewService returns a Service over db.
func NewService(db *sqldb.DB, sys *system.System) *Service {
	return &Service{db: db, sys: sys, kept: sqldb.Keep(db, func(tx *sqldb.Tx, _ struct{}) (*Keys, error) { return Made(tx) }, "store_keys")}
}

// Keys returns a store's keys, which are made at the first use.
func (s *Service) Keys(ctx context.Context, storeID int64) (*Keys, error) {
	keys, err := s.kept.Get(ctx, storeID, struct{}{})
	if err != nil || keys != nil {
		return keys, err
	}
	return keys, s.db.Write(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		keys, err = s.KeysTx(tx)
		return err
	})
}

// KeysTx is Keys inside a transaction of the store that writes.
func (s *Service) KeysTx(tx *sqldb.Tx) (*Keys, error) {
	signs, err := ensure(tx, signing, s.sys.Bytes, s.sys.Now())
	if err != nil {
		return nil, err
	}
	hashes, err := ensure(tx, hashing, s.sys.Bytes, s.sys.Now())
	if err != nil {
		return nil, err
	}
	return newKeys(signs, hashes), nil
}

// Made returns a store's keys inside a transaction, which need not write; nil
// where they were not made yet.
func Made(tx *sqldb.Tx) (*Keys, error) {
	signs, err := read(tx, signing)
	if err != nil || signs.bytes == nil {
		return nil, err
	}
	hashes, err := read(tx, hashing)
	if err != nil || hashes.bytes == nil {
		return nil, err
	}
	return newKeys(signs, hashes), nil
}

// PublicKeys returns the keys with which others can check what a store signs.
func (s *Service) PublicKeys(ctx context.Context, storeID int64) ([]PublicKey, error) {
	keys, err := s.Keys(ctx, storeID)
	if err != nil {
		return nil, err
	}
	return []PublicKey{keys.Public}, nil
}

// Secret returns a store's key for a purpose of links, inside a transaction, or
// nil where it was not made yet.
func Secret(tx *sqldb.Tx, purpose string) ([]byte, error) {
	key, err := read(tx, purpose)
	return key.bytes, err
}

// EnsureSecret is Secret that makes the key at need. The transaction is a write.
func EnsureSecret(tx *sqldb.Tx, sys *system.System, purpose string) ([]byte, error) {
	key, err := ensure(tx, purpose, sys.Bytes, sys.Now())
	return key.bytes, err
}
