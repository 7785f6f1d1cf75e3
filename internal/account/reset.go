package account

import (
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// ErrNowhere: the customer may not sign in on any storefront.
var ErrNowhere = fault.Broken(fault.Invalid, fault.Item{Code: fault.NotAccepted, Why: WhyNoAccess})

// ResetTx emails a customer a link to reset the password inside a transaction: one
// that the store sends, which is not counted as those that are asked for.
func (s *Service) ResetTx(tx *sqldb.Tx, c *customer.Customer) error {
	at, err := home(tx, c)
	if err != nil {
		return err
	}
	if at == 0 {
		return ErrNowhere
	}
	site, token := store.Site{StoreID: tx.Store(), ChannelID: at}, s.sys.Hex(32)
	if err := s.issue(tx, site, token, forReset, c.ID, "", resetLife, nil); err != nil {
		return err
	}
	m := mailTo(site, c, MailPasswordReset, nil)
	m.Expires = s.sys.Now() + resetLife
	m.toReset("", c.ID, token, resetLife)
	return s.mail.Queue(tx, m)
}
