// Package system is the one seam through which time, randomness and random
// identifiers enter the program, so that tests and users can control them.
//
// Dates, due times, ends of validity, tickers and timers follow System.Clock
// and System.Timer, which may be set and advanced while a server runs (see
// Movable). What follows is monotonic instead: it follows System.Elapsed,
// Countdown or Machine, and never a moved clock, for the reason given.
//
//   - Durations of requests, webhook attempts, jobs and password hashes, and
//     what is reported of them: they are facts about this process.
//   - How long a cache trusts what it read from the database: other processes
//     write in real time, and a clock that is set back must not prolong the
//     trust in a revoked token.
//   - The share of webhooks while writers wait, and the wait for memory: they
//     bound real load. Rate windows of API accounts do as well, but a clock that
//     was moved by hand ends them: see Passed.
//   - The end of an attempt at a job whose lease could not be renewed: the
//     process has as long as it really takes. The date of the lease in the
//     database follows the clock, and a moved clock renews leases at once.
//   - Waits for the database, the pause before a retry, and the wait for
//     handlers at the end of a process: others really have to make progress.
//   - Deadlines of network connections: the operating system compares them
//     with the machine's clock. These alone need Machine.
package system

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"time"
)

// System is a clock and a source of randomness. The zero System is not
// usable; see Real.
type System struct {
	// Clock returns the current time. It is called on hot paths: it must not
	// wait for a lock.
	Clock func() time.Time
	// Monotonic returns the time that this process has seen go by since some
	// moment. Setting the machine's clock does not change it. Nil stands for
	// that of Clock.
	Monotonic func() time.Duration
	// Ahead returns how far the clock was moved by hand. Nil: nobody can.
	Ahead func() time.Duration
	// Timer returns a timer that fires when d has gone by on Clock. Nil stands
	// for the machine's timers.
	Timer func(d time.Duration) Timer
	// Random yields cryptographically secure bytes.
	Random io.Reader
}

// Timer is a time.Timer that a substitute of the clock can fire.
type Timer interface {
	// Chan receives the time once, when the timer fires.
	Chan() <-chan time.Time
	// Stop keeps the timer from firing. It reports whether it would have.
	Stop() bool
	// Reset has the timer fire after d from now, as if it were new. It reports
	// whether it was still to fire.
	Reset(d time.Duration) bool
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

// Passed is Elapsed with how far the clock was moved by hand. It goes back where
// that one is.
func (s *System) Passed() time.Duration {
	if s.Ahead == nil {
		return s.Elapsed()
	}
	return s.Elapsed() + s.Ahead()
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
	return uuid(&b)
}

// UUIDs returns n of UUID that have their first four bytes in common: rows that are
// written together then lie together in an index, where each would else change a
// page of its own.
func (s *System) UUIDs(n int) []string {
	out := make([]string, n)
	var first [4]byte
	for i := range out {
		var b [16]byte
		if s.Bytes(b[:]); i == 0 {
			copy(first[:], b[:])
		}
		copy(b[:], first[:])
		out[i] = uuid(&b)
	}
	return out
}

func uuid(b *[16]byte) string {
	b[6] = b[6]&0x0f | 0x40 // version
	b[8] = b[8]&0x3f | 0x80 // variant
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// Jitter returns a random duration from zero up to but not including most; it
// returns zero if most is not positive.
func (s *System) Jitter(most time.Duration) time.Duration {
	if most <= 0 {
		return 0
	}
	return time.Duration(s.draws().Int64N(int64(most)))
}

// Int63 returns a random number from zero up.
func (s *System) Int63() int64 { return s.draws().Int64() }

// Shuffle puts n things into a random order.
func (s *System) Shuffle(n int, swap func(i, j int)) {
	if n > 1 {
		s.draws().Shuffle(n, swap)
	}
}

// draws returns a fast generator that starts from random bytes.
func (s *System) draws() *mathrand.Rand {
	var seed [16]byte
	s.Bytes(seed[:])
	return mathrand.New(mathrand.NewPCG(binary.LittleEndian.Uint64(seed[:8]), binary.LittleEndian.Uint64(seed[8:])))
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
