package webhook

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"clientele/internal/event"
	"clientele/internal/sqldb"
	"clientele/internal/system"
)

// Options tune a Dispatcher. The zero value is right for almost everyone.
type Options struct {
	// Transport carries requests to destinations; it decides where they may
	// go. Nil means one without rules.
	Transport http.RoundTripper
	// Timeout bounds one attempt. Zero means ten seconds, which is the most.
	Timeout time.Duration
	// Concurrency bounds the requests under way in this process, and
	// PerDestination those to one host. Zero means 64 and 16.
	Concurrency, PerDestination int
	// Poll is how often to look for what other processes left. Zero means a
	// second.
	Poll time.Duration
	// EventRetention and DeliveryRetention are how long what is done is kept.
	// Zero means 7 and 30 days.
	EventRetention, DeliveryRetention time.Duration
	// Notifier may be nil.
	Notifier Notifier
	// Metrics may be nil.
	Metrics *Metrics
	// Log receives what an operator should see. Nil discards.
	Log *slog.Logger
}

const (
	maxTimeout = 10 * time.Second
	// leaseTime is how long a delivery is one process's, in seconds. It is
	// renewed while it waits for its turn; an attempt is begun only if it ends
	// within it.
	leaseTime  = 15
	renewEvery = 2 * time.Second
	// maxHeld and maxHeldPerHook bound what a process has leased, so that a
	// destination that hangs does not hold much.
	maxHeld        = 8192
	maxHeldPerHook = 512
	// gap is the least time between two looks for work: what comes in between
	// is dealt with together.
	gap = 4 * time.Millisecond
	// housekeeping is how often old things are removed.
	housekeeping = 10 * time.Minute
)

// Dispatcher turns the events of a database's stores into deliveries and makes
// them. Several dispatchers, also in several processes, share the work.
type Dispatcher struct {
	db     *sqldb.DB
	sys    *system.System
	o      Options
	client *http.Client
	owner  string // in leases

	wake    chan struct{}
	load    load
	stop    context.CancelFunc // of looking for work
	abort   context.CancelFunc // of sending
	sending context.Context
	loops   sync.WaitGroup
	workers sync.WaitGroup
	unhear  []func()

	mu       sync.Mutex
	stopping bool
	held     map[heldKey]*task
	perHook  map[[2]int64]int
	dests    map[string]*dest
	starved  []*dest // have work, but all requests there may be are under way
	running  int
	done     []result
	windows  map[windowKey]*window
}

type heldKey struct{ store, hook, id int64 }

func (t *task) heldKey() heldKey { return heldKey{t.storeID, t.hook.ID, t.id} }

type windowKey struct {
	store          int64
	client, domain string
}

// window is what a process knows about a domain.
type window struct {
	Window
	reasons map[string]*Reason
	blocked int64
}

// dest is a host with what waits to be sent to it: lanes, each of which one
// worker sends in order.
type dest struct {
	queue   [][]*task
	running int
	starved bool
}

