package limit_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"clientele/internal/fault"
	"clientele/internal/limit"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/system"
)

// bounds are two processes on one database, with one clock and two stores.
type bounds struct {
	*testing.T
	db      *sqldb.DB
	sys     *system.System
	now     atomic.Int64
	a, b    int64
	guesses [2]*limit.Guesses
	windows [2]*limit.Windows
}

func each(t *testing.T, fn func(s *bounds)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := &bounds{T: t, db: db, sys: system.Real()}
		s.now.Store(1_750_000_000)
		s.sys.Clock = func() time.Time { return time.Unix(s.now.Load(), 0) }
		stores := store.NewService(db, s.sys)
		for _, id := range []*int64{&s.a, &s.b} {
			st, err := stores.Create(t.Context(), "", "", "")
			if err != nil {
				t.Fatal(err)
			}
			*id = st.ID
		}
		for i := range 2 {
			s.guesses[i], s.windows[i] = limit.NewGuesses(db, s.sys), limit.NewWindows(db, s.sys)
		}
		fn(s)
	})
}

func at(address string) limit.Peer { return limit.Peer{Address: address} }

var backend = limit.Peer{Address: "192.0.2.80", Backend: true}

// wait returns for how many seconds an attempt is put off.
func (s *bounds) wait(err error) int {
	s.Helper()
	if f := fault.As(err); f != nil && f.Kind == fault.TooMany {
		return f.RetryAfter
	}
	if err != nil {
		s.Fatal(err)
	}
	return 0
}

// try makes a guess in one of the processes and returns how long it has to
// wait, or 0 if it was made.
func (s *bounds) try(process int, a limit.Guess, right bool) int {
	s.Helper()
	made := false
	_, err := s.guesses[process].Try(s.Context(), s.a, a, func() (bool, error) { made = true; return right, nil })
	w := s.wait(err)
	if made == (w > 0) {
		s.Fatalf("made is %v, and the wait %d", made, w)
	}
	return w
}

// made notes that so many attempts were made in the window that begins now.
func (s *bounds) made(n int64, subject ...string) {
	s.Helper()
	s.write(`INSERT INTO attempt_windows (store_id, subject, attempts, date_start) VALUES ($1, $2, $3, $4)`, limit.Subject(subject...), n, s.now.Load())
}

func (s *bounds) write(sql string, args ...any) {
	s.Helper()
	if err := s.db.Write(s.Context(), s.a, func(tx *sqldb.Tx) error { return tx.Exec(sqldb.Dynamic(sql), args...) }); err != nil {
		s.Fatal(err)
	}
}

func (s *bounds) number(sql string) (n int64) {
	s.Helper()
	if err := s.db.Read(s.Context(), s.a, func(tx *sqldb.Tx) error {
		return tx.Query(sqldb.Dynamic(sql), func(r *sqldb.Row) error { n = r.Int(0); return nil })
	}); err != nil {
		s.Fatal(err)
	}
	return n
}

const rows = `SELECT COUNT(*) FROM attempt_windows WHERE store_id = $1`

// However much is guessed at some emails through a backend, others sign in
// through it, from either process.
func TestBackendIsNotShut(t *testing.T) {
	each(t, func(s *bounds) {
		for i := range 1010 {
			s.try(i%2, limit.Guess{Email: fmt.Sprint(i % 101), Peer: backend}, false)
		}
		if s.try(0, limit.Guess{Email: "0", Peer: backend}, true) != 900 {
			s.Error("the email that was guessed at is open")
		}
		for _, known := range []bool{false, true} {
			if w := s.try(1, limit.Guess{Email: "ines", Peer: backend, Known: known}, true); w != 0 {
				s.Errorf("another's right password waits %d seconds", w)
			}
		}
		// Emails are counted, not guesses.
		if n := s.number(`SELECT attempts FROM attempt_windows WHERE store_id = $1`); n != 101 {
			s.Errorf("%d emails are counted", n)
		}
	})
}

