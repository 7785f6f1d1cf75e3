package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"clientele/internal/history"
	"clientele/internal/sqldb"
	"clientele/internal/system"
)

// Handler does a job. An error has it tried again on the kind's schedule.
type Handler func(ctx context.Context, j Job) error

// Kind is how one kind of job is done.
type Kind struct {
	Name    string
	Handler Handler
	// Schedule are the waits before the second attempt, the third and so on. A
	// job that fails after the last is given up.
	Schedule []time.Duration
	// GaveUp is told of jobs that are given up, which are then gone. A job that
	// nobody was told of is kept for a month to be looked at.
	GaveUp Handler
	// Timeout bounds one attempt. Zero means a minute.
	Timeout time.Duration
	// Limit bounds how many run at once in a process. Zero means 16. Kinds do
	// not wait for each other.
	Limit int
}

// Options tune a Runner. The zero value is right for almost everyone.
type Options struct {
	// Poll is how often to look for jobs of other processes. Zero means a
	// second, and up to five while there are none.
	Poll time.Duration
	// Observe is told of every attempt: done, retry, gave_up, put_off, lost or
	// released.
	Observe func(kind, outcome string, took time.Duration)
	// Log receives what an operator should see. Nil discards.
	Log *slog.Logger
}

// Runner does the jobs of a database. Several runners, also in several
// processes, share the work.
type Runner struct {
	db    *sqldb.DB
	sys   *system.System
	o     Options
	kinds map[string]*lane
	tasks []*task

	mu   sync.Mutex
	held map[heldKey]*holding

	wake    chan struct{}
	started bool
	stop    context.CancelFunc // of looking for jobs
	abort   context.CancelFunc // of running handlers
	looking sync.WaitGroup
	running sync.WaitGroup
	// renewing goes on while handlers run, also after looking has ended.
	renewing sync.WaitGroup
	unhear   func()
}

// lane is a kind with its jobs that run here.
type lane struct {
	Kind
	mu      sync.Mutex
	running int
	waiting bool // there was more to do than the limit allows
}

// task is work that is done every so often in each process.
type task struct {
	name  string
	every time.Duration
	run   func(context.Context) error
}

const (
	defaultTimeout = time.Minute
	defaultLimit   = 16
	// leaseTime is how long a job is one process's, in seconds. It is renewed
	// while the job is done, so what a killed process had is soon another's.
	leaseTime  = 15
	renewEvery = 3 * time.Second
	// crashes is how many attempts beyond the schedule may be lost without an
	// answer before a job is taken to kill its processes.
	crashes = 3
	// keepFailed is how long a job is kept that was given up.
	keepFailed = 30 * 24 * time.Hour
	// maxError bounds what is kept of an error, in bytes.
	maxError = 500
	// idlePolls is how much less often to look while there is nothing.
	idlePolls = 5
)

