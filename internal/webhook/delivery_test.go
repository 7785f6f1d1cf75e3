package webhook

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"clientele/internal/auth"
	"clientele/internal/event"
	"clientele/internal/history/historytest"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/system"
)

// clock moves only when told to.
type clock struct{ now atomic.Int64 }

func (c *clock) Now() time.Time { return time.Unix(c.now.Load(), 0) }

// receiver is a destination that remembers what it got.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []request
	answer func(n int, r request) int // a status; the first request is 0
}

type request struct {
	id, scope, body string
	header          http.Header
	customer        int64
}

func newReceiver(t testing.TB, answer func(int, request) int) *receiver {
	r := &receiver{answer: answer}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		in := request{id: req.Header.Get(HeaderID), body: string(body), header: req.Header.Clone()}
		if _, rest, ok := strings.Cut(in.body, `"type":"customer","id":`); ok {
			in.customer, _ = strconv.ParseInt(rest[:strings.IndexAny(rest, ",}")], 10, 64)
		}
		_, rest, _ := strings.Cut(in.body, `"scope":"`)
		in.scope, _, _ = strings.Cut(rest, `"`)
		r.mu.Lock()
		n := len(r.got)
		r.got = append(r.got, in)
		r.mu.Unlock()
		status := http.StatusOK
		if r.answer != nil {
			status = r.answer(n, in)
		}
		if status == http.StatusFound {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) requests() []request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

func (r *receiver) ids() []string {
	var out []string
	for _, in := range r.requests() {
		out = append(out, in.id)
	}
	return out
}

// world is a store with an API account.
type world struct {
	t     testing.TB
	db    *sqldb.DB
	clock *clock
	sys   *system.System
	store *store.Store
	cred  auth.Credentials
	told  notices
}

// notices remembers what people are told.
type notices struct {
	mu  sync.Mutex
	all []Notice
}

func (n *notices) Notify(_ *sqldb.Tx, notice Notice) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all = append(n.all, notice)
	return nil
}

func newWorld(t testing.TB, db *sqldb.DB) *world {
	t.Helper()
	w := &world{t: t, db: db, clock: &clock{}}
	w.clock.now.Store(1_760_000_000)
	w.sys = system.Real()
	w.sys.Clock = w.clock.Now
	st, err := store.NewService(db, w.sys).Create(t.Context(), "", "", "")
	if err != nil {
		t.Fatal(err)
	}
	w.store = st
	if w.cred, err = auth.NewAPIAccounts(db, w.sys).Create(t.Context(), st.ID, "app", auth.FullScopes(), auth.Credentials{}); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) write(fn func(tx *sqldb.Tx) error) {
	w.t.Helper()
	if err := w.db.Write(context.Background(), w.store.ID, fn); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) hook(scope, url string) (id int64) {
	w.t.Helper()
	w.write(func(tx *sqldb.Tx) error {
		if err := tx.Query(nextID, func(r *sqldb.Row) error { id = r.Int(0); return nil }, int64(1)); err != nil {
			return err
		}
		if err := tx.Exec(insertRow, id, w.cred.ClientID, scope, url, url, `{"X-Own":"secret-value"}`, int64(1), w.sys.Now(), int64(0)); err != nil {
			return err
		}
		return wake(tx)
	})
	return id
}

func (w *world) record(events ...event.Event) (last int64) {
	w.t.Helper()
	w.write(func(tx *sqldb.Tx) (err error) {
		last, err = store.RecordAt(tx, w.sys.Now(), events...)
		return err
	})
	return last
}

func customerEvent(scope string, id int64) event.Event {
	return event.Event{Scope: scope, ResourceID: id, CustomerID: id, Data: fmt.Sprintf(`{"type":"customer","id":%d}`, id)}
}

func (w *world) hookOf(id int64) (h *Hook) {
	w.t.Helper()
	w.write(func(tx *sqldb.Tx) (err error) {
		h, err = Find(tx, id)
		return err
	})
	return h
}

