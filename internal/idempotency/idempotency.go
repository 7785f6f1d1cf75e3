// Package idempotency makes writes safe to repeat. A request that brings a key
// is answered once; a repeat of it with the same key gets the same answer, and
// nothing is written again.
//
// What answers a repeat is stored in the transaction of the write itself. A
// surface makes its answer after the domain's call has returned, from what that
// has returned. So the request runs in a sqldb.Unit: the transaction that the
// domain's first write opens stays open until the answer is there, and the
// answer is stored at its end. The write and what tells of it are there
// together or not at all, whatever becomes of the process, the connection or
// the answer. A request with several writes, such as a registration that signs
// in, is one transaction too. A deletion of any number of rows goes on step by
// step (sqldb.Aside): its answer is stored after the last one, and a repeat
// before that goes on with what is left.
//
// The key is kept nowhere: rows are found by a hash of it, and the answer is
// encrypted under another one, since answers may hold fresh tokens.
//
// One process knows which requests are under way. Where several may share a
// database, which is PostgreSQL, a request first notes that it is (claim), for
// a short time that a killed process does not outlive for long. That a write
// happens once does not depend on it: the row is written under the owner that
// the request has drawn, and a request that has lost the row undoes what it
// wrote.
package idempotency

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"clientele/internal/fault"
	"clientele/internal/sqldb"
	"clientele/internal/system"
)

// Bounds.
const (
	// MaxKey is how many characters a key may have.
	MaxKey = 255
	// kept is for how long an answer is kept.
	kept = 24 * time.Hour
	// lease is how long a request counts as under way in other processes.
	lease = 10 * time.Second
)

// Keys keeps the answers to requests with keys.
type Keys struct {
	db  *sqldb.DB
	sys *system.System

	mu       sync.Mutex
	underway map[flight]struct{}
}

type flight struct {
	store int64
	hash  string
}

// New returns Keys over a database.
func New(db *sqldb.DB, sys *system.System) *Keys {
	return &Keys{db: db, sys: sys, underway: map[flight]struct{}{}}
}

// Request is what makes a request the same as another one.
type Request struct {
	StoreID int64
	// Caller tells apart who asks: the same key of others is another key.
	Caller string
	// CustomerID is the customer whose session asks, or 0.
	CustomerID int64
	Key        string
	// Ended tells that the session which asks has ended, perhaps by the request
	// itself: it is answered as before or not at all.
	Ended bool
	// Parts are the method, the path and the body.
	Parts []string
}

// Answer is the answer to a request.
type Answer struct {
	Status int
	// Header has names and values, in the order in which they are sent.
	Header [][2]string
	Body   []byte
}

// ErrEnded: a request of a session that has ended was not done before.
var ErrEnded = errors.New("idempotency: the session has ended")

var (
	errUnderway = &fault.Error{Kind: fault.Repeated, Message: "A request with this Idempotency-Key is under way.", RetryAfter: 1}
	errOther    = fault.New(fault.KeyTaken, "The Idempotency-Key was used for another request.")
	errTooLarge = fault.New(fault.Repeated, "The request with this Idempotency-Key was done. Its answer was too large to keep.")
)

// Valid reports whether a text may be a key: 1 to 255 visible characters.
func Valid(key string) bool {
	return key != "" && len(key) <= MaxKey && !strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' })
}

var (
	selectKey = sqldb.Static(`SELECT done, until, request_hash, answer FROM idempotency_keys WHERE store_id = $1 AND key_hash = $2`)
	// A row whose time is over is free, done or not.
	claimKey = sqldb.Static(`INSERT INTO idempotency_keys (store_id, key_hash, request_hash, owner, done, until, customer_id, answer) VALUES ($1, $2, $3, $4, 0, $5, $6, $7)
		ON CONFLICT (store_id, key_hash) DO UPDATE SET request_hash = excluded.request_hash, owner = excluded.owner, done = 0, until = excluded.until, customer_id = excluded.customer_id, answer = excluded.answer
		WHERE idempotency_keys.until <= $8`)
	keepAnswer = sqldb.Static(`INSERT INTO idempotency_keys (store_id, key_hash, request_hash, owner, done, until, customer_id, answer) VALUES ($1, $2, $3, $4, 1, $5, $6, $7)
		ON CONFLICT (store_id, key_hash) DO UPDATE SET request_hash = excluded.request_hash, owner = excluded.owner, done = 1, until = excluded.until, customer_id = excluded.customer_id, answer = excluded.answer
		WHERE (idempotency_keys.until <= $8 OR (idempotency_keys.done = 0 AND idempotency_keys.owner = excluded.owner))`)
	dropClaim = sqldb.Static(`DELETE FROM idempotency_keys WHERE store_id = $1 AND key_hash = $2 AND done = 0 AND owner = $3`)
	endedKeys = sqldb.Static(`SELECT key_hash FROM idempotency_keys WHERE store_id = $1 AND until < $2 ORDER BY until LIMIT $3`)
	dropKey   = sqldb.Static(`DELETE FROM idempotency_keys WHERE store_id = $1 AND key_hash = $2 AND until < $3`)
)

