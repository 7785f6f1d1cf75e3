package bench

import (
	"sync/atomic"
	"time"
)

// meter counts what many goroutines finish within a stretch of time. Counting
// all together, rather than each one's pace, is right for unfair locks too,
// where one client runs at full speed while the others stand still.
type meter struct {
	begin, end time.Time
	least      int64 // slow work goes on until so much is done
	n          atomic.Int64
	all        atomic.Int64 // the warm-up and what came late too
	last       atomic.Int64 // nanoseconds after begin, once beyond end
}

func newMeter(warm, d time.Duration, clients int) *meter {
	begin := time.Now().Add(warm)
	return &meter{begin: begin, end: begin.Add(d), least: int64(clients)}
}

// more reports whether to do one more, having finished the last one now.
func (m *meter) more(now time.Time) bool { return now.Before(m.end) || m.n.Load() < m.least }

// done counts one that was finished now.
func (m *meter) done(now time.Time) {
	m.all.Add(1)
	switch {
	case now.Before(m.begin):
	case now.Before(m.end):
		m.n.Add(1)
	case m.n.Load() < m.least:
		m.n.Add(1)
		m.last.Store(int64(now.Sub(m.begin)))
	}
}

// pace is how fast something was done.
type pace struct {
	rate float64 // a second
	all  int64   // how many were done, the warm-up included
}

func (m *meter) pace() pace {
	took := max(m.end.Sub(m.begin), time.Duration(m.last.Load()))
	return pace{float64(m.n.Load()) / took.Seconds(), m.all.Load()}
}
