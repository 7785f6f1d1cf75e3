package password

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/crypto/scrypt"
)

// A blob of scrypt's own tools, as of scrypt-kdf for Node.js: a mark, the cost,
// a salt, the beginning of the SHA-256 of all this, and an HMAC of it with the
// second half of the derived key.
const (
	blobMark = "scrypt\x00"
	blobSum  = 48
	blobMAC  = 64
	blobSize = 96
)

func isScryptBlob(b []byte) bool {
	return len(b) == blobSize && strings.HasPrefix(string(b), blobMark)
}

func parseScryptBlob(b []byte) (digest, error) {
	b = slices.Clone(b)
	check := sha256.Sum256(b[:blobSum])
	if string(check[:blobMAC-blobSum]) != string(b[blobSum:blobMAC]) || b[7] > 62 {
		return digest{}, errHash
	}
	n := strconv.FormatInt(1<<b[7], 10)
	r, p := binary.BigEndian.Uint32(b[8:]), binary.BigEndian.Uint32(b[12:])
	cost, err := scryptCost(n, strconv.FormatUint(uint64(r), 10), strconv.FormatUint(uint64(p), 10))
	if err != nil {
		return digest{}, err
	}
	return against(kindOf("scrypt", cost[:]...), b[blobMAC:], uint32(cost[0]*cost[1]/8), func(p []byte) []byte {
		key, err := scrypt.Key(p, b[16:blobSum], cost[0], cost[1], cost[2], 64)
		if err != nil {
			return nil
		}
		m := hmac.New(sha256.New, key[32:])
		m.Write(b[:blobMAC])
		return m.Sum(nil)
	}), nil
}
