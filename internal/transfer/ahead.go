package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
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

// readAhead reads records until the end of what it returns.
func (s *Service) readAhead(ctx context.Context, plan Plan, records *source.Reader, w *world) *ahead {
	ctx, quit := context.WithCancel(ctx)
	a := &ahead{bites: make(chan bite, bitesAhead), quit: quit}
	a.world.Store(w)
	go func() {
		defer close(a.bites)
		for ctx.Err() == nil {
			b := s.bite(records, &plan, a.world.Load())
			select {
			case a.bites <- b:
			case <-ctx.Done():
			}
			if b.end || b.err != nil {
				return
			}
		}
	}()
	return a
}

// bite reads the next records.
func (s *Service) bite(r *source.Reader, plan *Plan, w *world) (b bite) {
	defer func() {
		if p := recover(); p != nil {
			b = bite{err: fmt.Errorf("panic: %v\n%s", p, debug.Stack())}
		}
	}()
	for len(b.records) < s.batch && b.bytes < biteBytes {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			b.end = true
			break
		}
		if err != nil {
			return bite{err: err}
		}
		b.records = append(b.records, rec)
		for i := range rec.Rows {
			b.bytes += len(rec.Rows[i].Raw)
		}
	}
	b.prepare(plan, w)
	return b
}

// prepare makes the rows of new customers ready, unless something is missing that
// they refer to.
func (b *bite) prepare(plan *Plan, w *world) {
	if plan.Kind != source.Customers || plan.OnExisting != customer.SkipExisting {
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

// pace is how many bites a transaction takes: more and more, until somebody else
// writes to the store, or another process to the file.
type pace struct {
	db   *sqldb.DB
	sys  *system.System
	most int // bites at once

	allowed, taken int
	bytes          int           // taken
	until          time.Duration // of Elapsed
	last           [2]int64      // where the counters were, and the file
}

func (p *pace) begin(tx *sqldb.Tx) error {
	now, err := written(tx)
	if err != nil {
		return err
	}
	if p.allowed = min(2*p.allowed, p.most); now != p.last {
		p.allowed = 1
	}
	p.taken, p.bytes, p.until = 0, 0, p.sys.Elapsed()+held
	return nil
}

// more reports whether the transaction takes one more bite, after b.
func (p *pace) more(b *bite) bool {
	p.taken++
	p.bytes += b.bytes
	return p.taken < p.allowed && p.bytes < heldBytes && p.db.Writing() <= 1 && p.sys.Elapsed() < p.until
}

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
