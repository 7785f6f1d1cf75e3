package rest

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"clientele/internal/auth"
	"clientele/internal/fault"
	"clientele/internal/system"
)

// Limits of each API account. They are kept per process.
type Limits struct {
	// Quota is the number of requests in a window.
	Quota int64
	// Window is its length.
	Window time.Duration
	// Creating and Updating cap concurrent requests of each class; 0 is no cap.
	Creating, Updating int
}

type rates struct {
	Limits
	sys    *system.System
	quota  []string // header values that never change
	length []string

	mu       sync.RWMutex
	accounts map[accountKey]*rate
}

type accountKey struct{ store, id int64 }

// rate is the current window of an account.
type rate struct {
	mu      sync.Mutex
	begun   bool
	start   time.Duration // of Passed
	spent   int64
	running [3]int // by Class
}

func newRates(l Limits, sys *system.System) *rates {
	return &rates{
		Limits: l, sys: sys, accounts: map[accountKey]*rate{},
		quota:  []string{strconv.FormatInt(l.Quota, 10)},
		length: []string{strconv.FormatInt(l.Window.Milliseconds(), 10)},
	}
}

func (r *rates) of(a *auth.APIAccount) *rate {
	key := accountKey{a.StoreID, a.ID}
	r.mu.RLock()
	w := r.accounts[key]
	r.mu.RUnlock()
	if w != nil {
		return w
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if w = r.accounts[key]; w == nil {
		w = &rate{}
		r.accounts[key] = w
	}
	return w
}

func (r *rates) headers(h http.Header, left int64, reset time.Duration) {
	// Both values share one text and one array.
	var raw [40]byte
	b := strconv.AppendInt(raw[:0], left, 10)
	n := len(b)
	text := string(strconv.AppendInt(b, reset.Milliseconds(), 10))
	values := &[2]string{text[:n], text[n:]}
	h["X-Rate-Limit-Requests-Left"] = values[0:1:1]
	h["X-Rate-Limit-Requests-Quota"] = r.quota
	h["X-Rate-Limit-Time-Reset-Ms"] = values[1:2:2]
	h["X-Rate-Limit-Time-Window-Ms"] = r.length
}

// idle sets the headers for a caller whose requests are not counted.
func (r *rates) idle(h http.Header) { r.headers(h, r.Quota, r.Window) }

// take counts a request and sets the headers.
func (r *rates) take(h http.Header, a *auth.APIAccount) error {
	w := r.of(a)
	now := r.sys.Passed()
	w.mu.Lock()
	if age := now - w.start; !w.begun || age >= r.Window || age < 0 {
		w.begun, w.start, w.spent = true, now, 0
	}
	over := w.spent >= r.Quota
	if !over {
		w.spent++
	}
	left, reset := r.Quota-w.spent, r.Window-(now-w.start)
	w.mu.Unlock()
	r.headers(h, left, reset)
	if !over {
		return nil
	}
	seconds := int((reset + time.Second - 1) / time.Second)
	return &fault.Error{Kind: fault.TooMany, Message: "Too many requests", RetryAfter: max(seconds, 1)}
}

func nothing() {}

// enter takes one of the places for concurrent requests of a class; the
// returned function gives it back.
func (r *rates) enter(a *auth.APIAccount, c Class) (leave func(), err error) {
	limit := 0
	switch c {
	case Creating:
		limit = r.Creating
	case Updating:
		limit = r.Updating
	}
	if limit == 0 {
		return nothing, nil
	}
	w := r.of(a)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.running[c] >= limit {
		return nil, &fault.Error{Kind: fault.TooMany, Message: "Too many requests", RetryAfter: 1}
	}
	w.running[c]++
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.running[c]--
	}, nil
}

// Forget begins all windows anew: what stores hold was replaced.
func (s *Server) Forget() {
	s.rates.mu.Lock()
	defer s.rates.mu.Unlock()
	clear(s.rates.accounts)
}
