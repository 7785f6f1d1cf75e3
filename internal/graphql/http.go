package graphql

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"clientele/internal/auth"
	"clientele/internal/fault"
	"clientele/internal/graphql/document"
	"clientele/internal/graphql/exec"
	"clientele/internal/history"
	"clientele/internal/intake"
	"clientele/internal/serve"
	"clientele/internal/store"
	"clientele/internal/visit"
)

// patience bounds one request.
const patience = 30 * time.Second

// refusal is an answer to a request that was not executed.
type refusal struct {
	status int
	errs   gqlerror.List
}

// Error implements error.
func (r *refusal) Error() string { return r.errs.Error() }

func refuse(status int, format string, args ...any) error {
	return &refusal{status, gqlerror.List{gqlerror.Errorf(format, args...)}}
}

// failure is a public error with a code.
func publicError(code, message string) *gqlerror.Error {
	e := gqlerror.Errorf("%s", message)
	if code != "" {
		e.Extensions = map[string]any{"code": code}
	}
	return e
}

const internalError = "An internal error occurred while processing your request."

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	out := &reply{metrics: s.Metrics}
	out.Name = "graphql request"
	s.route.Serve(&out.Exchange, w, r, out, func() error {
		out.Came.Surface = history.GraphQL
		return s.answer(out)
	})
}

// answer answers a request, or returns an error for no fault of the client.
func (s *Server) answer(out *reply) error {
	ctx := out.Request().Context()
	setFixed(out.Header())
	v, err := s.Visits.Open(out, out.Request())
	out.StoreHash = v.Site.StoreHash
	switch {
	case errors.Is(err, visit.ErrNoSite):
		err = refuse(http.StatusNotFound, "There is no store at this address.")
	case err == nil:
		err = s.serve(ctx, v, out)
	}
	var ref *refusal
	if !errors.As(err, &ref) {
		return err
	}
	out.RefusedWith(&fault.Error{Kind: serve.KindOf(ref.status), Message: ref.errs[0].Message})
	var data []byte
	if ref.status == http.StatusOK {
		data = []byte("null")
	}
	out.send(ref.status, data, ref.errs)
	return nil
}

// fixed are headers of all answers.
var fixed = [...][2]string{{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}}

func setFixed(h http.Header) {
	values := make([]string, len(fixed))
	for i, v := range fixed {
		values[i] = v[1]
		h[v[0]] = values[i : i+1 : i+1]
	}
}

// serve answers a request, or returns a refusal or another error.
func (s *Server) serve(ctx context.Context, v *visit.Visit, out *reply) error {
	switch v.R.Method {
	case http.MethodOptions:
		s.preflight(v, out)
		return nil
	case http.MethodGet, http.MethodHead, http.MethodPost:
	default:
		v.W.Header().Set("Allow", "GET, HEAD, OPTIONS, POST")
		return refuse(http.StatusMethodNotAllowed, "GraphQL requests are made with GET or POST.")
	}
	who, err := s.admit(ctx, v)
	if err != nil {
		return err
	}
	if err := out.Admitted(); err != nil {
		return err
	}
	// A body that comes slowly takes nobody's place.
	in, err := s.read(out, who)
	if err != nil {
		return err
	}
	place, ok := s.places.take(who)
	if !ok {
		return crowded(out)
	}
	defer s.places.leave(place)
	op, errs := s.documents.Find(&in)
	if len(errs) > 0 {
		return &refusal{http.StatusBadRequest, errs}
	}
	out.operation, out.name = op.Operation, op.Name
	if op.Operation == ast.Mutation && v.R.Method != http.MethodPost {
		v.W.Header().Set("Allow", "POST")
		return refuse(http.StatusMethodNotAllowed, "Mutations are made with POST.")
	}
	wrong := s.documents.Weigh(op, &in)
	if op.Score >= 0 {
		describe(v.W.Header(), &in, op)
	}
	if wrong != nil {
		return &refusal{http.StatusBadRequest, wrong}
	}
	if op.Operation == ast.Mutation && !store.Live(v.Site.Status) {
		return refuse(http.StatusOK, "Operation cannot be performed as the storefront channel is not live")
	}
	who.named = languageNamed(op)
	if err := s.settle(ctx, who, op); err != nil {
		return err
	}
	if _, ok := v.R.Header[serve.IdempotencyKey]; ok && op.Operation == ast.Mutation {
		return s.once(ctx, who, out, &in, func(ctx context.Context) { s.execute(ctx, who, out, op.Plan(), op.Values) })
	}
	s.execute(ctx, who, out, op.Plan(), op.Values)
	return nil
}

