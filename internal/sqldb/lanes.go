package sqldb

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// lanes hold the writes that share PostgreSQL transactions, by store. Every
// writer of a store waits for the counters' row until the one before it is
// durable, so one at a time they could do no more than one per commit.
type lanes struct {
	mu     sync.Mutex
	queues map[lane][]*shared // with an entry while a lane runs
	closed bool
	wg     sync.WaitGroup
}

// lane tells apart which writes share transactions.
type lane struct {
	store int64
	kind  any // a *Together that is apart from others; nil: all that are not
}

// shared is one write that waits for its turn in a group.
type shared struct {
	ctx      context.Context
	fn       func(*Tx) error
	deadline time.Duration // of Elapsed
	member   *member       // nil: runs by itself
	started  bool
	alone    bool // to be run by its caller, in a transaction of its own
	err      error
	done     chan struct{}
}

// writeShared runs fn in a transaction with others of its store.
func (p *pg) writeShared(ctx context.Context, store int64, timeout time.Duration, fn func(*Tx) error, m *member) error {
	j := &shared{ctx: ctx, fn: fn, member: m, deadline: p.sys.Elapsed() + timeout, done: make(chan struct{})}
	at := lane{store: store}
	if m != nil && m.apart {
		at.kind = m.kind
	}
	l := &p.lanes
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return errClosed
	}
	queue, running := l.queues[at]
	l.queues[at] = append(queue, j)
	if !running {
		l.wg.Go(func() {
			for p.writeGroup(at) {
			}
		})
	}
	l.mu.Unlock()
	<-j.done
	if !j.alone {
		return j.err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), j.deadline-p.sys.Elapsed())
	defer cancel()
	m.alone()
	return p.write(ctx, store, fn)
}

func (j *shared) asMember() *member { return j.member }

// take adds what is queued in a lane to a group, up to the limit.
func (l *lanes) take(at lane, group []*shared) []*shared {
	l.mu.Lock()
	defer l.mu.Unlock()
	queue := l.queues[at]
	n := min(len(queue), groupLimit-len(group))
	if n == len(queue) {
		l.queues[at] = nil
	} else {
		l.queues[at] = queue[n:]
	}
	return append(group, queue[:n]...)
}

// end reports whether nothing is queued in a lane, which then ends.
func (l *lanes) end(at lane) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queues[at]) > 0 {
		return false
	}
	delete(l.queues, at)
	return true
}

// close lets what is queued finish.
func (l *lanes) close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.wg.Wait()
}

// writeGroup runs what is queued in a lane in one transaction and answers
// it. It returns false when there was nothing.
func (p *pg) writeGroup(at lane) bool {
	if p.lanes.end(at) {
		return false
	}
	jobs := p.lanes.take(at, nil)
	if at.kind != nil {
		p.writeApart(at.store, jobs)
	} else {
		g := &pgGroup{p: p, store: at.store, jobs: jobs}
		g.run()
		jobs = g.jobs
	}
	for _, j := range jobs {
		close(j.done)
	}
	return true
}

// writeApart runs writes of one kind as one. What they lock before the counters
// cannot be locked after them: those whose transaction fails run again in
// transactions of their own.
func (p *pg) writeApart(store int64, jobs []*shared) {
	live := make([]*shared, 0, len(jobs))
	for _, j := range jobs {
		if j.err = j.ctx.Err(); j.err == nil {
			live = append(live, j)
		}
	}
	if len(live) == 0 {
		return
	}
	companions(live, (*shared).asMember, func(_, _ *shared) bool { return true })
	first := live[0]
	ctx, cancel := context.WithTimeout(context.Background(), first.deadline-p.sys.Elapsed())
	defer cancel()
	err := p.write(ctx, store, first.fn)
	for _, j := range live {
		own := j.member.failure()
		switch {
		case err == nil || own != nil:
			j.err = own
		case len(live) == 1 || errors.Is(err, ErrUnknownOutcome) || j.deadline <= p.sys.Elapsed():
			j.err = err
		default:
			j.alone = true
		}
	}
}

// pgGroup is one shared transaction.
type pgGroup struct {
	p     *pg
	store int64
	jobs  []*shared
	tx    *pgTx
	live  int // jobs that are to be committed
}

