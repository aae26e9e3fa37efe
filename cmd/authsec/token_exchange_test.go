package main_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"authsec/sdk/go/dpop"
)

// tokenEndpoint is a server's, which notes what it was asked and answers as it is told.
type tokenEndpoint struct {
	mu     sync.Mutex
	asked  []asked
	status int
	body   string
	nonce  string // demanded of every DPoP proof, "" : none is
	never  bool   // it is content with none
}

type asked struct {
	form         url.Values
	user, secret string
	proof        dpop.Proof
	fault        error
}

func (e *tokenEndpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	a := asked{fault: r.ParseForm()}
	a.form = r.PostForm
	a.user, a.secret, _ = r.BasicAuth()
	if r.Method != http.MethodPost || r.URL.Path != "/oauth2/token" || r.URL.RawQuery != "" {
		a.fault = fmt.Errorf("asked %s %s", r.Method, r.URL)
	}
	if compact := r.Header.Get("DPoP"); compact != "" {
		var err error
		if a.proof, err = dpop.Parse(compact, dpop.Expectation{Method: http.MethodPost, URL: "http://" + r.Host + "/oauth2/token", Now: time.Now(), Leeway: 30 * time.Second}); err != nil {
			a.fault = err
		}
	}
	e.asked = append(e.asked, a)
	w.Header().Set("Content-Type", "application/json")
	if e.never || (e.nonce != "" && a.proof.Nonce != e.nonce) {
		w.Header().Set("DPoP-Nonce", e.nonce)
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error":"use_dpop_nonce","error_description":"Sign the nonce."}`))
		return
	}
	w.WriteHeader(e.status)
	_, _ = w.Write([]byte(e.body))
}

// answers says how it answers from now on.
func (e *tokenEndpoint) answers(status int, body string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.status, e.body = status, body
}

func (e *tokenEndpoint) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.asked)
}

func (e *tokenEndpoint) last(t *testing.T) asked {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.asked) == 0 || e.asked[len(e.asked)-1].fault != nil {
		t.Fatalf("asked: %+v", e.asked)
	}
	return e.asked[len(e.asked)-1]
}

func TestTokenExchange(t *testing.T) {
	const clientID, answer = "0198c1f2-7a10-7c3e-9b1d-2f4a5b6c7d8e", `{"access_token":"the.new.token","token_type":"Bearer","expires_in":900}`
	e := &tokenEndpoint{status: 200, body: answer}
	server := httptest.NewServer(e)
	defer server.Close()
	d := newDeployment(t)
	subject := d.file("id_token.jwt", "the.persons.token\n")
	exchange := func(more ...string) result {
		return d.run(append([]string{"token", "exchange", "--base-url", server.URL + "/", "--client-id", clientID, "--subject-token-file", subject}, more...)...)
	}

	if r := exchange("--subject-token-type", "id_token", "--role", "customer-support", "--audience", "https://billing.example", "--resource", "https://orders.example",
		"--scope", "billing:read,orders:read", "--ttl", "15m", "--requested-token-type", "jwt", "--delegation-id", "d-1").want(0); r.stdout != "the.new.token\n" || r.stderr != "" {
		t.Errorf("%q %q", r.stdout, r.stderr)
	}
	const types = "urn:ietf:params:oauth:token-type:"
	want := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:token-exchange"}, "subject_token": {"the.persons.token"}, "subject_token_type": {types + "id_token"},
		"requested_token_type": {types + "jwt"}, "role": {"customer-support"}, "audience": {"https://billing.example"}, "resource": {"https://orders.example"},
		"scope": {"billing:read orders:read"}, "ttl": {"900"}, "delegation_id": {"d-1"}, "client_id": {clientID}}
	if got := e.last(t); got.form.Encode() != want.Encode() || got.user != "" {
		t.Errorf("asked %v", got.form)
	}
	var whole object
	if exchange("-o", "json").asJSON(&whole); whole["expires_in"] != 900.0 || e.last(t).form.Get("subject_token_type") != types+"access_token" {
		t.Errorf("%v", whole)
	}

	// Who asks.
	if exchange("--client-secret-file", d.file("secret", "s%cret\n")).want(0); e.last(t).user != clientID || e.last(t).secret != url.QueryEscape("s%cret") || e.last(t).form.Has("client_id") {
		t.Errorf("by a secret: %+v", e.last(t))
	}
	d.env["AUTHSEC_CLIENT_SECRET"] = "of the environment"
	if exchange().want(0); e.last(t).secret != "of+the+environment" {
		t.Errorf("by the environment: %+v", e.last(t))
	}
	exchange("--workload-token-file", subject).want(1, "not both")
	delete(d.env, "AUTHSEC_CLIENT_SECRET")
	if exchange("--workload-token-file", d.file("workload", "the.workloads.token")).want(0); e.last(t).form.Get("client_assertion") != "the.workloads.token" ||
		!strings.HasSuffix(e.last(t).form.Get("client_assertion_type"), ":jwt-bearer") || e.last(t).user != "" {
		t.Errorf("by a workload token: %+v", e.last(t))
	}

	// From standard input.
	c := d.command(t.Context(), "token", "exchange", "--base-url", server.URL, "--client-id", clientID, "--subject-token-file", "-")
	c.Stdin = strings.NewReader("on.standard.input\n")
	if out, err := c.CombinedOutput(); err != nil || e.last(t).form.Get("subject_token") != "on.standard.input" {
		t.Errorf("%v %s", err, out)
	}

	e.answers(400, `{"error":"invalid_request","error_description":"The subject_token has\nexpired."}`)
	exchange().want(1, "The subject_token has expired. (invalid_request, 400)")
	e.answers(502, "<html>")
	exchange().want(1, "502")
	e.answers(200, `{"token":"x"}`)
	exchange().want(1, "base URL")
	for says, args := range map[string][]string{
		"https":      {"--base-url", "http://authsec.example.com"},
		"root":       {"--base-url", "authsec.example.com"},
		"none.jwt":   {"--subject-token-file", "none.jwt"},
		"it is empt": {"--subject-token-file", d.file("empty", "\n")},
	} {
		n := e.count()
		if exchange(args...).want(1, says); e.count() != n {
			t.Errorf("%v: it asked", args)
		}
	}
}

