package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"clientele/internal/jobs"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/system"
)

// world is a database with some stores and a clock to turn.
type world struct {
	t      *testing.T
	db     *sqldb.DB
	sys    *system.System
	now    atomic.Int64
	stores []int64
}

func each(t *testing.T, stores int, fn func(w *world)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := &world{t: t, db: db, sys: system.Real()}
		w.now.Store(1000)
		w.sys.Clock = func() time.Time { return time.Unix(w.now.Load(), 0) }
		for i := range stores {
			st, err := store.NewService(db, w.sys).Create(t.Context(), fmt.Sprint("store", i), "", "")
			if err != nil {
				t.Fatal(err)
			}
			w.stores = append(w.stores, st.ID)
		}
		fn(w)
	})
}

func (w *world) runner(o jobs.Options) *jobs.Runner { return jobs.NewRunner(w.db, w.sys, o) }

func (w *world) enqueue(storeID int64, kind string, payload any, in int64) {
	w.t.Helper()
	if err := w.db.Write(w.t.Context(), storeID, func(tx *sqldb.Tx) error {
		return jobs.Enqueue(tx, w.now.Load(), kind, payload, w.now.Load()+in)
	}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) count(where string) (n int64) {
	w.t.Helper()
	for _, id := range w.stores {
		if err := w.db.Read(w.t.Context(), id, func(tx *sqldb.Tx) error {
			return tx.Query(sqldb.Dynamic(`SELECT COUNT(*) FROM jobs WHERE store_id = $1 AND `+where), func(r *sqldb.Row) error { n += r.Int(0); return nil })
		}); err != nil {
			w.t.Fatal(err)
		}
	}
	return n
}

func (w *world) due(r *jobs.Runner, want int) {
	w.t.Helper()
	if n, err := r.RunDue(w.t.Context()); n != want || err != nil {
		w.t.Errorf("%d attempts at %d, want %d: %v", n, w.now.Load(), want, err)
	}
}

// until waits for something that happens in the background.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s does not happen", what)
		}
	}
}

func TestRetriesOnSchedule(t *testing.T) {
	each(t, 1, func(w *world) {
		var tries []int
		var gaveUp []string
		outcomes := map[string]int{}
		r := w.runner(jobs.Options{Observe: func(kind, outcome string, _ time.Duration) { outcomes[kind+" "+outcome]++ }})
		r.Handle("a", func(_ context.Context, j jobs.Job) error {
			tries = append(tries, j.Attempts)
			return errors.New("no")
		}, []time.Duration{time.Minute, 10 * time.Minute}, func(_ context.Context, j jobs.Job) error {
			var p struct{ N int }
			if err := j.Decode(&p); err != nil {
				return err
			}
			gaveUp = append(gaveUp, fmt.Sprint(j.StoreID == w.stores[0], j.Attempts, j.Created, p.N))
			return nil
		})
		w.enqueue(w.stores[0], "a", map[string]int{"N": 7}, 5)
		w.due(r, 0)
		for _, step := range []struct {
			wait int64
			want int
		}{{5, 1}, {59, 0}, {1, 1}, {599, 0}, {1, 1}, {1 << 30, 0}} {
			w.now.Add(step.wait)
			w.due(r, step.want)
		}
		if fmt.Sprint(tries) != "[1 2 3]" || fmt.Sprint(gaveUp) != "[true 3 1000 7]" {
			w.t.Errorf("tried %v, gave up %q", tries, gaveUp)
		}
		if w.count("1 = 1") != 0 || outcomes["a retry"] != 2 || outcomes["a gave_up"] != 1 {
			w.t.Errorf("%d jobs are left, %v", w.count("1 = 1"), outcomes)
		}
	})
}

