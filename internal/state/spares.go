package state

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"clientele/internal/sqldb"
	"clientele/internal/system"
)

// A store for one test holds thousands of rows, nearly all of which it has in
// common with the store that it is made from. So they are written beforehand,
// under an id of no store: a spare. To make a store then means to give the id a
// row in stores and those rows in which it differs. What a deleted store held is
// taken away afterwards in the same way.
//
// A row of schema_spares says of an id that it is one; whoever takes the row
// away has the id. Its date is 0 once its rows are to be taken away.

const (
	// maxWant bounds how many spares are kept ready of one content, and maxKinds of
	// how many.
	maxWant  = 16
	maxKinds = 3
	// spareBite bounds the rows of one transaction, spareRest is the pause after it:
	// others write meanwhile.
	spareBite = 400
	spareRest = time.Millisecond
)

var (
	allSpares    = sqldb.Global(`SELECT id FROM schema_spares ORDER BY id`)
	lastSpare    = sqldb.Global(`SELECT COALESCE(MAX(id), 0) FROM schema_spares`)
	insertSpare  = sqldb.Global(`INSERT INTO schema_spares (id, date_created) VALUES ($1, $2)`)
	takeSpare    = sqldb.Global(`DELETE FROM schema_spares WHERE id = $1 AND date_created > 0`)
	reclaimSpare = sqldb.Global(`DELETE FROM schema_spares WHERE id = $1`)
	holdSpare    = sqldb.Global(`UPDATE schema_spares SET date_created = date_created WHERE id = $1 AND date_created > 0`)
	holdOld      = sqldb.Global(`UPDATE schema_spares SET date_created = 0 WHERE id = $1`)
)

// kind is a content with the spares that have it.
type kind struct {
	early holding
	mold  int64 // an id whose rows others are copied from; 0: there is none yet
	ids   []int64
	want  int
	used  int64 // counts calls of spare
}

// pool is what is ready and what is to be done.
type pool struct {
	kinds []*kind
	old   []int64 // ids whose rows are to be taken away
	calls int64
	wake  chan struct{}
}

// seenAcross are tables in which some look for stores: nothing of a spare is in
// them.
var seenAcross = []string{"store_counters", "site_hosts", "staff_memberships"}

// settle finds the tables whose rows are written when a spare becomes a store:
// those in which it differs, and those that refer to them.
func (p *plan) settle(differ map[*table]bool) {
	for _, t := range p.stores() {
		t.late = differ[t]
		for _, of := range t.parents {
			t.late = t.late || of.of.late
		}
	}
}

// equal reports whether the early tables of two holdings have the same rows.
func (p *plan) equal(a, b holding) bool {
	for _, t := range p.stores() {
		if x, y := a.of(t), b.of(t); !t.late && x != y && !bytes.Equal(x.data, y.data) {
			return false
		}
	}
	return true
}

// spare returns an id that holds the early rows of a content, or 0, and one that
// they can be copied from, or 0; and it has more of them made.
func (s *Service) spare(h holding) (id, mold int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := &s.pool
	p.calls++
	i := slices.IndexFunc(p.kinds, func(k *kind) bool { return s.plan.equal(k.early, h) })
	if i < 0 {
		if len(p.kinds) == maxKinds {
			oldest := slices.MinFunc(p.kinds, func(a, b *kind) int { return int(a.used - b.used) })
			p.old = append(p.old, oldest.ids...)
			if oldest.mold != 0 {
				p.old = append(p.old, oldest.mold)
			}
			p.kinds = slices.DeleteFunc(p.kinds, func(k *kind) bool { return k == oldest })
		}
		p.kinds = append(p.kinds, &kind{early: h, want: 1})
		i = len(p.kinds) - 1
	}
	k := p.kinds[i]
	k.used = p.calls
	s.work()
	if len(k.ids) == 0 {
		k.want = min(2*k.want, maxWant)
		return 0, k.mold
	}
	id = k.ids[0]
	k.ids = k.ids[1:]
	return id, k.mold
}

// work has Run look for work. mu is held.
func (s *Service) work() {
	select {
	case s.pool.wake <- struct{}{}:
	default:
	}
}

// discard has the rows of ids taken away that are no store's.
func (s *Service) discard(ids ...int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pool.old = append(s.pool.old, ids...)
	s.work()
}

// nextID returns the id of the next store, or spare.
func nextID(tx *sqldb.Tx) (id int64, err error) {
	if err := sqldb.LockProgram(tx); err != nil {
		return 0, err
	}
	spare := int64(0)
	err = tx.Pipeline(
		sqldb.Q{Stmt: nextStore, Each: func(r *sqldb.Row) error { id = r.Int(0); return nil }},
		sqldb.Q{Stmt: lastSpare, Each: func(r *sqldb.Row) error { spare = r.Int(0); return nil }},
	)
	return max(id, spare+1), err
}

