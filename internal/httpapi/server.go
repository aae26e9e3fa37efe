// Package httpapi is the server's front door: the table of routes and who may
// call them, and the middleware that every request walks through.
package httpapi

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"authsec/internal/domain"
	"authsec/internal/httpapi/wire"
)

// Identity is who was authenticated.
type Identity struct {
	Caller  domain.Caller
	Session domain.Session // zero for an API token
	Renewed domain.Secret  // the session's new secret, if it got one
}

// Authenticator finds out who holds a secret. Unauthenticated: nobody.
type Authenticator interface {
	Session(ctx context.Context, ip, requestID string, secret domain.Secret) (Identity, error)
	APIToken(ctx context.Context, ip, requestID string, secret domain.Secret) (Identity, error)
}

// Metrics observes answered requests.
type Metrics interface {
	ObserveRequest(route, method string, status int, took time.Duration)
}

// Config is what the front door needs. All fields but Trace are required.
type Config struct {
	PublicURL     *url.URL
	Endpoints     []wire.Endpoint // of all the packages below
	Authenticator Authenticator
	Cookie        wire.SessionCookie
	Metrics       Metrics
	Log           *slog.Logger
	Now           func() time.Time
	Random        io.Reader
}

// deadline bounds the work on one request, but for what streams.
const deadline = 20 * time.Second

func withDeadline(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), deadline)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// New returns the server's handler. It fails when an endpoint is missing from
// the table of routes, or a route of the table has no endpoint.
func New(c Config) (http.Handler, error) {
	table := routes()
	mux := http.NewServeMux()
	s := &server{Config: c, mux: mux}
	crossOrigin := http.NewCrossOriginProtection()
	if err := crossOrigin.AddTrustedOrigin(c.PublicURL.Scheme + "://" + c.PublicURL.Host); err != nil {
		return nil, fmt.Errorf("public URL as an origin: %w", err)
	}
	crossOrigin.SetDenyHandler(wire.Handler{Fail: wire.Problem, Serve: func(http.ResponseWriter, *http.Request) error {
		return domain.Errorf(domain.Forbidden, "cross_origin", "A page of another site cannot change anything here.")
	}})
	seen := map[string]bool{}
	for _, e := range c.Endpoints {
		access, ok := table[e.Pattern]
		switch {
		case !ok:
			return nil, fmt.Errorf("route %q is not in the table of routes", e.Pattern)
		case seen[e.Pattern]:
			return nil, fmt.Errorf("route %q has two endpoints", e.Pattern)
		}
		seen[e.Pattern] = true
		h := s.guard(access, e.Handler)
		if !access.workload && !access.resource {
			h = crossOrigin.Handler(h)
		}
		if !access.stream {
			h = withDeadline(h)
		}
		if e.Pattern == "/" {
			h = s.pagesOnly(h)
		}
		mux.Handle(e.Pattern, s.route(e.Pattern, h))
	}
	for pattern := range table {
		if !seen[pattern] {
			return nil, fmt.Errorf("route %q has no endpoint", pattern)
		}
	}
	return s.outermost(mux), nil
}

// forPrograms are the first segments of what programs call: nothing there is ever
// a page.
func forPrograms() []string {
	return []string{"/api", "/authsec", "/.well-known", "/oauth2", "/healthz", "/readyz", "/metrics"}
}

// pagesOnly stands before the console, which the mux gives all that matches no
// other route. It looks at the path as it is meant: the mux matches escaped paths,
// so that to it "/api%2Fv1" is one segment.
func (s *server) pagesOnly(next http.Handler) http.Handler {
	noRoute := s.route("unmatched", wire.Handler{Serve: s.unmatched, Fail: func(w http.ResponseWriter, r *http.Request, err error) { failFor(r)(w, r, err) }})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		below := func(p string) bool { return r.URL.Path == p || strings.HasPrefix(r.URL.Path, p+"/") }
		if slices.ContainsFunc(forPrograms(), below) {
			noRoute.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

type server struct {
	Config
	mux *http.ServeMux
}

// unmatched tells a wrong method from a wrong path.
func (s *server) unmatched(w http.ResponseWriter, r *http.Request) error {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		probe := r.Clone(r.Context())
		probe.Method = method
		_, pattern := s.mux.Handler(probe)
		if _, ok := routes()[pattern]; ok && pattern != "/" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 {
		return domain.Errorf(domain.NotFound, "not_found", "There is nothing at this path.")
	}
	for _, method := range allowed {
		w.Header().Add("Allow", method)
	}
	return domain.Errorf(domain.MethodNotAllowed, "method_not_allowed", "This path does not take %s.", clipMethod(r.Method))
}

func clipMethod(m string) string { return m[:min(len(m), 10)] }

// peerIP is the address of the connection's peer, as text without port or zone.
func peerIP(r *http.Request) string {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	return ap.Addr().Unmap().WithZone("").String()
}