// NewDispatcher returns a Dispatcher that does nothing before Start or RunDue.
func NewDispatcher(db *sqldb.DB, sys *system.System, o Options) *Dispatcher {
	if o.Timeout <= 0 || o.Timeout > maxTimeout {
		o.Timeout = maxTimeout
	}
	if o.Concurrency == 0 {
		o.Concurrency = 64
	}
	if o.PerDestination == 0 {
		o.PerDestination = 16
	}
	if o.Poll == 0 {
		o.Poll = time.Second
	}
	if o.EventRetention == 0 {
		o.EventRetention = 7 * 24 * time.Hour
	}
	if o.DeliveryRetention == 0 {
		o.DeliveryRetention = 30 * 24 * time.Hour
	}
	if o.Transport == nil {
		rules := Rules{Production: true}
		o.Transport = rules.Transport(rules.Dialer())
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	d := &Dispatcher{
		db: db, sys: sys, o: o, client: newClient(o.Transport), owner: sys.Hex(8),
		wake: make(chan struct{}, 1), sending: context.Background(),
		held: map[heldKey]*task{}, perHook: map[[2]int64]int{}, dests: map[string]*dest{}, windows: map[windowKey]*window{},
	}
	d.load.writing = db.Writing
	return d
}

// Start delivers until Stop.
func (d *Dispatcher) Start(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	look, stop := context.WithCancel(ctx)
	d.stop = stop
	d.sending, d.abort = context.WithCancel(ctx)
	d.unhear = []func(){
		d.db.Listen(topic, d.Wake),
		d.db.Listen(event.Topic, d.heard),
	}
	d.loops.Go(func() { d.run(look) })
	d.loops.Go(func() { every(look, renewEvery, d.renew) })
	d.loops.Go(func() {
		// Processes that start together do not do it at the same moment.
		if sleep(look, rand.N(housekeeping/10)) {
			d.keepHouse(look)
			every(look, housekeeping, d.keepHouse)
		}
	})
}

// Stop takes no more work and waits for requests under way until ctx ends;
// then it cuts them off, for others to make again.
func (d *Dispatcher) Stop(ctx context.Context) error {
	if d.stop == nil {
		return nil
	}
	for _, unhear := range d.unhear {
		unhear()
	}
	d.mu.Lock()
	d.stopping = true
	d.mu.Unlock()
	d.stop()
	d.loops.Wait()
	done := make(chan struct{})
	go func() { d.workers.Wait(); close(done) }()
	var late error
	select {
	case <-done:
	case <-ctx.Done():
		late = errors.New("webhook: some deliveries were cut off")
		d.abort()
		<-done
	}
	d.abort()
	d.flush(context.WithoutCancel(ctx))
	return late
}

// Wake has the dispatcher look for work now.
func (d *Dispatcher) Wake() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// heard is told of every commit that recorded events.
func (d *Dispatcher) heard() {
	d.load.commit()
	if !d.load.idle.Load() {
		d.Wake()
	}
}

// every calls fn at intervals until ctx ends.
func every(ctx context.Context, wait time.Duration, fn func(context.Context)) {
	t := time.NewTicker(wait)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			fn(ctx)
		}
	}
}

