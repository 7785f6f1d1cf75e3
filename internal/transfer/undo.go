package transfer

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"time"

	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/jobs"
	"clientele/internal/sqldb"
	"clientele/internal/subscriber"
)

// What an import created is kept as runs of ids. A transaction takes its ids from
// the store's counters at once, so each is one run, however many others write; a
// column of customers would make each row larger, and a row for each customer would
// be a second table of that size.

// The resources of ranges, in the order in which they are undone.
const (
	rangeCustomers   = "customers"
	rangeSubscribers = "subscribers"
)

// Undone is how far an import was undone.
type Undone struct {
	Customers   int64 `json:"customers"`
	Subscribers int64 `json:"subscribers"`
	// Kept are those who stay, since somebody else has changed them.
	KeptCustomers   int64 `json:"kept_customers"`
	KeptSubscribers int64 `json:"kept_subscribers"`
	// Changed are those who were given back what they had before, KeptChanged those
	// whom somebody else has changed since, or who are gone.
	Changed     int64 `json:"changed,omitempty"`
	KeptChanged int64 `json:"kept_changed,omitempty"`
	// Kept are the first customers of those.
	Kept []int64 `json:"kept,omitempty"`

	// At and After are the resource and the id after which to go on.
	At    string `json:"at,omitempty"`
	After int64  `json:"after,omitempty"`
}

const (
	// undoneAtOnce is how many rows one transaction takes away.
	undoneAtOnce = 100
	// maxListed bounds how many customers are listed who stay.
	maxListed = 500
)

var (
	beginUndo = sqldb.Static(`UPDATE imports SET state = 'undoing', undone = $3, actor_kind = $4, actor_id = $5, actor_name = $6, date_modified = $7 WHERE store_id = $1 AND id = $2 AND state IN ('done', 'stopped', 'cancelled', 'failed') AND undoable > 0 AND date_ended >= $8`)
	moveUndo  = sqldb.Static(`UPDATE imports SET state = $4, undone = $5, date_modified = $6 WHERE store_id = $1 AND id = $2 AND undone = $3 AND state = 'undoing'`)
	nextRange = sqldb.Static(`SELECT first_id, last_id FROM import_ranges WHERE store_id = $1 AND import_id = $2 AND resource = $3 AND last_id > $4 ORDER BY first_id LIMIT 1`)
)

var errNotUndone = fault.New(fault.Conflict, "The import cannot be undone: only one that has ended can, within seven days, and a dry run has nothing to undo.")

// Undo deletes the customers and subscribers that an import created, but for those
// whom somebody else has changed since; store credit and groups become what they were.
// A server does it.
func (s *Service) Undo(ctx context.Context, storeID, id int64) (*Import, error) {
	var imp *Import
	by := history.Of(ctx).Actor
	start, err := json.Marshal(Undone{})
	if err != nil {
		return nil, err
	}
	err = s.db.Write(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		if imp, err = get(tx, id); err != nil || imp.State == Undoing {
			return err
		}
		if imp.Plan.DryRun {
			return errNotUndone
		}
		now := s.sys.Now()
		n, err := tx.ExecCount(beginUndo, id, string(start), by.Kind.String(), by.ID, by.Name, now, now-int64(keep/time.Second))
		if err == nil && n == 0 {
			err = errNotUndone
		}
		if err != nil {
			return err
		}
		if err := jobs.Enqueue(tx, now, jobUndo, working{id}, now); err != nil {
			return err
		}
		imp, err = get(tx, id)
		return err
	})
	return imp, err
}

// undo goes on with undoing an import, for a shift.
func (s *Service) undo(ctx context.Context, j jobs.Job) error {
	var of working
	if err := j.Decode(&of); err != nil {
		return err
	}
	for end := s.sys.Elapsed() + s.shift; s.sys.Elapsed() < end; {
		imp, err := s.UndoSome(ctx, j.StoreID, of.ID)
		if errors.Is(err, errNoImport) {
			return nil
		}
		if err != nil || imp.State != Undoing {
			return err
		}
	}
	return jobs.NotNow(time.Second)
}

// UndoSome undoes the next piece of an import, and returns how it is then.
func (s *Service) UndoSome(ctx context.Context, storeID, id int64) (*Import, error) {
	var imp *Import
	err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		if imp, err = get(tx, id); err != nil || imp.State != Undoing {
			return err
		}
		u := *imp.Undone
		before, err := json.Marshal(u)
		if err != nil {
			return err
		}
		// Whoever else is at it waits here, and then finds it moved on.
		now := s.sys.Now()
		if n, err := tx.ExecCount(moveUndo, id, string(before), string(Undoing), string(before), now); err != nil || n == 0 {
			return err
		}
		if u.At == "" {
			u.At = rangeCustomers
			if imp.Plan.Kind.Changes() {
				u.At, u.After = undoChanges, math.MaxInt64
			}
		}
		tx.Mute(sqldb.Muted{Events: !imp.Plan.Events, Entries: true})
		if err := s.undoBite(tx, imp, &u); err != nil {
			return err
		}
		tx.Mute(sqldb.Muted{})
		if u.At == "" {
			imp.State = Reverted
			action := history.DeletedAll
			if imp.Plan.Kind.Changes() {
				action = history.Updated
			}
			e := history.Many(action, history.Customer, u.Customers+u.Subscribers+u.Changed, imp.report())
			e.By = &imp.By
			if err := history.Enter(tx, now, e); err != nil {
				return err
			}
		}
		after, err := json.Marshal(u)
		if err != nil {
			return err
		}
		imp.Undone = &u
		return tx.Exec(moveUndo, id, string(before), string(imp.State), string(after), now)
	})
	return imp, err
}

// undoBite takes the next rows away. At the end u.At is empty.
func (s *Service) undoBite(tx *sqldb.Tx, imp *Import, u *Undone) error {
	if u.At == undoChanges {
		return s.undoChanged(tx, imp, u)
	}
	first, last := int64(0), int64(0)
	if err := tx.Query(nextRange, func(r *sqldb.Row) error { first, last = r.Int(0), r.Int(1); return nil }, imp.ID, u.At, u.After); err != nil {
		return err
	}
	if last == 0 {
		if u.At == rangeCustomers {
			u.At, u.After = rangeSubscribers, 0
		} else {
			u.At, u.After = "", 0
		}
		return nil
	}
	first = max(first, u.After+1)
	last = min(last, first+undoneAtOnce-1)
	if u.At == rangeSubscribers {
		gone, kept, err := subscriber.UndoImportTx(tx, first, last, s.sys.Now())
		u.Subscribers, u.KeptSubscribers, u.After = u.Subscribers+gone, u.KeptSubscribers+kept, last
		return err
	}
	gone, kept, err := s.customers.UndoImportTx(tx, first, last, imp.Created, imp.Ended)
	u.Customers, u.KeptCustomers, u.After = u.Customers+gone, u.KeptCustomers+int64(len(kept)), last
	u.Kept = append(u.Kept, kept[:min(len(kept), maxListed-len(u.Kept))]...)
	return err
}
