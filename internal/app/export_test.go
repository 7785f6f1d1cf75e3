package app

import (
	"context"
	"crypto/x509"
	"net/http"
	"time"

	"clientele/internal/sqldb"
	"clientele/internal/webhook"
)

// Address is the address that s listens on.
func (s *Server) Address() string { return s.public.address() }

// InternalURL is where the management API is, if it has its own door.
func (s *Server) InternalURL() string { return s.management }

// Handler is what s serves; it is a *rest.Server.
func (s *Server) Handler() http.Handler { return s.public.http.Handler.(*edge).next }

// Notify tells merchants of a webhook, as the dispatcher has it done.
func (s *Server) Notify(tx *sqldb.Tx, in webhook.Notice) error { return notices{s.Core}.Notify(tx, in) }

// Doubts are what the start tells of a configuration and its certificate.
func (c *Config) Doubts(leaf *x509.Certificate, now time.Time) []string {
	return append(c.doubts(), c.certificateDoubts(leaf, now)...)
}

// Within is what an assembled handler serves at its edge; it is a *rest.Server.
func Within(h http.Handler) http.Handler { return h.(*edge).next }

// ManageURL is where the control panel is, if it has its own door.
func (s *Server) ManageURL() string { return "http://" + s.manage.address() }

// OnRequest has fn called when a request that may write begins.
func (s *Server) OnRequest(fn func()) {
	stamp := s.pipe.Stamp
	s.pipe.Stamp = func(ctx context.Context) context.Context {
		ctx = stamp(ctx)
		fn()
		return ctx
	}
}
