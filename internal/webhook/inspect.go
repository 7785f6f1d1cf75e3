package webhook

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"

	"clientele/internal/event"
	"clientele/internal/fault"
	"clientele/internal/listing"
	"clientele/internal/sqldb"
)

// Anyone in place of a client id stands for the operator, who sees the hooks
// of all API accounts.
const Anyone = ""

var (
	selectDelivery = sqldb.Static(`SELECT ` + deliveryColumns + ` FROM webhook_deliveries WHERE store_id = $1 AND hook_id = $2 AND id = $3`)
	selectHookIDs  = sqldb.Static(`SELECT id FROM webhooks WHERE store_id = $1 ORDER BY id`)

	// What is being sent is left alone: it is as new as it can be.
	replayOne = sqldb.Static(`UPDATE webhook_deliveries SET state = 'pending', due_at = $4, step = 0, error = '' WHERE store_id = $1 AND hook_id = $2 AND id = $3 AND lease_owner = ''`)
	// Those behind it in its lane go on being behind it.
	pullLane = sqldb.Static(`UPDATE webhook_deliveries SET due_at = $5 WHERE store_id = $1 AND hook_id = $2
		AND id IN (SELECT p.id FROM webhook_deliveries p WHERE p.store_id = $1 AND p.hook_id = $2 AND p.lane = $3 AND p.id > $4 AND p.due_at <> 0 AND p.due_at + 0 > $5) AND lease_owner = ''`)

	selectLane      = sqldb.Static(`SELECT lane FROM webhook_deliveries WHERE store_id = $1 AND hook_id = $2 AND id = $3`)
	selectDone      = sqldb.Static(`SELECT id, date_created, state FROM webhook_deliveries WHERE store_id = $1 AND hook_id = $2 AND id > $3 AND id <= $4 ORDER BY id LIMIT 250`)
	selectOldEvents = sqldb.Static(`SELECT id, scope, resource_id, customer_id, data, date_created FROM events WHERE store_id = $1 AND id > $2 AND id <= $3 ORDER BY id LIMIT 250`)
	selectLastEvent = sqldb.Static(`SELECT event_id FROM store_counters WHERE store_id = $1`)
	// Deliveries and events are in the order of time; a bound is found by halves.
	deliveryAt = sqldb.Static(`SELECT date_created FROM webhook_deliveries WHERE store_id = $1 AND hook_id = $2 AND id >= $3 ORDER BY id LIMIT 1`)
	eventAt    = sqldb.Static(`SELECT date_created FROM events WHERE store_id = $1 AND id >= $2 ORDER BY id LIMIT 1`)
)

const replayBatch = 250

// owned returns a hook that clientID may see.
func owned(tx *sqldb.Tx, clientID string, id int64) (*Hook, error) {
	h, err := Find(tx, id)
	if err == nil && (h == nil || clientID != Anyone && h.ClientID != clientID) {
		err = notFound(id)
	}
	return h, err
}

func active(tx *sqldb.Tx, clientID string, id int64) (*Hook, error) {
	h, err := owned(tx, clientID, id)
	if err == nil && !h.IsActive {
		err = &fault.Error{Kind: fault.Conflict, Message: "The webhook is not active."}
	}
	return h, err
}

func noDelivery(id int64) error {
	return &fault.Error{Kind: fault.NotFound, Items: []fault.Item{{Index: -1, Code: fault.Unknown, Why: WhyNoDelivery, Value: strconv.FormatInt(id, 10)}}}
}

// Deliveries returns a page of a hook's deliveries.
func (s *Service) Deliveries(ctx context.Context, storeID int64, clientID string, hook int64, q *listing.Query) (out []Delivery, res *listing.Result, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		if _, err := owned(tx, clientID, hook); err != nil {
			return err
		}
		q.Where("hook", listing.In, []int64{hook}, nil)
		out = make([]Delivery, 0, min(q.Limit, 64))
		res, err = q.Run(tx, deliveryColumns, nil, func(r *sqldb.Row) error {
			out = append(out, Delivery{})
			return out[len(out)-1].scan(r)
		})
		return err
	})
	return out, res, err
}

