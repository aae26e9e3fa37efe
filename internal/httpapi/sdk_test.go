package httpapi_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/httpapi/sdkapi"
	"authsec/internal/issuance"
	"authsec/internal/policy"
)

var tokenPath = strings.TrimPrefix(sdkapi.Pattern, "GET ")

// token fetches a token as an SDK does.
func (h *house) token(agent domain.Agent, changes ...request) answer {
	h.t.Helper()
	return h.call("GET", tokenPath+"?client_id="+agent.ClientID, nil, changes...)
}

func basic(agent domain.Agent, secret domain.Secret) request {
	return header("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(agent.ClientID+":"+url.QueryEscape(secret.Reveal()))))
}

func query(more string) request { return func(r *http.Request) { r.URL.RawQuery += more } }

func claimsOf(t *testing.T, compact string) map[string]any {
	t.Helper()
	parts := strings.Split(compact, ".")
	if len(parts) != 3 {
		t.Fatalf("not a JWT: %q", compact)
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(raw, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

func TestTokenAnswer(t *testing.T) {
	h := newHouse(t, options{})
	h.clock.Advance(300 * time.Millisecond)
	a := h.token(h.agent, query("&ttl=600&actions=billing:read&audience=authsec-api&role="+h.role)).want(200)
	var got map[string]any
	h.must(json.Unmarshal([]byte(a.body), &got))
	for name, want := range map[string]any{
		"expires_at": "2026-05-21T07:10:00Z", "issued_at": "2026-05-21T07:00:00Z", "ttl_seconds": 599.0, "client_id": h.agent.ClientID,
		"delegation_id": h.delegation.ID, "status": "active", "spiffe_id": "spiffe://authsec.local/agent/" + h.agent.ClientID,
	} {
		if got[name] != want {
			t.Errorf("%s: %v, want %v", name, got[name], want)
		}
	}
	if mustJSON(t, got["permissions"]) != `["billing:read"]` || mustJSON(t, got["audience"]) != `["authsec-api"]` {
		t.Errorf("%s", a.body)
	}
	if c := claimsOf(t, a.member("token")); c["sub"] != h.member.ID || c["attestation"] != "none" || c["iss"] != "http://localhost:7468" {
		t.Errorf("claims %v", c)
	}
	if a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", a.header)
	}
	if second := h.token(h.agent).want(200); second.member("token") == a.member("token") {
		t.Error("the same token twice")
	}
	h.call("GET", tokenPath, nil, header("X-Client-ID", strings.ToUpper(h.agent.ClientID))).want(200)
}

// TestTokenErrors produces every code of DESIGN §4's table that this version can.
func TestTokenErrors(t *testing.T) {
	day := 24 * time.Hour
	suspended := domain.StatusSuspended
	admin := func(h *house) domain.Caller { return h.admin.caller() }
	for _, c := range []struct {
		name   string
		status int
		code   string
		rates  issuance.Rates
		setUp  func(h *house)
		change []request
	}{
		{name: "no client_id", status: 400, code: "invalid_request", change: []request{func(r *http.Request) { r.URL.RawQuery = "" }}},
		{name: "a client_id that is no UUID", status: 400, code: "invalid_request", change: []request{func(r *http.Request) { r.URL.RawQuery = "client_id=1" }}},
		{name: "an unknown parameter", status: 400, code: "invalid_request", change: []request{query("&action=billing:read")}},
		{name: "a repeated parameter", status: 400, code: "invalid_request", change: []request{query("&ttl=60&ttl=60")}},
		{name: "an empty parameter", status: 400, code: "invalid_request", change: []request{query("&role=")}},
		{name: "an empty audience beside another", status: 400, code: "invalid_request", change: []request{query("&audience=authsec-api&audience=")}},
		{name: "a query that is malformed", status: 400, code: "invalid_request", change: []request{query("&role=%zz")}},
		{name: "a query with a semicolon", status: 400, code: "invalid_request", change: []request{query(";role=x")}},
		{name: "a query that is too long", status: 400, code: "invalid_request", change: []request{query("&role=" + strings.Repeat("a", 17<<10))}},
		{name: "a ttl that is too short", status: 400, code: "invalid_request", change: []request{query("&ttl=59")}},
		{name: "a ttl that is negative", status: 400, code: "invalid_request", change: []request{query("&ttl=-60")}},
		{name: "a ttl beyond any number", status: 400, code: "invalid_request", change: []request{query("&ttl=99999999999999999999")}},
		{name: "a ttl with a unit", status: 400, code: "invalid_request", change: []request{query("&ttl=1h")}},
		{name: "a repeated action", status: 400, code: "invalid_request", change: []request{query("&actions=billing:read,billing:read")}},
		{name: "an action that is none", status: 400, code: "invalid_request", change: []request{query("&actions=BILLING")}},
		{name: "a delegation that is no UUID", status: 400, code: "invalid_request", change: []request{query("&delegation_id=mine")}},
		{name: "another client in the header", status: 400, code: "invalid_request", change: []request{header("X-Client-ID", "0198c1f2-7a10-7c3e-9b1d-2f4a5b6c7d8e")}},
		{name: "two X-Client-ID", status: 400, code: "invalid_request", change: []request{header("X-Client-ID", "a", "b")}},
		{name: "two Authorization", status: 400, code: "invalid_request", change: []request{header("Authorization", "Bearer a", "Bearer b")}},
		{name: "an Authorization that is too long", status: 400, code: "invalid_request", change: []request{header("Authorization", "Bearer "+strings.Repeat("a", 17<<10))}},
		{name: "a page's request", status: 400, code: "invalid_request", change: []request{header("Origin", "http://localhost:7468")}},
		{name: "a request across sites", status: 400, code: "invalid_request", change: []request{header("Sec-Fetch-Site", "cross-site")}},
		{name: "a request of a sibling site", status: 400, code: "invalid_request", change: []request{header("Sec-Fetch-Site", "same-site")}},
		{name: "no proof", status: 401, code: "workload_proof_required", setUp: func(h *house) { h.agent = h.secretAgent }},
		{name: "a permissive that nobody chose, from elsewhere", status: 401, code: "workload_proof_required", setUp: func(h *house) {
			var err error
			h.agent, _, err = h.dir.CreateAgent(t.Context(), admin(h), domain.AgentSpec{Name: "Local", Type: "custom", Platform: "docker",
				Selectors: []domain.Selector{{Key: "docker:image_id", Value: "sha256:77af4d6b9913"}}}) // no source proves it
			h.must(err)
			h.delegate(h.member, h.agent, "billing:read")
			h.token(h.agent).want(200) // from here it is honoured
		}, change: []request{header("X-Forwarded-For", "192.0.2.1")}},
		{name: "a bad proof, though permissive", status: 401, code: "invalid_workload_proof", change: []request{bearer("forged")}},
		{name: "an Authorization that is neither", status: 401, code: "invalid_workload_proof", change: []request{header("Authorization", "Digest abc")}},
		{name: "a Basic that is malformed", status: 401, code: "invalid_workload_proof", change: []request{header("Authorization", "Basic !")}},
		{name: "a wrong client secret", status: 401, code: "invalid_workload_proof", setUp: func(h *house) { h.agent = h.secretAgent },
			change: []request{func(r *http.Request) { r.SetBasicAuth(r.URL.Query().Get("client_id"), "authsec_cs_wrong") }}},
		{name: "half of the selectors", status: 403, code: "selectors_not_satisfied", change: []request{bearer("attests")}},
		{name: "a suspended agent", status: 403, code: "agent_suspended", setUp: func(h *house) {
			_, err := h.dir.SuspendAgent(t.Context(), admin(h), h.agent.ClientID)
			h.must(err)
		}},
		{name: "a suspended person", status: 403, code: "delegator_inactive", setUp: func(h *house) {
			_, err := h.dir.UpdateUser(t.Context(), admin(h), h.member.ID, domain.UserPatch{Status: &suspended})
			h.must(err)
		}},
		{name: "a role that was taken away", status: 403, code: "role_not_held", setUp: func(h *house) {
			_, err := h.dir.UpdateUser(t.Context(), admin(h), h.member.ID, domain.UserPatch{Roles: &[]string{}})
			h.must(err)
		}},
		{name: "an action that was not delegated", status: 403, code: "action_not_delegated", change: []request{query("&actions=billing:read+orders:read")}},
		{name: "a role without its actions", status: 403, code: "no_effective_actions", setUp: func(h *house) {
			_, err := h.dir.UpdateRole(t.Context(), admin(h), h.role, "", []string{"orders:read"}, time.Time{})
			h.must(err)
		}},
		{name: "another audience", status: 403, code: "audience_not_allowed", change: []request{query("&audience=https://api.example.com/billing")}},
		{name: "an unknown client", status: 404, code: "unknown_client", setUp: func(h *house) { h.agent.ClientID = "0198c1f2-7a10-7c3e-9b1d-2f4a5b6c7d8e" }},
		{name: "a deleted client", status: 404, code: "unknown_client", setUp: func(h *house) { h.must(h.dir.DeleteAgent(t.Context(), admin(h), h.agent.ClientID)) }},
		{name: "another's role", status: 404, code: "no_delegation", change: []request{query("&role=refunds")}},
		{name: "a delegation there is not", status: 404, code: "no_delegation", change: []request{query("&delegation_id=0198c1f2-7a10-7c3e-9b1d-2f4a5b6c7d8e")}},
		{name: "two delegations and no default", status: 409, code: "ambiguous_delegation", setUp: func(h *house) {
			h.delegate(h.other, h.agent, "billing:read")
			h.must(h.del.SetDefault(t.Context(), admin(h), h.agent.ClientID, ""))
		}},
		{name: "a revoked delegation", status: 410, code: "delegation_ended", setUp: func(h *house) {
			_, err := h.del.Revoke(t.Context(), admin(h), h.delegation.ID, "")
			h.must(err)
		}},
		{name: "a delegation past its end", status: 410, code: "delegation_ended", setUp: func(h *house) {
			end := h.clock.Now().Add(day)
			_, err := h.del.Edit(t.Context(), h.member.caller(), h.delegation.ID, domain.DelegationPatch{EndsAt: &end})
			h.must(err)
			h.clock.Advance(day)
		}},
		{name: "too many requests", status: 429, code: "rate_limited", rates: slowRates, setUp: func(h *house) { h.token(h.agent).want(200) }},
		{name: "no audit log", status: 503, code: "temporarily_unavailable", setUp: func(h *house) { h.must(h.recorder.Close(t.Context())) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t, options{rates: c.rates, nobodySignedIn: true})
			if c.setUp != nil {
				c.setUp(h)
			}
			a := h.token(h.agent, c.change...).want(c.status)
			if a.member("error") != c.code || a.member("error_description") == "" {
				t.Fatalf("%s", a.body)
			}
			if a.header.Get("Cache-Control") != "no-store" || a.header.Get("Content-Type") != "application/json" {
				t.Errorf("headers %v", a.header)
			}
			if got := a.header.Values("WWW-Authenticate"); (c.status == 401) != (len(got) == 2) {
				t.Errorf("WWW-Authenticate %v", got)
			}
			if got := a.header.Get("Retry-After"); (c.status == 429 || c.status == 503) != (got != "") {
				t.Errorf("Retry-After %q", got)
			}
			checkHidden(t, a, c.code, h)
		})
	}
}

// checkHidden holds answers before proof to telling nothing about the agent,
// and those after it to what DESIGN lists.
func checkHidden(t *testing.T, a answer, code string, h *house) {
	t.Helper()
	for _, told := range []string{h.agent.Name, h.member.Email, "customer-support-sa", h.delegation.ID} {
		if code != policy.CodeAmbiguousDelegation && strings.Contains(a.body, told) {
			t.Errorf("the answer tells %q: %s", told, a.body)
		}
	}
	switch code {
	case policy.CodeSelectors:
		if !strings.Contains(a.body, `"missing_selectors":["k8s:sa","k8s:pod-label:app","k8s:container-name"]`) {
			t.Errorf("%s", a.body)
		}
	case policy.CodeAmbiguousDelegation:
		var body struct{ Delegations []map[string]string }
		h.must(json.Unmarshal([]byte(a.body), &body))
		for _, d := range body.Delegations {
			if len(d) != 2 || d["delegation_id"] == "" || d["role"] != h.role {
				t.Errorf("%s", a.body)
			}
		}
		if len(body.Delegations) != 2 {
			t.Errorf("%s", a.body)
		}
	}
}

// TestHeadMintsNothing because net/http hands HEAD to GET's handler.
func TestHeadMintsNothing(t *testing.T) {
	h := newHouse(t, options{})
	a := h.call("HEAD", tokenPath+"?client_id="+h.agent.ClientID, nil).want(405)
	if !slices.Contains(a.header.Values("Allow"), "GET") {
		t.Errorf("Allow %v", a.header.Values("Allow"))
	}
	if h.metrics.issued != 0 {
		t.Error("a token was minted")
	}
	events := h.call("GET", "/api/v1/audit-events?action=token.issue", nil, h.as(h.admin)).want(200)
	if !strings.Contains(events.body, `"items":[]`) {
		t.Errorf("an event was recorded: %s", events.body)
	}
}
