package httpapi

import (
	"net/http"
	"net/netip"
	"strings"

	"authsec/internal/domain"
	"authsec/internal/httpapi/wire"
)

// guard lets through who may call.
func (s *server) guard(access who, next http.Handler) http.Handler {
	switch {
	case access.public:
		return next
	case access.workload, access.resource:
		return noBrowsers(next)
	}
	return wire.Handler{Fail: wire.Problem, Serve: func(w http.ResponseWriter, r *http.Request) error {
		info := wire.FromContext(r.Context())
		if access.metrics && direct(r, info.IP) {
			next.ServeHTTP(w, r)
			return nil
		}
		id, err := s.authenticate(w, r, info)
		if err != nil {
			return err
		}
		info.Caller, info.Session = &id.Caller, id.Session
		switch {
		case access.metrics && !id.Caller.ReadsAll(), !access.metrics && !access.may(id.Caller.Level):
			return domain.Errorf(domain.Forbidden, "forbidden", "Your level, %s, does not allow this. Ask an admin.", id.Caller.Level)
		case access.session && id.Caller.Via != domain.ViaSession:
			return domain.Errorf(domain.Forbidden, "session_required", "An API token cannot do this. Sign in to the console for it.")
		}
		next.ServeHTTP(w, r)
		return nil
	}}
}

// authenticate finds out who is calling: by the session's cookie, or by an API
// token, never by both.
func (s *server) authenticate(w http.ResponseWriter, r *http.Request, info *wire.Request) (Identity, error) {
	headers := r.Header.Values("Authorization")
	cookie := s.Cookie.Read(r)
	switch {
	case len(headers) > 1:
		return Identity{}, domain.Errorf(domain.Invalid, "invalid_request", "The header Authorization is given more than once.")
	case len(headers) == 1:
		scheme, token, _ := strings.Cut(headers[0], " ")
		if !strings.EqualFold(scheme, "Bearer") || len(token) > domain.MaxSecretBytes {
			return Identity{}, unauthenticated()
		}
		return s.Authenticator.APIToken(r.Context(), info.IP, info.ID, domain.Secret(strings.TrimSpace(token)))
	case cookie == "":
		return Identity{}, unauthenticated()
	}
	id, err := s.Authenticator.Session(r.Context(), info.IP, info.ID, cookie)
	if err != nil {
		if domain.KindOf(err) == domain.Unauthenticated {
			http.SetCookie(w, s.Cookie.Clear())
		}
		return Identity{}, err
	}
	if id.Renewed != "" {
		http.SetCookie(w, s.Cookie.Set(id.Renewed, id.Session.ExpiresAt))
	}
	return id, nil
}

func unauthenticated() error {
	return domain.Errorf(domain.Unauthenticated, "unauthenticated", "Sign in, or send an API token as Authorization: Bearer.")
}

// noBrowsers refuses what a page could make a browser send: no page has
// business with tokens, a client_id is public, and a resource's secret is a server's.
func noBrowsers(next http.Handler) http.Handler {
	return wire.Handler{Fail: wire.OAuthError, Serve: func(w http.ResponseWriter, r *http.Request) error {
		site := r.Header.Get("Sec-Fetch-Site")
		if r.Header.Values("Origin") != nil || (site != "" && site != "same-origin" && site != "none") {
			return domain.Errorf(domain.Invalid, "invalid_request", "Browsers cannot call this. Call it from the agent's, or the API's, own process.")
		}
		next.ServeHTTP(w, r)
		return nil
	}}
}

// direct reports whether the peer is this machine and does not forward for another.
func direct(r *http.Request, ip string) bool {
	a, err := netip.ParseAddr(ip)
	if err != nil || !a.IsLoopback() {
		return false
	}
	return !wire.Forwarded(r)
}