// TestRFC9449_8_ExchangeWithDPoP signs the nonce that the first answer gives.
func TestRFC9449_8_ExchangeWithDPoP(t *testing.T) {
	e := &tokenEndpoint{status: 200, body: `{"access_token":"bound.to.key","token_type":"DPoP"}`, nonce: "n-1"}
	server := httptest.NewServer(e)
	defer server.Close()
	d := newDeployment(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := dpop.NewSigner(key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	sec1, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"token", "exchange", "--base-url", server.URL, "--client-id", "0198c1f2-7a10-7c3e-9b1d-2f4a5b6c7d8e", "--subject-token-file", d.file("subject", "a.b.c"), "--dpop-key-file"}
	parameters := pem.EncodeToMemory(&pem.Block{Type: "EC PARAMETERS", Bytes: []byte{6, 0}})
	for name, content := range map[string][]byte{"PKCS #8": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}),
		"SEC 1": slices.Concat(parameters, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: sec1}))} {
		n := e.count()
		if r := d.run(append(args, d.file("key.pem", string(content)))...).want(0); r.stdout != "bound.to.key\n" {
			t.Errorf("%s: %q", name, r.stdout)
		}
		if got := e.last(t); e.count() != n+2 || got.proof.Nonce != "n-1" || got.proof.Thumbprint != signer.Thumbprint() || got.proof.ID == e.asked[n].proof.ID {
			t.Errorf("%s: %d requests, %+v", name, e.count()-n, got.proof)
		}
	}
	d.run(append(args, d.file("no.pem", "x"))...).want(1, "openssl genpkey")
	d.run(append(args, d.file("bad.pem", string(bytes.Replace(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), []byte("MIG"), []byte("AAA"), 1))))...).want(1, "no private key")
	// A server that is never content is not asked for ever.
	n := e.count()
	e.mu.Lock()
	e.never = true
	e.mu.Unlock()
	if d.run(append(args, d.file("key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))))...).want(1, "use_dpop_nonce"); e.count() != n+2 {
		t.Errorf("%d requests", e.count()-n)
	}
}

// TestTokenExchangeHandsOn: the real server, a token that one agent hands to
// another, and what inspect says of it.
func TestTokenExchangeHandsOn(t *testing.T) {
	d, admin := house(t)
	first, _ := admin.agent("Front desk", "kubernetes")
	second, secret := admin.agent("Ledger", "other")
	lent := delegationOf(first)
	lent["sub_agents"] = []string{second}
	id := admin.call(201, "POST", "/api/v1/delegations", lent).text("id")
	token := d.client().call(200, "GET", sdkPath+first, nil).text("token")
	exchange := []string{"token", "exchange", "--base-url", d.base, "--client-id", second, "--subject-token-file", d.file("handed.jwt", token), "--client-secret-file", d.file("secret", secret)}
	handed := strings.TrimSpace(d.run(append(exchange, "--scope", "billing:read")...).want(0).stdout)
	got := d.wantInspection("handed on", handed, nil)
	if len(got.Actors) != 2 || got.Actors[0].text("name") != "Ledger" || got.Actors[1].text("name") != "Front desk" {
		t.Errorf("actors %v", got.Actors)
	}
	if r := d.run("token", "inspect", d.file("token.jwt", handed)).want(0); !strings.Contains(r.stdout, "from Front desk, spiffe://") {
		t.Errorf("printed:\n%s", r.stdout)
	}
	if r := d.run("agent", "suspend", second).want(0); !strings.Contains(r.stdout, "1 index recalled, with 1 token") {
		t.Errorf("printed: %s", r.stdout)
	}
	d.wantInspection("its holder is suspended", handed, []string{"recall:recalled", "authority:agent_suspended"})
	d.wantInspection("the first agent's own", token, nil)
	d.run("agent", "activate", second).want(0)
	d.run(exchange...).want(0)
	if r := d.run("delegation", "disable", id).want(0); !strings.Contains(r.stdout, "2 indexes recalled, with 2 tokens") {
		t.Errorf("printed: %s", r.stdout)
	}
	d.run(exchange...).want(1, "invalid_request")
}