func (w *world) dispatcher(o Options) *Dispatcher {
	o.Notifier = &w.told
	var rules Rules // the receivers are on this machine
	o.Transport = rules.Transport(rules.Dialer())
	return NewDispatcher(w.db, w.sys, o)
}

func (w *world) run(d *Dispatcher) int {
	w.t.Helper()
	n, err := d.RunDue(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

func (w *world) delivery(hook, id int64) (d Delivery) {
	w.t.Helper()
	if err := w.db.Read(w.t.Context(), w.store.ID, func(tx *sqldb.Tx) error {
		return tx.Query(sqldb.Dynamic(`SELECT `+deliveryColumns+` FROM webhook_deliveries WHERE store_id = $1 AND hook_id = $2 AND id = $3`), d.scan, hook, id)
	}); err != nil {
		w.t.Fatal(err)
	}
	return d
}

func TestEventsAreDelivered(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.record(customerEvent(event.CustomerCreated, 1)) // before there is a hook
		r := newReceiver(t, nil)
		d := w.dispatcher(Options{})
		if n := w.run(d); n != 0 {
			t.Fatal(n)
		}
		hook := w.hook("store/customer/*", r.URL+"/in")
		other := w.hook(event.SubscriberCreated, r.URL+"/other")
		first := w.record(customerEvent(event.CustomerCreated, 2))
		w.record(customerEvent(event.CustomerUpdated, 2), event.Subscriber(event.SubscriberCreated, 9), event.Channel(event.ChannelUpdated, 1))
		// What is rolled back never fires.
		errUndone := fmt.Errorf("undone")
		if err := db.Write(t.Context(), w.store.ID, func(tx *sqldb.Tx) error {
			if err := store.Record(tx, w.sys.Now(), customerEvent(event.CustomerCreated, 77)); err != nil {
				return err
			}
			return errUndone
		}); err == nil {
			t.Fatal("not undone")
		}
		if n := w.run(d); n != 3 {
			t.Fatalf("%d attempts, want 3", n)
		}
		got := r.requests()
		scopes := map[string]int{}
		for _, in := range got {
			scopes[in.scope]++
		}
		if len(got) != 3 || scopes[event.CustomerCreated] != 1 || scopes[event.CustomerUpdated] != 1 || scopes[event.SubscriberCreated] != 1 {
			t.Fatalf("received %v", scopes)
		}
		for _, in := range got {
			if in.header.Get("X-Own") != "secret-value" || in.header.Get("Content-Type") != "application/json" || in.header.Get(HeaderSignature) == "" {
				t.Errorf("headers %v", in.header)
			}
			at, _ := strconv.ParseInt(in.header.Get(HeaderTimestamp), 10, 64)
			if want := Sign(w.cred.ClientSecret, in.id, at, []byte(in.body)); in.header.Get(HeaderSignature) != want {
				t.Error("bad signature")
			}
		}
		dl := w.delivery(hook, first)
		if dl.State != Delivered || dl.Attempts != 1 || dl.Status != 200 || dl.NextAttempt != 0 || len(dl.Tries) != 1 || dl.Tries[0].URL != r.URL+"/in" {
			t.Errorf("%+v", dl)
		}
		if dl := w.delivery(other, first+2); dl.State != Delivered {
			t.Errorf("%+v", dl)
		}
		if n := w.run(d); n != 0 {
			t.Errorf("%d more attempts", n)
		}
	})
}

