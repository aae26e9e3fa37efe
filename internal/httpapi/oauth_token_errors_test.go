package httpapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"authsec/internal/attest/oidctest"
	"authsec/internal/domain"
	"authsec/internal/issuance"
)

// checkOAuthError holds an answer to RFC 6749 §5.2.
func checkOAuthError(t *testing.T, a answer, status int, name, own string) {
	t.Helper()
	a.want(status)
	description := a.member("error_description")
	if a.member("error") != name || a.member("authsec_error") != own || description == "" || a.member("access_token") != "" {
		t.Fatalf("want %s (%s): %s", name, own, a.body)
	}
	if strings.ContainsFunc(description, func(r rune) bool { return r == '"' || r == '\\' || r < ' ' || r > '~' }) {
		t.Errorf("characters that error_description may not have: %q", description)
	}
	if a.header.Get("Cache-Control") != "no-store" || a.header.Get("Pragma") != "no-cache" || a.header.Get("Content-Type") != "application/json" {
		t.Errorf("headers %v", a.header)
	}
	if got := a.header.Values("WWW-Authenticate"); (status == 401) != (len(got) == 1) || (status == 401 && got[0] != `Basic realm="authsec"`) {
		t.Errorf("WWW-Authenticate %v", got)
	}
	if got := a.header.Get("Retry-After"); (status == 429 || status == 503) != (got != "") {
		t.Errorf("Retry-After %q", got)
	}
}

