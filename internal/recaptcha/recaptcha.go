// Package recaptcha asks Google, or a service that speaks like it, whether
// who filled in a form is a person.
package recaptcha

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"clientele/internal/fault"
	"clientele/internal/store"
)

// ErrRefused: the token is missing, was used before, or is not of a person.
// Surfaces give it their own words; errors.Is finds it.
var ErrRefused = fault.New(fault.Forbidden, "the reCAPTCHA check has failed")

// Bounds of asking.
const (
	timeout   = 5 * time.Second
	maxToken  = 8 << 10
	maxAnswer = 64 << 10
	// leastScore is what tokens of version 3 need, which judge instead of ask.
	leastScore = 0.5
)

// Robots tells persons from programs by the token of a form, peer being the
// address that it came from. It is a Verifier, but for tests.
type Robots interface {
	// Check verifies a token where the store asks for one, and lets everybody
	// pass where it does not.
	Check(ctx context.Context, s *store.ReCaptcha, token, peer string) error
	// Verify returns nil for a good token, ErrRefused for another one, and an
	// Unavailable fault where nobody can tell: nothing passes then.
	Verify(ctx context.Context, s *store.ReCaptcha, token, peer string) error
}

// Verifier asks whether tokens are good.
type Verifier struct{ client *http.Client }

// New returns a Verifier.
func New() *Verifier {
	return &Verifier{&http.Client{
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Check implements Robots.
func (v *Verifier) Check(ctx context.Context, s *store.ReCaptcha, token, peer string) error {
	if !s.Enabled {
		return nil
	}
	return v.Verify(ctx, s, token, peer)
}

// Verify implements Robots.
func (v *Verifier) Verify(ctx context.Context, s *store.ReCaptcha, token, peer string) error {
	if strings.TrimSpace(token) == "" || len(token) > maxToken {
		return ErrRefused
	}
	a, err := v.ask(ctx, s, token, peer)
	switch {
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return unavailable(err)
	case a.Success && (a.Score == nil || *a.Score >= leastScore):
		return nil
	}
	for _, code := range a.Errors {
		// These are about our request, not about the shopper.
		switch code {
		case "missing-input-secret", "invalid-input-secret", "bad-request":
			return unavailable(fmt.Errorf("the verification service says %q", code))
		}
	}
	return ErrRefused
}

func unavailable(cause error) error {
	return &fault.Error{Kind: fault.Unavailable, Message: "The reCAPTCHA check cannot be made right now.", RetryAfter: 5, Cause: fmt.Errorf("recaptcha: %w", cause)}
}

// answer is what the service says.
type answer struct {
	Success bool     `json:"success"`
	Score   *float64 `json:"score"`
	Errors  []string `json:"error-codes"`
}

func (v *Verifier) ask(ctx context.Context, s *store.ReCaptcha, token, peer string) (answer, error) {
	form := url.Values{"secret": {s.SecretKey}, "response": {token}}
	if peer != "" {
		form.Set("remoteip", peer)
	}
	to := s.VerifyURL
	if to == "" {
		to = store.DefaultVerifyURL
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(form.Encode()))
	if err != nil {
		return answer{}, errors.New("the verification URL cannot be used")
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := v.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return answer{}, fmt.Errorf("the verification service answers %d", res.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return answer{}, err
	}
	var a answer
	if len(text) > maxAnswer {
		return a, errors.New("the verification service answers too much")
	}
	if err := json.Unmarshal(text, &a); err != nil {
		return a, fmt.Errorf("the verification service answers no JSON: %w", err)
	}
	return a, nil
}
