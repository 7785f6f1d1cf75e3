package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// chaos is what all workers share: where the servers are, and what the world
// outside of the server is to have seen when all is over.
type chaos struct {
	urls []atomic.Pointer[string]
	// calm is held for reading by who looks for what came of a request, and for
	// writing by a fault until what it cut off has come to its end.
	calm sync.RWMutex
	stop chan struct{}
	// trouble is even where no fault is under way, and another after each.
	trouble atomic.Int64

	acked, unknown, took, refused, looked, lost atomic.Int64

	mu       sync.Mutex
	failures []string
	odd      map[string]int // unexpected answers, and how often
	emails   map[string]int // by kind and address
	gone     map[string]bool
	// events are those of acknowledged changes, by scope and id. Those of
	// resources are counted by customer too.
	events map[string]int
}

func newChaos(servers int) *chaos {
	return &chaos{
		urls: make([]atomic.Pointer[string], servers), stop: make(chan struct{}),
		odd: map[string]int{}, emails: map[string]int{}, gone: map[string]bool{}, events: map[string]int{},
	}
}

func (c *chaos) failf(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failures = append(c.failures, fmt.Sprintf(format, args...))
}

// losef is failf for what was acknowledged and is not there.
func (c *chaos) losef(format string, args ...any) {
	c.lost.Add(1)
	c.failf("lost: "+format, args...)
}

func (c *chaos) stopped() bool {
	select {
	case <-c.stop:
		return true
	default:
		return false
	}
}

// event notes that something acknowledged is to be told of.
func (c *chaos) event(scope string, id int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events["store/"+scope+" "+strconv.FormatInt(id, 10)]++
}

func (c *chaos) email(kind, to string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.emails[kind+" "+to]++
}

// outcome is what is known of a request after its answer.
type outcome int

const (
	done    outcome = iota
	refused         // nothing was done
	unclear
)

// reply is the answer to a request.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// worker writes what it alone owns, and knows how each of it must be.
type worker struct {
	*chaos
	n      int
	r      *rand.Rand
	http   *http.Client
	things []*thing
	made   int
	bearer string // a storefront token
	last   string // what the last write was answered
}

// thing is something that is kept: a customer, an address and so on, as it is
// known to be.
type thing struct {
	kind  kind
	id    int64
	owner *thing // the customer of an address
	name  string // by which it is found where its id is not known
	want  map[string]string
	gone  bool
	// of customers that can sign in
	password, token string
	// log is what was done to it that was not simply done.
	log []string
}

// kind knows how things are looked up.
type kind interface {
	// read returns what is kept about a thing; found is false without one.
	read(w *worker, t *thing) (have map[string]string, found bool, err error)
	// find returns the id of what was to be made.
	find(w *worker, t *thing) (id int64, err error)
}

var errTryLater = errors.New("not now")

// send makes a request at any of the servers.
func (w *worker) send(method, path string, header http.Header, body any) (reply, error) {
	at := w.urls[w.r.IntN(len(w.urls))].Load()
	if at == nil {
		return reply{}, fmt.Errorf("%w: it is not up", errTryLater)
	}
	var r io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return reply{}, err
		}
		r = bytes.NewReader(text)
	}
	req, err := http.NewRequest(method, *at+path, r)
	if err != nil {
		return reply{}, err
	}
	maps.Copy(req.Header, header)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	// Each request is another client's: bounds on guesses are no matter here. The
	// outbox is for who comes through no proxy.
	if !strings.HasPrefix(path, "/_clientele/") {
		req.Header.Set("X-Forwarded-For", fmt.Sprintf("10.%d.%d.%d", w.n, w.r.IntN(256), w.r.IntN(256)))
	}
	res, err := w.http.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return reply{res.StatusCode, res.Header, text}, err
}

var managed = http.Header{"X-Auth-Token": {seedToken}, "Accept": {"application/json"}}

