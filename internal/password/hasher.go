// Package password hashes and verifies passwords: with argon2id for our own, and
// with what other systems used for imported ones until their first sign-in. It
// also holds the rules for new passwords.
package password

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/sync/errgroup"

	"clientele/internal/fault"
	"clientele/internal/system"
)

// Hasher hashes and verifies passwords with argon2id. The work is bounded
// to one hash per core at a time, which also bounds its memory (19 MiB each).
// Callers wait their turn in a queue that is bounded and fair to parties.
type Hasher struct {
	sys   *system.System
	run   func(kind string, work func())
	queue *queue
	meter meter
	work  atomic.Int64
	cheap bool
}

// Options are for tests. The zero value is right for everyone else.
type Options struct {
	// Cheap makes own hashes with one round of SHA-256 instead of argon2id, for
	// tests of something else than hashing. Their form is unknown to any other
	// Hasher: a server neither makes such a hash nor takes a password for it.
	Cheap bool
	// Places is how many hashes are computed at once. Zero means one per core.
	Places int
	// Run does the work of a hash, which holds a place meanwhile; the kind is
	// empty for those of our own. Nil means to just do it.
	Run func(kind string, work func())
}

// argon2id with 19 MiB, two passes and one lane: OWASP's recommendation.
const (
	argonMemory  = 19 * 1024 // KiB
	argonPasses  = 2
	argonLanes   = 1
	argonKeyLen  = 32
	argonSaltLen = 16
)

// Bounds of a password in characters. The smaller one is the original's
// default rule.
const (
	MinLength = 7
	MaxLength = 250
)

// New returns a Hasher that draws salts from sys.
func New(sys *system.System) *Hasher { return NewWith(sys, Options{}) }

// NewWith is New with options.
func NewWith(sys *system.System, o Options) *Hasher {
	if o.Places == 0 {
		o.Places = runtime.GOMAXPROCS(0)
	}
	if o.Run == nil {
		o.Run = func(_ string, work func()) { work() }
	}
	return &Hasher{sys: sys, run: o.Run, queue: newQueue(o.Places), meter: meter{by: map[effort]*estimate{}}, cheap: o.Cheap}
}

// enter waits for a place. With too many waiting it is a TooMany fault.
func (p *Hasher) enter(ctx context.Context, who Party, large, begun bool) error {
	err := p.queue.enter(ctx, who, large, begun)
	if full := (fullError{}); errors.As(err, &full) {
		wait := p.meter.mean() * time.Duration(full.waiting) / time.Duration(p.queue.places)
		return &fault.Error{Kind: fault.TooMany, Message: "Too many requests", RetryAfter: int(wait/time.Second) + 1, Cause: err}
	}
	return err
}

// spend does work of a kind in a place that the caller has.
func (p *Hasher) spend(of effort, work func()) (began time.Duration) {
	name := string(of.kind)
	if of.kind == ownKind {
		name = ""
		p.work.Add(1)
	}
	began = p.sys.Elapsed()
	p.run(name, work)
	ended := p.sys.Elapsed()
	p.meter.observe(of, ended-began, ended)
	return began
}

// Hash returns the encoded hash of a password, in the PHC string format:
// $argon2id$v=19$m=19456,t=2,p=1$salt$hash.
func (p *Hasher) Hash(ctx context.Context, who Party, password string) (string, error) {
	return p.hash(ctx, who, password, false)
}

// hash is Hash. begun tells that it goes on with what has had a place.
func (p *Hasher) hash(ctx context.Context, who Party, password string, begun bool) (string, error) {
	if err := p.enter(ctx, who, false, begun); err != nil {
		return "", err
	}
	defer p.queue.leave(false)
	return p.derive(password), nil
}

// derive hashes a password in a place that the caller has.
func (p *Hasher) derive(password string) (encoded string) {
	p.spend(effortOf(ownKind, 0), func() {
		salt := make([]byte, argonSaltLen)
		p.sys.Bytes(salt)
		if p.cheap {
			encoded = cheapHash(salt, []byte(password))
			return
		}
		encoded = encode(salt, argon2.IDKey([]byte(password), salt, argonPasses, argonMemory, argonLanes, argonKeyLen))
	})
	return encoded
}

