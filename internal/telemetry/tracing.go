package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	noopmetric "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// Tracing exports traces of the requests, once an operator names a collector by
// OpenTelemetry's own variables. The zero value traces nothing.
type Tracing struct {
	provider *sdktrace.TracerProvider // nil: off
}

// NewTracing returns tracing that is on when OTEL_EXPORTER_OTLP_ENDPOINT or
// OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is set (and OTEL_SDK_DISABLED is not true,
// OTEL_TRACES_EXPORTER not none). Spans go out over OTLP/HTTP in the background; failures to export them are
// logged and hold up nothing. The collector need not be there yet.
func NewTracing(ctx context.Context, version string, log *slog.Logger) (*Tracing, error) {
	on, err := collectorNamed()
	if err != nil || !on {
		return &Tracing{}, err
	}
	about, err := resource.New(ctx,
		resource.WithTelemetrySDK(),
		resource.WithAttributes(attribute.String("service.name", "authsec"), attribute.String("service.version", version)),
		resource.WithFromEnv()) // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES have the last word
	if err != nil {
		return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("export traces: %w", err)
	}
	return &Tracing{provider: sdktrace.NewTracerProvider(sdktrace.WithResource(about),
		sdktrace.WithBatcher(logged{exporter, log}))}, nil
}

// collectorNamed reports whether the environment names a collector. The library
// would pass over a bad value in silence; an operator who set one wants to know.
func collectorNamed() (bool, error) {
	if strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") || os.Getenv("OTEL_TRACES_EXPORTER") == "none" {
		return false, nil
	}
	on := false
	for _, name := range []string{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"} {
		endpoint := os.Getenv(name)
		if endpoint == "" {
			continue
		}
		u, err := url.Parse(endpoint)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
			return false, fmt.Errorf("%s must be a URL, such as http://localhost:4318", name)
		}
		on = true
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"} {
		if p := os.Getenv(name); on && p != "" && p != "http/protobuf" {
			return false, fmt.Errorf("%s is %q: only http/protobuf is spoken (the collector's port 4318)", name, p)
		}
	}
	return on, nil
}

// logged keeps failures to export out of the library's global error handler.
type logged struct {
	sdktrace.SpanExporter
	log *slog.Logger
}

// ExportSpans implements sdktrace.SpanExporter.
func (e logged) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	if err := e.SpanExporter.ExportSpans(ctx, spans); err != nil {
		e.log.WarnContext(ctx, "traces not exported", "spans", len(spans), "error", err)
	}
	return nil
}

// Middleware traces the requests to next. A span is named by the method and the
// pattern that matched, which next leaves in its request's Pattern; it holds no
// query, where a client may wrongly put a secret. Callers are not trusted to
// decide what is traced: their trace is linked, not joined. Probes are left out.
func (t *Tracing) Middleware(next http.Handler) http.Handler {
	if t.provider == nil {
		return next
	}
	return otelhttp.NewMiddleware("http",
		otelhttp.WithTracerProvider(t.provider),
		otelhttp.WithMeterProvider(noopmetric.NewMeterProvider()), // Metrics counts
		otelhttp.WithPropagators(propagation.TraceContext{}),
		otelhttp.WithPublicEndpointFn(func(*http.Request) bool { return true }),
		otelhttp.WithFilter(func(r *http.Request) bool {
			return r.URL.Path != "/healthz" && r.URL.Path != "/readyz" && r.URL.Path != "/metrics"
		}))(next)
}

// Shutdown exports what is left, until ctx ends.
func (t *Tracing) Shutdown(ctx context.Context) error {
	if t.provider == nil {
		return nil
	}
	if err := errors.Join(t.provider.ForceFlush(ctx), t.provider.Shutdown(ctx)); err != nil {
		return fmt.Errorf("export the last traces: %w", err)
	}
	return nil
}
