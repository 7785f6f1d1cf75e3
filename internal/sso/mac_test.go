package sso_test

import (
	"crypto/hmac"
	"crypto/sha256"
)

func mac(text, secret string) []byte {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(text))
	return h.Sum(nil)
}
