// Package rest is what all HTTP surfaces of the management API share: routing
// from declared tables, authentication and scopes, rate limits, bounded
// bodies, compression, logs and metrics. Packages rest/v3 and rest/v2 add
// their wire forms.
package rest

import (
	"cmp"
	"context"
	"encoding/hex"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"clientele/internal/auth"
	"clientele/internal/fault"
	"clientele/internal/intake"
	"clientele/internal/limit"
	"clientele/internal/system"
	"clientele/internal/visit"
)

// Class groups operations whose concurrency the original caps together.
type Class uint8

// The classes.
const (
	Plain Class = iota
	Creating
	Updating
)

// Route declares one operation. The table of routes is what the router, the
// scopes and the API description's check are made from.
type Route struct {
	Method  string
	Pattern string // below /stores/{store_hash}/v3 or …/v2
	Need    auth.Requirement
	Class   Class
	Handle  func(*Call) error
	// Titles are for surfaces whose errors name the operation; nil means none.
	Titles *Titles
}

// Titles is what a surface calls an operation in the errors of its route. The
// zero value is an operation without a name of its own.
type Titles struct {
	// Failed is the title of the answer to input that breaks a rule.
	Failed string
	// Clash is the title of the answer to what clashes with something stored,
	// and Missing to what does not exist, where they have their own.
	Clash, Missing string
	// Key and Text stand for the whole operation among its details: the name
	// of a detail, and the words before the reason.
	Key, Text string
	// Invalid, Conflict and Filter are the statuses of input that breaks a
	// rule, of what clashes with something stored and of wrong parameters of
	// the query, where they differ from the surface's own.
	Invalid, Conflict, Filter int
	// Syntax is the status of a body that cannot be parsed, where it differs.
	Syntax int
	// Batch tells that a clash is told as the outcome of a batch.
	Batch bool
}

// Surface is a version of the API.
type Surface interface {
	// Prefix is the path before the routes' patterns.
	Prefix() string
	Routes() []Route
	Renderer
}

// Renderer renders an error of an operation: its status and body. The titles
// are those of the route, and never nil.
type Renderer interface {
	Error(titles *Titles, err error) (status int, body []byte)
}

// Formatted is a Surface that speaks more than JSON.
type Formatted interface {
	// Formats returns the others. Resources may carry a format's extension.
	Formats() []*Format
}

// Format is a media type that is made from JSON and read into it, so that
// handlers know JSON only.
type Format struct {
	// Extension is that of resources, such as ".xml".
	Extension string
	// Types are the media types it is asked for and announced by; answers
	// carry the first.
	Types []string
	// Encode turns a JSON answer into the format, Decode a body into JSON.
	Encode func(c *Call, status int, json []byte) ([]byte, error)
	Decode func(body []byte) ([]byte, error)
}

// Mirrored is a Surface with a second address, on the store's own domain and
// with HTTP Basic authentication: an API account's name or client id and its
// token.
type Mirrored interface {
	// Mirror is the path before the routes' patterns.
	Mirror() string
}

// Refuser is a Surface that words its own answers to unknown paths and
// methods.
type Refuser interface {
	Refuse(status int) (body []byte)
}

// Hosts tells which stores a host name may stand for.
type Hosts interface {
	ByHost(ctx context.Context, host string) (hashes []string, err error)
}

// Config is what a Server needs.
type Config struct {
	System *system.System
	Tokens *auth.Cache
	Limits Limits
	Log    *slog.Logger
	// Bodies reads the bodies of requests; nil means one with the usual limits.
	Bodies *intake.Intake
	// Hosts serves Mirrored surfaces; it may be nil without them.
	Hosts Hosts
	// Peer tells who asks, as visit.Visits.Peer does, which it is without
	// proxies where it is nil.
	Peer func(r *http.Request, backend bool) limit.Peer
	// Refuse may answer a path or method that nobody serves, outside of the
	// surfaces, and tells whether it did; it may be nil.
	Refuse func(w http.ResponseWriter, r *http.Request, status int) bool
	// Metrics may be nil.
	Metrics *Metrics
	// Reasons adds the header X-Clientele-Reason to refusals: development only.
	Reasons bool
	// Slow is how long a request may take before it is logged as slow; 0
	// means a second.
	Slow time.Duration
}

