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
	until  time.Time

	mu     sync.Mutex
	timed  context.Context // nil: nobody has asked
	cancel context.CancelFunc
	over   bool
}

func (p *patience) begin(parent context.Context, d time.Duration) {
	p.parent, p.until = parent, system.Machine().Add(d)
	if at, ok := parent.Deadline(); ok && at.Before(p.until) {
		p.until = at
	}
}

// end ends the context with its request.
func (p *patience) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over = true; p.timed != nil {
		p.cancel()
	}
}

// Deadline implements context.Context.
func (p *patience) Deadline() (time.Time, bool) { return p.until, true }

// Done implements context.Context.
func (p *patience) Done() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timed == nil {
		p.timed, p.cancel = context.WithDeadline(p.parent, p.until)
		if p.over {
			p.cancel()
		}
	}
	return p.timed.Done()
}

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
	case !system.Machine().Before(p.until):
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
