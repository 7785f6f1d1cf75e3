package sqldb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"clientele/internal/system"
)

// Unit is what one request writes, in one transaction that ends when the
// request's answer is known: so that the answer can be stored in it. With the
// unit's context
//
//   - the first Write opens the transaction, which stays open when its function
//     has returned;
//   - what the request reads then, it reads in the transaction, so that it sees
//     what it wrote;
//   - further writes run in the transaction as well; one that fails undoes its
//     own statements only.
//
// An open unit keeps other writers waiting, as any write does: what comes
// between the first write and the answer has to be quick. What is slow comes
// before, and writes before it are made Aside. A unit that stays open for too
// long is undone.
//
// On PostgreSQL a unit has a transaction of its own: it does not share one with
// others as WriteShared does, since it could not be run again after the request
// has gone on.
type Unit struct {
	db    *DB
	bound time.Duration // how long it may stay open

	mu     sync.Mutex // held by who uses the transaction
	tx     *Tx        // nil: not open
	over   bool       // Commit or Undo was called
	failed error      // why the transaction has ended before
	open   atomic.Bool

	moved  bool // the request has gone on: the transaction cannot begin anew
	end    chan func(*Tx) error
	result chan error
}

// unitBound is how long a unit may stay open.
const unitBound = 10 * time.Second

// Errors of units.
var (
	errUndone = errors.New("sqldb: the unit was undone")
	errMoved  = fmt.Errorf("%w: the transaction was lost after its result was used; nothing was written", ErrUnavailable)
	errHeld   = fmt.Errorf("%w: the request kept its transaction open for too long; nothing was written", ErrUnavailable)
)

// NewUnit returns a Unit that is not open yet.
func (db *DB) NewUnit() *Unit {
	return &Unit{db: db, bound: unitBound, end: make(chan func(*Tx) error, 1), result: make(chan error, 1)}
}

// Within bounds how long the unit may stay open. It comes before the unit is
// used, and returns it.
func (u *Unit) Within(bound time.Duration) *Unit {
	u.bound = bound
	return u
}

type unitKey struct{}

// unitRef is a unit as a context has it.
type unitRef struct {
	unit  *Unit
	aside bool
}

// Context returns a context whose reads and writes are the unit's.
func (u *Unit) Context(ctx context.Context) context.Context {
	return context.WithValue(ctx, unitKey{}, unitRef{unit: u})
}

// Aside returns a context whose writes do not open the request's unit, if there
// is one: for what counts however the request ends, for writes before slow work,
// and for deletions of any number of rows, step by step. In a unit that is open
// they are made all the same, as it would keep them waiting.
func Aside(ctx context.Context) context.Context {
	ref := unitOf(ctx)
	if ref.unit == nil {
		return ctx
	}
	ref.aside = true
	return context.WithValue(ctx, unitKey{}, ref)
}

func unitOf(ctx context.Context) unitRef {
	ref, _ := ctx.Value(unitKey{}).(unitRef)
	return ref
}

// Open reports whether the unit has written something that is not committed yet.
func (u *Unit) Open() bool { return u.open.Load() }

// Commit runs last at the end of the transaction and returns when both are
// durable, or with an error and no effect. A unit that is not open gets a
// transaction for last alone.
func (u *Unit) Commit(ctx context.Context, store int64, last func(tx *Tx) error) error {
	u.mu.Lock()
	open, failed := u.tx != nil, u.failed
	u.tx, u.over = nil, true
	u.open.Store(false)
	u.mu.Unlock()
	switch {
	case failed != nil:
		return failed
	case !open:
		return u.db.Write(ctx, store, last)
	}
	u.end <- last
	return <-u.result
}

// Undo ends the unit without effect. After Commit it does nothing.
func (u *Unit) Undo() {
	u.mu.Lock()
	open := u.tx != nil
	u.tx, u.over = nil, true
	u.open.Store(false)
	u.mu.Unlock()
	if open {
		u.end <- nil
		<-u.result
	}
}

