// Package storefront is the REST API that a store's own pages call from a
// shopper's browser: on the store's host, without tokens, in the shopper's
// session. Who may call is told by the origin of the request.
package storefront

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"clientele/internal/account"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/history"
	"clientele/internal/jsonx"
	"clientele/internal/limit"
	"clientele/internal/recaptcha"
	"clientele/internal/rest"
	"clientele/internal/setting"
	"clientele/internal/sso"
	"clientele/internal/store"
	"clientele/internal/visit"
)

// Services are what the surface speaks for.
type Services struct {
	Visits    *visit.Visits
	Accounts  *account.Service
	Customers *customer.Service
	Forms     *form.Service
	Stores    *store.Service
	Settings  *setting.Service
	Robots    recaptcha.Robots
	SSO       *sso.Service
	Sync      *sso.Sync
}

// Surface is the storefront's REST API.
type Surface struct {
	Services
	writes *limit.Guard
}

// New returns the surface over the services.
func New(s Services) *Surface {
	out := &Surface{Services: s}
	if s.Visits != nil {
		out.writes = limit.NewGuard(s.Visits.System, writesPerPeer, writesWindow, writingPeers)
	}
	return out
}

// Route declares one operation. The table of routes is what the router and
// the API description's check are made from.
type Route struct {
	Method  string
	Pattern string // from the root of the store's host
	// Query are the parameters; others are refused.
	Query []string
	// AnyQuery routes ignore other parameters, which links and scripts add.
	AnyQuery bool
	// Linked routes are where links and redirects of other sites lead. All
	// others are for the store's own pages.
	Linked bool
	Handle func(*Call) error
}

// Routes returns the operations.
func (s *Surface) Routes() []Route {
	return slices.Concat(
		[]Route{
			{Method: "POST", Pattern: "/api/storefront/customers", Handle: s.createCustomer},
			{Method: "POST", Pattern: "/api/storefront/subscriptions", Handle: s.subscribe},
			{Method: "POST", Pattern: "/api/storefront/consent", Handle: s.consent},
			{Method: "GET", Pattern: "/api/storefront/form-fields", Query: []string{"filter"}, Handle: s.formFields},
		},
		s.ssoRoutes(),
	)
}

// Call is one request to an operation and its answer.
type Call struct {
	*visit.Visit
	http *rest.Call
	// guest: the request comes from another origin of the store, so that
	// whatever cookies it has do not count.
	guest bool
}

// Ctx returns the request's context.
func (c *Call) Ctx() context.Context { return c.R.Context() }

// Token returns the session token that the browser sent, or "". Only the
// site's own pages send one.
func (c *Call) Token() string {
	if c.guest {
		return ""
	}
	return c.Visit.Token()
}

// JSON reads the request's body within the bounds of all surfaces.
func (c *Call) JSON() (jsonx.Value, error) { return c.http.JSON() }

// Object is JSON for a body that must be an object.
func (c *Call) Object() (jsonx.Value, error) {
	v, err := c.JSON()
	if err == nil && v.Kind() != jsonx.Object {
		err = malformed("", fault.WrongType, "the body must be a JSON object")
	}
	return v, err
}

// Send answers with a JSON body.
func (c *Call) Send(status int, body []byte) { c.http.Send(status, body) }

// SendText answers with a body that is no JSON.
func (c *Call) SendText(status int, contentType string, body []byte) {
	c.http.SendText(status, contentType, body)
}

// SendEmpty answers without a body.
func (c *Call) SendEmpty(status int) { c.http.SendEmpty(status) }

// Redirect sends the browser to a path of the site, or to fallback where the
// path could lead elsewhere.
func (c *Call) Redirect(path, fallback string) {
	c.W.Header().Set("Location", visit.SafeRedirect(path, fallback))
	c.SendEmpty(http.StatusFound)
}

// Param returns a segment of the path.
func (c *Call) Param(name string) string { return chi.URLParam(c.R, name) }

// Mount serves the routes, and for each path the preflight of browsers.
func (s *Surface) Mount(server *rest.Server) {
	methods := map[string][]string{}
	for _, r := range s.Routes() {
		server.Public(r.Method, r.Pattern, s, func(h *rest.Call) error {
			c, err := s.open(h)
			if err != nil {
				return err
			}
			return s.serve(c, &r)
		})
		if !r.Linked {
			methods[r.Pattern] = append(methods[r.Pattern], r.Method)
		}
	}
	for pattern, allowed := range methods {
		server.Public(http.MethodOptions, pattern, s, func(h *rest.Call) error {
			c, err := s.open(h)
			if err != nil {
				return err
			}
			return c.preflight(strings.Join(allowed, ", "))
		})
	}
}

func (s *Surface) open(h *rest.Call) (*Call, error) {
	// What is told to shoppers is told to nobody else.
	h.W.Header()["Cache-Control"] = []string{"no-store"}
	h.Came.Surface = history.Storefront
	v, err := s.Visits.Open(h.W, h.R)
	h.StoreHash = v.Site.StoreHash
	return &Call{Visit: v, http: h}, err
}

func (s *Surface) serve(c *Call, r *Route) error {
	if !r.Linked {
		if err := c.checkOrigin(); err != nil {
			return err
		}
	}
	if !r.AnyQuery {
		if err := c.checkQuery(r.Query); err != nil {
			return err
		}
	}
	if err := c.http.Admitted(); err != nil {
		return err
	}
	return s.keyed(c, r)
}

// checkQuery refuses parameters that there are not.
func (c *Call) checkQuery(known []string) error {
	if c.R.URL.RawQuery == "" {
		return nil
	}
	col := fault.Collector{}
	for name, values := range c.R.URL.Query() {
		switch {
		case !slices.Contains(known, name):
			col.Add(name, fault.UnknownFilter, "", "there is no such parameter")
		case len(values) > 1:
			col.Add(name, fault.Duplicate, "", "the parameter is given twice")
		}
	}
	return col.Err(fault.BadFilter)
}
