// Package failure tells what an error means for a request, alike for every
// surface: whether it is the caller's, an outage, a defect, or none because the
// client went away. Surfaces render the fault, and log what is not the
// caller's.
package failure

import (
	"context"
	"errors"

	"clientele/internal/fault"
	"clientele/internal/sqldb"
)

// Failure is what an error means for a request.
type Failure struct {
	// Gone tells that the client closed the request. There is nobody to answer
	// and nothing to log as an error.
	Gone bool
	// Fault is what to answer.
	Fault *fault.Error
	// Err is for the log as an error; nil for what is the caller's.
	Err error
}

// Of returns what an error means for a request with a context.
func Of(ctx context.Context, err error) Failure {
	f := fault.As(err)
	switch {
	case f != nil && (f.Kind != fault.Internal || f.Status != 0):
		return Failure{Fault: f}
	case errors.Is(err, context.Canceled) && errors.Is(ctx.Err(), context.Canceled):
		return Failure{Gone: true, Fault: &fault.Error{Kind: fault.Internal, Cause: err}}
	case errors.Is(err, sqldb.ErrUnknownOutcome):
		// No invitation to repeat what may have happened.
		return Failure{Err: err, Fault: &fault.Error{Kind: fault.Unavailable, Message: "The outcome of the request is unknown: look before you repeat it.", Cause: err}}
	case errors.Is(err, sqldb.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		return Failure{Err: err, Fault: &fault.Error{Kind: fault.Unavailable, Message: "The service is temporarily unavailable.", RetryAfter: 1, Cause: err}}
	}
	return Failure{Err: err, Fault: &fault.Error{Kind: fault.Internal, Cause: err}}
}