// write makes a request that changes something, and tells what is known of it.
func (w *worker) write(method, path string, header http.Header, body any) (reply, outcome) {
	trouble := w.trouble.Load()
	got, err := w.send(method, path, header, body)
	w.last = fmt.Sprintf("%s %s: %d %.200s %q (%v)", method, strings.Split(path, "?")[0], got.status, got.body, got.header.Get("X-Clientele-Reason"), err)
	troubled := trouble%2 == 1 || w.trouble.Load() != trouble
	var dial *net.OpError
	switch {
	case errors.Is(err, errTryLater), errors.As(err, &dial) && dial.Op == "dial":
		w.refused.Add(1)
		w.await()
		return got, refused
	case err != nil:
		return got, unclear
	case got.status/100 == 2 && !bytes.Contains(got.body, []byte(`"errors":[{`)):
		return got, done
	case got.status == http.StatusServiceUnavailable && (got.header.Get("X-Retry-After") != "" || got.header.Get("Retry-After") != ""):
		w.refused.Add(1)
		w.await()
		return got, refused
	case got.status == http.StatusServiceUnavailable:
		return got, unclear
	}
	// Workers send nothing that is wrong, so there is no reason for errors but
	// faults; of these GraphQL tells in its own words.
	if !troubled || path != "/graphql" || !bytes.Contains(got.body, []byte("An internal error occurred")) && !bytes.Contains(got.body, []byte("The service is not available")) {
		w.mu.Lock()
		w.odd[w.last]++
		w.mu.Unlock()
	}
	return got, unclear
}

// await waits until no fault is under way.
func (w *worker) await() {
	w.calm.RLock()
	defer w.calm.RUnlock()
}

// look reads when no fault is under way, as often as it takes.
func (w *worker) look(what string, read func() error) {
	var err error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		w.calm.RLock()
		err = read()
		w.calm.RUnlock()
		if err == nil {
			return
		}
	}
	w.failf("%s cannot be looked up: %v", what, err)
}

// get reads JSON.
func (w *worker) get(path string, out any) (status int, err error) {
	got, err := w.send(http.MethodGet, path, managed, nil)
	if err != nil {
		return 0, err
	}
	if got.status == http.StatusOK {
		err = json.Unmarshal(got.body, out)
	} else if got.status != http.StatusNotFound && got.status != http.StatusNoContent {
		err = fmt.Errorf("%s: %d %s", path, got.status, got.body)
	}
	return got.status, err
}

func (t *thing) String() string { return fmt.Sprintf("%T %d %s", t.kind, t.id, t.name) }

// differs tells in what a thing that is kept is not as it must be.
func differs(have, want map[string]string) string {
	for k, v := range want {
		if have[k] != v {
			return fmt.Sprintf("%s is %q, not %q", k, have[k], v)
		}
	}
	return ""
}

// settle does after a write what its outcome asks for. applied finds out what
// came of an unknown one; happened notes what was done.
func (w *worker) settle(t *thing, what string, o outcome, applied func() (bool, error), happened func()) bool {
	switch o {
	case done:
		w.acked.Add(1)
		happened()
		return true
	case unclear:
		w.unknown.Add(1)
	}
	yes := false
	w.look(what, func() (err error) {
		yes, err = applied()
		return err
	})
	if t.log = append(t.log, fmt.Sprintf("%s: applied %v: %s", what, yes, w.last)); t.owner != nil {
		t.owner.log = append(t.owner.log, t.log[len(t.log)-1])
	}
	switch {
	case !yes:
		return false
	case o == refused:
		w.failf("%s was refused, and done: %s", what, w.last)
	}
	w.took.Add(1)
	happened()
	return true
}

// change writes some fields of a thing. then notes what follows from it.
func (w *worker) change(t *thing, fields map[string]string, send func() (reply, outcome), then func()) {
	_, o := send()
	next := maps.Clone(t.want)
	maps.Copy(next, fields)
	w.settle(t, fmt.Sprintf("a change of %s", t), o, func() (bool, error) {
		have, found, err := t.kind.read(w, t)
		switch {
		case err != nil:
			return false, err
		case !found:
			w.losef("%s is gone after a change", t)
			return false, nil
		case differs(have, next) == "":
			return true, nil
		}
		if wrong := differs(have, t.want); wrong != "" {
			w.losef("%s after a change of %v that may not have happened: %s", t, fields, wrong)
		}
		return false, nil
	}, func() {
		t.want = next
		if then != nil {
			then()
		}
	})
}

// create makes a thing. then notes what follows from it; id reads its id from
// the answer.
func (w *worker) create(t *thing, send func() (reply, outcome), id func(reply) int64, then func()) bool {
	got, o := send()
	if o == done && id != nil {
		t.id = id(got)
	}
	return w.settle(t, fmt.Sprintf("the making of %s", t), o, func() (found bool, err error) {
		t.id, err = t.kind.find(w, t)
		return t.id != 0, err
	}, func() {
		if t.id == 0 {
			w.look(t.String(), func() (err error) {
				t.id, err = t.kind.find(w, t)
				return err
			})
		}
		if t.id == 0 {
			w.losef("%s was made and is not found", t)
			return
		}
		w.things = append(w.things, t)
		if then != nil {
			then()
		}
	})
}

