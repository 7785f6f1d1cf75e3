package webhook

import (
	"testing"
	"time"

	"clientele/internal/auth"
	"clientele/internal/event"
	"clientele/internal/fault"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

func kind(err error) fault.Kind {
	if f := fault.As(err); f != nil {
		return f.Kind
	}
	return fault.Internal
}

func TestInspectAndReplay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx := t.Context()
		w := newWorld(t, db)
		s := NewService(db, w.sys, Rules{})
		down := true
		r := newReceiver(t, func(int, request) int {
			if down {
				return 500
			}
			return 200
		})
		d := w.dispatcher(Options{})
		hook, err := s.Create(ctx, w.store.ID, w.cred.ClientID, Create{Scope: "store/customer/*", Destination: r.URL})
		if err != nil {
			t.Fatal(err)
		}
		client := w.cred.ClientID
		first := w.record(customerEvent(event.CustomerCreated, 1))
		w.run(d)
		w.clock.now.Add(3600)
		down = false
		second := w.record(customerEvent(event.CustomerCreated, 2))
		w.run(d)
		third := w.record(customerEvent(event.CustomerUpdated, 2))
		w.run(d)

		q, err := DeliveryList.Parse("state=delivered&limit=1")
		if err != nil {
			t.Fatal(err)
		}
		rows, res, err := s.Deliveries(ctx, w.store.ID, client, hook.ID, q)
		if err != nil || len(rows) != 1 || rows[0].ID != third || res.Total != 3 || !res.After {
			t.Errorf("%+v %+v %v", rows, res, err)
		}
		dl, err := s.Delivery(ctx, w.store.ID, client, hook.ID, first)
		if err != nil || dl.State != Delivered || dl.Attempts != 2 || len(dl.Tries) != 2 || dl.Tries[0].Status != 500 || dl.Tries[1].Status != 200 {
			t.Errorf("%+v %v", dl, err)
		}

		// Others see nothing of it.
		other, err := auth.NewAPIAccounts(db, w.sys).Create(ctx, w.store.ID, "other", auth.FullScopes(), auth.Credentials{})
		if err != nil {
			t.Fatal(err)
		}
		for _, stranger := range []struct {
			store  int64
			client string
		}{{w.store.ID, other.ClientID}, {w.store.ID + 1, client}} {
			if _, _, err := s.Deliveries(ctx, stranger.store, stranger.client, hook.ID, DeliveryList.New()); kind(err) != fault.NotFound {
				t.Error(err)
			}
			if _, err := s.Delivery(ctx, stranger.store, stranger.client, hook.ID, first); kind(err) != fault.NotFound {
				t.Error(err)
			}
			if _, err := s.Replay(ctx, stranger.store, stranger.client, hook.ID, first); kind(err) != fault.NotFound {
				t.Error(err)
			}
			if _, err := s.ReplaySince(ctx, stranger.store, stranger.client, hook.ID, 0, false); kind(err) != fault.NotFound {
				t.Error(err)
			}
			if _, err := s.Test(ctx, stranger.store, stranger.client, hook.ID); kind(err) != fault.NotFound {
				t.Error(err)
			}
		}

		n := len(r.requests())
		if dl, err := s.Replay(ctx, w.store.ID, client, hook.ID, second); err != nil || dl.State != Pending {
			t.Errorf("%+v %v", dl, err)
		}
		if _, err := s.Replay(ctx, w.store.ID, client, hook.ID, 999); kind(err) != fault.NotFound {
			t.Error(err)
		}
		w.run(d)
		got := r.requests()
		if len(got) != n+1 || got[n].id != MessageID(w.store.Hash, hook.ID, second) {
			t.Fatalf("%d requests after the replay, there were %d", len(got), n)
		}

		// What is missed while the hook is off can be had afterwards.
		off := Update{ID: hook.ID, IsActive: opt.Some(false)}
		if _, err := s.Update(ctx, w.store.ID, client, off); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Replay(ctx, w.store.ID, client, hook.ID, second); kind(err) != fault.Conflict {
			t.Error(err)
		}
		w.clock.now.Add(3600)
		since := w.sys.Now()
		missed := w.record(customerEvent(event.CustomerCreated, 3))
		w.run(d)
		on := Update{ID: hook.ID, IsActive: opt.Some(true)}
		if _, err := s.Update(ctx, w.store.ID, client, on); err != nil {
			t.Fatal(err)
		}
		w.record(customerEvent(event.CustomerUpdated, 3), event.Channel(event.ChannelUpdated, 1))
		w.run(d)
		if got := r.requests(); len(got) != n+2 {
			t.Fatalf("%d requests, want %d", len(got), n+2)
		}
		count, err := s.ReplaySince(ctx, w.store.ID, client, hook.ID, since, false)
		if err != nil || count != 2 {
			t.Errorf("%d %v", count, err)
		}
		w.run(d)
		if dl := w.delivery(hook.ID, missed); dl.State != Delivered {
			t.Errorf("%+v", dl)
		}
		if count, err := s.ReplaySince(ctx, w.store.ID, client, hook.ID, 0, true); err != nil || count != 0 {
			t.Errorf("%d failed: %v", count, err)
		}

		// A test is an event for this hook alone, tried once.
		down = true
		n = len(r.requests())
		dl, err = s.Test(ctx, w.store.ID, client, hook.ID)
		if err != nil || dl.Scope != TestScope {
			t.Fatal(dl, err)
		}
		w.run(d)
		w.clock.now.Add(3600)
		w.run(d)
		if got := r.requests(); len(got) != n+1 || got[n].scope != TestScope {
			t.Errorf("%d requests for a test", len(got)-n)
		}
		if dl, err := s.Delivery(ctx, w.store.ID, client, hook.ID, dl.ID); err != nil || dl.State != Failed || dl.Attempts != 1 {
			t.Errorf("%+v %v", dl, err)
		}
		if h, err := s.Get(ctx, w.store.ID, client, hook.ID); err != nil || !h.IsActive {
			t.Errorf("%+v %v", h, err)
		}
		all, err := s.Latest(ctx, w.store.ID, 0, []State{Failed}, 10)
		if err != nil || len(all) != 1 || all[0].Scope != TestScope {
			t.Errorf("%+v %v", all, err)
		}
	})
}