// Two days of failures in no time: the schedule is kept, the hook goes off and
// its owner is told.
func TestRetriesToTheEnd(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		r := newReceiver(t, func(int, request) int { return 500 })
		exceptions := newReceiver(t, nil)
		hook := w.hook("store/customer/*", r.URL)
		w.hook(ExceptionScope, exceptions.URL)
		d := w.dispatcher(Options{})
		id := w.record(customerEvent(event.CustomerCreated, 1))
		behind := w.record(customerEvent(event.CustomerUpdated, 1))
		start, entries := w.sys.Now(), historytest.Last(t, db, w.store.ID)
		w.run(d)
		at := []int64{0}
		for range 20 {
			dl := w.delivery(hook, id)
			if dl.State != Pending {
				break
			}
			// A second before nothing happens.
			w.clock.now.Store(dl.NextAttempt - 1)
			n := len(r.requests())
			w.run(d)
			if len(r.requests()) != n {
				t.Fatal("sent too early")
			}
			w.clock.now.Store(dl.NextAttempt)
			w.run(d)
			at = append(at, w.sys.Now()-start)
		}
		want := []int64{0}
		for _, s := range waits {
			want = append(want, want[len(want)-1]+s)
		}
		if !slices.Equal(at, want) {
			t.Errorf("attempts at %v, want %v", at, want)
		}
		if n := len(r.requests()); n != MaxAttempts {
			t.Errorf("%d requests", n)
		}
		for _, in := range r.requests() {
			if in.id != MessageID(w.store.Hash, hook, id) {
				t.Errorf("%s came before its turn", in.id)
			}
		}
		dl := w.delivery(hook, id)
		if dl.State != Failed || dl.Attempts != int64(MaxAttempts) || dl.Status != 500 || len(dl.Tries) != keptTries || dl.NextAttempt != 0 {
			t.Errorf("%+v", dl)
		}
		if dl := w.delivery(hook, behind); dl.State != Failed || dl.Attempts != 0 {
			t.Errorf("behind: %+v", dl)
		}
		w.run(d)
		var h *Hook
		w.write(func(tx *sqldb.Tx) (err error) { h, err = Find(tx, hook); return err })
		if h.IsActive || h.Disabled != DisabledFailures {
			t.Errorf("%+v", h)
		}
		lines := historytest.Lines(t, db, w.store.ID, entries)
		recorded := []string{
			fmt.Sprintf(`gave_up webhook_delivery %d of 1 (status 500): webhook_id ->%d, host ->"127.0.0.1", scope ->"store/customer/created", count ->2`, id, hook),
			fmt.Sprintf(`updated webhook %d (%s): is_active true>false`, hook, DisabledFailures),
		}
		if !slices.Equal(lines, recorded) {
			t.Errorf("the history says %q, want %q", lines, recorded)
		}
		if len(w.told.all) != 1 || w.told.all[0].Kind != HookDisabled || w.told.all[0].Hook.ID != hook {
			t.Errorf("told %+v", w.told.all)
		}
		codes := map[string]int{}
		for _, in := range exceptions.requests() {
			_, rest, _ := strings.Cut(in.body, `"error_code":`)
			codes[rest[:5]]++
		}
		// Those that are not more often than every ten minutes: at 0, 840 and then each.
		if codes["90002"] != 1 || codes["90001"] < 8 || codes["90001"] >= MaxAttempts {
			t.Errorf("exceptions %v", codes)
		}
	})
}

func TestReceiverThatFailsAndComesBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		var mu sync.Mutex
		seen := map[string]int{}
		hang := make(chan struct{})
		r := newReceiver(t, func(_ int, in request) int {
			mu.Lock()
			seen[in.id]++
			n := seen[in.id]
			mu.Unlock()
			if n > 1 {
				return 204
			}
			switch in.customer % 4 {
			case 0:
				<-hang
				return 200
			case 1:
				return 302
			case 2:
				return 500
			}
			return 200
		})
		hook := w.hook("store/customer/*", r.URL)
		d := w.dispatcher(Options{Timeout: 200 * time.Millisecond})
		for i := range 20 {
			w.record(customerEvent(event.CustomerCreated, int64(i+1)), customerEvent(event.CustomerUpdated, int64(i+1)))
		}
		w.run(d)
		close(hang)
		w.clock.now.Add(60)
		w.run(d)
		w.clock.now.Add(60)
		w.run(d)
		w.clock.now.Add(180)
		w.run(d)
		w.clock.now.Add(180)
		w.run(d)
		last := map[int64]string{}
		for _, in := range r.requests() {
			if last[in.customer] == event.CustomerUpdated && in.scope == event.CustomerCreated {
				t.Errorf("customer %d: created after updated", in.customer)
			}
			last[in.customer] = in.scope
		}
		for id := int64(1); id <= 40; id++ {
			if dl := w.delivery(hook, id); dl.State != Delivered {
				t.Errorf("%+v", dl)
			}
		}
	})
}