func TestHandlersDecide(t *testing.T) {
	each(t, 1, func(w *world) {
		r := w.runner(jobs.Options{})
		tries := map[string]int{}
		on := func(kind string, schedule []time.Duration, answer func(n int) error) {
			r.Handle(kind, func(context.Context, jobs.Job) error { tries[kind]++; return answer(tries[kind]) }, schedule, nil)
			w.enqueue(w.stores[0], kind, nil, 0)
		}
		minute := []time.Duration{time.Minute}
		on("permanent", minute, func(int) error { return fmt.Errorf("wrapped: %w", jobs.Permanent(errors.New("bad\x00 address \xff"))) })
		on("later", minute, func(n int) error {
			if n > 1 {
				return nil
			}
			return jobs.After(time.Hour, errors.New("busy"))
		})
		on("put off", nil, func(n int) error {
			if n < 3 {
				return jobs.NotNow(time.Hour)
			}
			return nil
		})
		on("panic", nil, func(int) error { panic("ouch") })
		on("payload", minute, func(int) error { return (&jobs.Job{Payload: []byte("{")}).Decode(new(int)) })
		w.due(r, 5)
		w.now.Add(60)
		w.due(r, 0)
		w.now.Add(3540)
		w.due(r, 2)
		w.now.Add(3600)
		w.due(r, 1)
		if got := fmt.Sprint(tries); got != "map[later:2 panic:1 payload:1 permanent:1 put off:3]" {
			w.t.Error(got)
		}
		if n := w.count("date_failed = 1000 AND lease_owner = ''"); n != 3 || w.count("error = ''") != 0 {
			w.t.Errorf("%d jobs are kept that were given up", n)
		}
		// A month later they are dropped.
		w.now.Add(31 * 86400)
		if err := r.Prune(w.t.Context()); err != nil || w.count("1 = 1") != 0 {
			w.t.Errorf("%d are left: %v", w.count("1 = 1"), err)
		}
	})
}

func TestRolledBackJobsAreNotDone(t *testing.T) {
	each(t, 1, func(w *world) {
		r := w.runner(jobs.Options{})
		r.Handle("a", func(context.Context, jobs.Job) error { return nil }, nil, nil)
		woken := 0
		defer w.db.Listen("jobs", func() { woken++ })()
		no := errors.New("no")
		if err := w.db.Write(w.t.Context(), w.stores[0], func(tx *sqldb.Tx) error {
			if err := jobs.Enqueue(tx, 0, "a", nil, 0); err != nil {
				return err
			}
			return no
		}); !errors.Is(err, no) || woken != 0 {
			w.t.Error(err, woken)
		}
		w.due(r, 0)
		w.enqueue(w.stores[0], "a", nil, 0)
		w.due(r, 1)
		if woken != 1 {
			w.t.Errorf("woken %d times", woken)
		}
	})
}

// A process that died holds its jobs until the lease ends.
func TestAbandonedJobsAreDoneAgain(t *testing.T) {
	each(t, 1, func(w *world) {
		w.enqueue(w.stores[0], "a", nil, 0)
		if err := w.db.Write(w.t.Context(), w.stores[0], func(tx *sqldb.Tx) error { // claimed by nobody who lives
			return tx.Exec(sqldb.Dynamic(`UPDATE jobs SET due_at = 1090, lease_owner = 'dead', attempts = 1 WHERE store_id = $1`))
		}); err != nil {
			w.t.Fatal(err)
		}
		var tries []int
		r := w.runner(jobs.Options{})
		r.Handle("a", func(_ context.Context, j jobs.Job) error { tries = append(tries, j.Attempts); return nil }, nil, nil)
		w.due(r, 0)
		w.now.Add(90)
		w.due(r, 1)
		if fmt.Sprint(tries) != "[2]" || w.count("1 = 1") != 0 {
			w.t.Errorf("tries %v", tries)
		}
		// One that has outlived several processes is given up.
		w.enqueue(w.stores[0], "a", nil, 0)
		if err := w.db.Write(w.t.Context(), w.stores[0], func(tx *sqldb.Tx) error {
			return tx.Exec(sqldb.Dynamic(`UPDATE jobs SET attempts = 4 WHERE store_id = $1`))
		}); err != nil {
			w.t.Fatal(err)
		}
		w.due(r, 1)
		if len(tries) != 1 || w.count("date_failed > 0") != 1 {
			w.t.Errorf("tries %v", tries)
		}
	})
}

