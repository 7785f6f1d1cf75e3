package webhook

import (
	"cmp"
	"slices"

	"clientele/internal/auth"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/system"
)

// topic is signalled when a store begins to have something to deliver.
const topic = "webhooks"

var (
	// The cursor of a store that has one stays, and is locked: whoever is about
	// to remove it sees the new hook afterwards.
	upsertCursor = sqldb.Static(`INSERT INTO webhook_cursors (store_id, event_id) VALUES ($1, $2)
		ON CONFLICT (store_id) DO UPDATE SET event_id = webhook_cursors.event_id`)
	moveCursor   = sqldb.Static(`UPDATE webhook_cursors SET event_id = $2 WHERE store_id = $1`)
	removeCursor = sqldb.Static(`DELETE FROM webhook_cursors WHERE store_id = $1`)
	selectEvents = sqldb.Static(`SELECT id, scope, resource_id, customer_id, data, date_created FROM events WHERE store_id = $1 AND id > $2 ORDER BY id LIMIT 256`)
	// Who made a hook that has failed is to be told, also when it is off.
	selectClient  = sqldb.Static(`SELECT client_id FROM webhooks WHERE store_id = $1 AND id = $2`)
	selectSecrets = sqldb.Static(`SELECT client_id, client_secret FROM api_accounts WHERE store_id = $1 AND date_revoked = 0`)
	selectBlocked = sqldb.Static(`SELECT client_id, domain, blocked_until FROM webhook_blocks WHERE store_id = $1 AND blocked_until > $2`)
)

// Bounds of one turn: events, and deliveries beyond which it takes no more of
// them.
const (
	eventBatch = 256
	fanBatch   = 4096
)

// Follow has the store's events delivered from now on. It is called in the
// transaction that makes a hook active, which it gives its place among the
// events: all that commit later are delivered. It moves the store's counters,
// so what it comes after has the order of locks to keep. The last event before
// is returned. Ids tell exactly what was before, which times do not: clocks
// differ, and what takes long has the time of its beginning.
func Follow(tx *sqldb.Tx) (last int64, err error) {
	at, err := store.Advance{}.Run(tx)
	if err != nil {
		return 0, err
	}
	tx.Signal(topic)
	return at.EventID, tx.Exec(upsertCursor, at.EventID)
}

// wake has deliveries made that were added for an active hook.
func wake(tx *sqldb.Tx) error {
	_, err := Follow(tx)
	return err
}

// target is a hook with what is needed to send to it.
type target struct {
	Hook
	secret  string
	domain  string
	blocked int64 // until when its domain is
}

// same reports whether what is sent to a hook is the same as before.
func (h *target) same(old *target) bool {
	return h != nil && h.Destination == old.Destination && h.secret == old.secret && slices.Equal(h.Headers, old.Headers)
}

// targets returns the store's hooks to which something may be sent, by id.
func targets(tx *sqldb.Tx, now int64) ([]*target, error) {
	var hooks []Hook
	secrets := map[string]string{}
	blocked := map[[2]string]int64{}
	if err := tx.Pipeline(
		sqldb.Q{Stmt: selectActive, Each: collect(tx, &hooks)},
		sqldb.Q{Stmt: selectSecrets, Each: func(r *sqldb.Row) (err error) {
			secrets[r.Text(0)], err = auth.OpenSecret(tx, r.Text(0), r.Text(1))
			return err
		}},
		sqldb.Q{Stmt: selectBlocked, Args: []any{now}, Each: func(r *sqldb.Row) error {
			blocked[[2]string{r.Text(0), r.Text(1)}] = r.Int(2)
			return nil
		}},
	); err != nil {
		return nil, err
	}
	out := make([]*target, len(hooks))
	for i, h := range hooks {
		domain := Domain(h.Destination)
		out[i] = &target{h, secrets[h.ClientID], domain, blocked[[2]string{h.ClientID, domain}]}
	}
	return out, nil
}

// storedEvent is an event as it is read from the database.
type storedEvent struct {
	id, resource, customer, created int64
	scope, data                     string
	client                          string // whom alone it concerns, if it is about a hook
}

