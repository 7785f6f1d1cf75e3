package bulk

import (
	"context"
	"errors"
	"time"

	"clientele/internal/account"
	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/jobs"
	"clientele/internal/sqldb"
	"clientele/internal/subscriber"
)

const (
	// jobDo does a bulk action, or goes on with one; jobUndo undoes one.
	jobDo   = "bulk"
	jobUndo = "bulk_undo"
	shift   = 20 * time.Second
	// rescue is when a job looks after what a request does by itself.
	rescue = time.Minute
	// maxError bounds what is told of why a bulk action failed, in characters.
	maxError = 500
)

// working is the payload of the jobs.
type working struct {
	ID int64 `json:"id"`
}

// Register has r do, undo and forget bulk actions.
func (s *Service) Register(r *jobs.Runner) {
	schedule := []time.Duration{5 * time.Second, time.Minute, 10 * time.Minute}
	for kind, step := range map[string]step{jobDo: s.some, jobUndo: s.undoSome} {
		r.Register(jobs.Kind{Name: kind, Limit: 2, Schedule: schedule, Timeout: time.Hour, GaveUp: s.gaveUp,
			Handler: func(ctx context.Context, j jobs.Job) error { return s.work(ctx, j, step) }})
	}
	r.Every("ended bulk actions", time.Hour, s.prune)
}

// step does the next ones of a bulk action, and returns how it is then.
type step func(ctx context.Context, storeID int64, a *Action) (*Action, error)

// work goes on with a bulk action, for a shift.
func (s *Service) work(ctx context.Context, j jobs.Job, next step) error {
	var of working
	if err := j.Decode(&of); err != nil {
		return err
	}
	a, err := s.Get(ctx, j.StoreID, of.ID)
	if errors.Is(err, errNone) {
		return nil
	}
	if err != nil {
		return err
	}
	// What is done is who asked for it.
	origin := &history.Origin{Surface: history.V3, Actor: a.By}
	if a.By.Kind == history.Staff {
		origin.Surface = history.Panel
	}
	ctx = history.With(ctx, origin)
	end := s.System.Elapsed() + s.shift
	_, err = s.run(ctx, j.StoreID, of.ID, func(ctx context.Context, storeID int64, a *Action) (*Action, error) {
		if s.System.Elapsed() > end {
			return nil, errShift
		}
		return next(ctx, storeID, a)
	})
	if errors.Is(err, errShift) {
		return jobs.NotNow(time.Second)
	}
	return err
}

// errShift: others have a go.
var errShift = errors.New("the shift is over")

// run takes steps until a bulk action has ended.
func (s *Service) run(ctx context.Context, storeID, id int64, next step) (*Action, error) {
	a, err := s.Get(ctx, storeID, id)
	for first := a; err == nil && a.State == first.State && !a.State.Ended(); {
		var after *Action
		if after, err = next(ctx, storeID, a); err == nil {
			a = after
		}
	}
	switch f := fault.As(err); {
	case errors.Is(err, errElsewhere), errors.Is(err, errNone): // somebody was quicker
		return s.Get(ctx, storeID, id)
	case f != nil && f.Kind == fault.Invalid:
		if err := s.fail(ctx, storeID, id, f.Message); err != nil {
			return nil, err
		}
		return s.Get(ctx, storeID, id)
	}
	return a, err
}

var (
	moveOn     = sqldb.Static(`UPDATE bulk_actions SET position = $4, changed = changed + $5, unchanged = unchanged + $6, failed = failed + $7, state = $8, date_modified = $9, date_ended = $10 WHERE store_id = $1 AND id = $2 AND position = $3 AND state = 'running'`)
	hold       = sqldb.Static(`UPDATE bulk_actions SET date_modified = $4 WHERE store_id = $1 AND id = $2 AND position = $3 AND state = 'running'`)
	insertItem = sqldb.StaticRows(`INSERT INTO bulk_items (store_id, bulk_action_id, id, failed, detail) VALUES `, 1, 3, 4, ``)
)

// some does it to the next ones.
func (s *Service) some(ctx context.Context, storeID int64, a *Action) (*Action, error) {
	sel, err := s.selection(ctx, storeID, a)
	if err != nil {
		return nil, err
	}
	var ids []int64
	to := int64(0)
	// The look may take long: nobody waits for it.
	if err := s.DB.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		ids, to, err = sel.next(tx, a.position, s.bite)
		return err
	}); err != nil {
		return nil, err
	}
	err = s.take(ctx, storeID, a, sel, ids, to)
	if len(ids) == 0 || fault.As(err) == nil || errors.Is(err, errElsewhere) {
		return s.then(ctx, storeID, a.ID, err)
	}
	// One of them cannot be: each comes by itself.
	for i, id := range ids {
		at := id
		if i == len(ids)-1 {
			at = to
		}
		one := *a
		err = s.take(ctx, storeID, &one, sel, ids[i:i+1], at)
		if f := fault.As(err); f != nil && !errors.Is(err, errElsewhere) {
			err = s.refuse(ctx, storeID, &one, id, at, f)
		}
		if err != nil {
			return s.then(ctx, storeID, a.ID, err)
		}
		a.position = at
	}
	return s.Get(ctx, storeID, a.ID)
}

func (s *Service) then(ctx context.Context, storeID, id int64, err error) (*Action, error) {
	if err != nil {
		return nil, err
	}
	return s.Get(ctx, storeID, id)
}

