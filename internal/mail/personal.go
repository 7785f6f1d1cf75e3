package mail

import (
	"slices"

	"clientele/internal/email"
	"clientele/internal/personal"
	"clientele/internal/sqldb"
)

var eraseEmail = sqldb.Static(`DELETE FROM emails WHERE store_id = $1 AND id = $2`)

// Personal is what this package keeps of persons. A job whose email is gone has
// nothing to send.
var Personal = []personal.Part{personal.Sieve{
	Name: "emails", Title: "Emails", Key: []string{"id"},
	All: sqldb.Static(`SELECT id, customer_id, recipient_norm FROM emails WHERE store_id = $1 AND id > $2 ORDER BY id LIMIT $3`),
	Mine: func(w *personal.Who, r *sqldb.Row) bool {
		return w.HasCustomer(r.Int(1)) || w.Email != "" && slices.Contains(email.Keys(w.Email), r.Text(2))
	},
	One: sqldb.Static(`SELECT id, channel_id, kind, recipient, recipient_name, customer_id, site_url, message_id, status, error, subject, body_text, body_html, date_created, date_expires, date_done
		FROM emails WHERE store_id = $1 AND id = $2`),
	Kinds:  "id int, channel_id int, customer_id id, date_created time, date_expires time, date_done time",
	Hidden: map[string]string{"recipient_norm": "the address again, to be compared", "data": "what the texts are made of; while it waits it may hold a link that signs in"},
	Drop: func(tx *sqldb.Tx, _ *personal.Erasure, rows []personal.Row) (n int64, err error) {
		for i := range rows {
			some, err := tx.ExecCount(eraseEmail, rows[i].Int(0))
			if err != nil {
				return 0, err
			}
			n += some
		}
		return n, nil
	},
}.Part()}
