package rest

import (
	"bytes"
	"io"
	"net/http"
	"strconv"

	"clientele/internal/idempotency"
	"clientele/internal/intake"
	"clientele/internal/serve"
)

// keyed handles a request, once for each Idempotency-Key of an API account.
func (c *Call) keyed(route *Route) error {
	if _, ok := c.R.Header[serve.IdempotencyKey]; !ok || !writes(route.Method) {
		return route.Handle(c)
	}
	if route.Streams {
		return route.Handle(c)
	}
	if route.Reads {
		if _, err := serve.Key(c.R); err != nil {
			return err
		}
		return route.Handle(c)
	}
	return c.Once(c.repeatable(), route.Refuses, func() error { return route.Handle(c) })
}

// repeatable names the caller of a request that may be repeated.
func (c *Call) repeatable() idempotency.Request {
	return idempotency.Request{StoreID: c.StoreID(), Caller: "account " + strconv.FormatInt(c.Account.ID, 10)}
}

// OnceWith is Once for an operation that has written its body away, of which it
// gives a hash.
func (c *Call) OnceWith(hash string, handle func() error) error {
	key, err := serve.Key(c.R)
	if err != nil {
		return err
	}
	if key == "" || c.server.Keys == nil {
		return handle()
	}
	in := c.repeatable()
	in.Key, in.Parts = key, []string{c.R.Method, c.R.URL.Path, c.R.URL.RawQuery, hash}
	return c.once(in, false, handle)
}

// writes reports whether requests with a method may have an Idempotency-Key.
func writes(method string) bool { return method != http.MethodGet && method != http.MethodHead }

// Once calls handle for a request with an Idempotency-Key of a caller, or
// answers it as before. in names the caller. onlyWrites is as with
// serve.Exchange.Once.
func (c *Call) Once(in idempotency.Request, onlyWrites bool, handle func() error) error {
	key, err := serve.Key(c.R)
	if err != nil {
		return err
	}
	if key == "" || c.server.Keys == nil {
		return handle()
	}
	body, err := c.Body(c.source())
	if err != nil {
		return err
	}
	defer body.Free()
	in.Key, in.Parts = key, []string{c.R.Method, c.R.URL.Path, c.R.URL.RawQuery, string(body.B)}
	if r := c.R; len(body.B) > 0 {
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body.B)), int64(len(body.B))
		// What ends the request reads the rest of its body, which is free then.
		defer func() { r.Body = http.NoBody }()
	}
	return c.once(in, onlyWrites, func() error {
		c.R.Header.Del("Content-Encoding") // it was undone
		return handle()
	})
}

func (c *Call) once(in idempotency.Request, onlyWrites bool, handle func() error) error {
	return c.Exchange.Once(c.server.Keys, in, onlyWrites, func(r *http.Request) error {
		before := c.R
		c.R = r
		defer func() { c.R = before }()
		return handle()
	})
}

// source is who sends the body of a request.
func (c *Call) source() intake.Source {
	if c.Account != nil {
		return intake.Source{Store: c.Account.StoreID, Client: c.Account.ClientID}
	}
	return intake.Source{Peer: c.Peer()}
}