// Ended are the answers that were kept for long enough.
func Ended() []sqldb.Ended { return []sqldb.Ended{{Keys: endedKeys, Drop: dropKey}} }

// Attempt is a request that was not done before.
type Attempt struct {
	keys    *Keys
	in      Request
	secrets secrets
	request string // the hash
	owner   int64
	unit    *sqldb.Unit
	claimed bool
	kept    bool
	closed  bool
}

// Begin begins a request, or returns the answer that it got before. One of both
// is not nil where there is no error. The attempt is to be closed.
func (k *Keys) Begin(ctx context.Context, in Request) (*Attempt, *Answer, error) {
	a := &Attempt{keys: k, in: in, secrets: derive(&in), unit: k.db.NewUnit()}
	a.request = a.secrets.hashRequest(in.Parts)
	if !k.enter(a.flight()) {
		return nil, nil, errUnderway
	}
	answer, err := a.look(ctx)
	switch {
	case err != nil || answer != nil:
	case in.Ended:
		err = ErrEnded
	default:
		err = a.claim(ctx)
	}
	if err != nil || answer != nil {
		k.leave(a.flight())
		return nil, answer, err
	}
	return a, nil, nil
}

func (a *Attempt) flight() flight { return flight{a.in.StoreID, a.secrets.lookup} }

func (k *Keys) enter(f flight) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, ok := k.underway[f]; ok {
		return false
	}
	k.underway[f] = struct{}{}
	return true
}

func (k *Keys) leave(f flight) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.underway, f)
}

// look returns the answer that was kept, if there is one.
func (a *Attempt) look(ctx context.Context) (*Answer, error) {
	var found, done bool
	var request, sealed string
	now := a.keys.sys.Now()
	if err := a.keys.db.Read(ctx, a.in.StoreID, func(tx *sqldb.Tx) error {
		found = false
		return tx.Query(selectKey, func(r *sqldb.Row) error {
			found, done, request, sealed = r.Int(1) > now, r.Flag(0), r.Text(2), r.Text(3)
			return nil
		}, a.secrets.lookup)
	}); err != nil {
		return nil, err
	}
	switch {
	case !found:
		return nil, nil
	case !same(request, a.request):
		return nil, errOther
	case !done:
		return nil, errUnderway
	}
	return a.secrets.open(sealed)
}

// claim tells other processes that the request is under way.
func (a *Attempt) claim(ctx context.Context) error {
	if a.keys.db.Engine() == sqldb.SQLite {
		return nil // there are none
	}
	now := a.keys.sys.Now()
	return a.keys.db.Write(ctx, a.in.StoreID, func(tx *sqldb.Tx) error {
		a.owner = tx.Draw()
		n, err := tx.ExecCount(claimKey, a.secrets.lookup, a.request, a.owner, now+int64(lease/time.Second), a.in.CustomerID, "", now)
		if err == nil && n == 0 {
			err = errUnderway
		}
		a.claimed = err == nil
		return err
	})
}

// Context returns the context in which the request is to be done.
func (a *Attempt) Context(ctx context.Context) context.Context { return a.unit.Context(ctx) }

// Wrote reports whether the request has written something.
func (a *Attempt) Wrote() bool { return a.unit.Open() }

// Keep makes durable what the request wrote, and its answer. Nothing is written
// where it returns an error, but for sqldb.ErrUnknownOutcome.
func (a *Attempt) Keep(ctx context.Context, answer *Answer) error {
	now := a.keys.sys.Now()
	sealed, err := a.secrets.seal(answer, a.keys.sys)
	if err != nil {
		return err
	}
	err = a.unit.Commit(ctx, a.in.StoreID, func(tx *sqldb.Tx) error {
		if !a.claimed {
			a.owner = tx.Draw()
		}
		n, err := tx.ExecCount(keepAnswer, a.secrets.lookup, a.request, a.owner, now+int64(kept/time.Second), a.in.CustomerID, sealed, now)
		if err == nil && n == 0 {
			err = errUnderway // by another process, which has taken it over
		}
		return err
	})
	// Whether a row is there is not known then, so it is left alone.
	a.kept = err == nil || errors.Is(err, sqldb.ErrUnknownOutcome)
	return err
}

// Pass makes durable what a request wrote that was refused. Its key is free.
func (a *Attempt) Pass(ctx context.Context) error {
	if !a.unit.Open() {
		return nil
	}
	return a.unit.Commit(ctx, a.in.StoreID, func(*sqldb.Tx) error { return nil })
}

// Close ends the attempt, once. What was neither kept nor passed is undone.
func (a *Attempt) Close(ctx context.Context) {
	if a.closed {
		return
	}
	a.closed = true
	a.unit.Undo()
	if a.claimed && !a.kept {
		// Otherwise the claim ends by itself.
		_ = a.keys.db.Write(context.WithoutCancel(ctx), a.in.StoreID, func(tx *sqldb.Tx) error {
			return tx.Exec(dropClaim, a.secrets.lookup, a.owner)
		})
	}
	a.keys.leave(a.flight())
}
