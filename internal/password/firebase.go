package password

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"strconv"
	"strings"

	"golang.org/x/crypto/scrypt"
)

// parseFirescrypt reads firescrypt$ln=…,r=…,p=1$salt$hash$separator$key.
func parseFirescrypt(parts []string) (digest, error) {
	if len(parts) != 6 {
		return digest{}, errHash
	}
	o, err := options(parts[1], "ln", "r", "p")
	if err != nil || o[2] != "1" {
		return digest{}, errHash
	}
	return parseFirebase([]string{"", "ln=" + o[0] + ",r=" + o[1] + ",sep=" + parts[4] + ",key=" + parts[5], parts[2], parts[3]})
}

// parseFirebase reads firebase-scrypt$ln=…,r=…,sep=…,key=…$salt$hash. Firebase
// encrypts the project's key with what scrypt makes of the password; the
// hash is what comes out.
func parseFirebase(parts []string) (digest, error) {
	if len(parts) != 4 {
		return digest{}, errHash
	}
	o, err := options(parts[1], "ln", "r", "sep", "key")
	if err != nil {
		return digest{}, err
	}
	log, err := number(o[0], 20)
	if err != nil {
		return digest{}, err
	}
	cost, err := scryptCost(strconv.Itoa(1<<log), o[1], "1")
	if err != nil {
		return digest{}, err
	}
	var b [4][]byte
	for i, text := range []string{o[2], o[3], parts[2], parts[3]} {
		text = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
		if b[i], err = base64.RawStdEncoding.DecodeString(text); err != nil {
			return digest{}, errHash
		}
	}
	separator, signer, salt, want := b[0], b[1], b[2], b[3]
	if len(signer) != len(want) || !fits(salt, want) || len(separator) > maxSalt {
		return digest{}, errHash
	}
	salt = append(salt[:len(salt):len(salt)], separator...)
	return against(kindOf("scrypt", cost[:]...), want, uint32(cost[0]*cost[1]/8), func(p []byte) []byte {
		key, err := scrypt.Key(p, salt, cost[0], cost[1], 1, 64)
		if err != nil {
			return nil
		}
		block, err := aes.NewCipher(key[:32])
		if err != nil {
			return nil
		}
		out := make([]byte, len(signer))
		cipher.NewCTR(block, make([]byte, aes.BlockSize)).XORKeyStream(out, signer)
		return out
	}), nil
}
