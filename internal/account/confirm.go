package account

import (
	"context"

	"clientele/internal/customer"
	"clientele/internal/history"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

var (
	insertUnconfirmed = sqldb.Static(`INSERT INTO unconfirmed_customers (store_id, customer_id, date_created) VALUES ($1, $2, $3)
		ON CONFLICT (store_id, customer_id) DO NOTHING`)
	selectUnconfirmed = sqldb.Static(`SELECT customer_id FROM unconfirmed_customers WHERE store_id = $1 AND customer_id = $2`)
	confirmCustomer   = sqldb.Static(`DELETE FROM unconfirmed_customers WHERE store_id = $1 AND customer_id = $2`)
)

// What is new when an address is to be confirmed.
const (
	newAccount = ""
	newEmail   = "email"
)

// askToConfirm keeps a customer whose address is new from signing in until the
// link that is emailed to it has been followed. what is the new thing.
func (s *Service) askToConfirm(tx *sqldb.Tx, site store.Site, to *customer.Customer, c Client, token, what string) error {
	if err := tx.Exec(insertUnconfirmed, to.ID, s.sys.Now()); err != nil {
		return err
	}
	if err := s.issue(tx, site, token, forConfirm, to.ID, what, confirmLife, nil); err != nil {
		return err
	}
	m := mailTo(site, to, MailConfirmAccount, data(link(site, confirmPath, "token", token), confirmLife))
	m.Expires = s.sys.Now() + confirmLife
	return s.send(tx, c, m)
}

// confirmed notes and records that the address of a locked customer, which was not,
// is confirmed.
func (s *Service) confirmed(tx *sqldb.Tx, customerID int64) error {
	e := history.Entry{Action: history.Updated, Resource: history.Customer, ID: customerID, CustomerID: customerID}
	e.Add(false, history.FieldConfirmed, "false", "true")
	if err := history.Enter(tx, s.sys.Now(), e); err != nil {
		return err
	}
	return tx.Exec(confirmCustomer, customerID)
}

// ConfirmAccount confirms the address of who registered or moved to it, by the token of an
// emailed link, once.
func (s *Service) ConfirmAccount(ctx context.Context, site store.Site, token string, c Client) (err error) {
	defer func() { s.followed(ctx, site.StoreID, forConfirm, c, err) }()
	id, what, err := s.peek(ctx, site, token, forConfirm)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, site.StoreID, func(tx *sqldb.Tx) error {
		who, err := lockCustomer(tx, id, site.ChannelID)
		if err != nil {
			return err
		}
		if err := s.redeem(tx, site, token, forConfirm, id); err != nil {
			return err
		}
		if !who.unconfirmed {
			return nil
		}
		if err := s.confirmed(tx, id); err != nil || what != newAccount {
			return err
		}
		m := Mail{Kind: MailAccountCreated, Site: site, To: who.Email, ToName: who.Name(), CustomerID: id}
		m.toSignIn()
		return s.send(tx, c, m)
	})
}
