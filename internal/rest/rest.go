// Package rest is what the REST surfaces share: routing from declared tables,
// authentication and scopes, rate limits, bodies as JSON and compression.
// Package serve takes each request through it. Packages rest/v3 and rest/v2
// add their wire forms.
package rest

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"clientele/internal/auth"
	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/idempotency"
	"clientele/internal/listing"
	"clientele/internal/serve"
	"clientele/internal/store"
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
	// Plan is what the store's plan has to have; empty: any will do.
	Plan   store.PlanFeature
	Handle func(*Call) error
	// List declares the query parameters; nil means that there are none.
	List *listing.Spec
	// Titles are for surfaces whose errors name the operation; nil means none.
	Titles *Titles
	// Types are media types that the operation answers in besides JSON, by itself:
	// see Call.Type.
	Types []string
	// Reads tells that the operation writes nothing whatever its method, so that an
	// Idempotency-Key has no effect.
	Reads bool
	// Streams tells that the body is written away as it comes: the operation sees to
	// an Idempotency-Key by Call.OnceWith.
	Streams bool
	// Noted tells that an operation that reads leaves an entry in the history, each
	// time.
	Noted bool
	// Refuses tells that the operation answers 200 to what it refuses, too.
	Refuses bool
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
	// Saved tells that refusals of a batch say how many of it were saved: none.
	Saved bool
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
	// Encode turns a JSON answer into the format, Decode a body into JSON. The
	// charset is that of the body's media type, or empty.
	Encode func(c *Call, status int, json []byte) ([]byte, error)
	Decode func(body []byte, charset string) ([]byte, error)
}

// Mirrored is a Surface with a second address, on the store's own domain and
// with HTTP Basic authentication: an API account's name or client id and its
// token.
type Mirrored interface {
	// Mirror is the path before the routes' patterns.
	Mirror() string
}

// Recorded is a Surface that the history has a name for.
type Recorded interface {
	Door() history.Surface
}

// Refuser is a Surface that words its own answers to unknown paths, methods and
// media types.
type Refuser interface {
	Refuse(status int) (body []byte)
}

// Hosts tells which stores a host name may stand for.
type Hosts interface {
	ByHost(ctx context.Context, host string) (hashes []string, err error)
}

// Plans tells what the plan of a store has.
type Plans interface {
	PlanHas(ctx context.Context, storeID int64, f store.PlanFeature) (bool, error)
}

// OfPlan returns routes for stores whose plan has a feature.
func OfPlan(f store.PlanFeature, routes []Route) []Route {
	for i := range routes {
		routes[i].Plan = f
	}
	return routes
}

// Config is what a Server needs.
type Config struct {
	System *system.System
	// Pipeline takes each request from the router to the log.
	Pipeline *serve.Pipeline
	Tokens   *auth.Cache
	Limits   Limits
	// Hosts serves Mirrored surfaces; it may be nil without them.
	Hosts Hosts
	// Plans may be nil: all plans have everything then.
	Plans Plans
	// Visits tells who asks and by which host; nil: without proxies.
	Visits *visit.Visits
	// Refuse may answer a path or method that nobody serves, outside of the
	// surfaces, and tells whether it did; it may be nil.
	Refuse func(x *serve.Exchange, status int) bool
	// Keys keeps the answers to requests with an Idempotency-Key; nil: the header
	// has no effect.
	Keys *idempotency.Keys
	// Reasons adds the header X-Clientele-Reason to refusals: development only.
	Reasons bool
}

// Server serves the management API.
type Server struct {
	Config
	router *chi.Mux
	rates  *rates
	mounts []mount
	// unknown is the route of paths and methods that nobody serves.
	unknown *serve.Route
}

// mount is a surface at one of its addresses.
type mount struct {
	surface Surface
	prefix  string
	mirror  bool
	formats []*Format
	unknown *serve.Route
}

// elsewhere stands for the mount of what is not below one.
var elsewhere = new(mount)

// untitled are the titles of what names none.
var untitled = new(Titles)

// NewServer returns a Server of the surfaces. Other handlers may be mounted
// on its Router.
func NewServer(c Config, surfaces ...Surface) *Server {
	if c.Visits == nil {
		c.Visits = new(visit.Visits)
	}
	s := &Server{Config: c, router: chi.NewRouter(), rates: newRates(c.Limits, c.System), unknown: c.Pipeline.Route("", anything)}
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

// anything is the pattern of what no route handles.
const anything = "/*"

func (s *Server) mount(m mount) {
	m.unknown = s.Pipeline.Route("", m.prefix+anything, serve.XRetryAfter)
	s.mounts = append(s.mounts, m)
	for _, r := range m.surface.Routes() {
		s.handle(&m, r)
	}
}

// Router returns the router, for handlers beside the management API.
func (s *Server) Router() *chi.Mux { return s.router }

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
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
	rt := s.Pipeline.Route(route.Method, pattern, serve.XRetryAfter)
	door := history.Inside
	if f, ok := m.surface.(Recorded); ok {
		door = f.Door()
	}
	if (!writes(route.Method) || route.Reads) && !route.Noted {
		rt.Reads()
	}
	titles, list := cmp.Or(route.Titles, untitled), cmp.Or(route.List, noParameters)
	s.route(route.Method, pattern, func(w http.ResponseWriter, r *http.Request) {
		c := s.call(r, m, m.surface)
		c.titles, c.list = titles, list
		rt.Serve(&c.Exchange, w, r, c, func() error {
			c.R, c.Came.Surface = c.Request(), door
			c.negotiate(route.Types...)
			if err := s.admit(c, &route); err != nil {
				return err
			}
			defer c.leave()
			if c.unmet {
				c.turnAway(http.StatusNotAcceptable)
				return nil
			}
			if err := c.Admitted(); err != nil {
				return err
			}
			return c.keyed(&route)
		})
	})
}

