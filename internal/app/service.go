package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"clientele/internal/auth"
	"clientele/internal/devtools"
	"clientele/internal/fault"
	"clientele/internal/intake"
	"clientele/internal/jsonx"
	"clientele/internal/seed"
	"clientele/internal/serve"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// get serves a path to GET and HEAD, through the pipeline.
func (s *Server) get(r *chi.Mux, pattern string, render serve.Renderer, handle func(*serve.Exchange) error) {
	h := s.pipe.Handler(pattern, render, handle)
	r.Get(pattern, h)
	r.Head(pattern, h)
}

// plain is get for a handler of its own.
func (s *Server) plain(r *chi.Mux, pattern string, h http.Handler) {
	s.get(r, pattern, serve.Plain{}, func(x *serve.Exchange) error {
		h.ServeHTTP(x, x.Request())
		return nil
	})
}

// mountHealth adds whether the process runs and is ready.
func (s *Server) mountHealth(r *chi.Mux) {
	render := health{s.cfg.Production()}
	s.get(r, "/healthz", render, func(x *serve.Exchange) error {
		answer(x, http.StatusOK, `{"status":"ok"}`)
		return nil
	})
	s.get(r, "/readyz", render, s.ready)
}

func (s *Server) mountMetrics(r *chi.Mux, reg *prometheus.Registry) {
	s.plain(r, "/metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{}))
}

// measureStatements tells how much is asked of the database.
func measureStatements(reg prometheus.Registerer, db *sqldb.DB) {
	reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "clientele_database_statements_total", Help: "Statements that were run, without those that begin and end transactions.",
	}, func() float64 { return float64(db.Statements()) }))
}

// measureBodies tells how much memory bodies of requests take that are under
// way.
func measureBodies(reg prometheus.Registerer, bodies *intake.Intake) {
	for who, used := range map[string]func() int64{
		"accounts": func() int64 { n, _ := bodies.InUse(); return n },
		"visitors": func() int64 { _, n := bodies.InUse(); return n },
	} {
		reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "clientele_request_body_bytes", Help: "Memory of request bodies under way, besides the first 4 KiB of each: those of API accounts and those of everybody else.",
			ConstLabels: prometheus.Labels{"from": who},
		}, func() float64 { return float64(used()) }))
	}
}

func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// A client that hung up is of no interest here.
	_, _ = io.WriteString(w, body)
}

// ready answers whether the database answers, has the expected schema, and
// took the last write that was tried.
func (s *Server) ready(x *serve.Exchange) error {
	ctx, cancel := context.WithTimeout(x.Request().Context(), 2*time.Second)
	defer cancel()
	if err := s.DB.CheckSchema(ctx); err != nil {
		return unready("the database does not answer or has another schema", err)
	}
	if err := s.writes.check(); err != nil {
		x.Expected() // the log tells when it changes
		return unready("writing to the database fails", err)
	}
	answer(x, http.StatusOK, `{"status":"ready"}`)
	return nil
}

// unready keeps an error that ends with the client apart from an outage.
func unready(reason string, err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	return &fault.Error{Kind: fault.Unavailable, Message: reason, Cause: err}
}

// health renders faults for whoever watches the server.
type health struct{ production bool }

// Refuse implements serve.Renderer.
func (h health) Refuse(x *serve.Exchange, f *fault.Error) {
	reason := cmp.Or(f.Message, http.StatusText(http.StatusInternalServerError))
	if !h.production && f.Cause != nil {
		reason = f.Cause.Error()
	}
	answer(x, http.StatusServiceUnavailable, `{"status":"unavailable","reason":`+string(jsonx.AppendString(nil, reason))+`}`)
}

