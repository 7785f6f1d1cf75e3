package store

import "context"

// IDs returns the ids of all stores.
func (s *Service) IDs(ctx context.Context) ([]int64, error) {
	all, err := s.List(ctx)
	out := make([]int64, len(all))
	for i := range all {
		out[i] = all[i].ID
	}
	return out, err
}
