package app

import (
	"strconv"

	"clientele/internal/mail"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/webhook"
)

// notices tells merchants by email of webhooks that were switched off.
type notices struct{ *Core }

// Notify implements webhook.Notifier. The store's own address hears of it
// where the API account has left none.
func (n notices) Notify(tx *sqldb.Tx, in webhook.Notice) error {
	m := mail.Message{
		Kind: mail.WebhookDisabled, Site: store.Site{StoreID: tx.Store()},
		Data: mail.Data{"destination": in.Hook.Destination, "scope": in.Hook.Scope},
	}
	if in.Kind == webhook.DomainBlocked {
		minutes := (in.Until - n.System.Now() + 59) / 60
		m.Kind, m.Data = mail.WebhookBlocked, mail.Data{"destination": in.Domain, "minutes": strconv.FormatInt(minutes, 10)}
	}
	to := in.To
	if len(to) == 0 {
		to = []string{""}
	}
	for _, m.To = range to {
		if err := n.Mail.Queue(tx, m); err != nil {
			return err
		}
	}
	return nil
}
