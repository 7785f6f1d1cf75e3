// Package subscriber holds newsletter and marketing subscribers: an email
// address on a channel with consents, which is not always a customer.
package subscriber

import (
	"strings"

	"clientele/internal/fold"
	"clientele/internal/sqldb"
)

// Subscriber is an email address and what it consented to.
type Subscriber struct {
	Email     string
	FirstName string
	LastName  string
	ChannelID int64
	Source    string   // storefront, order or custom
	Consents  []string // such as marketing_newsletter
}

var (
	byEmail = sqldb.Static(`SELECT id FROM subscribers WHERE store_id = $1 AND email_norm = $2 AND channel_id = $3`)
	nextID  = sqldb.Static(`UPDATE store_counters SET subscriber_id = subscriber_id + 1 WHERE store_id = $1 RETURNING subscriber_id`)
	insert  = sqldb.Static(`INSERT INTO subscribers (store_id, id, email, email_norm, channel_id, first_name, last_name, source, order_id, consents, date_created, date_modified)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $10, $10)`)
)

// Ensure makes a subscriber unless the email subscribes on that channel
// already, inside tx.
func Ensure(tx *sqldb.Tx, s Subscriber, now int64) error {
	norm := fold.Text(s.Email)
	var id int64
	into := func(r *sqldb.Row) error { id = r.Int(0); return nil }
	if err := tx.Query(byEmail, into, norm, s.ChannelID); err != nil || id != 0 {
		return err
	}
	if err := tx.Query(nextID, into); err != nil {
		return err
	}
	return tx.Exec(insert, id, s.Email, norm, s.ChannelID, s.FirstName, s.LastName, s.Source, strings.Join(s.Consents, ","), now)
}
