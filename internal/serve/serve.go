// Package serve is the one way of every HTTP request, on every surface: the
// request gets an id, its body is bounded, a defect is recovered from, an error
// becomes a fault, an outage or a client that is gone, and the request is
// counted and logged. A surface gives a handler and a Renderer, which puts
// faults into the surface's shape.
package serve

import (
	"context"
	"encoding/hex"
	"log/slog"
	"net/http"
	"time"

	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/intake"
	"clientele/internal/pace"
	"clientele/internal/system"
)

// Config is what a Pipeline needs.
type Config struct {
	System *system.System
	Log    *slog.Logger
	// Stage is nil but in development mode.
	Stage Stage
	// Bodies reads the bodies of requests; nil means one with the usual limits.
	Bodies *intake.Intake
	// Metrics may be nil.
	Metrics *Metrics
	// Slow is how long a request may take before it is logged as slow; 0
	// means a second.
	Slow time.Duration
	// Stamp returns the context of a request that may write, so that what it
	// writes can be told from what belongs to a later state; nil: as it is.
	Stamp func(context.Context) context.Context
	// Pace has work in the background give way to requests; nil: it does not.
	Pace *pace.Pace
}

// Pipeline takes requests from the router to their handlers, and their answers
// to the log. All surfaces of a server share one.
type Pipeline struct{ Config }

// New returns a Pipeline.
func New(c Config) *Pipeline {
	if c.Slow == 0 {
		c.Slow = time.Second
	}
	if c.Bodies == nil {
		c.Bodies = intake.New(intake.Limits{})
	}
	return &Pipeline{c}
}

// Renderer answers in the shape of a surface.
type Renderer interface {
	// Refuse answers with a fault. How long to wait is in the headers already.
	Refuse(x *Exchange, f *fault.Error)
}

// Watcher is a Renderer of a surface that counts its requests itself, too.
type Watcher interface {
	// Watch learns how a request ended, and whether for a reason that an
	// operator should see.
	Watch(status int, failed bool, took time.Duration)
	// Attrs returns what to add to the log, after Watch.
	Attrs() []slog.Attr
}

// Headers that tell for how many seconds to wait.
const (
	RetryAfter  = "Retry-After"
	XRetryAfter = "X-Retry-After" // the original's
)

// Route is where requests go that match a pattern.
type Route struct {
	pipe    *Pipeline
	pattern string
	retry   []string
	reads   bool
	within  time.Duration // 0: requests have no end
	observe func(method string, status int, took time.Duration)
}

// Route returns the route of a pattern of the router. Its requests are counted
// under the method, or with "" each under its own. The names are those of the
// headers that tell how long to wait; by default both do.
func (p *Pipeline) Route(method, pattern string, retry ...string) *Route {
	if retry == nil {
		retry = []string{RetryAfter, XRetryAfter}
	}
	return &Route{pipe: p, pattern: pattern, retry: retry, observe: p.Metrics.of(method, pattern)}
}

// Reads tells that requests to the route change nothing, so that nobody needs to
// know where they come from. It returns the route.
func (rt *Route) Reads() *Route {
	rt.reads = true
	return rt
}

// Within tells how long the context of a request to the route lasts at most. It
// returns the route.
func (rt *Route) Within(d time.Duration) *Route {
	rt.within = d
	return rt
}

// Handler returns what serves the requests to a pattern. An error of handle is
// rendered, counted and logged.
func (p *Pipeline) Handler(pattern string, render Renderer, handle func(*Exchange) error) http.HandlerFunc {
	rt := p.Route("", pattern)
	return func(w http.ResponseWriter, r *http.Request) {
		x := new(Exchange)
		rt.Serve(x, w, r, render, func() error { return handle(x) })
	}
}

// Serve takes a request to handle, which answers it through x or returns an
// error.
func (rt *Route) Serve(x *Exchange, w http.ResponseWriter, r *http.Request, render Renderer, handle func() error) {
	rt.pipe.Pace.Enter()
	defer rt.pipe.Pace.Leave()
	x.route, x.to, x.r, x.start = rt, w, r, rt.pipe.System.Elapsed()
	x.RequestID = rt.pipe.requestID()
	ctx := r.Context()
	if rt.within > 0 {
		x.time.begin(ctx, rt.pipe.System, rt.within)
		defer x.time.end()
		ctx = &x.time
	}
	if !rt.reads {
		x.Came = history.Origin{Actor: history.Actor{Kind: history.Visitor}, RequestID: x.RequestID}
		ctx = history.With(ctx, &x.Came)
		if rt.pipe.Stamp != nil {
			ctx = rt.pipe.Stamp(ctx)
		}
	}
	if ctx != r.Context() {
		x.r = r.WithContext(ctx)
	}
	x.idLine[0] = x.RequestID
	w.Header()["X-Request-Id"] = x.idLine[:]
	defer rt.pipe.Bodies.End(w, x.r)
	defer x.end(render)
	rt.pipe.Bodies.Begin(w, x.r)
	if err := handle(); err != nil {
		x.Fail(render, err)
	}
}

// requestID returns 32 hexadecimal digits.
func (p *Pipeline) requestID() string {
	var b [16]byte
	var text [32]byte
	p.System.Bytes(b[:])
	hex.Encode(text[:], b[:])
	return string(text[:])
}
