package storefront

import (
	"errors"
	"net/http"

	"clientele/internal/idempotency"
	"clientele/internal/serve"
)

// keyed handles a request, once for each Idempotency-Key of a session.
func (s *Surface) keyed(c *Call, r *Route) error {
	if _, ok := c.R.Header[serve.IdempotencyKey]; !ok || r.Method == http.MethodGet {
		return r.Handle(c)
	}
	who, err := s.session(c)
	if err != nil {
		return err
	}
	if c.Token() == "" {
		return serve.Keyless()
	}
	// A session may have ended by the request that is repeated.
	in := idempotency.Request{StoreID: c.Site.StoreID, Caller: "session " + c.Token(), Ended: who == nil}
	if who != nil {
		in.CustomerID = who.CustomerID
	}
	err = c.http.Once(in, false, func() error {
		before := c.R
		c.R = c.http.R
		defer func() { c.R = before }()
		return r.Handle(c)
	})
	if errors.Is(err, idempotency.ErrEnded) {
		return serve.Keyless()
	}
	return err
}
