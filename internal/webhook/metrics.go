package webhook

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts deliveries, never by destination: no personal data and a
// bounded number of series.
type Metrics struct {
	attempts *prometheus.CounterVec
	duration prometheus.Histogram
	delay    prometheus.Histogram
	behind   prometheus.Gauge
}

// NewMetrics registers the metrics.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "clientele_webhook_attempts_total", Help: "Attempts to deliver an event to a webhook, by result.",
		}, []string{"result"}),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "clientele_webhook_attempt_duration_seconds", Help: "Time until a webhook has answered.",
			Buckets: []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}),
		delay: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "clientele_webhook_delay_seconds", Help: "Time from an event to its delivery.",
			Buckets: []float64{1, 2, 5, 10, 30, 60, 300, 1800, 7200, 43200, 172800},
		}),
		behind: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "clientele_webhook_events_behind", Help: "Events of all stores that are not yet turned into deliveries, at the last look of this process.",
		}),
	}
	reg.MustRegister(m.attempts, m.duration, m.delay, m.behind)
	return m
}

func (m *Metrics) attempt(ok bool, took, delay time.Duration) {
	if m == nil {
		return
	}
	m.duration.Observe(took.Seconds())
	if !ok {
		m.attempts.WithLabelValues("failed").Inc()
		return
	}
	m.attempts.WithLabelValues("delivered").Inc()
	m.delay.Observe(delay.Seconds())
}

func (m *Metrics) lag(events int64) {
	if m != nil {
		m.behind.Set(float64(events))
	}
}
