package httpapi_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"authsec/internal/domain"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

const (
	runnerIssuer   = "https://token.actions.githubusercontent.com"
	runnerAudience = "https://auth.example.com"
	runnerKeyID    = "runner"
)

// githubSource are the settings of a source whose keys are given, so that nobody is asked for them.
func githubSource() object {
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &privateKeys()[1].PublicKey, KeyID: runnerKeyID, Algorithm: "RS256", Use: "sig"}}})
	if err != nil {
		panic(err)
	}
	return object{"platform": "github", "issuer": runnerIssuer, "audience": runnerAudience, "jwks": string(set),
		"claims": []object{{"claim": "repository", "selector": "github:repository"}, {"claim": "ref", "selector": "github:ref"}}}
}

// runnerToken is the ID token of a workflow run. changes replace claims.
func (h *house) runnerToken(changes object) domain.Secret {
	h.t.Helper()
	now := h.clock.Now()
	claims := object{"iss": runnerIssuer, "aud": runnerAudience, "sub": "repo:example/agent:ref:refs/heads/main", "repository": "example/agent", "ref": "refs/heads/main",
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(10 * time.Minute).Unix(), "jti": "1"}
	for name, value := range changes {
		claims[name] = value
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: privateKeys()[1], KeyID: runnerKeyID}}, (&jose.SignerOptions{}).WithType("JWT"))
	h.must(err)
	text, err := jwt.Signed(signer).Claims(map[string]any(claims)).Serialize()
	h.must(err)
	return domain.Secret(text)
}

// runner is an agent that must prove its workflow run, with something lent to it.
func (h *house) runner() domain.Agent {
	h.t.Helper()
	agent, _, err := h.dir.CreateAgent(h.t.Context(), h.admin.caller(), domain.AgentSpec{Name: "Runner", Type: "custom", Platform: "github",
		Selectors: []domain.Selector{{Key: "github:repository", Value: "example/agent"}, {Key: "github:ref", Value: "refs/heads/main"}}})
	h.must(err)
	h.delegate(h.member, agent, "billing:read")
	return agent
}

// A source that is disabled gives nobody a token from the next request on, also
// where its proof had been verified and was kept.
func TestADisabledSourceIsBelievedNoMore(t *testing.T) {
	h := newHouse(t, options{})
	admin := h.as(h.admin)
	source := h.call("POST", "/api/v1/workload-sources", object{"name": "Actions", "kind": "oidc", "oidc": githubSource()}, admin).want(201)
	path := "/api/v1/workload-sources/" + source.member("id")
	agent, proof := h.runner(), bearer(h.runnerToken(nil))
	if agent.Attestation != domain.AttestationRequired {
		t.Fatalf("the agent is %s, though a source proves its platform", agent.Attestation)
	}
	for range 2 { // the second by the kept proof
		if c := claimsOf(t, h.token(agent, proof).want(200).member("token")); c["attestation"] != "oidc" {
			t.Errorf("claims %v", c)
		}
	}
	for _, step := range []struct{ way, back string }{{"disable", "enable"}} {
		h.call("POST", path+"/"+step.way, nil, admin).want(200)
		if a := h.token(agent, proof).want(401); a.member("error") != "invalid_workload_proof" || a.member("token") != "" {
			t.Errorf("%s: %s", step.way, a.body)
		}
		h.call("POST", path+"/"+step.back, nil, admin).want(200)
		h.token(agent, proof).want(200)
	}
	other := githubSource()
	other["audience"] = "https://elsewhere.example.com"
	h.call("PATCH", path, object{"oidc": other}, admin).want(200)
	h.token(agent, proof).want(401)
	h.call("PATCH", path, object{"oidc": githubSource()}, admin).want(200)
	h.token(agent, proof).want(200)
	h.call("DELETE", path, nil, admin).want(204)
	h.token(agent, proof).want(401)
}

type verdict struct {
	Verdict, Problem, Cause, Method string
	Selectors                       []struct{ Key, Value, How string }
	Agents                          []struct {
		ClientID string `json:"client_id"`
		Name     string
	}
	More bool `json:"more_agents"`
}

func (a answer) verdict() verdict {
	a.t.Helper()
	var v verdict
	if err := json.Unmarshal([]byte(a.want(200).body), &v); err != nil {
		a.t.Fatal(err)
	}
	return v
}

