package system

import (
	"sync"
	"sync/atomic"
	"time"
)

// Movable is a clock that goes as the machine's does and can be set while it is
// used. Its zero value shows the machine's time.
type Movable struct {
	ahead atomic.Int64 // of the machine's clock, in nanoseconds

	mu     sync.Mutex
	timers map[*movableTimer]struct{} // that are to fire
}

// System returns a System whose clock and timers are m.
func (m *Movable) System() *System {
	s := Real()
	s.Clock, s.Timer = m.Now, m.timer
	return s
}

// Now returns the time that m shows. It takes no lock.
func (m *Movable) Now() time.Time { return time.Now().Add(time.Duration(m.ahead.Load())) }

// Set has m show t.
func (m *Movable) Set(t time.Time) { m.Advance(t.Sub(m.Now())) }

// Advance moves m by d, and fires the timers that it passes. Moving it back
// does not make a timer wait longer: what waits for time to go by is not to
// stand still.
func (m *Movable) Advance(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ahead.Add(int64(d))
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