// Server serves the management API.
type Server struct {
	Config
	router *chi.Mux
	rates  *rates
	mounts []mount
}

// mount is a surface at one of its addresses.
type mount struct {
	surface Surface
	prefix  string
	mirror  bool
	formats []*Format
}

// NewServer returns a Server of the surfaces. Other handlers may be mounted
// on its Router.
func NewServer(c Config, surfaces ...Surface) *Server {
	if c.Slow == 0 {
		c.Slow = time.Second
	}
	if c.Bodies == nil {
		c.Bodies = intake.New(intake.Limits{})
	}
	if c.Peer == nil {
		c.Peer = new(visit.Visits).Peer
	}
	s := &Server{Config: c, router: chi.NewRouter(), rates: newRates(c.Limits, c.System)}
	s.router.NotFound(s.notFound)
	s.router.MethodNotAllowed(s.methodNotAllowed)
	for _, surface := range surfaces {
		m := mount{surface: surface, prefix: surface.Prefix()}
		if f, ok := surface.(Formatted); ok {
			m.formats = f.Formats()
		}
		s.mount(m)
		if f, ok := surface.(Mirrored); ok && c.Hosts != nil {
			m.prefix, m.mirror = f.Mirror(), true
			s.mount(m)
		}
	}
	return s
}

func (s *Server) mount(m mount) {
	s.mounts = append(s.mounts, m)
	for _, r := range m.surface.Routes() {
		s.handle(&m, r)
	}
}

// Router returns the router, for handlers beside the management API.
func (s *Server) Router() *chi.Mux { return s.router }

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.Bodies.Begin(w, r)
	// A trailing slash names the same resource.
	if p := r.URL.Path; len(p) > 1 && p[len(p)-1] == '/' {
		r.URL.Path = cmp.Or(strings.TrimRight(p, "/"), "/")
		r.URL.RawPath = strings.TrimRight(r.URL.RawPath, "/")
	}
	// The router goes by the encoded path, if there is one; only an encoded
	// slash makes a difference.
	if raw := r.URL.RawPath; raw != "" && !strings.Contains(strings.ToLower(raw), "%2f") {
		r.URL.RawPath = ""
	}
	if m := s.at(r.URL.Path); m != nil && m.formats != nil {
		r = m.withoutExtension(r)
	}
	s.router.ServeHTTP(w, r)
}

// at returns the mount whose prefix a path has, or nil.
func (s *Server) at(path string) *mount {
	for i := range s.mounts {
		if under(path, s.mounts[i].prefix) {
			return &s.mounts[i]
		}
	}
	return nil
}

// under reports whether a path has a prefix, in which {name} stands for any
// one segment.
func under(path, prefix string) bool {
	for prefix != "" {
		var want, have string
		want, prefix = segment(prefix)
		have, path = segment(path)
		if have == "" || have != want && want[0] != '{' {
			return false
		}
	}
	return true
}

// segment splits "/a/b" into "a" and "/b".
func segment(path string) (first, rest string) {
	if path == "" {
		return "", ""
	}
	if i := strings.IndexByte(path[1:], '/'); i >= 0 {
		return path[1 : i+1], path[i+1:]
	}
	return path[1:], ""
}