// HashAll hashes the passwords of a batch, those that are not empty. It is one
// party's and has no more of the queue than there are places. Once one had its
// turn none is turned away.
func (p *Hasher) HashAll(ctx context.Context, who Party, passwords []string) ([]string, error) {
	hashes := make([]string, len(passwords))
	var todo []int
	for i := range passwords {
		if passwords[i] != "" {
			todo = append(todo, i)
		}
	}
	if len(todo) == 0 {
		return hashes, nil
	}
	if err := p.enter(ctx, who, false, false); err != nil {
		return nil, err
	}
	next := make(chan int, len(todo))
	for _, i := range todo[1:] {
		next <- i
	}
	close(next)
	g, ctx := errgroup.WithContext(ctx)
	rest := func() (err error) {
		for i := range next {
			if hashes[i], err = p.hash(ctx, who, passwords[i], true); err != nil {
				return err
			}
		}
		return nil
	}
	g.Go(func() error {
		func() {
			defer p.queue.leave(false)
			hashes[todo[0]] = p.derive(passwords[todo[0]])
		}()
		return rest()
	})
	for range min(p.queue.places, len(todo)) - 1 {
		g.Go(rest)
	}
	return hashes, g.Wait()
}

// Unknown returns the hash of a random password that nobody knows, for an
// account whose password is to be generated and told to no one. A random hash
// is just that, and costs no hashing.
func (p *Hasher) Unknown() string {
	salt, key := make([]byte, argonSaltLen), make([]byte, argonKeyLen)
	p.sys.Bytes(salt)
	p.sys.Bytes(key)
	return encode(salt, key)
}

func encode(salt, key []byte) string {
	enc := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonPasses, argonLanes,
		enc.EncodeToString(salt), enc.EncodeToString(key))
}

// current is what our own hashes begin with.
var current = fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$", argon2.Version, argonMemory, argonPasses, argonLanes)

// nobody is a hash that no password has, of the same cost as Hash's.
var nobody = fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonPasses, argonLanes,
	base64.RawStdEncoding.EncodeToString(make([]byte, argonSaltLen)), base64.RawStdEncoding.EncodeToString(make([]byte, argonKeyLen)))

// Comparison is what came of comparing a password with a hash.
type Comparison struct {
	OK bool
	// Newer is the hash to store from now on for a password that is right but
	// was hashed otherwise, by another system or with other parameters.
	Newer string

	began  time.Duration // of Elapsed: the work, after waiting for a place
	length int           // of what was hashed
}

// Compare compares a password with a stored hash, for an account without one
// (encoded is empty) with one that nobody has. How long it takes depends on the
// hash; see Level.
func (p *Hasher) Compare(ctx context.Context, who Party, encoded, password string) (Comparison, error) {
	h, err := p.parse(encoded)
	if err != nil {
		encoded = p.nobody()
		if h, err = p.parse(encoded); err != nil {
			return Comparison{}, err
		}
	}
	c, err := p.verify(ctx, who, h, password)
	if err != nil || !c.OK || strings.HasPrefix(encoded, current) || p.cheap && strings.HasPrefix(encoded, cheapPrefix) {
		return c, err
	}
	c.Newer, err = p.hash(ctx, who, password, true)
	if err != nil {
		return Comparison{}, err
	}
	return c, nil
}

// Verify reports whether password is the one that encoded was made of.
func (p *Hasher) Verify(ctx context.Context, who Party, encoded, password string) (bool, error) {
	h, err := p.parse(encoded)
	if err != nil {
		return false, nil
	}
	c, err := p.verify(ctx, who, h, password)
	return c.OK, err
}

func (p *Hasher) verify(ctx context.Context, who Party, h digest, password string) (Comparison, error) {
	large := h.mem > plentyMemory
	if err := p.enter(ctx, who, large, false); err != nil {
		return Comparison{}, err
	}
	defer p.queue.leave(large)
	password = spent(password)
	c := Comparison{length: len(password)}
	c.began = p.spend(effortOf(h.kind, len(password)), func() { c.OK = h.verify([]byte(password)) && password != "" })
	return c, nil
}

// Work returns how many hashes of our own were computed, for tests that look
// whether an answer hashes.
func (p *Hasher) Work() int64 { return p.work.Load() }

// Waiting returns how many wait for their turn.
func (p *Hasher) Waiting() int {
	p.queue.mu.Lock()
	defer p.queue.mu.Unlock()
	return p.queue.waiting
}
