package account

import (
	"context"
	"strconv"
	"time"

	"clientele/internal/email"
	"clientele/internal/limit"
)

// What one client address may cause to be sent: each request for an email, each
// registration and each change of email counts, whatever for. How often emails
// are asked for within a limit.Window: for one email, whether
// or not anybody has it, and from one network; and how often somebody
// registers or takes another email from one network. Backends that tell no
// address are one network with many shoppers.
const (
	asksPerEmail   = 5
	asksPerNetwork = 100
	asksOfBackends = 1000
)

// What is bounded, as limit.Bound names it.
const (
	Asking      = "ask"      // for emails, from one network
	AskingFor   = "ask for"  // emails to one address
	Registering = "register" // accounts and other emails, from one network
	Changing    = "change"   // passwords, by one customer
)

// askingFor is the bound of emails to an address, as addresses are compared.
func askingFor(address string) limit.Bound {
	return limit.Bound{Subject: limit.Subject(AskingFor, address), Most: asksPerEmail, Action: AskingFor}
}

// changing is the bound of a customer's changes of the password.
func changing(customerID int64) limit.Bound {
	return limit.Bound{Subject: limit.Subject(Changing, strconv.FormatInt(customerID, 10)), Most: asksPerEmail, Action: Changing}
}

func network(what string, c Client) limit.Bound {
	most := int64(asksPerNetwork)
	if c.Peer.Backend {
		most = asksOfBackends
	}
	return limit.ByNetwork(what, c.Peer.Network(), most)
}

// ask counts a request for an email to an address, and is TooMany where the
// network asked too often. quiet tells that too many emails were asked for to
// this address: the caller sends none.
func (s *Service) ask(ctx context.Context, storeID int64, address string, c Client) (quiet bool, err error) {
	full, wait, err := s.asks.Take(ctx, storeID, network(Asking, c), askingFor(email.Key(address)))
	if err == nil && full == 0 {
		err = limit.TooMany(wait)
	}
	return full == 1, err
}

// askAccount counts a request for an account or for another email of an
// account. The answer to either request tells whether somebody has the email,
// and sends emails; the bounds keep a network from trying many. wait is not 0
// where too many emails were asked for to this address.
func (s *Service) askAccount(ctx context.Context, storeID int64, address string, c Client) (wait time.Duration, err error) {
	full, wait, err := s.asks.Take(ctx, storeID, network(Registering, c), network(Asking, c), askingFor(email.Key(address)))
	if err == nil && (full == 0 || full == 1) {
		err = limit.TooMany(wait)
	}
	if err != nil || full < 0 {
		wait = 0
	}
	return wait, err
}

// askChange counts a change of a password, which is told by email. It is counted
// for the customer who makes it: others cannot keep them from it.
func (s *Service) askChange(ctx context.Context, storeID, customerID int64, c Client) error {
	full, wait, err := s.asks.Take(ctx, storeID, network(Asking, c), changing(customerID))
	if err == nil && full >= 0 {
		err = limit.TooMany(wait)
	}
	return err
}
