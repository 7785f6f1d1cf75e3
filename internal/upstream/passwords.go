package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"clientele/internal/fault"
	"clientele/internal/store"
	"clientele/internal/system"
	"clientele/internal/webhook"
)

// Bounds of asking for passwords, by store and process.
const (
	// passwordTime is for how long a sign-in waits, for its turn and the answers.
	passwordTime = 3 * time.Second
	atOnce       = 8
	// failures in a row after which the upstream is left alone for rest. Then one
	// sign-in tries whether it answers again.
	failures = 5
	rest     = 30 * time.Second
	// retry is how many seconds who could not be told is to wait.
	retry = 5
)

// Passwords asks upstreams whether passwords are right.
type Passwords struct {
	sys   *system.System
	rules webhook.Rules
	log   *slog.Logger
	http  *http.Client

	mu    sync.Mutex
	gates map[int64]*gate // by store
}

// NewPasswords returns Passwords.
func NewPasswords(sys *system.System, rules webhook.Rules, log *slog.Logger) *Passwords {
	return &Passwords{sys: sys, rules: rules, log: log, http: newHTTP(rules, passwordTime), gates: map[int64]*gate{}}
}

// gate lets through what may be asked of a store's upstream.
type gate struct {
	places chan struct{}

	mu     sync.Mutex
	of     store.MigrationSettings
	failed int
	after  time.Duration // of Elapsed, before which nothing is asked
}

func (p *Passwords) gate(storeID int64, of *store.MigrationSettings) *gate {
	p.mu.Lock()
	defer p.mu.Unlock()
	g := p.gates[storeID]
	if g == nil || g.of != *of { // another upstream begins anew
		g = &gate{places: make(chan struct{}, atOnce), of: *of}
		p.gates[storeID] = g
	}
	return g
}

// Question is a password and whose it may be.
type Question struct {
	Email, Password string
	ChannelID       int64
}

// Right reports whether a password is right upstream. Where nobody can tell it is
// an Unavailable fault, which says how long to wait.
func (p *Passwords) Right(ctx context.Context, storeID int64, of *store.MigrationSettings, q Question) (bool, error) {
	g := p.gate(storeID, of)
	if wait := g.wait(p.sys.Elapsed()); wait > 0 {
		return false, unavailable(wait, errors.New("the upstream is left alone for a while"))
	}
	limited, cancel := context.WithTimeout(ctx, passwordTime)
	defer cancel()
	select {
	case g.places <- struct{}{}:
	case <-limited.Done():
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		return false, unavailable(0, fmt.Errorf("%d passwords are asked for already", atOnce))
	}
	defer func() { <-g.places }()
	right, err := p.ask(limited, of, q)
	if err != nil && ctx.Err() != nil {
		return false, ctx.Err() // who asked has gone
	}
	wait, opened := g.note(p.sys.Elapsed(), err)
	if opened {
		p.log.Warn("an upstream does not check passwords: it is left alone for a while", "store", storeID, "for", rest, "error", err)
	}
	if err != nil {
		return false, unavailable(wait, err)
	}
	return right, nil
}

func (g *gate) wait(now time.Duration) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.after <= now {
		if g.failed >= failures {
			g.after = now + rest // others wait for what comes of this one
		}
		return 0
	}
	return g.after - now
}

// note notes what came of asking, and tells how long to wait now, and whether the
// upstream is left alone from now on.
func (g *gate) note(now time.Duration, err error) (wait time.Duration, opened bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := new(Status)
	errors.As(err, &s)
	switch {
	case err == nil, s.Code == http.StatusBadRequest, s.Code == http.StatusUnprocessableEntity:
		// It answers. Where it does not like what was typed, nobody else waits for that.
		g.failed, g.after = 0, 0
		return 0, false
	case s.Code == http.StatusTooManyRequests:
		if g.failed >= failures { // it answers
			g.failed, g.after = 0, 0
		}
		if s.Alone { // it is about this customer
			return s.After, false
		}
		g.after = max(g.after, now+min(max(s.After, time.Second), rest))
	default:
		if g.failed++; g.failed < failures {
			return 0, false
		}
		opened = g.failed == failures
		g.after = now + rest
	}
	return g.after - now, opened
}

func unavailable(wait time.Duration, cause error) error {
	return &fault.Error{
		Kind: fault.Unavailable, Message: "Passwords cannot be checked at the moment. Try again later.",
		RetryAfter: max(retry, int((wait+time.Second-1)/time.Second)), Cause: fmt.Errorf("upstream: %w", cause),
	}
}

// ask asks V3 or, where that has no such operation for us, V2.
func (p *Passwords) ask(ctx context.Context, of *store.MigrationSettings, q Question) (bool, error) {
	if err := checkAddress(p.rules, of.Upstream); err != nil {
		return false, err
	}
	a := Account{URL: of.Upstream, Token: of.Token}
	var v3 struct {
		IsValid *bool `json:"is_valid"`
	}
	body := map[string]any{"email": q.Email, "password": q.Password}
	if q.ChannelID > store.DefaultChannel {
		body["channel_id"] = q.ChannelID
	}
	err := p.do(ctx, &a, http.MethodPost, "/v3/customers/validate-credentials", body, &v3)
	switch {
	case err == nil && v3.IsValid != nil:
		return *v3.IsValid, nil
	case err == nil:
		return false, errors.New("/v3/customers/validate-credentials does not tell is_valid")
	case !IsStatus(err, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented):
		return false, err
	}
	// V2 knows customers by their ids.
	var found []struct {
		ID    int64  `json:"id"`
		Email string `json:"email"`
	}
	if err := p.do(ctx, &a, http.MethodGet, "/v2/customers?"+url.Values{"email": {q.Email}}.Encode(), nil, &found); err != nil {
		return false, err
	}
	for _, c := range found {
		var v2 struct {
			Success bool `json:"success"`
		}
		err := p.do(ctx, &a, http.MethodPost, fmt.Sprintf("/v2/customers/%d/validate", c.ID), map[string]string{"password": q.Password}, &v2)
		if err != nil && !IsStatus(err, http.StatusNotFound) {
			return false, err
		}
		if v2.Success {
			return true, nil
		}
	}
	return false, nil
}

func (p *Passwords) do(ctx context.Context, a *Account, method, path string, body, into any) error {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return err
		}
	}
	_, err := send(ctx, p.http, a, method, path, text, into)
	return err
}

// Answers asks an upstream once whether it answers, and returns what is wrong.
func Answers(ctx context.Context, sys *system.System, rules webhook.Rules, of *store.MigrationSettings) error {
	p := NewPasswords(sys, rules, slog.New(slog.DiscardHandler))
	if err := checkAddress(rules, of.Upstream); err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, passwordTime)
	defer cancel()
	return p.do(limited, &Account{URL: of.Upstream, Token: of.Token}, http.MethodGet, "/v3/customers?limit=1", nil, nil)
}
