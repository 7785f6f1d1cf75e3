package app

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

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
	quiet   bool // the journal stays empty
	// stop ends answers that last, as the server is to stop.
	stop chan struct{}
	once sync.Once
}

func newDevelopment(sys *system.System, cfg *Config) *development {
	return &development{
		stage: &devtools.Stage{Faults: &trouble.Engine{Magic: cfg.Magic}, Journal: journal.New(sys, recorded)},
		quiet: cfg.NoJournal, stop: make(chan struct{}),
	}
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

// end ends answers that last.
func (d *development) end() {
	if d != nil {
		d.once.Do(func() { close(d.stop) })
	}
}

// journal returns where requests are recorded, or nil.
func (d *development) journal() *journal.Journal {
	if d == nil || d.quiet {
		return nil
	}
	return d.stage.Journal
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

// hashes are those of all stores.
func (s *Server) hashes(ctx context.Context) ([]string, error) {
	stores, err := s.Stores.List(ctx)
	out := make([]string, len(stores))
	for i := range stores {
		out[i] = stores[i].Hash
	}
	return out, err
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

// mountDevelopment adds what development mode has to the router at the public door.
// A reset empties the caches of tokens and the limits of apis.
func (s *Server) mountDevelopment(r *chi.Mux, bodies *intake.Intake, tokens *auth.Cache, apis ...*rest.Server) {
	if s.dev == nil {
		return
	}
	s.dev.routes(r)
	access := s.access()
	outbox := &devtools.Outbox{Mail: s.Mail, Stores: s.Stores, Pipeline: s.pipe, Access: access}
	outbox.Mount(r)
	control := s.newControl(access, bodies)
	if control != nil {
		s.State = s.newState(tokens, apis...)
		control.State = s.State
		control.Resets = append(control.Resets, s.dev.stage.Reset)
		control.Mount(r)
	}
	requests := &devtools.Requests{Stage: s.dev.stage, Pipeline: s.pipe, Access: access, Read: s.readControl(bodies), Patterns: s.dev.patterns, Stores: s.hashes}
	requests.Mount(r)
	(&devtools.People{
		Outbox: outbox, Requests: requests, Control: control, System: s.System, Stop: s.dev.stop, Done: world{s}.Done,
		Stores: func(ctx context.Context) ([]devtools.StoreStatus, error) {
			w, err := world{s}.Status(ctx)
			return w.Stores, err
		},
		Deliveries: s.lastDeliveries,
	}).Mount(r)
}

// shownDeliveries is how many deliveries of a store people are shown.
const shownDeliveries = 50

// lastDeliveries returns the last deliveries to webhooks of all stores, newest
// first.
func (s *Server) lastDeliveries(ctx context.Context) (out []devtools.Delivery, err error) {
	stores, err := s.Stores.List(ctx)
	if err != nil {
		return nil, err
	}
	for _, st := range stores {
		last, err := s.Webhooks.Latest(ctx, st.ID, 0, nil, shownDeliveries)
		if err != nil {
			return nil, err
		}
		for i := range last {
			d := &last[i]
			row := devtools.Delivery{Store: st.Hash, Scope: d.Scope, State: string(d.State), Error: d.Error, Hook: d.HookID, Status: d.Status, Attempts: d.Attempts, Created: time.Unix(d.Created, 0)}
			if d.NextAttempt != 0 {
				row.Next = time.Unix(d.NextAttempt, 0)
			}
			out = append(out, row)
		}
	}
	slices.SortStableFunc(out, func(a, b devtools.Delivery) int { return b.Created.Compare(a.Created) })
	return out[:min(len(out), shownDeliveries)], nil
}
