package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"authsec/sdk/go/verify"
)

const agent = "spiffe://authsec.local/agent/1"

// issuer is an AuthSec server as far as this API can see one.
type issuer struct {
	url      string
	key      *rsa.PrivateKey
	inactive *sync.Map // tokens
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	mux.HandleFunc("GET /.well-known/oauth-authorization-server", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]string{"issuer": server.URL, "jwks_uri": server.URL + "/.well-known/jwks.json"})
	})
	mux.HandleFunc("GET /.well-known/jwks.json", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &key.PublicKey, KeyID: "k1", Algorithm: "RS256", Use: "sig"}}})
	})
	i := &issuer{url: server.URL, key: key, inactive: &sync.Map{}}
	mux.HandleFunc("POST /oauth2/introspect", func(w http.ResponseWriter, r *http.Request) {
		if id, secret, _ := r.BasicAuth(); id != "res-1" || secret != "s3cret" {
			writeJSON(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
			return
		}
		_, inactive := i.inactive.Load(r.PostFormValue("token"))
		writeJSON(w, http.StatusOK, map[string]bool{"active": !inactive})
	})
	return i
}

// token returns a token that allows scope, with claims changed.
func (i *issuer) token(t *testing.T, scope string, changes map[string]any) string {
	t.Helper()
	now := time.Now().Unix()
	claims := map[string]any{
		"iss": i.url, "sub": "user-7", "aud": "authsec-api", "client_id": "1", "jti": "j", "email": "ada@example.com",
		"act": map[string]string{"sub": agent, "client_id": "1"}, "exp": now + 300, "iat": now, "nbf": now, "scope": scope,
	}
	maps.Copy(claims, changes)
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: i.key, KeyID: "k1"}},
		(&jose.SignerOptions{}).WithType("at+jwt"))
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func newAPI(t *testing.T, i *issuer, log io.Writer) http.Handler {
	t.Helper()
	logger := slog.New(slog.NewTextHandler(log, nil))
	verifier, err := verify.New(i.url, "authsec-api", verify.WithLogger(logger))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(verifier.Close)
	return newHandler(verifier, newLedger(), logger)
}

