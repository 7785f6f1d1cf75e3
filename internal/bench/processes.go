package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// byProcesses measures several processes on one database against one of them,
// and, if told to, kills one after the other.
func (b *bencher) byProcesses(ctx context.Context, d data, res *EngineReport) (err error) {
	dsn, drop, err := copyOf(ctx, d, "shared")
	if err != nil {
		return err
	}
	defer drop(&err)
	all := &side{customers: b.Customers, stores: 1}
	defer func() {
		for _, c := range all.servers {
			c.stop()
		}
	}()
	one := &side{customers: b.Customers, stores: 1}
	for range b.Processes {
		c, err := b.serve(ctx, dsn)
		if err != nil {
			return err
		}
		all.servers = append(all.servers, c)
	}
	one.servers = all.servers[:1]
	what := quantity(int64(b.Processes), "processes")
	rows, err := b.versus(ctx, []string{caseGet, casePage, caseCreate}, what, "one process", 0.9, all, one)
	if err != nil {
		return err
	}
	res.Versus = append(res.Versus, rows...)
	res.Shared, err = b.share(ctx, dsn, all)
	return err
}

// SharedRow is what became of customers and deliveries that several processes
// made together, killed in between or not.
type SharedRow struct {
	Processes    int
	Kills        int
	Acknowledged int64 // creates
	Unknown      int64 // creates that were cut off
	Found        int64 // customers that there are more than before
	Expected     int64 // deliveries of what is there
	Delivered    int64 // of those, at least once
	Again        int64 // deliveries of what was delivered before
	// Shares are how many deliveries each process tried, but for those after its last
	// count before it was killed, in rising order.
	Shares []float64
}

func (r *SharedRow) lost() int64 { return r.Acknowledged - r.Found + max(0, r.Expected-r.Delivered) }

// tried adds what a process has counted of its deliveries.
func (r *SharedRow) tried(ctx context.Context, i int, addr string) error {
	n, err := scrape(ctx, addr, metricAttempts)
	r.Shares[i] += n[metricAttempts]
	return err
}

// right says what is wrong, if anything.
func (r *SharedRow) right() error {
	switch {
	case r.Found < r.Acknowledged:
		return fmt.Errorf("%d of %d acknowledged customers are lost", r.Acknowledged-r.Found, r.Acknowledged)
	case r.Found > r.Acknowledged+r.Unknown:
		return fmt.Errorf("%d customers where %d were acknowledged and %d were cut off", r.Found, r.Acknowledged, r.Unknown)
	case r.Delivered < r.Expected:
		return fmt.Errorf("%d of %d deliveries are lost", r.Expected-r.Delivered, r.Expected)
	case r.Kills == 0 && r.Again > 0:
		return fmt.Errorf("%d deliveries were made again though nothing was killed", r.Again)
	}
	return nil
}

// metricAttempts counts attempts at deliveries, by outcome.
const metricAttempts = "clientele_webhook_attempts_total"

// redeliverWithin is how long a delivery may wait that a killed process had
// taken: until its lease has ended.
const redeliverWithin = 90 * time.Second

