package bulk

import (
	"context"
	"time"

	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/jobs"
	"clientele/internal/sqldb"
)

var (
	beginUndo = sqldb.Static(`UPDATE bulk_actions SET state = 'undoing', undo_position = 0, undone = 0, kept = 0, actor_kind = $3, actor_id = $4, actor_name = $5, date_modified = $6 WHERE store_id = $1 AND id = $2 AND state IN ('done', 'stopped', 'failed')`)
	holdUndo  = sqldb.Static(`UPDATE bulk_actions SET date_modified = $4 WHERE store_id = $1 AND id = $2 AND undo_position = $3 AND state = 'undoing'`)
	moveUndo  = sqldb.Static(`UPDATE bulk_actions SET undo_position = $3, undone = undone + $4, kept = kept + $5, state = $6, date_modified = $7 WHERE store_id = $1 AND id = $2`)
	nextItems = sqldb.Static(`SELECT id, detail FROM bulk_items WHERE store_id = $1 AND bulk_action_id = $2 AND failed = 0 AND id > $3 ORDER BY id LIMIT $4`)
)

// Undo changes back what a bulk action changed, but for what somebody else has changed
// since. A few are done when it returns; more are a job's.
func (s *Service) Undo(ctx context.Context, storeID, id int64) (*Action, error) {
	var a *Action
	err := s.DB.Write(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		if a, err = get(tx, id); err != nil || a.State == Undoing {
			return err
		}
		now := s.System.Now()
		if !a.CanUndo(now) {
			return errNotUndone
		}
		by := history.OfTx(tx).Actor
		if n, err := tx.ExecCount(beginUndo, id, by.Kind.String(), by.ID, by.Name, now); err != nil || n == 0 {
			return cmpErr(err, errNotUndone)
		}
		due := now
		if a.Changed <= AtOnce {
			due += int64(rescue / time.Second)
		}
		if err := jobs.Enqueue(tx, now, jobUndo, working{id}, due); err != nil {
			return err
		}
		a, err = get(tx, id)
		return err
	})
	if err != nil || a.Changed > AtOnce {
		return a, err
	}
	return s.run(ctx, storeID, id, s.undoSome)
}

// undoSome changes the next ones back.
func (s *Service) undoSome(ctx context.Context, storeID int64, a *Action) (*Action, error) {
	items, ids := map[int64]string{}, []int64(nil)
	if err := s.DB.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		clear(items)
		ids = ids[:0]
		return tx.Query(nextItems, func(r *sqldb.Row) error {
			items[r.Int(0)] = r.Text(1)
			ids = append(ids, r.Int(0))
			return nil
		}, a.ID, a.undoPosition, s.bite)
	}); err != nil {
		return nil, err
	}
	err := s.giveBack(ctx, storeID, a, ids, items, int64(len(ids)) < s.bite)
	if fault.As(err) == nil || len(ids) == 0 {
		return s.then(ctx, storeID, a.ID, err)
	}
	// One of them cannot be: each comes by itself, and stays where it cannot.
	for i, id := range ids {
		last := i == len(ids)-1 && int64(len(ids)) < s.bite
		err := s.giveBack(ctx, storeID, a, ids[i:i+1], map[int64]string{id: items[id]}, last)
		if f := fault.As(err); f != nil && err != errElsewhere {
			err = s.giveBack(ctx, storeID, a, ids[i:i+1], nil, last)
		}
		if err != nil {
			return nil, err
		}
		a.undoPosition = id
	}
	return s.then(ctx, storeID, a.ID, nil)
}

// giveBack changes some back in one transaction; those without an item stay.
func (s *Service) giveBack(ctx context.Context, storeID int64, a *Action, ids []int64, items map[int64]string, last bool) error {
	return s.DB.WriteAgain(ctx, storeID, func(tx *sqldb.Tx) error {
		now := s.System.Now()
		if n, err := tx.ExecCount(holdUndo, a.ID, a.undoPosition, now); err != nil || n == 0 {
			return cmpErr(err, errElsewhere)
		}
		back, to := int64(0), a.undoPosition
		if len(items) > 0 {
			d := doing{Service: s, tx: tx, a: a, now: now}
			done, err := d.undo(items)
			if err != nil {
				return err
			}
			for id := range items {
				if done[id] {
					back++
				}
			}
		}
		if len(ids) > 0 {
			to = ids[len(ids)-1]
		}
		state := Undoing
		if last {
			state = Reverted
		}
		if err := tx.Exec(moveUndo, a.ID, to, back, int64(len(ids))-back, string(state), now); err != nil || !last {
			return err
		}
		return s.tell(tx, a.ID, now)
	})
}

var (
	over      = sqldb.Static(`SELECT id FROM bulk_actions WHERE store_id = $1 AND undoable > 0 AND date_ended > 0 AND date_ended < $2 AND state <> 'undoing' ORDER BY id LIMIT 20`)
	dropItems = sqldb.Static(`DELETE FROM bulk_items WHERE store_id = $1 AND bulk_action_id = $2 AND id <= COALESCE((SELECT i.id FROM bulk_items i WHERE i.store_id = $1 AND i.bulk_action_id = $2 ORDER BY i.id LIMIT 1 OFFSET 5000), 9223372036854775807)`)
	forgetOne = sqldb.Static(`UPDATE bulk_actions SET undoable = 0 WHERE store_id = $1 AND id = $2`)
	leftItems = sqldb.Static(`SELECT id FROM bulk_items WHERE store_id = $1 AND bulk_action_id = $2 LIMIT 1`)
)

// prune takes away what could undo bulk actions that ended a while ago, and who
// failed.
func (s *Service) prune(ctx context.Context) error {
	return s.DB.EachStore(ctx, func(storeID int64) error {
		for {
			var ids []int64
			if err := s.DB.Read(ctx, storeID, func(tx *sqldb.Tx) error {
				ids = nil
				return tx.Query(over, func(r *sqldb.Row) error { ids = append(ids, r.Int(0)); return nil }, s.System.Now()-int64(keep/time.Second))
			}); err != nil || len(ids) == 0 {
				return err
			}
			for _, id := range ids {
				for more := true; more; {
					if err := s.DB.Write(ctx, storeID, func(tx *sqldb.Tx) error {
						more = false
						if err := tx.Exec(dropItems, id); err != nil {
							return err
						}
						if err := tx.Query(leftItems, func(*sqldb.Row) error { more = true; return nil }, id); err != nil || more {
							return err
						}
						return tx.Exec(forgetOne, id)
					}); err != nil {
						return err
					}
				}
			}
		}
	})
}
