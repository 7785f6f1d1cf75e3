package customer

import (
	"clientele/internal/rule"
	"clientele/internal/sqldb"
)

// signInSteps is how exact the last sign-in is kept, in seconds: who signs in all
// the time need not be written all the time.
const signInSteps = 3600

var noteSignIn = sqldb.Static(`INSERT INTO customer_sign_ins (store_id, customer_id, date_last) VALUES ($1, $2, $3)
	ON CONFLICT (store_id, customer_id) DO UPDATE SET date_last = excluded.date_last WHERE customer_sign_ins.date_last <= excluded.date_last - $4`)

// SignedIn notes that a customer, who is locked, signed in. It is no change of
// the customer: no event tells of it. rules tells that segments have rules.
func SignedIn(tx *sqldb.Tx, id, now int64, rules bool) error {
	n, err := tx.ExecCount(noteSignIn, id, now, int64(signInSteps))
	if err != nil || n == 0 || !rules {
		return err
	}
	return rule.Mark(tx, id)
}