// TestTokenRequestErrors is of requests that can never be granted, and of clients
// that do not authenticate. Each begins as a good one.
func TestTokenRequestErrors(t *testing.T) {
	h := newHouse(t, options{nobodySignedIn: true})
	h.delegate(h.member, h.secretAgent, "billing:read")
	key := oidctest.NewKey(t, "a", "ES256")
	signer := h.signer(key)
	good := basic(h.secretAgent, h.clientSecret)
	id, secret := h.secretAgent.ClientID, h.clientSecret.Reveal()
	assertion := func(changes object) []string {
		return []string{"client_assertion_type", jwtBearer, "client_assertion", h.assert(key, signer, changes)}
	}
	used := assertion(nil)
	h.ask(used).want(200)
	for _, c := range []struct {
		name       string
		parameters []string
		change     request
		status     int
		code, own  string
	}{
		{"RFC 6749 §4.4.2 grant_type is required", []string{"grant_type", ""}, good, 400, "invalid_request", "invalid_request"},
		{"RFC 6749 §5.2 a grant that is not supported", []string{"grant_type", "password"}, good, 400, "unsupported_grant_type", "unsupported_grant_type"},
		{"RFC 6749 §3.2 a parameter twice", []string{"scope", "billing:read", "scope", "billing:read"}, good, 400, "invalid_request", "invalid_request"},
		{"RFC 6749 §3.2 grant_type twice", []string{"grant_type", "client_credentials", "grant_type", "client_credentials"}, good, 400, "invalid_request", "invalid_request"},
		{"RFC 6749 §3.2 an unknown parameter twice", []string{"foo", "a", "foo", "b"}, good, 400, "invalid_request", "invalid_request"},
		{"RFC 6749 App. B a parameter that is not UTF-8", []string{"foo", "\xff"}, good, 400, "invalid_request", "invalid_request"},
		{"RFC 6749 §2.3.1 parameters in the URL", nil, func(r *http.Request) { good(r); r.URL.RawQuery = "scope=billing:read" }, 400, "invalid_request", "invalid_request"},
		{"RFC 6749 §2.3.1 a question mark alone", nil, func(r *http.Request) { good(r); r.URL.ForceQuery = true }, 400, "invalid_request", "invalid_request"},
		{"RFC 6749 §4.4.2 JSON", nil, func(r *http.Request) { good(r); header("Content-Type", "application/json")(r) }, 400, "invalid_request", "invalid_request"},
		{"RFC 6749 App. B another charset", nil, func(r *http.Request) {
			good(r)
			header("Content-Type", "application/x-www-form-urlencoded; charset=utf-16")(r)
		}, 400, "invalid_request", "invalid_request"},
		{"a body that is too long", []string{"foo", strings.Repeat("a", 64<<10)}, good, 413, "invalid_request", "too_large"},
		{"ADR 0006 actions for scope", []string{"actions", "billing:read"}, good, 400, "invalid_request", "invalid_request"},
		{"ADR 0006 scopes for scope", []string{"scopes", "billing:read"}, good, 400, "invalid_request", "invalid_request"},
		{"a ttl that is too short", []string{"ttl", "59"}, good, 400, "invalid_request", "invalid_request"},
		{"a ttl with a unit", []string{"ttl", "1h"}, good, 400, "invalid_request", "invalid_request"},
		{"a delegation_id that is none", []string{"delegation_id", "mine"}, good, 400, "invalid_request", "invalid_request"},
		{"a page's request", nil, func(r *http.Request) { good(r); header("Origin", "http://localhost:7468")(r) }, 400, "invalid_request", ""},

		{"RFC 6749 §3.3 a scope of a space", []string{"scope", " "}, good, 400, "invalid_scope", "invalid_request"},
		{"RFC 6749 §3.3 two spaces", []string{"scope", "billing:read  orders:read"}, good, 400, "invalid_scope", "invalid_request"},
		{"RFC 6749 §3.3 commas", []string{"scope", "billing:read,orders:read"}, good, 400, "invalid_scope", "invalid_request"},
		{"RFC 6749 §3.3 a word that is no action", []string{"scope", "openid"}, good, 400, "invalid_scope", "invalid_request"},
		{"RFC 8707 §2 a relative resource", []string{"resource", "/billing"}, good, 400, "invalid_target", "invalid_target"},
		{"RFC 8707 §2 a name as resource", []string{"resource", "authsec-api"}, good, 400, "invalid_target", "invalid_target"},
		{"RFC 8707 §2 a fragment", []string{"resource", "https://api.example.com/billing#a"}, good, 400, "invalid_target", "invalid_target"},
		{"RFC 8707 §2 an empty fragment", []string{"resource", "https://api.example.com/billing#"}, good, 400, "invalid_target", "invalid_target"},
		{"an audience with a space", []string{"audience", "a b"}, good, 400, "invalid_target", "invalid_request"},

		{"RFC 6749 §2.3 Basic and client_secret", []string{"client_id", id, "client_secret", secret}, good, 400, "invalid_request", "invalid_request"},
		{"RFC 6749 §2.3 Basic and an assertion", assertion(nil), good, 400, "invalid_request", "invalid_request"},
		{"RFC 6749 §2.3 a secret and an assertion", append(assertion(nil), "client_id", signer.ClientID, "client_secret", secret), nil, 400, "invalid_request", "invalid_request"},
		{"RFC 6749 §2.3 two Authorization", nil, header("Authorization", "Basic YTpi", "Basic YTpi"), 400, "invalid_request", "invalid_request"},
		{"RFC 6749 §3.2.1 no client", nil, nil, 400, "invalid_request", "invalid_request"},
		{"RFC 6749 §2.3.1 a secret without client_id", []string{"client_secret", secret}, nil, 400, "invalid_request", "invalid_request"},
		{"RFC 7521 §4.2 an assertion without its type", []string{"client_id", signer.ClientID, "client_assertion", "a.b.c"}, nil, 400, "invalid_request", "invalid_request"},
		{"RFC 7521 §4.2 a type without its assertion", []string{"client_id", signer.ClientID, "client_assertion_type", jwtBearer}, nil, 400, "invalid_request", "invalid_request"},

		{"RFC 6749 §3.2.1 no authentication", []string{"client_id", id}, nil, 401, "invalid_client", "workload_proof_required"},
		{"RFC 6749 §5.2 an unknown client", []string{"client_id", anID}, nil, 401, "invalid_client", "unknown_client"},
		{"RFC 6749 §5.2 a client_id that is none", []string{"client_id", "me"}, nil, 401, "invalid_client", "invalid_request"},
		{"RFC 6749 §5.2 a wrong secret", nil, basic(h.secretAgent, "authsec_cs_wrong"), 401, "invalid_client", "invalid_workload_proof"},
		{"RFC 6749 §5.2 a wrong secret in the body", []string{"client_id", id, "client_secret", "authsec_cs_wrong"}, nil, 401, "invalid_client", "invalid_workload_proof"},
		{"RFC 6749 §5.2 a scheme that is not taken", nil, bearer("attests"), 401, "invalid_client", "invalid_workload_proof"},
		{"RFC 7617 §2 a Basic that is malformed", nil, header("Authorization", "Basic !"), 401, "invalid_client", "invalid_workload_proof"},
		{"an Authorization that is too long", nil, header("Authorization", "Basic "+strings.Repeat("YWE6", 5<<10)), 401, "invalid_client", "invalid_workload_proof"},
		{"client_id and Basic differ", []string{"client_id", signer.ClientID}, good, 401, "invalid_client", "invalid_workload_proof"},
		{"a bad proof, though permissive", []string{"client_id", h.agent.ClientID, "client_secret", "forged"}, nil, 401, "invalid_client", "invalid_workload_proof"},
		{"RFC 7521 §4.2.1 a type that is not taken", []string{"client_id", signer.ClientID, "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer", "client_assertion", h.assert(key, signer, nil)}, nil, 401, "invalid_client", "invalid_workload_proof"},
		{"RFC 7521 §4.2 client_id and the assertion differ", append(assertion(nil), "client_id", id), nil, 401, "invalid_client", "invalid_workload_proof"},
		{"RFC 7523 §3 an assertion that is too long", []string{"client_id", signer.ClientID, "client_assertion_type", jwtBearer, "client_assertion", strings.Repeat("a", 16<<10+1)}, nil, 401, "invalid_client", "invalid_workload_proof"},
		{"RFC 7523 §3 item 3 another audience", assertion(object{"aud": "https://other.example"}), nil, 401, "invalid_client", "invalid_workload_proof"},
		{"RFC 7523 §3 item 4 expired", assertion(object{"exp": h.clock.Now().Add(-time.Minute).Unix(), "iat": h.clock.Now().Add(-2 * time.Minute).Unix()}), nil, 401, "invalid_client", "invalid_workload_proof"},
		{"RFC 7523 §3 item 5 not valid yet", assertion(object{"nbf": h.clock.Now().Add(time.Minute).Unix()}), nil, 401, "invalid_client", "invalid_workload_proof"},
		{"RFC 7523 §3 item 7 replayed", used, nil, 401, "invalid_client", "invalid_workload_proof"},
		{"RFC 7523 §3 item 9 another's key", []string{"client_assertion_type", jwtBearer, "client_assertion", h.assert(oidctest.NewKey(t, "a", "ES256"), signer, nil)}, nil, 401, "invalid_client", "invalid_workload_proof"},
		{"jwt-spiffe that is no SVID", []string{"client_id", signer.ClientID, "client_assertion_type", jwtSPIFFE, "client_assertion", h.assert(key, signer, nil)}, nil, 401, "invalid_client", "invalid_workload_proof"},
		{"half of the selectors", []string{"client_id", h.agent.ClientID, "client_assertion_type", jwtBearer, "client_assertion", "attests"}, nil, 401, "invalid_client", "selectors_not_satisfied"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.t = t
			var changes []request
			if c.change != nil {
				changes = append(changes, c.change)
			}
			a := h.ask(c.parameters, changes...)
			if strings.HasPrefix(c.name, "a page's") { // the front door's own answer
				if a.want(400).member("error") != c.code {
					t.Errorf("%s", a.body)
				}
				return
			}
			checkOAuthError(t, a, c.status, c.code, c.own)
			for _, told := range []string{h.agent.Name, h.secretAgent.Name, h.member.Email, "customer-support-sa", secret} {
				if strings.Contains(a.body, told) {
					t.Errorf("the answer tells %q: %s", told, a.body)
				}
			}
		})
	}
	for _, method := range []string{"GET", "PUT", "DELETE"} { // RFC 6749 §3.2
		if a := h.call(method, oauthTokenPath, nil).want(405); !slices.Contains(a.header.Values("Allow"), "POST") {
			t.Errorf("%s: Allow %v", method, a.header.Values("Allow"))
		}
	}
}

