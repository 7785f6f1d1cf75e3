package subscriber

import (
	"slices"

	"clientele/internal/opt"
	"clientele/internal/sqldb"
)

// Held returns subscribers by their ids, locked.
func Held(tx *sqldb.Tx, ids []int64) ([]Subscriber, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	in, args := sqldb.In(nil, ids)
	var out []Subscriber
	return out, tx.Query(sqldb.Dynamic(`SELECT `+columns+` FROM subscribers WHERE store_id = $1 AND id IN `+in+` ORDER BY id`+tx.ForUpdate()), func(r *sqldb.Row) error {
		out = append(out, Subscriber{})
		out[len(out)-1].scan(r)
		return nil
	}, args...)
}

// SubscribeTx gives a subscriber who is held the newsletter, by the rule of Enter,
// inside a transaction, and reports whether that changed anything.
func SubscribeTx(tx *sqldb.Tx, old *Subscriber, by Origin, now int64) (bool, error) {
	if old.Agreed() {
		return false, nil
	}
	if err := old.comesBack(tx, by); err != nil {
		return false, err
	}
	return SetNewsletterTx(tx, old, true, by, now)
}

// SetNewsletterTx gives a subscriber who is held the newsletter or takes it away,
// inside a transaction, and reports whether that changed anything. What was taken away
// it gives back, but to who has left by their own wish.
func SetNewsletterTx(tx *sqldb.Tx, old *Subscriber, on bool, by Origin, now int64) (bool, error) {
	if old.Agreed() == on {
		return false, nil
	}
	all := slices.DeleteFunc(slices.Clone(old.Consents), func(c string) bool { return c == MarketingNewsletter })
	if on {
		all = append(all, MarketingNewsletter)
	}
	_, err := changeHeld(tx, old, &Update{Consents: opt.Some(inOrder(all))}, by.Came(tx.Context()), now)
	return err == nil, err
}

// EnterTx makes a subscriber by the rule of Enter, inside a transaction, and returns
// the id.
func EnterTx(tx *sqldb.Tx, in Create, by Origin, now int64) (int64, error) {
	sub, err := in.build()
	if err != nil {
		return 0, err
	}
	err = enter(tx, &sub, by.Came(tx.Context()), now)
	return sub.ID, err
}

// RemoveHeldTx removes subscribers who are held, inside a transaction.
func RemoveHeldTx(tx *sqldb.Tx, held []Subscriber, by Origin, now int64) error {
	if len(held) == 0 {
		return nil
	}
	return remove(tx, held, by.Came(tx.Context()), now, deletions(held))
}

// ReadByID returns subscribers by their ids, in their order.
func ReadByID(tx *sqldb.Tx, ids []int64) ([]Subscriber, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return rows(tx, ids)
}
