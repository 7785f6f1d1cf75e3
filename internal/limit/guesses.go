package limit

import (
	"context"
	"strconv"
	"sync"
	"time"

	"clientele/internal/sqldb"
	"clientele/internal/system"
)

// Bounds of guessing. Wrong passwords are counted for each email of a store,
// whether or not anybody has it. After the free ones the wait grows with each
// failure, up to an hour, so that nobody is locked out for good.
//
// Who signed in before from a network is counted apart when asking from
// there, so that strangers' guesses do not lock the owner out.
//
// From one network there may be more guesses within a Window, as many people
// may share it. All backends of a store that tell no address are one network.
// Its bound counts an email at the first wrong guess and not at the next ones,
// so that many guesses at a few emails do not use it up for all shoppers.
// Neither bound refuses a guess at an email whose owner is known from the
// network.
const (
	freeGuesses    = 10
	firstWait      = 15 * 60
	longestWait    = 60 * 60
	guessesForget  = 24 * 60 * 60
	guessesNetwork = 1000
	guessedEmails  = 5000 // by backends
)

var (
	selectFailures = sqldb.Static(`SELECT failures, date_last FROM sign_in_failures WHERE store_id = $1 AND subject = $2`)
	// The network is kept only while guesses are held back.
	countFailure = sqldb.Static(`INSERT INTO sign_in_failures (store_id, subject, failures, date_last, customer_id) VALUES ($1, $2, 1, $3, $5)
		ON CONFLICT (store_id, subject) DO UPDATE SET
			failures = CASE WHEN sign_in_failures.date_last < $4 THEN 1 ELSE sign_in_failures.failures + 1 END, date_last = excluded.date_last,
			customer_id = excluded.customer_id,
			network = CASE WHEN sign_in_failures.date_last >= $4 AND sign_in_failures.failures + 1 >= $6 THEN $7 ELSE '' END
		RETURNING failures, date_last`)
	forgetFailures = sqldb.Static(`DELETE FROM sign_in_failures WHERE store_id = $1 AND subject = $2`)
	endedFailures  = sqldb.Static(`SELECT subject FROM sign_in_failures WHERE store_id = $1 AND date_last < $2 ORDER BY date_last LIMIT $3`)
	dropFailures   = sqldb.Static(`DELETE FROM sign_in_failures WHERE store_id = $1 AND subject = $2 AND date_last < $3`)
)

// Guesses bounds guessing at passwords. It counts in the database, and per
// process the attempts that are under way.
type Guesses struct {
	db  *sqldb.DB
	sys *system.System

	mu      sync.Mutex
	running map[string]int64 // attempts under way, by store and subject
}

// NewGuesses returns Guesses over db.
func NewGuesses(db *sqldb.DB, sys *system.System) *Guesses {
	return &Guesses{db: db, sys: sys, running: map[string]int64{}}
}

// Guess is an attempt at the password of an email.
type Guess struct {
	Email      string // as emails are compared
	CustomerID int64  // who has it; 0: nobody
	Peer       Peer
	Known      bool // the owner signed in before from the peer's network
	// Shared: customers of other channels have the email too. Wrong guesses are
	// counted for the email, so that the right password of one customer must not
	// erase the count: it bounds guesses at the passwords of the others.
	Shared bool
	// Note, if set, runs in the transaction that counts a wrong guess, which may
	// run more than once.
	Note func(tx *sqldb.Tx, t Tried) error
}

// Subject is what a wrong guess is counted for.
func (a Guess) Subject() string {
	if a.Known {
		return Subject("email", a.Email, a.Peer.Network())
	}
	return Subject("email", a.Email)
}

// apart is the network whose guesses count apart; empty: guesses from all
// networks count together.
func (a Guess) apart() string {
	if a.Known {
		return a.Peer.Network()
	}
	return ""
}

// network is the bound of the peer's network.
func (a Guess) network() Bound {
	most := int64(guessesNetwork)
	if a.Peer.Backend {
		most = guessedEmails
	}
	return ByNetwork(Guessing, a.Peer.Network(), most)
}

// failures is what is known of wrong passwords for one subject.
type failures struct{ n, last int64 }