// What a killed process had under way is another's after 15 seconds, as are
// deliveries to webhooks.
func TestKilledProcessHoldsJobsBriefly(t *testing.T) {
	each(t, 1, func(w *world) {
		killed, other := w.runner(jobs.Options{}), w.runner(jobs.Options{})
		begun, gate := make(chan int), make(chan struct{})
		killed.Handle("a", func(context.Context, jobs.Job) error { begun <- 1; <-gate; return nil }, nil, nil)
		done := 0
		other.Handle("a", func(context.Context, jobs.Job) error { done++; return nil }, nil, nil)
		w.enqueue(w.stores[0], "a", nil, 0)
		ended := make(chan int)
		go func() { w.due(killed, 1); close(ended) }()
		<-begun // it does not renew from now on, as if it had been killed
		w.now.Add(14)
		w.due(other, 0)
		w.now.Add(1)
		w.due(other, 1)
		close(gate)
		<-ended
		if done != 1 || w.count("1 = 1") != 0 {
			w.t.Errorf("done %d times, %d left", done, w.count("1 = 1"))
		}
	})
}

// A job that takes long stays its process's, and one that was lost all the
// same is told so.
func TestLeasesAreRenewed(t *testing.T) {
	each(t, 1, func(w *world) {
		var outcomes []string
		slow := w.runner(jobs.Options{Observe: func(_, outcome string, _ time.Duration) { outcomes = append(outcomes, outcome) }})
		other := w.runner(jobs.Options{})
		begun := make(chan int)
		slow.Handle("a", func(ctx context.Context, _ jobs.Job) error { begun <- 1; <-ctx.Done(); return ctx.Err() }, []time.Duration{time.Hour}, nil)
		done := 0
		other.Handle("a", func(context.Context, jobs.Job) error { done++; return nil }, nil, nil)
		w.enqueue(w.stores[0], "a", nil, 0)
		ended := make(chan int)
		go func() { w.due(slow, 1); close(ended) }()
		<-begun
		for range 20 {
			w.now.Add(14)
			slow.Renew(w.t.Context())
			w.due(other, 0)
		}
		if w.count("attempts = 1") != 1 {
			w.t.Error("a renewal counts as an attempt")
		}
		// The process itself does not take what it is doing for abandoned when
		// the clock jumps.
		w.now.Add(10000)
		w.due(slow, 0)
		slow.Renew(w.t.Context())
		w.now.Add(15)
		w.due(other, 1)
		slow.Renew(w.t.Context())
		<-ended
		if done != 1 || fmt.Sprint(outcomes) != "[lost]" || w.count("1 = 1") != 0 {
			w.t.Errorf("done %d times, %v, %d left", done, outcomes, w.count("1 = 1"))
		}
	})
}

// A runner that works renews by itself, also while it stops.
func TestRunnerRenews(t *testing.T) {
	each(t, 1, func(w *world) {
		r := w.runner(jobs.Options{})
		begun, gate := make(chan int), make(chan struct{})
		r.Handle("a", func(context.Context, jobs.Job) error { begun <- 1; <-gate; return nil }, nil, nil)
		w.enqueue(w.stores[0], "a", nil, 0)
		r.Start(w.t.Context())
		<-begun
		w.now.Add(10)
		until(w.t, "a renewal", func() bool { return w.count("due_at = 1025") == 1 })
		stopped := make(chan error)
		go func() { stopped <- r.Stop(context.Background()) }()
		w.now.Add(10)
		until(w.t, "a renewal while stopping", func() bool { return w.count("due_at = 1035") == 1 })
		close(gate)
		if err := <-stopped; err != nil || w.count("1 = 1") != 0 {
			w.t.Errorf("%d left, %v", w.count("1 = 1"), err)
		}
	})
}

// A job that takes long goes on while the clock stands still.
func TestStandingClock(t *testing.T) {
	if testing.Short() {
		t.Skip("leases really last 15 seconds")
	}
	t.Parallel()
	each(t, 1, func(w *world) {
		outcomes := make(chan string, 9)
		r := w.runner(jobs.Options{Observe: func(_, o string, _ time.Duration) { outcomes <- o }})
		w.sys.Monotonic = func() time.Duration { return 0 }
		r.Handle("a", func(ctx context.Context, _ jobs.Job) error { return system.Pause(ctx, 17*time.Second) }, nil, nil)
		w.enqueue(w.stores[0], "a", nil, 0)
		r.Start(w.t.Context())
		if o := <-outcomes; o != "done" {
			w.t.Errorf("the outcome is %q", o)
		}
		if err := r.Stop(context.Background()); err != nil {
			w.t.Error(err)
		}
	})
}

