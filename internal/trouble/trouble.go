// Package trouble has requests, deliveries to webhooks and emails fail as a test
// wants it, in development mode. A rule says which of them it is about, what
// becomes of those, and how often; what it does is told by its own count and
// seed alone, so that a test is the same each time.
//
// The package decides. What a decision means for a request of HTTP is carried
// out by package devtools, which stands between requests and their handlers;
// Transport and Email carry it out for webhooks and emails.
package trouble

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"clientele/internal/fault"
)

// The surfaces that rules can be about.
const (
	V3         = "v3"
	V2         = "v2"
	GraphQL    = "graphql"
	Storefront = "storefront"
	Pages      = "pages"
	Webhook    = "webhook"
	SMTP       = "smtp"
)

// Requests are the surfaces by which requests come, Surfaces all of them.
var (
	Requests = []string{V3, V2, GraphQL, Storefront, Pages}
	Surfaces = append(slices.Clone(Requests), Webhook, SMTP)
)

// Methods are those of requests.
var Methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

// Ways to drop an answer.
const (
	DropBefore      = "before"       // nothing was done
	DropAfterCommit = "after_commit" // all was done, and nobody is told
	DropTruncate    = "truncate"     // the body ends in the middle
	DropEmpty       = "empty"        // there is no body
)

// Bounds of rules.
const (
	maxRules = 200
	MaxDelay = time.Minute
	maxText  = 1000
	maxCount = 1_000_000_000
)

// Rule is a fault as a test describes it.
type Rule struct {
	Match  Match  `json:"match"`
	Effect Effect `json:"effect"`
	// After is how many that match are left alone first, Every that only each n-th
	// of the others is hit, Times how many are hit at most; 0 is no bound.
	After int64 `json:"after,omitempty"`
	Times int64 `json:"times,omitempty"`
	Every int64 `json:"every,omitempty"`
	// Probability is that of a hit, by a sequence that Seed begins.
	Probability *float64 `json:"probability,omitempty"`
	Seed        uint64   `json:"seed,omitempty"`
}

// Match says what a rule is about. Empty members match anything.
type Match struct {
	Surface string `json:"surface,omitempty"`
	Method  string `json:"method,omitempty"`
	// Route is the path of the API document after /v3 or /v2; of webhooks it is
	// that of the destination.
	Route string `json:"route,omitempty"`
	Store string `json:"store,omitempty"`
	// Operation is an operationId of the API document; in GraphQL the name of an
	// operation or of a field that it asks for; of webhooks a scope; of emails a
	// kind.
	Operation string `json:"operation,omitempty"`
	// Email is an address that the request tells, or to which an email goes.
	Email string `json:"email,omitempty"`
	// Body is a text that the body holds.
	Body string `json:"body,omitempty"`
}

// Effect is what becomes of what a rule hits.
type Effect struct {
	Status    *Status    `json:"status,omitempty"`
	Delay     *Delay     `json:"delay,omitempty"`
	Drop      string     `json:"drop,omitempty"`
	RateLimit *RateLimit `json:"rate_limit,omitempty"`
	Partial   *Partial   `json:"partial,omitempty"`
	// Of webhooks.
	Duplicate bool   `json:"duplicate,omitempty"`
	Reorder   bool   `json:"reorder,omitempty"`
	Signature string `json:"signature,omitempty"` // wrong
	// SMTP is a refusal of the mail server.
	SMTP *Refusal `json:"smtp,omitempty"`

	// held is set by magic values alone.
	held, locked bool
}

// Status is an answer with a status.
type Status struct {
	Code       int `json:"code"`
	RetryAfter int `json:"retry_after,omitempty"` // seconds
}

// RateLimit is the answer to who has spent the quota.
type RateLimit struct {
	// RetryAfter is how many seconds are left of the window; 0: as many as there
	// are.
	RetryAfter int `json:"retry_after,omitempty"`
}

// Partial has one item of a batch fail and the others done.
type Partial struct {
	Item int `json:"item"` // from 1 on
}

// Refusal is that of a mail server.
type Refusal struct {
	Stage string `json:"stage"` // connect, mail_from, rcpt_to or data
	Code  int    `json:"code"`
}

// Stages are those of sending an email, as errors name them.
var Stages = map[string]string{"connect": "connecting", "mail_from": "SMTP MAIL FROM", "rcpt_to": "SMTP RCPT TO", "data": "SMTP DATA"}

// Delay is a fixed time, or one that half and 99 of 100 stay below.
type Delay struct{ Fixed, P50, P99 time.Duration }

