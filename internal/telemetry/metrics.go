package telemetry

import (
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics counts what the server does, in a registry of its own. Its methods
// are safe for concurrent use, never block on I/O and never panic: labels are
// bounded, so that no caller can make the server remember what they invent.
type Metrics struct {
	registry *prometheus.Registry

	requests      *prometheus.CounterVec
	durations     *prometheus.HistogramVec
	issued        *prometheus.CounterVec
	refused       *prometheus.CounterVec
	batches       prometheus.Histogram
	batchDuration prometheus.Histogram

	routes, agentTypes, codes *labels
}

// Bounds of the labels' values; what comes later is counted as "other".
const (
	maxRoutes     = 256
	maxAgentTypes = 32
	maxCodes      = 64
)

// NewMetrics returns metrics of a server of this version.
func NewMetrics(version string) *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "authsec", Name: name, Help: help}, labels)
	}
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: counter("http_requests_total", "Answered HTTP requests by route, method and class of status.", "route", "method", "status"),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "authsec", Name: "http_request_duration_seconds",
			Help:    "Time from a request's header to the end of its answer.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}}, []string{"route", "method"}),
		issued:  counter("tokens_issued_total", "Tokens minted, by the agent's type.", "agent_type"),
		refused: counter("tokens_refused_total", "Token requests refused, by the code that was answered.", "code"),
		batches: prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "authsec", Name: "audit_batch_events",
			Help: "Audit events that were committed together.", Buckets: prometheus.ExponentialBuckets(1, 2, 10)}),
		batchDuration: prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "authsec", Name: "audit_batch_duration_seconds",
			Help: "Time to commit a batch of audit events.", Buckets: prometheus.ExponentialBuckets(.0005, 2, 14)}),
		routes:     newLabels(maxRoutes),
		agentTypes: newLabels(maxAgentTypes),
		codes:      newLabels(maxCodes),
	}
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "authsec", Name: "build_info",
		Help: "Always 1; the labels say what runs."}, []string{"version", "go_version"})
	build.WithLabelValues(valid(version), runtime.Version()).Set(1)
	m.registry.MustRegister(m.requests, m.durations, m.issued, m.refused, m.batches, m.batchDuration, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Handler serves the metrics in Prometheus' formats.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry, EnableOpenMetrics: true,
		MaxRequestsInFlight: maxScrapes, Timeout: scrapeTimeout})
}

const (
	maxScrapes    = 4
	scrapeTimeout = 10 * time.Second
)

// ObserveRequest counts an answered request. Route is a pattern of the routes'
// table, never a path.
func (m *Metrics) ObserveRequest(route, method string, status int, took time.Duration) {
	route, method = m.routes.bound(route), knownMethod(method)
	m.requests.WithLabelValues(route, method, class(status)).Inc()
	m.durations.WithLabelValues(route, method).Observe(since(took))
}

// TokenIssued counts a minted token.
func (m *Metrics) TokenIssued(agentType string) {
	m.issued.WithLabelValues(m.agentTypes.bound(agentType)).Inc()
}

// TokenRefused counts a refused request for a token.
func (m *Metrics) TokenRefused(code string) { m.refused.WithLabelValues(m.codes.bound(code)).Inc() }

// AuditBatch observes a committed batch of audit events.
func (m *Metrics) AuditBatch(events int, took time.Duration) {
	m.batches.Observe(float64(events))
	m.batchDuration.Observe(since(took))
}

const other = "other"

// class is the class of an HTTP status: 2xx.
func class(status int) string {
	if status < 100 || status > 599 {
		return other
	}
	return strconv.Itoa(status/100) + "xx"
}

// knownMethod keeps invented methods out of the labels.
func knownMethod(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return other
}

// valid makes a label's value of any text: the client library panics on invalid UTF-8.
func valid(s string) string {
	if !utf8.ValidString(s) || len(s) > maxLabel {
		return other
	}
	return s
}

const maxLabel = 128 // bytes

// labels remembers the first values of a label, up to a bound.
type labels struct {
	most int
	mu   sync.RWMutex
	seen map[string]bool
}

func newLabels(most int) *labels { return &labels{most: most, seen: map[string]bool{}} }

// bound returns value, or "other" once the label has had its values.
func (l *labels) bound(value string) string {
	l.mu.RLock()
	known := l.seen[value]
	l.mu.RUnlock()
	if known {
		return value
	}
	if valid(value) != value {
		return other
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.seen[value] && len(l.seen) >= l.most {
		return other
	}
	l.seen[value] = true
	return value
}
