package account

import (
	"context"

	"clientele/internal/email"
	"clientele/internal/limit"
)

// How often emails are asked for within a limit.Window: for one email, whether
// or not anybody has it, and from one network; and how often somebody
// registers or takes another email from one network. Backends that tell no
// address are one network with many shoppers.
const (
	asksPerEmail   = 5
	asksPerNetwork = 100
	asksOfBackends = 1000
)

func network(what string, c Client) limit.Bound {
	most := int64(asksPerNetwork)
	if c.Peer.Backend {
		most = asksOfBackends
	}
	return limit.Bound{Subject: limit.Subject(what, c.Peer.Network()), Most: most}
}

// ask counts a request for an email to an address. quiet tells that the
// address had enough of them already.
func (s *Service) ask(ctx context.Context, storeID int64, address string, c Client) (quiet bool, err error) {
	full, wait, err := s.asks.Take(ctx, storeID, network("ask", c), limit.Bound{Subject: limit.Subject("ask for", email.Key(address)), Most: asksPerEmail})
	if err == nil && full == 0 {
		err = limit.TooMany(wait)
	}
	return full == 1, err
}

// askAccount counts a request for an account or for another email, which
// tells whether somebody has the email.
func (s *Service) askAccount(ctx context.Context, storeID int64, c Client) error {
	full, wait, err := s.asks.Take(ctx, storeID, network("register", c))
	if err == nil && full == 0 {
		err = limit.TooMany(wait)
	}
	return err
}
