package password

import (
	"context"
	"encoding/base64"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// Hashes of other systems take other times to verify than our own. So that the
// time of an answer does not tell whose hash it was, wrong passwords are
// answered as late as the dearest kind takes that the store holds: the
// difference is waited for, after the place was given back.

// kind is what a hash costs to verify: its algorithm and its cost, such as
// scrypt:16384,8,1. Counts of rounds are rounded up to two digits, so that a
// store has few kinds even where a system drew them.
type kind string

// plain is the kind of all single digests, which cost next to nothing.
const plain kind = "digest"

// ownKind is that of our own hashes.
var ownKind = kindOf("argon2id", argonMemory, argonPasses, argonLanes)

func kindOf(name string, cost ...int) kind {
	b := []byte(name)
	for i, n := range cost {
		b = append(b, ":,"[min(i, 1)])
		b = strconv.AppendInt(b, int64(n), 10)
	}
	return kind(b)
}

// roughly rounds a count up to two digits.
func roughly(n int) int {
	unit := 1
	for n > 100*unit {
		unit *= 10
	}
	return (n + unit - 1) / unit * unit
}

// Kind names what a stored hash costs to verify. It is empty where that is what
// our own cost, as it is for accounts without a password.
func Kind(stored string) string {
	if stored == "" || strings.HasPrefix(stored, current) {
		return ""
	}
	h, err := parseStored(stored)
	if err != nil || h.kind == ownKind {
		return ""
	}
	return string(h.kind)
}

// sample returns a hash of a kind that no password has.
func sample(k kind) (digest, error) {
	name, cost, _ := strings.Cut(string(k), ":")
	o := append(strings.Split(cost, ","), "", "")
	zeros := func(n int) string { return base64.StdEncoding.EncodeToString(make([]byte, n)) }
	phpass := func(prefix string, size int) string {
		log, err := strconv.Atoi(o[0])
		if err != nil || log < 0 || log >= len(cryptAlphabet) {
			return ""
		}
		text := prefix + cryptAlphabet[log:log+1]
		return text + strings.Repeat(".", size-len(text))
	}
	text := ""
	switch name {
	case string(plain):
		text = "md5$salt$" + strings.Repeat("0", 32)
	case "argon2id", "argon2i":
		text = fmt.Sprintf("$%s$v=19$m=%s,t=%s,p=%s$%s$%s", name, o[0], o[1], o[2], strings.TrimRight(zeros(16), "="), strings.TrimRight(zeros(32), "="))
	case "bcrypt":
		text = fmt.Sprintf("$2b$%02s$%s", o[0], strings.Repeat(".", 53))
	case "scrypt":
		text = fmt.Sprintf("scrypt$%s$salt$%s$%s$%s", o[0], o[1], o[2], zeros(32))
	case "phpass-md5":
		text = phpass("$P$", sizePhpass)
	case "phpass-sha512":
		text = phpass("$S$", sizeDrupal)
	case "crypt-md5":
		text = "$1$salt$" + strings.Repeat(".", 22)
	case "crypt-sha256":
		text = "$5$rounds=" + o[0] + "$salt$" + strings.Repeat(".", 43)
	case "crypt-sha512":
		text = "$6$rounds=" + o[0] + "$salt$" + strings.Repeat(".", 86)
	default:
		alg, ok := strings.CutPrefix(name, "pbkdf2-")
		if !ok {
			return digest{}, errHash
		}
		text = "pbkdf2:" + alg + ":" + o[0] + "$salt$" + strings.Repeat("0", 32)
	}
	return parseStored(text)
}

// effort is verifying a hash of a kind. For kinds that read the password in
// every round it depends on the password's length too, of which size is the
// class.
type effort struct {
	kind kind
	size int
}

// shortest is up to which length passwords are of the same class, in bytes;
// each further class is twice as long.
const shortest = 64

func effortOf(k kind, length int) effort {
	if name := string(k); !strings.HasPrefix(name, "phpass-") && !strings.HasPrefix(name, "crypt-") {
		return effort{kind: k}
	}
	return effort{k, bits.Len(uint(max(length-1, 0) / shortest))}
}

// estimate is how long an effort takes, from those that were made: their mean
// and how far they are from it, both moving.
type estimate struct {
	mean, off time.Duration
	bound     time.Duration // what hardly any takes longer than
	known     bool
	done      chan struct{} // closed once it is known or could not be measured
	last      time.Duration // of Elapsed: when the last one was made, or begun to be measured
}

// add takes one more into account, which counts an eighth. A slow one raises
// the bound at once. Otherwise the bound moves in steps and lingers, as others
// must not see by it that there was one more.
func (e *estimate) add(took time.Duration) {
	if e.known {
		diff := took - e.mean
		e.mean += diff / 8
		e.off += (diff.Abs() - e.off) / 4
	} else {
		e.mean, e.off, e.known = took, took/32, true
	}
	if now := e.mean + e.mean/16 + 4*e.off; now > e.bound || now < e.bound*3/4 {
		e.bound = stepUp(now)
	}
}

// stepUp rounds up to one of eight steps between a power of two and the next.
func stepUp(d time.Duration) time.Duration {
	step := time.Duration(1) << max(bits.Len64(uint64(d))-4, 0)
	return (d + step - 1) / step * step
}

const (
	// uncounted is how late a wrong password is answered while it is not known
	// which kinds a store holds: hashes that take longer are hardly accepted.
	uncounted = time.Second
	// longest bounds what is believed of a measurement, and waited for.
	longest = 5 * time.Second
	// renewal is after what time without one an effort is measured again. What
	// was slow when the machine was would otherwise be waited for as long as
	// nobody has a hash of the kind compared.
	renewal = time.Minute
	// efforts bounds how many are kept.
	efforts = 4096
)

// meter keeps the estimates of a process.
type meter struct {
	mu sync.Mutex
	by map[effort]*estimate
}

// get returns an estimate, and whether it was made just now.
func (m *meter) get(of effort) (e *estimate, fresh bool) {
	if e = m.by[of]; e != nil {
		return e, false
	}
	if len(m.by) >= efforts {
		clear(m.by)
	}
	e = &estimate{done: make(chan struct{})}
	m.by[of] = e
	return e, true
}

// observe notes how long an effort took that has just ended.
func (m *meter) observe(of effort, took, now time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, _ := m.get(of)
	e.last = now
	if !e.known {
		defer close(e.done)
	}
	e.add(min(max(took, 0), longest))
}

// mean returns how long our own hash takes on average.
func (m *meter) mean() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.by[effortOf(ownKind, 0)]; e != nil && e.known {
		return e.mean
	}
	return 100 * time.Millisecond
}

