package httpapi_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"authsec/internal/domain"
	"authsec/internal/httpapi/sdkapi"
	"authsec/internal/httpapi/wire"
)

type somebody struct{}

func (somebody) Process(context.Context) (domain.Process, error) { return domain.Process{UID: 7}, nil }

// The peer that the connection knows reaches the handlers, unless a header says
// that it speaks for somebody else. Over a Unix socket the server is localhost.
func TestPeerReachesHandlers(t *testing.T) {
	var seen *wire.Request
	h := newHouse(t, options{nobodySignedIn: true, publicURL: "https://authsec.example.com", replace: map[string]http.Handler{sdkapi.Pattern: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		seen = wire.FromContext(r.Context())
	})}})
	socket, tcp := &net.UnixAddr{Net: "unix", Name: "/run/a.sock"}, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 7468}
	for name, c := range map[string]struct {
		local  net.Addr
		peer   domain.Peer
		host   string
		header string
		known  bool
		unix   bool
		status int
	}{
		"Unix socket":             {socket, somebody{}, "localhost", "", true, true, 200},
		"Unix socket, forwarded":  {socket, somebody{}, "localhost", "X-Forwarded-For", false, true, 200},
		"Unix socket, other host": {socket, somebody{}, "evil.example", "", false, true, 421},
		"loopback":                {tcp, somebody{}, "localhost:7468", "", true, false, 200},
		"loopback, forwarded":     {tcp, somebody{}, "localhost:7468", "Via", false, false, 200},
		"nobody knows":            {tcp, nil, "localhost:7468", "", false, false, 200},
	} {
		t.Run(name, func(t *testing.T) {
			seen = nil
			ctx := wire.NewPeerContext(context.WithValue(t.Context(), http.LocalAddrContextKey, c.local), c.peer)
			r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/authsec/uflow/sdk/delegation-token", http.NoBody)
			r.Host = c.host
			if r.RemoteAddr = "@"; !c.unix {
				r.RemoteAddr = "127.0.0.1:40000"
			}
			if c.header != "" {
				r.Header.Set(c.header, "192.0.2.1")
			}
			w := httptest.NewRecorder()
			h.handler.ServeHTTP(w, r)
			if w.Code != c.status {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			if c.status == 200 && ((seen.Peer != nil) != c.known || seen.Unix != c.unix) {
				t.Errorf("peer %v, over a Unix socket %v", seen.Peer, seen.Unix)
			}
		})
	}
}