// reserve returns an id under which there is nothing, as a spare.
func (s *Service) reserve(ctx context.Context) (id int64, err error) {
	err = s.DB.WriteAgain(ctx, 0, func(tx *sqldb.Tx) (err error) {
		if id, err = nextID(tx); err != nil {
			return err
		}
		return tx.Exec(insertSpare, id, s.System.Now())
	})
	return id, err
}

// forsake makes the rows of a store those of none, to be taken away. The caller
// calls discard after the commit.
func (s *Service) forsake(tx *sqldb.Tx, id int64) error {
	for _, name := range seenAcross {
		if err := tx.In(id).Exec(s.plan.named[name].clear); err != nil {
			return err
		}
	}
	if err := tx.Exec(deleteStore, id); err != nil {
		return err
	}
	return tx.Exec(insertSpare, id, int64(0))
}

// Run makes spares and takes away what is left of stores, until ctx ends. Spares
// of a process before this one are taken away too.
func (s *Service) Run(ctx context.Context) {
	select {
	case <-s.ready:
	case <-ctx.Done():
		return
	}
	if s.wait(ctx) != nil {
		return
	}
	var left []int64
	if err := s.DB.Read(ctx, 0, func(tx *sqldb.Tx) error {
		left = left[:0]
		return tx.Query(allSpares, func(r *sqldb.Row) error { left = append(left, r.Int(0)); return nil })
	}); err == nil {
		s.discard(left...)
	}
	for {
		for s.step(ctx) {
		}
		select {
		case <-ctx.Done():
			return
		case <-s.pool.wake:
		}
	}
}

// step does one thing and reports whether there may be more.
func (s *Service) step(ctx context.Context) bool {
	s.mu.Lock()
	var missing *kind
	old := int64(0)
	for _, k := range s.pool.kinds {
		if len(k.ids) < k.want || k.mold == 0 {
			missing = k
		}
	}
	if missing == nil && len(s.pool.old) > 0 {
		old = s.pool.old[0]
		s.pool.old = s.pool.old[1:]
	}
	s.mu.Unlock()
	var err error
	switch {
	case missing != nil:
		err = s.makeSpare(ctx, missing)
	case old != 0:
		err = s.takeAway(ctx, old)
	default:
		return false
	}
	// An outage: who asks for a store next wakes this again.
	return err == nil && ctx.Err() == nil
}

// errGone: somebody has taken the id.
var errGone = errors.New("state: the id is somebody else's")

// biteOf runs a part of what is done to a spare, if it still is one.
func (s *Service) biteOf(ctx context.Context, id int64, hold *sqldb.Stmt, fn func(tx *sqldb.Tx) error) error {
	if err := s.DB.Write(ctx, id, func(tx *sqldb.Tx) error {
		n, err := tx.ExecCount(hold, id)
		if err == nil && n == 0 {
			err = errGone
		}
		if err != nil {
			return err
		}
		return fn(tx)
	}); err != nil {
		return err
	}
	return system.Pause(ctx, spareRest)
}

// cast copies the early rows of a mold to a transaction's store, unless somebody
// has taken them away.
func (s *Service) cast(tx *sqldb.Tx, mold int64) (bool, error) {
	if mold == 0 {
		return false, nil
	}
	if n, err := tx.ExecCount(holdSpare, mold); err != nil || n == 0 {
		return false, err
	}
	for _, t := range s.plan.stores() {
		if t.late {
			continue
		}
		if err := tx.In(mold).Exec(t.copy, tx.Store()); err != nil {
			return false, err
		}
	}
	return true, nil
}

// makeSpare makes a spare of a kind.
func (s *Service) makeSpare(ctx context.Context, k *kind) error {
	id, err := s.reserve(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	mold := k.mold
	s.mu.Unlock()
	for _, t := range s.plan.stores() {
		r := k.early.of(t)
		if t.late || r.len() == 0 {
			continue
		}
		if mold != 0 {
			if err := s.biteOf(ctx, id, holdSpare, func(tx *sqldb.Tx) error { return tx.In(mold).Exec(t.copy, id) }); err != nil {
				s.discard(id)
				return err
			}
			continue
		}
		all := make([]int, r.len())
		for i := range all {
			all[i] = i
		}
		for part := range slices.Chunk(all, spareBite) {
			if err := s.biteOf(ctx, id, holdSpare, func(tx *sqldb.Tx) error { return t.add(tx, s.plan.bulk, r, part) }); err != nil {
				s.discard(id)
				return err
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !slices.Contains(s.pool.kinds, k):
		s.pool.old = append(s.pool.old, id)
	case k.mold == 0:
		k.mold = id
	default:
		k.ids = append(k.ids, id)
	}
	return nil
}

// takeAway deletes the rows of an id that is no store's.
func (s *Service) takeAway(ctx context.Context, id int64) error {
	for _, t := range slices.Backward(s.plan.stores()) {
		err := s.biteOf(ctx, id, holdOld, func(tx *sqldb.Tx) error { return tx.Exec(t.clear) })
		if errors.Is(err, errGone) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return s.DB.Write(ctx, 0, func(tx *sqldb.Tx) error { return tx.Exec(reclaimSpare, id) })
}