// NewRunner returns a Runner that does nothing before Start.
func NewRunner(db *sqldb.DB, sys *system.System, o Options) *Runner {
	if o.Poll == 0 {
		o.Poll = time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Observe == nil {
		o.Observe = func(string, string, time.Duration) {}
	}
	r := &Runner{db: db, sys: sys, o: o, kinds: map[string]*lane{}, held: map[heldKey]*holding{}, wake: make(chan struct{}, 1)}
	r.Every("old jobs", time.Hour, r.prune)
	return r
}

// Handle has a kind of job done by h. It must come before Start.
func (r *Runner) Handle(kind string, h Handler, schedule []time.Duration, gaveUp Handler) {
	r.Register(Kind{Name: kind, Handler: h, Schedule: schedule, GaveUp: gaveUp})
}

// Register is Handle with all there is to say of a kind. Jobs of kinds that
// nobody registered stay where they are.
func (r *Runner) Register(k Kind) {
	if k.Timeout == 0 {
		k.Timeout = defaultTimeout
	}
	if k.Limit == 0 {
		k.Limit = defaultLimit
	}
	if r.started || r.kinds[k.Name] != nil {
		panic("jobs: kind " + k.Name + " is registered too late or twice")
	}
	r.kinds[k.Name] = &lane{Kind: k}
}

// Every has run called soon after Start and then every so often, in each
// process: housekeeping that may happen more than once. It must come before
// Start. What it writes is the job's of that name.
func (r *Runner) Every(name string, every time.Duration, run func(context.Context) error) {
	r.tasks = append(r.tasks, &task{name, every, func(ctx context.Context) error { return run(byJob(r.db.Stamped(ctx), name)) }})
}

// byJob returns a context whose writes are a job's.
func byJob(ctx context.Context, name string) context.Context {
	return history.With(ctx, &history.Origin{Actor: history.Actor{Kind: history.ByJob, Name: name}})
}

// Start looks for jobs and does them until Stop. The values of ctx are those
// of the handlers' contexts; that it ends does not matter.
func (r *Runner) Start(ctx context.Context) {
	if r.started {
		return
	}
	r.started = true
	ctx = history.With(context.WithoutCancel(ctx), new(history.Origin))
	run, abort := context.WithCancel(ctx)
	look, stop := context.WithCancel(ctx)
	r.abort, r.stop = abort, stop
	r.unhear = r.db.Listen(topic, r.Wake)
	r.looking.Go(func() { r.look(look, run) })
	r.renewing.Go(func() { r.keepLeases(run) })
	for _, t := range r.tasks {
		r.looking.Go(func() { r.repeat(look, t) })
	}
}

// Wake has the runner look for jobs now. Enqueue does it after the commit.
func (r *Runner) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Stop takes no more jobs and waits for those that run, until ctx ends; then
// it has them abandoned, for another process or the next start to do.
func (r *Runner) Stop(ctx context.Context) error {
	if !r.started {
		return nil
	}
	r.unhear()
	r.stop()
	defer r.renewing.Wait()
	defer r.abort()
	r.looking.Wait()
	done := make(chan struct{})
	go func() { r.running.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	r.abort()
	select {
	case <-done:
	case <-system.Countdown(5 * time.Second).C:
		return errors.New("jobs: a handler does not heed that its context has ended")
	}
	return ctx.Err()
}

// look runs until ctx ends. Handlers get contexts from run.
func (r *Runner) look(ctx, run context.Context) {
	idle := 1
	for {
		soon, err := r.pass(ctx, run)
		wait := r.o.Poll
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			r.o.Log.Error("jobs cannot be looked for", "error", err)
			wait *= idlePolls
		case soon == 0: // there are no jobs
			wait *= time.Duration(idle)
			idle = min(idle+1, idlePolls)
		default:
			idle = 1
			wait = min(wait, time.Duration(soon-r.sys.Now())*time.Second)
		}
		timer := r.sys.NewTimer(max(wait, 0))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-r.wake:
			idle = 1
		case <-timer.Chan():
		}
		timer.Stop()
	}
}

// due is a store with jobs of one kind, and when the first of them is due.
type due struct {
	lane    *lane
	storeID int64
	at      int64
}

// The stores that have jobs are found by one look at each. Of few such stores each is
// then asked from kind to kind of what it has: what one kind has piled up costs the
// others nothing. Where there are many, each kind is asked of all stores.
var (
	selectBusy = sqldb.Global(`SELECT s.id FROM stores s WHERE (SELECT MIN(j.kind) FROM jobs j WHERE j.store_id = s.id AND j.date_failed = 0) IS NOT NULL`)
	dueOfStore = sqldb.Static(`WITH RECURSIVE k (store_id, kind) AS (
		SELECT CAST($1 AS BIGINT), (SELECT MIN(j.kind) FROM jobs j WHERE j.store_id = $1 AND j.date_failed = 0)
		UNION ALL SELECT k.store_id, (SELECT MIN(j.kind) FROM jobs j WHERE j.store_id = $1 AND j.kind > k.kind AND j.date_failed = 0) FROM k WHERE k.store_id = $1 AND k.kind IS NOT NULL)
		SELECT k.kind, (SELECT MIN(j.due_at) FROM jobs j WHERE j.store_id = $1 AND j.kind = k.kind AND j.date_failed = 0) FROM k WHERE k.store_id = $1 AND k.kind IS NOT NULL`)
	dueOfKind = sqldb.Global(`SELECT s.id, (SELECT MIN(j.due_at) FROM jobs j WHERE j.store_id = s.id AND j.kind = $1 AND j.date_failed = 0)
		FROM stores s WHERE EXISTS (SELECT 1 FROM jobs j WHERE j.store_id = s.id AND j.kind = $1 AND j.date_failed = 0)`)
)

// fewBusy is of how many stores each is asked by itself.
const fewBusy = 4

