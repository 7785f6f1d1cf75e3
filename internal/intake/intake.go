// Package intake reads the bodies of requests for every surface, so that slow
// and large bodies cost their senders more than everybody else: memory is
// taken as bytes arrive, from budgets of which no API account and no client
// address can take all, and a body that does not make progress ends.
package intake

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"clientele/internal/fault"
	"clientele/internal/limit"
	"clientele/internal/system"
)

// Limits bound what is read. A field of zero or less means its default.
type Limits struct {
	// Body is how many bytes a body of an API account may have, decompressed
	// and compressed; Anonymous is the same for everybody else.
	Body, Anonymous int64
	// Memory bounds the bodies of all API accounts together, and Share those of
	// one. AnonymousMemory and AnonymousShare do the same for everybody else,
	// by client address.
	Memory, Share                   int64
	AnonymousMemory, AnonymousShare int64
	// Pause is how long a body may stand still. After that time it must have
	// come at Rate bytes a second on average, and after Longest it must be
	// there.
	Pause   time.Duration
	Rate    int64
	Longest time.Duration
	// Wait is how long a body waits for memory.
	Wait time.Duration
}

// Defaults are the limits of a server.
var Defaults = Limits{
	Body: 4 << 20, Anonymous: 64 << 10,
	Memory: 128 << 20, Share: 32 << 20, AnonymousMemory: 32 << 20, AnonymousShare: 4 << 20,
	Pause: 10 * time.Second, Rate: 1 << 10, Longest: time.Minute,
	Wait: 5 * time.Second,
}

func (l Limits) orDefaults() Limits {
	for _, f := range []struct {
		to      *int64
		initial int64
	}{
		{&l.Body, Defaults.Body}, {&l.Anonymous, Defaults.Anonymous}, {&l.Memory, Defaults.Memory}, {&l.Share, Defaults.Share},
		{&l.AnonymousMemory, Defaults.AnonymousMemory}, {&l.AnonymousShare, Defaults.AnonymousShare}, {&l.Rate, Defaults.Rate},
	} {
		if *f.to <= 0 {
			*f.to = f.initial
		}
	}
	for _, f := range []struct{ to, initial *time.Duration }{
		{&l.Pause, &Defaults.Pause}, {&l.Longest, &Defaults.Longest}, {&l.Wait, &Defaults.Wait},
	} {
		if *f.to <= 0 {
			*f.to = *f.initial
		}
	}
	return l
}

// Intake reads bodies.
type Intake struct {
	limits             Limits
	accounts, visitors *budget
}

// New returns an Intake.
func New(l Limits) *Intake {
	l = l.orDefaults()
	return &Intake{limits: l, accounts: newBudget(l.Memory, l.Share), visitors: newBudget(l.AnonymousMemory, l.AnonymousShare)}
}

// InUse returns how many bytes bodies that are being read hold, besides the
// first few of each: those of API accounts and those of everybody else.
func (in *Intake) InUse() (accounts, visitors int64) { return in.accounts.inUse(), in.visitors.inUse() }

// Source is who sends a body.
type Source struct {
	// Store and Client name an API account. Without Client the body is
	// anonymous, and Peer is the address of the client.
	Store  int64
	Client string
	Peer   limit.Peer
	// Most is another bound of size than that of Limits.
	Most int64
}

// Begin bounds how long the rest of a request's body may stand still where
// neither Read nor End takes it.
func (in *Intake) Begin(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength != 0 && !drained(r) {
		setReadDeadline(w, system.Machine().Add(in.limits.Pause))
	}
}

// setReadDeadline does nothing for a writer without connection, as in tests.
func setReadDeadline(w http.ResponseWriter, t time.Time) {
	_ = http.NewResponseController(w).SetReadDeadline(t)
}

// Bounds of what is taken of a body that nobody reads. A client that writes all
// of its request before it reads would lose the answer otherwise: what closes a
// connection with something left in it resets it. Nothing is kept, and time is
// short, so that sending slowly or much gains nothing.
const (
	drainTime = 2 * time.Second
	drainSize = 32 << 20
)

// drained reports whether End takes what is left of a request's body.
func drained(r *http.Request) bool {
	return r.ProtoMajor == 1 && (len(r.Header["Expect"]) == 0 || r.Header.Get("Expect") == "")
}

// End takes what is left of a request's body, as of one that was refused before
// it was read. A client that waits to be told to send its body is not told.
func (in *Intake) End(w http.ResponseWriter, r *http.Request) {
	if r.Body == nil || r.Body == http.NoBody || !drained(r) {
		return
	}
	setReadDeadline(w, system.Machine().Add(min(drainTime, in.limits.Pause)))
	_, err := io.CopyN(io.Discard, r.Body, drainSize)
	if errors.Is(err, io.EOF) || errors.Is(err, http.ErrBodyReadAfterClose) {
		setReadDeadline(w, time.Time{})
		return
	}
	setReadDeadline(w, system.Machine()) // the server waits for no more
}

