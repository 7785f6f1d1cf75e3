package system

import (
	"sync"
	"sync/atomic"
	"time"
)

// Movable is a clock that goes as the machine's does and can be set, and made to
// stand still, while it is used. Its zero value shows the machine's time.
type Movable struct {
	shown atomic.Pointer[shown] // nil: the machine's time

	mu     sync.Mutex
	timers map[*movableTimer]struct{} // that are to fire
}

// shown says what time a Movable shows.
type shown struct {
	ahead  time.Duration // of the machine's clock
	still  bool
	always time.Time // the time at which it stands still
}

// System returns a System whose clock and timers are m.
func (m *Movable) System() *System {
	s := Real()
	s.Clock, s.Timer, s.Ahead = m.Now, m.timer, m.Ahead
	return s
}

// Ahead returns how far m is ahead of the machine's clock, or was when it was made to
// stand still. It takes no lock.
func (m *Movable) Ahead() time.Duration {
	if s := m.shown.Load(); s != nil {
		return s.ahead
	}
	return 0
}

// Now returns the time that m shows. It takes no lock.
func (m *Movable) Now() time.Time { return m.shown.Load().now() }

func (s *shown) now() time.Time {
	switch {
	case s == nil:
		return time.Now()
	case s.still:
		return s.always
	}
	return time.Now().Add(s.ahead)
}

// Frozen reports whether m stands still.
func (m *Movable) Frozen() bool {
	s := m.shown.Load()
	return s != nil && s.still
}

// Freeze has m stand still, or go on from where it stood. Timers go on: what
// waits for time to go by is not to wait for ever, and finds that it is early.
func (m *Movable) Freeze(still bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.shown.Load().now()
	m.shown.Store(&shown{ahead: time.Until(now), still: still, always: now})
}

// Restore has m show the machine's time again.
func (m *Movable) Restore() {
	m.mu.Lock()
	defer m.mu.Unlock()
	before := m.shown.Swap(nil).now()
	m.pass(time.Since(before))
}

// Set has m show t.
func (m *Movable) Set(t time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.move(t.Sub(m.shown.Load().now()))
}

// Advance moves m by d, and fires the timers that it passes. Moving it back
// does not make a timer wait longer: what waits for time to go by is not to
// stand still.
func (m *Movable) Advance(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.move(d)
}

// move is Advance. mu is held.
func (m *Movable) move(d time.Duration) {
	next := shown{}
	if s := m.shown.Load(); s != nil {
		next = *s
	}
	next.ahead += d
	next.always = next.always.Add(d)
	m.shown.Store(&next)
	m.pass(d)
}

// pass fires the timers that are passed by d. mu is held.
func (m *Movable) pass(d time.Duration) {
	if d <= 0 {
		return
	}
	for t := range m.timers {
		t.left -= d
		if wait := t.left - time.Since(t.began); wait > 0 {
			t.machine.Reset(wait)
		} else {
			t.machine.Stop()
			t.fire()
		}
	}
}

func (m *Movable) timer(d time.Duration) Timer {
	t := &movableTimer{of: m, c: make(chan time.Time, 1)}
	t.Reset(d)
	return t
}

// movableTimer fires when its time has really gone by or its clock was moved
// past it.
type movableTimer struct {
	of *Movable
	c  chan time.Time

	// Guarded by of.mu.
	machine *time.Timer
	round   int           // counts calls of Reset and Stop
	began   time.Time     // by the machine's clock
	left    time.Duration // from then on
}

// Chan implements Timer.
func (t *movableTimer) Chan() <-chan time.Time { return t.c }

// Stop implements Timer.
func (t *movableTimer) Stop() bool {
	t.of.mu.Lock()
	defer t.of.mu.Unlock()
	return t.stop()
}

// Reset implements Timer.
func (t *movableTimer) Reset(d time.Duration) bool {
	m := t.of
	m.mu.Lock()
	defer m.mu.Unlock()
	waited := t.stop()
	t.began, t.left = time.Now(), d
	if m.timers == nil {
		m.timers = map[*movableTimer]struct{}{}
	}
	m.timers[t] = struct{}{}
	round := t.round
	t.machine = time.AfterFunc(d, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if _, waits := m.timers[t]; waits && t.round == round {
			t.fire()
		}
	})
	return waited
}

// stop keeps t from firing, and takes back that it fired, as time.Timer does.
// of.mu is held.
func (t *movableTimer) stop() bool {
	_, waited := t.of.timers[t]
	delete(t.of.timers, t)
	t.round++
	if t.machine != nil {
		t.machine.Stop()
	}
	select {
	case <-t.c:
	default:
	}
	return waited
}

// fire sends the time. of.mu is held.
func (t *movableTimer) fire() {
	delete(t.of.timers, t)
	t.c <- t.of.Now()
}
