package devtools

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"golang.org/x/sync/semaphore"

	"clientele/internal/fault"
	"clientele/internal/seed"
	"clientele/internal/serve"
	"clientele/internal/sqldb"
	"clientele/internal/state"
	"clientele/internal/system"
)

// ControlPath is where tests control the server.
const ControlPath = "/_clientele/v1"

// Control has tests control a server.
type Control struct {
	Clock    *system.Movable
	World    World
	Pipeline *serve.Pipeline
	Access   *Access
	State    *state.Service
	// Resets are called after a reset, with the stores (nil: all) and what it keeps.
	Resets []func(stores []string, keeps func(name string) bool)
	// Read reads the body of a request.
	Read    func(w http.ResponseWriter, r *http.Request) ([]byte, error)
	writing *semaphore.Weighted
}

// World is the server as control sees it.
type World interface {
	// Status tells what there is.
	Status(ctx context.Context) (Status, error)
	// Done tells what the server has done since its start.
	Done() Done
	// Settle does what is due, until nothing is.
	Settle(ctx context.Context) error
	// NextDue returns when something is due after now; the zero time for never.
	NextDue(ctx context.Context) (time.Time, error)
	// Tasks does what is done every so often, once.
	Tasks(ctx context.Context) error
	// Reached returns where who sends a request finds the API and the storefront
	// of a store.
	Reached(r *http.Request, storeHash string) (management, storefront string, err error)
	// Apply applies a seed file's document, all of it or nothing.
	Apply(ctx context.Context, doc *seed.Document) (stores, customers int, err error)
}

// Status is what there is.
type Status struct {
	RequestStatus
	Version string        `json:"version"`
	Engine  string        `json:"engine"`
	Ready   bool          `json:"ready"`
	Clock   ClockStatus   `json:"clock"`
	Stores  []StoreStatus `json:"stores"`
	// Snapshots are those that may be gone back to.
	Snapshots []SnapshotStatus `json:"snapshots"`
}

// ClockStatus is what the clock shows.
type ClockStatus struct {
	Now    time.Time `json:"now"`
	Frozen bool      `json:"frozen"`
}

// StoreStatus is how much a store has.
type StoreStatus struct {
	Hash        string `json:"store_hash"`
	Customers   int64  `json:"customers"`
	Subscribers int64  `json:"subscribers"`
}

// Done is what was done because it was due, by whichever goroutine found it due.
type Done struct {
	Jobs       map[string]int64 `json:"jobs"`       // attempts, by kind
	Deliveries int64            `json:"deliveries"` // attempts at webhooks
}

// since returns what was done after before.
func (d Done) since(before Done) Done {
	out := Done{Jobs: map[string]int64{}, Deliveries: d.Deliveries - before.Deliveries}
	for kind, n := range d.Jobs {
		if n -= before.Jobs[kind]; n > 0 {
			out.Jobs[kind] = n
		}
	}
	return out
}

const (
	// maxAdvance bounds how far one request moves the clock.
	maxAdvance = 10 * 366 * 24 * time.Hour
	// farthest bounds how far it may be ahead: it can count 292 years.
	farthest = 200 * 366 * 24 * time.Hour
	// maxInstants bounds at how many due times one request stops.
	maxInstants = 100_000
	// maxWork bounds how long one request works.
	maxWork = 50 * time.Second
)

// route is a call, whose result is sent as JSON unless it is a reply.
type route struct {
	method, path string
	handle       func(w http.ResponseWriter, r *http.Request) (any, error)
	// replaces: what is written meanwhile would be overtaken, so that other calls
	// that write wait for it, and it for them.
	replaces bool
}

// reply is an answer that is not a 200 of JSON.
type reply struct {
	status int    // 0: 200
	kind   string // of body; none: JSON
	body   []byte
	value  any // nil: nothing but body
}

// Mount adds the routes.
func (c *Control) Mount(r chi.Router) {
	c.writing = semaphore.NewWeighted(turns)
	for _, rt := range append([]route{
		{http.MethodGet, "/status", c.status, false},
		{http.MethodGet, "/clock", c.clock, false},
		{http.MethodPut, "/clock", c.setClock, false},
		{http.MethodDelete, "/clock", c.restoreClock, false},
		{http.MethodPost, "/clock/advance", c.advance, false},
		{http.MethodPost, "/seed", c.seed, false},
	}, c.stateRoutes()...) {
		r.Method(rt.method, ControlPath+rt.path, c.Pipeline.Handler(ControlPath+rt.path, serve.Plain{}, func(x *serve.Exchange) error {
			x.Header().Set("Cache-Control", "no-store")
			r := x.Request()
			if err := c.Access.Admit(x, r); err != nil {
				return err
			}
			if rt.path != "/seed" {
				if err := unasked(r); err != nil {
					return err
				}
			}
			done, err := c.turn(r.Context(), rt)
			if err != nil {
				return err
			}
			defer done()
			var out any
			if err := c.again(context.WithValue(r.Context(), bodyKey{}, new(readBody)), func(ctx context.Context) (err error) {
				out, err = rt.handle(x, r.WithContext(ctx))
				return err
			}); err != nil {
				return err
			}
			return answer(x, out)
		}))
	}
}

