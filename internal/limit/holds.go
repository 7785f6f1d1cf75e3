package limit

import (
	"clientele/internal/sqldb"
)

// Guessing is the action of guesses at passwords.
const Guessing = "guess"

// Hold is a bound that is reached: attempts are refused until it ends.
type Hold struct {
	Subject string
	Action  string
	// CustomerID is whose password is guessed at; 0: nobody's, or a network or
	// an address is held back.
	CustomerID int64
	// Network is where attempts are refused from. Empty: from everywhere, or from
	// a network that was not noted.
	Network  string
	Attempts int64
	Until    int64
}

var (
	heldAccounts = sqldb.Static(`SELECT subject, failures, date_last, customer_id, network FROM sign_in_failures
		WHERE store_id = $1 AND date_last > $2 AND failures >= $3 ORDER BY date_last DESC, subject LIMIT $4`)
	heldWindows = sqldb.Static(`SELECT subject, attempts, date_start, action, bound, network FROM attempt_windows
		WHERE store_id = $1 AND date_start >= $2 AND bound > 0 AND attempts >= bound ORDER BY date_start DESC, subject LIMIT $3`)
	forgetWindow = sqldb.Static(`DELETE FROM attempt_windows WHERE store_id = $1 AND subject = $2`)
)

// maxHolds is how many of accounts, and of windows, are told of: the latest.
const maxHolds = 10_000

// Holds returns the bounds of the store of tx that are reached at the time now,
// the latest first, accounts before windows.
func Holds(tx *sqldb.Tx, now int64) ([]Hold, error) {
	var out []Hold
	first, _ := current(now)
	err := tx.Pipeline(
		sqldb.Q{Stmt: heldAccounts, Args: []any{now - longestWait, int64(freeGuesses), int64(maxHolds)}, Each: func(r *sqldb.Row) error {
			if seconds, _ := (failures{r.Int(1), r.Int(2)}).wait(now); seconds > 0 {
				out = append(out, Hold{Subject: r.Text(0), Action: Guessing, CustomerID: r.Int(3), Network: r.Text(4), Attempts: r.Int(1), Until: now + seconds})
			}
			return nil
		}},
		sqldb.Q{Stmt: heldWindows, Args: []any{first, int64(maxHolds)}, Each: func(r *sqldb.Row) error {
			w := window{r.Int(1), r.Int(2)}
			if w.left(now, r.Int(4)) > 0 {
				out = append(out, Hold{Subject: r.Text(0), Action: r.Text(3), Network: r.Text(5), Attempts: w.attempts, Until: w.start + windowSeconds})
			}
			return nil
		}},
	)
	return out, err
}

// Release ends what holds a subject back, and forgets its attempts.
func Release(tx *sqldb.Tx, subject string) error {
	if err := tx.Exec(forgetFailures, subject); err != nil {
		return err
	}
	return tx.Exec(forgetWindow, subject)
}
