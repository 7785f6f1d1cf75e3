package webhook

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
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
	// What a process has leased is bounded in all, by store and by hook. A hook
	// begins with a few, has more the more arrive, and fewest while it fails, so
	// that destinations that hang do not keep others from being served.
	maxHeld         = 8192
	maxHeldPerStore = 4096
	maxHeldPerHook  = 512
	firstHeld       = 64
	leastHeld       = 16
	// A request that has waited for this long lends its slot to another, so that
	// destinations that hang do not slow others; so many may be lent.
	patience = time.Second
	maxLent  = 1024
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

	attempts atomic.Int64 // made by this process
	looks    atomic.Int64 // for work, by the loop that looks for it
	settling atomic.Int64 // calls of Settle: what is due is done as one

	// What this process saw go by, for the look for idle hooks: until it began,
	// and until it last looked at a store. Only Prune uses looked.
	began  time.Duration
	looked map[int64]time.Duration

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
	perStore map[int64]int
	// allowance is how many deliveries of a hook may be held, if that is known.
	allowance map[[2]int64]int
	dests     map[string]*dest
	starved   []*dest // have work, but all requests there may be are under way
	running   int     // requests, but for those whose slots are lent
	lent      int
	done      []result
	windows   map[windowKey]*window
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
	domain  string
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
		began: sys.Elapsed(), looked: map[int64]time.Duration{},
		wake: make(chan struct{}, 1), sending: context.Background(),
		held: map[heldKey]*task{}, perHook: map[[2]int64]int{}, perStore: map[int64]int{}, allowance: map[[2]int64]int{}, dests: map[string]*dest{}, windows: map[windowKey]*window{},
	}
	d.load.writing, d.load.elapsed = db.Writing, sys.Elapsed
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
	d.loops.Go(func() { d.sys.Every(look, renewEvery, renewEvery, d.renew) })
	// Processes that start together do not do it at the same moment.
	d.loops.Go(func() { d.sys.Every(look, d.sys.Jitter(housekeeping/10), housekeeping, d.keepHouse) })
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

func (d *Dispatcher) run(ctx context.Context) {
	for ctx.Err() == nil {
		d.flush(ctx)
		more, err := d.look(ctx)
		d.looks.Add(1)
		wait := d.o.Poll
		switch {
		case err != nil && ctx.Err() == nil:
			d.o.Log.Error("webhooks cannot be looked after", "error", err)
		case more:
			wait = 0
		}
		if d.settling.Load() == 0 && d.sys.Sleep(ctx, d.load.pause()) != nil {
			return
		}
		select {
		case <-d.wake:
			continue
		default:
		}
		timer := d.sys.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-d.wake:
		case <-timer.Chan():
		}
		timer.Stop()
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

// Attempts returns how many attempts this process has made.
func (d *Dispatcher) Attempts() int64 { return d.attempts.Load() }

// Settle waits until a started dispatcher has done all there is to do at the
// clock's time.
func (d *Dispatcher) Settle(ctx context.Context) error {
	d.settling.Add(1)
	defer d.settling.Add(-1)
	for {
		// What is under way has the dispatcher look again by itself.
		looks := d.looks.Load()
		if !d.holds() {
			rest, err := d.unsettled(ctx)
			if err != nil || !rest {
				return err
			}
			d.Wake()
		}
		for asked := d.sys.Elapsed(); ; {
			if err := system.Pause(ctx, settlePause); err != nil {
				return err
			}
			if d.looks.Load() != looks || d.sys.Elapsed()-asked > settleAgain {
				break
			}
		}
	}
}

// Settle asks the dispatcher's own loop first, which it may have found about to
// wait, and the database afterwards.
const (
	settlePause = time.Millisecond
	settleAgain = 100 * time.Millisecond
)

// unsettled reports whether there is something to do, or under way.
func (d *Dispatcher) unsettled(ctx context.Context) (rest bool, err error) {
	now := d.sys.Now()
	err = d.works(ctx, func(w work) { rest = rest || w.behind > 0 || w.due != 0 && w.due <= now })
	return rest || d.holds(), err
}

// holds reports whether deliveries are under way.
func (d *Dispatcher) holds() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.held) > 0
}

// NextDue returns when the next delivery is due after now, in seconds, 0 for
// none.
func (d *Dispatcher) NextDue(ctx context.Context) (at int64, err error) {
	now := d.sys.Now()
	err = d.works(ctx, func(w work) {
		if w.due > now && (at == 0 || w.due < at) {
			at = w.due
		}
	})
	return at, err
}

// works tells what there is to do in each store.
func (d *Dispatcher) works(ctx context.Context, each func(work)) error {
	var all []work
	err := d.db.Read(ctx, 0, func(tx *sqldb.Tx) error {
		all = all[:0]
		return tx.Query(selectWork, func(r *sqldb.Row) error {
			all = append(all, work{store: r.Int(0), hash: r.Text(1), behind: r.Int(2), due: r.Int(3)})
			return nil
		})
	})
	for _, w := range all {
		each(w)
	}
	return err
}