// greet makes a ready store on the first start in development mode, and tells
// a person what to do. Secrets are shown once.
func (s *Server) greet(ctx context.Context, doc *seed.Document, out io.Writer) error {
	var st *store.Store
	var cred auth.Credentials
	some := s.cfg.Production()
	if !some { // no write and no lock where there is a store, as there is at all starts but the first
		if err := s.DB.Read(ctx, 0, func(tx *sqldb.Tx) (err error) { some, err = store.Any(tx); return err }); err != nil {
			return err
		}
	}
	if !some {
		err := s.DB.Write(ctx, 0, func(tx *sqldb.Tx) (err error) {
			// Of several processes that start at once one makes the store.
			if err := sqldb.LockProgram(tx); err != nil {
				return err
			}
			st = nil
			if some, err := store.Any(tx); some || err != nil {
				return err
			}
			if st, err = s.Stores.CreateTx(tx, "", "My store", s.URL); err != nil {
				return err
			}
			cred, err = s.APIAccounts.CreateTx(tx.In(st.ID), "First app", auth.FullScopes(), auth.Credentials{})
			return err
		})
		if err != nil {
			return err
		}
	}
	line, err := s.panelLine(ctx)
	if err != nil {
		return err
	}
	if st == nil {
		return s.greetAgain(ctx, doc, line, out)
	}
	if line != "" {
		line = "  Control panel   " + line + "\n"
	}
	_, err = fmt.Fprintf(out, `
Clientele is ready. These secrets are shown once:

  Base URL        %[7]s
  Store hash      %[2]s
  Access token    %[3]s
  Client id       %[4]s
  Client secret   %[5]s
  Storefront URL  %[1]s
  API documents   %[1]s/docs
  GraphQL         %[1]s/docs/graphql
  What happens    %[1]s%[9]s
  Emails sent     %[1]s%[6]s
%[8]s
Open the storefront URL to register and sign in as a shopper. Emails with
links, such as those for a forgotten password, are kept at the last address.

Make a customer:

  curl -s %[7]s/stores/%[2]s/v3/customers \
    -H 'X-Auth-Token: %[3]s' -H 'Content-Type: application/json' \
    -d '[{"email":"jane@example.com","first_name":"Jane","last_name":"Doe"}]'

`, s.URL, st.Hash, cred.AccessToken, cred.ClientID, cred.ClientSecret, devtools.OutboxPath, s.management, line, devtools.PeoplePath+"/")
	return err
}

// greetAgain tells a person where a database's stores are. In development it
// repeats the credentials that the seed file gives the store named.
func (s *Server) greetAgain(ctx context.Context, doc *seed.Document, panel string, out io.Writer) error {
	stores, err := s.Stores.List(ctx)
	if err != nil {
		return err
	}
	var text strings.Builder
	fmt.Fprintf(&text, "Clientele serves %d store(s) at %s\n", len(stores), s.URL)
	line := func(what, address string) { fmt.Fprintf(&text, "  %-15s %s\n", what, address) }
	hash := "{store_hash}"
	var app *seed.APIAccount
	if len(stores) > 0 {
		hash = stores[0].Hash
		if doc != nil && !s.cfg.Production() {
			for _, described := range doc.Stores {
				if len(described.APIAccounts) > 0 {
					hash, app = described.Hash, &described.APIAccounts[0]
					break
				}
			}
		}
		site, err := s.storefront(ctx, hash, len(stores) == 1)
		if err != nil {
			return err
		}
		if site != "" {
			line("storefront", site)
		}
	}
	line("management API", s.management+"/stores/"+hash+"/v3")
	if app != nil {
		line("access token", app.AccessToken)
		line("client id", app.ClientID)
		line("client secret", app.ClientSecret)
	}
	if panel != "" {
		line("Control panel", panel)
	}
	line("API documents", s.URL+"/docs")
	if !s.cfg.Production() {
		line("GraphQL", s.URL+"/docs/graphql")
		line("what happens", s.URL+devtools.PeoplePath+"/")
		line("emails sent", s.URL+devtools.OutboxPath)
	}
	if len(stores) == 0 {
		text.WriteString("Make a store with: clientele store create --name \"My store\"\n")
	}
	_, err = io.WriteString(out, text.String())
	return err
}

// storefront is where a person finds a store's pages: in development at this
// server, whatever the address of the shop will be.
func (s *Server) storefront(ctx context.Context, hash string, only bool) (string, error) {
	u, err := url.Parse(s.URL)
	if err != nil {
		return "", err
	}
	switch {
	case s.cfg.Production():
		site, _, err := store.NewHosts(s.DB, s.System).SiteOf(ctx, hash, store.DefaultChannel, "")
		return site.URL, err
	case only:
		return s.URL, nil
	}
	u.Host = "store-" + hash + ".localhost"
	if _, port, err := net.SplitHostPort(s.public.address()); err == nil {
		u.Host += ":" + port
	}
	return u.String(), nil
}