func (g *pgGroup) run() {
	ctx, cancel := context.WithTimeout(context.Background(), g.jobs[0].deadline-g.p.sys.Elapsed())
	defer cancel()
	conn, err := g.p.pool.Acquire(ctx)
	if err != nil {
		for _, j := range g.jobs {
			j.err = g.p.unreachable(ctx, err)
		}
		return
	}
	defer conn.Release()
	g.tx = &pgTx{ctx: ctx, conn: conn.Conn(), laps: &g.p.laps, write: true}
	g.tx.batch.Queue("begin")
	for i := 0; i < len(g.jobs); {
		n, err := g.some(g.jobs[i:])
		if err != nil {
			g.abandon(err)
			return
		}
		if i += n; i == len(g.jobs) {
			// Whoever has come in the meantime need not wait for the commit.
			g.jobs = g.p.lanes.take(lane{store: g.store}, g.jobs)
		}
	}
	if g.live == 0 {
		g.tx.rollback()
		return
	}
	err = g.tx.commit()
	if errors.Is(err, ErrUnknownOutcome) {
		for _, j := range g.jobs {
			if j.started {
				j.err = err
			}
		}
	} else if err != nil {
		g.abandon(err)
	}
}

// some runs the first of the jobs, together with those of the others that it
// may run with, and returns how many it has come past. It returns an error when
// the transaction as a whole has failed, whoever's fault that is; a job's own
// failure is undone and kept in the job.
func (g *pgGroup) some(jobs []*shared) (int, error) {
	if jobs[0].err = jobs[0].ctx.Err(); jobs[0].err != nil {
		return 1, nil
	}
	n := companions(jobs, (*shared).asMember, func(_, b *shared) bool { return b.ctx.Err() == nil })
	jobs = jobs[:n]
	live := g.live
	err := g.attempt(jobs)
	if n == 1 || g.live > live || err != nil {
		return n, err
	}
	// What failed was undone. Whose fault it was shows when each is by itself.
	apart(jobs, (*shared).asMember)
	for i := range jobs {
		if err := g.attempt(jobs[i : i+1]); err != nil {
			return n, err
		}
	}
	return n, nil
}

// attempt runs jobs, several only if they run together.
func (g *pgGroup) attempt(jobs []*shared) error {
	for _, j := range jobs {
		j.started = true
	}
	t := g.tx
	mark, sends := t.batch.Len(), t.sends
	// While nothing else is in the transaction, all of it can be undone.
	nested := g.live > 0
	if nested {
		t.batch.Queue(savepoint)
	}
	err := runPG(&Tx{store: g.store, pg: t, ran: &g.p.ran}, jobs[0].fn)
	if failure := t.failure(); failure != nil {
		if err == nil {
			err = failure
		}
		return err
	}
	if err == nil {
		if nested {
			t.batch.Queue(release)
		}
		for _, j := range jobs {
			if j.err = j.member.failure(); j.err == nil {
				g.live++
			}
		}
		return nil
	}
	for _, j := range jobs {
		j.err = classify(err)
	}
	switch {
	case t.sends == sends: // the server knows nothing of it
		t.batch.QueuedQueries = t.batch.QueuedQueries[:mark]
	case nested:
		t.batch.QueuedQueries = nil
		t.batch.Queue(rollbackTo)
		t.batch.Queue(release)
	default:
		t.batch.QueuedQueries = nil
		t.batch.Queue("rollback")
		t.batch.Queue("begin")
	}
	return nil
}

// abandon undoes the whole transaction. Which job broke it is not known, and
// what the others saw of each other is gone, so each is run again alone,
// unless its time is up.
func (g *pgGroup) abandon(err error) {
	g.tx.rollback()
	if g.tx.conn.IsClosed() {
		err = fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	started := 0
	for _, j := range g.jobs {
		if j.started {
			started++
		}
	}
	now := g.p.sys.Elapsed()
	for _, j := range g.jobs {
		switch {
		case !j.started && j.err != nil: // its context was done
		case started == 1 && j.started && !retryable(err), j.deadline <= now:
			j.err = classify(err)
		default:
			j.err, j.alone = nil, true
		}
	}
}
