package account

import "context"

// Unsubscriber returns the subscriber whom the token of a link to unsubscribe is
// about, or ErrLink. Nothing is noted of that, and nothing ends.
func (s *Service) Unsubscriber(ctx context.Context, storeID int64, token string) (int64, error) {
	return s.unsubscriber(ctx, storeID, token)
}
