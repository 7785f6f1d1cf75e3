package subscriber

import (
	"context"
	"slices"

	"clientele/internal/email"
	"clientele/internal/fault"
	"clientele/internal/personal"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// refused is how an address left that had agreed to nothing.
const refused = "refused"

// ends are where addresses have left, and how.
type ends map[place]string

// wished reports whether a person has left by their own wish: this channel, or all
// of them by a complaint.
func (e ends) wished(s *Subscriber) bool {
	at := s.place()
	switch e[at] {
	case ViaStorefront, ViaComplaint, refused:
		return true
	}
	for p, via := range e {
		if p.key == at.key && via == ViaComplaint {
			return true
		}
	}
	return false
}

// bound is the rule of who is kept from subscribing those who have left by their own
// wish, without a new consent: imports and the staff, and the management API where the
// store asks for that. They themselves are not, nor is a store whose people are copied:
// what it says of them later counts.
func (o *Origin) bound(tx *sqldb.Tx) (bool, error) {
	if o.Proof.Anew || o.Follows {
		return false, nil
	}
	switch o.Via {
	case ViaImport, ViaPanel:
		return true, nil
	case ViaManagementAPI:
		settings, err := store.ReadSettings(tx)
		return err == nil && settings.RefuseSuppressed, err
	}
	return false, nil
}

// refuse keeps who has left by their own wish from being made a subscriber.
func (e ends) refuse(tx *sqldb.Tx, by Origin, s *Subscriber) error {
	if len(s.Consents) == 0 || !e.wished(s) {
		return nil
	}
	if bound, err := by.bound(tx); err != nil || !bound {
		return err
	}
	return errLeft
}

// refuseMore keeps who has left by their own wish from being given consents, s being
// what a subscriber is to become.
func (s *Subscriber) refuseMore(tx *sqldb.Tx, by Origin, old *Subscriber) error {
	if len(s.Consents) == 0 {
		return nil
	}
	if bound, err := by.bound(tx); err != nil || !bound {
		return err
	}
	gone := ends{}
	if err := tx.Pipeline(heldQuery([]string{s.Email}, map[place]bool{}, gone)...); err != nil {
		return err
	}
	if gone.wished(s) {
		return errLeft
	}
	if by.Via != ViaManagementAPI || !s.sameKey(old) || old.Agreed() {
		return nil // what the staff do was looked at, or nothing is taken back
	}
	return old.comesBack(tx, by)
}

// comesBack is the rule of a subscriber who does not get the newsletter, and whom the
// staff subscribe: who took all consents back, or this one, has to agree anew.
func (s *Subscriber) comesBack(tx *sqldb.Tx, by Origin) error {
	if by.Proof.Anew {
		return agreedAnew(tx, s)
	}
	gone := len(s.Consents) == 0
	if !gone {
		var err error
		if gone, err = everAgreed(tx, s.ID); err != nil {
			return err
		}
	}
	if gone {
		return errLeft
	}
	return nil
}

var errLeft = fault.Broken(fault.Invalid, fault.Item{Field: FieldEmail, Code: fault.NotAccepted, Why: WhyLeft})

// Standing is what keeps an address from being subscribed without a new consent,
// and what is known of its mailbox.
type Standing struct {
	Suppressed int64 // since when; 0: not
	Ends       []End // where it has left, the newest first
	Bounce     *Bounce
}

// End is that an address left a channel.
type End struct {
	Email     string // as addresses are compared
	ChannelID int64
	Time      int64
	Via       string
}

// Own reports whether it was the person's wish.
func (e *End) Own() bool { return e.Via == ViaStorefront || e.Via == ViaComplaint || e.Via == refused }

const endColumns = `email_norm, channel_id, date_ended, via`

var (
	suppressedSince = sqldb.Static(`SELECT date_created FROM suppressions WHERE store_id = $1 AND address_hash = $2`)
	someSuppressed  = sqldb.Static(`SELECT address_hash FROM suppressions WHERE store_id = $1 LIMIT $2`)
	endsOf          = sqldb.Static(`SELECT ` + endColumns + ` FROM subscriber_ends WHERE store_id = $1 AND email_norm = $2 ORDER BY channel_id`)
	endsBefore      = sqldb.Static(`SELECT ` + endColumns + ` FROM subscriber_ends WHERE store_id = $1 AND (date_ended, email_norm, channel_id) < ($2, $3, $4) ORDER BY date_ended DESC, email_norm DESC, channel_id DESC LIMIT $5`)
	endsAfter       = sqldb.Static(`SELECT ` + endColumns + ` FROM subscriber_ends WHERE store_id = $1 AND (date_ended, email_norm, channel_id) > ($2, $3, $4) ORDER BY date_ended, email_norm, channel_id LIMIT $5`)
	endsBeginning   = sqldb.Static(`SELECT ` + endColumns + ` FROM subscriber_ends WHERE store_id = $1 AND email_norm >= $2 AND email_norm < $3 ORDER BY email_norm, channel_id LIMIT $4`)
)

func scanEnd(r *sqldb.Row) End { return End{r.Text(0), r.Int(1), r.Int(2), r.Text(3)} }

// Standing tells how an address stands.
func (s *Service) Standing(ctx context.Context, storeID int64, address string, keys personal.Hasher) (out Standing, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = Standing{}
		key := email.Key(address)
		if err := tx.Query(suppressedSince, func(r *sqldb.Row) error { out.Suppressed = r.Int(0); return nil }, personal.HashOf(keys, address)); err != nil {
			return err
		}
		if err := tx.Query(endsOf, func(r *sqldb.Row) error { out.Ends = append(out.Ends, scanEnd(r)); return nil }, key); err != nil {
			return err
		}
		out.Bounce, err = bounceOf(tx, key)
		return err
	})
	return out, err
}

// EndsPage is a page of who has left channels, the newest first.
type EndsPage struct {
	Ends         []End
	Older, Newer bool
	// Suppressed is how many addresses are known by a hash alone, up to
	// SuppressedBound.
	Suppressed int64
}

// SuppressedBound is how far suppressed addresses are counted.
const SuppressedBound = 1000

// Ends returns who has left channels before or after another one, or, with a text,
// those whose addresses begin so.
func (s *Service) Ends(ctx context.Context, storeID int64, text string, before, after *End, most int) (out EndsPage, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = EndsPage{}
		take := func(r *sqldb.Row) error { out.Ends = append(out.Ends, scanEnd(r)); return nil }
		if err := tx.Query(someSuppressed, func(*sqldb.Row) error { out.Suppressed++; return nil }, int64(SuppressedBound)); err != nil {
			return err
		}
		limit := int64(most + 1)
		switch {
		case text != "":
			begin := email.Key(text)
			if err := tx.Query(endsBeginning, take, begin, begin+"\U0010FFFF", limit); err != nil {
				return err
			}
			out.Ends = out.Ends[:min(len(out.Ends), most)]
		case after != nil:
			if err := tx.Query(endsAfter, take, after.Time, after.Email, after.ChannelID, limit); err != nil {
				return err
			}
			out.Newer, out.Older = len(out.Ends) > most, true
			out.Ends = out.Ends[:min(len(out.Ends), most)]
			slices.Reverse(out.Ends)
		default:
			from := End{Time: 1 << 62}
			if before != nil {
				from, out.Newer = *before, true
			}
			if err := tx.Query(endsBefore, take, from.Time, from.Email, from.ChannelID, limit); err != nil {
				return err
			}
			out.Older = len(out.Ends) > most
			out.Ends = out.Ends[:min(len(out.Ends), most)]
		}
		return nil
	})
	return out, err
}
