// Package limit bounds how often something may be tried, and by whom: guesses
// at passwords and requests for emails, which all processes on a database
// count together, and what each process counts by itself.
package limit

import (
	"container/list"
	"crypto/sha256"
	"sync"
	"time"

	"clientele/internal/system"
)

// Guard counts attempts per key within a window of time, against floods. It
// remembers a bounded number of keys, the longest unused window going first,
// and counts per process.
type Guard struct {
	sys    *system.System
	limit  int
	window time.Duration
	size   int

	mu    sync.Mutex
	keys  map[[sha256.Size]byte]*list.Element
	order *list.List // of *attempts, by start
}

type attempts struct {
	key   [sha256.Size]byte
	start time.Time
	n     int
}

// NewGuard returns a Guard that admits limit attempts per key and window and
// remembers at most size keys.
func NewGuard(sys *system.System, limit int, window time.Duration, size int) *Guard {
	return &Guard{sys: sys, limit: limit, window: window, size: size, keys: map[[sha256.Size]byte]*list.Element{}, order: list.New()}
}

// Take counts an attempt. If there were too many it returns how long to wait,
// and the attempt is not to be made.
func (g *Guard) Take(key string) (wait time.Duration) {
	k := sha256.Sum256([]byte(key))
	now := g.sys.Clock()
	g.mu.Lock()
	defer g.mu.Unlock()
	if a, left := g.running(k, now); left > 0 {
		if a.n >= g.limit {
			return left
		}
		a.n++
		return 0
	}
	if e := g.keys[k]; e != nil {
		g.drop(e)
	}
	if g.order.Len() >= g.size {
		g.drop(g.order.Front())
	}
	g.keys[k] = g.order.PushBack(&attempts{key: k, start: now, n: 1})
	return 0
}

// Wait returns how long to wait for another attempt, without making one.
func (g *Guard) Wait(key string) time.Duration {
	k := sha256.Sum256([]byte(key))
	g.mu.Lock()
	defer g.mu.Unlock()
	if a, left := g.running(k, g.sys.Clock()); left > 0 && a.n >= g.limit {
		return left
	}
	return 0
}

// running returns the attempts of a key and what is left of their window; 0: it
// does not run.
func (g *Guard) running(k [sha256.Size]byte, now time.Time) (*attempts, time.Duration) {
	e := g.keys[k]
	if e == nil {
		return nil, 0
	}
	a := e.Value.(*attempts)
	if age := now.Sub(a.start); age >= 0 && age < g.window {
		return a, g.window - age
	}
	return a, 0
}

func (g *Guard) drop(e *list.Element) {
	delete(g.keys, e.Value.(*attempts).key)
	g.order.Remove(e)
}
