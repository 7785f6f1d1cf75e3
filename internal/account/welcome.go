package account

import (
	"clientele/internal/customer"
	"clientele/internal/history"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// welcomeLife is for how long the link of a welcome email is good, in seconds.
const welcomeLife = 7 * 24 * 60 * 60

// AccountCreated implements customer.Notifier. Who has no password, or has to
// choose another, gets a link to choose one: without it there would be no way
// to do what the email invites to.
func (s *Service) AccountCreated(tx *sqldb.Tx, c *customer.Customer, hasPassword bool, from *history.Origin) error {
	site := store.Site{StoreID: tx.Store(), ChannelID: c.OriginChannelID}
	at, err := home(tx, c)
	if err != nil {
		return err
	}
	if at != 0 {
		site.ChannelID = at
	}
	m := mailTo(site, c, MailAccountCreated, nil)
	if at == 0 || hasPassword && !c.ForcePasswordReset {
		return s.mail.Queue(tx, m)
	}
	token := s.sys.Hex(32)
	if err := s.issue(tx, site, token, forReset, c.ID, "", welcomeLife, from); err != nil {
		return err
	}
	m.toReset("", c.ID, token, welcomeLife)
	m.Expires = s.sys.Now() + welcomeLife
	return s.mail.Queue(tx, m)
}

// home returns the channel on which a customer may sign in: the one of their
// origin, or else another of theirs. 0 is none.
func home(tx *sqldb.Tx, c *customer.Customer) (int64, error) {
	others := c.ChannelIDs
	if others == nil {
		others = []int64{store.DefaultChannel}
	}
	admissions := make([]customer.Admission, 1+len(others))
	qs := admissions[0].Query(c.OriginChannelID)
	for i, id := range others {
		qs = append(qs, admissions[1+i].Query(id)...)
	}
	if err := tx.Pipeline(qs...); err != nil {
		return 0, err
	}
	for i := range admissions {
		if admissions[i].EntersHere(c) {
			return admissions[i].ChannelID, nil
		}
	}
	return 0, nil
}
