package auth

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"clientele/internal/system"
)

// Passwords hashes and verifies passwords with argon2id. The work is bounded
// to one hash per core at a time, which also bounds its memory (19 MiB each);
// callers wait their turn.
type Passwords struct {
	sys   *system.System
	slots chan struct{}
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
	MinPassword = 7
	MaxPassword = 250
)

// NewPasswords returns Passwords that draw salts from sys.
func NewPasswords(sys *system.System) *Passwords {
	return &Passwords{sys: sys, slots: make(chan struct{}, runtime.GOMAXPROCS(0))}
}

// CheckPassword reports what is wrong with a new password, or "": it needs at
// least seven characters, letters as well as digits.
func CheckPassword(password string) string {
	n := utf8.RuneCountInString(password)
	switch {
	case n < MinPassword:
		return fmt.Sprintf("password must be at least %d characters long", MinPassword)
	case n > MaxPassword:
		return fmt.Sprintf("password must be at most %d characters long", MaxPassword)
	case !utf8.ValidString(password):
		return "password must be valid text"
	}
	if !strings.ContainsFunc(password, unicode.IsLetter) || !strings.ContainsFunc(password, unicode.IsDigit) {
		return "password must contain both letters and digits"
	}
	return ""
}

func (p *Passwords) acquire(ctx context.Context) error {
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Hash returns the encoded hash of a password, in the PHC string format:
// $argon2id$v=19$m=19456,t=2,p=1$salt$hash.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	if err := p.acquire(ctx); err != nil {
		return "", err
	}
	defer func() { <-p.slots }()
	salt := make([]byte, argonSaltLen)
	p.sys.Bytes(salt)
	key := argon2.IDKey([]byte(password), salt, argonPasses, argonMemory, argonLanes, argonKeyLen)
	return encode(salt, key), nil
}

// Unknown returns the hash of a random password that nobody knows, for an
// account whose password is to be generated and told to no one. A random hash
// is just that, and costs no hashing.
func (p *Passwords) Unknown() string {
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

// nobody is a hash that no password has, of the same cost as Hash's.
var nobody = fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonPasses, argonLanes,
	base64.RawStdEncoding.EncodeToString(make([]byte, argonSaltLen)), base64.RawStdEncoding.EncodeToString(make([]byte, argonKeyLen)))

// VerifyOrSpend is Verify that does the same work when there is no password
// to compare with (encoded is empty), so that time does not tell who exists.
func (p *Passwords) VerifyOrSpend(ctx context.Context, encoded, password string) (bool, error) {
	if encoded != "" {
		return p.Verify(ctx, encoded, password)
	}
	_, err := p.Verify(ctx, nobody, password)
	return false, err
}

// Verify reports whether password is the one that encoded was made of.
func (p *Passwords) Verify(ctx context.Context, encoded, password string) (bool, error) {
	if utf8.RuneCountInString(password) > MaxPassword {
		return false, nil
	}
	var version int
	var memory, passes uint32
	var lanes uint8
	parts := strings.Split(encoded, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, nil
	}
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return false, nil
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &passes, &lanes); err != nil {
		return false, nil
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	want, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(want) == 0 || memory > 1<<20 || passes == 0 || passes > 100 || lanes == 0 {
		return false, nil
	}
	if err := p.acquire(ctx); err != nil {
		return false, err
	}
	defer func() { <-p.slots }()
	got := argon2.IDKey([]byte(password), salt, passes, memory, lanes, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}
