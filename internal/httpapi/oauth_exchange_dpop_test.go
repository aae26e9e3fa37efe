package httpapi_test

import (
	"testing"

	"authsec/internal/attest/oidctest"
)

// A token that is bound to a key is exchanged with a proof of that key alone, once
// per proof, and gives one that is bound to it, too (RFC 9449 §5, §11.1).
func TestRFC9449_5_ABoundTokenIsExchanged(t *testing.T) {
	h := newHands(t, options{})
	key, another := oidctest.NewKey(t, "a", "ES256"), oidctest.NewKey(t, "b", "ES256")
	route := tokenRoutes()[0]
	proven := func(by request, proof string) []request { return []request{by, dpop(proof)} }
	bound := h.ask(nil, proven(h.first.as, h.prove(key, route, nil, nil))...).given()
	swap := func(token string, changes ...request) answer {
		return h.ask([]string{"grant_type", exchangeGrant, "subject_token", token, "subject_token_type", accessTokenOf}, changes...)
	}
	checkOAuthError(t, swap(bound, h.second.as), 400, "invalid_request", "key_proof_required")
	checkOAuthError(t, swap(bound, proven(h.second.as, h.prove(another, route, nil, nil))...), 400, "invalid_request", "key_proof_required")
	once := h.prove(key, route, nil, nil)
	a := swap(bound, proven(h.second.as, once)...)
	if a.want(200).member("token_type") != "DPoP" || mustJSON(t, a.accessToken()["cnf"]) != `{"jkt":"`+h.jkt(key)+`"}` {
		t.Errorf("%s", a.body)
	}
	checkOAuthError(t, swap(bound, proven(h.second.as, once)...), 400, "invalid_dpop_proof", "invalid_dpop_proof")
	// Whoever is not proven uses no proof up.
	fresh := h.prove(key, route, nil, nil)
	swap(bound, dpop(fresh)).want(400)
	swap(bound, proven(basic(h.second.Agent, "authsec_cs_wrong"), fresh)...).want(401)
	swap(bound, proven(h.second.as, fresh)...).want(200)
	// A bearer token may become a bound one.
	if a := swap(h.fetched(), proven(h.second.as, h.prove(another, route, nil, nil))...); mustJSON(t, a.accessToken()["cnf"]) != `{"jkt":"`+h.jkt(another)+`"}` {
		t.Errorf("%s", a.body)
	}
}
