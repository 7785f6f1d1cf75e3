package serve

import (
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts requests by route pattern, never by path: no personal data
// and a bounded number of series.
type Metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
}

// NewMetrics registers the metrics.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "clientele_http_requests_total", Help: "Requests by method, route pattern and status.",
		}, []string{"method", "route", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "clientele_http_request_duration_seconds", Help: "Time to answer a request, by method and route pattern.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
		}, []string{"method", "route"}),
	}
	reg.MustRegister(m.requests, m.duration)
	return m
}

// of returns what counts requests of a method to a pattern. Without a method
// that of each request is told.
func (m *Metrics) of(method, pattern string) func(asked string, status int, took time.Duration) {
	if m == nil {
		return func(string, int, time.Duration) {}
	}
	if method == "" {
		var byMethod sync.Map // of those that were asked for, which bounded bounds
		return func(asked string, status int, took time.Duration) {
			asked = bounded(asked)
			of, ok := byMethod.Load(asked)
			if !ok {
				of, _ = byMethod.LoadOrStore(asked, m.of(asked, pattern))
			}
			of.(func(string, int, time.Duration))(asked, status, took)
		}
	}
	// Most processes are not asked for most routes, of which there are hundreds.
	made := sync.OnceValue(func() observers {
		return observers{m.duration.WithLabelValues(method, pattern), m.requests.WithLabelValues(method, pattern, "200")}
	})
	return func(_ string, status int, took time.Duration) {
		of := made()
		of.took.Observe(took.Seconds())
		if status == http.StatusOK {
			of.ok.Inc()
			return
		}
		m.requests.WithLabelValues(method, pattern, strconv.Itoa(status)).Inc()
	}
}

// observers are those of a route that is asked for.
type observers struct {
	took prometheus.Observer
	ok   prometheus.Counter
}

var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, http.MethodTrace, http.MethodConnect,
}

// bounded keeps clients from making series: a method may be any word.
func bounded(method string) string {
	if slices.Contains(methods, method) {
		return method
	}
	return "other"
}
