package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// chaosHooks receives what webhooks are told and remembers it by webhook.
type chaosHooks struct {
	*httptest.Server
	scopes []string
	ids    []int64

	mu       sync.Mutex
	messages []map[string]string // by webhook-id: what it is about
	about    []map[string]int    // by scope and id: how many messages
	newest   []map[string]int64  // by customer: the last event
	twice    int
	wrong    []string
}

func newChaosHooks(t *testing.T) *chaosHooks {
	h := &chaosHooks{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the sender has gone
		}
		hook, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
		h.take(hook, r.Header.Get("webhook-id"), body)
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *chaosHooks) add(id int64, scope string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.scopes, h.ids = append(h.scopes, scope), append(h.ids, id)
	h.messages, h.about, h.newest = append(h.messages, map[string]string{}), append(h.about, map[string]int{}), append(h.newest, map[string]int64{})
}

func (h *chaosHooks) take(hook int, message string, body []byte) {
	var in struct {
		Scope string `json:"scope"`
		Data  struct {
			ID        int64  `json:"id"`
			Metafield int64  `json:"metafield_id"`
			Resource  string `json:"resource_id"`
			Address   struct {
				CustomerID int64 `json:"customer_id"`
			} `json:"address"`
		} `json:"data"`
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := json.Unmarshal(body, &in); err != nil || hook >= len(h.scopes) {
		h.wrong = append(h.wrong, fmt.Sprintf("webhook %d was told %s (%v)", hook, body, err))
		return
	}
	about := fmt.Sprintf("%s %d", in.Scope, max(in.Data.ID, in.Data.Metafield))
	if before, known := h.messages[hook][message]; known {
		h.twice++
		if before != about {
			h.wrong = append(h.wrong, fmt.Sprintf("message %s is about %s, and about %s", message, before, about))
		}
		return
	}
	h.messages[hook][message] = about
	h.about[hook][about]++
	customer := ""
	switch {
	case in.Data.Address.CustomerID != 0:
		customer = strconv.FormatInt(in.Data.Address.CustomerID, 10)
	case in.Data.Metafield != 0:
		customer = in.Data.Resource
	case strings.HasPrefix(in.Scope, "store/customer/"):
		customer = strconv.FormatInt(in.Data.ID, 10)
	default:
		return // subscribers keep no order
	}
	event, err := strconv.ParseInt(message[strings.LastIndexByte(message, '_')+1:], 10, 64)
	if err != nil || event <= h.newest[hook][customer] {
		h.wrong = append(h.wrong, fmt.Sprintf("webhook %d: message %s of customer %s (%s) came after event %d", hook, message, customer, about, h.newest[hook][customer]))
	}
	h.newest[hook][customer] = event
}

// due are the events that a webhook is to be told of.
func due(scope string, events map[string]int) map[string]int {
	out := map[string]int{}
	for about, n := range events {
		if name, _, _ := strings.Cut(about, " "); name == scope || strings.HasSuffix(scope, "*") && strings.HasPrefix(name, strings.TrimSuffix(scope, "*")) {
			out[about] = n
		}
	}
	return out
}

// missing counts the events that a webhook was not told of yet.
func (h *chaosHooks) missing(events map[string]int) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, scope := range h.scopes {
		for about, want := range due(scope, events) {
			n += max(0, want-h.about[i][about])
		}
	}
	return n
}

// check looks up everything that the workers know.
func (x *rig) check() {
	x.t.Helper()
	var all sync.WaitGroup
	for _, w := range x.workers {
		all.Go(w.checkThings)
	}
	all.Wait()
	// What is read from any server is the same.
	for _, s := range x.servers {
		x.checkTotals(s.client())
	}
	x.checkEmails()
	begun := time.Now()
	x.checkEvents()
	x.t.Logf("waited for events for %v", time.Since(begun))
}

// checkThings looks up every thing of a worker, those that were deleted
// included.
func (w *worker) checkThings() {
	for _, t := range w.things {
		w.look(t.String(), func() error {
			have, found, err := t.kind.read(w, t)
			if err != nil {
				return err
			}
			w.looked.Add(1)
			wrong := differs(have, t.want)
			switch {
			case t.gone && found && (t.owner == nil || !t.owner.gone):
				w.losef("%s was deleted and is there", t)
			case t.gone && found:
				w.losef("%s is there, and its customer is deleted", t)
			case !t.gone && !found:
				w.losef("%s is not there", t)
			case !t.gone && wrong != "":
				w.losef("%s: %s", t, wrong)
			}
			return nil
		})
		if t.token == "" {
			continue
		}
		w.look("the session of "+t.String(), func() error {
			good, err := w.signedIn(t)
			if err != nil {
				return err
			}
			w.looked.Add(1)
			if good == t.gone {
				w.losef("the access token of %s is good: %v", t, good)
			}
			return nil
		})
	}
}

