package account

import (
	"context"

	"clientele/internal/customer"
	"clientele/internal/store"
)

// Register makes a customer's account and returns its id. It is ErrClosed
// where the store takes none, and a Conflict with the code EmailInUse for an
// email that is taken.
func (s *Service) Register(ctx context.Context, site store.Site, in Registration, c Client) (int64, error) {
	return 0, ErrClosed
}

// UpdateDetails changes what a customer who is signed in says of themselves.
func (s *Service) UpdateDetails(ctx context.Context, site store.Site, sess Session, in Details, c Client) (*customer.Customer, error) {
	return nil, ErrNobody
}

// Subscribe asks for the newsletter on behalf of an email address, a
// customer's or not. pending tells that a confirmation was emailed first.
func (s *Service) Subscribe(ctx context.Context, site store.Site, email, firstName, lastName string, c Client) (pending bool, err error) {
	return false, nil
}

// ConfirmSubscription subscribes by the token of an emailed link.
func (s *Service) ConfirmSubscription(ctx context.Context, site store.Site, token string, c Client) error {
	return ErrLink
}

// UnsubscribeToken returns what an unsubscribe link carries. It is good for
// ever.
func (s *Service) UnsubscribeToken(ctx context.Context, storeID, subscriberID int64) (string, error) {
	return "", nil
}

// Unsubscribe ends a subscription by the token of a link, with one click. One
// that has ended already is no error.
func (s *Service) Unsubscribe(ctx context.Context, storeID int64, token string, c Client) error {
	return ErrLink
}
