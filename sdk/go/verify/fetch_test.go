package verify

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"authsec/sdk/go/jwks"

	"github.com/go-jose/go-jose/v4"
)

// clock is a time that moves only when told.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Unix(1780000000, 0)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// issuerServer speaks for https://authsec.example.com: an httptest client
// resolves every name under example.com to its server.
type issuerServer struct {
	mux     *http.ServeMux
	server  *httptest.Server
	fetches atomic.Int64 // of the keys
	jwks    atomic.Pointer[[]byte]
}

const metadataPath = "/.well-known/oauth-authorization-server"

func newIssuerServer(t *testing.T, metadata string) *issuerServer {
	t.Helper()
	i := &issuerServer{mux: http.NewServeMux()}
	i.publish(loadVectors(t).jwks)
	if metadata != "" {
		i.mux.HandleFunc("GET "+metadataPath, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(metadata)) })
	}
	i.mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		i.fetches.Add(1)
		w.Header().Set("Cache-Control", "public, max-age=120")
		_, _ = w.Write(*i.jwks.Load())
	})
	i.server = httptest.NewTLSServer(i.mux)
	t.Cleanup(i.server.Close)
	return i
}

func (i *issuerServer) publish(jwks []byte) { i.jwks.Store(&jwks) }

func (i *issuerServer) options(more ...Option) []Option {
	return append([]Option{WithHTTPClient(i.server.Client()), WithLogger(slog.New(slog.DiscardHandler)), keysFromIssuer}, more...)
}

// keysFromIssuer undoes the WithKeys of vectors.verifier.
func keysFromIssuer(s *settings) { s.static = nil }

const goodMetadata = `{"issuer":"https://authsec.example.com","jwks_uri":"https://authsec.example.com/keys"}`

func TestDiscoveredKeysVerify(t *testing.T) {
	v := loadVectors(t)
	i := newIssuerServer(t, goodMetadata)
	verifier := v.verifier(t, i.options()...)
	for range 3 {
		if _, err := verifier.Verify(t.Context(), v.token(t, "valid_minimal")); err != nil {
			t.Fatal(err)
		}
	}
	if got := i.fetches.Load(); got != 1 {
		t.Errorf("got %d fetches: want 1", got)
	}
}

func TestKeyRotation(t *testing.T) {
	v := loadVectors(t)
	i := newIssuerServer(t, goodMetadata)
	clock := newClock()
	verifier := v.verifier(t, i.options(WithClock(clock.now))...)
	old, fresh := v.token(t, "valid_minimal"), v.token(t, "valid_second_key")
	check := func(step, token string, want error) {
		t.Helper()
		if _, err := verifier.Verify(t.Context(), token); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", step, err, want)
		}
	}
	i.publish(only(t, v.jwks, "vector-a"))
	check("the first key", old, nil)
	check("the second key, not published", fresh, ErrUnknownKey)
	i.publish(only(t, v.jwks, "vector-a", "vector-b"))
	clock.advance(jwks.RefreshInterval)
	check("the second key, just published", fresh, nil)
	check("the first key still", old, nil)
	i.publish(only(t, v.jwks, "vector-b"))
	clock.advance(jwks.RefreshInterval)
	check("the first key, withdrawn but in the cache", old, nil)
	clock.advance(2 * time.Minute)
	check("the first key, withdrawn and out of the cache", old, ErrUnknownKey)
	check("the second key still", fresh, nil)
}

