package devtools

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"clientele/internal/fault"
	"clientele/internal/seed"
	"clientele/internal/serve"
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
	// Read reads the body of a request.
	Read func(w http.ResponseWriter, r *http.Request) ([]byte, error)
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
	// Apply applies a seed file's document.
	Apply(ctx context.Context, doc *seed.Document) (stores, customers int, err error)
}

// Status is what there is.
type Status struct {
	Version string        `json:"version"`
	Engine  string        `json:"engine"`
	Ready   bool          `json:"ready"`
	Clock   ClockStatus   `json:"clock"`
	Stores  []StoreStatus `json:"stores"`
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
	// maxInstants bounds at how many due times one request stops.
	maxInstants = 100_000
	// maxWork bounds how long one request works.
	maxWork = 50 * time.Second
)

// Mount adds the routes.
func (c *Control) Mount(r chi.Router) {
	for _, rt := range []struct {
		method, path string
		handle       func(w http.ResponseWriter, r *http.Request) (any, error)
	}{
		{http.MethodGet, "/status", c.status},
		{http.MethodGet, "/clock", c.clock},
		{http.MethodPut, "/clock", c.setClock},
		{http.MethodDelete, "/clock", c.restoreClock},
		{http.MethodPost, "/clock/advance", c.advance},
		{http.MethodPost, "/seed", c.seed},
	} {
		r.Method(rt.method, ControlPath+rt.path, c.Pipeline.Handler(ControlPath+rt.path, serve.Plain{}, func(x *serve.Exchange) error {
			x.Header().Set("Cache-Control", "no-store")
			r := x.Request()
			if err := c.Access.Admit(x, r); err != nil {
				return err
			}
			out, err := rt.handle(x, r)
			if err != nil {
				return err
			}
			var b bytes.Buffer
			enc := json.NewEncoder(&b)
			enc.SetEscapeHTML(false)
			if err := enc.Encode(out); err != nil {
				return err
			}
			write(x, "application/json", b.Bytes())
			return nil
		}))
	}
}

func (c *Control) status(_ http.ResponseWriter, r *http.Request) (any, error) {
	s, err := c.World.Status(r.Context())
	s.Clock = c.now()
	return s, err
}

func (c *Control) now() ClockStatus { return ClockStatus{c.Clock.Now().UTC(), c.Clock.Frozen()} }

func (c *Control) clock(http.ResponseWriter, *http.Request) (any, error) { return c.now(), nil }

// decode reads a JSON object that has no members but those of out.
func (c *Control) decode(w http.ResponseWriter, r *http.Request, out any) error {
	text, err := c.Read(w, r)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(out); err != nil {
		if errors.Is(err, io.EOF) {
			return fault.New(fault.Malformed, "the body must be a JSON object")
		}
		return fault.New(fault.Malformed, "the body cannot be read: "+strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fault.New(fault.Malformed, "the body must be one JSON object")
	}
	return nil
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
		if err != nil || by < 0 {
			return nil, fault.New(fault.Invalid, `by: want a time such as "90s", "36h" or "1h30m"`)
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
	err := c.World.Settle(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		out.Complete = false
		return nil
	}
	return err
}

func (c *Control) seed(w http.ResponseWriter, r *http.Request) (any, error) {
	text, err := c.Read(w, r)
	if err != nil {
		return nil, err
	}
	doc, err := seed.Parse(text)
	if err != nil {
		return nil, fault.New(fault.Invalid, err.Error())
	}
	stores, customers, err := c.World.Apply(r.Context(), doc)
	if err != nil && fault.As(err) == nil && r.Context().Err() == nil {
		err = fault.New(fault.Invalid, err.Error())
	}
	return map[string]int{"stores_created": stores, "customers_created": customers}, err
}