// selectWork tells of each store with hooks how many events are to be looked
// at and when the next delivery is due.
var selectWork = sqldb.Global(`SELECT s.id, s.hash, k.event_id - c.event_id,
	COALESCE((SELECT MIN((SELECT MIN(d.due_at) FROM webhook_deliveries d WHERE d.store_id = s.id AND d.hook_id = h.id AND d.due_at <> 0)) FROM webhooks h WHERE h.store_id = s.id), 0)
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
	if err := d.works(ctx, func(w work) {
		stores++
		behind += w.behind
		if w.behind > 0 || w.due != 0 && w.due <= now {
			all = append(all, w)
		}
	}); err != nil {
		return false, err
	}
	d.load.idle.Store(stores == 0)
	d.o.Metrics.lag(behind)
	// A large store is not always the first.
	d.sys.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
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
	epoch := d.db.Epoch()
	if w.due != 0 && w.due <= now {
		if room := d.room(w.store); room > 0 {
			var got claimed
			if err := d.db.Write(ctx, w.store, func(tx *sqldb.Tx) (err error) {
				got, err = claim(tx, d.sys, w.hash, d.owner, now, room, func(hook int64) int { return d.free(w.store, hook) },
					func(hook, id int64) bool { return d.has(w.store, hook, id) })
				return err
			}); err != nil {
				return false, err
			}
			d.submit(got.tasks, epoch)
			more = got.more
		}
	}
	if w.behind > 0 && !d.load.admit(min(w.behind, eventBatch)) {
		return true, nil
	}
	if w.behind > 0 {
		if room := d.room(w.store); room > 0 {
			var got fanned
			if err := d.db.Write(ctx, w.store, func(tx *sqldb.Tx) (err error) {
				got, err = fanOut(tx, w.hash, d.owner, now, room, func(hook int64) int { return d.free(w.store, hook) })
				return err
			}); err != nil {
				return more, err
			}
			d.submit(got.tasks, epoch)
			more = more || got.events > 0 && int64(got.events) < w.behind
		}
	}
	return more, nil
}

// room is how many more deliveries of a store may be leased.
func (d *Dispatcher) room(store int64) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return min(maxHeld-len(d.held), maxHeldPerStore-d.perStore[store])
}

// free is how many more of a hook may be.
func (d *Dispatcher) free(store, hook int64) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := [2]int64{store, hook}
	return d.allowed(key) - d.perHook[key]
}

func (d *Dispatcher) allowed(key [2]int64) int {
	if d.settling.Load() > 0 { // who waits for one waits for all
		return maxHeldPerHook
	}
	return d.known(key)
}

// known is what allowance tells of a hook.
func (d *Dispatcher) known(key [2]int64) int {
	if n, ok := d.allowance[key]; ok {
		return n
	}
	return firstHeld
}

// judge has a hook hold more with each success, and few while it fails. d.mu
// is held.
func (d *Dispatcher) judge(t *task, ok bool) {
	key := [2]int64{t.storeID, t.hook.ID}
	n := d.known(key)
	if ok {
		n = min(n+1, maxHeldPerHook)
	} else {
		n = max(n/2, leastHeld)
	}
	d.allowance[key] = n
}

func (d *Dispatcher) has(store, hook, id int64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.held[heldKey{store, hook, id}] != nil
}

// submit hands leased tasks to workers, by lanes.
func (d *Dispatcher) submit(tasks []*task, epoch sqldb.Epoch) {
	if len(tasks) == 0 {
		return
	}
	lanes := map[laneKey]int{}
	var chains [][]*task
	for _, t := range tasks { // by id
		t.epoch = epoch
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
			d.perStore[t.storeID]++
		}
		to := d.dests[chain[0].hook.domain]
		if to == nil {
			to = &dest{domain: chain[0].hook.domain}
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
		if len(d.starved) > 0 || len(to.queue) == 0 || d.running > d.o.Concurrency {
			// Others first: this one goes to the end of the line.
			to.running--
			d.settle(to)
			if to = nil; d.running <= d.o.Concurrency {
				to = d.next()
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

// settle puts a destination in line if it has work, and forgets it if nothing
// is under way there. d.mu is held.
func (d *Dispatcher) settle(to *dest) {
	switch {
	case len(to.queue) > 0 && !to.starved:
		to.starved = true
		d.starved = append(d.starved, to)
	case len(to.queue) == 0 && to.running == 0 && d.dests[to.domain] == to:
		delete(d.dests, to.domain)
	}
}

// next takes the first destination in line that may have a worker, or nil.
// d.mu is held.
func (d *Dispatcher) next() *dest {
	for len(d.starved) > 0 {
		to := d.starved[0]
		d.starved[0] = nil
		d.starved = d.starved[1:]
		to.starved = false
		if len(to.queue) > 0 && to.running < d.o.PerDestination {
			return to
		}
	}
	return nil
}

// loan is the slot of a request that may be lent.
type loan struct{ lent, over bool }

// lend lets another request begin while one waits.
func (d *Dispatcher) lend(l *loan) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if l.over || d.stopping || d.lent >= maxLent {
		return
	}
	l.lent = true
	d.lent++
	d.running--
	if d.running < d.o.Concurrency {
		if to := d.next(); to != nil {
			d.running++
			to.running++
			d.workers.Go(func() { d.work(to) })
			d.engage(to)
		}
	}
}

// settleLoan takes a slot back. There may be one too many for a moment. d.mu is
// held.
func (d *Dispatcher) settleLoan(l *loan) {
	l.over = true
	if l.lent {
		d.lent--
		d.running++
	}
}

// sendAll sends what is in one lane, up to the first failure.
func (d *Dispatcher) sendAll(chain []*task) {
	for i, t := range chain {
		r := d.sendOne(t)
		d.mu.Lock()
		first := len(d.done) == 0
		d.done = append(d.done, r)
		full := d.full()
		d.mu.Unlock()
		if first && d.settling.Load() == 0 || full {
			d.Wake()
		}
		if !r.ok {
			// The database gives back those behind it, or has them wait.
			d.forget(chain[i+1:])
			return
		}
	}
}

// full reports whether there are as many results as are written at once, or those of
// all that is held. d.mu is held.
func (d *Dispatcher) full() bool {
	return len(d.done) >= eventBatch || len(d.done) > 0 && len(d.done) >= len(d.held)
}

// forget lets go of tasks that the database knows to be free. The results of all that
// is left may be there.
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
			if d.perStore[t.storeID]--; d.perStore[t.storeID] == 0 {
				delete(d.perStore, t.storeID)
			}
		}
	}
	if d.full() {
		d.Wake()
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
	blocked, lease, stopping := w.blocked, t.lease, d.stopping || t.stale
	d.mu.Unlock()
	stopping = stopping || d.db.Superseded(t.storeID, t.epoch)
	switch {
	case stopping || d.sending.Err() != nil:
		return result{task: t, unsent: true}
	case blocked > now:
		return result{task: t, unsent: true, later: blocked}
	case lease-now < int64(d.o.Timeout/time.Second)+1:
		return result{task: t, unsent: true}
	}
	start := d.sys.Elapsed()
	slot := &loan{}
	timer := system.CountdownFunc(patience, func() { d.lend(slot) })
	a, ok := d.send(d.sending, t)
	timer.Stop()
	d.mu.Lock()
	d.settleLoan(slot)
	d.mu.Unlock()
	if !ok && d.sending.Err() != nil {
		return result{task: t, unsent: true} // cut off: no fault of the destination's
	}
	d.o.Metrics.attempt(ok, d.sys.Elapsed()-start, time.Duration(now-t.created)*time.Second)
	r := result{task: t, attempt: a, ok: ok}
	now = d.sys.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.judge(t, ok)
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
	d.attempts.Add(int64(attempts))
	// Once a lease has been used its end must be written, even while stopping.
	ctx = d.db.Stamped(context.WithoutCancel(ctx))
	for store, results := range byStore {
		now := d.sys.Now()
		live := d.live(results)
		if err := d.db.Write(ctx, store, func(tx *sqldb.Tx) error { return d.finish(tx, live, now) }); err != nil && !errors.Is(err, sqldb.ErrSuperseded) {
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

type storeHook struct{ store, hook int64 }

// refresh looks whether hooks are still as they were when deliveries to them
// were leased. If not, what waits is given back and taken again as things are.
func (d *Dispatcher) refresh(ctx context.Context, held []storeHook, now int64) {
	stores := map[int64]map[int64]*target{}
	for _, k := range held {
		if stores[k.store] != nil {
			continue
		}
		hooks := map[int64]*target{}
		if err := d.db.Read(ctx, k.store, func(tx *sqldb.Tx) error {
			all, err := targets(tx, now)
			for _, h := range all {
				hooks[h.ID] = h
			}
			return err
		}); err != nil {
			if ctx.Err() == nil {
				d.o.Log.Error("webhooks cannot be looked at", "error", err)
			}
			return
		}
		stores[k.store] = hooks
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, t := range d.held {
		if hooks, ok := stores[t.storeID]; ok && !hooks[t.hook.ID].same(t.hook) {
			t.stale = true
		}
	}
}

// renew prolongs the leases of what is held.
func (d *Dispatcher) renew(ctx context.Context) {
	byHook := map[storeHook][]*task{}
	now := d.sys.Now()
	d.mu.Lock()
	for _, t := range d.held {
		if d.db.Superseded(t.storeID, t.epoch) {
			continue
		}
		if t.lease-now <= leaseTime-int64(renewEvery/time.Second) {
			k := storeHook{t.storeID, t.hook.ID}
			byHook[k] = append(byHook[k], t)
		}
	}
	for k, w := range d.windows {
		if w.blocked <= now && w.Idle(now) {
			delete(d.windows, k)
		}
	}
	for k := range d.allowance {
		if d.perHook[k] == 0 {
			delete(d.allowance, k)
		}
	}
	d.mu.Unlock()
	d.refresh(ctx, slices.Collect(maps.Keys(byHook)), now)
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
