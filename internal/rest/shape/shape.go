// Package shape holds the shapes of operations. A handler of the management
// API reads what the request names, reads its body, calls a service and sends
// what comes back. A table of routes puts a handler together from these steps;
// a surface adds the readers of bodies and the senders of answers, which are
// its wire form.
package shape

import (
	"context"
	"net/http"

	"clientele/internal/listing"
	"clientele/internal/rest"
)

// Call reads what a request names or holds, calls a service with it and sends
// the outcome.
func Call[In, Out any](read func(*rest.Call) (In, error), do func(*rest.Call, In) (Out, error), send func(*rest.Call, Out)) func(*rest.Call) error {
	return func(c *rest.Call) error {
		in, err := read(c)
		if err != nil {
			return err
		}
		out, err := do(c, in)
		if err != nil {
			return err
		}
		send(c, out)
		return nil
	}
}

// CallAt is Call with a body for a thing that the path names. A path that names
// nothing is refused before the body is read.
func CallAt[At, In, Out any](at func(*rest.Call) (At, error), body func(*rest.Call) (In, error), do func(*rest.Call, At, In) (Out, error), send func(*rest.Call, Out)) func(*rest.Call) error {
	return func(c *rest.Call) error {
		where, err := at(c)
		if err != nil {
			return err
		}
		in, err := body(c)
		if err != nil {
			return err
		}
		out, err := do(c, where, in)
		if err != nil {
			return err
		}
		send(c, out)
		return nil
	}
}

// Do is Call where there is nothing to send: it answers 204.
func Do[In any](read func(*rest.Call) (In, error), do func(*rest.Call, In) error) func(*rest.Call) error {
	return func(c *rest.Call) error {
		in, err := read(c)
		if err != nil {
			return err
		}
		if err := do(c, in); err != nil {
			return err
		}
		c.SendEmpty(http.StatusNoContent)
		return nil
	}
}

// ID reads the id in a segment of the path.
func ID(name string) func(*rest.Call) (int64, error) {
	return func(c *rest.Call) (int64, error) { return c.PathID(name) }
}

// Pair is a thing within another one, such as an address of a customer.
type Pair struct{ Owner, ID int64 }

// IDs reads the ids of a thing within another one.
func IDs(owner, id func(*rest.Call) (int64, error)) func(*rest.Call) (Pair, error) {
	return func(c *rest.Call) (p Pair, err error) {
		if p.Owner, err = owner(c); err != nil {
			return p, err
		}
		p.ID, err = id(c)
		return p, err
	}
}

// Scoped calls a service for the store of the request.
func Scoped[In, Out any](do func(context.Context, int64, In) (Out, error)) func(*rest.Call, In) (Out, error) {
	return func(c *rest.Call, in In) (Out, error) { return do(c.Ctx(), c.StoreID(), in) }
}

// ScopedDo is Scoped for what returns nothing.
func ScopedDo[In any](do func(context.Context, int64, In) error) func(*rest.Call, In) error {
	return func(c *rest.Call, in In) error { return do(c.Ctx(), c.StoreID(), in) }
}

// Page reads a page of a list.
type Page[T any] = func(*rest.Call, *listing.Query) ([]T, *listing.Result, error)

// ScopedPage is Scoped for lists.
func ScopedPage[T any](read func(context.Context, int64, *listing.Query) ([]T, *listing.Result, error)) Page[T] {
	return func(c *rest.Call, q *listing.Query) ([]T, *listing.Result, error) {
		return read(c.Ctx(), c.StoreID(), q)
	}
}

// Ref passes on what a service returns by value.
func Ref[T any](v T, err error) (*T, error) { return &v, err }