// takes returns how long an effort takes. One that was never made is made once,
// on behalf of nobody, while the caller waits. One that was not made for a
// while is made again, for which nobody waits.
func (p *Hasher) takes(ctx context.Context, of effort) (time.Duration, error) {
	now := p.sys.Elapsed()
	p.meter.mu.Lock()
	e, fresh := p.meter.get(of)
	old := e.known && now-e.last >= renewal
	if fresh || old {
		e.last = now
	}
	p.meter.mu.Unlock()
	if fresh || old {
		// It goes on if the caller goes, for the next one.
		go p.measure(context.WithoutCancel(ctx), of, e)
	}
	select {
	case <-e.done:
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	p.meter.mu.Lock()
	defer p.meter.mu.Unlock()
	if !e.known {
		return uncounted, nil
	}
	return e.bound, nil
}

func (p *Hasher) measure(ctx context.Context, of effort, e *estimate) {
	h, err := sample(of.kind)
	if err == nil {
		_, err = p.verify(ctx, Party{Known: true}, h, strings.Repeat("x", shortest<<of.size))
	}
	if err == nil {
		return // verify observed it
	}
	// The next who asks tries again.
	p.meter.mu.Lock()
	defer p.meter.mu.Unlock()
	if !e.known {
		if p.meter.by[of] == e {
			delete(p.meter.by, of)
		}
		close(e.done)
	}
}

// Kinds are those of the imported hashes that a store holds.
type Kinds struct {
	Names []string
	// Partial tells that they are being counted and there may be more.
	Partial bool
}

// Level waits until as long after a comparison began as the dearest kind takes
// that a store holds, so that wrong passwords and unknown accounts are answered
// alike. It holds no place meanwhile, and does not wait where all hashes are
// our own, which all take the same time.
func (p *Hasher) Level(ctx context.Context, c Comparison, held Kinds) error {
	if len(held.Names) == 0 && !held.Partial {
		return nil
	}
	until, err := p.takes(ctx, effortOf(ownKind, c.length))
	if err != nil {
		return err
	}
	if held.Partial {
		until = max(until, uncounted)
	}
	for _, name := range held.Names {
		took, err := p.takes(ctx, effortOf(kind(name), c.length))
		if err != nil {
			return err
		}
		until = max(until, took)
	}
	until = min(until, longest)
	return p.sys.Sleep(ctx, min(until-(p.sys.Elapsed()-c.began), until))
}

// spent is what of a password is hashed: one that nobody can have is not.
func spent(password string) string {
	if utf8.RuneCountInString(password) > MaxLength {
		return ""
	}
	return password
}
