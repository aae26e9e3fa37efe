package httpapi_test

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"authsec/internal/attest/oidctest"
	"authsec/internal/attest/spiffetest"
	"authsec/internal/domain"

	"github.com/go-jose/go-jose/v4"
)

const (
	oauthTokenPath = "/oauth2/token"
	jwtBearer      = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	jwtSPIFFE      = "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe"
)

// ask sends a token request with the parameters, in pairs, and the grant where they
// have none; a value that is "" leaves its parameter out.
func (h *house) ask(parameters []string, changes ...request) answer {
	h.t.Helper()
	form := url.Values{}
	if !slices.Contains(parameters, "grant_type") {
		form.Set("grant_type", "client_credentials")
	}
	for i := 0; i < len(parameters); i += 2 {
		if parameters[i+1] == "" {
			continue
		}
		form.Add(parameters[i], parameters[i+1])
	}
	return h.post(form.Encode(), changes...)
}

// post sends a form as it is.
func (h *house) post(form string, changes ...request) answer {
	h.t.Helper()
	return h.call("POST", oauthTokenPath, form, append([]request{header("Content-Type", "application/x-www-form-urlencoded")}, changes...)...)
}

// accessToken is the claims of the token that was answered.
func (a answer) accessToken() map[string]any {
	a.t.Helper()
	t, ok := a.t.(*testing.T)
	if !ok {
		a.t.Fatal("not in a test")
	}
	return claimsOf(t, a.want(200).member("access_token"))
}

// signer is an agent with a key of its own, with something lent to it.
func (h *house) signer(key jose.JSONWebKey) domain.Agent {
	h.t.Helper()
	agent, _, err := h.dir.CreateAgent(h.t.Context(), h.admin.caller(), domain.AgentSpec{Name: "Signer", Type: "custom", Platform: "other"})
	h.must(err)
	public, err := json.Marshal(key.Public())
	h.must(err)
	keys, err := domain.ParseAgentKeys([]json.RawMessage{public})
	h.must(err)
	_, err = h.dir.SetAgentKeys(h.t.Context(), h.admin.caller(), agent.ClientID, keys)
	h.must(err)
	h.delegate(h.member, agent, "billing:read")
	return agent
}

// assert signs a private_key_jwt of the agent; changes replace claims.
func (h *house) assert(key jose.JSONWebKey, agent domain.Agent, changes object) string {
	h.t.Helper()
	id, err := domain.NewID(rand.Reader)
	h.must(err)
	now := h.clock.Now()
	claims := object{"iss": agent.ClientID, "sub": agent.ClientID, "aud": h.publicURL.String() + oauthTokenPath, "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(), "jti": id}
	for name, v := range changes {
		claims[name] = v
	}
	return oidctest.Sign(h.t, key, claims, nil)
}

// TestTokenRFC6749Section5_1 is the answer: its members, and nothing that may be cached.
func TestTokenRFC6749Section5_1(t *testing.T) {
	h := newHouse(t, options{nobodySignedIn: true})
	h.clock.Advance(300 * time.Millisecond)
	h.delegate(h.member, h.secretAgent, "billing:read", "orders:read")
	for asked, scope := range map[string]string{"": "billing:read orders:read", "orders:read billing:read": "billing:read orders:read", "orders:read": "orders:read"} {
		a := h.ask([]string{"scope", asked, "ttl", "600"}, basic(h.secretAgent, h.clientSecret)).want(200)
		var got map[string]any
		h.must(json.Unmarshal([]byte(a.body), &got))
		// RFC 8693 §2.2.1 has issued_token_type for exchanges alone; §4.4.3 wants no refresh token.
		if len(got) != 4 || got["token_type"] != "Bearer" || got["expires_in"] != 599.0 || got["scope"] != scope {
			t.Errorf("%q: %s", asked, a.body)
		}
		if c := a.accessToken(); c["sub"] != h.member.ID || c["client_id"] != h.secretAgent.ClientID || c["scope"] != scope || c["attestation"] != "secret" {
			t.Errorf("%q: claims %v", asked, c)
		}
		if a.header.Get("Cache-Control") != "no-store" || a.header.Get("Pragma") != "no-cache" || a.header.Get("Content-Type") != "application/json" {
			t.Errorf("headers %v", a.header)
		}
	}
}

// TestTokenClientAuthentication takes every way in which a client may authenticate.
func TestTokenClientAuthentication(t *testing.T) {
	h := newHouse(t, options{})
	h.call("POST", "/api/v1/workload-sources", object{"name": "Actions", "kind": "oidc", "oidc": githubSource()}, h.as(h.admin)).want(201)
	h.delegate(h.member, h.secretAgent, "billing:read")
	key := oidctest.NewKey(t, "a", "ES256")
	runner, signer := h.runner(), h.signer(key)
	secret := h.clientSecret.Reveal()
	for _, c := range []struct {
		name       string
		parameters []string
		change     request
		client     domain.Agent
		proven     string
	}{
		{"RFC 6749 §2.3.1 client_secret_basic", nil, basic(h.secretAgent, h.clientSecret), h.secretAgent, "secret"},
		{"RFC 6749 §2.3.1 client_secret_basic, client_id beside it", []string{"client_id", h.secretAgent.ClientID}, basic(h.secretAgent, h.clientSecret), h.secretAgent, "secret"},
		{"RFC 6749 §2.3.1 client_secret_post", []string{"client_id", strings.ToUpper(h.secretAgent.ClientID), "client_secret", secret}, nil, h.secretAgent, "secret"},
		{"RFC 7523 §2.2 private_key_jwt", []string{"client_assertion_type", jwtBearer, "client_assertion", h.assert(key, signer, nil)}, nil, signer, "key"},
		{"RFC 7521 §4.2 private_key_jwt, client_id beside it", []string{"client_id", signer.ClientID, "client_assertion_type", jwtBearer,
			"client_assertion", h.assert(key, signer, object{"aud": h.publicURL.String()})}, nil, signer, "key"},
		{"RFC 7523 §2.2 a workload token", []string{"client_id", runner.ClientID, "client_assertion_type", jwtBearer, "client_assertion", h.runnerToken(nil).Reveal()}, nil, runner, "oidc"},
		{"an agent that is permissive by choice", []string{"client_id", h.agent.ClientID}, nil, h.agent, "none"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.t = t
			var changes []request
			if c.change != nil {
				changes = append(changes, c.change)
			}
			if got := h.ask(c.parameters, changes...).accessToken(); got["client_id"] != c.client.ClientID || got["attestation"] != c.proven {
				t.Errorf("claims %v", got)
			}
		})
	}
}

