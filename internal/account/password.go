package account

import (
	"context"

	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// CheckPassword holds a new password to the store's rules. It is an Invalid
// fault that tells everything that is wrong.
func (s *Service) CheckPassword(ctx context.Context, storeID int64, password string) error {
	p, err := s.Policy(ctx, storeID)
	if err != nil {
		return err
	}
	c := fault.Collector{}
	checkPassword(&c, p, password)
	return c.Err(fault.Invalid)
}

func checkPassword(c *fault.Collector, p Policy, password string) {
	for _, it := range p.Password.Check(password) {
		c.AddItem(it)
	}
}

// ChangePassword gives a customer who is signed in another password. All
// other sessions end. It is ErrNoSession where the session has ended, and
// ErrOnBehalf for who acts for the customer.
func (s *Service) ChangePassword(ctx context.Context, site store.Site, sess Session, current, password string, c Client) error {
	if err := s.CheckPassword(ctx, site.StoreID, password); err != nil {
		return err
	}
	if err := sess.own(); err != nil {
		return err
	}
	right, err := s.VerifyPassword(ctx, site.StoreID, sess.CustomerID, current, c.Peer)
	if err != nil {
		return err
	}
	if !right {
		return ErrWrongPassword
	}
	if err := s.askChange(ctx, site.StoreID, sess.CustomerID, c); err != nil {
		return err
	}
	hash, err := s.passwords.Hash(ctx, party(site, c, true), password)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, site.StoreID, func(tx *sqldb.Tx) error {
		if _, err := lockCustomer(tx, sess.CustomerID, site.ChannelID); err != nil {
			return err
		}
		if err := stillOpen(tx, sess); err != nil {
			return err
		}
		return s.setPassword(tx, site, sess.CustomerID, sess.ID, hash, c)
	})
}

// OnBehalf reports whether not the customer but somebody else asks, who acts
// for the customer: apps do, without a session, and who has an impersonation.
func (sess *Session) OnBehalf() bool { return sess.ID == 0 || sess.Acting != nil }

// own is ErrOnBehalf for who acts for a customer. It guards the password, the
// email, and what else signs the customer in or out: these are the customer's
// own.
func (sess *Session) own() error {
	if sess.OnBehalf() {
		return ErrOnBehalf
	}
	return nil
}

var selectOne = sqldb.Static(`SELECT id FROM account_sessions WHERE store_id = $1 AND customer_id = $2 AND id = $3`)

// stillOpen makes sure that a session of a locked customer has not ended since
// it was looked at: who was thrown out a moment ago, by a reset of the
// password for example, must not get the account back. Apps that speak for a
// customer have no session.
func stillOpen(tx *sqldb.Tx, sess Session) error {
	if sess.ID == 0 {
		return nil
	}
	err := error(ErrNoSession)
	if failed := tx.Query(selectOne, func(*sqldb.Row) error { err = nil; return nil }, sess.CustomerID, sess.ID); failed != nil {
		return failed
	}
	return err
}

// setPassword stores a password, ends sessions but one, and tells the owner.
func (s *Service) setPassword(tx *sqldb.Tx, site store.Site, customerID, keep int64, hash string, c Client) error {
	rows, err := s.customers.UpdateTx(tx, []customer.Update{{ID: customerID, ForcePasswordReset: opt.Some(false), KeepSession: keep}}, []string{hash})
	if err != nil {
		return err
	}
	return s.send(tx, c, mailTo(site, &rows[0], MailPasswordChanged, nil))
}

func mailTo(site store.Site, c *customer.Customer, kind MailKind, data map[string]string) Mail {
	return Mail{Kind: kind, Site: site, To: c.Email, ToName: customer.FullName(c.FirstName, c.LastName), CustomerID: c.ID, Data: data}
}
