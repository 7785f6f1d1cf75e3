package password

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// cheapPrefix begins the hashes that Options.Cheap makes. parseStored does not
// know it.
const cheapPrefix = "$cheap$"

// cheapHash returns the encoded hash of a password: $cheap$salt$hash.
func cheapHash(salt, password []byte) string {
	enc := base64.RawStdEncoding
	return cheapPrefix + enc.EncodeToString(salt) + "$" + enc.EncodeToString(sum(sha256.New, salt, password))
}

// parse reads a stored hash. Only a Hasher with Options.Cheap knows the cheap
// ones, which count as its own.
func (p *Hasher) parse(encoded string) (digest, error) {
	text, ok := strings.CutPrefix(encoded, cheapPrefix)
	if !ok || !p.cheap {
		return parseStored(encoded)
	}
	first, second, _ := strings.Cut(text, "$")
	salt, err1 := base64.RawStdEncoding.DecodeString(first)
	want, err2 := base64.RawStdEncoding.DecodeString(second)
	if err1 != nil || err2 != nil {
		return digest{}, errHash
	}
	return against(ownKind, want, 0, func(password []byte) []byte { return sum(sha256.New, salt, password) }), nil
}

// nobody returns a hash that no password has and that costs as much to verify
// as those of p.
func (p *Hasher) nobody() string {
	if p.cheap {
		return cheapPrefix + "$"
	}
	return nobody
}
