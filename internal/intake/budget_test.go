package intake

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"clientele/internal/fault"
)

// taking tells whether a claim is granted without waiting.
func taking(b *budget, who string, n int64) bool {
	return b.take(context.Background(), owner{name: who}, n, 0) == nil
}

func TestNobodyTakesAll(t *testing.T) {
	b := newBudget(100, 40)
	for range 4 {
		if !taking(b, "a", 10) {
			t.Fatal("a share is not all there")
		}
	}
	if taking(b, "a", 1) {
		t.Error("more than a share")
	}
	if !taking(b, "b", 40) || !taking(b, "c", 20) {
		t.Error("others have theirs")
	}
	if taking(b, "c", 1) {
		t.Error("more than there is")
	}
	if err := b.take(context.Background(), owner{name: "d"}, 41, time.Hour); fault.As(err) == nil || fault.As(err).RetryAfter == 0 {
		t.Errorf("more than any share: %v", err)
	}
	for range 4 {
		b.give(owner{name: "a"}, 10)
	}
	b.give(owner{name: "b"}, 40)
	b.give(owner{name: "c"}, 20)
	if b.inUse() != 0 || len(b.owners) != 0 || b.queue.Len() != 0 {
		t.Errorf("%d in use by %d", b.inUse(), len(b.owners))
	}
}

// Who waits for its own share is in nobody else's way, who waits for what all
// share comes in order, and who waits too long is told.
func TestWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(100, 60)
		var mu sync.Mutex
		var order []string
		take := func(name, who string, n int64, wait time.Duration) {
			go func() {
				err := b.take(t.Context(), owner{name: who}, n, wait)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					name += " not"
				}
				order = append(order, name)
			}()
			synctest.Wait()
		}
		told := func(want ...string) {
			t.Helper()
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			if len(order) != len(want) {
				t.Fatalf("%v, want %v", order, want)
			}
			for i := range want {
				if order[i] != want[i] {
					t.Fatalf("%v, want %v", order, want)
				}
			}
			order = nil
		}
		take("a1", "a", 60, 0)
		take("a2", "a", 30, time.Minute) // for its own share
		take("b1", "b", 30, 0)
		told("a1", "b1")
		take("c1", "c", 20, time.Minute) // for all
		take("d1", "d", 10, 2*time.Second)
		told()
		time.Sleep(3 * time.Second)
		told("d1 not") // behind c1, though it would fit
		b.give(owner{name: "b"}, 30)
		told("c1")
		b.give(owner{name: "a"}, 60)
		told("a2")
		take("e1", "e", 60, time.Second) // more than is left
		take("e2", "e", 50, time.Minute)
		time.Sleep(2 * time.Second)
		told("e1 not", "e2")
		b.give(owner{name: "a"}, 30)
		b.give(owner{name: "c"}, 20)
		b.give(owner{name: "e"}, 50)
		if b.inUse() != 0 || len(b.owners) != 0 {
			t.Errorf("%d in use by %d", b.inUse(), len(b.owners))
		}
	})
}

func TestGoneClientsTakeNothing(t *testing.T) {
	b := newBudget(10, 10)
	if !taking(b, "a", 10) {
		t.Fatal()
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.take(ctx, owner{name: "b"}, 5, time.Hour); err == nil {
		t.Error("granted")
	}
	b.give(owner{name: "a"}, 10)
	if b.inUse() != 0 || len(b.owners) != 0 {
		t.Errorf("%d in use by %d", b.inUse(), len(b.owners))
	}
}

// Whatever happens at once, no bound is passed and nothing is lost.
func TestBudgetHolds(t *testing.T) {
	const most, share = 1000, 300
	b := newBudget(most, share)
	var all atomic.Int64
	var own [8]atomic.Int64
	var wg sync.WaitGroup
	for g := range 32 {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(g), 1))
			for range 500 {
				i, n := rng.IntN(len(own)), 1+rng.Int64N(share)
				who := owner{store: int64(i)}
				if b.take(t.Context(), who, n, time.Duration(rng.IntN(3))*100*time.Microsecond) != nil {
					continue
				}
				if all.Add(n) > most || own[i].Add(n) > share {
					t.Error("a bound is passed")
				}
				all.Add(-n)
				own[i].Add(-n)
				b.give(who, n)
			}
		})
	}
	wg.Wait()
	if b.inUse() != 0 || len(b.owners) != 0 || b.queue.Len() != 0 {
		t.Errorf("%d in use by %d, %d wait", b.inUse(), len(b.owners), b.queue.Len())
	}
}
