package httpapi_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"authsec/internal/attest/oidctest"
	"authsec/internal/domain"
)

// TestRFC8693Errors is of exchanges that can never be granted, and of clients who
// do not authenticate. Each begins as a good one.
func TestRFC8693Errors(t *testing.T) {
	h := newHands(t, options{})
	first := h.fetched()
	good := h.second.as
	key := oidctest.NewKey(t, "a", "ES256")
	signer := h.signer(key)
	assertion := h.assert(key, signer, nil)
	for _, c := range []struct {
		name       string
		parameters []string // replace what a good one has
		change     request
		status     int
		code, own  string
	}{
		{"RFC 8693 §2.1 subject_token is required", []string{"subject_token", ""}, good, 400, "invalid_request", "invalid_request"},
		{"RFC 8693 §2.1 subject_token_type is required", []string{"subject_token_type", ""}, good, 400, "invalid_request", "invalid_request"},
		{"RFC 8693 §2.1 a subject_token_type that is not exchanged", []string{"subject_token_type", "urn:ietf:params:oauth:token-type:saml2"}, good, 400, "invalid_request", "invalid_request"},
		{"RFC 8693 §2.1 a refresh token", []string{"subject_token_type", "urn:ietf:params:oauth:token-type:refresh_token"}, good, 400, "invalid_request", "invalid_request"},
		{"RFC 8693 §2.1 a subject_token_type that is no URI", []string{"subject_token_type", "access_token"}, good, 400, "invalid_request", "invalid_request"},
		{"RFC 8693 §2.1 a requested_token_type that is not issued", []string{"requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token"}, good, 400, "invalid_request", "invalid_request"},
		{"RFC 8693 §2.1 an ID token is not issued", []string{"requested_token_type", idTokenOf}, good, 400, "invalid_request", "invalid_request"},
		{"RFC 8693 §2.1 actor_token without its type", []string{"actor_token", first}, good, 400, "invalid_request", "invalid_request"},
		{"RFC 8693 §2.1 actor_token_type without its token", []string{"actor_token_type", jwtOf}, good, 400, "invalid_request", "invalid_request"},
		{"RFC 8693 §2.1 another's actor_token", []string{"actor_token", first, "actor_token_type", jwtOf}, good, 400, "invalid_request", "invalid_request"},
		{"RFC 8693 §2.1 an actor_token_type that is not taken", []string{"client_assertion_type", jwtBearer, "client_assertion", assertion, "actor_token", assertion, "actor_token_type", "urn:x"}, nil, 400, "invalid_request", "invalid_request"},
		{"RFC 6749 §3.2 subject_token twice", []string{"subject_token", first, "subject_token", first}, good, 400, "invalid_request", "invalid_request"},
		{"RFC 6749 §3.2 subject_token_type twice", []string{"subject_token_type", jwtOf, "subject_token_type", jwtOf}, good, 400, "invalid_request", "invalid_request"},
		{"RFC 8693 §2.1 scope is case-sensitive words", []string{"scope", "billing:read,orders:read"}, good, 400, "invalid_scope", "invalid_request"},
		{"ADR 0006 actions for scope", []string{"actions", "billing:read"}, good, 400, "invalid_request", "invalid_request"},
		{"RFC 8707 §2 a resource with a fragment", []string{"resource", ordersURI + "#a"}, good, 400, "invalid_target", "invalid_target"},
		{"RFC 8707 §2 a relative resource", []string{"resource", "orders"}, good, 400, "invalid_target", "invalid_target"},
		{"a ttl that is too short", []string{"ttl", "59"}, good, 400, "invalid_request", "invalid_request"},
		{"a subject_token that is too long", []string{"subject_token", strings.Repeat("a", 16<<10+1)}, good, 400, "invalid_request", "invalid_request"},

		{"RFC 8693 §2.2.2 a subject_token that is none", []string{"subject_token", "a.b"}, good, 400, "invalid_request", "invalid_subject_token"},
		{"RFC 8693 §2.2.2 one whose signature is not ours", []string{"subject_token", first[:len(first)-8] + "AAAAAAAA"}, good, 400, "invalid_request", "invalid_subject_token"},
		{"RFC 8693 §2.2.2 an access token as an ID token", []string{"subject_token_type", idTokenOf}, good, 400, "invalid_request", "invalid_subject_token"},
		{"RFC 8693 §2.2.2 an assertion as a subject", []string{"subject_token", h.assert(key, signer, nil)}, good, 400, "invalid_request", "invalid_subject_token"},
		{"RFC 8693 §2.2.2 of a delegation that does not list the client", nil, h.stranger.as, 400, "invalid_request", "invalid_subject_token"},
		{"RFC 8693 §2.2.2 another delegation", []string{"delegation_id", anID}, good, 400, "invalid_request", "no_delegation"},
		{"RFC 8693 §2.2.2 another role", []string{"role", "refunds"}, good, 400, "invalid_request", "no_delegation"},
		{"RFC 8693 §2.2.2 a target that is not the token's", []string{"audience", "authsec-api"}, good, 400, "invalid_target", "audience_not_allowed"},
		{"RFC 6749 §5.2 a scope that exceeds the token's", []string{"scope", "billing:refund"}, good, 400, "invalid_scope", "action_not_delegated"},

		{"RFC 6749 §3.2.1 no authentication", []string{"client_id", h.second.ClientID}, nil, 401, "invalid_client", "workload_proof_required"},
		{"RFC 6749 §5.2 an unknown client", []string{"client_id", anID}, nil, 401, "invalid_client", "unknown_client"},
		{"RFC 6749 §5.2 a wrong secret", nil, basic(h.second.Agent, "authsec_cs_wrong"), 401, "invalid_client", "invalid_workload_proof"},
		{"RFC 8693 §2.1 the subject_token is no authentication", []string{"client_id", h.first.ClientID, "client_assertion_type", jwtBearer, "client_assertion", first}, nil, 401, "invalid_client", "invalid_workload_proof"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.t = t
			all := []string{"grant_type", exchangeGrant}
			for _, given := range [][]string{{"subject_token", first}, {"subject_token_type", accessTokenOf}} {
				if !slices.Contains(c.parameters, given[0]) {
					all = append(all, given...)
				}
			}
			var changes []request
			if c.change != nil {
				changes = append(changes, c.change)
			}
			a := h.ask(append(all, c.parameters...), changes...)
			checkOAuthError(t, a, c.status, c.code, c.own)
			for _, told := range []string{first, h.member.Email, h.member.ID, h.lent.ID, h.first.Name} {
				if strings.Contains(a.body, told) {
					t.Errorf("the answer tells %q: %s", told, a.body)
				}
			}
		})
	}
}

