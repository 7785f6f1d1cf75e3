package rest

import (
	"strconv"
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

func (m *Metrics) route(method, pattern string) func(int, time.Duration) {
	if m == nil {
		return func(int, time.Duration) {}
	}
	histogram := m.duration.WithLabelValues(method, pattern)
	ok := m.requests.WithLabelValues(method, pattern, "200")
	return func(status int, took time.Duration) {
		histogram.Observe(took.Seconds())
		if status == 200 {
			ok.Inc()
			return
		}
		m.requests.WithLabelValues(method, pattern, strconv.Itoa(status)).Inc()
	}
}
