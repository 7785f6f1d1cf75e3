package bulk

import "context"

// Bite sets how many one transaction comes to.
func (s *Service) Bite(n, stretch int64) { s.bite, s.stretch = n, stretch }

// Step does the next ones, as who is killed after it.
func (s *Service) Step(ctx context.Context, storeID, id int64) error {
	a, err := s.Get(ctx, storeID, id)
	if err == nil {
		if a.State == Undoing {
			_, err = s.undoSome(ctx, storeID, a)
		} else {
			_, err = s.some(ctx, storeID, a)
		}
	}
	return err
}

// Stale does the next ones as somebody who has read the action before others moved it.
func (s *Service) Stale(ctx context.Context, storeID int64, a *Action) error {
	_, err := s.some(ctx, storeID, a)
	return err
}

// Prune forgets what is over.
func (s *Service) Prune(ctx context.Context) error { return s.prune(ctx) }