// only keeps the named keys of a JWK Set.
func only(t *testing.T, jwks []byte, ids ...string) []byte {
	t.Helper()
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(jwks, &set); err != nil {
		t.Fatal(err)
	}
	set.Keys = slices.DeleteFunc(set.Keys, func(k jose.JSONWebKey) bool { return !slices.Contains(ids, k.KeyID) })
	text, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestDiscoveryRefuses(t *testing.T) {
	v := loadVectors(t)
	local := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(v.jwks) }))
	t.Cleanup(local.Close)
	for name, metadata := range map[string]string{
		"no metadata":       "",
		"another issuer":    `{"issuer":"https://evil.example.com","jwks_uri":"https://authsec.example.com/keys"}`,
		"a trailing slash":  `{"issuer":"https://authsec.example.com/","jwks_uri":"https://authsec.example.com/keys"}`,
		"no issuer":         `{"jwks_uri":"https://authsec.example.com/keys"}`,
		"issuer twice":      `{"issuer":"https://evil.example.com","issuer":"https://authsec.example.com","jwks_uri":"https://authsec.example.com/keys"}`,
		"no jwks_uri":       `{"issuer":"https://authsec.example.com"}`,
		"plain http":        `{"issuer":"https://authsec.example.com","jwks_uri":"http://authsec.example.com/keys"}`,
		"plain http, local": `{"issuer":"https://authsec.example.com","jwks_uri":"` + local.URL + `"}`,
		"a file":            `{"issuer":"https://authsec.example.com","jwks_uri":"file:///etc/passwd"}`,
		"not JSON":          `<html>`,
		"too long":          `{"issuer":"https://authsec.example.com","jwks_uri":"https://authsec.example.com/keys","x":""}` + strings.Repeat(" ", 1<<20),
	} {
		i := newIssuerServer(t, metadata)
		if _, err := v.verifier(t, i.options()...).Verify(t.Context(), v.token(t, "valid_minimal")); !errors.Is(err, ErrKeysUnavailable) {
			t.Errorf("%s: got %v, want ErrKeysUnavailable", name, err)
		}
		if i.fetches.Load() != 0 {
			t.Errorf("%s: the keys were fetched", name)
		}
	}
}

func TestKeyFetchRefuses(t *testing.T) {
	v := loadVectors(t)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(v.jwks) }))
	t.Cleanup(elsewhere.Close)
	write := func(body []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) }
	}
	redirect := func(to string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) }
	}
	padded := string(v.jwks) + strings.Repeat(" ", 1<<20)
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    error
	}{
		"as it should be":            {write(v.jwks), nil},
		"redirect within the origin": {redirect("/keys"), nil},
		"redirect to another host":   {redirect("https://evil.example.com/keys"), ErrKeysUnavailable},
		"redirect to another scheme": {redirect(elsewhere.URL), ErrKeysUnavailable},
		"too long":                   {write([]byte(padded)), ErrKeysUnavailable},
		"not JSON":                   {write([]byte("<html>")), ErrKeysUnavailable},
		"not found":                  {http.NotFound, ErrKeysUnavailable},
		"an error with keys": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = w.Write(v.jwks)
		}, ErrKeysUnavailable},
		"cut off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100000")
			_, _ = w.Write(v.jwks)
		}, ErrKeysUnavailable},
	} {
		i := newIssuerServer(t, "")
		i.mux.HandleFunc("GET /moved", c.handler)
		verifier := v.verifier(t, i.options(WithJWKSURL("https://authsec.example.com/moved"))...)
		if _, err := verifier.Verify(t.Context(), v.token(t, "valid_minimal")); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

func TestRedirectsAreBounded(t *testing.T) {
	v := loadVectors(t)
	i := newIssuerServer(t, "")
	asked := 0
	i.mux.HandleFunc("GET /moved", func(w http.ResponseWriter, r *http.Request) {
		asked++
		if asked > 20 {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		http.Redirect(w, r, "/moved", http.StatusFound)
	})
	verifier := v.verifier(t, i.options(WithJWKSURL("https://authsec.example.com/moved"))...)
	if _, err := verifier.Verify(t.Context(), v.token(t, "valid_minimal")); !errors.Is(err, ErrKeysUnavailable) {
		t.Errorf("got %v, want ErrKeysUnavailable", err)
	}
	if asked != 4 {
		t.Errorf("asked %d times: want the first and three redirects", asked)
	}
}