// The test of a source shows what a token attests and whom that satisfies,
// whether the source is enabled, disabled, or not stored at all. It gives no
// token, and none of it is a place where the workload's token stays.
func TestWorkloadSourceIsTested(t *testing.T) {
	h := newHouse(t, options{})
	admin := h.as(h.admin)
	agent := h.runner()
	draft := func(token domain.Secret) object {
		return object{"name": "Draft", "kind": "oidc", "oidc": githubSource(), "token": token.Reveal()}
	}
	good := h.runnerToken(nil)
	v := h.call("POST", "/api/v1/workload-sources/test", draft(good), admin).verdict()
	if v.Verdict != "accepted" || v.Method != "oidc" || len(v.Agents) != 1 || v.Agents[0].ClientID != agent.ClientID || v.More || v.Problem != "" || !strings.Contains(mustJSON(t, v.Selectors), `"github:ref","Value":"refs/heads/main","How":"signed"`) {
		t.Errorf("%+v", v)
	}
	if list := h.call("GET", "/api/v1/workload-sources", nil, admin).want(200); strings.Contains(list.body, "Draft") {
		t.Errorf("a test stored something: %s", list.body)
	}
	source := h.call("POST", "/api/v1/workload-sources", object{"name": "Actions", "kind": "oidc", "enabled": false, "oidc": githubSource()}, admin).want(201)
	path := "/api/v1/workload-sources/" + source.member("id")
	for _, tt := range []struct {
		what    string
		changes object
		verdict string
		agents  int
	}{
		{"good", nil, "accepted", 1},
		{"another branch", object{"ref": "refs/heads/x"}, "accepted", 0},
		{"expired", object{"exp": h.clock.Now().Add(-time.Minute).Unix(), "iat": h.clock.Now().Add(-time.Hour).Unix()}, "rejected", 0},
		{"another audience", object{"aud": "https://elsewhere.example.com"}, "rejected", 0},
		{"another issuer", object{"iss": "https://issuer.example.com"}, "other_source", 0},
	} {
		token := h.runnerToken(tt.changes)
		v := h.call("POST", path+"/test", object{"token": token.Reveal()}, admin).verdict()
		if v.Verdict != tt.verdict || len(v.Agents) != tt.agents || (v.Problem == "") != (tt.verdict == "accepted") || (len(v.Selectors) > 0) != (tt.verdict == "accepted") {
			t.Errorf("%s: %+v", tt.what, v)
		}
		h.token(agent, bearer(token)).want(401) // the source is disabled
		event := h.call("GET", "/api/v1/audit-events?action=workload_source.test&limit=1", nil, admin).want(200)
		if !strings.Contains(event.body, `"verdict":"`+tt.verdict) || !strings.Contains(event.body, source.member("id")) {
			t.Errorf("%s: %s", tt.what, event.body)
		}
		for _, part := range strings.Split(token.Reveal(), ".") {
			if strings.Contains(event.body, part) || strings.Contains(h.log.String(), part) {
				t.Errorf("%s: the token is in the audit log or in the server's", tt.what)
			}
		}
	}
	h.call("POST", path+"/test", object{"token": strings.Repeat("a", 16<<10+1)}, admin).want(400)
	h.call("POST", path+"/test", object{"token": ""}, admin).want(400)
	h.call("POST", "/api/v1/workload-sources/"+anID+"/test", object{"token": "a"}, admin).want(404)
	broken := draft(good)
	broken["oidc"].(object)["jwks"] = `{"keys":[{"kty":"EC"}]}`
	if a := h.call("POST", "/api/v1/workload-sources/test", broken, admin).want(400); a.problem.Errors[0].Field != "/oidc" || a.problem.Errors[0].Code != "unusable" {
		t.Errorf("%s", a.body)
	}
}

// Faults name the field in the body, whichever of contract and rules finds them.
func TestWorkloadSourceFaultsAreNamed(t *testing.T) {
	h := newHouse(t, options{})
	admin := h.as(h.admin)
	for _, tt := range []struct {
		body        object
		field, code string
	}{
		{object{"name": "A", "kind": "vault"}, "/kind", "unknown"},
		{object{"name": "A", "kind": "oidc"}, "/oidc", "required"},
		{object{"name": "A", "kind": "unix", "unix": object{"password": "x"}}, "/unix/password", "unknown_field"},
		{object{"name": "A", "kind": "kubernetes", "kubernetes": object{"issuer": "http://k8s.example.com", "audience": "a"}}, "/kubernetes/issuer", "insecure"},
		{object{"name": "A", "kind": "kubernetes", "kubernetes": object{"issuer": "https://k8s.example.com", "audience": "a", "api": object{}}}, "/kubernetes/api", "invalid"},
		{object{"name": "A", "kind": "kubernetes", "kubernetes": object{"issuer": "https://k8s.example.com", "audience": "a", "api": object{"kubeconfig": "/no/such/file"}}}, "/kubernetes", "unusable"},
		{object{"name": "A", "kind": "oidc", "oidc": object{"issuer": "https://a.example.com", "audience": "a", "platform": "github", "claims": []object{{"claim": "a", "selector": "aws:role_arn"}}}}, "/oidc/claims/0/selector", "unknown"},
	} {
		a := h.call("POST", "/api/v1/workload-sources", tt.body, admin).want(400)
		if len(a.problem.Errors) != 1 || a.problem.Errors[0].Field != tt.field || a.problem.Errors[0].Code != tt.code {
			t.Errorf("%s on %s, got %s", tt.code, tt.field, a.body)
		}
	}
	h.call("POST", "/api/v1/workload-sources", object{"name": "Actions", "kind": "oidc", "oidc": githubSource()}, admin).want(201)
	if a := h.call("POST", "/api/v1/workload-sources", object{"name": "Again", "kind": "oidc", "oidc": githubSource()}, admin).want(409); a.problem.Errors[0].Field != "/oidc/issuer" {
		t.Errorf("%s", a.body)
	}
}
