package password

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

// lineUp is a queue whose places are all taken, and who was served since.
type lineUp struct {
	t      *testing.T
	q      *queue
	mu     sync.Mutex
	served []string
	failed map[string]error
}

func newLineUp(t *testing.T, places int) *lineUp {
	l := &lineUp{t: t, q: newQueue(places), failed: map[string]error{}}
	for range places {
		if err := l.q.enter(t.Context(), Party{}, false, false); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

// join has somebody wait, be served, and go. It returns once they wait.
func (l *lineUp) join(ctx context.Context, name string, who Party, large, begun bool) {
	go func() {
		err := l.q.enter(ctx, who, large, begun)
		l.mu.Lock()
		if err != nil {
			l.failed[name] = err
		} else {
			l.served = append(l.served, name)
		}
		l.mu.Unlock()
		if err == nil {
			l.q.leave(large)
		}
	}()
	synctest.Wait()
}

// crowd has n of a party wait.
func (l *lineUp) crowd(n int, who Party) {
	for i := range n {
		l.join(l.t.Context(), fmt.Sprint(who.Name, i), who, false, false)
	}
}

// run gives the places back and returns in which order all were served.
func (l *lineUp) run() []string {
	l.t.Helper()
	for range l.q.places {
		l.q.leave(false)
		synctest.Wait()
	}
	l.idle()
	return l.served
}

func (l *lineUp) idle() {
	l.t.Helper()
	q := l.q
	if q.free != q.places || q.waiting != 0 || q.large {
		l.t.Errorf("%d places are free, %d wait, large %v", q.free, q.waiting, q.large)
	}
	for i := range q.classes {
		if c := &q.classes[i]; c.n != 0 || len(c.shops.by) != 0 || c.shops.order.Len() != 0 {
			l.t.Errorf("class %d keeps %d, stores %v", i, c.n, c.shops.by)
		}
	}
}

func TestQueueTakesTurns(t *testing.T) {
	for _, c := range []struct {
		name string
		join func(l *lineUp)
		want string
	}{
		{"first come, first served", func(l *lineUp) { l.crowd(4, Party{1, "a", false}) }, "a0 a1 a2 a3"},
		{"addresses", func(l *lineUp) {
			l.crowd(4, Party{1, "a", false})
			l.crowd(2, Party{1, "b", false})
			l.crowd(1, Party{1, "c", false})
		}, "a0 b0 c0 a1 b1 a2 a3"},
		{"stores", func(l *lineUp) {
			l.crowd(2, Party{1, "a", false})
			l.crowd(2, Party{1, "b", false})
			l.crowd(2, Party{2, "c", false})
		}, "a0 c0 b0 c1 a1 b1"},
		{"one name in two stores", func(l *lineUp) {
			l.crowd(3, Party{1, "a", false})
			l.join(l.t.Context(), "other", Party{2, "a", false}, false, false)
		}, "a0 other a1 a2"},
		{"known addresses have every second place", func(l *lineUp) {
			l.crowd(4, Party{1, "a", false})
			l.crowd(3, Party{1, "k", true})
			l.crowd(1, Party{1, "m", true})
		}, "k0 a0 m0 a1 k1 a2 k2 a3"},
		{"much memory one at a time", func(l *lineUp) {
			l.q.large = true // somebody's, who has a place
			l.join(l.t.Context(), "large", Party{1, "a", false}, true, false)
			l.join(l.t.Context(), "after", Party{1, "a", false}, false, false)
			l.crowd(2, Party{1, "b", false})
		}, "b0 b1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLineUp(t, 1)
				c.join(l)
				if c.name != "much memory one at a time" {
					if got := strings.Join(l.run(), " "); got != c.want {
						t.Errorf("served %s, want %s", got, c.want)
					}
					return
				}
				l.q.leave(false)
				synctest.Wait()
				if got := strings.Join(l.served, " "); got != c.want {
					t.Errorf("served %s, want %s", got, c.want)
				}
				if err := l.q.enter(t.Context(), Party{}, false, false); err != nil {
					t.Error(err)
				}
				l.q.leave(true)
				synctest.Wait()
				l.idle()
				if got := strings.Join(l.served, " "); got != c.want+" large after" {
					t.Errorf("then served %s", got)
				}
			})
		})
	}
}

func TestQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLineUp(t, 1)
		a := Party{1, "a", false}
		l.crowd(waitingPerPlace, a)
		for i := range 3 {
			err := l.q.enter(t.Context(), a, false, false)
			if full := (fullError{}); !errors.As(err, &full) || full.waiting != waitingPerPlace {
				t.Fatalf("%d beyond the bound: %v", i, err)
			}
		}
		// Who has fewer waiting is let in at the cost of the last of those with
		// most; another store as well.
		l.join(t.Context(), "b", Party{1, "b", false}, false, false)
		l.join(t.Context(), "c", Party{2, "c", false}, false, false)
		// The share of known addresses is theirs.
		l.crowd(waitingPerPlace, Party{1, "k", true})
		// What has begun goes on.
		l.join(t.Context(), "begun", a, false, true)
		if len(l.failed) != 2 || l.failed["a63"] == nil || l.failed["a62"] == nil {
			t.Errorf("turned away: %v", l.failed)
		}
		served := l.run()
		if len(served) != 2*waitingPerPlace+1 {
			t.Errorf("%d were served", len(served))
		}
		for _, name := range []string{"b", "c"} {
			if at := slices.Index(served, name); at < 0 || at > 6 {
				t.Errorf("%s was number %d", name, at)
			}
		}
	})
}

// A crowd of which each has one waiting turns away nobody who waits.
func TestQueueKeepsWhoWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLineUp(t, 1)
		for i := range waitingPerPlace {
			l.crowd(1, Party{1, fmt.Sprint("p", i, "."), false})
		}
		for _, who := range []Party{{1, "new", false}, {1, "p1.", false}} {
			if err := l.q.enter(t.Context(), who, false, false); !errors.As(err, new(fullError)) {
				t.Errorf("%v: %v", who, err)
			}
		}
		// Another store has its share.
		for i := range 10 {
			l.join(t.Context(), fmt.Sprint("other", i), Party{2, "x", false}, false, false)
		}
		if len(l.failed) != 10 {
			t.Errorf("turned away: %v", l.failed)
		}
		if served := l.run(); len(served) != waitingPerPlace || slices.Index(served, "other9") > 20 {
			t.Errorf("served %v", served)
		}
	})
}

func TestQueueLetsGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLineUp(t, 1)
		ctx, cancel := context.WithCancel(t.Context())
		l.crowd(1, Party{1, "a", false})
		l.join(ctx, "gone", Party{1, "b", false}, false, false)
		l.join(ctx, "gone too", Party{2, "b", true}, false, false)
		l.crowd(1, Party{1, "c", false})
		cancel()
		synctest.Wait()
		if l.q.waiting != 2 || l.q.classes[0].n != 0 {
			t.Errorf("%d wait yet", l.q.waiting)
		}
		if !errors.Is(l.failed["gone"], context.Canceled) || !errors.Is(l.failed["gone too"], context.Canceled) {
			t.Errorf("%v", l.failed)
		}
		if err := l.q.enter(ctx, Party{}, false, false); !errors.Is(err, context.Canceled) || l.q.waiting != 2 {
			t.Errorf("came when it had gone: %v, %d wait", err, l.q.waiting)
		}
		if got := strings.Join(l.run(), " "); got != "a0 c0" {
			t.Errorf("served %s", got)
		}
	})
}

// Whoever comes, gives up and goes in whatever order: nobody is forgotten, no
// place is lost, and no more are given out than there are.
func TestQueueLosesNobody(t *testing.T) {
	l := &lineUp{t: t, q: newQueue(3)}
	var wg sync.WaitGroup
	var mu sync.Mutex
	have, large := 0, 0
	for i := range 64 {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(1, uint64(i)))
			for range 200 {
				ctx, cancel := context.WithCancel(t.Context())
				big := rng.IntN(4) == 0
				if rng.IntN(3) == 0 {
					go cancel()
				}
				err := l.q.enter(ctx, Party{rng.Int64N(3), fmt.Sprint(rng.IntN(5)), rng.IntN(2) == 0}, big, rng.IntN(5) == 0)
				if err == nil {
					mu.Lock()
					if have++; big {
						large++
					}
					if have > 3 || large > 1 {
						t.Errorf("%d have a place, %d of them a large one", have, large)
					}
					mu.Unlock()
					runtime.Gosched()
					mu.Lock()
					if have--; big {
						large--
					}
					mu.Unlock()
					l.q.leave(big)
				} else if !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
				cancel()
			}
		})
	}
	wg.Wait()
	l.idle()
}
