// Package telemetry tells operators what the server does: logs, metrics and
// traces. It knows nothing of the rest of the project: those who are observed
// declare the hooks that they call.
package telemetry

import (
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// NewLogger returns a logger that writes to w. Format is text or json; level is
// debug, info, warn or error. Times are UTC with microseconds, as in the audit
// log. A record made under a trace carries its trace_id and span_id.
func NewLogger(w io.Writer, format, level string) (*slog.Logger, error) {
	levels := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}
	least, ok := levels[level]
	if !ok {
		return nil, fmt.Errorf("log level %q is none of debug, info, warn, error", level)
	}
	options := &slog.HandlerOptions{Level: least, ReplaceAttr: utc}
	switch format {
	case "json":
		return slog.New(traced{slog.NewJSONHandler(w, options)}), nil
	case "text":
		return slog.New(traced{slog.NewTextHandler(w, options)}), nil
	}
	return nil, fmt.Errorf("log format %q is neither text nor json", format)
}

const timeFormat = "2006-01-02T15:04:05.000000Z"

// utc writes the record's time, and every other one, in one form.
func utc(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindTime {
		return slog.String(a.Key, a.Value.Time().UTC().Format(timeFormat))
	}
	return a
}

// traced adds the trace that a record's context belongs to.
type traced struct{ slog.Handler }

// Handle implements slog.Handler.
func (h traced) Handle(ctx context.Context, r slog.Record) error {
	if c := trace.SpanContextFromContext(ctx); c.IsValid() {
		r = r.Clone()
		r.AddAttrs(slog.String("trace_id", c.TraceID().String()), slog.String("span_id", c.SpanID().String()))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h traced) WithAttrs(attrs []slog.Attr) slog.Handler { return traced{h.Handler.WithAttrs(attrs)} }

// WithGroup implements slog.Handler.
func (h traced) WithGroup(name string) slog.Handler { return traced{h.Handler.WithGroup(name)} }

// StdLogger returns a standard logger for net/http.Server.ErrorLog. Its lines
// (failed handshakes, panics outside of handlers) become warnings.
func StdLogger(l *slog.Logger) *log.Logger { return log.New(lines{l}, "", 0) }

// maxLine bounds a line, which may repeat what a client sent.
const maxLine = 4096

type lines struct{ log *slog.Logger }

// Write implements io.Writer: one call is one line.
func (w lines) Write(p []byte) (int, error) {
	text := strings.TrimSpace(string(p[:min(len(p), maxLine)]))
	w.log.Warn("http server", "error", strings.ToValidUTF8(text, "\ufffd"))
	return len(p), nil
}

// since is a duration as metrics count it: seconds.
func since(d time.Duration) float64 { return max(d, 0).Seconds() }
