package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"time"

	"clientele/internal/customer"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/system"
	"clientele/internal/transfer/source"
)

// While the database works, the next records are read and checked. A transaction
// takes them bite by bite: the more, the fewer commits there are, and the fewer
// pages of indexes are written once more.

const (
	// bitesAhead is how many bites are read before they are asked for.
	bitesAhead = 2
	// biteBytes bounds the text of a bite, as a row may have a mebibyte, and heldBytes
	// about that of a transaction, which keeps its rows until it has ended.
	biteBytes = 1 << 20
	heldBytes = 4 << 20
	// held bounds how long others wait who want to write.
	held = 500 * time.Millisecond
	// crowded is how many records a transaction takes while others write, which is from
	// one of their writes on for crowdedFor.
	crowded    = 50
	crowdedFor = time.Second
)

// bite are records that are taken at once.
type bite struct {
	records []source.Record
	rows    []customer.ImportRow // of the records, made ready; nil: not yet
	bytes   int                  // of text
	end     bool                 // of the file
	err     error
}

// ahead reads bites.
type ahead struct {
	bites chan bite
	quit  context.CancelFunc
	// world is what the store has by now.
	world atomic.Pointer[world]
}

// readAhead has read give bites, until it returns or the end of what it returns. What
// is wrong is told in their place.
func readAhead(ctx context.Context, plan *Plan, w *world, read func(give func(bite) error) error) *ahead {
	ctx, quit := context.WithCancel(ctx)
	a := &ahead{bites: make(chan bite, bitesAhead), quit: quit}
	a.world.Store(w)
	give := func(b bite) error {
		b.prepare(plan, a.world.Load())
		select {
		case a.bites <- b:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	go func() {
		defer close(a.bites)
		err := func() (err error) {
			defer func() {
				if p := recover(); p != nil {
					err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
				}
			}()
			return read(give)
		}()
		if err != nil {
			select {
			case a.bites <- bite{err: err}:
			case <-ctx.Done():
			}
		}
	}()
	return a
}

// readAll gives the records to come.
func (s *Service) readAll(r *source.Reader, give func(bite) error) error {
	for end := false; !end; {
		b, err := s.bite(r)
		if err == nil {
			err = give(b)
		}
		if err != nil {
			return err
		}
		end = b.end
	}
	return nil
}

// bite reads the next records.
func (s *Service) bite(r *source.Reader) (b bite, err error) {
	b.records = make([]source.Record, 0, s.batch)
	for len(b.records) < s.batch && b.bytes < biteBytes {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			b.end = true
			break
		}
		if err != nil {
			return b, err
		}
		b.add(rec)
	}
	return b, nil
}

func (b *bite) add(rec source.Record) {
	b.records = append(b.records, rec)
	for i := range rec.Rows {
		b.bytes += len(rec.Rows[i].Raw)
	}
}

// prepare makes the rows of new customers ready, unless something is missing that
// they refer to.
func (b *bite) prepare(plan *Plan, w *world) {
	if plan.Kind != source.Customers || plan.OnExisting.Changes() {
		return
	}
	if w.misses(plan, b.records) {
		return
	}
	b.rows = w.rows(plan, b.records)
	for i := range b.rows {
		b.rows[i].Prepare()
	}
}

// next waits for the next bite.
func (a *ahead) next() bite { return <-a.bites }

// poll returns the next bite if it is there.
func (a *ahead) poll() (bite, bool) {
	select {
	case b, ok := <-a.bites:
		return b, ok
	default:
		return bite{}, false
	}
}

// end returns once nobody reads any more.
func (a *ahead) end() {
	a.quit()
	for range a.bites {
	}
}

// queue are the bites that were read and are not taken yet.
type queue struct {
	*ahead
	bites []bite
	n     int  // so many of them a transaction has taken
	whole bool // the records of a bite belong together
}

// first waits for the first bite.
func (q *queue) first() *bite {
	if len(q.bites) == 0 {
		q.bites = append(q.bites, q.next())
	}
	return &q.bites[0]
}

// more returns the next bite that a transaction takes, or nil where it ends. most is
// how many records the first one has at most.
func (q *queue) more(w *world, plan *Plan, most int) *bite {
	if q.n == len(q.bites) {
		b, ok := q.poll()
		if !ok {
			return nil
		}
		q.bites = append(q.bites, b)
	}
	b := &q.bites[q.n]
	if b.err != nil || q.n > 0 && w.misses(plan, b.records) {
		return nil
	}
	if q.n == 0 && len(b.records) > most && !q.whole {
		first, rest := b.part(most)
		q.bites = slices.Insert(q.bites, 0, first)
		q.bites[1] = rest
	}
	q.n++
	return &q.bites[q.n-1]
}

// part makes two bites of one, of which the first has n records.
func (b *bite) part(n int) (first, rest bite) {
	rest = bite{end: b.end, rows: b.rows}
	for i := range b.records {
		into := &first
		if i >= n {
			into = &rest
		} else if b.rows != nil && !b.records[i].Refused() {
			first.rows, rest.rows = append(first.rows, rest.rows[0]), rest.rows[1:]
		}
		into.add(b.records[i])
	}
	return first, rest
}

// drop forgets the bites that were taken.
func (q *queue) drop() { q.bites, q.n = slices.Clone(q.bites[q.n:]), 0 }

// pace is how many records a transaction takes: more and more, until somebody else
// writes to the store, or another process to the file. As long as they do, it takes a
// few.
type pace struct {
	db   *sqldb.DB
	sys  *system.System
	most int // records at once

	allowed, taken int
	bytes          int           // taken
	until          time.Duration // of Elapsed
	last           [2]int64      // where the counters were, and the file
	known          bool          // last is
	waited         bool          // somebody did when the last one ended
	few            time.Duration // until then, of Elapsed
}

func (p *pace) begin(tx *sqldb.Tx) error {
	at, err := written(tx)
	if err != nil {
		return err
	}
	now := p.sys.Elapsed()
	if p.known && at != p.last {
		p.few = now + crowdedFor
	}
	if p.allowed = min(2*p.allowed, p.most); p.allowed == 0 || p.waited || now < p.few {
		p.allowed = min(crowded, p.most)
	}
	p.taken, p.bytes, p.until, p.last, p.known = 0, 0, now+held, at, true
	return nil
}

// more reports whether the transaction takes one more bite, after b.
func (p *pace) more(b *bite) bool {
	p.taken += len(b.records)
	p.bytes += b.bytes
	p.waited = p.db.Writing() > 1
	return p.taken < p.allowed && p.bytes < heldBytes && !p.waited && p.sys.Elapsed() < p.until
}

// forget has what comes next be no sign of others.
func (p *pace) forget() { p.known = false }

func (p *pace) end(tx *sqldb.Tx) (err error) {
	p.last, err = written(tx)
	return err
}

// written returns what is different once others have written.
func written(tx *sqldb.Tx) (out [2]int64, err error) {
	if out[1], err = tx.Elsewhere(); err != nil {
		return out, err
	}
	return out, tx.Pipeline(store.MovedQuery(&out[0]))
}
