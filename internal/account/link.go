package account

import (
	"context"

	"clientele/internal/store"
)

// RequestReset emails a link to reset the password, to whom the email belongs
// to. It never tells whether there is anybody. path is where the link leads
// on the storefront; empty: its own page.
func (s *Service) RequestReset(ctx context.Context, site store.Site, email, path string, c Client) error {
	return nil
}

// Reset sets a password by the token of an emailed link. All sessions end.
func (s *Service) Reset(ctx context.Context, site store.Site, customerID int64, token, password string, c Client) error {
	return ErrLink
}

// RequestSignInLink emails a link that signs in and tells what was sent. It is
// ErrNobody for an email that nobody has here.
func (s *Service) RequestSignInLink(ctx context.Context, site store.Site, email, redirect string, c Client) (sent string, err error) {
	return SentSignIn, nil
}

// What RequestSignInLink sends: the link, or, where the password has to be
// reset first, the link for that.
const (
	SentSignIn        = "sign_in"
	SentPasswordReset = "password_reset"
)

// SignInLinkLife is for how many seconds a sign-in link is good.
const SignInLinkLife = 900

// RedeemSignInLink opens a session by the token of an emailed link, once, and
// returns the path that the link leads to.
func (s *Service) RedeemSignInLink(ctx context.Context, site store.Site, token string, c Client) (Grant, string, error) {
	return Grant{}, "", ErrLink
}
