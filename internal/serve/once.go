package serve

import (
	"bytes"
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"

	"clientele/internal/failure"
	"clientele/internal/fault"
	"clientele/internal/idempotency"
)

// IdempotencyKey is the header with the key of a request that may be repeated.
const IdempotencyKey = "Idempotency-Key"

// replayed is the header of the answer to a repeat.
const replayed = "Idempotent-Replayed"

// Repeated are the headers that answers have because their requests had a key, as a
// list.
const Repeated = replayed + ", " + XRetryAfter

// Key returns the key of a request, "" for none. It returns a fault for one that
// is no key.
func Key(r *http.Request) (string, error) {
	values, ok := r.Header[IdempotencyKey]
	if !ok {
		return "", nil
	}
	if len(values) != 1 || !idempotency.Valid(values[0]) {
		return "", &fault.Error{Kind: fault.Malformed, Items: []fault.Item{{Path: IdempotencyKey, Code: fault.BadFormat, Message: "one of 1 to 255 visible ASCII characters is needed"}}}
	}
	return values[0], nil
}

// Keyless is the fault of a key without somebody whose key it is.
func Keyless() error {
	return fault.New(fault.BadInput, "An Idempotency-Key needs an API account, a session or a token.")
}

// Once answers a request with a key: by handle, or as it was answered before.
// handle gets the request that it has to go on with, whose context does not end
// when the client hangs up: what is begun is done, for the repeat. onlyWrites
// tells that an answer with a good status is kept only where something was
// written: it may be a refusal otherwise.
func (x *Exchange) Once(keys *idempotency.Keys, in idempotency.Request, onlyWrites bool, handle func(*http.Request) error) error {
	ctx := context.WithoutCancel(x.r.Context())
	attempt, before, err := keys.Begin(ctx, in)
	if err != nil {
		return err
	}
	if before != nil {
		x.replay(before)
		return nil
	}
	defer attempt.Close(ctx)
	original, to := x.r, x.to
	answer := &recorder{real: to, header: to.Header().Clone()}
	r := x.r.WithContext(attempt.Context(ctx))
	// Both answers have to be readable to whoever repeats the request.
	r.Header = r.Header.Clone()
	r.Header.Del("Accept-Encoding")
	x.r, x.to = r, answer
	func() {
		returned := false
		defer func() {
			x.r, x.to = original, to
			if !returned { // a panic, which is answered in place of what was kept back
				x.status = 0
			}
		}()
		err = handle(r)
		returned = true
	}()
	status := x.status
	if err != nil {
		x.status = 0
		if f := failure.Of(ctx, err).Fault; StatusOf(f.Kind) < http.StatusInternalServerError {
			if failed := attempt.Pass(ctx); failed != nil {
				return failed
			}
			maps.Copy(to.Header(), answer.header)
		}
		return err
	}
	switch {
	case status >= http.StatusInternalServerError:
	case status >= http.StatusBadRequest, onlyWrites && !attempt.Wrote():
		err = attempt.Pass(ctx)
	default:
		err = attempt.Keep(ctx, answer.kept(to.Header(), status))
	}
	x.status = 0
	if err != nil {
		return err
	}
	attempt.Close(ctx) // whoever has the answer may repeat the request at once
	answer.send(x)
	return nil
}

// replay answers as before.
func (x *Exchange) replay(a *idempotency.Answer) {
	h := x.Header()
	fresh := map[string]bool{}
	for _, v := range a.Header {
		if !fresh[v[0]] {
			fresh[v[0]] = true
			h.Del(v[0])
		}
		h[v[0]] = append(h[v[0]], v[1])
	}
	h.Set(replayed, "true")
	x.WriteHeader(a.Status)
	if len(a.Body) > 0 {
		// The exchange keeps the error.
		_, _ = x.Write(a.Body)
	}
}

// recorder keeps an answer back.
type recorder struct {
	real   http.ResponseWriter
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (r *recorder) Header() http.Header { return r.header }

// WriteHeader implements http.ResponseWriter.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= http.StatusOK {
		r.status = status
	}
}

// Write implements http.ResponseWriter.
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }

// Unwrap returns the writer below, for http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.real }

// kept returns the answer as it is kept: with the headers that the handler has
// set, and not those of each single request.
func (r *recorder) kept(before http.Header, status int) *idempotency.Answer {
	if status == 0 {
		status = http.StatusOK
	}
	out := &idempotency.Answer{Status: status, Body: r.body.Bytes()}
	for name, values := range r.header {
		if slices.Equal(values, before[name]) {
			continue
		}
		for _, v := range values {
			out.Header = append(out.Header, [2]string{name, v})
		}
	}
	slices.SortStableFunc(out.Header, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	return out
}

// send sends the answer.
func (r *recorder) send(x *Exchange) {
	h := x.Header()
	clear(h)
	for name, values := range r.header {
		h[name] = values
	}
	if r.status == 0 {
		return // the server answers without a body
	}
	x.WriteHeader(r.status)
	if r.body.Len() > 0 {
		// The exchange keeps the error.
		_, _ = x.Write(r.body.Bytes())
	}
}
