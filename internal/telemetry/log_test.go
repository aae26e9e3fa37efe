package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"authsec/internal/telemetry"

	"go.opentelemetry.io/otel/trace"
)

func logger(t *testing.T, format, level string) (*slog.Logger, *bytes.Buffer) {
	t.Helper()
	var buf bytes.Buffer
	l, err := telemetry.NewLogger(&buf, format, level)
	if err != nil {
		t.Fatal(err)
	}
	return l, &buf
}

func TestJSONLog(t *testing.T) {
	l, buf := logger(t, "json", "info")
	at := time.Date(2026, 5, 21, 8, 25, 36, 123_456_789, time.FixedZone("CEST", 7200))
	l.With("request_id", "r1").WithGroup("g").Info("granted", "ends_at", at, "error", errors.New("a\nb"))
	var line struct {
		Time, Level, Msg string
		RequestID        string `json:"request_id"`
		G                struct {
			EndsAt string `json:"ends_at"`
			Error  string
		}
	}
	if err := json.Unmarshal(buf.Bytes(), &line); err != nil || strings.Count(buf.String(), "\n") != 1 {
		t.Fatalf("%v in %q", err, buf)
	}
	if line.Level != "INFO" || line.Msg != "granted" || line.RequestID != "r1" || line.G.EndsAt != "2026-05-21T06:25:36.123456Z" || line.G.Error != "a\nb" {
		t.Errorf("%+v", line)
	}
	if _, err := time.Parse("2006-01-02T15:04:05.000000Z", line.Time); err != nil {
		t.Errorf("time %q: %v", line.Time, err)
	}
}

// A value cannot forge a line of its own.
func TestTextLog(t *testing.T) {
	l, buf := logger(t, "text", "info")
	l.Info("request", "route", "GET /x\ntime=now level=ERROR msg=forged")
	if strings.Count(buf.String(), "\n") != 1 || !strings.Contains(buf.String(), "level=INFO msg=request route=") {
		t.Errorf("%q", buf)
	}
}

func TestLevels(t *testing.T) {
	for level, want := range map[string]int{"debug": 4, "info": 3, "warn": 2, "error": 1} {
		l, buf := logger(t, "text", level)
		l.Debug("x")
		l.Info("x")
		l.Warn("x")
		l.Error("x")
		if got := strings.Count(buf.String(), "\n"); got != want {
			t.Errorf("level %s writes %d lines, want %d", level, got, want)
		}
	}
	for _, bad := range [][2]string{{"xml", "info"}, {"", "info"}, {"json", "INFO"}, {"json", ""}} {
		if _, err := telemetry.NewLogger(&bytes.Buffer{}, bad[0], bad[1]); err == nil {
			t.Errorf("format %q, level %q are accepted", bad[0], bad[1])
		}
	}
}

func TestLogCarriesTheTrace(t *testing.T) {
	l, buf := logger(t, "json", "info")
	c := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}})
	l.With("a", 1).InfoContext(trace.ContextWithSpanContext(context.Background(), c), "x")
	l.Info("y")
	first, second, _ := strings.Cut(buf.String(), "\n")
	if !strings.Contains(first, `"trace_id":"01000000000000000000000000000000","span_id":"0200000000000000"`) || strings.Contains(second, "trace_id") {
		t.Errorf("%s\n%s", first, second)
	}
}

func TestStdLogger(t *testing.T) {
	l, buf := logger(t, "json", "info")
	telemetry.StdLogger(l).Printf("http: TLS handshake error from %s: %s\n\xff", "192.0.2.1:1", strings.Repeat("x", 1<<20))
	var line struct{ Level, Msg, Error string }
	if err := json.Unmarshal(buf.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	if line.Level != "WARN" || line.Msg != "http server" || !strings.HasPrefix(line.Error, "http: TLS handshake error from 192.0.2.1:1: x") || len(line.Error) > 4096 {
		t.Errorf("%s %s %.80q (%d bytes)", line.Level, line.Msg, line.Error, len(line.Error))
	}
}
