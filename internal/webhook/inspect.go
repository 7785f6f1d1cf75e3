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
	"clientele/internal/store"
)

// Anyone in place of a client id stands for the operator, who sees the hooks
// of all API accounts. No account can have it: databases refuse a zero byte.
const Anyone = "\x00"

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
	return &fault.Error{Kind: fault.NotFound, Items: []fault.Item{{Code: fault.Unknown, Why: WhyNoDelivery, Value: strconv.FormatInt(id, 10)}}}
}

// Deliveries returns a page of a hook's deliveries.
func (s *Service) Deliveries(ctx context.Context, storeID int64, clientID string, hook int64, q *listing.Query) (out []Delivery, res *listing.Result, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		if _, err := owned(tx, clientID, hook); err != nil {
			return err
		}
		q.Where("hook", listing.In, []int64{hook}, nil)
		out = make([]Delivery, 0, min(q.Limit, 64))
		res, err = q.Run(tx, deliveryColumns, func(r *sqldb.Row) error {
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

// replay is one call of ReplaySince.
type replay struct {
	*Service
	storeID      int64
	clientID     string
	hook         int64
	since        int64 // seconds since 1970
	last         int64 // the latest event when the replay began
	failedOnly   bool
	fromDelivery int64 // deliveries up to this event are older
	fromMissed   int64 // events up to this one are older
}

// ReplaySince sends again what happened since a time, the failed deliveries
// only if that is asked for, and what the hook missed while it was off as far
// as the events are still there. It returns how many there are.
func (s *Service) ReplaySince(ctx context.Context, storeID int64, clientID string, hook, since int64, failedOnly bool) (n int64, err error) {
	r := &replay{Service: s, storeID: storeID, clientID: clientID, hook: hook, since: since, failedOnly: failedOnly}
	if err := s.db.Read(ctx, storeID, r.begin); err != nil {
		return 0, err
	}
	// First what was missed, so that it is in its place in its lane.
	if !failedOnly {
		if n, err = r.steps(ctx, r.fromMissed, r.missed); err != nil {
			return n, err
		}
	}
	repeated, err := r.steps(ctx, r.fromDelivery, r.repeat)
	return n + repeated, err
}

// begin finds where the replay starts and ends.
func (r *replay) begin(tx *sqldb.Tx) (err error) {
	if _, err := active(tx, r.clientID, r.hook); err != nil {
		return err
	}
	if err := tx.Query(selectLastEvent, func(row *sqldb.Row) error { r.last = row.Int(0); return nil }); err != nil {
		return err
	}
	if r.fromDelivery, err = before(tx, r.last, r.since, deliveryAt, r.hook); err != nil {
		return err
	}
	r.fromMissed, err = before(tx, r.last, r.since, eventAt)
	return err
}

// step is what one transaction of a replay did: how many deliveries it sends
// again, the event it came to, and whether there are more.
type step struct {
	count, at int64
	more      bool
}

// steps runs one transaction after the other, each from where the one before
// came to, and returns how many deliveries they send again.
func (r *replay) steps(ctx context.Context, from int64, run func(tx *sqldb.Tx, from int64) (step, error)) (n int64, err error) {
	for more := true; more; {
		var did step
		if err := r.db.Write(ctx, r.storeID, func(tx *sqldb.Tx) (err error) {
			if did, err = run(tx, from); err != nil || did.count == 0 {
				return err
			}
			return wake(tx)
		}); err != nil {
			return n, err
		}
		n, from, more = n+did.count, did.at, did.more
	}
	return n, nil
}

// missed makes deliveries of the events for which the hook has none.
func (r *replay) missed(tx *sqldb.Tx, from int64) (step, error) {
	did := step{at: from}
	// Nobody else turns events into deliveries in the meantime.
	cursor := int64(0)
	if err := tx.Query(sqldb.Dynamic(`SELECT event_id FROM webhook_cursors WHERE store_id = $1`+tx.ForDelete()), func(row *sqldb.Row) error { cursor = row.Int(0); return nil }); err != nil {
		return did, err
	}
	h, err := active(tx, r.clientID, r.hook)
	if err != nil {
		return did, err
	}
	events, err := readEvents(tx, selectOldEvents, from, min(r.last, cursor))
	if err != nil || len(events) == 0 {
		return did, err
	}
	did.at, did.more = events[len(events)-1].id, len(events) == replayBatch
	have := map[int64]bool{}
	if err := tx.Query(selectDone, func(row *sqldb.Row) error { have[row.Int(0)] = true; return nil }, r.hook, from, did.at); err != nil {
		return did, err
	}
	var tasks []*task
	var due []int64
	for i := range events {
		e := &events[i]
		if e.scope == TestScope || e.created < r.since || e.created <= h.DateCreated || have[e.id] {
			continue
		}
		if e.scope == ExceptionScope && !e.concerns(h) || e.scope != ExceptionScope && !Matches(h.Scope, e.scope) {
			continue
		}
		tasks = append(tasks, &task{storeID: r.storeID, hook: &target{Hook: *h}, id: e.id, lane: lane(e.customer, e.resource), scope: e.scope, data: e.data, created: e.created})
		due = append(due, r.sys.Now())
	}
	did.count = int64(len(tasks))
	if did.count == 0 {
		return did, nil
	}
	return did, insertDeliveries(tx, tasks, due, "")
}

// repeat makes deliveries that ended due again.
func (r *replay) repeat(tx *sqldb.Tx, from int64) (step, error) {
	did := step{at: from}
	if _, err := active(tx, r.clientID, r.hook); err != nil {
		return did, err
	}
	var ids []int64
	rows := 0
	if err := tx.Query(selectDone, func(row *sqldb.Row) error {
		rows++
		did.at = row.Int(0)
		if row.Int(1) >= r.since && (State(row.Text(2)) == Failed || !r.failedOnly && State(row.Text(2)) == Delivered) {
			ids = append(ids, did.at)
		}
		return nil
	}, r.hook, from, r.last); err != nil {
		return did, err
	}
	did.count, did.more = int64(len(ids)), rows == replayBatch
	if did.count == 0 {
		return did, nil
	}
	return did, again(tx, r.hook, ids, r.sys.Now())
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
		id, err := store.RecordAt(tx, now, event.Event{Scope: TestScope, ResourceID: hook, Data: data})
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