// TestTokenSPIFFE takes SVIDs: as jwt-spiffe and jwt-bearer, and as the certificate
// of the connection. An agent's own SVID names its client.
func TestTokenSPIFFE(t *testing.T) {
	h := newHouse(t, options{nobodySignedIn: true, at: time.Now()}) // by which go-spiffe judges
	a := spiffetest.NewAuthority(t, "authsec.local")
	const audience, path = "https://auth.example.com", "/ns/production/sa/support"
	_, err := h.dir.CreateWorkloadSource(t.Context(), h.admin.caller(), domain.WorkloadSourceSpec{Name: "SPIRE", Kind: domain.SourceSPIFFE, Enabled: true,
		Settings: domain.SourceSettings{SPIFFE: &domain.SPIFFESource{TrustDomain: "authsec.local", Audience: audience, WorkloadAPI: spiffetest.ServeWorkloadAPI(t, a.Bundle()).Address()}}})
	h.must(err)
	agent, _, err := h.dir.CreateAgent(t.Context(), h.admin.caller(), domain.AgentSpec{Name: "Workload", Type: "custom", Platform: "spiffe",
		Selectors: []domain.Selector{{Key: "spiffe:id", Value: a.ID(path)}}})
	h.must(err)
	pod, _, err := h.dir.CreateAgent(t.Context(), h.admin.caller(), domain.AgentSpec{Name: "Pod", Type: "custom", Platform: "kubernetes",
		Selectors: guideSelectors(), Attestation: domain.AttestationRequired})
	h.must(err)
	h.delegate(h.member, agent, "billing:read")
	h.delegate(h.member, pod, "billing:read")
	jwt := func(path string) string { return a.JWTSVID(path, audience, h.clock.Now(), nil) }
	over := func(path string) request {
		return func(r *http.Request) {
			r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{a.X509SVID(spiffetest.Leaf{Path: path}).Leaf}}
		}
	}
	for _, c := range []struct {
		name       string
		parameters []string
		change     request
		client     domain.Agent
	}{
		{"jwt-spiffe", []string{"client_id", agent.ClientID, "client_assertion_type", jwtSPIFFE, "client_assertion", jwt(path)}, nil, agent},
		{"jwt-bearer", []string{"client_id", agent.ClientID, "client_assertion_type", jwtBearer, "client_assertion", jwt(path)}, nil, agent},
		{"jwt-spiffe that names the client", []string{"client_assertion_type", jwtSPIFFE, "client_assertion", jwt("/agent/" + pod.ClientID)}, nil, pod},
		{"RFC 8705 §2 X.509-SVID", []string{"client_id", agent.ClientID}, over(path), agent},
		{"RFC 8705 §2 an agent's own X.509-SVID", []string{"client_id", pod.ClientID}, over("/agent/" + pod.ClientID), pod},
	} {
		var changes []request
		if c.change != nil {
			changes = append(changes, c.change)
		}
		if got := h.ask(c.parameters, changes...).accessToken(); got["client_id"] != c.client.ClientID || got["attestation"] != "spiffe" {
			t.Errorf("%s: claims %v", c.name, got)
		}
	}
	for name, c := range map[string]struct {
		parameters []string
		change     request
		code       string
	}{
		"another workload's":                {[]string{"client_id", agent.ClientID, "client_assertion_type", jwtSPIFFE, "client_assertion", jwt("/ns/x")}, nil, "selectors_not_satisfied"},
		"an agent's own in another's name":  {[]string{"client_id", agent.ClientID, "client_assertion_type", jwtSPIFFE, "client_assertion", jwt("/agent/" + pod.ClientID)}, nil, "invalid_workload_proof"},
		"that names no client":              {[]string{"client_assertion_type", jwtSPIFFE, "client_assertion", jwt(path)}, nil, "invalid_request"},
		"RFC 8705 §2 client_id is required": {nil, over("/agent/" + pod.ClientID), "invalid_request"},
		"X.509, another workload's":         {[]string{"client_id", agent.ClientID}, over("/ns/x"), "selectors_not_satisfied"},
		"X.509 that nobody vouches for": {[]string{"client_id", agent.ClientID}, func(r *http.Request) {
			r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{spiffetest.NewAuthority(t, "elsewhere.example").X509SVID(spiffetest.Leaf{Path: path}).Leaf}}
		}, "invalid_workload_proof"},
	} {
		var changes []request
		if c.change != nil {
			changes = append(changes, c.change)
		}
		got := h.ask(c.parameters, changes...)
		if got.member("authsec_error") != c.code || got.member("access_token") != "" {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
		if over := c.change != nil && got.status == 401 && strings.Contains(name, "nobody"); over && got.header.Get("Connection") != "close" {
			t.Errorf("%s: a connection that outlives its certificate is kept", name)
		}
	}
}