// TestTokenDecisionErrors gives each refusal of a known client its RFC's name.
func TestTokenDecisionErrors(t *testing.T) {
	admin := func(h *house) domain.Caller { return h.admin.caller() }
	suspended := domain.StatusSuspended
	for _, c := range []struct {
		name       string
		rates      issuance.Rates
		setUp      func(h *house)
		parameters []string
		status     int
		code, own  string
	}{
		{name: "RFC 6749 §5.2 a suspended agent", setUp: func(h *house) {
			_, err := h.dir.SuspendAgent(t.Context(), admin(h), h.agent.ClientID)
			h.must(err)
		}, status: 400, code: "unauthorized_client", own: "agent_suspended"},
		{name: "RFC 6749 §5.2 a suspended person", setUp: func(h *house) {
			_, err := h.dir.UpdateUser(t.Context(), admin(h), h.member.ID, domain.UserPatch{Status: &suspended})
			h.must(err)
		}, status: 400, code: "invalid_grant", own: "delegator_inactive"},
		{name: "RFC 6749 §5.2 a role that was taken away", setUp: func(h *house) {
			_, err := h.dir.UpdateUser(t.Context(), admin(h), h.member.ID, domain.UserPatch{Roles: &[]string{}})
			h.must(err)
		}, status: 400, code: "invalid_grant", own: "role_not_held"},
		{name: "RFC 6749 §5.2 a revoked delegation", setUp: func(h *house) {
			_, err := h.del.Revoke(t.Context(), admin(h), h.delegation.ID, "")
			h.must(err)
		}, status: 400, code: "invalid_grant", own: "delegation_ended"},
		{name: "RFC 6749 §5.2 no such delegation", parameters: []string{"delegation_id", anID}, status: 400, code: "invalid_grant", own: "no_delegation"},
		{name: "RFC 6749 §5.2 another role", parameters: []string{"role", "refunds"}, status: 400, code: "invalid_grant", own: "no_delegation"},
		{name: "RFC 6749 §5.2 delegation_id is missing", setUp: func(h *house) {
			h.delegate(h.other, h.agent, "billing:read")
			h.must(h.del.SetDefault(t.Context(), admin(h), h.agent.ClientID, ""))
		}, status: 400, code: "invalid_request", own: "ambiguous_delegation"},
		{name: "RFC 6749 §5.2 a scope that exceeds the grant", parameters: []string{"scope", "billing:read orders:read"}, status: 400, code: "invalid_scope", own: "action_not_delegated"},
		{name: "RFC 6749 §5.2 nothing is left of the grant", setUp: func(h *house) {
			_, err := h.dir.UpdateRole(t.Context(), admin(h), h.role, "", []string{"orders:read"}, time.Time{})
			h.must(err)
		}, status: 400, code: "invalid_scope", own: "no_effective_actions"},
		{name: "RFC 8707 §2 a resource that is not the delegation's", parameters: []string{"resource", "https://api.example.com/billing"}, status: 400, code: "invalid_target", own: "audience_not_allowed"},
		{name: "RFC 8707 §2 one of two resources", parameters: []string{"audience", "authsec-api", "resource", "https://api.example.com/billing"}, status: 400, code: "invalid_target", own: "audience_not_allowed"},
		{name: "too many requests", rates: slowRates, setUp: func(h *house) { h.token(h.agent).want(200) }, status: 429, code: "slow_down", own: "rate_limited"},
		{name: "no audit log", setUp: func(h *house) { h.must(h.recorder.Close(t.Context())) }, status: 503, code: "temporarily_unavailable", own: "temporarily_unavailable"},
		{name: "no database", setUp: func(h *house) { h.must(h.store.Close()) }, status: 500, code: "server_error", own: "internal_error"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t, options{rates: c.rates, nobodySignedIn: true})
			if c.setUp != nil {
				c.setUp(h)
			}
			a := h.ask(append([]string{"client_id", h.agent.ClientID}, c.parameters...))
			checkOAuthError(t, a, c.status, c.code, c.own)
			if c.own == "ambiguous_delegation" && !strings.Contains(a.body, h.delegation.ID) {
				t.Errorf("does not list what may be named: %s", a.body)
			}
		})
	}
}
