package password

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// maxSaltings bounds how often a text that is hashed repeats password and salt.
const maxSaltings = 8

// parseSalted reads sha256$pf=…$salt$hash of Ory Kratos, all in base64. pf says
// what is hashed: a text with {PASSWORD} and {SALT} in their places.
func parseSalted(parts []string) (digest, error) {
	if parts[0] == "md5" && len(parts) == 2 {
		parts = []string{"md5", "pf=e1BBU1NXT1JEfQ==", "", parts[1]}
	}
	if len(parts) != 4 {
		return digest{}, errHash
	}
	text, ok := strings.CutPrefix(parts[1], "pf=")
	form, err1 := base64.StdEncoding.DecodeString(text)
	salt, err2 := base64.StdEncoding.DecodeString(parts[2])
	want, err3 := base64.StdEncoding.DecodeString(parts[3])
	h := algorithms[parts[0]]
	if !ok || err1 != nil || err2 != nil || err3 != nil || len(form) > maxSalt || len(salt) > maxSalt || len(want) != h().Size() {
		return digest{}, errHash
	}
	n := strings.Count(string(form), "{PASSWORD}")
	if n == 0 || n+strings.Count(string(form), "{SALT}") > maxSaltings {
		return digest{}, errHash
	}
	return against(plain, want, 0, func(p []byte) []byte {
		return sum(h, []byte(strings.NewReplacer("{SALT}", string(salt), "{PASSWORD}", string(p)).Replace(string(form))))
	}), nil
}

// parseHMAC reads hmac-sha256$hash$key of Ory Kratos, both in base64. The hash
// is in hexadecimal before.
func parseHMAC(parts []string) (digest, error) {
	if len(parts) != 3 {
		return digest{}, errHash
	}
	h := algorithms[strings.TrimPrefix(parts[0], "hmac-")]
	text, err1 := base64.StdEncoding.DecodeString(parts[1])
	key, err2 := base64.StdEncoding.DecodeString(parts[2])
	if h == nil || err1 != nil || err2 != nil || len(key) == 0 || len(key) > maxSalt {
		return digest{}, errHash
	}
	want, err := hex.DecodeString(string(text))
	if err != nil || len(want) != h().Size() {
		return digest{}, errHash
	}
	return against(plain, want, 0, func(p []byte) []byte {
		m := hmac.New(h, key)
		m.Write(p)
		return m.Sum(nil)
	}), nil
}
