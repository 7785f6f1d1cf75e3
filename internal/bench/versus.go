package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"clientele/internal/sqldb"
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
var sizedCases = []string{caseGet, casePage, caseEmail, caseCursor, caseDeep, caseCreate}

// versus measures cases on two sides in turns.
func (b *bencher) versus(ctx context.Context, names []string, what, against string, atLeast float64, asked, other *side) ([]*VersusRow, error) {
	var out []*VersusRow
	for _, k := range Cases {
		if !slices.Contains(names, k.Name) {
			continue
		}
		row := &VersusRow{Row: &Row{Case: k, Name: k.Name}, What: what, Against: against, AtLeast: atLeast}
		for run := range b.Runs {
			var paces [2]pace
			var costs [2]cost
			for i, s := range []*side{other, asked} {
				var err error
				if paces[i], costs[i], err = b.spent(ctx, s, true, func() (pace, error) { return b.serverRate(ctx, k, s, run) }); err != nil {
					return nil, fmt.Errorf("%s: %w", k.Name, err)
				}
			}
			row.add(paces[0].rate, paces[1].rate)
			row.spend(costs[0].server+costs[0].database, costs[1])
		}
		b.say("%-11s %s %8.0f/s  %s %8.0f/s  ratio %.2f  processor time %.0f and %.0f µs", k.Name, against, row.Floor(), what, row.Server(), row.Ratio(), median(row.FloorTime), median(row.both()))
		out = append(out, row)
	}
	return out, nil
}

// opened starts the server on a copy of data, of which the customers were read once:
// else a database that memory does not hold is measured while its disk is read, and
// one that was measured before is not.
func (b *bencher) opened(ctx context.Context, d data, stores int, name string) (_ *child, end func(*error), err error) {
	dsn, drop, err := copyOf(ctx, d, name)
	if err != nil {
		return nil, nil, err
	}
	if err := readOnce(ctx, dsn, stores); err != nil {
		drop(&err)
		return nil, nil, err
	}
	c, err := b.serve(ctx, dsn)
	if err != nil {
		drop(&err)
		return nil, nil, err
	}
	return c, func(err *error) { c.stop(); drop(err) }, nil
}

// Of no index, so that the table is read.
var everyCustomer = sqldb.Dynamic(`SELECT SUM(LENGTH(notes)) FROM customers WHERE store_id = $1`)

func readOnce(ctx context.Context, dsn string, stores int) error {
	return withDB(ctx, dsn, sqldb.Options{}, func(db *sqldb.DB) error {
		for i := range stores {
			if err := db.Read(ctx, int64(storeID+i), func(tx *sqldb.Tx) error {
				return tx.Query(everyCustomer, func(*sqldb.Row) error { return nil })
			}); err != nil {
				return err
			}
		}
		return nil
	})
}

// bySize measures what should not depend on the size of a store. A second size
// that is larger is held against the first, and the other way round.
func (b *bencher) bySize(ctx context.Context, e engine, d data, res *EngineReport) (err error) {
	second, err := e.Load(ctx, 1, b.SecondSize, b.Progress)
	if err != nil {
		return err
	}
	one, end, err := b.opened(ctx, d, 1, "sized")
	if err != nil {
		return err
	}
	defer end(&err)
	two, end2, err := b.opened(ctx, second, 1, "sized")
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
	one, end, err := b.opened(ctx, d, 1, "alone")
	if err != nil {
		return err
	}
	defer end(&err)
	several, end2, err := b.opened(ctx, many, b.Stores, "stores")
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
	rows, err := b.versus(ctx, []string{caseGet, casePage, caseCreate}, what, "one store", 0.8, spread, alone)
	if err != nil {
		return err
	}
	res.Versus = append(res.Versus, rows...)
	hooked, err := b.hooked(ctx, what, spread, alone)
	if err == nil {
		res.Versus = append(res.Versus, hooked)
	}
	return err
}

// IdleRow is what a server takes that nobody asks anything.
type IdleRow struct {
	What      string
	Memory    int64         // anonymous, in bytes
	Time      time.Duration // of processor, in a second
	Statement float64       // a second
}

// idleFor is how long a server is watched that nobody asks anything.
const idleFor = 5 * time.Second

func (b *bencher) idle(ctx context.Context, c *child, row *IdleRow) error {
	s := b.side(c)
	before, err := b.sample(ctx, s, true)
	if err != nil {
		return err
	}
	select {
	case <-time.After(idleFor):
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	after, err := b.sample(ctx, s, true)
	row.Memory = c.anonymous()
	row.Time = (after.server + after.database - before.server - before.database) / (idleFor / time.Second)
	row.Statement = (after.statements - before.statements) / idleFor.Seconds()
	b.say("%-11s %s: anonymous memory %s, processor time %s a second, %.1f statements a second", "idle", row.What, mebibytes(row.Memory), millis(row.Time), row.Statement)
	return err
}

// hooked measures how fast deliveries are made of what creates leave behind,
// where every store has a webhook.
func (b *bencher) hooked(ctx context.Context, what string, spread, alone *side) (*VersusRow, error) {
	k := caseNamed(caseHooks)
	row := &VersusRow{Row: &Row{Case: &Case{Name: k.Name, Title: "Deliveries to webhooks"}, Name: k.Name}, What: what, Against: "one store"}
	r, err := b.receiver(ctx)
	if err != nil {
		return nil, err
	}
	defer r.stop()
	for _, s := range []*side{alone, spread} {
		for store := range s.stores {
			if _, err := b.call(ctx, s.servers[0].addr, store, "POST", "", hookAt(r.addr, true)); err != nil {
				return nil, err
			}
		}
	}
	for run := range b.Runs {
		var paces [2]pace
		var costs [2]cost
		for i, s := range []*side{alone, spread} {
			paces[i], costs[i], err = b.spent(ctx, s, true, func() (pace, error) { return b.dispatched(ctx, s, r, run) })
			if err != nil {
				return nil, err
			}
		}
		row.add(paces[0].rate, paces[1].rate)
		row.spend(costs[0].server+costs[0].database, costs[1])
	}
	b.say("%-11s one store %8.0f/s  %s %8.0f/s  ratio %.2f, from the first create to the last delivery", k.Name, row.Floor(), what, row.Server(), row.Ratio())
	return row, nil
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
