package password_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"clientele/internal/fault"
	"clientele/internal/password"
	"clientele/internal/system"
)

func TestKinds(t *testing.T) {
	for stored, want := range map[string]string{
		"": "", "nonsense": "", "$argon2id$v=19$m=19456,t=2,p=1$AQEBAQEBAQEBAQEBAQEBAQ$AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE": "",
		"argon2$argon2id$v=19$m=19456,t=2,p=1$AQEBAQEBAQEBAQEBAQEBAQ$AQEBAQEBAQEBAQEBAQEBAQ": "", // as dear as ours
		"$argon2id$v=19$m=19456,t=3,p=1$AQEBAQEBAQEBAQEBAQEBAQ$AQEBAQEBAQEBAQEBAQEBAQ":       "argon2id:19456,3,1",
		"pbkdf2_sha256$870000$seasalt12345$d/SIy+AaVAscmwj6H8pG4zHghd3SUFKAP3LzhnNqRG8=":     "pbkdf2-sha256:870000",
		"pbkdf2_sha256$29001$seasalt12345$d/SIy+AaVAscmwj6H8pG4zHghd3SUFKAP3LzhnNqRG8=":      "pbkdf2-sha256:30000",
		"pbkdf2_sha1$1000$seasalt12345$d/SIy+AaVAscmwj6H8pG4zHghd3SUFKAP3LzhnNqRG8=":         "pbkdf2-sha1:2000", // two blocks
		"$2b$12$AMsbiac35dg4XoAHKlvFfu8ZcLRswHtsAc0c4H/ZU/jvEUaRbg9Qy":                       "bcrypt:12",
		"$P$72/cSsxNbqi3N5zdF0/U07C.6Bxa9L1":                                                 "phpass-md5:9",
		"$5$rounds=1500$PlhD3bQ4tiUoI0YM$.BQesLh68CrCE2AXxUeYLoG5B23g/zYO1JpaVDuMA5B":        "crypt-sha256:1500",
		"374996a5e8a5e57fd97d893f7df79824:36":                                                "digest",
	} {
		if got := password.Kind(stored); got != want {
			t.Errorf("%q is of kind %q, want %q", stored, got, want)
		}
	}
	// Each kind can be measured by a hash that is of this kind itself.
	hashes := []string{}
	for _, v := range published {
		stored, err := v.hash.Stored()
		if err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, stored)
	}
	for _, v := range computed {
		hashes = append(hashes, v.hash)
	}
	for _, h := range hashes {
		k := password.Kind(h)
		if got, err := password.Sample(k); got != k || err != nil || len(k) > 40 {
			t.Errorf("%s is of kind %q and measured by %q, %v", h, k, got, err)
		}
	}
	for _, bad := range []string{"", "x", "scrypt", "scrypt:0,8,1", "bcrypt:31", "phpass-md5:99", "phpass-md5:-1", "pbkdf2-", "pbkdf2-sha256:9999999", "argon2id:1"} {
		if got, err := password.Sample(bad); err == nil {
			t.Errorf("%q is measured by %q", bad, got)
		}
	}
}

// stage is a hasher whose work takes the time that the test says, by its clock,
// and next to none of the machine's.
type stage struct {
	*password.Hasher
	sys   *system.System
	mu    sync.Mutex
	now   time.Time
	costs map[string]time.Duration
	work  []string // kinds, in order
	slept []time.Duration
}

// timer fires when its maker says so.
type timer chan time.Time

func (t timer) Chan() <-chan time.Time   { return t }
func (t timer) Stop() bool               { return false }
func (t timer) Reset(time.Duration) bool { return false }

func newStage(costs map[string]time.Duration) *stage {
	s := &stage{now: time.Unix(1e9, 0), costs: costs, sys: &system.System{Random: system.Real().Random}}
	s.sys.Clock = func() time.Time { s.mu.Lock(); defer s.mu.Unlock(); return s.now }
	s.sys.Timer = func(d time.Duration) system.Timer {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.now, s.slept = s.now.Add(d), append(s.slept, d)
		c := make(timer, 1)
		c <- s.now
		return c
	}
	s.Hasher = password.NewWith(s.sys, password.Options{Places: 1, Run: s.run, Cheap: true})
	return s
}

func (s *stage) run(kind string, work func()) {
	work()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.work, s.now = append(s.work, kind), s.now.Add(s.costs[kind])
}

const ms = time.Millisecond

// answer returns how long a wrong password takes to be answered.
func (s *stage) answer(t *testing.T, stored string, held password.Kinds) time.Duration {
	t.Helper()
	start := s.sys.Clock()
	c, err := s.Compare(t.Context(), who, stored, "wrong")
	if err != nil || c.OK {
		t.Fatalf("%+v, %v", c, err)
	}
	if err := s.Level(t.Context(), c, held); err != nil {
		t.Fatal(err)
	}
	return s.sys.Clock().Sub(start)
}