// Public serves a route that needs no API account, beside the management API
// and with its bounds, log and metrics.
func (s *Server) Public(method, pattern string, errors Renderer, handle func(*Call) error) {
	rt := s.Pipeline.Route(method, pattern)
	s.route(method, pattern, func(w http.ResponseWriter, r *http.Request) {
		c := s.call(r, elsewhere, errors)
		rt.Serve(&c.Exchange, w, r, c, func() error {
			c.R = c.Request()
			return handle(c)
		})
	})
}

func (s *Server) route(method, pattern string, h http.HandlerFunc) {
	s.router.MethodFunc(method, pattern, h)
	if method == http.MethodGet {
		s.router.MethodFunc(http.MethodHead, pattern, h)
	}
}

// call returns the call of a request, which answers through its exchange.
func (s *Server) call(r *http.Request, m *mount, render Renderer) *Call {
	c := &Call{R: r, server: s, mount: m, surface: render, titles: untitled}
	c.W = &c.Exchange
	return c
}

var errNoToken = fault.New(fault.Unauthorized, "no X-Auth-Token header")
var errBadToken = fault.New(fault.Unauthorized, "the token is not one of this store's, or was revoked")
var errArchived = fault.Broken(fault.Forbidden, fault.Item{Code: fault.Denied, Message: "The store is archived."})
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
	c.Account, c.StoreHash, c.AccountID = account, account.StoreHash, account.ID
	from := c.Peer().Address
	s.Tokens.Count(account, from)
	if writes(route.Method) || route.Noted {
		c.Came.Actor, c.Came.Address = history.APIAccountActor(account.ID), from
	}
	if err := s.rates.take(c.W.Header(), account); err != nil {
		return err
	}
	switch {
	case account.Archived:
		return errArchived
	case !account.Allows(route.Need):
		return errScope
	}
	if err := s.planned(c, route); err != nil {
		return err
	}
	c.release, err = s.rates.enter(account, route.Class)
	return err
}

// planned refuses what is not on the store's plan.
func (s *Server) planned(c *Call, route *Route) error {
	if route.Plan == "" || s.Plans == nil {
		return nil
	}
	has, err := s.Plans.PlanHas(c.Ctx(), c.StoreID(), route.Plan)
	if err != nil || has {
		return err
	}
	return fault.Broken(fault.Forbidden, fault.Item{Code: fault.Denied, Message: "The store's plan has no " + string(route.Plan) + "."})
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
	hashes, err := s.Hosts.ByHost(c.R.Context(), s.Visits.Host(c.R))
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

// notFound answers paths that nobody serves, as the original does: with a
// title and nothing else.
func (s *Server) notFound(w http.ResponseWriter, r *http.Request) {
	s.refuse(w, r, http.StatusNotFound)
}

func (s *Server) methodNotAllowed(w http.ResponseWriter, r *http.Request) {
	var allow []string
	for _, m := range methods {
		if s.router.Match(chi.NewRouteContext(), m, cmp.Or(r.URL.RawPath, r.URL.Path)) {
			allow = append(allow, m)
		}
	}
	w.Header()["Allow"] = []string{strings.Join(allow, ", ")}
	s.refuse(w, r, http.StatusMethodNotAllowed)
}

// methods are those that routes may have. The API knows no other, whatever the
// path.
var methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete}

func known(method string) bool {
	return method == http.MethodOptions || slices.Contains(methods, method)
}

// StatusCodes is the type of every error of the original.
const StatusCodes = "https://developer.bigcommerce.com/api-docs/getting-started/api-status-codes"

// refusals are the answers of surfaces that word none of their own.
var refusals = map[int]string{
	http.StatusNotFound:         `{"title":"404 Page Not Found"}`,
	http.StatusMethodNotAllowed: `{"status":405,"title":"Method Not Allowed","type":"` + StatusCodes + `","errors":{}}`,
	http.StatusNotAcceptable:    `{"status":406,"title":"Not Acceptable","type":"` + StatusCodes + `","errors":{}}`,
	http.StatusNotImplemented:   `{"status":501,"title":"Not Implemented","type":"` + StatusCodes + `","errors":{}}`,
}

// turnAway answers a request that is not for an operation as it was made.
func (c *Call) turnAway(status int) {
	text := []byte(refusals[status])
	if f, ok := c.surface.(Refuser); ok {
		text = f.Refuse(status)
	}
	c.Send(status, text)
}

// refuse answers a request that no route handles. The surface whose prefix the
// path has words the answer, where it words its own.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, status int) {
	m, rt := s.at(r.URL.Path), s.unknown
	c := s.call(r, elsewhere, nil)
	if m != nil {
		c.mount, c.surface, rt = m, m.surface, m.unknown
		if !known(r.Method) {
			status = http.StatusNotImplemented
			c.Expected() // it is the client's doing
			w.Header().Del("Allow")
		}
	}
	rt.Serve(&c.Exchange, w, r, c, func() error {
		if m != nil || len(s.mounts) > 0 && strings.HasPrefix(r.URL.Path, "/stores/") {
			s.rates.idle(c.W.Header())
		} else if s.Refuse != nil && s.Refuse(&c.Exchange, status) {
			return nil
		}
		c.negotiate()
		c.turnAway(status)
		return nil
	})
}
