package account

import (
	"context"

	"clientele/internal/fault"
	"clientele/internal/figure"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/subscriber"
)

// fromStorefront is the origin of a consent that a shopper gives or withdraws.
func fromStorefront(c Client) subscriber.Origin {
	return subscriber.Origin{Via: subscriber.ViaStorefront, IP: c.Peer.Address, Proof: subscriber.Proof{Shown: c.Shown}}
}

// subscribe subscribes an address on a site or, where the store asks for it,
// emails a link that does.
func (s *Service) subscribe(tx *sqldb.Tx, site store.Site, in subscriber.Create, c Client, p Policy, token string) error {
	in.ChannelID, in.Source = opt.Some(site.ChannelID), subscriber.FromStorefront
	if !p.ConfirmSubscription {
		// Whoever was erased confirms in any case: that is the new consent.
		if err := subscriber.Agree(tx, in, fromStorefront(c), s.sys.Now()); !subscriber.Refused(err) {
			return err
		}
	}
	text, err := encodeSubscription(in, subscriber.Asked{Time: s.sys.Now(), IP: c.Peer.Address, Shown: c.Shown})
	if err != nil {
		return err
	}
	if err := s.sendConfirmation(tx, site, in, text, c, token); err != nil {
		return err
	}
	return figure.Tally(tx, figure.OptInsAsked, s.sys.Now(), p.Zone)
}

// Subscribe asks for the newsletter on behalf of an email address, a
// customer's or not. pending tells that a confirmation was emailed first.
func (s *Service) Subscribe(ctx context.Context, site store.Site, email, firstName, lastName string, c Client) (pending bool, err error) {
	p, err := s.Policy(ctx, site.StoreID)
	if err != nil {
		return false, err
	}
	return s.askFor(ctx, site, p, email, firstName, lastName, c, false)
}

// SubscribeNew is Subscribe that is ErrSubscribed for an address that has the
// newsletter already. Where the store asks for a confirmation it is not: every
// address gets the same answer, so that the answer tells strangers nothing.
func (s *Service) SubscribeNew(ctx context.Context, site store.Site, email, firstName, lastName string, c Client) (pending bool, err error) {
	p, err := s.Policy(ctx, site.StoreID)
	if err != nil {
		return false, err
	}
	return s.askFor(ctx, site, p, email, firstName, lastName, c, true)
}

// askFor is Subscribe and, with news, SubscribeNew, where the store has the
// policy p.
func (s *Service) askFor(ctx context.Context, site store.Site, p Policy, email, firstName, lastName string, c Client, news bool) (pending bool, err error) {
	in := subscriber.Create{Email: email, FirstName: firstName, LastName: lastName}
	if err := in.Check(); err != nil {
		return false, err
	}
	quiet, err := s.ask(ctx, site.StoreID, email, c)
	if err != nil || quiet && p.ConfirmSubscription {
		return p.ConfirmSubscription, err
	}
	if !p.ConfirmSubscription {
		// Most are new and are made together with others that wait.
		fresh := in
		fresh.ChannelID, fresh.Source = opt.Some(site.ChannelID), subscriber.FromStorefront
		switch _, err = s.subscribers.Create(ctx, site.StoreID, fresh, fromStorefront(c)); {
		case subscriber.Refused(err) && quiet:
			return false, nil // the answer is that of any address
		case !taken(err) && !subscriber.Refused(err):
			return false, err
		}
	}
	token := s.sys.Hex(32)
	return p.ConfirmSubscription, s.db.WriteAgain(ctx, site.StoreID, func(tx *sqldb.Tx) error {
		if news && !p.ConfirmSubscription {
			has, err := subscriber.HasNewsletter(tx, site.ChannelID, in.Email)
			if err != nil {
				return err
			}
			if has {
				return ErrSubscribed
			}
		}
		return s.subscribe(tx, site, in, c, p, token)
	})
}

// taken tells that somebody has an address already.
func taken(err error) bool {
	f := fault.As(err)
	return f != nil && f.Kind == fault.Conflict
}

// Say records what a visitor of a site wishes to receive. Where the store asks
// for a confirmation, the newsletter waits for the click on an emailed link, and
// only what else is wished is recorded. It returns nil where nothing was.
func (s *Service) Say(ctx context.Context, site store.Site, w subscriber.Wish, c Client) (*subscriber.Subscriber, error) {
	p, err := s.Policy(ctx, site.StoreID)
	if err != nil {
		return nil, err
	}
	if p.ConfirmSubscription && w.Newsletter.Value {
		if _, err := s.askFor(ctx, site, p, w.Email, "", "", c, false); err != nil {
			return nil, err
		}
		w.Newsletter = opt.Field[bool]{}
		if !w.AbandonedCart.Set {
			return nil, nil
		}
	}
	sub, err := s.subscribers.Say(ctx, site.StoreID, w, fromStorefront(c))
	if !subscriber.Refused(err) {
		return sub, err
	}
	if w.Newsletter.Value {
		_, err := s.askFor(ctx, site, p, w.Email, "", "", c, false)
		return nil, err
	}
	return nil, nil
}

// ConfirmSubscription subscribes by the token of an emailed link, once.
func (s *Service) ConfirmSubscription(ctx context.Context, site store.Site, token string, c Client) (err error) {
	defer func() { s.followed(ctx, site.StoreID, forSubscribe, c, err) }()
	_, text, err := s.peek(ctx, site, token, forSubscribe)
	if err != nil {
		return err
	}
	in, asked, err := decodeSubscription(text)
	if err != nil {
		return err
	}
	p, err := s.Policy(ctx, site.StoreID)
	if err != nil {
		return err
	}
	by := fromStorefront(c)
	by.Proof.Confirmed, by.Proof.Asked = subscriber.ByEmail, asked
	in.ChannelID, in.Source = opt.Some(site.ChannelID), subscriber.FromStorefront
	return s.db.WriteAgain(ctx, site.StoreID, func(tx *sqldb.Tx) error {
		if err := s.redeem(tx, site, token, forSubscribe, 0); err != nil {
			return err
		}
		if err := subscriber.Agree(tx, in, by, s.sys.Now()); err != nil {
			return err
		}
		return figure.Tally(tx, figure.OptInsConfirmed, s.sys.Now(), p.Zone)
	})
}