// read runs fn in the unit, if that is open. A read from within a write of the
// unit is like one without a unit.
func (u *Unit) read(store int64, fn func(*Tx) error) (err error, did bool) {
	if !u.mu.TryLock() {
		return nil, false
	}
	defer u.mu.Unlock()
	if u.failed != nil {
		return u.failed, true
	}
	if u.tx == nil {
		return nil, false
	}
	return classify(fn(u.tx.In(store))), true
}

// write runs fn in the unit.
func (u *Unit) write(ctx context.Context, store int64, aside bool, fn func(*Tx) error) (err error, did bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case u.failed != nil:
		return u.failed, true
	case u.tx != nil:
		return u.nested(store, fn), true
	case u.over || aside:
		return nil, false
	}
	return u.begin(ctx, store, fn), true
}

// begin begins the transaction with fn, and leaves it open if that succeeds.
func (u *Unit) begin(ctx context.Context, store int64, fn func(*Tx) error) error {
	begun := make(chan error, 1)
	go func() {
		lasting := context.WithoutCancel(ctx)
		err := u.db.counted(ctx, store, func() error {
			return u.db.telling(func(tx *Tx) error {
				if u.moved {
					return errMoved
				}
				if err := fn(tx); err != nil {
					return err
				}
				if err := tx.settle(); err != nil {
					return err
				}
				u.moved, u.tx = true, tx
				u.open.Store(true)
				begun <- nil
				last, err := u.wait()
				if err != nil {
					return err
				}
				return last(tx)
			}, func(fn func(*Tx) error) error { return u.db.write(lasting, store, fn) })
		})
		if !u.moved {
			begun <- err
			return
		}
		u.result <- err
	}()
	return <-begun
}

// wait waits for the end of the unit and returns what is to be run last.
func (u *Unit) wait() (last func(*Tx) error, err error) {
	patience := system.Countdown(u.bound)
	defer patience.Stop()
	select {
	case last = <-u.end:
	case <-patience.C:
		u.mu.Lock()
		if !u.over {
			u.tx, u.failed = nil, errHeld
			u.open.Store(false)
			u.mu.Unlock()
			return nil, errHeld
		}
		u.mu.Unlock()
		last = <-u.end
	}
	if last == nil {
		return nil, errUndone
	}
	return last, nil
}

// nested runs fn in the open transaction.
func (u *Unit) nested(store int64, fn func(*Tx) error) error {
	tx := u.tx.In(store)
	said := len(*tx.said)
	if err := cmp.Or(tx.command(savepoint), tx.settle()); err != nil {
		return classify(err)
	}
	err := runPG(tx, fn)
	if err == nil {
		err = tx.settle()
	}
	if err == nil {
		return classify(tx.command(release))
	}
	*tx.said = (*tx.said)[:said]
	if back := tx.back(); back != nil {
		err = errors.Join(err, back)
	}
	return classify(err)
}

// back undoes what was done since the savepoint.
func (tx *Tx) back() error {
	if tx.lite != nil {
		if err := tx.lite.command(rollbackTo); err != nil {
			return err
		}
		return tx.lite.command(release)
	}
	tx.pg.batch.QueuedQueries = nil
	// Without preparing, which a transaction that has failed refuses.
	_, err := tx.pg.conn.Exec(tx.pg.ctx, rollbackTo+"; "+release)
	return err
}

// settle has the server run what it has not seen yet, so that its errors are
// known.
func (tx *Tx) settle() error {
	if tx.pg == nil || tx.pg.batch.Len() == 0 {
		return nil
	}
	return tx.pg.send()
}

// command runs one of the commands that both engines have for transactions.
func (tx *Tx) command(sql string) error {
	if tx.lite != nil {
		return tx.lite.command(sql)
	}
	tx.pg.batch.Queue(sql)
	return nil
}
