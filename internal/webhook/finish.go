package webhook

import (
	"fmt"
	"slices"

	"clientele/internal/event"
	"clientele/internal/history"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// Notice is something that the owner of a hook is to be told by email.
type Notice struct {
	Kind NoticeKind
	// To are the addresses that the API account has left for this; there may
	// be none.
	To     []string
	Hook   Hook
	Domain string
	Until  int64 // of a block
}

// NoticeKind tells notices apart.
type NoticeKind uint8

// The kinds of notices.
const (
	HookDisabled  NoticeKind = iota // the last attempt failed, or 90 days passed in silence
	DomainBlocked                   // nothing is sent to it for a while
)

// Notifier tells people. It writes in the transaction that it is given, so
// that they are told if and only if it happened.
type Notifier interface {
	Notify(tx *sqldb.Tx, n Notice) error
}

var (
	// What is pending in a lane is found by ids from the lane's index alone: of a
	// hook that is far behind there is too much to look through.
	// Giving back what was not sent ends the lease of what is behind it in its
	// lane too.
	giveBack = sqldb.Static(`UPDATE webhook_deliveries SET due_at = $5, lease_owner = '', step = CASE WHEN id = $4 THEN $7 ELSE step END WHERE store_id = $1 AND hook_id = $2
		AND id IN (SELECT p.id FROM webhook_deliveries p WHERE p.store_id = $1 AND p.hook_id = $2 AND p.lane = $3 AND p.id >= $4 AND p.due_at <> 0) AND lease_owner = $6`)
	pushLane = sqldb.Static(`UPDATE webhook_deliveries SET due_at = $5, lease_owner = '' WHERE store_id = $1 AND hook_id = $2
		AND id IN (SELECT p.id FROM webhook_deliveries p WHERE p.store_id = $1 AND p.hook_id = $2 AND p.lane = $3 AND p.id > $4 AND p.due_at <> 0 AND p.due_at + 0 < $5)`)

	selectNotice = sqldb.Static(`SELECT told_at FROM webhook_notices WHERE store_id = $1 AND client_id = $2 AND destination = $3`)
	upsertNotice = sqldb.Static(`INSERT INTO webhook_notices (store_id, client_id, destination, told_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (store_id, client_id, destination) DO UPDATE SET told_at = EXCLUDED.told_at`)
)

// result is what became of a task.
type result struct {
	*task
	attempt Attempt
	ok      bool
	unsent  bool  // and not to be sent by this process for now
	later   int64 // until when not, 0: at once
	block   *Block
}

// finish writes down results of one store.
func (d *Dispatcher) finish(tx *sqldb.Tx, results []result, now int64) error {
	slices.SortFunc(results, func(a, b result) int {
		if a.hook.ID != b.hook.ID {
			return int(a.hook.ID - b.hook.ID)
		}
		return int(a.id - b.id)
	})
	marked := map[int64]bool{}
	var failed []*result
	var good []attempted
	var events []event.Event
	clients := map[int64]string{} // by hook
	for i := range results {
		r := &results[i]
		clients[r.hook.ID] = r.hook.ClientID
		if r.block != nil {
			if err := d.block(tx, r, now); err != nil {
				return err
			}
			if r.hook.Scope != ExceptionScope {
				events = append(events, Exception(ExceptionBlocked, r.hook.ID, r.hook.Destination))
			}
		}
		switch {
		case r.unsent:
			step, due := r.step, now
			if r.later > now {
				step, due = postponed(r.step, now, r.later)
			}
			if err := tx.Exec(giveBack, r.hook.ID, r.lane, r.id, due, d.owner, step); err != nil {
				return err
			}
			continue
		case !r.ok:
			failed = append(failed, r)
			continue
		}
		good = append(good, attempted{r, Delivered, 0})
		if !marked[r.hook.ID] && r.hook.LastDelivery < now-3600 {
			marked[r.hook.ID] = true
			if err := MarkDelivered(tx, r.hook.ID, now); err != nil {
				return err
			}
		}
	}
	more, entries, err := d.finishFailed(tx, failed, good, now)
	if err != nil {
		return err
	}
	if err := history.Enter(tx, now, entries...); err != nil {
		return err
	}
	return tell(tx, append(events, more...), clients, now)
}

// block stops sending to a domain for a while, and tells people of it unless
// they were told lately.
func (d *Dispatcher) block(tx *sqldb.Tx, r *result, now int64) error {
	if err := PutBlock(tx, r.hook.ClientID, *r.block); err != nil {
		return err
	}
	var last int64
	key := "domain:" + r.block.Domain // no URL looks like this
	if err := tx.Query(selectNotice, func(r *sqldb.Row) error { last = r.Int(0); return nil }, r.hook.ClientID, key); err != nil {
		return err
	}
	if last != 0 && now-last < blockNotices && now >= last {
		return nil
	}
	if err := tx.Exec(upsertNotice, r.hook.ClientID, key, now); err != nil {
		return err
	}
	return d.notify(tx, Notice{Kind: DomainBlocked, Hook: r.hook.Hook, Domain: r.block.Domain, Until: r.block.Until})
}

// tell records events about hooks that failed, where somebody wants to be told
// of them.
func tell(tx *sqldb.Tx, events []event.Event, clients map[int64]string, now int64) error {
	if len(events) == 0 {
		return nil
	}
	hooks, err := Active(tx)
	if err != nil {
		return err
	}
	events = slices.DeleteFunc(events, func(e event.Event) bool {
		return !slices.ContainsFunc(hooks, func(h Hook) bool {
			return h.Scope == ExceptionScope && h.ClientID == clients[e.ResourceID] && h.ID != e.ResourceID
		})
	})
	return store.Record(tx, now, events...)
}

// gaveUp is the entry of a delivery that was tried for the last time, and of n more
// that were given up with it.
func (r *result) gaveUp(n int64) history.Entry {
	e := history.Entry{Action: history.GaveUp, Resource: history.Delivery, ID: r.id, CustomerID: max(r.lane, 0)}
	e.Add(false, history.FieldHook, "", history.Int(r.hook.ID))
	e.Add(false, history.FieldHost, "", history.Text(r.hook.domain))
	e.Add(false, history.FieldScope, "", history.Text(r.scope))
	if n > 0 {
		e.Add(false, history.FieldCount, "", history.Int(n+1))
	}
	e.Because(r.attempt.Error)
	return e
}

// finishFailed writes down failed attempts, after good ones, and returns the events
// and the entries that tell of them.
func (d *Dispatcher) finishFailed(tx *sqldb.Tx, failed []*result, good []attempted, now int64) (events []event.Event, entries []history.Entry, err error) {
	var given []int64 // hooks that were switched off
	told := map[string]bool{}
	together := slices.IndexFunc(failed, func(r *result) bool { _, _, again := r.next(now); return !again })
	if together < 0 {
		together = len(failed) // none may change what the others are
	}
	all := good
	for _, r := range failed[:together] {
		state, due, _ := r.next(now)
		all = append(all, attempted{r, state, due})
	}
	ours, err := d.write(tx, all)
	if err != nil {
		return nil, nil, err
	}
	behind, err := behindIn(tx, failed[:together])
	if err != nil {
		return nil, nil, err
	}
	for i, r := range failed {
		state, due, again := r.next(now)
		if i >= together {
			if err := d.writeOne(tx, attempted{r, state, due}, ours); err != nil {
				return nil, nil, err
			}
		}
		code := ExceptionRetry
		switch {
		case !ours[r.row()]:
			// The lease ran out and another process has seen to it, or it was given
			// up or removed: its lane is not this process's to move.
			continue
		case again:
			// Those behind it go on waiting for it.
			if i >= together || behind[r.key()] > r.id {
				if err := tx.Exec(pushLane, r.hook.ID, r.lane, r.id, due); err != nil {
					return nil, nil, err
				}
			}
			if told[r.hook.ClientID+" "+r.hook.norm] {
				continue
			}
		case r.scope == TestScope:
			if err := tx.Exec(giveBack, r.hook.ID, r.lane, r.id, now, d.owner, r.step); err != nil {
				return nil, nil, err
			}
			continue
		case slices.Contains(given, r.hook.ID):
			continue
		default:
			code = ExceptionLast
			given = append(given, r.hook.ID)
			was, err := Disable(tx, r.hook.ID, DisabledFailures, now)
			if err != nil {
				return nil, nil, err
			}
			n, err := tx.ExecCount(giveUpHook, r.hook.ID, "the webhook was switched off because an earlier delivery failed for good")
			if err != nil {
				return nil, nil, err
			}
			entries = append(entries, r.gaveUp(n))
			if !was {
				continue
			}
			off := history.Entry{Action: history.Updated, Resource: history.Webhook, ID: r.hook.ID}
			off.Add(false, history.FieldActive, "true", "false")
			off.Because(DisabledFailures)
			entries = append(entries, off)
			if err := d.notify(tx, Notice{Kind: HookDisabled, Hook: r.hook.Hook}); err != nil {
				return nil, nil, err
			}
		}
		told[r.hook.ClientID+" "+r.hook.norm] = true
		e, err := exception(tx, &r.hook.Hook, code, now)
		if err != nil {
			return nil, nil, err
		}
		events = append(events, e...)
	}
	return events, entries, nil
}

// next returns what becomes of a delivery whose attempt has failed: when it is
// tried again, if it is.
func (r *result) next(now int64) (state State, due int64, again bool) {
	wait, again := RetryAfter(int(r.step) + 1)
	if !again || r.scope == TestScope { // whoever asks for a test is there to ask again
		return Failed, 0, false
	}
	return Pending, now + wait, true
}

// exception returns the event that tells of a failure, if it is to be told
// now. That the telling itself fails is not told.
func exception(tx *sqldb.Tx, h *Hook, code int, now int64) ([]event.Event, error) {
	if h.Scope == ExceptionScope {
		return nil, nil
	}
	if code == ExceptionRetry {
		var last int64
		if err := tx.Query(selectNotice, func(r *sqldb.Row) error { last = r.Int(0); return nil }, h.ClientID, h.norm); err != nil {
			return nil, err
		}
		if !ExceptionDue(code, last, now) {
			return nil, nil
		}
		if err := tx.Exec(upsertNotice, h.ClientID, h.norm, now); err != nil {
			return nil, err
		}
	}
	return []event.Event{Exception(code, h.ID, h.Destination)}, nil
}

func (d *Dispatcher) notify(tx *sqldb.Tx, n Notice) error {
	if d.o.Notifier == nil {
		return nil
	}
	to, err := Contacts(tx, n.Hook.ClientID)
	if err != nil {
		return err
	}
	n.To = to
	if err := d.o.Notifier.Notify(tx, n); err != nil {
		return fmt.Errorf("webhook: notice: %w", err)
	}
	return nil
}
