package subscriber

import (
	"context"
	"strings"

	"clientele/internal/fault"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
)

// MaxGround bounds what a consent is said to rest on, in characters.
const MaxGround = 500

// Enter is the command of somebody who enters what a person agreed to elsewhere.
type Enter struct {
	Create
	// Ground is where the consent is from. Anew states that the person agreed again
	// after they had left, or were erased.
	Ground string
	Anew   bool
}

// Enter subscribes somebody on stated grounds, or gives consents back to a
// subscriber who has taken them back. Who has left by their own wish, or was erased,
// is refused unless they agreed anew.
func (s *Service) Enter(ctx context.Context, storeID int64, in Enter, by Origin) (out *Subscriber, err error) {
	by = by.Came(ctx)
	c := fault.Collector{}
	in.Ground = strings.TrimSpace(in.Ground)
	c.Length(FieldGround, in.Ground, 1, MaxGround)
	sub, err := in.build()
	if f := fault.As(err); f != nil {
		c.Items = append(c.Items, f.Items...)
	} else if in.Anew && len(sub.Consents) == 0 {
		c.Because(FieldConsents, fault.NotAccepted, WhyConsents, strings.Join(Consents, ", "))
	}
	if err := c.Err(fault.Invalid); err != nil {
		return nil, err
	}
	by.Proof.Ground, by.Proof.Anew = in.Ground, in.Anew
	err = s.db.WriteAgain(ctx, storeID, func(tx *sqldb.Tx) error {
		var id int64
		if err := tx.Pipeline(holder(&sub, &id)...); err != nil {
			return err
		}
		if id == 0 {
			one := sub
			out = &one
			return enter(tx, out, by, s.sys.Now())
		}
		old, err := lock(tx, id, tx.ForUpdate())
		if err != nil {
			return err
		}
		switch {
		case old == nil:
			return sqldb.ErrUnique // it went meanwhile
		case len(old.Consents) > 0:
			return taken(sub.Email)
		case len(sub.Consents) > 0:
			if err := old.comesBack(tx, by); err != nil {
				return err
			}
		}
		out, err = changeHeld(tx, old, &Update{Consents: opt.Some(sub.Consents)}, by, s.sys.Now())
		return err
	})
	return out, err
}

// enter makes a subscriber on stated grounds.
func enter(tx *sqldb.Tx, s *Subscriber, by Origin, now int64) error {
	if by.Proof.Anew {
		if err := agreedAnew(tx, s); err != nil {
			return err
		}
	}
	return create(tx, s, 0, by, now)
}

// Unsubscribe takes all consents of a subscriber back at the person's wish. The
// subscriber stays, so that the wish is known.
func (s *Service) Unsubscribe(ctx context.Context, storeID, id int64, by Origin) (*Subscriber, error) {
	return s.Update(ctx, storeID, id, Update{Consents: opt.Some([]string{})}, by)
}