// RFC 8693 §2.1: an actor_token may say once more who the client is.
func TestRFC8693_2_1_TheActorIsTheClient(t *testing.T) {
	h := newHands(t, options{})
	key := oidctest.NewKey(t, "a", "ES256")
	signer := h.signer(key)
	list := []string{signer.ClientID}
	_, err := h.del.Edit(t.Context(), h.member.caller(), h.lent.ID, domain.DelegationPatch{SubAgents: &list})
	h.must(err)
	own := h.assert(key, signer, nil)
	got := h.swap(nil, h.fetched(), "client_assertion_type", jwtBearer, "client_assertion", own, "actor_token", own, "actor_token_type", jwtOf).accessToken()
	if !slices.Equal(chainOf(got), []string{signer.ClientID, h.first.ClientID}) || got["attestation"] != "key" {
		t.Errorf("%v", got)
	}
}

// One answer for what is unknown, foreign, expired or recalled, whoever asks: no
// byte of it tells them apart.
func TestRFC8693_2_2_2_NoOracle(t *testing.T) {
	h := newHands(t, options{})
	short, revoked, ended, forStranger := h.fetched("ttl", "60"), h.fetched(), h.fetched(), h.fetched()
	foreign := newHouse(t, options{publicURL: "http://localhost:7999", nobodySignedIn: true})
	h.form(revokePath, []string{"token", revoked}, h.first.as).want(200)
	h.clock.Advance(time.Minute)
	answers := map[string]string{}
	ask := func(name string, by request, token string) {
		a := h.swap(by, token)
		checkOAuthError(t, a, 400, "invalid_request", "invalid_subject_token")
		answers[name] = strings.ReplaceAll(a.body, a.member("request_id"), "")
	}
	ask("recalled", h.second.as, revoked)
	ask("expired", h.second.as, short)
	ask("forged", h.second.as, forStranger[:len(forStranger)-8]+"AAAAAAAA")
	ask("a stranger's try", h.stranger.as, forStranger)
	_, err := h.del.Revoke(t.Context(), h.member.caller(), h.lent.ID, "")
	h.must(err)
	ask("of a delegation that has ended", h.second.as, ended)
	ask("of a delegation that has ended, by a stranger", h.stranger.as, ended)
	// Another issuer's is answered as what it is: of no provider that is known.
	other := foreign.call("GET", tokenPath+"?client_id="+foreign.agent.ClientID, nil, host("localhost:7999")).want(200).member("token")
	checkOAuthError(t, h.swap(h.second.as, other), 400, "invalid_request", "invalid_subject_token")
	seen := map[string]bool{}
	for _, body := range answers {
		seen[body] = true
	}
	if len(seen) != 1 {
		t.Errorf("%v", answers)
	}
}

