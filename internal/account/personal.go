package account

import (
	"encoding/json"

	"clientele/internal/personal"
	"clientele/internal/sqldb"
)

var eraseToken = sqldb.Static(`DELETE FROM account_tokens WHERE store_id = $1 AND token_hash = $2`)

// hash is why hashes of what opens an account are not told.
const hash = "the hash of a token, which opens an account"

// Personal is what this package keeps of persons.
var Personal = []personal.Part{
	personal.Table{
		Name: "account_sessions", Title: "Sessions", By: personal.ByCustomer, Key: []string{"id"},
		Select: sqldb.Static(`SELECT id, customer_id, channel_id, kind, date_created, date_seen, date_expires, idle_seconds, user_agent, ip_address, impersonation_id FROM account_sessions
			WHERE store_id = $1 AND customer_id = $2 AND id > $3 ORDER BY id LIMIT $4`),
		Kinds:  "id int, customer_id int, channel_id int, kind int, date_created time, date_seen time, date_expires time, idle_seconds int, impersonation_id id",
		Hidden: map[string]string{"token_hash": hash},
	}.Part(),
	personal.Table{
		Name: "impersonations", Title: "Who signed in as the customer", By: personal.ByCustomer, Key: []string{"id"},
		Select: sqldb.Static(`SELECT id, customer_id, channel_id, reason, actor_kind, actor_id, actor_name, session_id, date_created, date_expires, date_used, date_ended, how FROM impersonations
			WHERE store_id = $1 AND customer_id = $2 AND id > $3 ORDER BY id LIMIT $4`),
		Kinds:  "id int, customer_id int, channel_id int, actor_kind int, actor_id id, session_id id, date_created time, date_expires time, date_used time, date_ended time",
		Hidden: map[string]string{"token_hash": hash},
	}.Part(),
	personal.Sieve{
		Name: "account_tokens", Title: "Links in emails", Key: []string{"token_hash"}, Along: true,
		All: sqldb.Static(`SELECT token_hash, customer_id, purpose, data FROM account_tokens WHERE store_id = $1 AND token_hash > $2 ORDER BY token_hash LIMIT $3`),
		Mine: func(w *personal.Who, r *sqldb.Row) bool {
			if w.HasCustomer(r.Int(1)) {
				return true
			}
			var d subscription
			return r.Text(2) == forSubscribe && json.Unmarshal([]byte(r.Text(3)), &d) == nil && w.Is(d.Email)
		},
		One:    sqldb.Static(`SELECT token_hash, purpose, customer_id, channel_id, data, date_expires FROM account_tokens WHERE store_id = $1 AND token_hash = $2`),
		Kinds:  "customer_id id, channel_id int, date_expires time",
		Hidden: map[string]string{"token_hash": hash, "email_norm": "the address in data again, to be compared"},
		Drop: func(tx *sqldb.Tx, _ *personal.Erasure, rows []personal.Row) (n int64, err error) {
			for i := range rows {
				some, err := tx.ExecCount(eraseToken, rows[i].Key[0])
				if err != nil {
					return 0, err
				}
				n += some
			}
			return n, nil
		},
	}.Part(),
	personal.Table{
		Name: "known_addresses", Title: "Networks that the account was used from", By: personal.ByCustomer, Key: []string{"ip_address"},
		Select: sqldb.Static(`SELECT customer_id, ip_address, date_used FROM known_addresses WHERE store_id = $1 AND customer_id = $2 AND ip_address > $3 ORDER BY ip_address LIMIT $4`),
		Kinds:  "customer_id int, date_used time",
	}.Part(),
	personal.Table{
		Name: "unconfirmed_customers", Title: "Accounts that wait for a confirmation", By: personal.ByCustomer, Key: []string{"customer_id"},
		Select: sqldb.Static(`SELECT customer_id, date_created FROM unconfirmed_customers WHERE store_id = $1 AND customer_id = $2 AND customer_id > $3 ORDER BY customer_id LIMIT $4`),
		Kinds:  "customer_id int, date_created time",
	}.Part(),
}
