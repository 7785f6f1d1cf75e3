package serve

import (
	"net/http"

	"clientele/internal/fault"
)

// Stage stands between requests and their handlers in development mode: it has
// those fail that tests want to see fail, and watches all of them.
type Stage interface {
	// Admitted is called when it is known who asks, and that they may, before
	// anything is done. Its error is what the request is answered with. It may
	// divert the answer.
	Admitted(x *Exchange) error
	// Ended is called when a request was answered: with the fault, if it is not
	// nil.
	Ended(x *Exchange, refused *fault.Error)
}

// Admitted is called by surfaces once they know who asks and that they may, and
// before they do anything else. An error is what to answer.
func (x *Exchange) Admitted() error {
	if s := x.route.pipe.Stage; s != nil {
		return s.Admitted(x)
	}
	return nil
}

// Divert has the rest of the answer written to another writer, and end called
// when it is complete.
func (x *Exchange) Divert(to http.ResponseWriter, end func()) { x.to, x.diverted = to, end }
