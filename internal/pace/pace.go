// Package pace has work in the background give way to whoever waits for an answer.
// A server counts the requests that it answers; who works in the background for
// long does it in small pieces, with Worker.Give after each. As long as nobody asks
// for anything, it goes at full speed.
package pace

import (
	"context"
	"sync/atomic"
	"time"

	"clientele/internal/system"
)

const (
	// recent is how long after a request others are taken to follow.
	recent = 100 * time.Millisecond
	// piece is how long to work without a rest while requests come.
	piece = 2 * time.Millisecond
	// breather is the rest between requests: the system's shortest.
	breather = 200 * time.Microsecond
	// patience is how many times as long as it has worked a Worker rests at most
	// while requests are answered: some last for minutes, and on a busy server
	// there is always one.
	patience = 3
	// most bounds one rest, and least bounds it from below.
	most, least = 5 * time.Millisecond, 500 * time.Microsecond
	// fraction is of which part of all things a Portion is.
	fraction = 64
)

// Pace counts the requests that are being answered. Nil: nobody ever asks.
type Pace struct {
	sys     *system.System
	asked   atomic.Int64
	last    atomic.Int64 // of Elapsed, when a request ended
	resting atomic.Int64 // Workers
	free    chan struct{}
	pause   func(ctx context.Context, free <-chan struct{}, d time.Duration)
}

// New returns a Pace that has counted nothing.
func New(sys *system.System) *Pace {
	p := &Pace{sys: sys, free: make(chan struct{}, 1), pause: pause}
	p.last.Store(int64(-recent))
	return p
}

// pause returns once d has gone by, or when something comes from free, or ctx ends.
func pause(ctx context.Context, free <-chan struct{}, d time.Duration) {
	t := system.Countdown(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-free:
	case <-ctx.Done():
	}
}

// Enter counts a request, until Leave.
func (p *Pace) Enter() {
	if p != nil {
		p.asked.Add(1)
	}
}

// Leave tells that a request was answered.
func (p *Pace) Leave() {
	if p == nil {
		return
	}
	p.last.Store(int64(p.sys.Elapsed()))
	if p.asked.Add(-1) == 0 && p.resting.Load() > 0 {
		select {
		case p.free <- struct{}{}:
		default:
		}
	}
}

// Busy reports whether requests are answered, or were a moment ago.
func (p *Pace) Busy() bool {
	return p != nil && (p.asked.Load() > 0 || int64(p.sys.Elapsed())-p.last.Load() < int64(recent))
}

// Worker is one who works in the background, in one goroutine at a time.
type Worker struct {
	pace   *Pace
	since  time.Duration // of Elapsed, when the piece was begun
	worked time.Duration // since the last rest
}

// Worker returns somebody who begins to work now.
func (p *Pace) Worker() *Worker {
	w := &Worker{pace: p}
	if p != nil {
		w.since = p.sys.Elapsed()
	}
	return w
}

// Give ends a piece of work. It returns at once while nobody asks for anything; else
// after a rest, if a request is being answered or the last rest is long ago.
func (w *Worker) Give(ctx context.Context) { w.give(ctx, true) }

// Note is Give of somebody who must go on, as others wait for the end of the work.
func (w *Worker) Note() { w.give(context.Background(), false) }

func (w *Worker) give(ctx context.Context, rests bool) {
	p := w.pace
	if p == nil {
		return
	}
	now := p.sys.Elapsed()
	w.worked += now - w.since
	w.since = now
	asked := p.asked.Load() > 0
	switch {
	case !p.Busy():
		w.worked = 0
		return
	case !rests:
		return
	case !asked && w.worked < piece:
		system.Yield()
		return
	}
	p.resting.Add(1)
	if asked {
		select {
		case <-p.free: // of an earlier rest
		default:
		}
		// Whoever was counted until here told nobody.
		if p.asked.Load() > 0 {
			p.pause(ctx, p.free, min(max(patience*w.worked, least), most))
		}
	} else {
		p.pause(ctx, nil, breather)
	}
	p.resting.Add(-1)
	w.worked, w.since = 0, p.sys.Elapsed()
}

// Portion tells how many of all things to do before the next Give, where some more at
// once cost less.
func (p *Pace) Portion(all int64) int64 {
	if p.Busy() {
		return max(all/fraction, 1)
	}
	return all
}