// Trying very many emails through backends that tell no address has an end,
// at whatever addresses they are, but for those who are known from there.
func TestManyEmailsThroughBackends(t *testing.T) {
	each(t, func(s *bounds) {
		s.made(4999, "guess", "backend")
		s.now.Add(100)
		if s.try(0, limit.Guess{Email: "a", Peer: backend}, false) != 0 {
			s.Error("the last one is refused")
		}
		elsewhere := limit.Peer{Address: "198.51.100.80", Backend: true}
		if w := s.try(1, limit.Guess{Email: "b", Peer: elsewhere}, true); w != 800 {
			s.Errorf("one more waits %d seconds", w)
		}
		if s.try(1, limit.Guess{Email: "ines", Peer: elsewhere, Known: true}, true) != 0 {
			s.Error("who is known has to wait")
		}
		// The shopper whom a backend names is bounded by themselves.
		if s.try(0, limit.Guess{Email: "b", Peer: at("203.0.113.5")}, true) != 0 {
			s.Error("a shopper waits for others")
		}
		// Who is known is guessed at no more than anybody.
		for range 10 {
			s.try(0, limit.Guess{Email: "ines", Peer: elsewhere, Known: true}, false)
		}
		if s.try(1, limit.Guess{Email: "ines", Peer: backend, Known: true}, true) != 900 {
			s.Error("no bound for who is known")
		}
		s.now.Add(800)
		if s.try(0, limit.Guess{Email: "b", Peer: elsewhere}, true) != 0 {
			s.Error("the window does not end")
		}
	})
}

// From one network there are only so many guesses, whichever process is asked.
// Whose owner is known from there is open all the same.
func TestOneNetwork(t *testing.T) {
	each(t, func(s *bounds) {
		peer := func(i int) limit.Peer { return at(fmt.Sprintf("2001:db8:1:2::%x", i)) }
		for i := range 1000 {
			if i == 500 {
				s.now.Add(60)
			}
			if s.try(i%2, limit.Guess{Email: fmt.Sprint(i), Peer: peer(i)}, false) != 0 {
				s.Fatalf("guess %d is refused", i)
			}
		}
		for process := range 2 {
			if w := s.try(process, limit.Guess{Email: "x", Peer: peer(2000)}, true); w != 840 {
				s.Errorf("process %d: a neighbour waits %d seconds", process, w)
			}
		}
		for what, a := range map[string]limit.Guess{
			"another network":       {Email: "x", Peer: at("2001:db8:1:3::1")},
			"who is known":          {Email: "x", Peer: peer(0), Known: true},
			"a backend there":       {Email: "x", Peer: limit.Peer{Address: peer(0).Address, Backend: true}},
			"an address of no form": {Email: "x"},
		} {
			if s.try(1, a, true) != 0 {
				s.Errorf("%s has to wait", what)
			}
		}
		if _, err := s.guesses[0].Try(s.Context(), s.b, limit.Guess{Email: "x", Peer: peer(0)}, func() (bool, error) { return true, nil }); err != nil {
			s.Errorf("another store: %v", err)
		}
		s.now.Add(840)
		if s.try(0, limit.Guess{Email: "x", Peer: peer(0)}, false) != 0 {
			s.Error("the window does not end")
		}
		if n := s.number(rows); n != 1 {
			s.Errorf("%d windows are kept", n)
		}
	})
}

// Of many guesses at once no more are made than are left.
func TestOneNetworkAtOnce(t *testing.T) {
	each(t, func(s *bounds) {
		s.made(995, "guess", "192.0.2.1")
		var made atomic.Int64
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				_, _ = s.guesses[0].Try(s.Context(), s.a, limit.Guess{Email: fmt.Sprint(i), Peer: at("192.0.2.1")}, func() (bool, error) { made.Add(1); return false, nil })
			})
		}
		wg.Wait()
		if made.Load() > 5 {
			s.Errorf("%d guesses were made", made.Load())
		}
	})
}

