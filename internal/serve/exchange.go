package serve

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"clientele/internal/failure"
	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/intake"
)

// Exchange is one request and its answer. It is the http.ResponseWriter that
// handlers answer through.
type Exchange struct {
	// RequestID is what the answer and the log name the request by.
	RequestID string
	// StoreHash and AccountID name the store and the API account in the log;
	// empty and 0: unknown.
	StoreHash string
	AccountID int64
	// Came is where the request comes from, as the history tells it. Surfaces
	// complete it before they write.
	Came history.Origin
	// Name is what the log calls the request; empty stands for "request".
	Name string

	route  *Route
	to     http.ResponseWriter
	r      *http.Request
	start  time.Duration
	status int       // 0: not answered yet
	idLine [1]string // RequestID as a header's values
	time   patience

	expected bool
	lasts    bool
	refused  *fault.Error // what it was answered with
	diverted func()       // ends an answer that was diverted
	cut      error        // why the answer did not arrive

	mu   sync.Mutex // handlers may work in several goroutines
	errs []error    // what an operator should see
	gone bool
}

// statusGone is what the log and the metrics have for a request that the client
// closed.
const statusGone = 499

// Request returns the request as it came, with a context that tells where it
// comes from.
func (x *Exchange) Request() *http.Request { return x.r }

// Status returns the status of the answer, or 0 before there is one.
func (x *Exchange) Status() int { return x.status }

// Gone reports whether the client hung up before there was an answer.
func (x *Exchange) Gone() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.gone
}

// Pattern returns the pattern of the router that the request matches.
func (x *Exchange) Pattern() string { return x.route.pattern }

// Header implements http.ResponseWriter.
func (x *Exchange) Header() http.Header { return x.to.Header() }

// WriteHeader implements http.ResponseWriter.
func (x *Exchange) WriteHeader(status int) {
	if x.status == 0 && status >= http.StatusOK {
		x.status = status
	}
	x.to.WriteHeader(status)
}

// Write implements http.ResponseWriter. Its error needs no handling: the client
// is gone, which the log may tell.
func (x *Exchange) Write(b []byte) (int, error) {
	if x.status == 0 {
		x.status = http.StatusOK
	}
	n, err := x.to.Write(b)
	if err != nil && x.cut == nil {
		x.cut = err
	}
	return n, err
}

// Unwrap returns the writer below, for http.ResponseController.
func (x *Exchange) Unwrap() http.ResponseWriter { return x.to }

// Body reads the request's body, which is to be given back with Free. An error
// is a fault.
func (x *Exchange) Body(from intake.Source) (*intake.Body, error) {
	return x.route.pipe.Bodies.Read(x.to, x.r, from)
}

// BodyStream returns the request's body to be written away as it comes, of at most most
// bytes. It is to be given back with End.
func (x *Exchange) BodyStream(most int64) (*intake.Stream, error) {
	return x.route.pipe.Bodies.Stream(x.to, x.r, most)
}

// Expected tells that the answer, whatever its status, is what the operator or
// the merchant has asked for or was told of: it is not logged as an error.
func (x *Exchange) Expected() { x.expected = true }

// Lasts tells that the answer is to take long: it is not logged as slow.
func (x *Exchange) Lasts() { x.lasts = true }

// maxErrors bounds what is kept of a request in which several things fail.
const maxErrors = 4

// Judge returns the fault that an error means for the request, or nil where
// the client is gone and needs no answer. What an operator should see is kept
// for the log. It may be called for several parts of a request, and by several
// goroutines.
func (x *Exchange) Judge(err error) *fault.Error {
	what := failure.Of(x.r.Context(), err)
	x.mu.Lock()
	defer x.mu.Unlock()
	if what.Gone {
		x.gone = true
		return nil
	}
	if what.Err == nil && what.Fault.Kind == fault.Unavailable {
		what.Err = err
	}
	if what.Err != nil && len(x.errs) < maxErrors {
		x.errs = append(x.errs, what.Err)
	}
	return what.Fault
}

// Fail answers with an error, unless there is an answer already.
func (x *Exchange) Fail(render Renderer, err error) {
	f := x.Judge(err)
	if f == nil || x.status != 0 {
		return
	}
	x.SetRetry(f)
	x.refused = f
	// A defect of the surface's own rendering is answered, too.
	defer func() {
		if v := recover(); v != nil {
			x.Judge(Panicked(v))
			if x.status == 0 {
				Plain{}.Refuse(x, &fault.Error{Kind: fault.Internal})
			}
		}
	}()
	render.Refuse(x, f)
}

// RefusedWith tells what the request was refused with, where the surface answers
// that by itself.
func (x *Exchange) RefusedWith(f *fault.Error) { x.refused = f }

// SetRetry tells in the headers how long to wait, where a fault does. Fail does
// so, too.
func (x *Exchange) SetRetry(f *fault.Error) {
	if f.RetryAfter <= 0 {
		return
	}
	seconds := strconv.Itoa(f.RetryAfter)
	for _, name := range x.route.retry {
		x.Header().Set(name, seconds)
	}
}

// Panicked returns the error that stands for a recovered value.
func Panicked(v any) error { return fmt.Errorf("panic: %v\n%s", v, debug.Stack()) }

// end recovers from a defect, counts the request and writes what an operator
// should see of it.
func (x *Exchange) end(render Renderer) {
	late := false
	if v := recover(); v != nil {
		if v == http.ErrAbortHandler {
			panic(v)
		}
		late = x.status != 0
		x.Fail(render, Panicked(v))
	}
	pipe := x.route.pipe
	took := pipe.System.Elapsed() - x.start
	status := cmp.Or(x.status, http.StatusOK)
	if x.gone {
		status = statusGone
	}
	x.route.observe(x.r.Method, status, took)
	if pipe.Stage != nil {
		pipe.Stage.Ended(x, x.refused)
		if x.diverted != nil {
			defer x.diverted()
		}
	}
	failed := !x.expected && (len(x.errs) > 0 || status >= http.StatusInternalServerError)
	watcher, watched := render.(Watcher)
	if watched {
		watcher.Watch(status, failed, took)
	}
	level, message := slog.LevelDebug, cmp.Or(x.Name, "request")
	switch {
	case late:
		level, message = slog.LevelError, "panic after the answer"
	case failed:
		level, message = slog.LevelError, message+" failed"
	case took >= pipe.Slow && !x.lasts:
		level, message = slog.LevelWarn, message+" slow"
	case status == http.StatusTooManyRequests:
		level, message = slog.LevelWarn, message+" limited"
	}
	ctx := x.r.Context()
	if !pipe.Log.Enabled(ctx, level) {
		return
	}
	attrs := make([]slog.Attr, 0, 12)
	attrs = append(attrs,
		slog.String("method", bounded(x.r.Method)), slog.String("route", x.route.pattern), slog.Int("status", status),
		slog.Float64("ms", float64(took.Microseconds())/1000), slog.String("request_id", x.RequestID))
	if x.StoreHash != "" {
		attrs = append(attrs, slog.String("store", x.StoreHash))
	}
	if x.AccountID != 0 {
		attrs = append(attrs, slog.Int64("account", x.AccountID))
	}
	if watched {
		attrs = append(attrs, watcher.Attrs()...)
	}
	if err := cmp.Or(errors.Join(x.errs...), x.cut); err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	pipe.Log.LogAttrs(ctx, level, message, attrs...)
}
