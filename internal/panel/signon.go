package panel

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"clientele/internal/fault"
	"clientele/internal/html"
	"clientele/internal/staff"
)

// SignOn is an identity provider that vouches for the staff.
type SignOn interface {
	// Name is what the button says.
	Name() string
	// Begin returns where the browser goes.
	Begin(ctx context.Context, state, nonce, verifier, back string) (string, error)
	// Finish returns who came back, and the address that the provider has
	// verified.
	Finish(ctx context.Context, code, nonce, verifier, back string) (subject, email string, err error)
}

// Provider is a provider of OpenID Connect. What it says of itself is asked for
// when somebody first signs in by it.
type Provider struct {
	Issuer, ClientID, ClientSecret string
	Label                          string

	mu    sync.Mutex
	known *oidc.Provider
}

// Name implements SignOn.
func (p *Provider) Name() string { return p.Label }

// find asks the provider for its endpoints, once that works.
func (p *Provider) find(ctx context.Context) (*oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known == nil {
		found, err := oidc.NewProvider(context.WithoutCancel(ctx), p.Issuer)
		if err != nil {
			return nil, &fault.Error{Kind: fault.Unavailable, Message: "the identity provider does not answer", Cause: err}
		}
		p.known = found
	}
	return p.known, nil
}

func (p *Provider) config(known *oidc.Provider, back string) *oauth2.Config {
	return &oauth2.Config{ClientID: p.ClientID, ClientSecret: p.ClientSecret, Endpoint: known.Endpoint(), RedirectURL: back, Scopes: []string{oidc.ScopeOpenID, "email"}}
}

// Begin implements SignOn.
func (p *Provider) Begin(ctx context.Context, state, nonce, verifier, back string) (string, error) {
	known, err := p.find(ctx)
	if err != nil {
		return "", err
	}
	return p.config(known, back).AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier)), nil
}

// errVouch: the provider vouches for nobody.
var errVouch = errors.New("the identity provider vouches for nobody")

// Finish implements SignOn.
func (p *Provider) Finish(ctx context.Context, code, nonce, verifier, back string) (subject, email string, err error) {
	known, err := p.find(ctx)
	if err != nil {
		return "", "", err
	}
	answer, err := p.config(known, back).Exchange(ctx, code, oauth2.VerifierOption(verifier))
	if err != nil {
		return "", "", fmt.Errorf("%w: %w", errVouch, err)
	}
	raw, _ := answer.Extra("id_token").(string)
	token, err := known.Verifier(&oidc.Config{ClientID: p.ClientID}).Verify(ctx, raw)
	if err != nil {
		return "", "", fmt.Errorf("%w: %w", errVouch, err)
	}
	var claims struct {
		Email    string `json:"email"`
		Verified bool   `json:"email_verified"`
	}
	if err := token.Claims(&claims); err != nil {
		return "", "", fmt.Errorf("%w: %w", errVouch, err)
	}
	if token.Nonce != nonce || !claims.Verified || claims.Email == "" {
		return "", "", errVouch
	}
	return token.Issuer + " " + token.Subject, claims.Email, nil
}

// signing is what is kept while somebody is at the provider.
type signing struct{ Nonce, Verifier, To string }

// signOnCookie ties the answer to the browser that asked.
const signOnCookie = "clientele_staff_sign_on"

func (c *call) backFromProvider() string { return c.site().Origin + Base + "/single-sign-on/callback" }

// signOn sends the browser to the provider.
func (c *call) signOn() error {
	if c.SignOn == nil {
		return errNoPage
	}
	s := signing{Nonce: c.visits.System.Hex(16), Verifier: oauth2.GenerateVerifier(), To: c.to()}
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	state, err := c.Staff.Keep(c.R.Context(), string(text))
	if err != nil {
		return err
	}
	to, err := c.SignOn.Begin(c.R.Context(), state, s.Nonce, s.Verifier, c.backFromProvider())
	if err != nil {
		return err
	}
	// Strict cookies do not come back from another site; this one alone has to.
	http.SetCookie(c.W, &http.Cookie{Name: c.cookieName(signOnCookie), Value: state, Path: "/", MaxAge: 300, HttpOnly: true, Secure: c.secure(), SameSite: http.SameSiteLaxMode})
	return c.redirect(to)
}

// signedOn takes who comes back from the provider.
func (c *call) signedOn() error {
	if c.SignOn == nil {
		return errNoPage
	}
	c.private = true
	q := c.R.URL.Query()
	state := q.Get("state")
	if state == "" || c.cookie(signOnCookie) != state {
		return c.notVouched()
	}
	c.setCookie(signOnCookie, "", -1)
	text, err := c.Staff.Take(c.R.Context(), state)
	if errors.Is(err, staff.ErrLink) {
		return c.notVouched()
	}
	if err != nil {
		return err
	}
	var s signing
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return err
	}
	subject, address, err := c.SignOn.Finish(c.R.Context(), q.Get("code"), s.Nonce, s.Verifier, c.backFromProvider())
	if errors.Is(err, errVouch) {
		return c.notVouched()
	}
	if err != nil {
		return err
	}
	g, err := c.Staff.SignInElsewhere(c.R.Context(), subject, address, c.client)
	if errors.Is(err, staff.ErrCredentials) {
		return c.notVouched()
	}
	if err != nil {
		return err
	}
	c.enter(g)
	return c.redirect(s.To)
}

// notVouched says that the provider's word lets nobody in.
func (c *call) notVouched() error {
	p := &messagePage{Text: c.look.Text("sign_on.text"), Next: &html.Link{Label: c.look.Text("sign_on.next"), URL: Base + "/sign-in"}}
	p.Title = c.look.Text("sign_on.title")
	return c.show(http.StatusForbidden, p)
}