// turns is how many calls may write at once.
const turns = 64

// turn waits until a call may run. Whoever replaces what stores hold runs alone,
// others that write beside each other; those that read do not wait.
func (c *Control) turn(ctx context.Context, rt route) (done func(), err error) {
	n := int64(1)
	switch {
	case rt.method == http.MethodGet:
		return func() {}, nil
	case rt.replaces:
		n = turns
	}
	if err := c.writing.Acquire(ctx, n); err != nil {
		return nil, err
	}
	return func() { c.writing.Release(n) }, nil
}

// unasked refuses a query to a call that has none.
func unasked(r *http.Request) error {
	for name := range r.URL.Query() {
		return invalid(name, "this call has no query parameters")
	}
	return nil
}

// patience is for how long a call goes again that a reset has overtaken.
const patience = 10 * time.Second

// again does what a reset or a restore may overtake, once more each time that
// it was: nothing was written then, and whoever controls the server wants it done
// in the new state. Turns alone would not do: a call belongs to the state that
// there was when it came, before it waited for its turn, and other processes
// have turns of their own.
func (c *Control) again(ctx context.Context, do func(ctx context.Context) error) error {
	start, stamped := c.Pipeline.System.Elapsed(), ctx
	for {
		err := do(stamped)
		if !errors.Is(err, sqldb.ErrSuperseded) || ctx.Err() != nil || c.Pipeline.System.Elapsed()-start >= patience {
			return err
		}
		if c.Pipeline.Stamp != nil {
			stamped = c.Pipeline.Stamp(ctx)
		}
	}
}

type bodyKey struct{}

// readBody is the body of a call, which can be read but once.
type readBody struct {
	read bool
	text []byte
}

// body returns the body of a call.
func (c *Control) body(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	kept, _ := r.Context().Value(bodyKey{}).(*readBody)
	if kept != nil && kept.read {
		return kept.text, nil
	}
	text, err := c.Read(w, r)
	if err == nil && kept != nil {
		kept.read, kept.text = true, text
	}
	return text, err
}

// answer sends what a call returned.
func answer(w http.ResponseWriter, out any) error {
	rep, is := out.(*reply)
	if !is {
		rep = &reply{value: out}
	}
	if rep.value != nil {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(rep.value); err != nil {
			return err
		}
		rep.kind, rep.body = "application/json", b.Bytes()
	}
	if rep.kind != "" {
		w.Header().Set("Content-Type", rep.kind)
	}
	if rep.status != 0 {
		w.WriteHeader(rep.status)
	}
	// The pipeline keeps the error: the client is gone.
	_, _ = w.Write(rep.body)
	return nil
}

func (c *Control) status(_ http.ResponseWriter, r *http.Request) (any, error) {
	s, err := c.World.Status(r.Context())
	if err != nil {
		return nil, err
	}
	s.Clock = c.now()
	s.Snapshots, err = c.listSnapshots(r)
	return s, err
}

func (c *Control) now() ClockStatus { return ClockStatus{c.Clock.Now().UTC(), c.Clock.Frozen()} }

func (c *Control) clock(http.ResponseWriter, *http.Request) (any, error) { return c.now(), nil }

// decode reads a JSON object that has no members but those of out.
func (c *Control) decode(w http.ResponseWriter, r *http.Request, out any) error {
	text, err := c.body(w, r)
	if err != nil {
		return err
	}
	return object(text, out)
}

// advanced is the answer to a moved clock.
type advanced struct {
	ClockStatus
	Done
	// Complete tells that all that is due by now was done.
	Complete bool `json:"complete"`
}

func (c *Control) setClock(w http.ResponseWriter, r *http.Request) (any, error) {
	var in struct {
		Now    *time.Time `json:"now"`
		Frozen *bool      `json:"frozen"`
	}
	if err := c.decode(w, r, &in); err != nil {
		return nil, err
	}
	if in.Now != nil {
		if err := c.ahead(*in.Now); err != nil {
			return nil, err
		}
	}
	if in.Frozen != nil {
		c.Clock.Freeze(*in.Frozen)
	}
	out, before := advanced{Complete: true}, c.World.Done()
	if in.Now != nil {
		// What is due is done once, not at each time that it would have been.
		c.Clock.Set(*in.Now)
		ctx, cancel := context.WithTimeout(r.Context(), maxWork)
		defer cancel()
		if err := c.settle(ctx, &out); err != nil {
			return nil, err
		}
	}
	out.ClockStatus, out.Done = c.now(), c.World.Done().since(before)
	return out, nil
}

