package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// VersusRow is one case on two sides: Row's server is the side that is asked
// about, its floor the one that it is held against.
type VersusRow struct {
	*Row
	What    string // the side that is asked about
	Against string
	AtLeast float64 // of the speed of the other; 0: no target
}

// sizedCases are those that should depend on nothing but what they ask for.
var sizedCases = []string{caseGet, casePage, caseIncludes, caseEmail, caseCursor, caseSubscribers, caseValues, caseV2, caseDeep, caseCreate}

// measured is a row to come, and what is asked of a side for it.
type measured struct {
	row *VersusRow
	// begin prepares a side before its first run; nil: there is nothing to prepare.
	begin func(s *side) error
	rate  func(s *side, run int) (pace, error)
}

// spending is what one run of it has told.
type spending struct {
	pace pace
	cost cost
}

// once measures one run on one side.
func (b *bencher) once(ctx context.Context, m measured, s *side, run int) (out spending, err error) {
	if run == 0 && m.begin != nil {
		if err := m.begin(s); err != nil {
			return out, fmt.Errorf("%s: %w", m.row.Name, err)
		}
	}
	if out.pace, out.cost, err = b.spent(ctx, s, true, func() (pace, error) { return m.rate(s, run) }); err != nil {
		err = fmt.Errorf("%s: %w", m.row.Name, err)
	}
	return out, err
}

// note takes a run on both sides.
func (r *VersusRow) note(other, asked spending) {
	r.add(other.pace.rate, asked.pace.rate)
	r.spend(other.cost.server+other.cost.database, asked.cost)
}

func (b *bencher) told(r *VersusRow) {
	b.say("%-11s %s %8.0f/s  %s %8.0f/s  ratio %.2f  processor time %.0f and %.0f µs", r.Name, r.Against, r.Floor(), r.What, r.Server(), r.Ratio(), median(r.FloorTime), median(r.both()))
}

// inTurns measures each run on one side and then on the other, once the databases of
// both were read: else one that was measured before is in memory and the other is not.
func (b *bencher) inTurns(ctx context.Context, all []measured, other, asked *side) error {
	for _, s := range []*side{other, asked} {
		if err := readOnce(s.servers[0].database); err != nil {
			return err
		}
	}
	for _, m := range all {
		for run := range b.Runs {
			var got [2]spending
			for i, s := range []*side{other, asked} {
				var err error
				if got[i], err = b.once(ctx, m, s, run); err != nil {
					return err
				}
			}
			m.row.note(got[0], got[1])
		}
		b.told(m.row)
	}
	return nil
}

// apart measures all on one side and then all on the other, each once its database
// was read: memory may hold one of them and not both.
func (b *bencher) apart(ctx context.Context, all []measured, other, asked *side) error {
	var got [2][]spending
	for i, s := range []*side{other, asked} {
		if err := readOnce(s.servers[0].database); err != nil {
			return err
		}
		for _, m := range all {
			for run := range b.Runs {
				one, err := b.once(ctx, m, s, run)
				if err != nil {
					return err
				}
				got[i] = append(got[i], one)
			}
		}
	}
	for n, m := range all {
		for run := range b.Runs {
			m.row.note(got[0][n*b.Runs+run], got[1][n*b.Runs+run])
		}
		b.told(m.row)
	}
	return nil
}

// versusCases are the rows to come of cases by their names.
func (b *bencher) versusCases(ctx context.Context, names []string, what, against string, atLeast float64) (out []measured) {
	for _, k := range Cases {
		if slices.Contains(names, k.Name) {
			row := &VersusRow{Row: &Row{Case: k, Name: k.Name}, What: what, Against: against, AtLeast: atLeast}
			out = append(out, measured{row: row, rate: func(s *side, run int) (pace, error) { return b.serverRate(ctx, k, s, run) }})
		}
	}
	return out
}

// versus measures cases on two sides in turns.
func (b *bencher) versus(ctx context.Context, names []string, what, against string, atLeast float64, asked, other *side) ([]*VersusRow, error) {
	all := b.versusCases(ctx, names, what, against, atLeast)
	return rowsOf(all), b.inTurns(ctx, all, other, asked)
}

func rowsOf(all []measured) (out []*VersusRow) {
	for _, m := range all {
		out = append(out, m.row)
	}
	return out
}

// opened starts the server on a copy of data.
func (b *bencher) opened(ctx context.Context, d data, name string) (_ *child, end func(*error), err error) {
	dsn, drop, err := copyOf(ctx, d, name)
	if err != nil {
		return nil, nil, err
	}
	c, err := b.serve(ctx, dsn)
	if err != nil {
		drop(&err)
		return nil, nil, err
	}
	return c, func(err *error) { c.stop(); drop(err) }, nil
}

