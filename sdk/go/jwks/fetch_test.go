package jwks

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"authsec/sdk/go/jws"
)

const oauthPath = "/.well-known/oauth-authorization-server"

func TestMetadataAddresses(t *testing.T) {
	for issuer, want := range map[string][]string{
		"https://a.example":     {"https://a.example" + oauthPath},
		"https://a.example/":    {"https://a.example" + oauthPath},
		"https://a.example/b/c": {"https://a.example" + oauthPath + "/b/c", "https://a.example/b/c" + oauthPath},
		"https://a.example/b/":  {"https://a.example" + oauthPath + "/b", "https://a.example/b" + oauthPath},
		"https://a.example/%2F": {"https://a.example" + oauthPath + "/%2F", "https://a.example/%2F" + oauthPath},
	} {
		if got := OAuthMetadata(issuer); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", issuer, got, want)
		}
	}
	for issuer, want := range map[string]string{
		"https://a.example":    "https://a.example/.well-known/openid-configuration",
		"https://a.example/":   "https://a.example/.well-known/openid-configuration",
		"https://a.example/b/": "https://a.example/b/.well-known/openid-configuration",
	} {
		if got := OpenIDMetadata(issuer); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: got %v, want %s", issuer, got, want)
		}
	}
}

// tenant is an issuer below a path, with its keys and metadata.
func tenant(t *testing.T, path, issuer string) *httptest.Server {
	t.Helper()
	keys, err := os.ReadFile("../../../testdata/vectors/jwks.json")
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=120")
		_, _ = w.Write(keys)
	})
	mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"issuer":"` + issuer + `","jwks_uri":"https://issuer.example.com/keys"}`))
	})
	s := httptest.NewTLSServer(mux)
	t.Cleanup(s.Close)
	return s
}

// An httptest client resolves every name under example.com to its server.
func remoteOptions(s *httptest.Server, metadata func(string) []string) Options {
	return Options{
		Issuer: "https://issuer.example.com/tenant", Metadata: metadata, Policy: Policy{Algorithms: []string{jws.RS256}},
		Client: s.Client(), MaxStaleness: staleness, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	}
}

func TestMetadataBehindAPath(t *testing.T) {
	for path, metadata := range map[string]func(string) []string{
		"/tenant" + oauthPath: OAuthMetadata, oauthPath + "/tenant": OAuthMetadata,
		"/tenant/.well-known/openid-configuration": OpenIDMetadata,
	} {
		s := tenant(t, path, "https://issuer.example.com/tenant")
		keys, age, err := newFetcher(remoteOptions(s, metadata)).fetch(context.Background())
		if err != nil || keys.Len() != 2 || age != 2*time.Minute {
			t.Errorf("%s: got %v for %s and error %v: want 2 keys for 2m", path, keys, age, err)
		}
		r, err := NewRemote(remoteOptions(s, metadata))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(r.Close)
		if key, err := r.Key(t.Context(), "vector-a", jws.RS256); err != nil || key == nil {
			t.Errorf("%s: %v", path, err)
		}
		if _, err := r.Key(t.Context(), "vector-a", jws.ES256); !errors.Is(err, ErrUnknown) {
			t.Errorf("%s: an RSA key for ES256: %v", path, err)
		}
	}
	s := tenant(t, "/tenant/.well-known/openid-configuration", "https://other.example.com")
	r, err := NewRemote(remoteOptions(s, OpenIDMetadata))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	if _, err := r.Key(t.Context(), "vector-a", jws.RS256); !errors.Is(err, ErrUnavailable) {
		t.Errorf("metadata that speaks for another issuer: %v", err)
	}
}

func TestNewRemoteNamesEveryFault(t *testing.T) {
	_, err := NewRemote(Options{Issuer: "http://user:password@issuer.example.com", MaxStaleness: time.Minute})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{"address of the keys", "max staleness", "clock"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not mention %s: %v", want, err)
		}
	}
	if strings.Contains(err.Error(), "password@") {
		t.Errorf("the error quotes a password: %v", err)
	}
	if err := CheckURL("http://issuer.example.com", false); !errors.Is(err, ErrPlainHTTP) {
		t.Errorf("http of another machine: %v", err)
	}
	if err := CheckURL("http://issuer.example.com", true); err != nil {
		t.Errorf("allowed knowingly: %v", err)
	}
}

func TestMaxAge(t *testing.T) {
	for _, c := range []struct {
		values []string
		want   time.Duration
	}{
		{nil, 0},
		{[]string{"public"}, 0},
		{[]string{"max-age=60"}, time.Minute},
		{[]string{"public, Max-Age=60"}, time.Minute},
		{[]string{"public", "max-age=60"}, time.Minute},
		{[]string{`max-age="60"`}, time.Minute},
		{[]string{"max-age=0"}, time.Nanosecond},
		{[]string{"max-age=-1"}, 0},
		{[]string{"max-age=soon"}, 0},
		{[]string{"max-age=99999999999999999999"}, 0},
		{[]string{"no-store"}, time.Nanosecond},
		{[]string{"max-age=60, no-cache"}, time.Nanosecond},
		{[]string{",,=,"}, 0},
	} {
		if got := maxAge(http.Header{"Cache-Control": c.values}); got != c.want {
			t.Errorf("%q: got %s, want %s", c.values, got, c.want)
		}
	}
}