// checkTotals holds totals, and lists read in different ways, against what is
// known to be there.
func (x *rig) checkTotals(c *client) {
	x.t.Helper()
	customers, addresses := live[aCustomer](x.workers), live[anAddress](x.workers)
	metafields, wishlists, subscribers, groups := live[aMetafield](x.workers), live[aWishlist](x.workers), live[aSubscriber](x.workers), live[aGroup](x.workers)
	total := func(path string, want int) {
		x.t.Helper()
		x.looked.Add(1)
		if got := list[struct{}](c, path).Meta.Pagination.Total; got != want {
			x.losef("the total of %s is %d, not %d", path, got, want)
		}
	}
	// One customer, subscriber and group are the seed file's.
	total("/customers?limit=1", len(customers)+1)
	total("/customers/addresses?limit=1", len(addresses))
	total("/customers/metafields?limit=1", len(metafields))
	total("/wishlists?limit=1", len(wishlists))
	total("/customers/subscribers?limit=1", len(subscribers)+1)
	count := func(path string, want int) {
		x.t.Helper()
		x.looked.Add(1)
		var in struct{ Count int }
		v2 := *c
		v2.base = strings.TrimSuffix(c.base, "/v3") + "/v2"
		if err := json.Unmarshal(v2.call(http.StatusOK, http.MethodGet, path, nil), &in); err != nil {
			x.t.Fatal(err)
		}
		if in.Count != want {
			x.losef("%s is %d, not %d", path, in.Count, want)
		}
	}
	count("/customers/count", len(customers)+1)
	count("/customer_groups/count", len(groups)+1)
	same := func(what string, have []int64, want map[int64]*thing, more ...int64) {
		x.t.Helper()
		expected := append(slices.Collect(maps.Keys(want)), more...)
		slices.Sort(have)
		slices.Sort(expected)
		if !slices.Equal(have, expected) {
			x.losef("%s: there are %d ids, and %d are known: %v and %v", what, len(have), len(expected), have, expected)
		}
	}
	var ids []int64
	for _, row := range c.byCursor() {
		ids = append(ids, row.ID)
	}
	same("customers by cursor", ids, customers, 1)
	same("customers by page", pages(c, "/customers?"), customers, 1)
	same("addresses by page", pages(c, "/customers/addresses?"), addresses)
	same("metafields by page", pages(c, "/customers/metafields?"), metafields)
	same("wishlists by page", pages(c, "/wishlists?"), wishlists)
	same("subscribers by page", pages(c, "/customers/subscribers?"), subscribers, 1)
	x.looked.Add(6)
}

// pages reads the ids of a list page by page.
func pages(c *client, path string) (ids []int64) {
	c.t.Helper()
	for number := 1; ; number++ {
		p := list[struct{ ID int64 }](c, fmt.Sprintf("%slimit=50&page=%d", path, number))
		if len(p.Data) == 0 {
			return ids
		}
		for _, row := range p.Data {
			ids = append(ids, row.ID)
		}
	}
}

// checkEmails looks up every email. Those of customers who were deleted may
// have gone with them.
func (x *rig) checkEmails() {
	x.t.Helper()
	w := x.workers[0]
	for key, want := range x.emails {
		kind, to, _ := strings.Cut(key, " ")
		w.look("the email "+key, func() error {
			got, err := w.outbox(kind, to)
			if err != nil {
				return err
			}
			x.looked.Add(1)
			if got != want && !(x.gone[to] && got < want) {
				x.losef("of %s there are %d, not %d", key, got, want)
			}
			return nil
		})
	}
	if !x.long {
		return // a job that was cut off is done again after half a minute
	}
	for deadline := time.Now().Add(2 * patience); ; time.Sleep(100 * time.Millisecond) {
		var in struct{ Data []struct{ To string } }
		if _, err := w.get("/_clientele/outbox.json?status=queued", &in); err != nil {
			x.t.Fatal(err)
		}
		if len(in.Data) == 0 {
			return
		}
		if time.Now().After(deadline) {
			x.losef("%d emails are not sent", len(in.Data))
			return
		}
	}
}

// checkEvents waits until each webhook was told of every acknowledged change,
// and holds against each other what it was told and what was acknowledged.
func (x *rig) checkEvents() {
	x.t.Helper()
	h := x.hooks
	for deadline := time.Now().Add(patience); h.missing(x.events) > 0 && time.Now().Before(deadline); {
		time.Sleep(20 * time.Millisecond)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	told := 0
	for i, scope := range h.scopes {
		want := due(scope, x.events)
		for about, n := range want {
			x.looked.Add(1)
			told += n
			if got := h.about[i][about]; got != n {
				x.losef("webhook %s was told %d times of %s, not %d; %s", scope, got, about, n, x.history(about))
			}
		}
		for about, n := range h.about[i] {
			if want[about] == 0 {
				x.failf("webhook %s was told %d times of %s, which nobody did; %s", scope, n, about, x.history(about))
			}
		}
	}
	for _, wrong := range h.wrong {
		x.failf("%s", wrong)
	}
	x.t.Logf("%d events told, %d messages came more than once", told, h.twice)
}

// history tells what was done to whatever an event is about, and was not
// simply done.
func (x *rig) history(about string) string {
	_, id, _ := strings.Cut(about, " ")
	for _, w := range x.workers {
		for _, t := range w.things {
			if strconv.FormatInt(t.id, 10) == id && strings.HasPrefix(about, map[string]string{
				"e2e.aCustomer": "store/customer/", "e2e.anAddress": "store/customer/address/", "e2e.aMetafield": "store/metafield/", "e2e.aSubscriber": "store/subscriber/",
			}[fmt.Sprintf("%T", t.kind)]) {
				return fmt.Sprintf("%s: %s", t, strings.Join(t.log, " | "))
			}
		}
	}
	return "nobody knows of it"
}

// storefrontBearer makes a token for GraphQL.
func storefrontBearer(c *client) string {
	c.t.Helper()
	var in struct{ Data struct{ Token string } }
	if err := json.Unmarshal(c.call(http.StatusOK, http.MethodPost, "/storefront/api-token", map[string]any{"channel_id": 1, "expires_at": 0}), &in); err != nil {
		c.t.Fatal(err)
	}
	return in.Data.Token
}
