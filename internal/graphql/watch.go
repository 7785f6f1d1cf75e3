package graphql

import (
	"cmp"
	"encoding/json"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"clientele/internal/auth"
	"clientele/internal/fault"
	"clientele/internal/graphql/document"
	"clientele/internal/serve"
)

// Metrics count requests by the type of their operation and what became of
// them: no personal data, nothing that clients choose, and a bounded number of
// series.
type Metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	made     sync.Map // series by type and outcome
}

// NewMetrics registers the metrics.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "clientele_graphql_requests_total", Help: "GraphQL requests by type of operation and outcome: ok, errors (some fields have), refused, limited or failed.",
		}, []string{"operation", "outcome"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "clientele_graphql_request_duration_seconds", Help: "Time to answer a GraphQL request, by type of operation.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
		}, []string{"operation"}),
	}
	reg.MustRegister(m.requests, m.duration)
	return m
}

func (m *Metrics) observe(operation, outcome string, took time.Duration) {
	if m == nil {
		return
	}
	key := [2]string{operation, outcome}
	known, ok := m.made.Load(key)
	if !ok {
		known, _ = m.made.LoadOrStore(key, series{m.requests.WithLabelValues(operation, outcome), m.duration.WithLabelValues(operation)})
	}
	of := known.(series)
	of.requests.Inc()
	of.took.Observe(took.Seconds())
}

// series are those of an operation's type and an outcome.
type series struct {
	requests prometheus.Counter
	took     prometheus.Observer
}

// reply is one request, its answer, and what is noted about both.
type reply struct {
	serve.Exchange
	metrics *Metrics
	faulty  bool // some field has an error
	// operation is its type, where it is known; name is the client's for it.
	operation ast.Operation
	name      string
	became    string // the outcome
}

// Refuse implements serve.Renderer.
func (r *reply) Refuse(_ *serve.Exchange, f *fault.Error) {
	status, err := refused(f)
	r.send(status, nil, gqlerror.List{err})
}

// refused tells what a client sees of a fault for which nothing was executed.
func refused(f *fault.Error) (status int, err *gqlerror.Error) {
	status, err = serve.StatusOf(f.Kind), gqlerror.Errorf(internalError)
	if f.Status != 0 {
		return f.Status, asTested(f)
	}
	switch f.Kind {
	case fault.Malformed:
		err = gqlerror.Errorf("The body could not be read.")
	case fault.TooLarge:
		err = gqlerror.Errorf("The request must not be larger than %d bytes.", document.MaxBody)
	case fault.Repeated:
		err = publicError("", f.Message)
		if f.RetryAfter > 0 {
			err = publicError("CONFLICT", f.Message)
			err.Extensions["retryAfter"] = f.RetryAfter
		}
	case fault.KeyTaken:
		err = publicError("", f.Message)
	case fault.BadInput:
		err = publicError("", message(f))
	case fault.TooSlow:
		err = gqlerror.Errorf("%s", f.Message)
	case fault.WrongMedia:
		err = gqlerror.Errorf("A compressed body must use gzip.")
	case fault.Unavailable:
		err = unavailable(f)
	default:
		status = http.StatusInternalServerError
	}
	return status, err
}

// asTested is the error with a status that a test wants to see.
func asTested(f *fault.Error) *gqlerror.Error {
	switch {
	case f.Kind == fault.TooMany:
		err := publicError("TOO_MANY_REQUESTS", "Too many requests")
		err.Extensions["retryAfter"] = f.RetryAfter
		return err
	case f.Kind == fault.Unavailable:
		return unavailable(f)
	case f.Status == http.StatusInternalServerError:
		return gqlerror.Errorf(internalError)
	}
	return gqlerror.Errorf("%s", f.Message)
}

// dataMember begins an answer to what was executed.
const dataMember = `{"data":`

// send answers. data is nil where nothing was executed.
func (r *reply) send(status int, data []byte, errs gqlerror.List) {
	b := make([]byte, 0, 256)
	if data != nil {
		b = append(append(b, dataMember...), data...)
	}
	r.finish(status, b, errs)
}

// finish sends an answer that begins with its data, if there is any.
func (r *reply) finish(status int, b []byte, errs gqlerror.List) {
	if r.Status() != 0 {
		return // not reached: each request is answered once
	}
	r.faulty = len(errs) > 0
	b = withErrors(b, errs)
	r.Header().Set("Content-Length", strconv.Itoa(len(b)))
	r.WriteHeader(status)
	// The exchange keeps the error.
	_, _ = r.Write(b)
}

// withErrors ends an answer that begins with its data, if there is any.
func withErrors(b []byte, errs gqlerror.List) []byte {
	if len(errs) == 0 {
		return append(b, '}')
	}
	text, err := json.Marshal(errs)
	if err != nil { // not reached: the errors are ours
		text = []byte(`[{"message":"` + internalError + `"}]`)
	}
	before := `{`
	if len(b) > 0 {
		before = `,`
	}
	return append(append(append(append(b, before...), `"errors":`...), text...), '}')
}

// outcome names what became of a request.
func (r *reply) outcome(status int, failed bool) string {
	switch {
	case r.Gone():
		return "gone" // the client is
	case failed:
		return "failed"
	case status == http.StatusTooManyRequests:
		return "limited"
	case status >= 400:
		return "refused"
	case r.faulty:
		return "errors"
	}
	return "ok"
}

// Watch implements serve.Watcher.
func (r *reply) Watch(status int, failed bool, took time.Duration) {
	r.became = r.outcome(status, failed)
	r.metrics.observe(r.kind(), r.became, took)
}

// kind is the type of the operation, as metrics and the log name it.
func (r *reply) kind() string { return cmp.Or(string(r.operation), "none") }

// Attrs implements serve.Watcher.
func (r *reply) Attrs() []slog.Attr {
	return []slog.Attr{slog.String("operation", r.kind()), slog.String("name", r.name[:min(len(r.name), 64)]), slog.String("outcome", r.became)}
}

// Limits bound how many requests are under way at once, per process. 0 is the
// default.
type Limits struct {
	All      int // of everybody
	PerToken int // with tokens of one API account
	PerPeer  int // from one address, by browsers or with the tokens of pages
}

var defaults = Limits{All: 512, PerToken: 256, PerPeer: 64}

// places are for requests that are under way.
type places struct {
	Limits
	mu    sync.Mutex
	all   int
	taken map[place]int
}

// place is that of who asks, which is given back.
type place struct {
	store int64
	name  string // of an API account, or the network of a peer
	peer  bool
}

func newPlaces(l Limits) *places {
	for _, n := range []struct {
		to      *int
		initial int
	}{{&l.All, defaults.All}, {&l.PerToken, defaults.PerToken}, {&l.PerPeer, defaults.PerPeer}} {
		if *n.to == 0 {
			*n.to = n.initial
		}
	}
	return &places{Limits: l, taken: map[place]int{}}
}

// take takes a place for whoever asks, and reports whether there is one.
func (p *places) take(w *shopper) (place, bool) {
	key, most := place{store: w.token.StoreID, name: w.token.ClientID}, p.PerToken
	// Whoever sees a page has its token, and need not be a browser.
	if w.browser || w.token.Kind == auth.BrowserToken {
		key, most = place{name: w.visit.Peer.Network(), peer: true}, p.PerPeer
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all >= p.All || p.taken[key] >= most {
		return place{}, false
	}
	p.all++
	p.taken[key]++
	return key, true
}

// leave gives a place back.
func (p *places) leave(key place) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all--
	if p.taken[key]--; p.taken[key] == 0 {
		delete(p.taken, key)
	}
}