// linger is how long a connection that is to be closed takes what its client
// still sends, so that the answer is not lost.
const linger = time.Second

// Read reads the body of a request, and what it was compressed from. The body
// is to be given back with Free. After an error, which is a fault, the
// connection is closed once it is answered.
func (in *Intake) Read(w http.ResponseWriter, r *http.Request, who Source) (*Body, error) {
	if r.Body == nil || r.Body == http.NoBody {
		if zipped, err := compressed(r); err != nil {
			return nil, err
		} else if zipped {
			return nil, unreadable(io.ErrUnexpectedEOF)
		}
		return &Body{}, nil
	}
	b, err := in.read(w, r, who)
	if err == nil {
		// What was set for the body must not end what is done with it.
		setReadDeadline(w, time.Time{})
		r.Body = http.NoBody // nothing is left for End
		return b, nil
	}
	w.Header()["Connection"] = []string{"close"}
	if f := fault.As(err); f != nil && f.Kind == fault.TooSlow {
		r.Body = http.NoBody // it had its time; End waits for no more
	}
	setReadDeadline(w, system.Machine().Add(min(linger, in.limits.Pause)))
	return nil, err
}

func (in *Intake) read(w http.ResponseWriter, r *http.Request, who Source) (*Body, error) {
	from, most, key := in.accounts, in.limits.Body, owner{who.Store, who.Client}
	if who.Client == "" {
		from, most, key = in.visitors, in.limits.Anonymous, owner{0, who.Peer.Network()}
	}
	if who.Most > 0 {
		most = who.Most
	}
	zipped, err := compressed(r)
	if err != nil {
		return nil, err
	}
	if r.ContentLength > most {
		return nil, tooLarge(most)
	}
	b := newBody(r.Context(), in.limits.Wait, from, key)
	b.pace = paced{w: w, r: r.Body, limits: &in.limits, body: b, start: system.Machine()}
	if err := b.fill(&b.pace, most, r.ContentLength); err != nil {
		b.Free()
		return nil, err
	}
	if !zipped {
		return b, nil
	}
	// The whole is there, so that what takes part in unpacking waits for no
	// client.
	defer b.Free()
	out := newBody(r.Context(), in.limits.Wait, from, key)
	if err := out.unzip(b.B, most); err != nil {
		out.Free()
		return nil, err
	}
	return out, nil
}

// compressed reports whether a body is compressed, with gzip.
func compressed(r *http.Request) (bool, error) {
	switch strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Encoding"))) {
	case "", "identity":
		return false, nil
	case "gzip", "x-gzip":
		return true, nil
	}
	return false, fault.New(fault.WrongMedia, "a compressed body must use gzip")
}

func tooLarge(most int64) error {
	return fault.New(fault.TooLarge, fmt.Sprintf("The request body is larger than %d bytes.", most))
}

func unreadable(err error) error {
	var late interface{ Timeout() bool }
	if errors.As(err, &late) && late.Timeout() {
		return &fault.Error{Kind: fault.TooSlow, Message: "The request body did not arrive in time.", Cause: err}
	}
	return &fault.Error{Kind: fault.Malformed, Message: "the body could not be read", Cause: err}
}

func busy() error {
	return &fault.Error{Kind: fault.Unavailable, Message: "Too many large requests are under way.", RetryAfter: 1}
}

// paced reads a body and ends it where it does not make progress. What the
// server itself waits for does not count.
type paced struct {
	w       http.ResponseWriter
	r       io.Reader
	limits  *Limits
	body    *Body
	start   time.Time
	renewed time.Time // when the deadline was set
	got     int64
}

// Read implements io.Reader.
func (p *paced) Read(to []byte) (int, error) {
	// A deadline that was set a moment ago does for now.
	if now := system.Machine(); p.renewed.IsZero() || now.Sub(p.renewed) > p.limits.Pause/16 {
		start := p.start.Add(p.body.waited)
		enough := start.Add(p.limits.Pause + time.Duration(float64(p.got)/float64(p.limits.Rate)*float64(time.Second)))
		end := earliest(now.Add(p.limits.Pause), enough, start.Add(p.limits.Longest))
		setReadDeadline(p.w, end)
		p.renewed = now
	}
	n, err := p.r.Read(to)
	p.got += int64(n)
	return n, err
}

func earliest(first time.Time, others ...time.Time) time.Time {
	for _, t := range others {
		if t.Before(first) {
			first = t
		}
	}
	return first
}
