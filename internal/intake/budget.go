package intake

import (
	"container/list"
	"context"
	"sync"
	"time"

	"clientele/internal/system"
)

// owner is who takes from a budget: an API account, or a client's network.
type owner struct {
	store int64
	name  string
}

// budget is an amount of bytes that many share, of which each owner has at
// most a share. Who asks for more than there is waits: those who have spent
// their own share behind each other, and only all others behind what is
// missing.
type budget struct {
	most, share int64

	mu     sync.Mutex
	used   int64
	owners map[owner]*holding
	queue  list.List // of *claim, whose owners have some of their share left
}

// holding is what an owner has taken and waits for.
type holding struct {
	used   int64
	claims int       // that wait, here and behind all others
	queue  list.List // of *claim, for which the share is spent
}

// claim is one that waits.
type claim struct {
	n     int64
	of    *holding
	ready chan struct{}
	in    *list.List // where it waits; nil once it is granted
	at    *list.Element
}

func newBudget(most, share int64) *budget {
	return &budget{most: most, share: min(share, most), owners: map[owner]*holding{}}
}

func (b *budget) inUse() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used
}

// take takes n bytes or fails with a fault, after a wait at the latest.
func (b *budget) take(ctx context.Context, who owner, n int64, wait time.Duration) error {
	if n <= 0 {
		return nil
	}
	if n > b.share {
		return busy()
	}
	b.mu.Lock()
	a := b.owners[who]
	if a == nil {
		a = &holding{}
		b.owners[who] = a
	}
	c := &claim{n: n, of: a}
	if a.queue.Len() == 0 && b.fits(c) && b.queue.Len() == 0 && b.used+n <= b.most {
		b.grant(c)
		b.mu.Unlock()
		return nil
	}
	c.ready = make(chan struct{})
	b.enqueue(c)
	b.mu.Unlock()

	timer := system.Countdown(max(wait, 0))
	defer timer.Stop()
	var err error
	select {
	case <-c.ready:
		return nil
	case <-timer.C:
		err = busy()
	case <-ctx.Done():
		err = ctx.Err()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if c.in == nil {
		return nil // granted a moment ago
	}
	c.leave()
	a.claims--
	b.forget(who, a)
	b.serve(a) // who waited behind it may fit
	return err
}

// give gives n bytes back.
func (b *budget) give(who owner, n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := b.owners[who]
	b.used -= n
	a.used -= n
	b.forget(who, a)
	b.serve(a)
}

func (b *budget) fits(c *claim) bool { return c.of.used+c.n <= b.share }

func (b *budget) grant(c *claim) {
	b.used += c.n
	c.of.used += c.n
}

// enqueue puts a claim where it has to wait.
func (b *budget) enqueue(c *claim) {
	c.in = &c.of.queue
	if c.of.queue.Len() == 0 && b.fits(c) {
		c.in = &b.queue
	}
	c.at = c.in.PushBack(c)
	c.of.claims++
}

func (c *claim) leave() {
	c.in.Remove(c.at)
	c.in, c.at = nil, nil
}

// serve grants what has become possible, after an owner's share has.
func (b *budget) serve(a *holding) {
	for e := a.queue.Front(); e != nil; e = a.queue.Front() {
		c := e.Value.(*claim)
		if !b.fits(c) {
			break
		}
		c.leave()
		c.in = &b.queue
		c.at = b.queue.PushBack(c)
	}
	for e := b.queue.Front(); e != nil; e = b.queue.Front() {
		c := e.Value.(*claim)
		switch {
		case !b.fits(c): // its owner's others came first
			c.leave()
			c.in = &c.of.queue
			c.at = c.of.queue.PushFront(c)
		case b.used+c.n > b.most:
			return
		default:
			c.leave()
			c.of.claims--
			b.grant(c)
			close(c.ready)
		}
	}
}

// forget drops an owner who has and wants nothing.
func (b *budget) forget(who owner, a *holding) {
	if a.used == 0 && a.claims == 0 && b.owners[who] == a {
		delete(b.owners, who)
	}
}
