// Package rekey makes the keys of email addresses anew that earlier versions
// made, while the service serves. A job goes through a list by ids and writes
// only what differs, which is little: the key of a plain address has always
// been the address in lower case. Until it has passed, rows are found under
// their earlier keys too (see email.Keys).
//
// Two rows may turn out to have one address. Then one keeps the key that it
// had, so nothing is lost, and the clash is kept to be looked at.
package rekey

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"time"

	"clientele/internal/email"
	"clientele/internal/fault"
	"clientele/internal/jobs"
	"clientele/internal/sqldb"
	"clientele/internal/system"
)

// List is what has email addresses.
type List struct {
	Name string
	// Next selects ids and addresses above an id ($2), $3 at most, in order.
	Next *sqldb.Stmt
	// Two selects the addresses of two ids ($2 and $3).
	Two *sqldb.Stmt
	// Move gives rows the keys of their addresses. It returns those that
	// cannot have theirs, and which row has it. It comes before the store's
	// counters are locked, and may be given rows that have gone or that have
	// their keys already.
	Move func(tx *sqldb.Tx, ids []int64) (clashes map[int64]int64, err error)
}

const (
	// bite is how many rows are looked at between two notes of how far the job
	// came; most is how many of them one transaction may change.
	bite = 2000
	most = 200
	// shift is for how long the job works before it lets others have a go.
	shift = 20 * time.Second
)

// Job is the work on a list.
type Job struct {
	List
	DB   *sqldb.DB
	Sys  *system.System
	Log  *slog.Logger
	Bite int // 0: as many as is good
}

// Register has r do the work.
func (j *Job) Register(r *jobs.Runner) {
	r.Register(jobs.Kind{Name: "rekey_" + j.Name, Handler: j.run, Limit: 2, Schedule: []time.Duration{
		5 * time.Second, time.Minute, 10 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour,
	}})
}

// run is the handler. What was made anew stays so when it is cut off.
func (j *Job) run(ctx context.Context, job jobs.Job) error {
	end := j.Sys.Clock().Add(shift)
	for j.Sys.Clock().Before(end) {
		done, err := j.Some(ctx, job.StoreID)
		if done || err != nil {
			return err
		}
	}
	return jobs.NotNow(time.Second)
}

var (
	selectDone = sqldb.Static(`SELECT done_to FROM email_rekeys WHERE store_id = $1 AND list = $2`)
	moveDone   = sqldb.Static(`UPDATE email_rekeys SET done_to = $3 WHERE store_id = $1 AND list = $2`)
	endRekey   = sqldb.Static(`DELETE FROM email_rekeys WHERE store_id = $1 AND list = $2`)
	keepClash  = sqldb.Static(`INSERT INTO email_clashes (store_id, list, id, other_id, date_found) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (store_id, list, id) DO UPDATE SET other_id = excluded.other_id`)
	anyClash      = sqldb.Static(`SELECT id FROM email_clashes WHERE store_id = $1 LIMIT 1`)
	dropClash     = sqldb.Static(`DELETE FROM email_clashes WHERE store_id = $1 AND list = $2 AND id = $3`)
	selectClashes = sqldb.Static(`SELECT list, id, other_id, date_found FROM email_clashes WHERE store_id = $1 ORDER BY list, id`)
)

// Some makes the keys of the next rows anew, and tells that there are no more.
func (j *Job) Some(ctx context.Context, storeID int64) (done bool, err error) {
	size := j.Bite
	if size == 0 {
		size = bite
	}
	var from, to int64
	var moved []int64
	err = j.DB.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		done, moved = true, nil
		if err := tx.Query(selectDone, func(r *sqldb.Row) error { done, from = false, r.Int(0); return nil }, j.Name); err != nil || done {
			return err
		}
		to = from
		return tx.Query(j.Next, func(r *sqldb.Row) error {
			if len(moved) == most {
				return nil
			}
			if to = r.Int(0); email.Moved(r.Text(1)) {
				moved = append(moved, to)
			}
			return nil
		}, from, int64(size))
	})
	if err != nil || done {
		return done, err
	}
	if from == to { // there are no more
		return true, j.end(ctx, storeID)
	}
	var clashes map[int64]int64
	if err := j.DB.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		clashes = nil
		here := false
		if err := tx.Query(sqldb.Dynamic(selectDone.SQL()+tx.ForDelete()), func(r *sqldb.Row) error { here = r.Int(0) == from; return nil }, j.Name); err != nil {
			return err
		}
		if !here { // another process goes on with it
			return nil
		}
		var err error
		if clashes, err = j.move(tx, moved); err != nil {
			return err
		}
		return tx.Exec(moveDone, j.Name, to)
	}); err != nil {
		return false, err
	}
	j.tell(storeID, clashes)
	return false, nil
}

