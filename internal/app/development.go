package app

import (
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"clientele/internal/auth"
	"clientele/internal/devtools"
	"clientele/internal/intake"
	"clientele/internal/journal"
	"clientele/internal/mail"
	"clientele/internal/rest"
	"clientele/internal/serve"
	"clientele/internal/system"
	"clientele/internal/trouble"
	"clientele/internal/webhook"
)

// development is what development mode has besides the server; nil in
// production.
type development struct {
	stage   *devtools.Stage
	routers []chi.Routes
}

func newDevelopment(sys *system.System, magic bool) *development {
	return &development{stage: &devtools.Stage{Faults: &trouble.Engine{Magic: magic}, Journal: journal.New(sys, recorded)}}
}

// recorded reports whether requests to a path are kept in the journal: those to
// the APIs and to shoppers' pages, and those that nobody serves.
func recorded(path string) bool {
	switch path {
	case "/healthz", "/readyz", "/metrics", "/favicon.ico", "/openapi.yaml", "/openapi.json", "/storefront.graphql":
		return false
	}
	for _, prefix := range []string{"/_clientele", "/docs", "/manage", "/assets/"} {
		if strings.HasPrefix(path, prefix) {
			return false
		}
	}
	return true
}

// on returns the stage, as a nil interface if there is none.
func (d *development) on() serve.Stage {
	if d == nil {
		return nil
	}
	return d.stage
}

// watched returns a handler whose requests are in the journal.
func (d *development) watched(h http.Handler) http.Handler {
	if d == nil {
		return h
	}
	return d.stage.Journal.Handler(h)
}

// carrying returns what carries deliveries to webhooks.
func (d *development) carrying(to http.RoundTripper) http.RoundTripper {
	if d == nil {
		return to
	}
	return &trouble.Transport{Engine: d.stage.Faults, To: to, Signature: webhook.HeaderSignature}
}

// routes notes a router whose patterns rules may name.
func (d *development) routes(r chi.Routes) {
	if d != nil {
		d.routers = append(d.routers, r)
	}
}

// refuseMail has emails fail that rules say.
func (d *development) refuseMail(o *mail.Options) {
	if d != nil {
		o.Refuse = d.stage.Faults.Email
	}
}

// patterns are those of the routers.
func (d *development) patterns() (out []string) {
	for _, r := range d.routers {
		// Walk has no error but ours.
		_ = chi.Walk(r, func(_, pattern string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
			out = append(out, pattern)
			return nil
		})
	}
	return out
}

// mount adds the routes of development mode to the router at the public door.
func (s *Server) mountDevelopment(r *chi.Mux, bodies *intake.Intake, tokens *auth.Cache, apis ...*rest.Server) {
	if s.dev == nil {
		return
	}
	access := s.access()
	(&devtools.Outbox{Mail: s.Mail, Stores: s.Stores, Pipeline: s.pipe, Access: access}).Mount(r)
	if c := s.newControl(access, bodies); c != nil {
		s.State = s.newState(tokens, apis...)
		c.State = s.State
		c.Resets = append(c.Resets, s.dev.stage.Reset)
		c.Mount(r)
	}
	(&devtools.Requests{Stage: s.dev.stage, Pipeline: s.pipe, Access: access, Read: s.readControl(bodies), Patterns: s.dev.patterns}).Mount(r)
}