// forgotten reports whether a guess would be the first.
func (f failures) forgotten(now int64) bool {
	// What lies far ahead was noted by a clock that was wrong.
	return f.n == 0 || now-f.last >= guessesForget || f.last-now > longestWait
}

// wait returns how many seconds the next attempt has to wait, and how many
// attempts may be under way.
func (f failures) wait(now int64) (seconds, room int64) {
	if f.forgotten(now) {
		return 0, freeGuesses
	}
	if f.n < freeGuesses {
		return 0, freeGuesses - f.n
	}
	pause := int64(firstWait)
	for i := int64(freeGuesses); i < f.n && pause < longestWait; i++ {
		pause *= 2
	}
	return max(f.last+min(pause, longestWait)-now, 0), 1
}

// Tried is what came of a guess.
type Tried struct {
	// Held: it was not made, as there were too many before.
	Held bool
	// Account and Network tell for how long further guesses at the account and
	// from the network have to wait because of this one; 0: they do not.
	Account, Network time.Duration
	// Failures are the wrong guesses in a row, with this one.
	Failures int64
}

// Try makes an attempt at a password, unless there were too many that failed,
// which is TooMany. One that is right or could not be made does not count.
// compare compares.
func (g *Guesses) Try(ctx context.Context, storeID int64, a Guess, compare func() (right bool, err error)) (out Tried, err error) {
	shop := strconv.FormatInt(storeID, 10) + "\x00"
	subject, network := a.Subject(), a.network()
	// First an attempt is under way, then the failures are read, which are
	// written before an attempt is over: none is missed.
	place, leave := g.enter(shop + subject)
	defer leave()
	others := int64(0)
	var seen failures
	var around window
	queries := append(make([]sqldb.Q, 0, 2), sqldb.Q{
		Stmt: selectFailures, Args: []any{subject}, Each: func(r *sqldb.Row) error { seen = failures{r.Int(0), r.Int(1)}; return nil },
	})
	if !a.Known {
		n, leave := g.enter(shop + network.Subject)
		defer leave()
		others = n - 1
		queries = append(queries, look(network.Subject, &around))
	}
	if err := g.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		seen, around = failures{}, window{}
		return tx.Pipeline(queries...)
	}); err != nil {
		return out, err
	}
	now := g.sys.Now()
	seconds, room := seen.wait(now)
	wait := max(time.Duration(seconds)*time.Second, around.left(now, network.Most))
	if wait == 0 && (place > room || around.within(now)+others >= network.Most) {
		wait = time.Second
	}
	if wait > 0 {
		return Tried{Held: true}, TooMany(wait)
	}
	right, err := compare()
	if right && !seen.forgotten(now) {
		out.Failures = seen.n
	}
	if err != nil || right && (seen.n == 0 || a.Shared) {
		return out, err
	}
	now = g.sys.Now()
	// Who hangs up has guessed all the same.
	err = g.db.Write(sqldb.Aside(context.WithoutCancel(ctx)), storeID, func(tx *sqldb.Tx) error {
		if right {
			return tx.Exec(forgetFailures, subject)
		}
		var failed failures
		around = window{}
		if err := tx.Query(countFailure, func(r *sqldb.Row) error { failed = failures{r.Int(0), r.Int(1)}; return nil },
			subject, now, now-guessesForget, a.CustomerID, int64(freeGuesses), a.apart()); err != nil {
			return err
		}
		if !a.Peer.Backend || seen.forgotten(now) { // else the email is counted
			c := countingOf([]Bound{network}, now)
			if err := tally(tx, []*counting{c}); err != nil {
				return err
			}
			around = c.at[0]
		}
		seconds, _ := failed.wait(now)
		out = Tried{Account: time.Duration(seconds) * time.Second, Failures: failed.n}
		if around.within(now) == network.Most { // not again for those that were under way
			out.Network = around.left(now, network.Most)
		}
		if a.Note == nil {
			return nil
		}
		return a.Note(tx, out)
	})
	if err != nil {
		return Tried{}, err
	}
	return out, nil
}

// enter counts an attempt that begins and returns how many are under way.
func (g *Guesses) enter(key string) (running int64, leave func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.running[key]++
	return g.running[key], func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.running[key]--; g.running[key] == 0 {
			delete(g.running, key)
		}
	}
}
