package app

import (
	"context"

	"clientele/internal/auth"
	"clientele/internal/rest"
	"clientele/internal/state"
)

// newState returns what replaces what stores hold, for tests, and has the process
// forget what it remembers of them then.
func (s *Server) newState(tokens *auth.Cache, apis ...*rest.Server) *state.Service {
	out := state.New(s.DB, s.System, Secrets())
	s.DB.KeepEpochs(out.Begin)
	s.pipe.Stamp = s.DB.StampedRequest
	out.Draw = func(ctx context.Context, storeID int64) error {
		_, err := s.Core.Keys.Keys(ctx, storeID)
		return err
	}
	out.Forget = func() {
		tokens.Forget()
		s.APIAccounts.Forget()
		s.Tokens.Forget()
		s.Hosts.Forget()
		s.Deliveries.Forget()
		for _, api := range apis {
			api.Forget()
		}
	}
	return out
}
