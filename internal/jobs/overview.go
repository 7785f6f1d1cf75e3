package jobs

import (
	"cmp"
	"context"
	"slices"

	"clientele/internal/fault"
	"clientele/internal/sqldb"
)

// Queue is what waits of a kind of jobs.
type Queue struct {
	Kind   string
	Waits  int64 // as far as QueueBound
	Failed int64 // likewise
	Oldest int64 // when the one was due that is late for longest; 0: none is late
}

// FailedJob is a job that was given up.
type FailedJob struct {
	StoreID, ID int64
	Kind        string
	Attempts    int64
	Created     int64
	At          int64
	Error       string // as far as it may be told
}

// Bounds of what is looked at, of each store.
const (
	QueueBound = 1000
	failedShow = 50
)

var (
	waitingJobs = sqldb.Static(`SELECT kind, due_at FROM jobs WHERE store_id = $1 AND date_failed = 0 ORDER BY kind, due_at, id LIMIT $2`)
	failedJobs  = sqldb.Static(`SELECT id, kind, attempts, date_created, date_failed, error FROM jobs WHERE store_id = $1 AND date_failed > 0 ORDER BY date_failed DESC, id LIMIT $2`)
	againJob    = sqldb.Static(`UPDATE jobs SET date_failed = 0, attempts = 0, due_at = $3, error = '' WHERE store_id = $1 AND id = $2 AND date_failed > 0`)
)

// Overview returns what waits in all stores, by kind, and the jobs that were given
// up last.
func (r *Runner) Overview(ctx context.Context) (queues []Queue, failed []FailedJob, err error) {
	now, at := r.sys.Now(), map[string]*Queue{}
	of := func(kind string) *Queue {
		if at[kind] == nil {
			at[kind] = &Queue{Kind: kind}
		}
		return at[kind]
	}
	err = r.db.EachStore(ctx, func(store int64) error {
		return r.db.Read(ctx, store, func(tx *sqldb.Tx) error {
			return tx.Pipeline(
				sqldb.Q{Stmt: waitingJobs, Args: []any{int64(QueueBound)}, Each: func(row *sqldb.Row) error {
					q := of(row.Text(0))
					q.Waits++
					if due := row.Int(1); due < now && (q.Oldest == 0 || due < q.Oldest) {
						q.Oldest = due
					}
					return nil
				}},
				sqldb.Q{Stmt: failedJobs, Args: []any{int64(failedShow)}, Each: func(row *sqldb.Row) error {
					of(row.Text(1)).Failed++
					failed = append(failed, FailedJob{StoreID: store, ID: row.Int(0), Kind: row.Text(1), Attempts: row.Int(2), Created: row.Int(3), At: row.Int(4), Error: row.Text(5)})
					return nil
				}},
			)
		})
	})
	for _, q := range at {
		queues = append(queues, *q)
	}
	slices.SortFunc(queues, func(a, b Queue) int { return cmp.Compare(a.Kind, b.Kind) })
	slices.SortStableFunc(failed, func(a, b FailedJob) int { return cmp.Compare(b.At, a.At) })
	return queues, failed[:min(len(failed), failedShow)], err
}

// Retry has a job that was given up begin anew.
func (r *Runner) Retry(ctx context.Context, storeID, id int64) error {
	return r.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		n, err := tx.ExecCount(againJob, id, r.sys.Now())
		if err == nil && n == 0 {
			err = fault.New(fault.NotFound, "there is no such job that was given up")
		}
		tx.Signal(topic)
		return err
	})
}
