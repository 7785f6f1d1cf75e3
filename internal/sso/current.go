package sso

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"clientele/internal/account"
	"clientele/internal/fault"
	"clientele/internal/jsonx"
	"clientele/internal/jwt"
	"clientele/internal/store"
)

// currentFor is how long a token of CurrentCustomer is good, in seconds.
const currentFor = 15 * 60

// ErrNoApp: nobody has the client id that a token is asked for.
var ErrNoApp = fault.New(fault.Forbidden, "there is no app with this client id")

// app returns the API account with a client id, or ErrNoApp.
func (s *Service) app(ctx context.Context, storeID int64, clientID string) (issuer, error) {
	if clientID == "" || len(clientID) > 255 || !utf8.ValidString(clientID) || strings.ContainsRune(clientID, 0) {
		return issuer{}, ErrNoApp
	}
	by, err := s.issuer(ctx, storeID, clientID)
	if err == nil && (!by.known || by.revoked) {
		err = ErrNoApp
	}
	return by, err
}

// KnowsApp reports whether a store has an app with a client id.
func (s *Service) KnowsApp(ctx context.Context, storeID int64, clientID string) (bool, error) {
	_, err := s.app(ctx, storeID, clientID)
	if errors.Is(err, ErrNoApp) {
		return false, nil
	}
	return err == nil, err
}

// CurrentCustomer returns a token that tells an app, by its client id, who is
// signed in on a site, by a session as Authenticate found it. It is signed with the
// app's secret, by the algorithm that the store's settings name. One for who acts as
// the customer is no longer good than the session.
func (s *Service) CurrentCustomer(ctx context.Context, site store.Site, session *account.Session, clientID string) (string, error) {
	by, err := s.app(ctx, site.StoreID, clientID)
	if err != nil {
		return "", err
	}
	settings, err := s.stores.Settings(ctx, site.StoreID)
	if err != nil {
		return "", err
	}
	now := s.sys.Now()
	expires := now + currentFor
	if session.OnBehalf() {
		expires = min(expires, session.Expires)
	}
	b := strconv.AppendInt([]byte(`{"customer":{"id":`), session.CustomerID, 10)
	b = jsonx.AppendString(append(b, `,"email":`...), session.Email)
	// The original sends the group as text.
	b = strconv.AppendInt(append(b, `,"group_id":"`...), session.GroupID, 10)
	b = jsonx.AppendString(append(b, `"},"iss":"bc/apps","sub":`...), site.StoreHash)
	b = strconv.AppendInt(append(b, `,"iat":`...), now, 10)
	b = strconv.AppendInt(append(b, `,"exp":`...), expires, 10)
	b = jsonx.AppendString(append(b, `,"version":1,"aud":`...), clientID)
	b = jsonx.AppendString(append(b, `,"application_id":`...), clientID)
	b = jsonx.AppendString(append(b, `,"store_hash":`...), site.StoreHash)
	b = append(b, `,"operation":"`+currentOperation+`"}`...)
	return jwt.SignHMAC(jwt.Algorithm(settings.Storefront.CurrentCustomerAlgorithm), by.secret, b), nil
}