// UnmarshalJSON implements json.Unmarshaler: "250ms" or {"p50":"80ms","p99":"2s"}.
func (d *Delay) UnmarshalJSON(text []byte) error {
	var fixed string
	if json.Unmarshal(text, &fixed) == nil {
		return parse(fixed, &d.Fixed)
	}
	var of map[string]string
	if err := json.Unmarshal(text, &of); err != nil || len(of) != 2 || of["p50"] == "" || of["p99"] == "" {
		return fmt.Errorf(`delay: want a time such as "250ms", or {"p50":"80ms","p99":"2s"}`)
	}
	if err := parse(of["p50"], &d.P50); err != nil {
		return err
	}
	return parse(of["p99"], &d.P99)
}

func parse(text string, to *time.Duration) error {
	v, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf(`delay: %q is no time such as "250ms"`, text)
	}
	*to = v
	return nil
}

// MarshalJSON implements json.Marshaler.
func (d Delay) MarshalJSON() ([]byte, error) {
	if d.P50 == 0 && d.P99 == 0 {
		return json.Marshal(d.Fixed.String())
	}
	return json.Marshal(map[string]string{"p50": d.P50.String(), "p99": d.P99.String()})
}

// of returns a delay by what a rule draws.
func (d *Delay) of(draw *sequence) time.Duration {
	switch {
	case d == nil:
		return 0
	case d.P50 == 0 && d.P99 == 0:
		return d.Fixed
	}
	// Times to answer are about log-normal; 2.3263 deviations are the 99th of 100.
	spread := math.Log(float64(d.P99)/float64(d.P50)) / 2.3263
	return min(time.Duration(float64(d.P50)*math.Exp(spread*draw.normal())), MaxDelay)
}

// ends reports whether an effect decides what the answer is, of which there is
// one.
func (e *Effect) ends() bool {
	return e.Status != nil || e.Drop != "" || e.RateLimit != nil || e.Partial != nil || e.SMTP != nil || e.held || e.locked
}

// Check returns what is wrong with a rule.
func (r *Rule) Check() error {
	var c fault.Collector
	bad := func(path, message string) { c.Add(path, fault.NotAccepted, "", message) }
	m, e := &r.Match, &r.Effect
	if m.Surface != "" && !slices.Contains(Surfaces, m.Surface) {
		bad("match.surface", "want one of "+strings.Join(Surfaces, ", "))
	}
	if m.Method = strings.ToUpper(m.Method); m.Method != "" && !slices.Contains(Methods, m.Method) {
		bad("match.method", "want one of "+strings.Join(Methods, ", "))
	}
	if m.Route != "" && !strings.HasPrefix(m.Route, "/") {
		bad("match.route", "want a path of the API document after /v3 or /v2, such as /customers/addresses")
	}
	for path, text := range map[string]string{"match.method": m.Method, "match.route": m.Route, "match.store": m.Store, "match.operation": m.Operation, "match.email": m.Email, "match.body": m.Body} {
		if len(text) > maxText {
			bad(path, "has more than "+strconv.Itoa(maxText)+" bytes")
		}
	}
	terminal := 0
	for _, set := range []bool{e.Status != nil, e.Drop != "", e.RateLimit != nil, e.Partial != nil, e.SMTP != nil} {
		if set {
			terminal++
		}
	}
	switch hook := e.Duplicate || e.Reorder || e.Signature != ""; {
	case terminal > 1:
		bad("effect", "of status, drop, rate_limit, partial and smtp only one can be")
	case terminal == 0 && e.Delay == nil && !hook:
		bad("effect", "want status, delay, drop, rate_limit or partial; of webhooks also duplicate, reorder or signature, of smtp smtp")
	case hook && m.Surface != Webhook:
		bad("effect", "duplicate, reorder and signature are of webhooks: match.surface is webhook")
	case e.SMTP != nil && m.Surface != SMTP:
		bad("effect.smtp", "is of emails: match.surface is smtp")
	case m.Surface == SMTP && terminal > 0 && e.SMTP == nil:
		bad("effect", "emails have smtp and delay")
	case m.Surface == Webhook && (e.RateLimit != nil || e.Partial != nil || e.Drop == DropTruncate || e.Drop == DropEmpty):
		bad("effect", "webhooks have status, delay, drop before and after_commit, duplicate, reorder and signature")
	case e.Partial != nil && m.Surface != V3:
		bad("effect.partial", "is of batches: match.surface is v3")
	case e.RateLimit != nil && m.Surface == Pages:
		bad("effect.rate_limit", "pages have none: want status 429")
	}
	if s := e.Status; s != nil {
		if s.Code < 400 || s.Code > 599 {
			bad("effect.status.code", "want a status from 400 to 599")
		}
		if s.RetryAfter < 0 || s.RetryAfter > 86400 {
			bad("effect.status.retry_after", "want seconds up to a day")
		}
	}
	if l := e.RateLimit; l != nil && (l.RetryAfter < 0 || l.RetryAfter > 86400) {
		bad("effect.rate_limit.retry_after", "want seconds up to a day")
	}
	if e.Drop != "" && !slices.Contains([]string{DropBefore, DropAfterCommit, DropTruncate, DropEmpty}, e.Drop) {
		bad("effect.drop", "want before, after_commit, truncate or empty")
	}
	if d := e.Delay; d != nil && (d.Fixed < 0 || d.Fixed > MaxDelay || d.P50 < 0 || d.P99 < d.P50 || d.P99 > MaxDelay || d.P50 == 0 && d.P99 != 0 || d.P50 == 0 && d.Fixed == 0) {
		bad("effect.delay", "want a time up to "+MaxDelay.String()+", and p50 not above p99")
	}
	if p := e.Partial; p != nil && (p.Item < 1 || p.Item > 1000) {
		bad("effect.partial.item", "want the place in the batch, from 1 on")
	}
	if e.Signature != "" && e.Signature != "wrong" {
		bad("effect.signature", "want wrong")
	}
	if s := e.SMTP; s != nil {
		if _, ok := Stages[s.Stage]; !ok {
			bad("effect.smtp.stage", "want connect, mail_from, rcpt_to or data")
		}
		if s.Code < 400 || s.Code > 599 {
			bad("effect.smtp.code", "want a reply from 400 to 599")
		}
	}
	for path, n := range map[string]int64{"after": r.After, "times": r.Times, "every": r.Every} {
		if n < 0 || n > maxCount {
			bad(path, "want a number from 0 to "+strconv.Itoa(maxCount))
		}
	}
	if p := r.Probability; p != nil && (*p < 0 || *p > 1 || math.IsNaN(*p)) {
		bad("probability", "want a number from 0 to 1")
	}
	slices.SortFunc(c.Items, func(a, b fault.Item) int { return cmp.Compare(a.Path, b.Path) })
	return c.Err(fault.Invalid)
}

