package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// hooked is a receiver of webhooks that remembers how often it got what.
type hooked struct {
	*httptest.Server
	slow      atomic.Int64 // how long it takes to answer
	mu        sync.Mutex
	created   map[int64]int   // times by customer
	messages  map[string]int  // times by webhook-id
	disorder  int             // deliveries that came before earlier ones
	newest    map[int64]int64 // event by customer
	requests  int
	duplicate int
}

func newHooked(t testing.TB) *hooked {
	h := &hooked{created: map[int64]int{}, messages: map[string]int{}, newest: map[int64]int64{}}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(time.Duration(h.slow.Load()))
		body, err := io.ReadAll(r.Body)
		var in struct {
			Scope string `json:"scope"`
			Data  struct {
				ID      int64 `json:"id"`
				Address struct {
					CustomerID int64 `json:"customer_id"`
				} `json:"address"`
			} `json:"data"`
		}
		if err == nil {
			err = json.Unmarshal(body, &in)
		}
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		customer := in.Data.ID
		if in.Data.Address.CustomerID != 0 {
			customer = in.Data.Address.CustomerID
		}
		id := r.Header.Get("webhook-id")
		event, _ := strconv.ParseInt(id[strings.LastIndexByte(id, '_')+1:], 10, 64)
		h.mu.Lock()
		defer h.mu.Unlock()
		h.requests++
		if h.messages[id]++; h.messages[id] > 1 {
			h.duplicate++
		} else if h.newest[customer] > event {
			h.disorder++
		} else {
			h.newest[customer] = event
		}
		if in.Scope == "store/customer/created" {
			h.created[in.Data.ID]++
		}
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *hooked) counts() (created, duplicate int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.created), h.duplicate
}

// await waits until every acknowledged customer was told of.
func (h *hooked) await(t *testing.T, l *ledger, within time.Duration) {
	t.Helper()
	for deadline := time.Now().Add(within); ; time.Sleep(20 * time.Millisecond) {
		missing := 0
		h.mu.Lock()
		for id := range l.acked {
			if h.created[id] == 0 {
				missing++
			}
		}
		h.mu.Unlock()
		if missing == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d customers were not told of", missing, len(l.acked))
		}
	}
}

func hookFor(c *client, scope, destination string) (id int64) {
	c.t.Helper()
	var answer struct {
		Data struct {
			ID int64 `json:"id"`
		} `json:"data"`
	}
	if err := json.Unmarshal(c.call(http.StatusOK, http.MethodPost, "/hooks", map[string]any{"scope": scope, "destination": destination}), &answer); err != nil {
		c.t.Fatal(err)
	}
	return answer.Data.ID
}

// A server that is killed in the middle of six thousand deliveries loses none.
func TestKilledWhileDelivering(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, dsn string) {
		seeded(t, dsn)
		s := serve(t, "--database", dsn)
		h := newHooked(t)
		hook := hookFor(s.client(), "store/customer/*", h.URL)
		l := newLedger()
		h.slow.Store(int64(10 * time.Millisecond)) // so that much is under way
		l.load(t, "r", 6_000, amid(s.kill), []*client{s.client()})
		created, duplicate := h.counts()
		if duplicate > 0 {
			t.Errorf("%d of %d came twice before the crash", duplicate, created)
		}
		s.restart(t)
		h.slow.Store(0)
		h.await(t, l, 2*patience)
		// What was under way when it was killed may come twice; then all is done.
		c := s.client()
		for deadline := time.Now().Add(patience); list[struct{}](c, fmt.Sprintf("/hooks/%d/deliveries?limit=1&state=pending", hook)).Meta.Pagination.Total > 0; time.Sleep(50 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("some deliveries stay pending")
			}
		}
		all, duplicate := h.counts()
		t.Logf("%d acknowledged; %d told of at the crash, %d in the end, %d twice", l.len(), created, all, duplicate)
		if h.disorder > 0 {
			t.Errorf("%d came before earlier ones of their customer", h.disorder)
		}
		if duplicate > 2*(512+256) {
			t.Errorf("%d duplicates", duplicate)
		}
		s.stop()
	})
}

var delivered = regexp.MustCompile(`(?m)^clientele_webhook_attempts_total\{result="delivered"\} (\d+)`)

