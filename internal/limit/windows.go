package limit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"clientele/internal/fault"
	"clientele/internal/sqldb"
	"clientele/internal/system"
)

// Window is the time within which Windows counts.
const Window = 15 * time.Minute

const windowSeconds = int64(Window / time.Second)

// Windows counts attempts per store and subject within a window of time, in
// the database: a restart forgets nothing and processes share the count.
type Windows struct {
	db     *sqldb.DB
	sys    *system.System
	counts *sqldb.Together[*counting]
	full   *Guard // bounds that were found to be reached
}

// fullKeys is how many of them are known.
const fullKeys = 10_000

// NewWindows returns Windows over db.
func NewWindows(db *sqldb.DB, sys *system.System) *Windows {
	return &Windows{db: db, sys: sys, counts: sqldb.NewTogether(db, countAll).Apart(), full: NewGuard(sys, 1, Window, fullKeys)}
}

// Ended returns what is left of windows and of wrong guesses that count no more.
func Ended() []sqldb.Ended {
	return []sqldb.Ended{
		{Keys: endedWindows, Drop: dropWindow, Keep: Window},
		{Keys: endedFailures, Drop: dropFailures, Keep: guessesForget * time.Second},
	}
}

// Bound is how often something may be tried by, or on, a subject within
// Window.
type Bound struct {
	Subject string
	Most    int64
	// Action and Network are for the operator: what is tried, and from which
	// network if that is what is counted.
	Action, Network string
}

// ByNetwork returns the bound of an action for whatever comes from a network.
func ByNetwork(action, network string, most int64) Bound {
	return Bound{Subject: Subject(action, network), Most: most, Action: action, Network: network}
}

// Subject returns the hash by which something is counted.
func Subject(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])
}

// window is how often something was tried since start.
type window struct{ attempts, start int64 }

var (
	selectWindow = sqldb.Static(`SELECT attempts, date_start FROM attempt_windows WHERE store_id = $1 AND subject = $2`)
	endedWindows = sqldb.Static(`SELECT subject FROM attempt_windows WHERE store_id = $1 AND date_start < $2 ORDER BY date_start LIMIT $3`)
	dropWindow   = sqldb.Static(`DELETE FROM attempt_windows WHERE store_id = $1 AND subject = $2 AND date_start < $3`)
)

// current returns between which times a window that runs now began. What lies
// far ahead was noted by a clock that was wrong.
func current(now int64) (first, last int64) { return now - windowSeconds + 1, now + windowSeconds }

// within returns how many attempts were made in the window that runs now.
func (w window) within(now int64) int64 {
	if first, last := current(now); w.start < first || w.start > last {
		return 0
	}
	return w.attempts
}

// left returns how long to wait for another attempt where most were made.
func (w window) left(now, most int64) time.Duration {
	if w.within(now) < most {
		return 0
	}
	return time.Duration(w.start+windowSeconds-now) * time.Second
}

// look is the query for a subject's window.
func look(subject string, out *window) sqldb.Q {
	return sqldb.Q{Stmt: selectWindow, Args: []any{subject}, Each: func(r *sqldb.Row) error { *out = window{r.Int(0), r.Int(1)}; return nil }}
}

// errFull undoes the transaction in which an attempt was counted that a bound
// refuses.
var errFull = errors.New("limit: the bound is reached")

// Take counts an attempt for each bound in turn, up to the first that is
// reached. It returns that one's index and how long to wait, or -1.
func (w *Windows) Take(ctx context.Context, storeID int64, bounds ...Bound) (full int, wait time.Duration, err error) {
	if err := w.takeFree(ctx, storeID, bounds); !errors.Is(err, errFull) {
		return -1, 0, err
	}
	full, wait, err = w.take(ctx, storeID, bounds...)
	if err == nil && full >= 0 {
		w.full.Take(key(storeID, bounds[full]))
	}
	return full, wait, err
}

// take is Take with a look at the bounds.
func (w *Windows) take(ctx context.Context, storeID int64, bounds ...Bound) (full int, wait time.Duration, err error) {
	now := w.sys.Now()
	// A look first: who asks too often should not make us write.
	seen, queries := make([]window, len(bounds)), make([]sqldb.Q, len(bounds))
	for i, b := range bounds {
		queries[i] = look(b.Subject, &seen[i])
	}
	if err := w.db.Read(ctx, storeID, func(tx *sqldb.Tx) error { clear(seen); return tx.Pipeline(queries...) }); err != nil {
		return -1, 0, err
	}
	full = -1
	for i, b := range bounds {
		if wait = seen[i].left(now, b.Most); wait > 0 {
			full, bounds = i, bounds[:i]
			break
		}
	}
	if len(bounds) == 0 {
		return full, wait, nil
	}
	c := countingOf(bounds, now)
	err = w.db.Write(sqldb.Aside(ctx), storeID, func(tx *sqldb.Tx) error {
		if err := tally(tx, []*counting{c}); err != nil {
			return err
		}
		// Other attempts may have been counted since the look. One that the first
		// bound refuses counts for no bound: it must not use up the others, which
		// may be of other people. One that a later bound refuses counts for those
		// before it.
		if i, _ := c.over(); i == 0 {
			return errFull
		}
		return nil
	})
	if err != nil && !errors.Is(err, errFull) {
		return -1, 0, err
	}
	if i, left := c.over(); i >= 0 {
		full, wait = i, left
	}
	return full, wait, nil
}

// TooMany is the fault of asking too often.
func TooMany(wait time.Duration) error {
	return &fault.Error{Kind: fault.TooMany, Message: "Too many requests", RetryAfter: int((wait + time.Second - 1) / time.Second)}
}