// A process that has died leaves leases, which run out.
func TestLeasesRunOut(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		r := newReceiver(t, nil)
		w.hook("store/customer/*", r.URL)
		for i := range 300 {
			w.record(customerEvent(event.CustomerCreated, int64(i%7+1)))
		}
		everything := func(int64) int { return 100 }
		w.write(func(tx *sqldb.Tx) error { // which is never sent
			_, err := fanOut(tx, w.store.Hash, "dead", w.sys.Now(), 100, everything)
			return err
		})
		d := w.dispatcher(Options{})
		w.run(d)
		if n := len(r.requests()); n >= 300 {
			t.Fatalf("%d were sent while others were at it", n)
		}
		w.clock.now.Add(leaseTime + 1)
		w.run(d)
		w.clock.now.Add(2)
		w.run(d)
		got := map[string]bool{}
		last := map[string]int64{}
		for _, in := range r.requests() {
			got[in.id] = true
			id, _ := strconv.ParseInt(in.id[strings.LastIndexByte(in.id, '_')+1:], 10, 64)
			key := fmt.Sprint(in.customer)
			if id < last[key] {
				t.Errorf("customer %s: %d after %d", key, id, last[key])
			}
			last[key] = id
		}
		if len(got) != 300 || len(r.requests()) != 300 {
			t.Errorf("%d different of %d requests", len(got), len(r.requests()))
		}
	})
}

// Several dispatchers share the work and do nothing twice.
func TestDispatchersShare(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.sys = system.Real()
		r := newReceiver(t, nil)
		w.hook("store/customer/*", r.URL)
		var all []*Dispatcher
		for range 3 {
			d := w.dispatcher(Options{Poll: 20 * time.Millisecond})
			d.Start(t.Context())
			all = append(all, d)
		}
		const n = 1500
		for i := 0; i < n; i += 5 {
			var events []event.Event
			for j := range 5 {
				events = append(events, customerEvent(event.CustomerUpdated, int64((i+j)%40+1)))
			}
			w.record(events...)
		}
		for end := time.Now().Add(2 * time.Minute); len(r.requests()) < n && time.Now().Before(end); {
			time.Sleep(10 * time.Millisecond)
		}
		for _, d := range all {
			if err := d.Stop(t.Context()); err != nil {
				t.Error(err)
			}
		}
		ids := r.ids()
		slices.Sort(ids)
		if distinct := len(slices.Compact(slices.Clone(ids))); distinct != n || len(ids) != n {
			t.Errorf("%d requests, %d distinct, want %d", len(ids), distinct, n)
		}
		last := map[int64]int64{}
		for _, in := range r.requests() {
			id, _ := strconv.ParseInt(in.id[strings.LastIndexByte(in.id, '_')+1:], 10, 64)
			if id < last[in.customer] {
				t.Errorf("customer %d: %d after %d", in.customer, id, last[in.customer])
			}
			last[in.customer] = id
		}
	})
}

