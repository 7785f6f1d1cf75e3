package app

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"clientele/internal/intake"
	"clientele/internal/mirror"
	"clientele/internal/serve"
)

// MirrorPath is where webhooks of the upstream of a store's mirror come in.
const MirrorPath = "/_clientele/mirror/{store_hash}"

// maxEvent bounds the bodies of webhooks, which tell ids.
const maxEvent = 64 << 10

// mountMirror takes webhooks from upstreams. They are known by a secret that they
// bring along.
func (s *Server) mountMirror(r *chi.Mux) {
	r.Post(MirrorPath, s.pipe.Handler(MirrorPath, serve.Plain{}, func(x *serve.Exchange) error {
		secret := x.Request().Header.Get(mirror.SecretHeader)
		if secret == "" {
			return mirror.ErrSecret
		}
		st, err := s.Stores.ByHash(x.Request().Context(), chi.URLParam(x.Request(), "store_hash"))
		if err != nil {
			return mirror.ErrSecret
		}
		body, err := x.Body(intake.Source{Peer: s.Visits.Peer(x.Request(), false), Most: maxEvent})
		if err != nil {
			return err
		}
		defer body.Free()
		if err := s.Mirror.Receive(x.Request().Context(), st.ID, secret, body.B); err != nil {
			return err
		}
		x.WriteHeader(http.StatusNoContent)
		return nil
	}))
}