func (d *Dispatcher) run(ctx context.Context) {
	for ctx.Err() == nil {
		d.flush(ctx)
		more, err := d.look(ctx)
		wait := d.o.Poll
		switch {
		case err != nil && ctx.Err() == nil:
			d.o.Log.Error("webhooks cannot be looked after", "error", err)
		case more:
			wait = 0
		}
		if !sleep(ctx, d.load.pause()) {
			return
		}
		select {
		case <-d.wake:
			continue
		default:
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-d.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

func sleep(ctx context.Context, wait time.Duration) bool {
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// RunDue does all there is to do at the clock's time and waits for it: for
// tests, in place of Start. It returns how many attempts were made.
func (d *Dispatcher) RunDue(ctx context.Context) (attempts int, err error) {
	for {
		more, err := d.look(ctx)
		if err != nil {
			return attempts, err
		}
		d.workers.Wait()
		n := d.flush(ctx)
		attempts += n
		if !more && n == 0 {
			return attempts, ctx.Err()
		}
	}
}

// selectWork tells of each store with hooks how many events are to be looked
// at and when the next delivery is due.
var selectWork = sqldb.Global(`SELECT s.id, s.hash, k.event_id - c.event_id,
	COALESCE((SELECT MIN(d.due_at) FROM webhook_deliveries d WHERE d.store_id = s.id AND d.due_at <> 0), 0)
	FROM stores s JOIN webhook_cursors c ON c.store_id = s.id JOIN store_counters k ON k.store_id = s.id`)

type work struct {
	store, behind, due int64
	hash               string
}

// look finds work in all stores, and tells whether there may be more at once.
func (d *Dispatcher) look(ctx context.Context) (more bool, err error) {
	var all []work
	stores, behind := 0, int64(0)
	now := d.sys.Now()
	if err := d.db.Read(ctx, 0, func(tx *sqldb.Tx) error {
		return tx.Query(selectWork, func(r *sqldb.Row) error {
			stores++
			behind += r.Int(2)
			if w := (work{store: r.Int(0), hash: r.Text(1), behind: r.Int(2), due: r.Int(3)}); w.behind > 0 || w.due != 0 && w.due <= now {
				all = append(all, w)
			}
			return nil
		})
	}); err != nil {
		return false, err
	}
	d.load.idle.Store(stores == 0)
	d.o.Metrics.lag(behind)
	// A large store is not always the first.
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	var failures []error
	for _, w := range all {
		again, err := d.visit(ctx, w, now)
		if err != nil {
			failures = append(failures, err)
		}
		more = more || again
	}
	return more, errors.Join(failures...)
}

// visit takes what there is to do in one store.
func (d *Dispatcher) visit(ctx context.Context, w work, now int64) (more bool, err error) {
	if w.due != 0 && w.due <= now {
		if room := d.room(); room > 0 {
			var got claimed
			if err := d.db.Write(ctx, w.store, func(tx *sqldb.Tx) (err error) {
				got, err = claim(tx, w.hash, d.owner, now, room, func(hook int64) int { return d.free(w.store, hook) })
				return err
			}); err != nil {
				return false, err
			}
			d.submit(got.tasks)
			more = got.found == claimBatch && len(got.tasks) > 0
		}
	}
	if w.behind > 0 && !d.load.admit(min(w.behind, eventBatch)) {
		return true, nil
	}
	if w.behind > 0 {
		if room := d.room(); room > 0 {
			var got fanned
			if err := d.db.Write(ctx, w.store, func(tx *sqldb.Tx) (err error) {
				got, err = fanOut(tx, w.hash, d.owner, now, room, func(hook int64) int { return d.free(w.store, hook) })
				return err
			}); err != nil {
				return more, err
			}
			d.submit(got.tasks)
			more = more || got.events == eventBatch
		}
	}
	return more, nil
}

func (d *Dispatcher) room() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maxHeld - len(d.held)
}

func (d *Dispatcher) free(store, hook int64) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maxHeldPerHook - d.perHook[[2]int64{store, hook}]
}

// submit hands leased tasks to workers, by lanes.
func (d *Dispatcher) submit(tasks []*task) {
	if len(tasks) == 0 {
		return
	}
	lanes := map[laneKey]int{}
	var chains [][]*task
	for _, t := range tasks { // by id
		i, ok := lanes[t.key()]
		if !ok {
			i = len(chains)
			lanes[t.key()] = i
			chains = append(chains, nil)
		}
		chains[i] = append(chains[i], t)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, chain := range chains {
		for _, t := range chain {
			d.held[t.heldKey()] = t
			d.perHook[[2]int64{t.storeID, t.hook.ID}]++
		}
		to := d.dests[chain[0].hook.domain]
		if to == nil {
			to = &dest{}
			d.dests[chain[0].hook.domain] = to
		}
		to.queue = append(to.queue, chain)
		d.engage(to)
	}
}

// engage gives a destination a worker if it may have one more. d.mu is held.
func (d *Dispatcher) engage(to *dest) {
	if to.running >= d.o.PerDestination || len(to.queue) == 0 {
		return
	}
	if d.running >= d.o.Concurrency {
		if !to.starved {
			to.starved = true
			d.starved = append(d.starved, to)
		}
		return
	}
	d.running++
	to.running++
	d.workers.Go(func() { d.work(to) })
}

// work sends to a destination, and then to others that wait for a worker.
func (d *Dispatcher) work(to *dest) {
	for {
		d.mu.Lock()
		if len(d.starved) > 0 || len(to.queue) == 0 {
			// Others first: this one goes to the end of the line.
			to.running--
			if len(to.queue) > 0 && !to.starved {
				to.starved = true
				d.starved = append(d.starved, to)
			}
			to = nil
			for to == nil && len(d.starved) > 0 {
				next := d.starved[0]
				d.starved = d.starved[1:]
				next.starved = false
				if len(next.queue) > 0 && next.running < d.o.PerDestination {
					to = next
				}
			}
			if to == nil {
				d.running--
				d.mu.Unlock()
				return
			}
			to.running++
			d.engage(to)
		}
		chain := to.queue[0]
		to.queue[0] = nil
		to.queue = to.queue[1:]
		d.mu.Unlock()
		d.sendAll(chain)
	}
}

// sendAll sends what is in one lane, up to the first failure.
func (d *Dispatcher) sendAll(chain []*task) {
	for i, t := range chain {
		r := d.sendOne(t)
		d.mu.Lock()
		first := len(d.done) == 0
		d.done = append(d.done, r)
		full := len(d.done) >= eventBatch || len(d.done) >= len(d.held)
		d.mu.Unlock()
		if first || full {
			d.Wake()
		}
		if !r.ok {
			// The database gives back those behind it, or has them wait.
			d.forget(chain[i+1:])
			return
		}
	}
}

// forget lets go of tasks that the database knows to be free.
func (d *Dispatcher) forget(tasks []*task) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, t := range tasks {
		if d.held[t.heldKey()] == t {
			delete(d.held, t.heldKey())
			key := [2]int64{t.storeID, t.hook.ID}
			if d.perHook[key]--; d.perHook[key] == 0 {
				delete(d.perHook, key)
			}
		}
	}
}

// sendOne makes an attempt, unless it is no longer for this process to make.
func (d *Dispatcher) sendOne(t *task) result {
	now := d.sys.Now()
	key := windowKey{t.storeID, t.hook.ClientID, t.hook.domain}
	d.mu.Lock()
	w := d.windows[key]
	if w == nil {
		w = &window{}
		d.windows[key] = w
	}
	blocked, lease, stopping := w.blocked, t.lease, d.stopping
	d.mu.Unlock()
	switch {
	case stopping || d.sending.Err() != nil:
		return result{task: t, unsent: true}
	case blocked > now:
		return result{task: t, unsent: true, later: blocked}
	case lease-now < int64(d.o.Timeout/time.Second)+1:
		return result{task: t, unsent: true}
	}
	start := time.Now()
	a, ok := d.send(d.sending, t)
	if !ok && d.sending.Err() != nil {
		return result{task: t, unsent: true} // cut off: no fault of the destination's
	}
	d.o.Metrics.attempt(ok, time.Since(start), time.Duration(now-t.created)*time.Second)
	r := result{task: t, attempt: a, ok: ok}
	now = d.sys.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	if !ok {
		if w.reasons == nil {
			w.reasons = map[string]*Reason{}
		}
		why := w.reasons[a.Error]
		if why == nil && len(w.reasons) < 10 {
			why = &Reason{Description: a.Error}
			w.reasons[a.Error] = why
		}
		if why != nil {
			why.Count++
			why.Time = now
		}
	}
	if w.Record(now, ok) {
		w.blocked = now + BlockTime
		r.block = &Block{Domain: t.hook.domain, Until: w.blocked}
		for _, description := range slices.Sorted(maps.Keys(w.reasons)) {
			r.block.Reasons = append(r.block.Reasons, *w.reasons[description])
		}
		w.reasons = nil
	}
	return r
}

// flush writes down what became of tasks, and tells how many attempts that
// were.
func (d *Dispatcher) flush(ctx context.Context) (attempts int) {
	d.mu.Lock()
	done := d.done
	d.done = nil
	d.mu.Unlock()
	if len(done) == 0 {
		return 0
	}
	byStore := map[int64][]result{}
	for _, r := range done {
		byStore[r.storeID] = append(byStore[r.storeID], r)
		if !r.unsent {
			attempts++
		}
	}
	// Once a lease has been used its end must be written, even while stopping.
	ctx = context.WithoutCancel(ctx)
	for store, results := range byStore {
		now := d.sys.Now()
		if err := d.db.Write(ctx, store, func(tx *sqldb.Tx) error { return d.finish(tx, results, now) }); err != nil {
			// The leases run out, and what was sent is sent again.
			d.o.Log.Error("results of webhook deliveries are lost", "error", err, "deliveries", len(results))
		}
		tasks := make([]*task, len(results))
		for i := range results {
			tasks[i] = results[i].task
		}
		d.forget(tasks)
	}
	return attempts
}

// renew prolongs the leases of what is held.
func (d *Dispatcher) renew(ctx context.Context) {
	type key struct{ store, hook int64 }
	byHook := map[key][]*task{}
	now := d.sys.Now()
	d.mu.Lock()
	for _, t := range d.held {
		if t.lease-now <= leaseTime-int64(renewEvery/time.Second) {
			k := key{t.storeID, t.hook.ID}
			byHook[k] = append(byHook[k], t)
		}
	}
	for k, w := range d.windows {
		if w.blocked <= now && w.Idle(now) {
			delete(d.windows, k)
		}
	}
	d.mu.Unlock()
	for k, tasks := range byHook {
		ids := make([]int64, len(tasks))
		for i, t := range tasks {
			ids[i] = t.id
		}
		list, args := sqldb.In([]any{k.hook, now + leaseTime, d.owner}, ids)
		if err := d.db.Write(ctx, k.store, func(tx *sqldb.Tx) error {
			return tx.Exec(sqldb.Dynamic(`UPDATE webhook_deliveries SET due_at = $3 WHERE store_id = $1 AND hook_id = $2 AND lease_owner = $4 AND due_at <> 0 AND id IN `+list), args...)
		}); err != nil {
			if ctx.Err() == nil {
				d.o.Log.Error("leases of webhook deliveries cannot be renewed", "error", err)
			}
			continue
		}
		d.mu.Lock()
		for _, t := range tasks {
			t.lease = now + leaseTime
		}
		d.mu.Unlock()
	}
}