// A domain that fails too often is left alone for three minutes.
func TestBlockedDomain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		var healthy atomic.Bool
		r := newReceiver(t, func(int, request) int {
			if healthy.Load() {
				return 200
			}
			return 503
		})
		hook := w.hook("store/customer/*", r.URL)
		d := w.dispatcher(Options{PerDestination: 1})
		for i := range 150 {
			w.record(customerEvent(event.CustomerCreated, int64(i+1)))
		}
		w.run(d)
		if n := len(r.requests()); n != windowLeast {
			t.Errorf("%d requests before the block, want %d", n, windowLeast)
		}
		if len(w.told.all) != 1 || w.told.all[0].Kind != DomainBlocked || w.told.all[0].Domain != "127.0.0.1" {
			t.Errorf("told %+v", w.told.all)
		}
		healthy.Store(true)
		w.clock.now.Add(100)
		fresh := w.record(customerEvent(event.CustomerCreated, 500))
		w.run(d)
		if n := len(r.requests()); n != windowLeast {
			t.Errorf("%d requests during the block", n)
		}
		w.clock.now.Add(81)
		w.run(d)
		for id := int64(1); id <= fresh; id++ {
			// What was to be tried again during the block waits for its next turn.
			if dl := w.delivery(hook, id); (dl.State == Delivered) != (id > windowLeast) {
				t.Fatalf("%+v", dl)
			}
		}
		w.clock.now.Add(99)
		w.run(d)
		for id := int64(1); id <= fresh; id++ {
			if dl := w.delivery(hook, id); dl.State != Delivered {
				t.Fatalf("%+v", dl)
			}
		}
	})
}

// A webhook that stays dead is switched off in time, however much is to be sent
// to it: its blocks must not stretch the schedule.
func TestBusyDeadDestinationIsSwitchedOff(t *testing.T) {
	if testing.Short() {
		t.Skip("thousands of deliveries, one after another: minutes with the race detector")
	}
	db := dbtest.Open(t, sqldb.SQLite)
	w := newWorld(t, db)
	r := newReceiver(t, func(int, request) int { return 503 })
	hook := w.hook("store/customer/*", r.URL)
	d := w.dispatcher(Options{})
	start := w.clock.now.Load()
	for i := int64(0); w.hookOf(hook).IsActive; i++ {
		if h := (w.clock.now.Load() - start) / 3600; h > 80 {
			t.Fatalf("still active after %d hours", h)
		}
		events := make([]event.Event, 120)
		for j := range events {
			events[j] = customerEvent(event.CustomerCreated, i*1000+int64(j)+1)
		}
		w.record(events...)
		w.run(d)
		w.clock.now.Add(3600)
	}
	emails := 0
	for _, n := range w.told.all {
		if n.Kind == DomainBlocked {
			emails++
		}
	}
	if hours := (w.clock.now.Load() - start) / 3600; hours < 48 || int64(emails) > hours+1 {
		t.Errorf("%d hours, %d emails about blocks", hours, emails)
	}
}

// Destinations that hang, however many and however much is to be sent to them,
// do not keep others from being served: neither new events nor retries.
func TestHangingDestinationsSlowNobody(t *testing.T) {
	db := dbtest.Open(t, sqldb.SQLite)
	w := newWorld(t, db)
	w.sys.Clock = time.Now
	hang := make(chan struct{})
	defer close(hang)
	dead := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	}))
	defer dead.CloseClientConnections()
	r := newReceiver(t, nil)
	_, port, _ := strings.Cut(strings.TrimPrefix(dead.URL, "http://"), ":")
	for i := range 12 { // each is a destination of its own
		w.hook("store/customer/*", fmt.Sprintf("http://127.0.0.%d:%s/", 2+i, port))
	}
	w.hook("store/customer/*", r.URL)
	d := w.dispatcher(Options{Transport: &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		if strings.HasSuffix(addr, ":"+port) {
			addr = "127.0.0.1:" + port
		}
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}}})
	d.Start(t.Context())
	defer func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = d.Stop(ctx)
	}()
	const n = 800
	for i := range n / 100 {
		events := make([]event.Event, 100)
		for j := range events {
			events[j] = customerEvent(event.CustomerCreated, int64(100*i+j+1))
		}
		w.record(events...)
	}
	for end := time.Now().Add(8 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		got := len(r.requests())
		if got == n {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d of %d events arrived where they are taken", got, n)
		}
	}
}
