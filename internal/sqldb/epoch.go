package sqldb

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// Epoch is a number that grows whenever the content of stores is replaced. What
// was begun in an earlier one must not write into what came instead.
type Epoch uint64

// ErrSuperseded: the content of the store was replaced since the work was begun
// that wants to write.
var ErrSuperseded = fmt.Errorf("%w: what the store holds was replaced meanwhile; nothing was written", ErrUnavailable)

// epochs are those of a database, as far as this process replaces what is in it.
type epochs struct {
	on atomic.Bool // somebody may replace content
	// before is called before the first write that somebody asks for; nil: nobody
	// wants to know.
	before func(context.Context)
	first  sync.Once
	now    atomic.Uint64

	writes sync.RWMutex // writes hold it for reading, who replaces content for writing
	// known guards the rest. It is held for a look alone, so that whoever asks with
	// a lock of its own does not wait for a write that waits for that lock.
	known sync.RWMutex
	every uint64 // the epoch that began when all was replaced
	of    map[int64]uint64
}

type epochKey struct{}

// stamp is what a context has.
type stamp struct {
	since Epoch
	asked bool // by a request, not by the program itself
}

// KeepEpochs has the database tell epochs apart from now on. It is for processes
// that replace the content of stores while they serve; in others an epoch costs
// nothing. before, if it is not nil, is called once, before the first write of a
// request. It comes before the database is used.
func (db *DB) KeepEpochs(before func(context.Context)) {
	db.epochs.before = before
	db.epochs.on.Store(true)
}

// Epoch returns the present epoch.
func (db *DB) Epoch() Epoch { return Epoch(db.epochs.now.Load()) }

// Stamped returns a context whose writes are refused with ErrSuperseded once the
// content of their store has been replaced.
func (db *DB) Stamped(ctx context.Context) context.Context { return db.StampedAt(ctx, db.Epoch()) }

// StampedRequest is Stamped for what somebody asks for.
func (db *DB) StampedRequest(ctx context.Context) context.Context {
	if !db.epochs.on.Load() {
		return ctx
	}
	return context.WithValue(ctx, epochKey{}, stamp{db.Epoch(), true})
}

// StampedAt is Stamped for work that was begun in an epoch.
func (db *DB) StampedAt(ctx context.Context, e Epoch) context.Context {
	if !db.epochs.on.Load() {
		return ctx
	}
	return context.WithValue(ctx, epochKey{}, stamp{since: e})
}

// Superseded reports whether the content of a store was replaced since an epoch.
func (db *DB) Superseded(store int64, since Epoch) bool {
	if !db.epochs.on.Load() {
		return false
	}
	return db.epochs.ended(store, since)
}

func (e *epochs) ended(store int64, since Epoch) bool {
	e.known.RLock()
	defer e.known.RUnlock()
	return uint64(since) < max(e.every, e.of[store])
}

// enter begins a write, which leave ends.
func (e *epochs) enter(ctx context.Context, store int64) (entered bool, err error) {
	if !e.on.Load() {
		return false, nil
	}
	s, ok := ctx.Value(epochKey{}).(stamp)
	if ok && s.asked && e.before != nil {
		e.first.Do(func() { e.before(ctx) })
	}
	e.writes.RLock()
	if ok && e.ended(store, s.since) {
		e.writes.RUnlock()
		return false, ErrSuperseded
	}
	return true, nil
}

func (e *epochs) leave(entered bool) {
	if entered {
		e.writes.RUnlock()
	}
}

// Replaced is what of a database is replaced.
type Replaced struct {
	All    bool // everything
	Stores []int64
}

// Replace runs fn, which replaces content and returns which, as WriteAgain does. No
// other write of this process runs meanwhile, and those of the replaced stores
// that were begun before are refused afterwards. fn runs across stores (Tx.In).
func (db *DB) Replace(ctx context.Context, fn func(tx *Tx) (Replaced, error)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e := &db.epochs
	e.writes.Lock()
	defer e.writes.Unlock()
	db.writing.Add(1)
	defer db.writing.Add(-1)
	var what Replaced
	err := db.telling(db.equipped(in(ctx, func(tx *Tx) (err error) {
		what, err = fn(tx)
		return err
	})), func(fn func(tx *Tx) error) error { return again(ctx, 0, db.write, fn) })
	if err != nil && !errors.Is(err, ErrUnknownOutcome) {
		return err
	}
	e.begin(what)
	db.versions.end(&changes{all: true})
	return err
}

// begin begins the next epoch.
func (e *epochs) begin(what Replaced) {
	e.known.Lock()
	defer e.known.Unlock()
	now := e.now.Add(1)
	if what.All {
		e.every = now
	}
	if e.of == nil {
		e.of = map[int64]uint64{}
	}
	for _, store := range what.Stores {
		e.of[store] = now
	}
}
