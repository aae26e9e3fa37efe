// Package wire is how answers look: it alone maps the kinds of errors to HTTP
// statuses, and writes bodies.
package wire

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"authsec/internal/domain"
)

// MaxBody bounds the body of any request.
const MaxBody = 1 << 20

// Request is what the middleware knows of the request in hand. It travels in
// the context: identifiers, not dependencies.
type Request struct {
	ID string
	IP string // of the connection's peer
	// Certificates is the chain of a TLS client, leaf first, of which the handshake
	// proved only that it holds the leaf's key; empty: none was sent.
	Certificates []*x509.Certificate
	// Peer is the process that opened the connection; nil: it cannot be known, or
	// it speaks for somebody else.
	Peer domain.Peer
	// Unix: it came over a Unix socket, so from this machine.
	Unix bool
	// Caller is who was authenticated; nil at routes that ask for nobody.
	Caller *domain.Caller
	// Session is the one that authenticated; zero if none did.
	Session domain.Session
	// Err is the error that was answered, for the access log.
	Err error
}

type (
	contextKey struct{}
	peerKey    struct{}
)

// NewPeerContext returns a connection's context that carries its peer.
func NewPeerContext(ctx context.Context, p domain.Peer) context.Context {
	return context.WithValue(ctx, peerKey{}, p)
}

// PeerFromContext returns the connection's peer; nil: it cannot be known.
func PeerFromContext(ctx context.Context) domain.Peer {
	p, _ := ctx.Value(peerKey{}).(domain.Peer)
	return p
}

// NewContext returns a context that carries r.
func NewContext(ctx context.Context, r *Request) context.Context {
	return context.WithValue(ctx, contextKey{}, r)
}

// FromContext returns the request's data; never nil.
func FromContext(ctx context.Context) *Request {
	if r, ok := ctx.Value(contextKey{}).(*Request); ok {
		return r
	}
	return &Request{}
}

// Endpoint is one route: a pattern of net/http's mux with its method, and what answers.
type Endpoint struct {
	Pattern string // "GET /healthz"
	Handler http.Handler
}

// Handler is an http.Handler that returns its error instead of writing it.
type Handler struct {
	Serve func(w http.ResponseWriter, r *http.Request) error
	// Fail writes the error: Problem or OAuthError.
	Fail func(w http.ResponseWriter, r *http.Request, err error)
}

// ServeHTTP implements http.Handler.
func (h Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := h.Serve(w, r); err != nil {
		h.Fail(w, r, err)
	}
}

// Status returns the HTTP status of an error's kind.
func Status(k domain.Kind) int {
	switch k {
	case domain.Invalid:
		return http.StatusBadRequest
	case domain.Unauthenticated:
		return http.StatusUnauthorized
	case domain.Forbidden:
		return http.StatusForbidden
	case domain.NotFound:
		return http.StatusNotFound
	case domain.Conflict:
		return http.StatusConflict
	case domain.Gone:
		return http.StatusGone
	case domain.TooLarge:
		return http.StatusRequestEntityTooLarge
	case domain.RateLimited:
		return http.StatusTooManyRequests
	case domain.Unavailable:
		return http.StatusServiceUnavailable
	case domain.MethodNotAllowed:
		return http.StatusMethodNotAllowed
	case domain.Misdirected:
		return http.StatusMisdirectedRequest
	case domain.UnsupportedMedia:
		return http.StatusUnsupportedMediaType
	case domain.Internal:
	}
	return http.StatusInternalServerError
}

// JSON writes v. Answers of the API are never cached: they hold secrets, or
// what a person may see now.
func JSON(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, err = w.Write(append(body, '\n'))
	if err != nil {
		return nil //nolint:nilerr // the peer is gone: nobody to tell
	}
	return nil
}

// public returns the error that may be shown for err: its own, or a plain one.
func public(err error) *domain.Error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return domain.Errorf(domain.TooLarge, "too_large", "The body is larger than %d bytes.", tooLarge.Limit)
	}
	var e *domain.Error
	if !errors.As(err, &e) || e.Kind == domain.Internal {
		return domain.Errorf(domain.Internal, "internal_error", "Something failed on our side. Tell an administrator the request ID; the log has the cause.")
	}
	shown := *e
	if shown.Code == "" {
		shown.Code = shown.Kind.String()
	}
	return &shown
}

// retryAfter sets the header where the kind of error calls for one.
func retryAfter(w http.ResponseWriter, e *domain.Error) {
	if e.Kind != domain.RateLimited && e.Kind != domain.Unavailable {
		return
	}
	wait := max(int(math.Ceil(e.RetryAfter.Seconds())), 1)
	w.Header().Set("Retry-After", strconv.Itoa(wait))
}

// Forwarded reports whether a header says that the request comes from beyond its
// connection's peer.
func Forwarded(r *http.Request) bool {
	for _, h := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Via"} {
		if r.Header.Values(h) != nil {
			return true
		}
	}
	return false
}

// Words reads a query parameter that lists names, separated by spaces or commas.
func Words(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' })
}

// Seconds is a time as answers give it: RFC 3339, UTC, whole seconds.
func Seconds(t time.Time) string { return t.UTC().Truncate(time.Second).Format(time.RFC3339) }