// remove deletes a thing.
func (w *worker) remove(t *thing, send func() (reply, outcome), then func()) {
	_, o := send()
	w.settle(t, fmt.Sprintf("the deletion of %s", t), o, func() (bool, error) {
		have, found, err := t.kind.read(w, t)
		if err != nil || !found {
			return !found, err
		}
		if wrong := differs(have, t.want); wrong != "" {
			w.losef("%s after a deletion that may not have happened: %s", t, wrong)
		}
		return false, nil
	}, func() {
		t.gone = true
		if then != nil {
			then()
		}
	})
}

// of returns the things of a customer.
func (w *worker) of(owner *thing) (out []*thing) {
	for _, t := range w.things {
		if t.owner == owner && !t.gone {
			out = append(out, t)
		}
	}
	return out
}

// any returns one of the things of a kind, or nil.
func pick[K kind](w *worker, owned *thing) *thing {
	var out []*thing
	for _, t := range w.things {
		if _, ok := t.kind.(K); ok && !t.gone && (owned == nil || t.owner == owned) {
			out = append(out, t)
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out[w.r.IntN(len(out))]
}

// fresh returns a text that was not used before.
func (w *worker) fresh(prefix string) string {
	w.made++
	return fmt.Sprintf("%s-w%d-%d", prefix, w.n, w.made)
}

const v3Path, v2Path = "/stores/" + seedStore + "/v3", "/stores/" + seedStore + "/v2"

// The kinds.
type (
	aCustomer   struct{}
	anAddress   struct{}
	aMetafield  struct{}
	aWishlist   struct{}
	aSubscriber struct{}
	aGroup      struct{}
	aSetting    struct{}
)

func (aCustomer) read(w *worker, t *thing) (map[string]string, bool, error) {
	var p page[struct {
		customer
		Phone string `json:"phone"`
	}]
	if _, err := w.get(fmt.Sprintf("%s/customers?id:in=%d&%s", v3Path, t.id, everything), &p); err != nil || len(p.Data) == 0 {
		return nil, false, err
	}
	c := p.Data[0]
	have := map[string]string{
		"email": c.Email, "first_name": c.FirstName, "last_name": c.LastName, "company": c.Company, "notes": c.Notes, "phone": c.Phone,
		"group": strconv.FormatInt(c.GroupID, 10),
	}
	var addresses struct{ Count int } // there may be more than are included
	if _, err := w.get(fmt.Sprintf("%s/customers/%d/addresses/count", v2Path, t.id), &addresses); err != nil {
		return nil, false, err
	}
	have["addresses"] = strconv.Itoa(addresses.Count)
	for _, a := range c.Attributes {
		have["size"] = a.Value
	}
	for _, f := range c.FormFields {
		have["Referral"] = fmt.Sprint(f.Value)
	}
	if _, ok := t.want["consent"]; ok {
		var in struct{ Allow, Deny []string }
		if _, err := w.get(fmt.Sprintf("%s/customers/%d/consent", v3Path, t.id), &in); err != nil {
			return nil, false, err
		}
		have["consent"] = strings.Join(in.Allow, ",")
	}
	if _, ok := t.want["tax"]; ok {
		var in page[struct {
			Properties map[string]string `json:"tax_properties"`
		}]
		if _, err := w.get(fmt.Sprintf("%s/tax/customers?customer_id:in=%d", v3Path, t.id), &in); err != nil {
			return nil, false, err
		}
		if len(in.Data) == 1 {
			have["tax"] = in.Data[0].Properties["exemption"]
		}
	}
	return have, true, nil
}

func (aCustomer) find(w *worker, t *thing) (int64, error) {
	var p page[customer]
	if _, err := w.get(v3Path+"/customers?email:in="+url.QueryEscape(t.name), &p); err != nil || len(p.Data) == 0 {
		return 0, err
	}
	return p.Data[0].ID, nil
}

func (anAddress) read(w *worker, t *thing) (map[string]string, bool, error) {
	var p page[address]
	if _, err := w.get(fmt.Sprintf("%s/customers/addresses?id:in=%d", v3Path, t.id), &p); err != nil || len(p.Data) == 0 {
		return nil, false, err
	}
	a := p.Data[0]
	return map[string]string{"address1": a.Address1, "city": a.City, "customer": strconv.FormatInt(a.CustomerID, 10)}, true, nil
}

func (anAddress) find(w *worker, t *thing) (int64, error) {
	var p page[address]
	if _, err := w.get(fmt.Sprintf("%s/customers/addresses?customer_id:in=%d&limit=250", v3Path, t.owner.id), &p); err != nil {
		return 0, err
	}
	for _, a := range p.Data {
		if a.Address1 == t.name {
			return a.ID, nil
		}
	}
	return 0, nil
}

type metafieldRow struct {
	ID    int64  `json:"id"`
	Key   string `json:"key"`
	Value string `json:"value"`
}

func (aMetafield) read(w *worker, t *thing) (map[string]string, bool, error) {
	var in struct{ Data metafieldRow }
	status, err := w.get(fmt.Sprintf("%s/customers/%d/metafields/%d", v3Path, t.owner.id, t.id), &in)
	return map[string]string{"key": in.Data.Key, "value": in.Data.Value}, status == http.StatusOK, err
}

func (aMetafield) find(w *worker, t *thing) (int64, error) {
	var p page[metafieldRow]
	if _, err := w.get(fmt.Sprintf("%s/customers/%d/metafields?key=%s", v3Path, t.owner.id, t.name), &p); err != nil || len(p.Data) == 0 {
		return 0, err
	}
	return p.Data[0].ID, nil
}

type wishlistRow struct {
	ID       int64  `json:"id"`
	Name     string `json:"name"`
	Customer int64  `json:"customer_id"`
	Items    []struct {
		Product int64 `json:"product_id"`
	} `json:"items"`
}

func (l *wishlistRow) fields() map[string]string {
	return map[string]string{"name": l.Name, "customer": strconv.FormatInt(l.Customer, 10), "items": strconv.Itoa(len(l.Items))}
}

func (aWishlist) read(w *worker, t *thing) (map[string]string, bool, error) {
	var in struct{ Data wishlistRow }
	status, err := w.get(fmt.Sprintf("%s/wishlists/%d", v3Path, t.id), &in)
	return in.Data.fields(), status == http.StatusOK, err
}

func (aWishlist) find(w *worker, t *thing) (int64, error) {
	var p page[wishlistRow]
	if _, err := w.get(fmt.Sprintf("%s/wishlists?customer_id=%d&limit=250", v3Path, t.owner.id), &p); err != nil {
		return 0, err
	}
	for _, l := range p.Data {
		if l.Name == t.name {
			return l.ID, nil
		}
	}
	return 0, nil
}

type subscriberRow struct {
	ID        int64    `json:"id"`
	Email     string   `json:"email"`
	FirstName string   `json:"first_name"`
	Consents  []string `json:"consents"`
}

func (aSubscriber) read(w *worker, t *thing) (map[string]string, bool, error) {
	var in struct{ Data subscriberRow }
	status, err := w.get(fmt.Sprintf("%s/customers/subscribers/%d", v3Path, t.id), &in)
	return map[string]string{"email": in.Data.Email, "first_name": in.Data.FirstName, "consents": strings.Join(in.Data.Consents, ",")}, status == http.StatusOK, err
}

func (aSubscriber) find(w *worker, t *thing) (int64, error) {
	var p page[subscriberRow]
	if _, err := w.get(v3Path+"/customers/subscribers?email="+url.QueryEscape(t.name), &p); err != nil || len(p.Data) == 0 {
		return 0, err
	}
	return p.Data[0].ID, nil
}

type groupRow struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

func (aGroup) read(w *worker, t *thing) (map[string]string, bool, error) {
	var in groupRow
	status, err := w.get(fmt.Sprintf("%s/customer_groups/%d", v2Path, t.id), &in)
	return map[string]string{"name": in.Name}, status == http.StatusOK, err
}

func (aGroup) find(w *worker, t *thing) (int64, error) {
	var in []groupRow
	if _, err := w.get(v2Path+"/customer_groups?name="+url.QueryEscape(t.name), &in); err != nil || len(in) == 0 {
		return 0, err
	}
	return in[0].ID, nil
}

func (aSetting) read(w *worker, _ *thing) (map[string]string, bool, error) {
	var in struct {
		Data struct {
			Privacy struct {
				URL string `json:"policy_url"`
			} `json:"privacy_settings"`
		}
	}
	status, err := w.get(v3Path+"/customers/settings", &in)
	return map[string]string{"policy": in.Data.Privacy.URL}, status == http.StatusOK, err
}

func (aSetting) find(*worker, *thing) (int64, error) { return 0, nil }