// Listed is a rule as it is listed.
type Listed struct {
	ID string `json:"id"`
	Rule
	Seen  int64 `json:"seen"`  // how many have matched
	Fired int64 `json:"fired"` // and were hit
}

// rule is a Rule at work.
type rule struct {
	Listed
	number int64
	draw   sequence
}

// Engine keeps rules and applies them.
type Engine struct {
	// Magic has addresses of email ask for faults by themselves: see magic.
	Magic bool

	some    atomic.Bool // there are rules
	changed atomic.Int64

	mu    sync.Mutex
	rules []*rule
	last  int64
}

// Changed changes whenever a rule is added, taken away, or hits something.
func (e *Engine) Changed() int64 { return e.changed.Load() }

// Idle reports whether nothing can be hit.
func (e *Engine) Idle() bool { return !e.Magic && !e.some.Load() }

var errMany = fault.New(fault.Conflict, fmt.Sprintf("there are %d faults already: DELETE /_clientele/v1/faults takes them away", maxRules))

// Add adds a rule that Check has found good, and returns its id.
func (e *Engine) Add(in Rule) (string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.rules) >= maxRules {
		return "", errMany
	}
	e.last++
	r := &rule{Listed: Listed{ID: "fault-" + strconv.FormatInt(e.last, 10), Rule: in}, number: e.last, draw: sequence(in.Seed)}
	e.rules = append(e.rules, r)
	e.some.Store(true)
	e.changed.Add(1)
	return r.ID, nil
}

// List returns the rules in the order in which they were added.
func (e *Engine) List() []Listed {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := make([]Listed, len(e.rules))
	for i, r := range e.rules {
		out[i] = r.Listed
	}
	return out
}

// Active returns how many rules there are that can still hit something.
func (e *Engine) Active() int {
	n := 0
	for _, r := range e.List() {
		if r.Times == 0 || r.Fired < r.Times {
			n++
		}
	}
	return n
}

// Remove takes a rule away, and reports whether there was one.
func (e *Engine) Remove(id string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := len(e.rules)
	e.rules = slices.DeleteFunc(e.rules, func(r *rule) bool { return r.ID == id })
	e.some.Store(len(e.rules) > 0)
	e.changed.Add(1)
	return len(e.rules) < n
}

// Clear takes all rules away, and returns how many there were. The next is
// called as the first was.
func (e *Engine) Clear() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := len(e.rules)
	e.rules, e.last = nil, 0
	e.some.Store(false)
	e.changed.Add(1)
	return n
}

// ClearOf takes away the rules that are about stores alone.
func (e *Engine) ClearOf(stores []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.rules = slices.DeleteFunc(e.rules, func(r *rule) bool { return slices.Contains(stores, r.Match.Store) })
	e.some.Store(len(e.rules) > 0)
	e.changed.Add(1)
}