// share creates customers at all processes, with a webhook, and looks up what
// came of them.
func (b *bencher) share(ctx context.Context, dsn string, all *side) (_ *SharedRow, err error) {
	r, err := b.receiver(ctx, "--distinct")
	if err != nil {
		return nil, err
	}
	defer r.stop()
	if _, err := b.call(ctx, all.servers[0].addr, 0, "POST", "", hookAt(r.addr, true)); err != nil {
		return nil, err
	}
	row := &SharedRow{Processes: len(all.servers), Shares: make([]float64, len(all.servers))}
	before, err := b.total(ctx, all.servers[0].addr)
	if err != nil {
		return nil, err
	}
	length := time.Duration(b.Runs) * max(b.Duration, b.KillEvery)
	working, stop := context.WithTimeout(ctx, length)
	defer stop()
	var acknowledged, unknown atomic.Int64
	failed := make(chan error, b.Clients)
	var wg sync.WaitGroup
	addrs := all.addrs()
	for i := range b.Clients {
		wg.Go(func() {
			if err := b.keepCreating(working, addrs, i, &acknowledged, &unknown); err != nil {
				failed <- err
			}
		})
	}
	for next := 0; b.KillEvery > 0; next++ {
		select {
		case <-working.Done():
		case <-time.After(b.KillEvery / 2):
		}
		if working.Err() != nil {
			break
		}
		// Half of the time it is away.
		i := next % len(all.servers)
		addr := all.servers[i].addr
		if err := row.tried(ctx, i, addr); err != nil { // what it has counted ends with it
			stop()
			wg.Wait()
			return nil, err
		}
		all.servers[i].kill()
		row.Kills++
		b.say("%-11s process %d is killed, %d creates acknowledged so far", "processes", i+1, acknowledged.Load())
		select {
		case <-working.Done():
		case <-time.After(b.KillEvery / 2):
		}
		if all.servers[i], err = b.serveAt(ctx, addr, dsn); err != nil {
			stop()
			wg.Wait()
			return nil, err
		}
	}
	wg.Wait()
	select {
	case err := <-failed:
		return nil, err
	default:
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	row.Acknowledged, row.Unknown = acknowledged.Load(), unknown.Load()
	after, err := b.total(ctx, all.servers[0].addr)
	if err != nil {
		return nil, err
	}
	// A create tells of a customer and of an address.
	row.Found, row.Expected = after-before, 2*(after-before)
	for begin := time.Now(); row.Delivered < row.Expected && time.Since(begin) < redeliverWithin && err == nil; time.Sleep(50 * time.Millisecond) {
		_, row.Delivered, _, err = counts(ctx, r.addr)
	}
	if err != nil {
		return nil, err
	}
	got, _, err := drained(ctx, r.addr, time.Second)
	if err != nil {
		return nil, err
	}
	row.Again = got - row.Delivered
	for i, c := range all.servers {
		if err := row.tried(ctx, i, c.addr); err != nil {
			return nil, err
		}
	}
	slices.Sort(row.Shares)
	b.say("%-11s %d killed: %d creates acknowledged, %d cut off, %d found; %d of %d deliveries, %d again", "processes", row.Kills, row.Acknowledged, row.Unknown, row.Found, row.Delivered, row.Expected, row.Again)
	return row, row.right()
}

// keepCreating creates customers one after the other until ctx ends, at another
// process when one is gone.
func (b *bencher) keepCreating(ctx context.Context, addrs []string, i int, acknowledged, unknown *atomic.Int64) error {
	create := caseNamed(caseCreate)
	next := create.toServer(b.gen(b.Customers, 0, i))
	for ; ctx.Err() == nil; i++ {
		c, err := dial(ctx, addrs[i%len(addrs)])
		if err != nil {
			continue // it is away
		}
		for ctx.Err() == nil {
			if err := c.conn.SetDeadline(time.Now().Add(answerWithin)); err != nil {
				break
			}
			status, text, err := c.ask(next, create.status, nil)
			switch {
			case err != nil:
				unknown.Add(1)
			case status == create.status:
				acknowledged.Add(1)
				continue
			default:
				c.conn.Close()
				return fmt.Errorf("a create is answered by %d: %.200s", status, text)
			}
			break
		}
		c.conn.Close()
	}
	return nil
}

// total returns how many customers the first store has.
func (b *bencher) total(ctx context.Context, addr string) (int64, error) {
	text, err := fetch(ctx, addr, 200, 0, func(buf []byte) []byte {
		return append(buf, "GET "+serverPath+"?limit=1 HTTP/1.1\r\nHost: localhost\r\nX-Auth-Token: "+accessToken+"\r\n\r\n"...)
	})
	if err != nil {
		return 0, err
	}
	a, err := readListing(text)
	if err == nil && a.Meta.Pagination.Total == 0 {
		err = errors.New("the store is empty")
	}
	return a.Meta.Pagination.Total, err
}
