package app

import (
	"clientele/internal/account"
	"clientele/internal/sqldb"
)

// noMail keeps quiet where no email is configured.
type noMail struct{}

func (noMail) Queue(*sqldb.Tx, account.Mail) error { return nil }
