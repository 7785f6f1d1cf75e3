package system_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"clientele/internal/system"
)

func TestSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &system.System{}
		start := time.Now()
		if err := s.Sleep(t.Context(), time.Minute); err != nil || time.Since(start) != time.Minute {
			t.Errorf("slept %s, %v", time.Since(start), err)
		}
		if err := s.Sleep(t.Context(), -1); err != nil || time.Since(start) != time.Minute {
			t.Errorf("for no time: slept %s, %v", time.Since(start), err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.Sleep(ctx, time.Hour); !errors.Is(err, context.Canceled) || time.Since(start) != time.Minute {
			t.Errorf("whose caller has gone: %v after %s", err, time.Since(start))
		}
	})
}

// everyIn has Every call a function that takes a while, and returns when it
// was called so far.
func everyIn(t *testing.T, s *system.System, took time.Duration) (calls func() []time.Duration) {
	start := s.Clock()
	var mu sync.Mutex
	var at []time.Duration
	go s.Every(t.Context(), time.Second, time.Minute, func(ctx context.Context) {
		mu.Lock()
		at = append(at, s.Clock().Sub(start))
		mu.Unlock()
		select {
		case <-time.After(took):
		case <-ctx.Done():
		}
	})
	synctest.Wait()
	return func() []time.Duration {
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(at)
	}
}

func TestEvery(t *testing.T) {
	for took, want := range map[time.Duration][]time.Duration{
		0:                {time.Second, 61 * time.Second, 121 * time.Second},
		90 * time.Second: {time.Second, 91 * time.Second, 181 * time.Second}, // what came due meanwhile is one call
	} {
		synctest.Test(t, func(t *testing.T) {
			calls := everyIn(t, system.Real(), took)
			time.Sleep(want[2] + time.Millisecond)
			if got := calls(); !slices.Equal(got, want) {
				t.Errorf("called after %s, want %s", got, want)
			}
		})
	}
}

func TestAMovedClockFiresTimers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var clock system.Movable
		s := clock.System()
		elapsed := s.Elapsed()
		calls := everyIn(t, s, 0)
		begin := clock.Now()
		clock.Advance(24 * time.Hour)
		if got := calls(); !slices.Equal(got, []time.Duration{24 * time.Hour}) {
			t.Fatalf("moved by a day, it was called after %s", got)
		}
		clock.Advance(59 * time.Second)
		if got := calls(); len(got) != 1 {
			t.Fatalf("called too soon: %s", got)
		}
		time.Sleep(time.Second)
		if got := calls(); len(got) != 2 {
			t.Fatalf("what is left after a move does not go by: %s", got)
		}
		clock.Set(begin)
		if now := clock.Now(); !now.Equal(begin) {
			t.Errorf("the clock shows %s, was set to %s", now, begin)
		}
		time.Sleep(time.Minute)
		if got := calls(); len(got) != 3 {
			t.Errorf("a clock that was set back stops what waits: %s", got)
		}
		if d := s.Elapsed() - elapsed; d != 61*time.Second {
			t.Errorf("%s went by, want 61s: it follows the moved clock", d)
		}
	})
}

func TestMovableTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var clock system.Movable
		timer := clock.System().NewTimer(time.Hour)
		fired := func() bool {
			synctest.Wait()
			select {
			case <-timer.Chan():
				return true
			default:
				return false
			}
		}
		if clock.Advance(time.Hour); !fired() || fired() {
			t.Error("it does not fire once")
		}
		if timer.Stop() || timer.Reset(time.Hour) {
			t.Error("one that fired is told to wait")
		}
		if !timer.Reset(2*time.Hour) || !timer.Stop() {
			t.Error("one that waits is told not to")
		}
		if clock.Advance(3 * time.Hour); fired() {
			t.Error("a stopped one fires")
		}
		timer.Reset(time.Hour)
		clock.Advance(time.Hour)
		if timer.Reset(time.Minute); fired() {
			t.Error("what fired before Reset is received after it")
		}
		if time.Sleep(time.Minute); !fired() {
			t.Error("it does not fire once its time has really gone by")
		}
		timer.Reset(time.Hour)
		clock.Advance(30 * time.Minute)
		if time.Sleep(30*time.Minute - 1); fired() {
			t.Error("it fires too soon")
		}
		if time.Sleep(time.Nanosecond); !fired() {
			t.Error("it does not fire after the rest of its time")
		}
		timer.Reset(time.Hour)
		timer.Stop()
	})
}

func TestAMovedClockDoesNotFireCountdowns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var clock system.Movable
		start, called := time.Now(), time.Duration(0)
		system.CountdownFunc(time.Minute, func() { called = time.Since(start) })
		timer := system.Countdown(time.Minute)
		clock.Advance(time.Hour)
		<-timer.C
		if synctest.Wait(); called != time.Minute || time.Since(start) != time.Minute || !system.Machine().Equal(time.Now()) {
			t.Errorf("fired after %s and %s", called, time.Since(start))
		}
	})
}

func TestJitterAndShuffle(t *testing.T) {
	s := system.Real()
	var low, high bool
	for range 200 {
		d := s.Jitter(time.Second)
		if d < 0 || d >= time.Second || s.Int63() < 0 {
			t.Fatalf("%s", d)
		}
		low, high = low || d < time.Second/4, high || d > 3*time.Second/4
	}
	if !low || !high || s.Jitter(0) != 0 || s.Jitter(-1) != 0 {
		t.Error("it is not spread over the whole")
	}
	ids := make([]int, 100)
	for i := range ids {
		ids[i] = i
	}
	first := slices.Clone(ids)
	s.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	if slices.Equal(first, ids) {
		t.Error("the order stays")
	}
	if slices.Sort(ids); !slices.Equal(first, ids) {
		t.Error("something was lost")
	}
}

func BenchmarkNow(b *testing.B) {
	var clock system.Movable
	for name, s := range map[string]*system.System{"real": system.Real(), "movable": clock.System()} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = s.Now()
			}
		})
		b.Run(name+"/elapsed", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = s.Elapsed()
			}
		})
	}
}
