package auth

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// ImportedHash is another system's hash of a password.
type ImportedHash struct {
	// Format names how it was made; empty: the hash tells itself.
	Format string
	Hash   string
	Salt   string // where the format keeps it apart
}

// Stored returns the form that is kept, or what is wrong with the hash.
func (h ImportedHash) Stored() (string, error) {
	if _, err := parseStored(h.Hash); err != nil {
		return "", err
	}
	return h.Hash, nil
}

// plentyMemory is from how many KiB on hashes are computed one at a time.
const plentyMemory = 64 << 10

// digest is a stored hash.
type digest interface {
	verify(password []byte) bool
	memory() uint32 // KiB
}

var errHash = errors.New("no known form of a password hash")

func parseStored(text string) (digest, error) {
	parts := strings.Split(text, "$")
	if len(parts) == 6 && parts[1] == "argon2id" {
		return parseArgon(parts)
	}
	return nil, errHash
}

type argonHash struct {
	id           bool
	mem, passes  uint32
	lanes        uint8
	salt, wanted []byte
}

func parseArgon(parts []string) (digest, error) {
	var version int
	h := argonHash{id: parts[1] == "argon2id"}
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return nil, errHash
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &h.mem, &h.passes, &h.lanes); err != nil {
		return nil, errHash
	}
	var err1, err2 error
	h.salt, err1 = base64.RawStdEncoding.DecodeString(parts[4])
	h.wanted, err2 = base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(h.wanted) == 0 || h.mem > 1<<18 || h.passes == 0 || h.passes > 10 || h.lanes == 0 {
		return nil, errHash
	}
	return h, nil
}

func (h argonHash) memory() uint32 { return h.mem }

func (h argonHash) verify(password []byte) bool {
	return subtle.ConstantTimeCompare(argon2.IDKey(password, h.salt, h.passes, h.mem, h.lanes, uint32(len(h.wanted))), h.wanted) == 1
}