// readOnce reads a file of SQLite, which the system then holds in memory as far as it
// can. A database of PostgreSQL was just written.
func readOnce(dsn string) error {
	path, ok := strings.CutPrefix(dsn, "sqlite:")
	if !ok {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(io.Discard, f)
	return err
}

// bySize measures what should not depend on the size of a store. A second size
// that is larger is held against the first, and the other way round.
func (b *bencher) bySize(ctx context.Context, e engine, d data, res *EngineReport) (err error) {
	second, err := e.Load(ctx, 1, b.SecondSize, b.Progress)
	if err != nil {
		return err
	}
	one, end, err := b.opened(ctx, d, "sized")
	if err != nil {
		return err
	}
	defer end(&err)
	two, end2, err := b.opened(ctx, second, "sized")
	if err != nil {
		return err
	}
	defer end2(&err)
	if err := b.verify(ctx, two.addr, 0, b.SecondSize); err != nil {
		return fmt.Errorf("the second store is not right: %w", err)
	}
	large, small := b.side(one), &side{servers: []*child{two}, customers: b.SecondSize, stores: 1}
	if small.customers > large.customers {
		large, small = small, large
	}
	rows, err := b.versus(ctx, sizedCases, quantity(large.customers, "customers"), quantity(small.customers, "customers"), 0.5, large, small)
	res.Versus = append(res.Versus, rows...)
	return err
}

func quantity(n int64, of string) string { return whole(n) + " " + of }

// byStores measures many stores against one with as many customers as all of
// them together.
func (b *bencher) byStores(ctx context.Context, e engine, d data, res *EngineReport) (err error) {
	n := b.Customers / int64(b.Stores)
	many, err := e.Load(ctx, b.Stores, n, b.Progress)
	if err != nil {
		return err
	}
	if b.InPlace {
		many = taken{many}
	}
	one, end, err := b.opened(ctx, d, "alone")
	if err != nil {
		return err
	}
	defer end(&err)
	several, end2, err := b.opened(ctx, many, "stores")
	if err != nil {
		return err
	}
	defer end2(&err)
	for _, store := range []int{0, b.Stores - 1} {
		if err := b.verify(ctx, several.addr, store, n); err != nil {
			return fmt.Errorf("store %s is not right: %w", hashOf(store), err)
		}
	}
	what := quantity(int64(b.Stores), "stores")
	res.Idles = []*IdleRow{{What: "one store"}, {What: what}}
	for i, c := range []*child{one, several} {
		if err := b.idle(ctx, c, res.Idles[i]); err != nil {
			return err
		}
	}
	alone, spread := b.side(one), &side{servers: []*child{several}, customers: n, stores: b.Stores}
	deliveries, end3, err := b.hooked(ctx, what)
	if err != nil {
		return err
	}
	defer end3()
	all := append(b.versusCases(ctx, []string{caseGet, casePage, caseCreate}, what, "one store", 0.8), deliveries)
	measure := b.inTurns
	if b.InPlace {
		measure = b.apart
	}
	err = measure(ctx, all, alone, spread)
	res.Versus = append(res.Versus, rowsOf(all)...)
	return err
}

// IdleRow is what a server takes that nobody asks anything.
type IdleRow struct {
	What      string
	Memory    int64         // anonymous, in bytes
	Time      time.Duration // of processor, in a second
	Statement float64       // a second
}

const (
	// idleRuns is how long a server is watched that nobody asks anything, in runs.
	idleRuns = 15
	// A server looks at every store after its start: it is idle once it has run fewer
	// than calmBelow statements in a second, settled times in a row, or after
	// settleWithin.
	calmBelow    = 50
	settled      = 5
	settleWithin = time.Minute
)

// settle waits until a server has done what it does after its start.
func (b *bencher) settle(ctx context.Context, s *side) error {
	before, err := b.sample(ctx, s, true)
	for calm, began := 0, time.Now(); err == nil && calm < settled && time.Since(began) < settleWithin; {
		if err := wait(ctx, time.Second); err != nil {
			return err
		}
		var now sample
		now, err = b.sample(ctx, s, true)
		if calm++; now.statements-before.statements >= calmBelow {
			calm = 0
		}
		before = now
	}
	return err
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (b *bencher) idle(ctx context.Context, c *child, row *IdleRow) error {
	s := b.side(c)
	if err := b.settle(ctx, s); err != nil {
		return err
	}
	before, err := b.sample(ctx, s, true)
	if err != nil {
		return err
	}
	idleFor := idleRuns * b.Duration
	if err := wait(ctx, idleFor); err != nil {
		return err
	}
	after, err := b.sample(ctx, s, true)
	row.Memory = c.anonymous()
	row.Time = time.Duration(float64(after.server+after.database-before.server-before.database) / idleFor.Seconds())
	row.Statement = (after.statements - before.statements) / idleFor.Seconds()
	b.say("%-11s %s: anonymous memory %s, processor time %s a second, %.1f statements a second", "idle", row.What, mebibytes(row.Memory), millis(row.Time), row.Statement)
	return err
}

// hooked gives every store a webhook, and measures how fast deliveries are made of
// what creates leave behind.
func (b *bencher) hooked(ctx context.Context, what string) (measured, func(), error) {
	k := caseNamed(caseHooks)
	m := measured{row: &VersusRow{Row: &Row{Case: &Case{Name: k.Name, Title: "Deliveries to webhooks"}, Name: k.Name}, What: what, Against: "one store"}}
	r, err := b.receiver(ctx)
	if err != nil {
		return m, nil, err
	}
	m.begin = func(s *side) error {
		for store := range s.stores {
			if _, err := b.call(ctx, s.servers[0].addr, store, "POST", "", hookAt(r.addr, true)); err != nil {
				return err
			}
		}
		return nil
	}
	m.rate = func(s *side, run int) (pace, error) { return b.dispatched(ctx, s, r, run) }
	return m, r.stop, nil
}

// dispatched creates customers for a while and waits until all is delivered.
func (b *bencher) dispatched(ctx context.Context, s *side, r *child, run int) (pace, error) {
	before, _, err := count(ctx, r.addr)
	if err != nil {
		return pace{}, err
	}
	begin := time.Now()
	if _, err := b.serverRate(ctx, caseNamed(caseCreate), s, run); err != nil {
		return pace{}, err
	}
	got, last, err := drained(ctx, r.addr, time.Second)
	if err != nil {
		return pace{}, err
	}
	if got == before {
		return pace{}, errors.New("nothing was delivered")
	}
	return pace{float64(got-before) / last.Sub(begin).Seconds(), got - before}, nil
}

func caseNamed(name string) *Case {
	return Cases[slices.IndexFunc(Cases, func(k *Case) bool { return k.Name == name })]
}
