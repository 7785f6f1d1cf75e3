package figure

import (
	"sync"

	"clientele/internal/sqldb"
)

// today has what was counted of the day that goes on, where that is much, such as
// of an import: it is not counted again each time somebody looks.
type today struct {
	mu   sync.Mutex
	kept map[dayKey]soFar
}

type dayKey struct {
	store int64
	kind  Kind
}

// soFar is how much happened on a day before a time.
type soFar struct {
	day, until, n int64
}

const (
	// keepFrom is how much is worth keeping.
	keepFrom = 2000
	// unsettled is for how many seconds writes may still come that were begun
	// before: the last ones are counted each time.
	unsettled = 60
	// maxKept bounds what is kept; then it begins anew.
	maxKept = 10_000
)

// of returns what is kept of a day, or that nothing was counted since it began.
func (t *today) of(storeID int64, k Kind, day, begin, now int64) soFar {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s := t.kept[dayKey{storeID, k}]; s.day == day && s.until >= begin && s.until <= now {
		return s
	}
	return soFar{day: day, until: begin}
}

func (t *today) keep(storeID int64, k Kind, s soFar) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.kept == nil || len(t.kept) >= maxKept {
		t.kept = map[dayKey]soFar{}
	}
	t.kept[dayKey{storeID, k}] = s
}

// keepToday keeps what was counted since what is kept already, if it is much. The
// last sign-in of a customer moves on, so these are not kept.
func (s *Service) keepToday(tx *sqldb.Tx, storeID, day, now int64, counted []int64, kept []soFar) error {
	until := now - unsettled
	var qs []sqldb.Q
	more := make([]int64, len(counted))
	for i, n := range counted {
		if n >= keepFrom && closed[i] != SignIns && until > kept[i].until {
			qs = append(qs, s.sources[closed[i]](kept[i].until, until, &more[i]))
		}
	}
	if len(qs) == 0 {
		return nil
	}
	if err := tx.Pipeline(qs...); err != nil {
		return err
	}
	for i, n := range more {
		if n > 0 {
			s.today.keep(storeID, closed[i], soFar{day, until, kept[i].n + n})
		}
	}
	return nil
}