// waiting returns the stores that have jobs of the given lanes, shuffled: no
// store can keep the others waiting.
func (r *Runner) waiting(ctx context.Context, lanes []*lane) ([]due, error) {
	if len(lanes) == 0 {
		return nil, nil
	}
	byName := make(map[string]*lane, len(lanes))
	for _, l := range lanes {
		byName[l.Name] = l
	}
	var out []due
	err := r.db.Read(ctx, 0, func(tx *sqldb.Tx) error {
		out = out[:0]
		var busy []int64
		if err := tx.Query(selectBusy, func(row *sqldb.Row) error { busy = append(busy, row.Int(0)); return nil }); err != nil || len(busy) == 0 {
			return err
		}
		if len(busy) <= fewBusy {
			for _, store := range busy {
				if err := tx.In(store).Query(dueOfStore, func(row *sqldb.Row) error {
					if l := byName[row.Text(0)]; l != nil {
						out = append(out, due{l, store, row.Int(1)})
					}
					return nil
				}); err != nil {
					return err
				}
			}
			return nil
		}
		qs := make([]sqldb.Q, len(lanes))
		for i, l := range lanes {
			qs[i] = sqldb.Q{Stmt: dueOfKind, Args: []any{l.Name}, Each: func(row *sqldb.Row) error {
				out = append(out, due{l, row.Int(0), row.Int(1)})
				return nil
			}}
		}
		return tx.Pipeline(qs...)
	})
	r.sys.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out, err
}

// pass starts what is due and fits. It returns when to look again at the
// latest, 0 if there is nothing to look for.
func (r *Runner) pass(ctx, run context.Context) (soon int64, err error) {
	for {
		var lanes []*lane
		for _, l := range r.kinds {
			if l.free() > 0 {
				lanes = append(lanes, l)
			}
		}
		found, err := r.waiting(ctx, lanes)
		if err != nil {
			return 0, err
		}
		now := r.sys.Now()
		soon = 0
		ready := map[*lane]int{} // stores
		for _, d := range found {
			if d.at <= now {
				ready[d.lane]++
			} else if soon == 0 || d.at < soon {
				soon = d.at
			}
		}
		more := false
		for _, d := range found {
			if d.at > now {
				continue
			}
			l := d.lane
			share := (l.free() + ready[l] - 1) / ready[l]
			ready[l]--
			if share <= 0 {
				more = true // for when there is room
				continue
			}
			js, err := r.claim(ctx, l, d.storeID, now, share)
			if err != nil {
				return 0, err
			}
			if len(js) > 0 && (soon == 0 || soon > now+1) {
				soon = now + 1 // one of them may be to be tried again
			}
			more = more || len(js) == share
			for _, j := range js {
				l.add(1)
				r.running.Go(func() {
					defer func() {
						if l.add(-1) {
							r.Wake()
						}
					}()
					r.do(run, l, j)
				})
			}
		}
		for l := range ready {
			l.wait(l.free() <= 0)
		}
		room := slices.ContainsFunc(slices.Collect(maps.Keys(ready)), func(l *lane) bool { return l.free() > 0 })
		if ctx.Err() != nil || !more || !room {
			return soon, nil
		}
	}
}

func (l *lane) free() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Limit - l.running
}

// add counts jobs that run. It reports whether it is time to look for more:
// when half of what may run has ended, so that jobs are taken several at once.
func (l *lane) add(n int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running += n
	if !l.waiting || n > 0 || l.running > l.Limit/2 {
		return false
	}
	l.waiting = false
	return true
}

func (l *lane) wait(more bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = more && l.running > l.Limit/2
}

const claimText = `SELECT id, payload, attempts, date_created FROM jobs WHERE store_id = $1 AND kind = $2 AND date_failed = 0 AND due_at <= $3 ORDER BY due_at, id LIMIT $4`

