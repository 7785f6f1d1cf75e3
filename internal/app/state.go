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
	s.DB.KeepEpochs()
	s.pipe.Stamp = s.DB.Stamped
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

// startState keeps what there is after the start as what tests go back to.
func (s *Server) startState(ctx context.Context) {
	if s.State != nil {
		s.State.Start(context.WithoutCancel(ctx))
	}
}