func TestWrongPasswordsAreAnsweredAlike(t *testing.T) {
	const dear, cheap, middle = "pbkdf2_sha256$2000$seasalt12345$d/SIy+AaVAscmwj6H8pG4zHghd3SUFKAP3LzhnNqRG8=", "374996a5e8a5e57fd97d893f7df79824:36", "$2b$04$AMsbiac35dg4XoAHKlvFfu8ZcLRswHtsAc0c4H/ZU/jvEUaRbg9Qy"
	s := newStage(map[string]time.Duration{"": 60 * ms, "pbkdf2-sha256:2000": 900 * ms, "bcrypt:4": 200 * ms})
	own, err := s.Hash(t.Context(), who, "Secret-123")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		names []string
		want  time.Duration // and a sixteenth
	}{
		{[]string{"digest", "pbkdf2-sha256:2000", "bcrypt:4"}, 900 * ms},
		{[]string{"digest", "bcrypt:4"}, 200 * ms},
		{[]string{"digest"}, 60 * ms},
	} {
		held, all := password.Kinds{Names: c.names}, time.Duration(0)
		for _, stored := range []string{"", own, cheap, middle, dear} {
			if k := password.Kind(stored); k != "" && !strings.Contains(strings.Join(c.names, " "), k) {
				continue
			}
			s.answer(t, stored, held) // the first of a kind may be measured
			got := s.answer(t, stored, held)
			if all == 0 {
				all = got
			}
			if got != all || got < c.want || got > c.want*4/3 {
				t.Errorf("%v: %q is answered after %s, another after %s", c.names, password.Kind(stored), got, all)
			}
		}
	}
	// That a hash of a kind was verified once more shows in no other answer.
	held := password.Kinds{Names: []string{"pbkdf2-sha256:2000"}}
	before := s.answer(t, "", held)
	for _, cost := range []time.Duration{880, 905, 910, 870, 915, 900} {
		s.costs["pbkdf2-sha256:2000"] = cost * ms
		s.answer(t, dear, held)
		if got := s.answer(t, "", held); got != before {
			t.Errorf("nobody is answered after %s, once somebody was after %s", before, got)
		}
	}
	// With nothing but hashes of our own nobody waits.
	s.slept = nil
	for _, stored := range []string{"", own} {
		if got := s.answer(t, stored, password.Kinds{}); got != 60*ms || len(s.slept) != 0 {
			t.Errorf("answered after %s, slept %v", got, s.slept)
		}
	}
	// As long as it is not known what there is, it is taken to be dear.
	for _, stored := range []string{"", own, cheap, middle} {
		if got := s.answer(t, stored, password.Kinds{Partial: true}); got != time.Second {
			t.Errorf("%q is answered after %s while kinds are counted", password.Kind(stored), got)
		}
	}
	// A machine that slows down: from the first slow one on all are that slow.
	s.costs["pbkdf2-sha256:2000"] = 2000 * ms
	s.answer(t, dear, held)
	if got := s.answer(t, "", held); got < 2000*ms || got > 2600*ms {
		t.Errorf("answered after %s", got)
	}
	// A clock that goes back makes nobody wait for that long.
	c, err := s.Compare(t.Context(), who, "", "wrong")
	if err != nil {
		t.Fatal(err)
	}
	s.now, s.slept = s.now.Add(-time.Hour), nil
	if err := s.Level(t.Context(), c, held); err != nil || len(s.slept) != 1 || s.slept[0] > 5*time.Second {
		t.Errorf("slept %v, %v", s.slept, err)
	}
}

// Long passwords take some kinds longer: they are answered as late as long
// ones take.
func TestLongPasswordsAreAnsweredAlike(t *testing.T) {
	const hash = "$1$fs2pHz1h$DukrZgeQwrhH6NZMd8W1P1"
	s := newStage(nil)
	lengths := map[string]int{}
	slow := password.NewWith(s.sys, password.Options{Places: 1, Run: func(kind string, work func()) {
		work()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.now = s.now.Add(time.Duration(1+lengths[kind]) * ms)
	}})
	held := password.Kinds{Names: []string{"crypt-md5"}}
	took := func(stored string, n int) time.Duration {
		lengths["crypt-md5"] = n
		start := s.sys.Clock()
		c, err := slow.Compare(t.Context(), who, stored, strings.Repeat("x", n))
		if err == nil {
			err = slow.Level(t.Context(), c, held)
		}
		if err != nil {
			t.Fatal(err)
		}
		return s.sys.Clock().Sub(start)
	}
	for _, n := range []int{64, 128, 250} {
		took(hash, n)
	}
	for _, n := range []int{250, 64, 128, 250} {
		if a, b := took(hash, n), took("", n); a != b || a < time.Duration(n)*ms || a > time.Duration(n)*ms*4/3 {
			t.Errorf("%d characters: %s, for nobody %s", n, a, b)
		}
	}
}

