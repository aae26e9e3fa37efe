package telemetry_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"authsec/internal/telemetry"

	"go.opentelemetry.io/otel/trace"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// collector is an OTLP/HTTP receiver.
type collector struct {
	*httptest.Server
	mu     sync.Mutex
	traces []*tracepb.ResourceSpans
	paths  []string
}

func newCollector(t *testing.T, status int) *collector {
	t.Helper()
	c := &collector{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		// An ExportTraceServiceRequest has the wire form of TracesData.
		var data tracepb.TracesData
		if err == nil {
			err = proto.Unmarshal(body, &data)
		}
		if err != nil {
			t.Errorf("the collector cannot read the export: %v", err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.traces, c.paths = append(c.traces, data.GetResourceSpans()...), append(c.paths, r.URL.Path)
		w.WriteHeader(status)
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *collector) spans() []*tracepb.Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []*tracepb.Span
	for _, r := range c.traces {
		for _, s := range r.GetScopeSpans() {
			out = append(out, s.GetSpans()...)
		}
	}
	return out
}

func noEnv(t *testing.T) {
	t.Helper()
	for _, name := range []string{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_PROTOCOL",
		"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER", "OTEL_RESOURCE_ATTRIBUTES", "OTEL_SERVICE_NAME", "OTEL_TRACES_SAMPLER"} {
		t.Setenv(name, "")
	}
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

func get(t *testing.T, h http.Handler, target string, header http.Header) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	for k, v := range header {
		r.Header[k] = v
	}
	h.ServeHTTP(httptest.NewRecorder(), r)
}

// A request reaches a real OTLP receiver as a span named by its route.
func TestSpanReachesTheCollector(t *testing.T) {
	noEnv(t)
	c := newCollector(t, http.StatusOK)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", c.URL)
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
	tracing, err := telemetry.NewTracing(t.Context(), "1.2.3", discard())
	if err != nil {
		t.Fatal(err)
	}
	var inside trace.SpanContext
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/agents/{client_id}", func(w http.ResponseWriter, r *http.Request) {
		inside = trace.SpanContextFromContext(r.Context())
		w.WriteHeader(http.StatusTeapot)
	})
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	h := tracing.Middleware(mux)
	const callers = "4bf92f3577b34da6a3ce929d0e0e4736"
	get(t, h, "/api/v1/agents/42?token=hunter2", http.Header{"Traceparent": {"00-" + callers + "-00f067aa0ba902b7-01"}})
	get(t, h, "/healthz", nil)
	if err := tracing.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	spans := c.spans()
	if len(spans) != 1 || c.paths[0] != "/v1/traces" {
		t.Fatalf("%d spans at %v, want one at /v1/traces", len(spans), c.paths)
	}
	span := spans[0]
	if span.GetName() != "GET /api/v1/agents/{client_id}" || span.GetKind() != tracepb.Span_SPAN_KIND_SERVER {
		t.Errorf("the span is %s, %q", span.GetKind(), span.GetName())
	}
	if got := inside.TraceID(); !bytes.Equal(span.GetTraceId(), got[:]) {
		t.Error("the handler's context holds another trace")
	}
	if strings.Contains(span.String(), "hunter2") {
		t.Errorf("the span shows the query: %s", span)
	}
	if inside.TraceID().String() == callers || len(span.GetParentSpanId()) != 0 || len(span.GetLinks()) != 1 {
		t.Errorf("the caller's trace was joined rather than linked: %s", span)
	}
	about := c.traces[0].GetResource().String()
	for _, want := range []string{"authsec", "1.2.3", "deployment.environment.name"} {
		if !strings.Contains(about, want) {
			t.Errorf("the resource lacks %s: %s", want, about)
		}
	}
}

func TestTracingIsOffUntilACollectorIsNamed(t *testing.T) {
	for name, set := range map[string]map[string]string{
		"nothing set": nil,
		"disabled":    {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "TRUE"},
		"no exporter": {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:1", "OTEL_TRACES_EXPORTER": "none"},
	} {
		t.Run(name, func(t *testing.T) {
			noEnv(t)
			for k, v := range set {
				t.Setenv(k, v)
			}
			tracing, err := telemetry.NewTracing(t.Context(), "x", discard())
			if err != nil {
				t.Fatal(err)
			}
			called := false
			get(t, tracing.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				called = true
				if trace.SpanContextFromContext(r.Context()).IsValid() {
					t.Error("a span was made")
				}
			})), "/", nil)
			if !called {
				t.Error("the request did not pass")
			}
			if err := tracing.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestBadTracingEnvironmentIsRefused(t *testing.T) {
	for says, set := range map[string]map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT must be a URL":                 {"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318"},
		"_ENDPOINT must be a URL, such as":                          {"OTEL_EXPORTER_OTLP_ENDPOINT": "unix://collector/socket"},
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT must be a URL":          {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://%zz"},
		"OTEL_EXPORTER_OTLP_PROTOCOL is \"grpc\"":                   {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
		"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL is \"http/json\": only": {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/json"},
		"OTEL_RESOURCE_ATTRIBUTES":                                  {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_RESOURCE_ATTRIBUTES": "no-value"},
	} {
		t.Run(says, func(t *testing.T) {
			noEnv(t)
			for k, v := range set {
				t.Setenv(k, v)
			}
			if _, err := telemetry.NewTracing(t.Context(), "x", discard()); err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A collector that is away or refuses is logged, and breaks nothing.
func TestExportFailureIsLogged(t *testing.T) {
	noEnv(t)
	c := newCollector(t, http.StatusBadRequest)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", c.URL)
	var buf bytes.Buffer
	l, err := telemetry.NewLogger(&buf, "json", "info")
	if err != nil {
		t.Fatal(err)
	}
	tracing, err := telemetry.NewTracing(t.Context(), "x", l)
	if err != nil {
		t.Fatal(err)
	}
	get(t, tracing.Middleware(http.NewServeMux()), "/nowhere", nil)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := tracing.Shutdown(ctx); err != nil {
		t.Errorf("an orderly stop fails on a collector's refusal: %v", err)
	}
	if !strings.Contains(buf.String(), "traces not exported") {
		t.Errorf("the failure is not logged: %q", buf.String())
	}
}
