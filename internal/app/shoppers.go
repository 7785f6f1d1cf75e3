package app

import (
	"clientele/internal/account"
	"clientele/internal/mail"
	"clientele/internal/sqldb"
)

// mailer sends the emails of accounts the way the Core does.
type mailer struct{ *Core }

// Queue implements account.Mailer.
func (m mailer) Queue(tx *sqldb.Tx, in account.Mail) error {
	return m.Mail.Queue(tx, mail.Message{
		Kind: mail.Kind(in.Kind), Site: in.Site, To: in.To, ToName: in.ToName, CustomerID: in.CustomerID, Data: in.Data, Wish: in.Wish, Expires: in.Expires,
		Route: in.Route, Parameters: in.Parameters,
	})
}