// A guess that is right, or could not be made, is not counted.
func TestWhatDoesNotCount(t *testing.T) {
	each(t, func(s *bounds) {
		lost := errors.New("lost")
		for _, peer := range []limit.Peer{at("192.0.2.1"), backend} {
			s.try(0, limit.Guess{Email: "x", Peer: peer}, true)
			if _, err := s.guesses[0].Try(s.Context(), s.a, limit.Guess{Email: "x", Peer: peer}, func() (bool, error) { return false, lost }); !errors.Is(err, lost) {
				s.Error(err)
			}
		}
		if n := s.number(rows) + s.number(`SELECT COUNT(*) FROM sign_in_failures WHERE store_id = $1`); n != 0 {
			s.Errorf("%d rows", n)
		}
	})
}

// Processes share what is taken, and what is taken at once.
func TestTake(t *testing.T) {
	each(t, func(s *bounds) {
		take := func(process int, bounds ...limit.Bound) (int, time.Duration) {
			s.Helper()
			full, wait, err := s.windows[process].Take(s.Context(), s.a, bounds...)
			if err != nil {
				s.Fatal(err)
			}
			return full, wait
		}
		peer, email := limit.Bound{Subject: "peer", Most: 5}, limit.Bound{Subject: "email", Most: 3}
		for i, want := range []struct {
			full int
			wait time.Duration
		}{{-1, 0}, {-1, 0}, {-1, 0}, {1, 600 * time.Second}, {1, 600 * time.Second}, {0, 600 * time.Second}, {0, 600 * time.Second}} {
			if full, wait := take(i%2, peer, email); full != want.full || wait != want.wait {
				s.Errorf("attempt %d: %d, %v", i, full, wait)
			}
			if i == 0 {
				s.now.Add(300)
			}
		}
		if full, _ := take(0, limit.Bound{Subject: "other", Most: 1}, email); full != 1 {
			s.Error("the second bound is not shared")
		}
		if full, _, err := s.windows[0].Take(s.Context(), s.b, peer); full != -1 || err != nil {
			s.Errorf("another store: %d, %v", full, err)
		}
		s.now.Add(600)
		if full, _ := take(1, peer, email); full != -1 {
			s.Error("the window does not end")
		}
		// A clock that was a day ahead for a while shuts nobody out for that day.
		s.now.Add(86400)
		for range 6 {
			take(0, peer)
		}
		s.now.Add(-86400)
		if full, _ := take(0, peer); full != -1 {
			s.Error("refused after the clock went back")
		}
		var admitted atomic.Int64
		var wg sync.WaitGroup
		for i := range 40 {
			wg.Go(func() {
				full, _, err := s.windows[i%2].Take(s.Context(), s.a, limit.Bound{Subject: "rush", Most: 10}, limit.Bound{Subject: fmt.Sprint("e", i%3), Most: 100})
				if err != nil {
					s.Error(err)
				}
				if full == -1 {
					admitted.Add(1)
				}
			})
		}
		wg.Wait()
		if admitted.Load() != 10 {
			s.Errorf("%d were admitted at once", admitted.Load())
		}
	})
}

// Who asks too often makes us write nothing, and windows that ended can be
// taken away.
func TestWindowsAreBounded(t *testing.T) {
	each(t, func(s *bounds) {
		s.made(100, "peer")
		if full, _, err := s.windows[0].Take(s.Context(), s.a, limit.Bound{Subject: limit.Subject("peer"), Most: 100}, limit.Bound{Subject: "new", Most: 1}); full != 0 || err != nil || s.number(rows) != 1 {
			s.Errorf("%d, %v", full, err)
		}
		for i := range 50 {
			s.made(1, "old", fmt.Sprint(i))
		}
		s.now.Add(900)
		if _, _, err := s.windows[0].Take(s.Context(), s.a, limit.Bound{Subject: "live", Most: 100}); err != nil {
			s.Error(err)
		}
		if err := s.db.DropEnded(s.Context(), s.now.Load()+1, limit.Ended()); err != nil || s.number(rows) != 1 { // the one that is counted
			s.Errorf("%d windows are left (%v)", s.number(rows), err)
		}
	})
}