// Two servers on one PostgreSQL share the deliveries and make each once.
func TestTwoServersDeliver(t *testing.T) {
	t.Parallel()
	dsn := dbtest.MigratedDSN(t, sqldb.Postgres)
	seeded(t, dsn)
	a, b := serve(t, "--database", dsn), serve(t, "--database", dsn)
	h := newHooked(t)
	hookFor(a.client(), "store/customer/*", h.URL)
	both := []*client{a.client(), b.client()}
	l := newLedger()
	var all sync.WaitGroup
	for w := range writers {
		c := both[w%2]
		all.Go(func() {
			for k := range 20 {
				var emails []string
				var batch []any
				for i := range 10 {
					emails = append(emails, fmt.Sprintf("w%d-k%d-%d@example.com", w, k, i))
					batch = append(batch, person(emails[i]))
				}
				status, answer, err := c.send(http.MethodPost, "/customers", batch)
				if err == nil && status == http.StatusOK {
					_, err = l.add(answer, emails)
				}
				if err != nil || status != http.StatusOK {
					t.Errorf("create: %d %s (%v)", status, answer, err)
					return
				}
			}
		})
	}
	all.Wait()
	h.await(t, l, patience)
	time.Sleep(200 * time.Millisecond)
	if n, duplicate := h.counts(); n != l.len() || duplicate > 0 {
		t.Errorf("%d customers, %d told of, %d twice", l.len(), n, duplicate)
	}
	sum := 0
	for _, s := range []*server{a, b} {
		res, err := http.Get(s.url + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		if m := delivered.FindSubmatch(text); m != nil {
			n, _ = strconv.Atoi(string(m[1]))
		}
		if n == 0 {
			t.Error("a server made no deliveries")
		}
		sum += n
		t.Logf("a server made %d deliveries", n)
	}
	if sum != h.requests {
		t.Errorf("%d deliveries were counted, %d came", sum, h.requests)
	}
	a.stop()
	b.stop()
}

// Deliveries can be looked at and sent again from the command line.
func TestWebhookCommands(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, dsn string) {
		seeded(t, dsn)
		s := serve(t, "--database", dsn)
		h := newHooked(t)
		c := s.client()
		hook := hookFor(c, "store/customer/created", h.URL)
		tail := launch(t, t.TempDir(), nil, program(t), "webhooks", "tail", "--database", dsn, "--store", seedStore, "--every", "20ms")
		// What was delivered before it looked for the first time is not told of.
		told := regexp.MustCompile(`(?m)^\d+ +(\d+) +store/customer/created .*delivered +1 +200`)
		for i, next := 0, time.Now(); !told.MatchString(tail.out.String()) && i < 100; time.Sleep(20 * time.Millisecond) {
			if time.Now().After(next) {
				c.create(fmt.Sprintf("first%d@example.com", i))
				i, next = i+1, time.Now().Add(500*time.Millisecond)
			}
		}
		m := tail.await(&tail.out, told)
		show := must(t, "webhooks", "show", "--database", dsn, "--store", seedStore, strconv.FormatInt(hook, 10), m[1])
		for _, want := range []string{"delivered", `"scope":"store/customer/created"`, "POST " + h.URL, "< 200", "webhook-id: msg_"} {
			if !strings.Contains(show, want) {
				t.Errorf("%q is missing in\n%s", want, show)
			}
		}
		out := must(t, "webhooks", "replay", "--database", dsn, "--store", seedStore, strconv.FormatInt(hook, 10), m[1])
		if !strings.HasPrefix(out, "1 delivery") {
			t.Error(out)
		}
		tail.await(&tail.out, regexp.MustCompile(`delivered +2 +200`))
		must(t, "webhooks", "replay", "--database", dsn, "--store", seedStore, strconv.FormatInt(hook, 10), "--since", "1h")
		tail.await(&tail.out, regexp.MustCompile(`delivered +3 +200`))
		if out := must(t, "webhooks", "list", "--database", dsn, "--store", seedStore, "--state", "delivered"); !strings.Contains(out, " "+m[1]+" ") {
			t.Error(out)
		}
		if p := run(t, t.TempDir(), nil, "webhooks", "replay", "--database", dsn, "--store", seedStore, "1"); p.code != 2 {
			t.Errorf("exit code %d", p.code)
		}
		s.stop()
	})
}
