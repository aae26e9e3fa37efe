package httpapi

import (
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"authsec/internal/domain"
	"authsec/internal/httpapi/wire"
)

// outermost is what every request walks through first: an ID, a bound on its
// body, safe headers, recovery, the check of Host, a log line.
func (s *server) outermost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := s.Now()
		info := &wire.Request{ID: s.requestID(), IP: peerIP(r)}
		if r.TLS != nil {
			info.Certificates = r.TLS.PeerCertificates
		}
		info.Unix = overUnixSocket(r)
		if !wire.Forwarded(r) {
			info.Peer = wire.PeerFromContext(r.Context())
		}
		front := r
		r = r.WithContext(wire.NewContext(r.Context(), info))
		if r.Body != nil {
			r.Body = http.MaxBytesReader(w, r.Body, wire.MaxBody)
		}
		h := w.Header()
		h.Set("X-Request-Id", info.ID)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		// Nothing we answer is a page but the console's, which says so itself.
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		if s.PublicURL.Scheme == "https" {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		answer := &answer{ResponseWriter: w}
		defer s.finish(answer, r, info, start)
		defer s.recoverPanic(answer, r)
		if !s.knownHost(r) {
			failFor(r)(answer, r, domain.Errorf(domain.Misdirected, "misdirected_request",
				"This server does not answer for that host. Use its public URL, %s.", s.PublicURL))
			return
		}
		next.ServeHTTP(answer, r)
		// Tracing, further out, names its span by the request that it passed in.
		front.Pattern = answer.route
	})
}

// failFor chooses how an error looks before the route is known.
func failFor(r *http.Request) func(http.ResponseWriter, *http.Request, error) {
	if strings.HasPrefix(r.URL.Path, "/api/") {
		return wire.Problem
	}
	return wire.OAuthError
}

// requestID is ours alone: one that a caller sends could forge another's log lines.
func (s *server) requestID() string {
	id, err := domain.NewID(s.Random)
	if err != nil {
		return "unavailable"
	}
	return id
}

// knownHost refuses names that are not ours (DNS rebinding): a page of another
// site whose name was pointed at this machine sends that site's name.
func (s *server) knownHost(r *http.Request) bool {
	if strings.EqualFold(r.Host, s.PublicURL.Host) {
		return true
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	if strings.EqualFold(host, s.PublicURL.Hostname()) {
		return true
	}
	// The name for which TLS was made cannot be rebound: a browser got this
	// server's certificate for it, and a SPIFFE client asks for an ID, by any name.
	if r.TLS != nil && r.TLS.ServerName != "" && strings.EqualFold(host, r.TLS.ServerName) {
		return true
	}
	local := localAddr(r)
	if strings.EqualFold(host, "localhost") {
		return local.IsLoopback() || overUnixSocket(r)
	}
	// An address cannot be rebound: probes call the one they connected to.
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && ip.Unmap() == local
}

// overUnixSocket reports whether the connection was made on this machine, by
// something that is no browser.
func overUnixSocket(r *http.Request) bool {
	a, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return ok && a.Network() == "unix"
}

// localAddr is the address at which the connection arrived.
func localAddr(r *http.Request) netip.Addr {
	a, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok {
		return netip.Addr{}
	}
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap().WithZone("")
}

// recoverPanic answers 500 and logs the stack, which never leaves.
func (s *server) recoverPanic(w *answer, r *http.Request) {
	p := recover()
	if p == nil {
		return
	}
	if p == http.ErrAbortHandler { //nolint:errorlint // compared as net/http does
		panic(p)
	}
	s.Log.ErrorContext(r.Context(), "panic in a handler", "request_id", wire.FromContext(r.Context()).ID,
		"panic", p, "stack", string(debug.Stack()))
	if w.status == 0 {
		failFor(r)(w, r, &domain.Error{Kind: domain.Internal, Code: "panic"})
		return
	}
	// Half an answer must not pass for a whole one: net/http cuts the connection.
	panic(http.ErrAbortHandler)
}

// finish writes the access log's line and observes the request. The line holds
// no query, since a client may wrongly put a secret there.
func (s *server) finish(w *answer, r *http.Request, info *wire.Request, start time.Time) {
	took := s.Now().Sub(start)
	status := w.status
	if status == 0 {
		status = http.StatusOK
	}
	route := w.route
	if route == "" {
		route = "unmatched"
	}
	s.Metrics.ObserveRequest(route, knownMethod(r.Method), status, took)
	level := slog.LevelInfo
	args := []any{"request_id", info.ID, "method", knownMethod(r.Method), "route", route, "status", status,
		"bytes", w.bytes, "duration_ms", float64(took.Microseconds()) / 1000, "ip", info.IP}
	if info.Caller != nil {
		args = append(args, "user_id", info.Caller.UserID, "via", string(info.Caller.Via))
	}
	if info.Err != nil {
		args = append(args, "error", info.Err)
		if status >= http.StatusInternalServerError {
			level = slog.LevelError
		}
	}
	s.Log.Log(r.Context(), level, "request", args...)
}

// knownMethod keeps what callers invent out of labels and logs.
func knownMethod(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "other"
}

// route notes which route was taken.
func (s *server) route(pattern string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a, ok := w.(*answer); ok {
			a.route = pattern
		}
		next.ServeHTTP(w, r)
	})
}

// answer notes what was answered.
type answer struct {
	http.ResponseWriter
	route  string
	status int
	bytes  int64
}

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (a *answer) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	n, err := a.ResponseWriter.Write(b)
	a.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
