package segment_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"clientele/internal/customer"
	"clientele/internal/opt"
	"clientele/internal/pace"
	"clientele/internal/segment"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/system"
)

// paced gives the world a keeper whose builds give way to the requests of p.
func (w *ruled) paced(p *pace.Pace) {
	w.keeper = segment.NewKeeper(w.db, w.sys, w.customers, func(context.Context, int64) (*time.Location, error) { return w.zone, nil }, p)
}

// steps returns the steps of the build of a segment that was given a rule.
func (w *ruled) steps(s segment.Segment) func(context.Context) (bool, error) {
	w.t.Helper()
	var version int64
	if err := w.db.Read(w.t.Context(), w.a, func(tx *sqldb.Tx) error {
		return tx.Query(sqldb.Dynamic(`SELECT version FROM segment_rules WHERE store_id = $1 AND segment_id = $2`), func(r *sqldb.Row) error { version = r.Int(0); return nil }, s.ID)
	}); err != nil {
		w.t.Fatal(err)
	}
	return w.keeper.Building(w.a, s.ID, version)
}

// A build whose looks and writes are cut into pieces, as requests are answered all
// the time, finds the same.
func TestBuildGivesWay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newRuled(t, db)
		p := pace.New(system.Real())
		p.Enter()
		w.paced(p)
		for step := range int64(6) {
			s := w.segments(t, w.a, string(rune('A'+step)))
			w.keeper.SetStep(step + 1)
			w.put(s[0].UUID, segment.PutRule{Node: w.parse(`id != 3`)})
			w.build()
			w.want("all", s[0].UUID, 1, 2, 4, 5, 6, 7, 8, 9, 10)
			w.put(s[0].UUID, segment.PutRule{Node: w.parse(`id IN (3, 7)`)})
			w.build()
			w.want("another rule", s[0].UUID, 3, 7)
		}
	})
}

// Whoever changes between the look of a build and its write is looked at again,
// though nobody marks them for it any more, in the last of several transactions
// too.
func TestBuildLooksAgain(t *testing.T) {
	for _, bite := range []int{5, 1} {
		t.Run(strconv.Itoa(bite), func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, db *sqldb.DB) { buildLooksAgain(t, db, bite) })
		})
	}
}

func buildLooksAgain(t *testing.T, db *sqldb.DB, bite int) {
	w := newRuled(t, db)
	calls, change := 0, func() {}
	p := pace.New(&system.System{Monotonic: func() time.Duration {
		if calls--; calls == 0 {
			change()
		}
		return time.Hour
	}})
	w.paced(p)
	s := w.segments(t, w.a, "Named")
	w.keeper.SetStep(5)
	w.keeper.SetBite(bite)
	w.put(s[0].UUID, segment.PutRule{Node: w.parse(`company IS NULL`)})
	next := w.steps(s[0])
	if done, err := next(t.Context()); done || err != nil {
		t.Fatal(done, err)
	}
	w.want("before", s[0].UUID, 1, 2, 3, 4, 5)
	changed := false
	// The time is asked for before a look and after it.
	calls, change = 2, func() {
		changed = true
		w.update(customer.Update{ID: 7, Company: opt.Some("X")})
		if err := w.keeper.KeepAll(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if done, err := next(t.Context()); done || err != nil || !changed {
		t.Fatal(done, err, changed)
	}
	w.want("after", s[0].UUID, 1, 2, 3, 4, 5, 6, 8, 9, 10)
}