// TestTokenSelection is of our own parameters, and of RFC 8707.
func TestTokenSelection(t *testing.T) {
	h := newHouse(t, options{nobodySignedIn: true})
	second, err := h.del.Create(t.Context(), h.other.caller(), domain.DelegationSpec{Role: h.role, ClientID: h.agent.ClientID, Actions: []string{"orders:read"},
		Resources: []string{h.resource.URI}, MaxDuration: time.Hour})
	h.must(err)
	me := []string{"client_id", h.agent.ClientID}
	for _, c := range []struct {
		name       string
		parameters []string
		sub        string
		aud        string
	}{
		{"the default delegation", nil, h.member.ID, `["authsec-api"]`},
		{"delegation_id", []string{"delegation_id", strings.ToUpper(second.ID)}, h.other.ID, `["` + h.resource.URI + `"]`},
		{"delegation_id and role", []string{"delegation_id", second.ID, "role", h.role}, h.other.ID, `["` + h.resource.URI + `"]`},
		{"RFC 8707 §2 resource", []string{"delegation_id", second.ID, "resource", h.resource.URI}, h.other.ID, `["` + h.resource.URI + `"]`},
		{"RFC 8707 §2 resource is repeatable", []string{"delegation_id", second.ID, "resource", h.resource.URI, "resource", h.resource.URI}, h.other.ID, `["` + h.resource.URI + `"]`},
		{"audience", []string{"audience", "authsec-api"}, h.member.ID, `["authsec-api"]`},
		{"resource and audience", []string{"delegation_id", second.ID, "resource", h.resource.URI, "audience", h.resource.URI}, h.other.ID, `["` + h.resource.URI + `"]`},
		{"RFC 6749 §3.2 what is unrecognized is ignored", []string{"foo", "bar", "requested_token_type", "x"}, h.member.ID, `["authsec-api"]`},
	} {
		if got := h.ask(slices.Concat(me, c.parameters)).accessToken(); got["sub"] != c.sub || mustJSON(t, got["aud"]) != c.aud {
			t.Errorf("%s: claims %v", c.name, got)
		}
	}
	// RFC 6749 §3.2: a parameter without a value was not sent.
	if a := h.post("grant_type=client_credentials&client_id=" + h.agent.ClientID + "&scope=&resource=&delegation_id=&client_secret=").want(200); a.member("scope") != "billing:read" {
		t.Errorf("%s", a.body)
	}
}
