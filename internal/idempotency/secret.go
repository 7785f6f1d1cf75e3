package idempotency

import (
	"bytes"
	"compress/flate"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"clientele/internal/system"
)

// Bounds of the body of an answer.
const (
	compressFrom = 64 << 10
	maxBody      = 1 << 20
)

// secrets are what is derived from a key: the hash that its row is found by,
// and the keys that its request is hashed and its answer encrypted with. None
// tells another one.
type secrets struct {
	lookup          string
	request, answer []byte
}

func derive(in *Request) secrets {
	salt := strconv.FormatInt(in.StoreID, 10) + "\x00" + in.Caller
	of := func(purpose string) []byte {
		out, err := hkdf.Key(sha256.New, []byte(in.Key), []byte(salt), "clientele idempotency "+purpose, sha256.Size)
		if err != nil {
			panic(err) // the length is a constant that fits
		}
		return out
	}
	return secrets{lookup: hex.EncodeToString(of("lookup")), request: of("request"), answer: of("answer")}
}

// hashRequest returns a keyed hash of the parts of a request, each with its
// length.
func (s *secrets) hashRequest(parts []string) string {
	h := hmac.New(sha256.New, s.request)
	for _, p := range parts {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(p)))
		h.Write(n[:])
		io.WriteString(h, p)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// head is what is kept of an answer before its body.
type head struct {
	Status int         `json:"status"`
	Header [][2]string `json:"header"`
	Packed bool        `json:"packed,omitempty"` // the body is compressed
	Left   bool        `json:"left,omitempty"`   // the body was too large to keep
}

func (s *secrets) cipher() (cipher.AEAD, error) {
	block, err := aes.NewCipher(s.answer)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// seal encrypts an answer.
func (s *secrets) seal(a *Answer, sys *system.System) (string, error) {
	h := head{Status: a.Status, Header: a.Header}
	body := a.Body
	switch {
	case len(body) > maxBody:
		h, body = head{Left: true}, nil
	case len(body) > compressFrom:
		var b bytes.Buffer
		z, err := flate.NewWriter(&b, flate.DefaultCompression)
		if err != nil {
			return "", err
		}
		if _, err := z.Write(body); err != nil {
			return "", err
		}
		if err := z.Close(); err != nil {
			return "", err
		}
		h.Packed, body = true, b.Bytes()
	}
	text, err := json.Marshal(h)
	if err != nil {
		return "", err
	}
	plain := binary.AppendUvarint(make([]byte, 0, len(text)+len(body)+8), uint64(len(text)))
	plain = append(append(plain, text...), body...)
	c, err := s.cipher()
	if err != nil {
		return "", err
	}
	nonce := make([]byte, c.NonceSize())
	sys.Bytes(nonce)
	return base64.RawStdEncoding.EncodeToString(c.Seal(nonce, nonce, plain, []byte(s.lookup))), nil
}

var errSealed = errors.New("idempotency: a kept answer cannot be read")

// open decrypts an answer. It returns errTooLarge for one that was not kept.
func (s *secrets) open(text string) (*Answer, error) {
	sealed, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errSealed, err)
	}
	c, err := s.cipher()
	if err != nil {
		return nil, err
	}
	if len(sealed) < c.NonceSize() {
		return nil, errSealed
	}
	plain, err := c.Open(nil, sealed[:c.NonceSize()], sealed[c.NonceSize():], []byte(s.lookup))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errSealed, err)
	}
	size, n := binary.Uvarint(plain)
	if n <= 0 || size > uint64(len(plain)-n) {
		return nil, errSealed
	}
	var h head
	if err := json.Unmarshal(plain[n:n+int(size)], &h); err != nil {
		return nil, fmt.Errorf("%w: %w", errSealed, err)
	}
	body := plain[n+int(size):]
	if h.Left {
		return nil, errTooLarge
	}
	if h.Packed {
		if body, err = io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(body)), maxBody+1)); err != nil {
			return nil, fmt.Errorf("%w: %w", errSealed, err)
		}
	}
	return &Answer{Status: h.Status, Header: h.Header, Body: body}, nil
}