func readEvents(tx *sqldb.Tx, stmt *sqldb.Stmt, args ...any) ([]storedEvent, error) {
	var out []storedEvent
	if err := tx.Query(stmt, func(r *sqldb.Row) error {
		out = append(out, storedEvent{id: r.Int(0), scope: r.Text(1), resource: r.Int(2), customer: r.Int(3), data: r.Text(4), created: r.Int(5)})
		return nil
	}, args...); err != nil {
		return nil, err
	}
	for i := range out {
		if e := &out[i]; e.scope == ExceptionScope {
			if err := tx.Query(selectClient, func(r *sqldb.Row) error { e.client = r.Text(0); return nil }, e.resource); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// concerns reports whether an event is to be delivered to a hook.
func (e *storedEvent) concerns(h *Hook) bool {
	switch e.scope {
	case TestScope:
		return false // it was turned into its only delivery when it was made
	case ExceptionScope:
		return h.Scope == ExceptionScope && h.ClientID == e.client && h.ID != e.resource && e.id > h.from
	}
	return e.id > h.from && Matches(h.Scope, e.scope)
}

// task is a delivery that this process is to make.
type task struct {
	storeID int64
	hash    string // of the store
	hook    *target
	id      int64
	lane    int64
	scope   string
	data    string
	created int64

	attempts, step, first int64
	tries                 string
	lease                 int64 // until when it is this process's
	stale                 bool  // the hook has changed since
	epoch                 sqldb.Epoch
}

// laneKey names a lane of a hook.
type laneKey struct{ hook, lane int64 }

func (t *task) key() laneKey { return laneKey{t.hook.ID, t.lane} }

// fanned is what became of a batch of events.
type fanned struct {
	tasks  []*task // to be sent by this process
	events int     // that were looked at
}

// fanOut turns the next events of the store into deliveries. Up to room of
// them are leased to this process at once, limited per hook by free; the
// others, and those whose lanes are not free, are left for anyone to claim.
func fanOut(tx *sqldb.Tx, hash, owner string, now int64, room int, free func(hook int64) int) (out fanned, err error) {
	cursor := int64(-1)
	if err := tx.Query(sqldb.Dynamic(`SELECT event_id FROM webhook_cursors WHERE store_id = $1`+tx.SkipLocked()), func(r *sqldb.Row) error {
		cursor = r.Int(0)
		return nil
	}); err != nil || cursor < 0 {
		return out, err
	}
	hooks, err := targets(tx, now)
	if err != nil {
		return out, err
	}
	if len(hooks) == 0 {
		return out, tx.Exec(removeCursor)
	}
	events, err := readEvents(tx, selectEvents, cursor)
	if err != nil || len(events) == 0 {
		return out, err
	}
	var all []*task
	matched := map[int64]bool{}
	for i := range events {
		e := &events[i]
		if len(all) >= fanBatch {
			events = events[:i] // the others another time
			break
		}
		for _, h := range hooks {
			if e.concerns(&h.Hook) {
				matched[h.ID] = true
				all = append(all, &task{storeID: tx.Store(), hash: hash, hook: h, id: e.id, lane: lane(e.customer, e.resource), scope: e.scope, data: e.data, created: e.created})
			}
		}
	}
	out.events = len(events)
	if err := tx.Exec(moveCursor, events[len(events)-1].id); err != nil || len(all) == 0 {
		return out, err
	}
	taken, err := takenLanes(tx, all)
	if err != nil {
		return out, err
	}
	leased := map[int64]int{}
	due := make([]int64, len(all))
	for i, t := range all {
		due[i] = now
		if after, busy := taken[t.key()]; busy {
			if due[i] = now; after > now+leaseTime {
				due[i] = after // until then nothing will have changed
			}
			continue
		}
		if t.hook.blocked > now {
			due[i] = t.hook.blocked
		} else if len(out.tasks) < room && leased[t.hook.ID] < free(t.hook.ID) {
			leased[t.hook.ID]++
			t.lease = now + leaseTime
			due[i] = t.lease
			out.tasks = append(out.tasks, t)
			continue
		}
		// What comes later in the lane has to wait for this one.
		taken[t.key()] = due[i]
	}
	for id := range matched {
		if err := MarkEvent(tx, id, now); err != nil {
			return out, err
		}
	}
	return out, insertDeliveries(tx, all, due, owner)
}

const selectTakenLanes = `SELECT lane, MAX(due_at) FROM webhook_deliveries
	WHERE store_id = $1 AND hook_id = $2 AND due_at <> 0 AND lane IN `

// takenLanes returns the lanes in which something is pending, with when it is
// due or, if it is being sent, its lease ends. The lane's index has all that is
// needed.
func takenLanes(tx *sqldb.Tx, tasks []*task) (map[laneKey]int64, error) {
	var hooks, lanes []int64
	seen := map[int64]bool{}
	for _, t := range tasks {
		if !slices.Contains(hooks, t.hook.ID) {
			hooks = append(hooks, t.hook.ID)
		}
		if !seen[t.lane] {
			seen[t.lane] = true
			lanes = append(lanes, t.lane)
		}
	}
	out := map[laneKey]int64{}
	for _, hook := range hooks {
		list, args := sqldb.In([]any{hook}, lanes)
		if err := tx.Query(sqldb.Dynamic(selectTakenLanes+list+` GROUP BY lane`), func(r *sqldb.Row) error {
			out[laneKey{hook, r.Int(0)}] = r.Int(1)
			return nil
		}, args...); err != nil {
			return nil, err
		}
	}
	return out, nil
}

const deliveryArgs = 8 // of each row

// inserts write 1, 2, 4, … deliveries at once.
var inserts = sqldb.StaticRows(`INSERT INTO webhook_deliveries (store_id, hook_id, id, scope, data, date_created, lane, due_at, lease_owner) VALUES `, 0, deliveryArgs, 6, ``)

func insertDeliveries(tx *sqldb.Tx, tasks []*task, due []int64, owner string) error {
	args := make([]any, 0, deliveryArgs*len(tasks))
	for i, t := range tasks {
		lease := ""
		if t.lease != 0 {
			lease = owner
		}
		args = append(args, t.hook.ID, t.id, t.scope, t.data, t.created, t.lane, due[i], lease)
	}
	return inserts.Exec(tx, nil, args)
}

// Bounds of a claim: deliveries of one hook, and of all, that are looked at.
const (
	claimBatch = 256
	claimMost  = 2048
)

// selectDueHooks tells of each hook with something pending when the first is
// due, by steps from hook to hook: what one hook has piled up costs the others
// nothing.
var selectDueHooks = sqldb.Static(`WITH RECURSIVE h (store_id, id) AS (
	SELECT CAST($1 AS BIGINT), (SELECT MIN(d.hook_id) FROM webhook_deliveries d WHERE d.store_id = $1 AND d.due_at <> 0)
	UNION ALL SELECT h.store_id, (SELECT MIN(d.hook_id) FROM webhook_deliveries d WHERE d.store_id = $1 AND d.hook_id > h.id AND d.due_at <> 0) FROM h WHERE h.store_id = $1 AND h.id IS NOT NULL)
	SELECT h.id, (SELECT MIN(d.due_at) FROM webhook_deliveries d WHERE d.store_id = $1 AND d.hook_id = h.id AND d.due_at <> 0) FROM h WHERE h.store_id = $1 AND h.id IS NOT NULL`)

// selectDue tells with each delivery which one of its lane is before it.
const selectDue = `SELECT d.hook_id, d.id, d.lane, d.scope, d.data, d.date_created, d.attempts, d.step, d.first_attempt, d.tries,
	COALESCE((SELECT MAX(p.id) FROM webhook_deliveries p WHERE p.store_id = $1 AND p.hook_id = d.hook_id AND p.lane = d.lane AND p.id < d.id AND p.due_at <> 0), 0)
	FROM webhook_deliveries d WHERE d.store_id = $1 AND d.hook_id = $2 AND d.due_at <> 0 AND d.due_at <= $3 ORDER BY d.due_at, d.id LIMIT 256`

var (
	giveUpHook = sqldb.Static(`UPDATE webhook_deliveries SET state = 'failed', due_at = 0, lease_owner = '', error = $3 WHERE store_id = $1 AND hook_id = $2 AND due_at <> 0`)
	dropHook   = sqldb.Static(`DELETE FROM webhook_deliveries WHERE store_id = $1 AND hook_id = $2 AND due_at <> 0`)
)

// claimed is what became of the deliveries that were due.
type claimed struct {
	tasks []*task
	more  bool // are due and can be taken
}

// claim leases deliveries that are due to this process: those that were left
// by fanOut, those to be tried again, and those whose lease has run out. It
// takes from each hook what free allows, and leaves out those that this process
// has already.
func claim(tx *sqldb.Tx, sys *system.System, hash, owner string, now int64, room int, free func(hook int64) int, has func(hook, id int64) bool) (out claimed, err error) {
	var due []int64
	if err := tx.Query(selectDueHooks, func(r *sqldb.Row) error {
		if r.Int(1) <= now {
			due = append(due, r.Int(0))
		}
		return nil
	}); err != nil || len(due) == 0 {
		return out, err
	}
	hooks, err := targets(tx, now)
	if err != nil {
		return out, err
	}
	byID := make(map[int64]*target, len(hooks))
	for _, h := range hooks {
		byID[h.ID] = h
	}
	// No hook is always the first.
	sys.Shuffle(len(due), func(i, j int) { due[i], due[j] = due[j], due[i] })
	looked := 0
	for _, hook := range due {
		if looked >= claimMost || len(out.tasks) >= room {
			out.more = looked >= claimMost
			break
		}
		h := byID[hook]
		if h == nil {
			if err := abandon(tx, hook); err != nil {
				return out, err
			}
			continue
		}
		most := min(free(hook), room-len(out.tasks))
		if most <= 0 && h.blocked <= now {
			continue
		}
		n, moved, taken, err := claimHook(tx, h, hash, owner, now, most, has)
		if err != nil {
			return out, err
		}
		looked += n
		out.tasks = append(out.tasks, taken...)
		out.more = out.more || n == claimBatch && moved > 0
	}
	slices.SortFunc(out.tasks, func(a, b *task) int { return cmp.Compare(a.id, b.id) })
	return out, nil
}

// abandon ends what is pending for a hook to which nothing may be sent.
func abandon(tx *sqldb.Tx, hook int64) error {
	found, err := Find(tx, hook)
	if err != nil {
		return err
	}
	if found == nil {
		return tx.Exec(dropHook, hook)
	}
	return tx.Exec(giveUpHook, hook, "the webhook is not active")
}

// claimHook leases up to most deliveries of a hook, of those looked at; moved
// are those that are due no more.
func claimHook(tx *sqldb.Tx, h *target, hash, owner string, now int64, most int, has func(hook, id int64) bool) (looked, moved int, tasks []*task, err error) {
	type row struct {
		task
		prev int64
	}
	var rows []row
	if err := tx.Query(sqldb.Dynamic(selectDue+tx.SkipLocked()), func(r *sqldb.Row) error {
		rows = append(rows, row{prev: r.Int(10), task: task{
			storeID: tx.Store(), hash: hash, hook: h, id: r.Int(1), lane: r.Int(2), scope: r.Text(3), data: r.Text(4), created: r.Int(5),
			attempts: r.Int(6), step: r.Int(7), first: r.Int(8), tries: r.Text(9),
		}})
		return nil
	}, h.ID, now); err != nil {
		return 0, 0, nil, err
	}
	slices.SortFunc(rows, func(a, b row) int { return cmp.Compare(a.id, b.id) })
	mine := map[int64]bool{}
	var leases []int64
	type turn struct{ step, due int64 }
	later := map[turn][]int64{} // a step below zero stays as it is
	for i := range rows {
		r := &rows[i]
		switch {
		case has(h.ID, r.id):
			// It waits here, or is under way; the clock jumped, or its lease could
			// not be renewed in time.
		case r.prev != 0 && !mine[r.prev]:
			// Somebody is at an earlier one. Its turn is found by looking again,
			// out of the way of others if there are many like it.
			switch {
			case h.blocked > now:
				later[turn{-1, h.blocked}] = append(later[turn{-1, h.blocked}], r.id)
			case len(rows) == claimBatch:
				later[turn{-1, now + 1}] = append(later[turn{-1, now + 1}], r.id)
			}
		case h.blocked > now:
			step, due := postponed(r.step, now, h.blocked)
			later[turn{step, due}] = append(later[turn{step, due}], r.id)
		case len(tasks) < most:
			mine[r.id] = true
			leases = append(leases, r.id)
			t := r.task
			t.lease = now + leaseTime
			tasks = append(tasks, &t)
		}
	}
	if len(leases) > 0 {
		if err := setDue(tx, h.ID, leases, now+leaseTime, owner); err != nil {
			return 0, 0, nil, err
		}
	}
	moved = len(leases)
	for t, ids := range later {
		moved += len(ids)
		if err := setDue(tx, h.ID, ids, t.due, ""); err != nil {
			return 0, 0, nil, err
		}
		if t.step >= 0 {
			list, args := sqldb.In([]any{h.ID, t.step}, ids)
			if err := tx.Exec(sqldb.Dynamic(`UPDATE webhook_deliveries SET step = $3 WHERE store_id = $1 AND hook_id = $2 AND id IN `+list), args...); err != nil {
				return 0, 0, nil, err
			}
		}
	}
	return len(rows), moved, tasks, nil
}

func setDue(tx *sqldb.Tx, hook int64, ids []int64, due int64, owner string) error {
	list, args := sqldb.In([]any{hook, due, owner}, ids)
	return tx.Exec(sqldb.Dynamic(`UPDATE webhook_deliveries SET due_at = $3, lease_owner = $4 WHERE store_id = $1 AND hook_id = $2 AND due_at <> 0 AND id IN `+list), args...)
}
