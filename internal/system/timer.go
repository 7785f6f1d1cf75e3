package system

import (
	"context"
	"time"
)

type machineTimer struct{ *time.Timer }

// Chan implements Timer.
func (t machineTimer) Chan() <-chan time.Time { return t.C }

// NewTimer returns a timer that fires when d has gone by on the clock.
func (s *System) NewTimer(d time.Duration) Timer {
	if s.Timer != nil {
		return s.Timer(d)
	}
	return machineTimer{time.NewTimer(d)}
}

// Sleep returns once d has gone by on the clock, or with the error of ctx once
// that ends.
func (s *System) Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := s.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.Chan():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Every calls f after first and then at the given interval, until ctx ends. As
// with a ticker, calls that come due while f still runs become one.
func (s *System) Every(ctx context.Context, first, interval time.Duration, f func(context.Context)) {
	t := s.NewTimer(first)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.Chan():
		}
		if ctx.Err() != nil {
			return
		}
		t.Reset(interval)
		f(ctx)
	}
}

// Countdown returns a timer that a moved clock does not fire.
func Countdown(d time.Duration) *time.Timer { return time.NewTimer(d) }

// CountdownFunc returns a timer that calls f in a goroutine of its own and that
// a moved clock does not fire.
func CountdownFunc(d time.Duration, f func()) *time.Timer { return time.AfterFunc(d, f) }

// Pause returns once d has really gone by, or with the error of ctx once that
// ends.
func Pause(ctx context.Context, d time.Duration) error {
	t := Countdown(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Machine returns the machine's time, which a moved clock does not change. It
// is for deadlines that the operating system compares with it.
func Machine() time.Time { return time.Now() }
