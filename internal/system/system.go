// Package system is the one seam through which time, randomness and random
// identifiers enter the program, so that tests and users can control them.
package system

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"time"
)

// System is a clock and a source of randomness. The zero System is not
// usable; see Real.
type System struct {
	// Clock returns the current time.
	Clock func() time.Time
	// Monotonic returns the time that this process has seen go by since some
	// moment. Setting the machine's clock does not change it. Nil stands for
	// that of Clock.
	Monotonic func() time.Duration
	// After returns a channel that receives once a time has passed. Nil means
	// time.After.
	After func(time.Duration) <-chan time.Time
	// Random yields cryptographically secure bytes.
	Random io.Reader
}

// Real returns the machine's own clock and randomness.
func Real() *System {
	start := time.Now()
	return &System{Clock: time.Now, Monotonic: func() time.Duration { return time.Since(start) }, Random: rand.Reader}
}

// Now returns the current time in whole seconds since the Unix epoch: the
// resolution of every date on the wire.
func (s *System) Now() int64 { return s.Clock().Unix() }

// Elapsed returns the time that this process has seen go by since some moment,
// whatever happened to the clock.
func (s *System) Elapsed() time.Duration {
	if s.Monotonic == nil {
		return time.Duration(s.Clock().UnixNano())
	}
	return s.Monotonic()
}

// Sleep returns once d has passed, or with the error of ctx once that ends.
func (s *System) Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	after := s.After
	if after == nil {
		after = time.After
	}
	select {
	case <-after(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Bytes fills b with random bytes.
func (s *System) Bytes(b []byte) {
	if _, err := io.ReadFull(s.Random, b); err != nil {
		// crypto/rand never fails; a substitute that runs dry is a broken test.
		panic(fmt.Sprintf("system: randomness: %v", err))
	}
}

// Hex returns n random bytes as 2n lower-case hexadecimal digits.
func (s *System) Hex(n int) string {
	b := make([]byte, n)
	s.Bytes(b)
	return hex.EncodeToString(b)
}

// UUID returns a random UUID (version 4, RFC 9562) in lower case.
func (s *System) UUID() string {
	var b [16]byte
	s.Bytes(b[:])
	b[6] = b[6]&0x0f | 0x40 // version
	b[8] = b[8]&0x3f | 0x80 // variant
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

const alphabet = "0123456789abcdefghijklmnopqrstuvwxyz"

// Token returns n characters drawn evenly from 0-9 and a-z, the form of
// BigCommerce's store hashes, client ids and access tokens. Each character
// carries about 5.17 bits.
func (s *System) Token(n int) string {
	out := make([]byte, 0, n)
	var buf [64]byte
	for len(out) < n {
		s.Bytes(buf[:])
		for _, b := range buf {
			// Reject the tail that would make the first letters likelier.
			if b < 252 && len(out) < n {
				out = append(out, alphabet[b%36])
			}
		}
	}
	return string(out)
}