func (s *Server) handle(m *mount, route Route) {
	pattern := m.prefix + route.Pattern
	observe := s.Metrics.route(route.Method, pattern)
	titles := cmp.Or(route.Titles, new(Titles))
	h := func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		c := &Call{W: w, R: r, server: s, mount: m, surface: m.surface, titles: titles, RequestID: s.requestID()}
		w.Header()["X-Request-Id"] = []string{c.RequestID}
		c.negotiate()
		defer s.finish(c, pattern, start, observe)
		if err := s.admit(c, &route); err != nil {
			c.fail(err)
			return
		}
		defer c.leave()
		if err := route.Handle(c); err != nil {
			c.fail(err)
		}
	}
	s.router.MethodFunc(route.Method, pattern, h)
	if route.Method == http.MethodGet {
		s.router.MethodFunc(http.MethodHead, pattern, h)
	}
}

// Public serves a route that needs no API account, beside the management API
// and with its bounds, log and metrics.
func (s *Server) Public(method, pattern string, errors Renderer, handle func(*Call) error) {
	observe := s.Metrics.route(method, pattern)
	h := func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		c := &Call{W: w, R: r, server: s, mount: &mount{}, surface: errors, titles: new(Titles), RequestID: s.requestID()}
		w.Header()["X-Request-Id"] = []string{c.RequestID}
		defer s.finish(c, pattern, start, observe)
		if err := handle(c); err != nil {
			c.fail(err)
		}
	}
	s.router.MethodFunc(method, pattern, h)
	if method == http.MethodGet {
		s.router.MethodFunc(http.MethodHead, pattern, h)
	}
}

// Watch counts, times and logs the requests to handlers beside the management
// API by the pattern that the router found, as it is done for its routes.
func (s *Server) Watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		seen := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		defer func() {
			took, status := time.Since(start), cmp.Or(seen.Status(), http.StatusOK)
			pattern, method := chi.RouteContext(r.Context()).RoutePattern(), r.Method
			s.Metrics.route(method, pattern)(status, took)
			if took >= s.Slow {
				s.Log.WarnContext(r.Context(), "request slow", "method", method, "route", pattern, "status", status,
					"ms", float64(took.Microseconds())/1000, "request_id", seen.Header().Get("X-Request-Id"))
			}
		}()
		next.ServeHTTP(seen, r)
	})
}

// requestID returns 32 hexadecimal digits.
func (s *Server) requestID() string {
	var b [16]byte
	var text [32]byte
	s.System.Bytes(b[:])
	hex.Encode(text[:], b[:])
	return string(text[:])
}

var errNoToken = fault.New(fault.Unauthorized, "no X-Auth-Token header")
var errBadToken = fault.New(fault.Unauthorized, "the token is not one of this store's, or was revoked")
var errScope = fault.New(fault.Forbidden, "the API account lacks the scope")

// admit identifies the API account that calls, counts the request against its
// limits, and checks that it has the scopes of the route.
func (s *Server) admit(c *Call, route *Route) error {
	token, account, err := s.whoCalls(c)
	if err != nil {
		s.rates.idle(c.W.Header())
		return err
	}
	if account == nil {
		s.rates.idle(c.W.Header())
		if c.mount.mirror {
			c.W.Header()["Www-Authenticate"] = []string{`Basic realm="API"`}
		}
		if token == "" {
			return errNoToken
		}
		return errBadToken
	}
	c.Account = account
	if err := s.rates.take(c.W.Header(), account); err != nil {
		return err
	}
	if !account.Allows(route.Need) {
		return errScope
	}
	c.release, err = s.rates.enter(account, route.Class)
	return err
}

// whoCalls returns the token of a request and the account that it names. On
// the original's gateway the path names the store; on a store's own domain the
// host does, and an account's name or client id comes with the token.
func (s *Server) whoCalls(c *Call) (token string, account *auth.APIAccount, err error) {
	if !c.mount.mirror {
		token = c.R.Header.Get("X-Auth-Token")
		account, err = s.Tokens.ByToken(c.R.Context(), chi.URLParam(c.R, "store_hash"), token)
		return token, account, err
	}
	user, token, ok := c.R.BasicAuth()
	if !ok || token == "" {
		return "", nil, nil
	}
	hashes, err := s.Hosts.ByHost(c.R.Context(), c.R.Host)
	if err != nil {
		return token, nil, err
	}
	for _, hash := range hashes {
		account, err = s.Tokens.ByToken(c.R.Context(), hash, token)
		if err != nil {
			return token, nil, err
		}
		if account != nil && (user == account.Name || user == account.ClientID) {
			return token, account, nil
		}
	}
	return token, nil, nil
}