// move is Move that keeps the clashes.
func (j *Job) move(tx *sqldb.Tx, ids []int64) (map[int64]int64, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	clashes, err := j.Move(tx, ids)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if other, ok := clashes[id]; !ok {
			err = tx.Exec(dropClash, j.Name, id)
		} else {
			err = tx.Exec(keepClash, j.Name, id, other, j.Sys.Now())
		}
		if err != nil {
			return nil, err
		}
	}
	return clashes, nil
}

// end tries clashes again, whose other row may have got another key since, and
// notes that the list is done.
func (j *Job) end(ctx context.Context, storeID int64) error {
	return j.DB.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		var ids []int64
		if err := tx.Query(selectClashes, func(r *sqldb.Row) error {
			if r.Text(0) == j.Name {
				ids = append(ids, r.Int(1))
			}
			return nil
		}); err != nil {
			return err
		}
		for batch := range slices.Chunk(ids, most) {
			if _, err := j.move(tx, batch); err != nil {
				return err
			}
		}
		return tx.Exec(endRekey, j.Name)
	})
}

// tell logs clashes, by ids: the addresses are personal.
func (j *Job) tell(storeID int64, clashes map[int64]int64) {
	for _, id := range slices.Sorted(maps.Keys(clashes)) {
		j.Log.Warn("two have one email address; see clientele email clashes", "store_id", storeID, "list", j.Name, "id", id, "other_id", clashes[id])
	}
}

// Clash is a row whose address another row has too.
type Clash struct {
	List        string
	ID, OtherID int64
	Found       int64
}

var selectPending = sqldb.Static(`SELECT list FROM email_rekeys WHERE store_id = $1 ORDER BY list`)

// Clashes returns the clashes in a store that were found and still stand, by
// list and id, and the lists that a job is still at.
func Clashes(ctx context.Context, db *sqldb.DB, storeID int64, lists ...List) (out []Clash, pending []string, err error) {
	err = db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out, pending = nil, nil
		var found []Clash
		if err := tx.Pipeline(
			sqldb.Q{Stmt: selectClashes, Each: func(r *sqldb.Row) error {
				found = append(found, Clash{List: r.Text(0), ID: r.Int(1), OtherID: r.Int(2), Found: r.Int(3)})
				return nil
			}},
			sqldb.Q{Stmt: selectPending, Each: func(r *sqldb.Row) error { pending = append(pending, r.Text(0)); return nil }},
		); err != nil {
			return err
		}
		for _, c := range found {
			i := slices.IndexFunc(lists, func(l List) bool { return l.Name == c.List })
			if i < 0 {
				continue
			}
			var keys []string
			if err := tx.Query(lists[i].Two, func(r *sqldb.Row) error { keys = append(keys, email.Key(r.Text(0))); return nil }, c.ID, c.OtherID); err != nil {
				return err
			}
			if len(keys) == 2 && keys[0] == keys[1] {
				out = append(out, c)
			}
		}
		return nil
	})
	return out, pending, err
}

// Settled returns a fault where two rows of a list have one address, which a new
// store does not take.
func Settled(tx *sqldb.Tx) error {
	clash := false
	if err := tx.Query(anyClash, func(*sqldb.Row) error { clash = true; return nil }); err != nil || !clash {
		return err
	}
	return fault.New(fault.Conflict, "customers or subscribers share an address since an upgrade: change one of each (clientele email clashes tells which), and the store can be written")
}