// Delivery returns one delivery of a hook.
func (s *Service) Delivery(ctx context.Context, storeID int64, clientID string, hook, id int64) (out Delivery, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		if _, err := owned(tx, clientID, hook); err != nil {
			return err
		}
		return tx.Query(selectDelivery, out.scan, hook, id)
	})
	if err == nil && out.ID == 0 {
		err = noDelivery(id)
	}
	return out, err
}

// Replay sends a delivery again, whatever became of it, as soon as it can be.
func (s *Service) Replay(ctx context.Context, storeID int64, clientID string, hook, id int64) (out Delivery, err error) {
	err = s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		if _, err := active(tx, clientID, hook); err != nil {
			return err
		}
		out = Delivery{}
		if err := again(tx, hook, []int64{id}, s.sys.Now()); err != nil {
			return err
		}
		if err := tx.Query(selectDelivery, out.scan, hook, id); err != nil {
			return err
		}
		if out.ID == 0 {
			return noDelivery(id)
		}
		return wake(tx)
	})
	return out, err
}

// again makes deliveries due.
func again(tx *sqldb.Tx, hook int64, ids []int64, now int64) error {
	for _, id := range ids {
		if err := tx.Exec(replayOne, hook, id, now); err != nil {
			return err
		}
		lane, found := int64(0), false
		if err := tx.Query(selectLane, func(r *sqldb.Row) error { lane, found = r.Int(0), true; return nil }, hook, id); err != nil {
			return err
		}
		if !found {
			continue
		}
		if err := tx.Exec(pullLane, hook, lane, id, now); err != nil {
			return err
		}
	}
	return nil
}

// ReplaySince sends again what happened since a time, the failed deliveries
// only if that is asked for, and what the hook missed while it was off as far
// as the events are still there. It returns how many there are.
func (s *Service) ReplaySince(ctx context.Context, storeID int64, clientID string, hook, since int64, failedOnly bool) (n int64, err error) {
	var last, from, fromEvent int64
	if err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		if _, err := active(tx, clientID, hook); err != nil {
			return err
		}
		if err := tx.Query(selectLastEvent, func(r *sqldb.Row) error { last = r.Int(0); return nil }); err != nil {
			return err
		}
		var err error
		if from, err = before(tx, last, since, deliveryAt, hook); err != nil {
			return err
		}
		fromEvent, err = before(tx, last, since, eventAt)
		return err
	}); err != nil {
		return 0, err
	}
	// First what was missed, so that it is in its place in its lane.
	for more := !failedOnly; more; {
		count := int64(0)
		at := fromEvent
		if err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
			count, at, more = 0, fromEvent, false
			// Nobody else turns events into deliveries in the meantime.
			cursor := int64(0)
			if err := tx.Query(sqldb.Dynamic(`SELECT event_id FROM webhook_cursors WHERE store_id = $1`+tx.ForDelete()), func(r *sqldb.Row) error { cursor = r.Int(0); return nil }); err != nil {
				return err
			}
			h, err := active(tx, clientID, hook)
			if err != nil {
				return err
			}
			events, err := readEvents(tx, selectOldEvents, fromEvent, min(last, cursor))
			if err != nil || len(events) == 0 {
				return err
			}
			at, more = events[len(events)-1].id, len(events) == replayBatch
			have := map[int64]bool{}
			if err := tx.Query(selectDone, func(r *sqldb.Row) error { have[r.Int(0)] = true; return nil }, hook, fromEvent, at); err != nil {
				return err
			}
			var tasks []*task
			var due []int64
			for i := range events {
				e := &events[i]
				if e.scope == TestScope || e.created < since || e.created <= h.DateCreated || have[e.id] {
					continue
				}
				if e.scope == ExceptionScope && !e.concerns(h) || e.scope != ExceptionScope && !Matches(h.Scope, e.scope) {
					continue
				}
				tasks = append(tasks, &task{storeID: storeID, hook: &target{Hook: *h}, id: e.id, lane: lane(e.customer, e.resource), scope: e.scope, data: e.data, created: e.created})
				due = append(due, s.sys.Now())
			}
			count = int64(len(tasks))
			if count == 0 {
				return nil
			}
			if err := insertDeliveries(tx, tasks, due, ""); err != nil {
				return err
			}
			return wake(tx)
		}); err != nil {
			return n, err
		}
		n, fromEvent = n+count, at
	}
	for more := true; more; {
		count := int64(0)
		at := from
		if err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
			count, at, more = 0, from, false
			if _, err := active(tx, clientID, hook); err != nil {
				return err
			}
			var ids []int64
			rows := 0
			if err := tx.Query(selectDone, func(r *sqldb.Row) error {
				rows++
				at = r.Int(0)
				if r.Int(1) >= since && (State(r.Text(2)) == Failed || !failedOnly && State(r.Text(2)) == Delivered) {
					ids = append(ids, at)
				}
				return nil
			}, hook, from, last); err != nil {
				return err
			}
			more = rows == replayBatch
			count = int64(len(ids))
			if count == 0 {
				return nil
			}
			if err := again(tx, hook, ids, s.sys.Now()); err != nil {
				return err
			}
			return wake(tx)
		}); err != nil {
			return n, err
		}
		n, from = n+count, at
	}
	return n, nil
}

