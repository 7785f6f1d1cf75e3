package password

import (
	"container/list"
	"context"
	"sync"
)

// Party is who asks for a hash. Those who wait are served in turns by store,
// and within a store by party, so that nobody waits for the crowd of somebody
// else.
type Party struct {
	StoreID int64 // 0: the program itself
	// Name is the client's address or the API account.
	Name string
	// Known tells that the client proved before, from there, to be who it says
	// it is. A share of places and queue is kept for them.
	Known bool
}

// waitingPerPlace bounds how many wait for each place, of those known and of
// the others. At 60 ms a hash the last one waits for four seconds.
const waitingPerPlace = 64

// queue hands out places. Those who wait stand in two classes, the known ones
// and the others, which take turns where both have somebody waiting and each of
// which has its own bound.
type queue struct {
	places int

	mu      sync.Mutex
	free    int
	large   bool // somebody who takes much memory has a place
	waiting int
	turn    int // the class that is next
	classes [2]class
}

// class holds those who wait, by store and by party.
type class struct {
	bound int
	n     int
	shops rota[int64, *shop]
}

type shop struct {
	id    int64
	n     int // who wait
	lines rota[string, *line]
}

// line is one party's, first come, first served.
type line struct {
	name    string
	waiters *list.List // of *waiter
}

// waiter waits for a place.
type waiter struct {
	in      *class
	shop    *shop
	line    *line
	at      *list.Element
	large   bool // takes much memory
	begun   bool // goes on with what it began, which is never refused
	granted chan error
}

// rota holds things by key and takes turns with them.
type rota[K comparable, V any] struct {
	by    map[K]*list.Element
	order *list.List
}

func newRota[K comparable, V any]() rota[K, V] { return rota[K, V]{map[K]*list.Element{}, list.New()} }

// get returns the thing with a key, which fresh makes where there is none.
func (r *rota[K, V]) get(key K, fresh func() V) V {
	e := r.by[key]
	if e == nil {
		e = r.order.PushBack(fresh())
		r.by[key] = e
	}
	return e.Value.(V)
}

// served puts the thing behind all others, or drops it where nobody is left.
func (r *rota[K, V]) served(key K, left int) {
	if left > 0 {
		r.order.MoveToBack(r.by[key])
		return
	}
	r.drop(key)
}

func (r *rota[K, V]) drop(key K) {
	r.order.Remove(r.by[key])
	delete(r.by, key)
}

func newQueue(places int) *queue {
	q := &queue{places: places, free: places}
	for i := range q.classes {
		q.classes[i] = class{bound: places * waitingPerPlace, shops: newRota[int64, *shop]()}
	}
	return q
}

// fullError: too many wait already.
type fullError struct{ waiting int }

func (fullError) Error() string { return "password: too many wait for a hash" }

// enter waits for a place. It is a fullError where too many wait. Who stops
// waiting, because ctx ends, leaves the queue at once.
func (q *queue) enter(ctx context.Context, who Party, large, begun bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w := &waiter{large: large, begun: begun, granted: make(chan error, 1)}
	q.mu.Lock()
	if !q.admit(who, w) {
		err := fullError{q.waiting}
		q.mu.Unlock()
		return err
	}
	q.push(who, w)
	q.dispatch()
	q.mu.Unlock()
	select {
	case err := <-w.granted:
		return err
	case <-ctx.Done():
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	select {
	case err := <-w.granted: // at the same moment
		if err == nil {
			q.free++
			q.large = q.large && !large
			q.dispatch()
		}
	default:
		q.remove(w)
	}
	return ctx.Err()
}

// leave gives a place back.
func (q *queue) leave(large bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.free++
	q.large = q.large && !large
	q.dispatch()
}

func (q *queue) class(who Party) *class {
	if who.Known {
		return &q.classes[0]
	}
	return &q.classes[1]
}

// admit reports whether there is room for one more. In a full class it makes
// room at the cost of the store that has most waiting, and of its party that
// has, as long as the newcomer's then has no more than they keep.
func (q *queue) admit(who Party, w *waiter) bool {
	c := q.class(who)
	if w.begun || c.n < c.bound || q.free > 0 && !(w.large && q.large) {
		return true
	}
	var mine, most *shop
	for e := c.shops.order.Front(); e != nil; e = e.Next() {
		s := e.Value.(*shop)
		if s.id == who.StoreID {
			mine = s
		}
		if most == nil || s.n > most.n {
			most = s
		}
	}
	have := 0
	if mine != nil {
		have = mine.n
	}
	within := most == mine
	if !within && most.n <= have+1 {
		// No other store has more than its share: it is among this one's own.
		if mine == nil {
			return false
		}
		most, within = mine, true
	}
	own, longest := 0, (*line)(nil)
	for e := most.lines.order.Front(); e != nil; e = e.Next() {
		l := e.Value.(*line)
		if within && l.name == who.Name {
			own = l.waiters.Len()
		}
		if longest == nil || l.waiters.Len() > longest.waiters.Len() {
			longest = l
		}
	}
	if within && longest.waiters.Len() <= own+1 {
		return false
	}
	for e := longest.waiters.Back(); e != nil; e = e.Prev() {
		if last := e.Value.(*waiter); !last.begun {
			err := fullError{q.waiting}
			q.remove(last)
			last.granted <- err
			return true
		}
	}
	return false
}

func (q *queue) push(who Party, w *waiter) {
	w.in = q.class(who)
	w.shop = w.in.shops.get(who.StoreID, func() *shop { return &shop{id: who.StoreID, lines: newRota[string, *line]()} })
	w.line = w.shop.lines.get(who.Name, func() *line { return &line{who.Name, list.New()} })
	w.at = w.line.waiters.PushBack(w)
	q.count(w, 1)
}

func (q *queue) count(w *waiter, by int) {
	q.waiting += by
	w.in.n += by
	w.shop.n += by
}

// remove takes out who gave up or was turned away. Whose turn it is stays as
// it is.
func (q *queue) remove(w *waiter) {
	w.line.waiters.Remove(w.at)
	q.count(w, -1)
	if w.line.waiters.Len() == 0 {
		w.shop.lines.drop(w.line.name)
	}
	if w.shop.n == 0 {
		w.in.shops.drop(w.shop.id)
	}
}

// dispatch gives the free places to those whose turn it is.
func (q *queue) dispatch() {
	for q.free > 0 {
		w := q.next()
		if w == nil {
			return
		}
		q.free--
		q.large = q.large || w.large
		w.granted <- nil
	}
}

// next takes out who is next, nil where nobody can be.
func (q *queue) next() *waiter {
	for range q.classes {
		c := &q.classes[q.turn]
		q.turn = (q.turn + 1) % len(q.classes)
		for e := c.shops.order.Front(); e != nil; e = e.Next() {
			if w := q.first(e.Value.(*shop)); w != nil {
				w.line.waiters.Remove(w.at)
				q.count(w, -1)
				w.shop.lines.served(w.line.name, w.line.waiters.Len())
				c.shops.served(w.shop.id, w.shop.n)
				return w
			}
		}
	}
	return nil
}

// first returns who is next in a store. Those that take much memory have a
// place one at a time, or memory would not be bounded; until then others go
// first.
func (q *queue) first(s *shop) *waiter {
	for e := s.lines.order.Front(); e != nil; e = e.Next() {
		if w := e.Value.(*line).waiters.Front().Value.(*waiter); !w.large || !q.large {
			return w
		}
	}
	return nil
}