// Whoever was too slow does not undo what the next one did.
func TestLostLease(t *testing.T) {
	each(t, 1, func(w *world) {
		slow, other := w.runner(jobs.Options{}), w.runner(jobs.Options{})
		var outcome error
		slow.Handle("a", func(ctx context.Context, j jobs.Job) error {
			w.now.Add(1000)
			w.due(other, 1)
			outcome = w.db.Write(ctx, j.StoreID, func(tx *sqldb.Tx) error { return jobs.Finish(tx, j) })
			return nil
		}, nil, nil)
		other.Handle("a", func(context.Context, jobs.Job) error { return errors.New("no") }, []time.Duration{0, time.Hour}, nil)
		w.enqueue(w.stores[0], "a", nil, 0)
		w.due(slow, 1)
		if !errors.Is(outcome, jobs.ErrLost) || w.count("attempts = 2 AND due_at = 5600") != 1 {
			w.t.Errorf("%v", outcome)
		}
	})
}

func TestFinishIsOneTransaction(t *testing.T) {
	each(t, 1, func(w *world) {
		r := w.runner(jobs.Options{})
		r.Handle("a", func(ctx context.Context, j jobs.Job) error {
			return w.db.Write(ctx, j.StoreID, func(tx *sqldb.Tx) error {
				if err := jobs.Enqueue(tx, 0, "b", nil, 0); err != nil {
					return err
				}
				return jobs.Finish(tx, j)
			})
		}, nil, nil)
		done := 0
		r.Handle("b", func(context.Context, jobs.Job) error { done++; return nil }, nil, nil)
		w.enqueue(w.stores[0], "a", nil, 0)
		w.due(r, 2)
		if done != 1 || w.count("1 = 1") != 0 {
			w.t.Errorf("%d done, %d left", done, w.count("1 = 1"))
		}
	})
}

