// Package jobs does work outside the transaction that asks for it: sending
// what somebody else receives, and trying again when that fails. A job is a
// row written by Enqueue in the caller's own transaction; a Runner in any
// process on the database does it after the commit. Each job is done at least
// once: a process that dies in the middle of one loses nothing, but what it
// did until then is done again.
package jobs

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"clientele/internal/sqldb"
)

// Job is a piece of work that a handler is to do.
type Job struct {
	StoreID, ID int64
	Kind        string
	Payload     []byte // JSON
	Attempts    int    // with this one
	Created     int64

	lease string
	epoch sqldb.Epoch // in which it was claimed
}

// Decode reads the payload into v. A payload that cannot be read will not get
// better: the error is permanent.
func (j *Job) Decode(v any) error {
	if err := json.Unmarshal(j.Payload, v); err != nil {
		return Permanent(fmt.Errorf("payload: %w", err))
	}
	return nil
}

// topic is signalled by Enqueue and wakes the process's runner.
const topic = "jobs"

var insertJob = sqldb.Static(`INSERT INTO jobs (store_id, id, kind, payload, due_at, date_created) VALUES ($1, $2, $3, $4, $5, $6)`)

// Enqueue adds a job in the caller's transaction, whose store it belongs to,
// to be done from due on (seconds since the epoch). It takes no lock, so it
// may come at any point of a transaction.
func Enqueue(tx *sqldb.Tx, now int64, kind string, payload any, due int64) error {
	text, err := json.Marshal(payload)
	if err != nil {
		return fmt.Errorf("job %s: %w", kind, err)
	}
	// Ids are drawn: a counter would make jobs wait for each other's commits.
	if err := tx.Exec(insertJob, tx.Draw(), kind, string(text), due, now); err != nil {
		return err
	}
	tx.Signal(topic)
	return nil
}

var deleteJob = sqldb.Static(`DELETE FROM jobs WHERE store_id = $1 AND id = $2 AND lease_owner = $3`)

// ErrLost: the job's lease has run out and somebody else may be doing it.
var ErrLost = errors.New("jobs: the lease was lost")

// Finish marks a job as done in a handler's own transaction, so that what the
// handler wrote there happens exactly once. It returns ErrLost, which should
// undo the transaction, when the job is no longer the handler's.
func Finish(tx *sqldb.Tx, j Job) error {
	n, err := tx.ExecCount(deleteJob, j.ID, j.lease)
	if err == nil && n == 0 {
		err = ErrLost
	}
	return err
}

type permanentError struct{ error }

func (e permanentError) Unwrap() error { return e.error }

// Permanent wraps a handler's error that trying again will not mend: the job
// is given up at once.
func Permanent(err error) error { return permanentError{err} }

type laterError struct {
	error
	wait time.Duration
}

func (e laterError) Unwrap() error { return e.error }

// After wraps a handler's error with the time to wait before the next
// attempt, where the schedule's does not fit. It counts as an attempt.
func After(wait time.Duration, err error) error { return laterError{err, wait} }

// notNow is told by NotNow.
type notNow struct{ wait time.Duration }

// Error implements error.
func (notNow) Error() string { return "not now" }

// NotNow is what a handler returns to have the job put off: that it was looked
// at does not count as an attempt.
func NotNow(wait time.Duration) error { return notNow{wait} }

// next tells when to try again after err on attempt n, or that the job is to
// be given up.
func next(err error, n int, schedule []time.Duration) (wait time.Duration, again bool) {
	if errors.As(err, new(permanentError)) || n > len(schedule) {
		return 0, false
	}
	wait = schedule[n-1]
	if l := (laterError{}); errors.As(err, &l) {
		wait = l.wait
	}
	return wait, true
}
