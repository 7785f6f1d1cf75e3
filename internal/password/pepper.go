package password

import (
	"encoding/base64"
	"slices"
	"strings"
)

// bcryptFormat begins the names of formats whose hashes are bcrypt's of the
// password and a pepper, which is the Salt.
const bcryptFormat = "bcrypt:"

// peppered are the ways in which password and pepper make what is hashed.
var peppered = map[string]func(password, pepper []byte) []byte{
	"password+salt": func(p, pepper []byte) []byte { return slices.Concat(p, pepper) },
	"salt+password": func(p, pepper []byte) []byte { return slices.Concat(pepper, p) },
}

// pepper returns the stored form of bcrypt with a pepper.
func pepper(recipe, text, secret string) string {
	return "$pepper$" + recipe + "$" + base64.RawStdEncoding.EncodeToString([]byte(secret)) + text
}

// parsePepper reads pepper$recipe$pepper and bcrypt's own form.
func parsePepper(parts []string) (digest, error) {
	if len(parts) != 6 {
		return digest{}, errHash
	}
	mix := peppered[parts[1]]
	secret, err := base64.RawStdEncoding.DecodeString(parts[2])
	if err != nil || mix == nil || len(secret) > maxSalt {
		return digest{}, errHash
	}
	return parseBcrypt("$"+strings.Join(parts[3:], "$"), func(p []byte) []byte { return mix(p, secret) })
}
