package account_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"clientele/internal/account"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/limit"
	"clientele/internal/password"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/system"
)

// stored are hashes as customers have them; "hashcat" is the password of some.
var stored = []string{
	"", "$argon2id$v=19$m=19456,t=2,p=1$AQEBAQEBAQEBAQEBAQEBAQ$AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE",
	"374996a5e8a5e57fd97d893f7df79824:36", "$2a$05$LhayLxezLhK1LhWvKxCyLOj0j1u.Kj0jZ0pEmm134uzrQlFvQJLF6",
	"pbkdf2_sha256$10000$1135411628$bFYX62rfJobJ07VwrUMXfuffLfj2RDM2G6/BrTrUWkE=",
}

func named(email string) customer.Create {
	return customer.Create{Email: email, FirstName: "Jane", LastName: "Doe"}
}

// over returns a service of the shop's accounts with another clock and hasher.
func (s *shop) over(sys *system.System, passwords *password.Hasher) *account.Service {
	return account.NewService(account.Config{DB: s.db, System: sys, Customers: customer.NewService(s.db, sys, passwords), Passwords: passwords})
}

// clocked is a service on which time passes by hashing and waiting alone.
type clocked struct {
	w     *shop
	svc   *account.Service
	mu    sync.Mutex
	now   time.Time
	costs map[string]time.Duration
}

// fired is a timer that has fired.
type fired chan time.Time

func (f fired) Chan() <-chan time.Time   { return f }
func (f fired) Stop() bool               { return false }
func (f fired) Reset(time.Duration) bool { return false }

func newClocked(w *shop, costs map[string]time.Duration) *clocked {
	c := &clocked{w: w, now: time.Unix(dbtest.Now, 0), costs: costs}
	sys := &system.System{Random: system.Real().Random}
	sys.Clock = func() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.now }
	sys.Timer = func(d time.Duration) system.Timer {
		c.pass(d)
		out := make(fired, 1)
		out <- time.Time{}
		return out
	}
	c.svc = w.over(sys, password.NewWith(sys, password.Options{Cheap: true, Places: 1, Run: func(kind string, work func()) {
		work()
		c.pass(c.costs[kind])
	}}))
	return c
}

func (c *clocked) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func (c *clocked) took(fn func() error) time.Duration {
	c.w.Helper()
	start := c.now
	if err := fn(); err != nil {
		c.w.Fatal(err)
	}
	return c.now.Sub(start)
}

var forgetGuesses = sqldb.Static(`DELETE FROM sign_in_failures WHERE store_id = $1`)

// Nobody learns from the time of an answer who has an account, nor where its
// hash came from.
func TestWrongPasswordsTakeTheSameTime(t *testing.T) {
	each(t, func(w *shop) {
		const ms = time.Millisecond
		c := newClocked(w, map[string]time.Duration{"": 60 * ms, "bcrypt:5": 130 * ms, "pbkdf2-sha256:10000": 900 * ms})
		for i, h := range stored {
			in := named(fmt.Sprintf("p%d@x.org", i))
			in.ImportedHash.Hash = h
			w.add(w.a, in)
		}
		answers := func(kinds []int) (out []time.Duration) {
			// Guesses are forgotten. No time passes, in which kinds would be measured
			// again in between.
			if err := w.db.Write(w.Context(), w.a.StoreID, func(tx *sqldb.Tx) error { return tx.Exec(forgetGuesses) }); err != nil {
				w.Fatal(err)
			}
			for _, i := range kinds {
				out = append(out, c.took(func() error {
					id, err := c.svc.Validate(w.Context(), w.a.StoreID, account.Credentials{Email: fmt.Sprintf("p%d@x.org", i), Password: "wrong", Peer: limit.Peer{Address: "192.0.2.1"}})
					if id != 0 {
						w.Error("a wrong password is right")
					}
					return err
				}))
			}
			for _, id := range kinds {
				out = append(out, c.took(func() error {
					right, err := c.svc.VerifyPassword(w.Context(), w.a.StoreID, int64(id)+1, "wrong", limit.Peer{Address: "192.0.2.1"})
					if right {
						w.Error("a wrong password is right")
					}
					if id == 99 && fault.As(err) != nil { // nobody's
						err = nil
					}
					return err
				}))
			}
			return out
		}
		alike := func(what string, want time.Duration, kinds ...int) {
			w.Helper()
			answers(kinds) // measures
			all := answers(kinds)
			for i, got := range all {
				if got != all[0] || got < want || got > want*4/3 {
					w.Errorf("%s: wrong password %d is answered after %s, the first after %s", what, i, got, all[0])
				}
			}
		}
		alike("five kinds", 900*ms, 0, 1, 2, 3, 4, 99)
		// A right one is answered at once, and replaced.
		sign := func(i int) time.Duration {
			return c.took(func() error {
				id, err := c.svc.Validate(w.Context(), w.a.StoreID, account.Credentials{Email: fmt.Sprintf("p%d@x.org", i), Password: "hashcat", Peer: limit.Peer{Address: "192.0.2.1"}})
				if id == 0 {
					w.Error("a right password is wrong")
				}
				return err
			})
		}
		if got := sign(4); got != 960*ms {
			w.Errorf("the first right password is answered after %s", got)
		}
		if got := sign(4); got != 60*ms {
			w.Errorf("the second right password is answered after %s", got)
		}
		alike("without the dearest", 130*ms, 0, 1, 2, 3, 99)
		sign(3)
		sign(2)
		answers([]int{0, 99})
		for _, got := range answers([]int{0, 1, 99}) {
			if got != 60*ms {
				w.Errorf("with hashes of our own alone a wrong password is answered after %s", got)
			}
		}
		w.write(w.a.StoreID, func(tx *sqldb.Tx) error {
			return tx.Exec(sqldb.Dynamic(`INSERT INTO imported_hash_counts (store_id, counted_to) VALUES ($1, 0)`))
		})
		for _, got := range answers([]int{0, 99}) {
			if got != time.Second {
				w.Errorf("while hashes are counted a wrong password is answered after %s", got)
			}
		}
	})
}

// Who hangs up as soon as a right password would have been answered has guessed
// all the same.
func TestHangingUpIsAGuess(t *testing.T) {
	each(t, func(w *shop) {
		sys := system.Real()
		hangUp := func() {}
		svc := w.over(sys, password.NewWith(sys, password.Options{Cheap: true, Run: func(string, func()) { hangUp() }}))
		try := func(ctx context.Context) error {
			_, err := svc.Validate(ctx, w.a.StoreID, account.Credentials{Email: "nobody@x.org", Password: "wrong", Peer: limit.Peer{Address: "192.0.2.1"}})
			return err
		}
		for range 10 {
			ctx, cancel := context.WithCancel(w.Context())
			hangUp = cancel
			_ = try(ctx) // nobody hears it
			cancel()
		}
		hangUp = func() {}
		if f := fault.As(try(w.Context())); f == nil || f.Kind != fault.TooMany {
			w.Errorf("guesses of who hung up do not count: %v", f)
		}
	})
}