// Subject is what may be hit.
type Subject struct {
	Surface, Method, Route, Store string
	// Is reports whether it is an operation of a name.
	Is func(operation string) bool
	// Text is what it says: the query and the body of a request, or the address of
	// an email. It is asked for if a rule needs it.
	Text func() string
	// Items is how many the batch has; it is asked for if a rule needs it.
	Items func() int
	// SignsIn tells that a password is tried.
	SignsIn func() bool
}

// Hit is what becomes of a subject.
type Hit struct {
	// By are the ids of the rules.
	By    []string
	Delay time.Duration
	Effect
}

// Held tells that there is to be no answer until the client gives up.
func (h *Hit) Held() bool { return h.held }

// Locked tells that the account is to look as if too many passwords had been
// tried.
func (h *Hit) Locked() bool { return h.locked }

// Take counts a subject, and returns what becomes of it; nil: nothing. Where
// several rules decide on the answer the first does, and the others have not
// seen it.
func (e *Engine) Take(s *Subject) *Hit {
	if e.Idle() {
		return nil
	}
	var out Hit
	if e.some.Load() {
		e.take(s, &out)
	}
	if e.Magic {
		e.magic(s, &out)
	}
	if len(out.By) == 0 {
		return nil
	}
	return &out
}

func (e *Engine) take(s *Subject, out *Hit) {
	// What has to be read is read before the lock.
	text := ""
	if e.reads(s) {
		text = s.Text()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, r := range e.rules {
		if !r.Match.fits(s) || !r.Match.says(s, text) || out.ends() && r.Effect.ends() {
			continue
		}
		if p := r.Effect.Partial; p != nil && s.Items() < p.Item {
			continue
		}
		if !r.hits() {
			continue
		}
		e.changed.Add(1)
		out.add(r.ID, r.Effect, r.Effect.Delay.of(&r.draw))
	}
}

// reads reports whether a rule asks for what a subject says.
func (e *Engine) reads(s *Subject) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.ContainsFunc(e.rules, func(r *rule) bool {
		return (r.Match.Email != "" || r.Match.Body != "") && r.Match.fits(s)
	})
}

func (h *Hit) add(id string, e Effect, delay time.Duration) {
	h.By = append(h.By, id)
	h.Delay = min(h.Delay+delay, MaxDelay)
	h.Duplicate, h.Reorder = h.Duplicate || e.Duplicate, h.Reorder || e.Reorder
	h.Signature = cmp.Or(h.Signature, e.Signature)
	if e.ends() {
		h.Status, h.Drop, h.RateLimit, h.Partial, h.SMTP, h.held, h.locked = e.Status, e.Drop, e.RateLimit, e.Partial, e.SMTP, e.held, e.locked
	}
}

// fits reports whether a subject is what a rule is about, besides what it says.
// Without a surface a rule is about requests.
func (m *Match) fits(s *Subject) bool {
	if m.Surface == "" && (s.Surface == Webhook || s.Surface == SMTP) {
		return false
	}
	return (m.Surface == "" || m.Surface == s.Surface) && (m.Method == "" || m.Method == s.Method) && (m.Route == "" || Bare(m.Route) == Bare(s.Route)) &&
		(m.Store == "" || m.Store == s.Store) && (m.Operation == "" || s.Is(m.Operation))
}

func (m *Match) says(_ *Subject, text string) bool {
	return (m.Body == "" || strings.Contains(text, m.Body)) && (m.Email == "" || Tells(text, m.Email))
}

// Bare returns a route without the names of what varies in it: the API document
// and the router name some of it otherwise.
func Bare(route string) string {
	if !strings.Contains(route, "{") {
		return route
	}
	segments := strings.Split(route, "/")
	for i, s := range segments {
		if strings.HasPrefix(s, "{") && strings.HasSuffix(s, "}") {
			segments[i] = "{}"
		}
	}
	return strings.Join(segments, "/")
}

// hits counts a subject that matches, and reports whether it is hit.
func (r *rule) hits() bool {
	r.Seen++
	n := r.Seen - r.After
	if n < 1 || r.Times > 0 && r.Fired >= r.Times || r.Every > 1 && (n-1)%r.Every != 0 {
		return false
	}
	if p := r.Probability; p != nil && r.draw.unit() >= *p {
		return false
	}
	r.Fired++
	return true
}

// sequence are numbers that a seed alone tells (SplitMix64).
type sequence uint64

func (s *sequence) next() uint64 {
	*s += 0x9e3779b97f4a7c15
	z := uint64(*s)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// unit returns a number from 0 to below 1.
func (s *sequence) unit() float64 { return float64(s.next()>>11) / (1 << 53) }

// normal returns a number of the standard normal distribution.
func (s *sequence) normal() float64 {
	u, v := 1-s.unit(), s.unit()
	return math.Sqrt(-2*math.Log(u)) * math.Cos(2*math.Pi*v)
}
