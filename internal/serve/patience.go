package serve

import (
	"context"
	"sync"
	"time"

	"clientele/internal/system"
)

// patience is a context that ends after a time. Most requests are answered
// before anybody waits for that, so that the timer is only made for who does.
type patience struct {
	parent context.Context
	sys    *system.System
	until  time.Duration // of Elapsed

	mu     sync.Mutex
	timed  context.Context // nil: nobody has asked
	cancel context.CancelFunc
	over   bool
}

func (p *patience) begin(parent context.Context, sys *system.System, d time.Duration) {
	p.parent, p.sys, p.until = parent, sys, sys.Elapsed()+d
}

// end ends the context with its request.
func (p *patience) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over = true; p.timed != nil {
		p.cancel()
	}
}

// timer returns the context with a timer.
func (p *patience) timer() context.Context {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timed == nil {
		p.timed, p.cancel = context.WithTimeout(p.parent, p.until-p.sys.Elapsed())
		if p.over {
			p.cancel()
		}
	}
	return p.timed
}

// Deadline implements context.Context.
func (p *patience) Deadline() (time.Time, bool) { return p.timer().Deadline() }

// Done implements context.Context.
func (p *patience) Done() <-chan struct{} { return p.timer().Done() }

// Err implements context.Context.
func (p *patience) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.timed != nil:
		return p.timed.Err()
	case p.parent.Err() != nil:
		return p.parent.Err()
	case p.over:
		return context.Canceled
	case p.sys.Elapsed() >= p.until:
		return context.DeadlineExceeded
	}
	return nil
}

// Value implements context.Context. Package context finds by it what to end
// along.
func (p *patience) Value(key any) any {
	p.mu.Lock()
	timed := p.timed
	p.mu.Unlock()
	if timed != nil {
		return timed.Value(key)
	}
	return p.parent.Value(key)
}
