package app

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"clientele/internal/sqldb"
	"clientele/internal/system"
)

func TestEraserErasesSoonAndNotTooOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex // for the race detector, which knows nothing of this clock
		times, err := 0, error(nil)
		set := func(n int, e error) {
			mu.Lock()
			defer mu.Unlock()
			times, err = n, e
		}
		e := &eraser{sys: system.Real(), wake: make(chan struct{}, 1), log: slog.New(slog.DiscardHandler), erase: func(context.Context) error {
			mu.Lock()
			defer mu.Unlock()
			times++
			return err
		}}
		ctx, cancel := context.WithCancel(t.Context())
		go e.run(ctx)
		after := func(d time.Duration, want int) {
			t.Helper()
			time.Sleep(d)
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			if times != want {
				t.Errorf("erased %d times, want %d", times, want)
			}
		}
		after(9*time.Second, 0)
		after(2*time.Second, 1) // what was left
		after(30*time.Minute, 1)
		for range 9 {
			e.heard()
			after(time.Second, 1)
		}
		after(2*time.Second, 2)
		after(time.Minute, 2)
		// It is tried again until it succeeds.
		for _, failure := range []error{sqldb.ErrBusy, errors.New("disk full")} {
			set(0, failure)
			e.heard()
			after(35*time.Second, 3)
			set(3, nil)
			after(10*time.Second, 4)
			after(time.Minute, 4)
		}
		set(0, nil)
		after(time.Hour, 1)
		cancel()
		e.heard()
		after(2*time.Hour, 1)
	})
}