func TestRunnersShare(t *testing.T) {
	each(t, 3, func(w *world) {
		var mu sync.Mutex
		done := map[string]int{}
		var rs []*jobs.Runner
		for range 2 {
			r := w.runner(jobs.Options{})
			r.Handle("a", func(_ context.Context, j jobs.Job) error {
				mu.Lock()
				defer mu.Unlock()
				done[fmt.Sprint(j.StoreID, string(j.Payload))]++
				return nil
			}, nil, nil)
			r.Start(w.t.Context())
			rs = append(rs, r)
		}
		const n = 100
		for _, id := range w.stores {
			if err := w.db.Write(w.t.Context(), id, func(tx *sqldb.Tx) error {
				for i := range n {
					if err := jobs.Enqueue(tx, 0, "a", i, 0); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				w.t.Fatal(err)
			}
		}
		until(w.t, "the end", func() bool { return w.count("1 = 1") == 0 })
		for _, r := range rs {
			if err := r.Stop(w.t.Context()); err != nil {
				w.t.Error(err)
			}
		}
		if len(done) != n*len(w.stores) {
			w.t.Errorf("%d jobs were done", len(done))
		}
		for k, times := range done {
			if times != 1 {
				w.t.Errorf("%s was done %d times", k, times)
			}
		}
	})
}

// A job is done as soon as its transaction has committed, not at the next look.
func TestWakesAfterCommit(t *testing.T) {
	each(t, 1, func(w *world) {
		r := w.runner(jobs.Options{Poll: time.Hour})
		done := make(chan int, 1)
		r.Handle("a", func(context.Context, jobs.Job) error { done <- 1; return nil }, nil, nil)
		r.Start(w.t.Context())
		defer r.Stop(w.t.Context())
		for range 3 {
			w.enqueue(w.stores[0], "a", nil, 0)
			select {
			case <-done:
			case <-time.After(10 * time.Second):
				w.t.Fatal("it is not done")
			}
		}
	})
}

// Jobs of another process are found, and so are those that become due.
func TestPolls(t *testing.T) {
	each(t, 1, func(w *world) {
		r := w.runner(jobs.Options{Poll: 20 * time.Millisecond})
		done := make(chan int, 1)
		r.Handle("a", func(context.Context, jobs.Job) error { done <- 1; return nil }, nil, nil)
		r.Start(w.t.Context())
		defer r.Stop(w.t.Context())
		w.enqueue(w.stores[0], "a", nil, 100)
		select {
		case <-done:
			w.t.Error("it is done too early")
		case <-time.After(100 * time.Millisecond):
		}
		w.now.Add(100)
		<-done
	})
}

// A store with many jobs does not keep another one waiting, nor does a kind.
func TestFairness(t *testing.T) {
	each(t, 2, func(w *world) {
		r := w.runner(jobs.Options{})
		gate := make(chan struct{})
		var mu sync.Mutex
		var order []int64
		r.Register(jobs.Kind{Name: "a", Limit: 2, Handler: func(_ context.Context, j jobs.Job) error {
			<-gate
			mu.Lock()
			defer mu.Unlock()
			order = append(order, j.StoreID)
			return nil
		}})
		other := make(chan int, 1)
		r.Handle("b", func(context.Context, jobs.Job) error { other <- 1; return nil }, nil, nil)
		for range 100 {
			w.enqueue(w.stores[0], "a", nil, -5)
		}
		w.enqueue(w.stores[1], "a", nil, 0)
		w.enqueue(w.stores[0], "b", nil, 0)
		r.Start(w.t.Context())
		<-other // while all of "a" waits
		close(gate)
		until(w.t, "the end", func() bool { return w.count("1 = 1") == 0 })
		// By their dates it would be the last of 101. Whose turn it is is drawn.
		if i := slices.Index(order, w.stores[1]); i > 50 {
			w.t.Errorf("the small store's job was number %d", i)
		}
		if err := r.Stop(w.t.Context()); err != nil {
			w.t.Error(err)
		}
	})
}

func TestStop(t *testing.T) {
	each(t, 1, func(w *world) {
		started, gate := make(chan int, 2), make(chan struct{})
		make1 := func() *jobs.Runner {
			r := w.runner(jobs.Options{})
			r.Handle("waits", func(context.Context, jobs.Job) error { started <- 1; <-gate; return nil }, nil, nil)
			r.Handle("heeds", func(ctx context.Context, j jobs.Job) error { started <- j.Attempts; <-ctx.Done(); return ctx.Err() }, nil, nil)
			r.Start(w.t.Context())
			return r
		}
		// It waits for what runs.
		r := make1()
		w.enqueue(w.stores[0], "waits", nil, 0)
		<-started
		stopped := make(chan error)
		go func() { stopped <- r.Stop(context.Background()) }()
		select {
		case <-stopped:
			w.t.Error("stopped in the middle of a job")
		case <-time.After(50 * time.Millisecond):
		}
		w.enqueue(w.stores[0], "waits", nil, 0) // for the next start
		close(gate)
		if err := <-stopped; err != nil || w.count("1 = 1") != 1 {
			w.t.Errorf("%d jobs, %v", w.count("1 = 1"), err)
		}
		// It waits no longer than it may; the job is not lost, nor is the attempt.
		r = make1()
		<-started
		w.enqueue(w.stores[0], "heeds", nil, 0)
		<-started
		ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Millisecond)
		defer cancel()
		if err := r.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
			w.t.Error(err)
		}
		if n := w.count("kind = 'heeds' AND attempts = 0 AND due_at = 1000 AND lease_owner = '' AND date_failed = 0"); n != 1 {
			w.t.Error("the job was not given back")
		}
		if err := (w.runner(jobs.Options{})).Stop(w.t.Context()); err != nil {
			w.t.Error(err)
		}
	})
}

func TestUnknownKindsStay(t *testing.T) {
	each(t, 1, func(w *world) {
		w.enqueue(w.stores[0], "from another version", nil, 0)
		w.due(w.runner(jobs.Options{}), 0)
		if w.count("attempts = 0") != 1 {
			w.t.Error("it is gone")
		}
		if err := w.db.Write(w.t.Context(), w.stores[0], func(tx *sqldb.Tx) error {
			return jobs.Enqueue(tx, 0, "a", func() {}, 0)
		}); err == nil || !strings.Contains(err.Error(), "job a") {
			w.t.Error(err)
		}
	})
}