func TestPrune(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx := t.Context()
		w := newWorld(t, db)
		s := NewService(db, w.sys, Rules{})
		r := newReceiver(t, nil)
		broken := newReceiver(t, func(int, request) int { return 500 })
		d := w.dispatcher(Options{EventRetention: time.Hour, DeliveryRetention: 24 * time.Hour})
		keep := w.hook("store/customer/*", r.URL)
		slow := w.hook("store/customer/*", broken.URL)
		gone := w.hook("store/customer/*", r.URL+"/gone")
		for range 700 {
			w.record(customerEvent(event.CustomerCreated, 1))
		}
		w.run(d)
		if _, err := s.Delete(ctx, w.store.ID, w.cred.ClientID, gone); err != nil {
			t.Fatal(err)
		}
		count := func(what, where string) (n int64) {
			t.Helper()
			if err := db.Read(ctx, w.store.ID, func(tx *sqldb.Tx) error {
				return tx.Query(sqldb.Dynamic(`SELECT COUNT(*) FROM `+what+` WHERE store_id = $1 AND `+where), func(r *sqldb.Row) error { n = r.Int(0); return nil })
			}); err != nil {
				t.Fatal(err)
			}
			return n
		}
		prune := func() {
			t.Helper()
			if err := d.Prune(ctx); err != nil {
				t.Fatal(err)
			}
		}
		prune()
		if n := count("webhook_deliveries", "hook_id = 3"); n != 0 || gone != 3 {
			t.Errorf("%d deliveries of a hook that is gone", n)
		}
		if n := count("events", "id > 0"); n != 700 {
			t.Errorf("%d events", n)
		}
		w.clock.now.Add(3601)
		fresh := w.record(customerEvent(event.CustomerUpdated, 2))
		prune()
		if n := count("events", "id > 0"); n != 1 {
			t.Errorf("%d events are left, want the new one", n)
		}
		w.run(d)
		w.clock.now.Add(24*3600 + 1)
		prune()
		if n := count("webhook_deliveries", "hook_id = 1"); n != 0 {
			t.Errorf("%d deliveries are left", n)
		}
		// What waits is not old.
		if n := count("webhook_deliveries", "hook_id = 2"); n != 701 || slow != 2 {
			t.Errorf("%d pending deliveries are left", n)
		}
		if n := count("events", "id > 0"); n != 0 || fresh != 701 {
			t.Errorf("%d events are left", n)
		}
		// 90 days of silence, seen for a day.
		w.clock.now.Add(90 * 24 * 3600)
		prune()
		w.clock.now.Add(24 * 3600)
		passed := w.sys.Elapsed()
		w.sys.Monotonic = func() time.Duration { return passed + 24*time.Hour }
		prune()
		h, err := s.Get(ctx, w.store.ID, w.cred.ClientID, keep)
		if err != nil || h.IsActive || h.Disabled != DisabledInactivity {
			t.Errorf("%+v %v", h, err)
		}
	})
}