// take does it to some in one transaction, which stores that it has come up to an id.
func (s *Service) take(ctx context.Context, storeID int64, a *Action, sel *selection, ids []int64, to int64) error {
	return s.DB.WriteAgain(ctx, storeID, func(tx *sqldb.Tx) error {
		now := s.System.Now()
		// Whoever else is at it waits here, and then finds it moved on.
		if n, err := tx.ExecCount(hold, a.ID, a.position, now); err != nil || n == 0 {
			return cmpErr(err, errElsewhere)
		}
		still, err := sel.still(tx, ids)
		if err != nil {
			return err
		}
		d := doing{Service: s, tx: tx, a: a, now: now}
		var out outcome
		if len(still) > 0 {
			if out, err = d.do(still); err != nil {
				return err
			}
		}
		var rows []any
		for id, detail := range out.changed {
			rows = append(rows, id, sqldb.Flag(false), detail)
		}
		for id, code := range out.failed {
			rows = append(rows, id, sqldb.Flag(true), code)
		}
		if err := insertItem.Exec(tx, []any{a.ID}, rows); err != nil {
			return err
		}
		changed, failed := int64(len(out.changed)), int64(len(out.failed))
		return s.moved(tx, a, to, changed, int64(len(still))-changed-failed, failed, now)
	})
}

func cmpErr(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// refuse stores that it could not be done to one.
func (s *Service) refuse(ctx context.Context, storeID int64, a *Action, id, to int64, why *fault.Error) error {
	return s.DB.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		now := s.System.Now()
		if n, err := tx.ExecCount(hold, a.ID, a.position, now); err != nil || n == 0 {
			return cmpErr(err, errElsewhere)
		}
		if err := insertItem.Exec(tx, []any{a.ID}, []any{id, sqldb.Flag(true), codeOf(why)}); err != nil {
			return err
		}
		return s.moved(tx, a, to, 0, 0, 1, now)
	})
}

// moved stores how far it has come and, at the end, that it is done.
func (s *Service) moved(tx *sqldb.Tx, a *Action, to, changed, unchanged, failed, now int64) error {
	state, ended := Running, int64(0)
	if to >= a.last {
		state, ended = Done, now
	}
	if n, err := tx.ExecCount(moveOn, a.ID, a.position, to, changed, unchanged, failed, string(state), now, ended); err != nil || n == 0 {
		return cmpErr(err, errElsewhere)
	}
	if state == Running {
		return nil
	}
	return s.tell(tx, a.ID, now)
}

// tell writes the one entry of a bulk action beside those of each record.
func (s *Service) tell(tx *sqldb.Tx, id, now int64) error {
	a, err := get(tx, id)
	if err != nil {
		return err
	}
	n, action := a.Changed, history.Updated
	if a.State == Reverted {
		n = a.Undone
	} else if a.Kind == Delete {
		action = history.DeletedAll
	}
	if n == 0 {
		return nil
	}
	of := history.Customer
	if a.Subject == Subscribers || a.Kind == Subscribe || a.Kind == Unsubscribe {
		of = history.Subscriber
	}
	e := history.Many(action, of, n, a.report())
	e.By = &a.By
	e.Add(false, history.FieldType, "", history.Text(string(a.Kind)))
	return history.Enter(tx, now, e)
}

// codeOf is the code by which a refusal is told.
func codeOf(f *fault.Error) string {
	if len(f.Items) > 0 {
		switch it := &f.Items[0]; {
		case it.Why == subscriber.WhySuppressed:
			return "suppressed"
		case it.Why == subscriber.WhyLeft:
			return "left"
		case it.Why == account.WhyNoAccess:
			return "no_storefront"
		default:
			return string(it.Code)
		}
	}
	return "refused"
}

var (
	failOne   = sqldb.Static(`UPDATE bulk_actions SET state = 'failed', error = $3, date_modified = $4, date_ended = $4 WHERE store_id = $1 AND id = $2 AND state IN ('running', 'undoing')`)
	stopOne   = sqldb.Static(`UPDATE bulk_actions SET state = 'stopped', date_modified = $3, date_ended = $3 WHERE store_id = $1 AND id = $2 AND state = 'running'`)
	resumeOne = sqldb.Static(`UPDATE bulk_actions SET state = 'running', date_modified = $3, date_ended = 0 WHERE store_id = $1 AND id = $2 AND state = 'stopped' AND undoable > 0`)
)

func (s *Service) fail(ctx context.Context, storeID, id int64, why string) error {
	if r := []rune(why); len(r) > maxError {
		why = string(r[:maxError])
	}
	return s.DB.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		now := s.System.Now()
		if n, err := tx.ExecCount(failOne, id, why, now); err != nil || n == 0 {
			return err
		}
		return s.tell(tx, id, now)
	})
}

// gaveUp tells that a bulk action cannot be done.
func (s *Service) gaveUp(ctx context.Context, j jobs.Job) error {
	var of working
	if err := j.Decode(&of); err != nil {
		return nil
	}
	return s.fail(ctx, j.StoreID, of.ID, "Every attempt failed; see the log of the server.")
}

// Stop ends a bulk action that is under way. What is done stays done; it can be
// resumed or undone.
func (s *Service) Stop(ctx context.Context, storeID, id int64) (out *Action, err error) {
	err = s.DB.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		now := s.System.Now()
		n, err := tx.ExecCount(stopOne, id, now)
		if err != nil {
			return err
		}
		if out, err = get(tx, id); err != nil {
			return err
		}
		if n == 0 {
			return errEnded
		}
		return s.tell(tx, id, now)
	})
	return out, err
}

// Resume goes on with a bulk action that was stopped.
func (s *Service) Resume(ctx context.Context, storeID, id int64) (out *Action, err error) {
	err = s.DB.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		now := s.System.Now()
		if out, err = get(tx, id); err != nil || out.State == Running {
			return err
		}
		if n, err := tx.ExecCount(resumeOne, id, now); err != nil || n == 0 {
			return cmpErr(err, errNotResume)
		}
		out.State = Running
		return jobs.Enqueue(tx, now, jobDo, working{id}, now)
	})
	return out, err
}