// What is waited is waited without a place, and ends with the caller.
func TestWaitingTakesNoPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(map[string]time.Duration{"": 60 * ms, "bcrypt:4": 900 * ms})
		held := password.Kinds{Names: []string{"bcrypt:4"}}
		s.answer(t, "", held)                                                // measures
		s.sys.Timer = func(time.Duration) system.Timer { return timer(nil) } // never
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			c, err := s.Compare(ctx, who, "", "wrong")
			if err == nil {
				err = s.Level(ctx, c, held)
			}
			ended <- err
		}()
		synctest.Wait()
		if _, err := s.Hash(t.Context(), who, "Secret-123"); err != nil {
			t.Error(err)
		}
		select {
		case err := <-ended:
			t.Errorf("answered at once: %v", err)
		default:
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// A kind that was never seen is measured once, whoever asks how often.
func TestKindsAreMeasuredOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(map[string]time.Duration{"": 60 * ms, "bcrypt:4": 900 * ms})
		held := password.Kinds{Names: []string{"bcrypt:4", "of a program to come"}}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.Level(gone, password.Comparison{}, held); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		synctest.Wait()
		for range 5 {
			go func() {
				if err := s.Level(t.Context(), password.Comparison{}, held); err != nil {
					t.Error(err)
				}
			}()
		}
		synctest.Wait()
		n := map[string]int{}
		for _, k := range s.work {
			n[k]++
		}
		if n["bcrypt:4"] != 1 {
			t.Errorf("the work was %v", n)
		}
	})
}

// What was measured on a machine that was busy is not waited for ever after,
// also where nobody with a hash of the kind comes again.
func TestKindsAreMeasuredAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(map[string]time.Duration{"": 60 * ms, "bcrypt:4": 4000 * ms})
		held := password.Kinds{Names: []string{"bcrypt:4"}}
		if took := s.answer(t, "", held); took < 4000*ms {
			t.Errorf("answered after %v", took)
		}
		s.mu.Lock()
		s.costs["bcrypt:4"] = 300 * ms
		s.mu.Unlock()
		for range 60 {
			s.mu.Lock()
			s.now = s.now.Add(time.Minute)
			s.mu.Unlock()
			for range 3 { // of which one has it measured
				s.answer(t, "", held)
				synctest.Wait()
			}
		}
		// One of three may be measured meanwhile, which takes of the same clock.
		took := s.answer(t, "", held)
		for range 2 {
			synctest.Wait()
			took = min(took, s.answer(t, "", held))
		}
		if took < 300*ms || took > 450*ms {
			t.Errorf("answered after %v", took)
		}
		n := 0
		for _, k := range s.work {
			if k == "bcrypt:4" {
				n++
			}
		}
		if n > 70 {
			t.Errorf("measured %d times in an hour", n)
		}
	})
}

// Beyond the bound a caller is told when to come again, and a batch that has
// begun goes on.
func TestTooManyHashes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		p := password.NewWith(system.Real(), password.Options{Places: 1, Run: func(_ string, work func()) { <-gate; work() }})
		batch := make(chan error, 1)
		go func() {
			hashes, err := p.HashAll(t.Context(), password.Party{StoreID: 1, Name: "app"}, []string{"", "Secret-1", "Secret-2", "", "Secret-3"})
			if err == nil && (hashes[0] != "" || hashes[3] != "" || hashes[1] == "" || hashes[2] == "" || hashes[4] == "") {
				err = errors.New(strings.Join(hashes, ", "))
			}
			batch <- err
		}()
		synctest.Wait()
		var wg sync.WaitGroup
		for range password.WaitingPerPlace {
			wg.Go(func() {
				if _, err := p.Hash(t.Context(), who, "Secret-123"); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		for name, call := range map[string]func() error{
			"hash":    func() error { _, err := p.Hash(t.Context(), who, "Secret-123"); return err },
			"compare": func() error { _, err := p.Compare(t.Context(), who, "", "Secret-123"); return err },
			"batch":   func() error { _, err := p.HashAll(t.Context(), who, []string{"Secret-123"}); return err },
		} {
			if f := fault.As(call()); f == nil || f.Kind != fault.TooMany || f.RetryAfter != 7 {
				t.Errorf("%s: %+v", name, f)
			}
		}
		close(gate)
		wg.Wait()
		if err := <-batch; err != nil {
			t.Error(err)
		}
		if hashes, err := p.HashAll(t.Context(), who, []string{"", ""}); err != nil || len(hashes) != 2 {
			t.Errorf("%q, %v", hashes, err)
		}
	})
}
