package agent

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"authsec/sdk/go/dpop"
)

// What an API answers decides what is tried again, and what is thrown away.
func TestTransportTriesAgain(t *testing.T) {
	challenge := func(code, nonce string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Add("WWW-Authenticate", "Bearer")
			w.Header().Add("WWW-Authenticate", `DPoP error="`+code+`", algs="ES256"`)
			if nonce != "" {
				w.Header().Set("DPoP-Nonce", nonce)
			}
			w.WriteHeader(http.StatusUnauthorized)
		}
	}
	for name, c := range map[string]struct {
		replies []http.HandlerFunc
		seen    []string // the nonces that the API got
		status  int
		tokens  int // that were fetched
	}{
		"a nonce":                         {[]http.HandlerFunc{challenge(codeNonce, "n-1")}, []string{"", "n-1"}, 200, 1},
		"a nonce that never fits":         {[]http.HandlerFunc{challenge(codeNonce, "n-1"), challenge(codeNonce, "n-2"), challenge(codeNonce, "n-3")}, []string{"", "n-1"}, 401, 1},
		"no nonce given":                  {[]http.HandlerFunc{challenge(codeNonce, "")}, []string{""}, 401, 1},
		"a proof that is not accepted":    {[]http.HandlerFunc{challenge(codeProof, "")}, []string{""}, 401, 1},
		"a token that is not accepted":    {[]http.HandlerFunc{challenge("invalid_token", "")}, []string{"", ""}, 200, 2},
		"a nonce, then another token":     {[]http.HandlerFunc{challenge(codeNonce, "n-1"), challenge("invalid_token", "")}, []string{"", "n-1", "n-1"}, 200, 2},
		"another token, then a nonce":     {[]http.HandlerFunc{challenge("invalid_token", ""), challenge(codeNonce, "n-1")}, []string{"", "", "n-1"}, 200, 2},
		"no token is ever accepted":       {[]http.HandlerFunc{challenge("invalid_token", ""), challenge("invalid_token", ""), challenge("invalid_token", "")}, []string{"", ""}, 401, 2},
		"a nonce beside a good answer":    {[]http.HandlerFunc{func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("DPoP-Nonce", "n-9") }}, []string{""}, 200, 1},
		"a nonce in a challenge of other": {[]http.HandlerFunc{challenge("invalid_token", "n-5")}, []string{"", "n-5"}, 200, 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := newBindingServer(t)
			var seen []string
			tokens := map[string]bool{}
			api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
				tokens[token] = true
				p, err := dpop.Parse(r.Header.Get("DPoP"), dpop.Expectation{Method: "PUT", URL: "http://" + r.Host + "/x", Now: time.Now(), Leeway: dpop.Leeway, AccessToken: token})
				if err != nil {
					t.Error(err)
				}
				seen = append(seen, p.Nonce)
				if len(c.replies) > 0 {
					reply := c.replies[0]
					c.replies = c.replies[1:]
					reply(w, r)
				}
			}))
			t.Cleanup(api.Close)
			agent := client(t, Config{BaseURL: s.URL, HTTPClient: s.Client(), DPoP: true}, nil, "")
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, api.URL+"/x", strings.NewReader("body"))
			if err != nil {
				t.Fatal(err)
			}
			resp, err := agent.Transport(nil, hostOf(t, api.URL)).RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			if resp.Body.Close() != nil || resp.StatusCode != c.status || !slices.Equal(seen, c.seen) || len(tokens) != c.tokens {
				t.Errorf("got %d after the nonces %q with %d tokens: want %d, %q, %d", resp.StatusCode, seen, len(tokens), c.status, c.seen, c.tokens)
			}
		})
	}
}
