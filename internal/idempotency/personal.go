package idempotency

import (
	"clientele/internal/personal"
	"clientele/internal/sqldb"
)

var eraseKey = sqldb.Static(`DELETE FROM idempotency_keys WHERE store_id = $1 AND key_hash = $2`)

// Personal is what this package keeps of persons: answers to their own requests.
// Those to requests of API accounts cannot be read by anybody but the account,
// and end within a day.
var Personal = []personal.Part{personal.Sieve{
	Name: "idempotency_keys", Title: "Answers that are kept to be repeated", Key: []string{"key_hash"},
	All:    sqldb.Static(`SELECT key_hash, customer_id FROM idempotency_keys WHERE store_id = $1 AND key_hash > $2 ORDER BY key_hash LIMIT $3`),
	Mine:   func(w *personal.Who, r *sqldb.Row) bool { return w.HasCustomer(r.Int(1)) },
	One:    sqldb.Static(`SELECT key_hash, until, customer_id FROM idempotency_keys WHERE store_id = $1 AND key_hash = $2`),
	Kinds:  "until time, customer_id id",
	Hidden: map[string]string{"request_hash": "a keyed hash", "owner": "a random number", "done": "of the program's own", "answer": "encrypted under a key that nobody but the client has"},
	Drop: func(tx *sqldb.Tx, _ *personal.Erasure, rows []personal.Row) (n int64, err error) {
		for i := range rows {
			some, err := tx.ExecCount(eraseKey, rows[i].Key[0])
			if err != nil {
				return 0, err
			}
			n += some
		}
		return n, nil
	},
}.Part()}
