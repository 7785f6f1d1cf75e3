package webhook

import (
	"sync/atomic"
	"time"
)

// load tells how busy the process is with what others wait for. While more
// writers than cores wait for the database, somebody waits for an answer, and
// deliveries, for which nobody does, take a small share only: they fall behind
// and catch up later.
type load struct {
	writing func() int64         // writes that run or wait
	elapsed func() time.Duration // follows no moved clock
	idle    atomic.Bool          // no store has a hook

	commits atomic.Int64 // with events
	waiting atomic.Int64 // writers seen at commits, a moving mean times 256
	last    atomic.Int64 // commit, by elapsed

	// Of the loop that looks for work.
	allowed float64       // events that may be looked at while busy
	at      time.Duration // by elapsed
	seen    int64         // commits
}

const (
	// crowd is how many writers at once mean that they wait for each other.
	crowd = 4
	// share of the commits with events that are followed by an event's
	// delivery while writers wait, and the least a second.
	share     = 0.25
	leastRate = 250
	// busyGap is the least time between two looks for work while writers wait.
	busyGap = 25 * time.Millisecond
	// calm is how long after the last commit nobody is taken to wait any more.
	calm = 50 * time.Millisecond
)

// commit notes a commit with events.
func (l *load) commit() {
	l.commits.Add(1)
	mean := l.waiting.Load()
	l.waiting.Store(mean + (256*l.writing()-mean)/32) // a lost update does no harm
	l.last.Store(int64(l.elapsed()))
}

func (l *load) busy() bool {
	return l.waiting.Load() > crowd*256 && l.elapsed()-time.Duration(l.last.Load()) < calm
}

// pause is how long to wait before the next look for work.
func (l *load) pause() time.Duration {
	if l.busy() {
		return busyGap
	}
	return gap
}

// admit reports whether a batch of new events is to be delivered now.
func (l *load) admit(batch int64) bool {
	now, commits := l.elapsed(), l.commits.Load()
	l.allowed += share*float64(commits-l.seen) + leastRate*min(now-l.at, time.Second).Seconds()
	l.allowed = min(l.allowed, 2*eventBatch)
	l.at, l.seen = now, commits
	if !l.busy() {
		l.allowed = 0
		return true
	}
	if l.allowed < float64(batch) {
		return false
	}
	l.allowed -= float64(batch)
	return true
}