func TestRoutes(t *testing.T) {
	i := newIssuer(t)
	var log strings.Builder
	api := newAPI(t, i, &log)
	read, both := i.token(t, "billing:read", nil), i.token(t, "billing:read billing:refund", nil)
	const bill = "/billing/customers/cust_42"
	const refunds = bill + "/refunds"
	for _, c := range []struct {
		name, method, path, token, body string
		status                          int
		want                            string
	}{
		{"health", "GET", "/healthz", "", "", 200, `"ok"`},
		{"bill", "GET", bill, read, "", 200, `{"customer_id":"cust_42","plan":"team","balance":129.50,"currency":"EUR","invoices":[` +
			`{"id":"inv_2026_0142","date":"2026-04-01","amount":129.50,"status":"paid"},` +
			`{"id":"inv_2026_0242","date":"2026-05-01","amount":129.50,"status":"open"}],` +
			`"accessed_by":{"user":"user-7","email":"ada@example.com","agent":"` + agent + `"}}`},
		{"no invoices", "GET", "/billing/customers/cust_123", read, "", 200, `"invoices":[]`},
		{"unknown customer", "GET", "/billing/customers/cust_1", read, "", 404, `"unknown_customer"`},
		{"hostile customer", "GET", "/billing/customers/%27%20OR%201%3D1", read, "", 404, `"unknown_customer"`},
		{"no token", "GET", bill, "", "", 401, `"token_required"`},
		{"bad token", "GET", bill, read + "x", "", 401, `"invalid_token"`},
		{"wrong action", "GET", bill, i.token(t, "billing:refund", nil), "", 403, `"insufficient_scope"`},
		{"other audience", "GET", bill, i.token(t, "billing:read", map[string]any{"aud": "other"}), "", 401, `"invalid_token"`},
		{"expired", "GET", bill, i.token(t, "billing:read", map[string]any{"exp": 1}), "", 401, `"invalid_token"`},
		{"unknown customer tells nothing without a token", "GET", "/billing/customers/cust_1", "", "", 401, `"token_required"`},
		{"no such route", "GET", "/billing", read, "", 404, `"not_found"`},
		{"no such method", "DELETE", bill, both, "", 404, `"not_found"`},

		{"refund without the action", "POST", refunds, read, `{"amount":1,"reason":"late"}`, 403, `"insufficient_scope"`},
		{"refund", "POST", refunds, both, `{"amount":100.5,"reason":"late"}`, 201, `{"refund_id":"ref_0001","customer_id":"cust_42","amount":100.50,"currency":"EUR","reason":"late","accessed_by":{`},
		{"more than is left", "POST", refunds, both, `{"amount":29.01,"reason":"late"}`, 422, `"invalid_refund"`},
		{"all that is left", "POST", refunds, both, `{"amount":29,"reason":"late"}`, 201, `"ref_0002"`},
		{"nothing is left", "POST", refunds, both, `{"amount":0.01,"reason":"late"}`, 422, `"invalid_refund"`},
		{"no amount", "POST", refunds, both, `{"reason":"late"}`, 422, `"invalid_refund"`},
		{"no reason", "POST", refunds, both, `{"amount":1,"reason":" "}`, 422, `"invalid_refund"`},
		{"long reason", "POST", refunds, both, `{"amount":1,"reason":"` + strings.Repeat("x", 201) + `"}`, 422, `"invalid_refund"`},
		{"negative", "POST", refunds, both, `{"amount":-1,"reason":"late"}`, 400, `"invalid_request"`},
		{"three decimals", "POST", refunds, both, `{"amount":1.001,"reason":"late"}`, 400, `"invalid_request"`},
		{"exponent", "POST", refunds, both, `{"amount":1e9,"reason":"late"}`, 400, `"invalid_request"`},
		{"null", "POST", refunds, both, `{"amount":null,"reason":"late"}`, 400, `"invalid_request"`},
		{"unknown field", "POST", refunds, both, `{"amount":1,"reason":"late","to":"me"}`, 400, `"invalid_request"`},
		{"two bodies", "POST", refunds, both, `{"amount":1,"reason":"late"}{}`, 400, `"invalid_request"`},
		{"no body", "POST", refunds, both, ``, 400, `"invalid_request"`},
		{"huge body", "POST", refunds, both, `{"reason":"` + strings.Repeat("x", maxBodyBytes) + `"}`, 400, `"invalid_request"`},
		{"refund to nobody", "POST", "/billing/customers/cust_1/refunds", both, `{"amount":1,"reason":"late"}`, 404, `"unknown_customer"`},
	} {
		r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
		if c.token != "" {
			r.Header.Set("Authorization", "Bearer "+c.token)
		}
		w := httptest.NewRecorder()
		api.ServeHTTP(w, r)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) || !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s: got %d %s\nwant %d %s", c.name, w.Code, w.Body, c.status, c.want)
		}
	}
	if !strings.Contains(log.String(), "status=403") {
		t.Error("requests are not logged")
	}
	for _, token := range []string{read, both} {
		if strings.Contains(log.String(), token[len(token)-20:]) {
			t.Error("a token is in the log")
		}
	}
}

func TestRefundsAreBounded(t *testing.T) {
	l := newLedger()
	for range maxRefunds {
		if _, err := l.refund("cust_42", 1, "late"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.refund("cust_42", 1, "late"); err != errFull {
		t.Errorf("got %v: want errFull", err)
	}
}

// The whole program: it starts, serves, and stops when asked.
func TestRun(t *testing.T) {
	i := newIssuer(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	address, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() {
		args := []string{"--listen", "127.0.0.1:0", "--issuer", i.url, "--log-format", "json"}
		ended <- run(ctx, args, io.Discard, func(a net.Addr) { address <- a })
	}()
	var base string
	select {
	case a := <-address:
		base = "http://" + a.String()
	case err := <-ended:
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/billing/customers/cust_42", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+i.token(t, "billing:read", nil))
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("got status %d: want 200", resp.StatusCode)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("it ended with %v", err)
	}
}

func TestRunRefusesBadFlags(t *testing.T) {
	for _, args := range [][]string{
		{"--issuer", "http://authsec:7468"},
		{"--issuer", "localhost"},
		{"--audience", ""},
		{"--log-format", "xml"},
		{"--listen", "nowhere"},
		{"--unknown"},
		{"argument"},
	} {
		err := run(t.Context(), args, io.Discard, func(net.Addr) { t.Errorf("%v: it started", args) })
		if err == nil {
			t.Errorf("%v: accepted", args)
		}
	}
	// With --plain-http the first one is an answer, and only the port is not to be had.
	err := run(t.Context(), []string{"--issuer", "http://authsec:7468", "--plain-http", "--listen", "127.0.0.1:99999"}, io.Discard, func(net.Addr) {})
	if err == nil || strings.Contains(err.Error(), "https") {
		t.Errorf("got %v: want an error of the address to listen on", err)
	}
}