// before returns an id up to which nothing happened since a time, by halves:
// stmt tells when the first thing from an id on happened.
func before(tx *sqldb.Tx, last, since int64, stmt *sqldb.Stmt, args ...any) (int64, error) {
	low, high := int64(0), last+1 // everything up to low is older; high is not known to be
	for low+1 < high {
		mid := (low + high) / 2
		at, found := int64(0), false
		if err := tx.Query(stmt, func(r *sqldb.Row) error { at, found = r.Int(0), true; return nil }, append(args[:len(args):len(args)], mid)...); err != nil {
			return 0, err
		}
		// Times are those of the processes' clocks, which may differ a little.
		if found && at < since-60 {
			low = mid
		} else {
			high = mid
		}
	}
	return low, nil
}

// Test sends a hook an event that only tests it. It is tried once. The
// delivery's id is returned.
func (s *Service) Test(ctx context.Context, storeID int64, clientID string, hook int64) (out Delivery, err error) {
	err = s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		h, err := active(tx, clientID, hook)
		if err != nil {
			return err
		}
		out = Delivery{}
		now := s.sys.Now()
		data := fmt.Sprintf(`{"type":"webhook","id":%d}`, hook)
		id, err := recordTx(tx, now, event.Event{Scope: TestScope, ResourceID: hook, Data: data})
		if err != nil {
			return err
		}
		t := &task{storeID: storeID, hook: &target{Hook: *h}, id: id, lane: -hook, scope: TestScope, data: data, created: now}
		if err := insertDeliveries(tx, []*task{t}, []int64{now}, ""); err != nil {
			return err
		}
		if err := tx.Query(selectDelivery, out.scan, hook, id); err != nil {
			return err
		}
		return wake(tx)
	})
	return out, err
}

// Latest returns the newest deliveries of a hook, or of all hooks of the store
// if it is 0, oldest first: for the operator.
func (s *Service) Latest(ctx context.Context, storeID, hook int64, states []State, n int) (out []Delivery, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = nil
		hooks := []int64{hook}
		if hook == 0 {
			hooks = nil
			if err := tx.Query(selectHookIDs, func(r *sqldb.Row) error { hooks = append(hooks, r.Int(0)); return nil }); err != nil {
				return err
			}
		}
		args := []any{int64(0), int64(n)}
		where := ""
		if len(states) > 0 {
			texts := make([]string, len(states))
			for i, s := range states {
				texts[i] = string(s)
			}
			var list string
			list, args = sqldb.In(args, texts)
			where = ` AND state IN ` + list
		}
		latest := sqldb.Dynamic(`SELECT ` + deliveryColumns + ` FROM webhook_deliveries WHERE store_id = $1 AND hook_id = $2` + where + ` ORDER BY id DESC LIMIT $3`)
		for _, id := range hooks {
			args[0] = id
			if err := tx.Query(latest, func(r *sqldb.Row) error {
				out = append(out, Delivery{})
				return out[len(out)-1].scan(r)
			}, args...); err != nil {
				return err
			}
		}
		return nil
	})
	slices.SortFunc(out, func(a, b Delivery) int { return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.HookID, b.HookID)) })
	return out[max(0, len(out)-n):], err
}
