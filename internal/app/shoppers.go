package app

import (
	"clientele/internal/account"
	"clientele/internal/sqldb"
)

// noMail sends nothing.
type noMail struct{}

// Queue implements account.Mailer.
func (noMail) Queue(*sqldb.Tx, account.Mail) error { return nil }