// finish counts and logs a request. It recovers from a panic of the handler and
// answers it with 500.
func (s *Server) finish(c *Call, pattern string, start time.Time, observe func(status int, took time.Duration)) {
	if p := recover(); p != nil {
		if p == http.ErrAbortHandler {
			panic(p)
		}
		if c.status == 0 {
			c.fail(panicError(p))
		} else {
			s.logPanic(c, p)
		}
	}
	took := time.Since(start)
	observe(c.status, took)
	level := slog.LevelDebug
	message := "request"
	switch {
	case c.status >= 500:
		level, message = slog.LevelError, "request failed"
	case took >= s.Slow:
		level, message = slog.LevelWarn, "request slow"
	case c.status == http.StatusTooManyRequests:
		level, message = slog.LevelWarn, "request limited"
	}
	ctx := c.R.Context()
	if !s.Log.Enabled(ctx, level) {
		return
	}
	attrs := make([]slog.Attr, 0, 8)
	attrs = append(attrs,
		slog.String("method", c.R.Method), slog.String("route", pattern), slog.Int("status", c.status),
		slog.Float64("ms", float64(took.Microseconds())/1000), slog.String("request_id", c.RequestID))
	if c.Account != nil {
		attrs = append(attrs, slog.String("store", c.Account.StoreHash), slog.Int64("account", c.Account.ID))
	}
	if c.StoreHash != "" {
		attrs = append(attrs, slog.String("store", c.StoreHash))
	}
	if c.err != nil {
		attrs = append(attrs, slog.String("error", c.err.Error()))
	}
	s.Log.LogAttrs(ctx, level, message, attrs...)
}

// notFound answers paths that no route serves with a title and nothing else, as
// the original does.
func (s *Server) notFound(w http.ResponseWriter, r *http.Request) {
	s.refuse(w, r, http.StatusNotFound, `{"title":"404 Page Not Found"}`)
}

func (s *Server) methodNotAllowed(w http.ResponseWriter, r *http.Request) {
	var allow []string
	for _, m := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete} {
		if s.router.Match(chi.NewRouteContext(), m, cmp.Or(r.URL.RawPath, r.URL.Path)) {
			allow = append(allow, m)
		}
	}
	w.Header()["Allow"] = []string{strings.Join(allow, ", ")}
	s.refuse(w, r, http.StatusMethodNotAllowed, `{"status":405,"title":"Method Not Allowed","type":"`+StatusCodes+`","errors":{}}`)
}

// StatusCodes is the type of every error of the original.
const StatusCodes = "https://developer.bigcommerce.com/api-docs/getting-started/api-status-codes"

// refuse answers a request that no route handles. The surface whose prefix the
// path has words the answer; without one the answer is body.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, status int, body string) {
	c := &Call{W: w, R: r, server: s, mount: &mount{}, RequestID: s.requestID()}
	h := w.Header()
	h["X-Request-Id"] = []string{c.RequestID}
	m := s.at(r.URL.Path)
	if m != nil || len(s.mounts) > 0 && strings.HasPrefix(r.URL.Path, "/stores/") {
		s.rates.idle(h)
	} else if s.Refuse != nil && s.Refuse(w, r, status) {
		return
	}
	text := []byte(body)
	if m != nil {
		c.mount, c.surface = m, m.surface
		c.negotiate()
		if f, ok := m.surface.(Refuser); ok {
			text = f.Refuse(status)
		}
	}
	c.Send(status, text)
	if c.err != nil {
		s.Log.Debug("write response", "error", c.err)
	}
}