// Events of stores without hooks are not written about, and pruned.
func TestStoreWithoutHooks(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		d := w.dispatcher(Options{EventRetention: time.Hour})
		w.record(customerEvent(event.CustomerCreated, 1))
		if more, err := d.look(t.Context()); more || err != nil || !d.load.idle.Load() {
			t.Error(more, err)
		}
		w.clock.now.Add(7200)
		if err := d.Prune(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := db.Read(t.Context(), w.store.ID, func(tx *sqldb.Tx) error {
			left, err := readEvents(tx, selectEvents, int64(0))
			if len(left) > 0 {
				t.Errorf("%d events", len(left))
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	})
}

func TestDeliveryListRefusesOthers(t *testing.T) {
	for _, q := range []string{"hook=1", "hook:in=1", "state=lost", "lane=1"} {
		if _, err := DeliveryList.Parse(q); kind(err) != fault.BadFilter {
			t.Errorf("%s: %v", q, err)
		}
	}
}

// sundial is a dispatcher whose clock can be set, which time going by is not.
type sundial struct {
	w      *world
	passed time.Duration
	d      *Dispatcher
}

func newSundial(w *world) *sundial {
	s := &sundial{w: w}
	w.sys.Monotonic = func() time.Duration { return s.passed }
	s.restart()
	return s
}

// restart has another process look from now on.
func (s *sundial) restart() {
	s.passed = 0
	s.d = NewDispatcher(s.w.db, s.w.sys, Options{Notifier: &s.w.told})
}

// pass lets time go by with a look every ten minutes, and returns how many
// hooks are active.
func (s *sundial) pass(t time.Duration) (active int) {
	s.w.t.Helper()
	for range t / (10 * time.Minute) {
		s.passed += 10 * time.Minute
		s.w.clock.now.Add(600)
		s.look()
	}
	return s.active()
}

func (s *sundial) look() {
	s.w.t.Helper()
	if err := s.d.Prune(s.w.t.Context()); err != nil {
		s.w.t.Fatal(err)
	}
}

func (s *sundial) active() (n int) {
	s.w.t.Helper()
	if err := s.w.db.Read(s.w.t.Context(), s.w.store.ID, func(tx *sqldb.Tx) error {
		hooks, err := Active(tx)
		n = len(hooks)
		return err
	}); err != nil {
		s.w.t.Fatal(err)
	}
	return n
}

// set moves the clock, but not the time.
func (s *sundial) set(days int64) { s.w.clock.now.Add(days * 24 * 60 * 60) }

// A clock that is wrong for a while switches no webhook off.
func TestClockGlitchesLeaveHooksOn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.hook("store/customer/*", "https://a.example.com/")
		s := newSundial(w)
		const hour = time.Hour
		s.pass(hour)
		// Forward, for a minute and for 23 hours, and back.
		s.set(91)
		s.look()
		s.set(-91)
		s.pass(hour)
		s.set(91)
		s.pass(23 * hour)
		s.set(-91)
		if s.pass(hour) != 1 {
			t.Error("a clock that was ahead for 23 hours")
		}
		// Forward again and again, between looks a minute apart.
		s.set(91)
		for range 5 {
			s.look()
			s.set(2)
			s.passed += time.Minute
		}
		if s.active() != 1 {
			t.Error("a clock that was set forward between looks")
		}
		// Looks before do not count once the clock was right.
		s.set(-101)
		s.look()
		s.set(101)
		s.pass(23 * hour)
		// A restart neither loses nor adds to what was seen.
		s.set(1)
		s.restart()
		if s.pass(30*time.Minute) != 1 {
			t.Error("a restart with a clock that was set forward")
		}
		if s.pass(hour) != 0 {
			t.Error("a day has passed by all accounts")
		}
		if n := len(w.told.all); n != 1 || w.told.all[0].Kind != HookDisabled {
			t.Errorf("people are told of %+v", w.told.all)
		}
	})
}

// Several processes do not count an hour several times.
func TestProcessesWatchIdleHooksTogether(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.hook("store/customer/*", "https://a.example.com/")
		s := newSundial(w)
		other := NewDispatcher(w.db, w.sys, Options{Notifier: &w.told})
		s.set(90)
		for range 6 * 23 {
			s.pass(10 * time.Minute)
			if err := other.Prune(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if s.active() != 1 {
			t.Error("switched off after less than a day")
		}
		if s.pass(2*time.Hour) != 0 {
			t.Error("not switched off after a day")
		}
	})
}
