package form

import (
	"clientele/internal/jobs"
	"clientele/internal/sqldb"
)

// CountValuesJob is the kind of the job that counts the values of attributes and
// form fields anew.
const CountValuesJob = "count_values"

var loseValues = sqldb.Static(`UPDATE store_counters SET uncounted = uncounted + 1 WHERE store_id = $1`)

// LoseValues notes that values go with the attribute or the form field that they
// are of, too many to be counted in the transaction. The lists of values are
// counted until the job has done so.
func LoseValues(tx *sqldb.Tx, now int64) error {
	if err := tx.Exec(loseValues); err != nil {
		return err
	}
	return jobs.Enqueue(tx, now, CountValuesJob, struct{}{}, now)
}