// What the decision refuses has RFC 8693 §2.2.2's names.
func TestRFC8693_2_2_2_Decisions(t *testing.T) {
	for _, c := range []struct {
		name      string
		setUp     func(h *hands)
		by        func(h *hands) request
		token     func(h *hands) string
		code, own string
	}{
		{name: "a suspended client", setUp: func(h *hands) {
			_, err := h.dir.SuspendAgent(h.t.Context(), h.admin.caller(), h.second.ClientID)
			h.must(err)
		}, code: "unauthorized_client", own: "agent_suspended"},
		{name: "a client that had the token before", token: func(h *hands) string {
			return h.swap(h.third.as, h.swap(h.second.as, h.fetched()).given()).given()
		}, code: "invalid_request", own: "chain_not_allowed"},
		{name: "too many agents", setUp: func(h *hands) {
			list := []string{h.second.ClientID, h.third.ClientID, h.stranger.ClientID}
			_, err := h.del.Edit(h.t.Context(), h.member.caller(), h.lent.ID, domain.DelegationPatch{SubAgents: &list})
			h.must(err)
		}, token: func(h *hands) string {
			return h.swap(h.third.as, h.swap(h.second.as, h.fetched()).given()).given()
		}, by: func(h *hands) request { return h.stranger.as }, code: "invalid_request", own: "chain_not_allowed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHands(t, options{})
			if c.setUp != nil {
				c.setUp(h)
			}
			token, by := "", h.second.as
			if c.token == nil {
				token = h.fetched()
			} else {
				token = c.token(h)
			}
			if c.by != nil {
				by = c.by(h)
			}
			checkOAuthError(t, h.swap(by, token), 400, c.code, c.own)
		})
	}
}

// RFC 8693 §2.2.2, RFC 6749 §4.1.2.1: what cannot be done now is neither.
func TestAnExchangeWithoutDatabaseOrLog(t *testing.T) {
	h := newHands(t, options{})
	first := h.fetched()
	h.must(h.recorder.Close(t.Context()))
	checkOAuthError(t, h.swap(h.second.as, first), 503, "temporarily_unavailable", "temporarily_unavailable")
	h.must(h.store.Close())
	checkOAuthError(t, h.swap(h.second.as, first), 500, "server_error", "internal_error")
}

// RFC 8414 §2: the grant is listed.
func TestRFC8414_2_TheGrantIsListed(t *testing.T) {
	h := newHouse(t, options{nobodySignedIn: true})
	for _, path := range []string{"/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"} {
		if a := h.call("GET", path, nil).want(200); !strings.Contains(a.body, `"grant_types_supported":["client_credentials","`+exchangeGrant+`"]`) {
			t.Errorf("%s: %s", path, a.body)
		}
	}
}
