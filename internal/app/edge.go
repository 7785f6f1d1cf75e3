package app

import (
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"

	"clientele/internal/journal"
	"clientele/internal/visit"
)

// https reports whether clients come by https whatever the server sees of it.
// In production the public URL says how they come: a proxy that is not
// declared must not make cookies and checks weaker.
func (s *Server) https() bool { return s.cfg.Production() && strings.HasPrefix(s.URL, "https://") }

// edge is what all answers and requests have in common, on any surface.
type edge struct {
	next http.Handler
	// journal records requests, in development mode.
	journal *journal.Journal
	visits  *visit.Visits
	// strict tells browsers to come by https only.
	strict bool
	log    *slog.Logger
	warned atomic.Bool
}

// ServeHTTP implements http.Handler.
func (e *edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if e.strict {
		w.Header()["Strict-Transport-Security"] = []string{"max-age=31536000"}
	}
	if !e.warned.Load() && e.visits.Undeclared(r) && e.warned.CompareAndSwap(false, true) {
		// Once, and without the address: every client can send such headers.
		e.log.Warn("a request came with X-Forwarded headers from an address that --trusted-proxy does not name, so they do not count: if that is your proxy, all clients look like one")
	}
	if e.journal != nil {
		e.journal.Serve(w, r, e.next)
		return
	}
	e.next.ServeHTTP(w, r)
}