// claim takes up to n due jobs of a store for the time of a lease.
func (r *Runner) claim(ctx context.Context, l *lane, storeID, now int64, n int) ([]Job, error) {
	lease, epoch := r.sys.Hex(8), r.db.Epoch()
	until := now + leaseTime
	var out []Job
	err := r.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		out = out[:0]
		var ids []int64
		if err := tx.Query(sqldb.Dynamic(claimText+tx.SkipLocked()), func(row *sqldb.Row) error {
			if r.holds(storeID, row.Int(0)) {
				return nil // it is being done here; the clock jumped, or its lease could not be renewed in time
			}
			out = append(out, Job{StoreID: storeID, ID: row.Int(0), Kind: l.Name, Payload: row.Bytes(1), Attempts: int(row.Int(2)) + 1, Created: row.Int(3), lease: lease, epoch: epoch})
			ids = append(ids, row.Int(0))
			return nil
		}, l.Name, now, int64(n)); err != nil || len(ids) == 0 {
			return err
		}
		list, args := sqldb.In([]any{until, lease}, ids)
		return tx.Exec(sqldb.Dynamic(`UPDATE jobs SET due_at = $2, lease_owner = $3, attempts = attempts + 1 WHERE store_id = $1 AND id IN `+list), args...)
	})
	if err != nil {
		return nil, fmt.Errorf("claim: %w", err)
	}
	r.hold(out, until)
	return out, nil
}

var (
	retryJob   = sqldb.Static(`UPDATE jobs SET due_at = $4, lease_owner = '', error = $5 WHERE store_id = $1 AND id = $2 AND lease_owner = $3`)
	failJob    = sqldb.Static(`UPDATE jobs SET date_failed = $4, lease_owner = '', error = $5 WHERE store_id = $1 AND id = $2 AND lease_owner = $3`)
	releaseJob = sqldb.Static(`UPDATE jobs SET due_at = $4, lease_owner = '', attempts = attempts - 1 WHERE store_id = $1 AND id = $2 AND lease_owner = $3`)
)

// do makes one attempt at a job and writes down what came of it.
func (r *Runner) do(run context.Context, l *lane, j Job) {
	start := r.sys.Elapsed()
	defer r.release(j)
	run = r.db.StampedAt(run, j.epoch)
	ctx, stop := r.leased(run, j)
	defer stop()
	var err error
	if j.Attempts > len(l.Schedule)+1+crashes {
		err = Permanent(errors.New("every attempt ended without an answer"))
	} else {
		err = attempt(byJob(ctx, j.Kind), l.Timeout, l.Handler, j)
	}
	log := r.o.Log.With("kind", j.Kind, "store_id", j.StoreID, "job_id", j.ID, "attempt", j.Attempts)
	outcome := "done"
	stmt, args := deleteJob, []any(nil)
	if err != nil {
		now := r.sys.Now()
		wait, again := next(err, j.Attempts, l.Schedule)
		var put notNow
		switch {
		case errors.As(err, &put):
			outcome, stmt, args = "put_off", releaseJob, []any{now + max(int64(put.wait/time.Second), 1)}
		case ctx.Err() != nil && !errors.As(err, new(permanentError)): // the runner stops, or the lease is lost
			outcome, stmt, args = "released", releaseJob, []any{now}
		case again:
			outcome, stmt, args = "retry", retryJob, []any{now + int64((wait+time.Second-1)/time.Second), clip(err)}
		default:
			outcome, stmt, args = "gave_up", failJob, []any{now, clip(err)}
			if l.GaveUp != nil {
				if told := attempt(ctx, l.Timeout, l.GaveUp, j); told != nil {
					log.Error("nobody could be told of a job that was given up", "error", told)
				} else {
					stmt, args = deleteJob, nil
				}
			}
			log.Warn("a job was given up", "error", redact(err))
		}
		if outcome == "retry" {
			log.Info("a job failed and will be tried again", "error", redact(err), "wait", wait)
		}
	}
	// What was done is done: that the runner stops does not matter any more.
	var n int64
	if err := r.db.Write(context.WithoutCancel(run), j.StoreID, func(tx *sqldb.Tx) (err error) {
		n, err = tx.ExecCount(stmt, append([]any{j.ID, j.lease}, args...)...)
		return err
	}); errors.Is(err, sqldb.ErrSuperseded) {
		outcome = "lost"
	} else if err != nil {
		log.Error("what came of a job cannot be written down; it will be done again", "error", err)
		outcome = "lost"
	} else if n == 0 && outcome != "done" { // a handler may have called Finish
		outcome = "lost"
	}
	r.o.Observe(j.Kind, outcome, r.sys.Elapsed()-start)
}

// attempt runs a handler; a panic is an error.
func attempt(run context.Context, timeout time.Duration, h Handler, j Job) (err error) {
	ctx, cancel := context.WithTimeout(run, timeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = panicError{fmt.Errorf("panic: %v\n%s", p, debug.Stack())}
		}
	}()
	return h(ctx, j)
}

type panicError struct{ error }

