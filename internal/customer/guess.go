package customer

import (
	"context"
	"strconv"
	"sync"
	"time"

	"clientele/internal/auth"
	"clientele/internal/fault"
	"clientele/internal/limit"
	"clientele/internal/sqldb"
	"clientele/internal/system"
)

// Bounds of guessing. Wrong passwords are counted for each email of a store,
// whether or not anybody has it, in the database: a restart forgets nothing
// and processes share the count. After the free ones the wait grows with each
// failure, up to an hour, so that nobody is locked out for good.
//
// Who signed in before from a network is counted apart when asking from
// there, so that strangers' guesses do not lock the owner out. From one
// address there may be more guesses, as it may be a merchant's backend that
// signs in everybody; those are counted per process.
const (
	freeGuesses   = 10
	firstWait     = 15 * 60
	longestWait   = 60 * 60
	guessesForget = 24 * 60 * 60
	guessWindow   = 15 * time.Minute
	guessesPeer   = 1000
	guessedKeys   = 100_000
	guessesPrune  = 20
)

var (
	selectFailures = sqldb.Static(`SELECT failures, date_last FROM sign_in_failures WHERE store_id = $1 AND subject = $2`)
	knownAddress   = sqldb.Static(`SELECT k.customer_id FROM known_addresses k
		JOIN customer_emails e ON e.store_id = k.store_id AND e.customer_id = k.customer_id
		WHERE k.store_id = $1 AND k.ip_address = $4 AND e.email_norm = $2 AND e.channel_id IN (0, $3)`)
	countFailure = sqldb.Static(`INSERT INTO sign_in_failures (store_id, subject, failures, date_last) VALUES ($1, $2, 1, $3)
		ON CONFLICT (store_id, subject) DO UPDATE SET
			failures = CASE WHEN sign_in_failures.date_last < $4 THEN 1 ELSE sign_in_failures.failures + 1 END, date_last = excluded.date_last`)
	forgetFailures = sqldb.Static(`DELETE FROM sign_in_failures WHERE store_id = $1 AND subject = $2`)
	pruneFailures  = sqldb.Static(`DELETE FROM sign_in_failures WHERE store_id = $1 AND subject IN
		(SELECT f.subject FROM sign_in_failures f WHERE f.store_id = $1 AND f.date_last < $2 ORDER BY f.date_last LIMIT $3)`)
)

// guesses bounds guessing.
type guesses struct {
	peers *limit.Guard

	mu      sync.Mutex
	running map[string]int // attempts under way, by store and subject
}

func newGuesses(sys *system.System) *guesses {
	return &guesses{peers: limit.NewGuard(sys, guessesPeer, guessWindow, guessedKeys), running: map[string]int{}}
}

// failures is what is known of wrong passwords for one subject.
type failures struct{ n, last int64 }

// wait returns how many seconds the next attempt has to wait, and how many
// attempts may be under way.
func (f failures) wait(now int64) (seconds int64, room int) {
	// What lies far ahead was noted by a clock that was wrong.
	if f.n == 0 || now-f.last >= guessesForget || f.last-now > longestWait {
		return 0, freeGuesses
	}
	if f.n < freeGuesses {
		return 0, freeGuesses - int(f.n)
	}
	pause := int64(firstWait)
	for i := int64(freeGuesses); i < f.n && pause < longestWait; i++ {
		pause *= 2
	}
	return max(f.last+min(pause, longestWait)-now, 0), 1
}

// attempt is a guess at the password of an email.
type attempt struct {
	strangers, own string // subjects: the email, and the email from this address
	known          bool   // the address is the customer's
}

func newAttempt(email, peer string) *attempt {
	return &attempt{
		strangers: auth.HashToken("email\x00" + email),
		own:       auth.HashToken("email\x00" + email + "\x00" + peer),
	}
}

// subject is what the attempt is counted for.
func (a *attempt) subject() string {
	if a.known {
		return a.own
	}
	return a.strangers
}

// guess makes an attempt at a password, unless there were too many that
// failed. One that is right or could not be made does not count. try compares.
func (s *Service) guess(ctx context.Context, storeID int64, peer string, a *attempt, try func() (ok bool, err error)) error {
	shop := strconv.FormatInt(storeID, 10) + "\x00"
	if wait := s.guesses.peers.Take(shop + peer); wait > 0 {
		return TooMany(wait)
	}
	// First an attempt is under way, then the failures are read, which are
	// written before an attempt is over: none is missed.
	subject := a.subject()
	place := s.guesses.enter(shop + subject)
	defer s.guesses.leave(shop + subject)
	var seen failures
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		return tx.Query(selectFailures, func(r *sqldb.Row) error { seen = failures{r.Int(0), r.Int(1)}; return nil }, subject)
	})
	wait, room := seen.wait(s.sys.Now())
	if wait == 0 && place > room {
		wait = 1
	}
	if err != nil || wait > 0 {
		s.guesses.peers.Return(shop + peer)
		if err == nil {
			err = TooMany(time.Duration(wait) * time.Second)
		}
		return err
	}
	ok, err := try()
	if err != nil || ok {
		s.guesses.peers.Return(shop + peer)
	}
	if err != nil || ok && seen.n == 0 {
		return err
	}
	now := s.sys.Now()
	return s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		if ok {
			return tx.Exec(forgetFailures, subject)
		}
		if err := tx.Exec(pruneFailures, now-guessesForget, int64(guessesPrune)); err != nil {
			return err
		}
		return tx.Exec(countFailure, subject, now, now-guessesForget)
	})
}

// enter counts an attempt that begins and returns how many are under way.
func (g *guesses) enter(key string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.running[key]++
	return g.running[key]
}

func (g *guesses) leave(key string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.running[key]--; g.running[key] == 0 {
		delete(g.running, key)
	}
}

// TooMany is the fault of asking too often.
func TooMany(wait time.Duration) error {
	return &fault.Error{Kind: fault.TooMany, Message: "Too many requests", RetryAfter: int((wait + time.Second - 1) / time.Second)}
}