// ahead refuses a time that the clock cannot be moved to.
func (c *Control) ahead(to time.Time) error {
	d := to.Sub(c.Clock.Now())
	switch {
	case d < -time.Second: // a client may have read the clock a moment ago
		return fault.New(fault.Invalid, "now: the clock moves forward only; DELETE /_clientele/v1/clock gives the machine's time back")
	case d > maxAdvance:
		return fault.New(fault.Invalid, "the clock moves ten years at most at once")
	case c.Clock.Ahead()+d > farthest:
		return fault.New(fault.Invalid, "the clock goes 200 years ahead at most; DELETE /_clientele/v1/clock gives the machine's time back")
	}
	return nil
}

func (c *Control) restoreClock(http.ResponseWriter, *http.Request) (any, error) {
	c.Clock.Restore()
	return c.now(), nil
}

func (c *Control) advance(w http.ResponseWriter, r *http.Request) (any, error) {
	var in struct {
		By string     `json:"by"`
		To *time.Time `json:"to"`
	}
	if err := c.decode(w, r, &in); err != nil {
		return nil, err
	}
	if (in.By == "") == (in.To == nil) {
		return nil, fault.New(fault.Invalid, `give either by, such as "48h", or to, an RFC 3339 time`)
	}
	to := c.Clock.Now()
	if in.To != nil {
		to = *in.To
	} else {
		by, err := time.ParseDuration(in.By)
		if err != nil {
			return nil, fault.New(fault.Invalid, `by: want a time such as "90s", "36h" or "1h30m", ten years at most`)
		}
		if by < 0 {
			return nil, fault.New(fault.Invalid, "by: the clock moves forward only; DELETE /_clientele/v1/clock gives the machine's time back")
		}
		to = to.Add(by)
	}
	if err := c.ahead(to); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), maxWork)
	defer cancel()
	out, before := advanced{Complete: true}, c.World.Done()
	if err := c.goTo(ctx, to, &out); err != nil {
		return nil, err
	}
	out.ClockStatus, out.Done = c.now(), c.World.Done().since(before)
	return out, nil
}

// goTo moves the clock from one due time to the next one, and does what is due
// there. If that takes too long, the clock stays where it is.
func (c *Control) goTo(ctx context.Context, to time.Time, out *advanced) error {
	for range maxInstants {
		if err := c.settle(ctx, out); err != nil || !out.Complete {
			return err
		}
		next, err := c.World.NextDue(ctx)
		if err != nil {
			return err
		}
		if next.IsZero() || next.After(to) {
			if to.After(c.Clock.Now()) {
				c.Clock.Set(to)
			}
			if err := c.World.Tasks(ctx); err != nil {
				return err
			}
			return c.settle(ctx, out)
		}
		c.Clock.Set(next)
	}
	out.Complete = false
	return nil
}

// settle does what is due. A time that runs out is no error.
func (c *Control) settle(ctx context.Context, out *advanced) error {
	err := c.again(ctx, c.World.Settle)
	if errors.Is(err, context.DeadlineExceeded) {
		out.Complete = false
		return nil
	}
	return err
}

func (c *Control) seed(w http.ResponseWriter, r *http.Request) (any, error) {
	rebase := false
	for name, values := range r.URL.Query() {
		if name != "baseline" || len(values) != 1 || values[0] != "true" && values[0] != "false" {
			return nil, fault.New(fault.Invalid, "the query may have baseline=true, and nothing else")
		}
		rebase = values[0] == "true"
	}
	text, err := c.body(w, r)
	if err != nil {
		return nil, err
	}
	doc, err := seed.Parse(text)
	if err != nil {
		return nil, fault.New(fault.Invalid, err.Error())
	}
	stores, customers, err := c.World.Apply(r.Context(), doc)
	if err != nil {
		// A fault of the file is told with its line.
		if r.Context().Err() == nil && !errors.Is(err, sqldb.ErrUnavailable) {
			err = fault.New(fault.Invalid, err.Error())
		}
		return nil, err
	}
	if rebase {
		if err := c.State.Rebase(r.Context()); err != nil {
			return nil, err
		}
	}
	return map[string]int{"stores_created": stores, "customers_created": customers}, nil
}
