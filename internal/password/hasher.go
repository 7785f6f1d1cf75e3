// Package password hashes and verifies passwords: with argon2id for our own, and
// with what other systems used for imported ones until their first sign-in. It
// also holds the rules for new passwords.
package password

import (
	"context"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"clientele/internal/system"
)

// Hasher hashes and verifies passwords with argon2id. The work is bounded
// to one hash per core at a time, which also bounds its memory (19 MiB each);
// callers wait their turn.
type Hasher struct {
	sys   *system.System
	slots chan struct{}
	large chan struct{}
	work  atomic.Int64
}

// argon2id with 19 MiB, two passes and one lane: OWASP's recommendation.
const (
	argonMemory  = 19 * 1024 // KiB
	argonPasses  = 2
	argonLanes   = 1
	argonKeyLen  = 32
	argonSaltLen = 16
)

// Bounds of a password in characters. The smaller one is the original's
// default rule.
const (
	MinLength = 7
	MaxLength = 250
)

// New returns Hasher that draw salts from sys.
func New(sys *system.System) *Hasher {
	return &Hasher{sys: sys, slots: make(chan struct{}, runtime.GOMAXPROCS(0)), large: make(chan struct{}, 1)}
}

func (p *Hasher) acquire(ctx context.Context) error {
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Hash returns the encoded hash of a password, in the PHC string format:
// $argon2id$v=19$m=19456,t=2,p=1$salt$hash.
func (p *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if err := p.acquire(ctx); err != nil {
		return "", err
	}
	defer func() { <-p.slots }()
	p.work.Add(1)
	salt := make([]byte, argonSaltLen)
	p.sys.Bytes(salt)
	key := argon2.IDKey([]byte(password), salt, argonPasses, argonMemory, argonLanes, argonKeyLen)
	return encode(salt, key), nil
}

// Unknown returns the hash of a random password that nobody knows, for an
// account whose password is to be generated and told to no one. A random hash
// is just that, and costs no hashing.
func (p *Hasher) Unknown() string {
	salt, key := make([]byte, argonSaltLen), make([]byte, argonKeyLen)
	p.sys.Bytes(salt)
	p.sys.Bytes(key)
	return encode(salt, key)
}

func encode(salt, key []byte) string {
	enc := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonPasses, argonLanes,
		enc.EncodeToString(salt), enc.EncodeToString(key))
}

// current is what our own hashes begin with.
var current = fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$", argon2.Version, argonMemory, argonPasses, argonLanes)

// nobody is a hash that no password has, of the same cost as Hash's.
var nobody = fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonPasses, argonLanes,
	base64.RawStdEncoding.EncodeToString(make([]byte, argonSaltLen)), base64.RawStdEncoding.EncodeToString(make([]byte, argonKeyLen)))

// VerifyOrSpend is Verify that does the same work when there is no password
// to compare with (encoded is empty), so that time does not tell who exists.
// For a password that is right but was hashed otherwise, by another system or
// with other parameters, newer is the hash to store from now on.
func (p *Hasher) VerifyOrSpend(ctx context.Context, encoded, password string) (ok bool, newer string, err error) {
	if encoded == "" {
		encoded = nobody
	}
	ok, err = p.Verify(ctx, encoded, password)
	if err != nil || strings.HasPrefix(encoded, current) {
		return ok, "", err
	}
	// Somebody else's hash may be quick to compute: the work of our own comes
	// on top, whether or not it is of use.
	newer, err = p.Hash(ctx, password)
	if err != nil || !ok {
		return false, "", err
	}
	return true, newer, nil
}

// Verify reports whether password is the one that encoded was made of.
func (p *Hasher) Verify(ctx context.Context, encoded, password string) (bool, error) {
	if utf8.RuneCountInString(password) > MaxLength {
		password = "" // nobody's; the work is done all the same
	}
	h, err := parseStored(encoded)
	if err != nil {
		return false, nil
	}
	if err := p.acquire(ctx); err != nil {
		return false, err
	}
	defer func() { <-p.slots }()
	if h.memory() > plentyMemory {
		// One at a time, or memory would not be bounded.
		select {
		case p.large <- struct{}{}:
			defer func() { <-p.large }()
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
	if strings.HasPrefix(encoded, current) {
		p.work.Add(1)
	}
	return h.verify([]byte(password)) && password != "", nil
}

// Work returns how many hashes of our own were computed, for tests that
// compare the work of answers.
func (p *Hasher) Work() int64 { return p.work.Load() }
