package limit

import (
	"clientele/internal/email"
	"clientele/internal/personal"
	"clientele/internal/sqldb"
)

// Personal is what this package keeps of persons.
var Personal = []personal.Part{personal.Sieve{
	Name: "sign_in_failures", Title: "Wrong passwords", Key: []string{"subject"},
	All: sqldb.Static(`SELECT subject, customer_id FROM sign_in_failures WHERE store_id = $1 AND subject > $2 ORDER BY subject LIMIT $3`),
	Mine: func(w *personal.Who, r *sqldb.Row) bool {
		return w.HasCustomer(r.Int(1)) || w.Email != "" && r.Text(0) == Guess{Email: email.Key(w.Email)}.Subject()
	},
	One:   sqldb.Static(`SELECT subject, failures, date_last, customer_id, network FROM sign_in_failures WHERE store_id = $1 AND subject = $2`),
	Kinds: "failures int, date_last time, customer_id id",
	Drop: func(tx *sqldb.Tx, _ *personal.Erasure, rows []personal.Row) (int64, error) {
		for i := range rows {
			if err := tx.Exec(forgetFailures, rows[i].Key[0]); err != nil {
				return 0, err
			}
		}
		return int64(len(rows)), nil
	},
}.Part()}