// redact returns what of a handler's error may be logged: what went wrong may
// have an address or a link in it, so only a Public error and a panic are
// told.
func redact(err error) string {
	if p := (panicError{}); errors.As(err, &p) {
		return p.Error()
	}
	if p := (Public)(nil); errors.As(err, &p) {
		return p.Public()
	}
	return "withheld"
}

// Public is an error that knows what of it may be logged: no personal data, no
// secrets.
type Public interface {
	error
	Public() string
}

// clip returns what is kept of an error.
func clip(err error) string {
	s := strings.ReplaceAll(err.Error(), "\x00", "")
	return strings.ToValidUTF8(s[:min(len(s), maxError)], "")
}

// RunDue does everything that is due, one job after the other, until nothing
// is, and returns how many attempts it made. It is for tests and tools with a
// clock of their own; a running runner may be started or not. Only one that was
// started renews leases.
func (r *Runner) RunDue(ctx context.Context) (n int, err error) {
	for {
		found, err := r.waiting(ctx, slices.Collect(maps.Values(r.kinds)))
		if err != nil {
			return n, err
		}
		now, before := r.sys.Now(), n
		for _, d := range found {
			if d.at > now {
				continue
			}
			js, err := r.claim(ctx, d.lane, d.storeID, now, 1)
			if err != nil {
				return n, err
			}
			for _, j := range js {
				r.do(ctx, d.lane, j)
				n++
			}
		}
		if n == before {
			return n, ctx.Err()
		}
	}
}

// Settle is RunDue that also waits for what a started runner does at once, until
// nothing is due and nothing runs.
func (r *Runner) Settle(ctx context.Context) (n int, err error) {
	for {
		some, err := r.RunDue(ctx)
		if n += some; err != nil {
			return n, err
		}
		if !r.busy() {
			if some == 0 {
				return n, nil
			}
			continue
		}
		if err := system.Pause(ctx, settlePause); err != nil {
			return n, err
		}
	}
}

const settlePause = time.Millisecond

// busy reports whether any job runs.
func (r *Runner) busy() bool {
	for _, l := range r.kinds {
		if l.free() < l.Limit {
			return true
		}
	}
	return false
}

// NextDue returns when the next job is due after now, in seconds, 0 for none.
func (r *Runner) NextDue(ctx context.Context) (at int64, err error) {
	found, err := r.waiting(ctx, slices.Collect(maps.Values(r.kinds)))
	now := r.sys.Now()
	for _, d := range found {
		if d.at > now && (at == 0 || d.at < at) {
			at = d.at
		}
	}
	return at, err
}

// RunTasks does all that is done every so often, once. What fails because stores
// are replaced meanwhile goes again, and is left to the next time if that does not
// end.
func (r *Runner) RunTasks(ctx context.Context) error {
	for _, t := range r.tasks {
		for left := tries; left > 0; left-- {
			epoch := r.db.Epoch()
			err := t.run(ctx)
			if err == nil {
				break
			}
			if ctx.Err() != nil || r.db.Epoch() == epoch {
				return fmt.Errorf("%s: %w", t.name, err)
			}
		}
	}
	return nil
}

// tries is how often RunTasks does a task that stores are replaced under.
const tries = 5

// repeat runs a task until ctx ends.
func (r *Runner) repeat(ctx context.Context, t *task) {
	// Not all at once, and not in the way of the start.
	first := time.Second + r.sys.Jitter(min(t.every, time.Minute))
	r.sys.Every(ctx, first, t.every, func(ctx context.Context) {
		if err := t.run(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, sqldb.ErrSuperseded) {
			r.o.Log.Error("housekeeping failed", "task", t.name, "error", err)
		}
	})
}

var (
	endedJobs = sqldb.Static(`SELECT id FROM jobs WHERE store_id = $1 AND date_failed > 0 AND date_failed < $2 ORDER BY date_failed LIMIT $3`)
	dropJob   = sqldb.Static(`DELETE FROM jobs WHERE store_id = $1 AND id = $2 AND date_failed > 0 AND date_failed < $3`)
)

// Ended returns the jobs that were given up long ago.
func Ended() []sqldb.Ended {
	return []sqldb.Ended{{Keys: endedJobs, Number: true, Drop: dropJob, Keep: keepFailed}}
}

// prune drops jobs that were given up long ago.
func (r *Runner) prune(ctx context.Context) error { return r.db.DropEnded(ctx, r.sys.Now(), Ended()) }