// crowded refuses a request of who has too many under way.
func crowded(out *reply) error {
	err := publicError("TOO_MANY_REQUESTS", "Too many requests")
	err.Extensions["retryAfter"] = 1
	out.SetRetry(&fault.Error{Kind: fault.TooMany, RetryAfter: 1})
	return &refusal{http.StatusTooManyRequests, gqlerror.List{err}}
}

// maxAnswer is the most bytes of an answer. Complexity weighs fields and not
// what they hold, and aliases show one text many times.
const maxAnswer = 4 << 20

func (s *Server) execute(ctx context.Context, who *shopper, out *reply, plan *exec.Plan, values map[string]any) {
	answer := plan.Run(context.WithValue(ctx, shopperKey{}, who), values, exec.Hooks{
		Allow:    who.allow,
		Present:  func(err error) *gqlerror.Error { return present(&out.Exchange, err) },
		Panicked: func(p any) error { return serve.Panicked(p) },
		MaxBytes: maxAnswer,
	}, dataMember)
	switch {
	case out.Gone():
	case answer.TooLarge:
		out.send(http.StatusOK, []byte("null"), gqlerror.List{tooMuchData()})
	default:
		out.finish(http.StatusOK, answer.Data, answer.Errors)
	}
}

func tooMuchData() *gqlerror.Error {
	return gqlerror.Errorf("The query asks for too much data. Please remove some elements and try again")
}

// present turns an error of a resolver into what the client sees of it.
func present(x *serve.Exchange, err error) *gqlerror.Error {
	var public *gqlerror.Error
	if errors.As(err, &public) {
		return public
	}
	if none := (*exec.MissingError)(nil); errors.As(err, &none) {
		return publicError("", none.Text)
	}
	f := x.Judge(err)
	switch {
	case f == nil, f.Kind == fault.Internal:
		return publicError("", internalError)
	case f.Kind == fault.Unavailable:
		return unavailable(f)
	case f.Kind == fault.TooMany:
		e := publicError("TOO_MANY_REQUESTS", "Too many requests")
		e.Extensions["retryAfter"] = f.RetryAfter
		return e
	}
	return publicError("", message(f))
}

// read takes a request from a body or, with GET, from the query string.
func (s *Server) read(out *reply, who *shopper) (in document.Request, err error) {
	v := who.visit
	if v.R.Method != http.MethodPost {
		q := v.R.URL.Query()
		in = document.Request{Query: q.Get("query"), OperationName: q.Get("operationName")}
		if text := q.Get("variables"); text != "" {
			in.Variables = json.RawMessage(text)
		}
	} else if in, err = s.body(out, who); err != nil {
		return in, err
	}
	if err := in.Check(); err != nil {
		return in, refuse(http.StatusBadRequest, "%s", err)
	}
	return in, nil
}

func (s *Server) body(out *reply, who *shopper) (in document.Request, err error) {
	kind, err := document.Media(who.visit.R.Header.Get("Content-Type"))
	if err != nil {
		return in, refuse(http.StatusUnsupportedMediaType, "%s", err)
	}
	sent, err := s.take(out, who)
	if err != nil {
		return in, err
	}
	defer sent.Free()
	if in, err = document.Parse(kind, sent.B); err != nil {
		return in, refuse(http.StatusBadRequest, "%s", err)
	}
	return in, nil
}

// take reads the body of a request. Whoever sees a page knows its token, so
// with one of those the body counts for the client's address.
func (s *Server) take(out *reply, who *shopper) (*intake.Body, error) {
	from := intake.Source{Store: who.token.StoreID, Client: who.token.ClientID, Most: document.MaxBody}
	if who.token.Kind == auth.BrowserToken {
		from = intake.Source{Peer: who.visit.Peer, Most: document.MaxBody}
	}
	return out.Body(from)
}

// describe sets the headers that tell about a request.
func describe(h http.Header, in *document.Request, op *document.Operation) {
	// Names as net/http writes them; one slice holds the values.
	values := []string{strconv.Itoa(op.Score), op.QueryHash(), in.VariablesHash(), string(op.Operation), op.Name}
	for i, name := range described[:] {
		if values[i] != "" {
			h[name] = values[i : i+1 : i+1]
		}
	}
}

var described = [...]string{
	"X-Bc-Graphql-Complexity", "X-Bc-Graphql-Query-Hash", "X-Bc-Graphql-Variables-Hash", "X-Bc-Graphql-Operation-Type", "X-Bc-Graphql-Operation-Name",
}
