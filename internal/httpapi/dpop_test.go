package httpapi_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"authsec/internal/attest/oidctest"
	"authsec/internal/issuance"
)

// TestRFC9449_5_BoundToken: a good proof gives a token that is bound to its key, by
// every algorithm of the metadata; without one, all is as it was.
func TestRFC9449_5_BoundToken(t *testing.T) {
	h := newHouse(t, options{nobodySignedIn: true})
	for _, route := range tokenRoutes() {
		for _, alg := range []string{"ES256", "ES384", "ES512", "EdDSA", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512"} {
			key := oidctest.NewKey(t, "a", alg)
			a := route.ask(h, h.agent, dpop(h.prove(key, route, nil, nil))).want(200)
			if a.member("token_type") != "DPoP" {
				t.Errorf("%s, %s: token_type in %s", route.name, alg, a.body)
			}
			// RFC 9449 §6.1: the thumbprint is in the token, and nothing else is.
			if got, want := mustJSON(t, claimsOf(t, a.member(route.member))["cnf"]), `{"jkt":"`+h.jkt(key)+`"}`; got != want {
				t.Errorf("%s, %s: cnf %s, want %s", route.name, alg, got, want)
			}
			// RFC 9449 §8.2: the nonce for the next proof.
			if a.header.Get("DPoP-Nonce") != h.nonce() || a.header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s, %s: headers %v", route.name, alg, a.header)
			}
			if strings.HasPrefix(route.name, "SDK") && !strings.Contains(a.body, `"cnf":{"jkt":"`+h.jkt(key)+`"}`) {
				t.Errorf("%s, %s: %s", route.name, alg, a.body)
			}
		}
		plain := route.ask(h, h.agent).want(200)
		if _, bound := claimsOf(t, plain.member(route.member))["cnf"]; bound || strings.Contains(plain.body, "cnf") || plain.header.Values("DPoP-Nonce") != nil {
			t.Errorf("%s without a proof: %s %v", route.name, plain.body, plain.header)
		}
		if kind := plain.member("token_type"); (route.member == "access_token" && kind != "Bearer") || (route.member == "token" && kind != "") {
			t.Errorf("%s without a proof: token_type %q", route.name, kind)
		}
	}
}

// TestRFC9449_4_3_Refused is of proofs that are not good. Each begins as a good
// one, and nothing demands any.
func TestRFC9449_4_3_Refused(t *testing.T) {
	h := newHouse(t, options{nobodySignedIn: true})
	key, other := oidctest.NewKey(t, "a", "ES256"), oidctest.NewKey(t, "b", "ES256")
	now := h.clock.Now().Unix()
	for _, route := range tokenRoutes() {
		is := func(claims, parameters object) []string { return []string{h.prove(key, route, claims, parameters)} }
		good := h.prove(key, route, nil, nil)
		parts := strings.Split(good, ".")
		for _, c := range []struct {
			name   string
			proofs []string
		}{
			{"no. 1: two headers", []string{good, h.prove(key, route, nil, nil)}},
			{"no. 1: one header twice", []string{good, good}},
			{"no. 1: two proofs in one header", []string{good + ", " + good}},
			{"no. 2: an empty header", []string{""}},
			{"no. 2: no JWT", []string{"proof"}},
			{"no. 2: two parts", []string{parts[0] + "." + parts[1]}},
			{"no. 2: a blank around it", []string{" " + good}},
			{"no. 2: longer than 8 KiB", is(object{"pad": strings.Repeat("a", 8<<10)}, nil)},
			{"no. 3: no jti", is(object{"jti": nil}, nil)},
			{"no. 3: an empty jti", is(object{"jti": ""}, nil)},
			{"no. 3: jti is no string", is(object{"jti": 7}, nil)},
			{"no. 3: jti of 257 bytes", is(object{"jti": strings.Repeat("a", 257)}, nil)},
			{"no. 3: no htm", is(object{"htm": nil}, nil)},
			{"no. 3: no htu", is(object{"htu": nil}, nil)},
			{"no. 3: no iat", is(object{"iat": nil}, nil)},
			{"no. 3: iat is a text", is(object{"iat": "now"}, nil)},
			{"no. 4: no typ", is(nil, object{"typ": nil})},
			{"no. 4: another typ", is(nil, object{"typ": "JWT"})},
			{"no. 5: alg none", []string{h.unsigned(parts[1])}},
			{"no. 5: a symmetric alg", []string{h.symmetric(parts[1])}},
			{"no. 6: another key's signature", []string{oidctest.Sign(t, other, object{"jti": "x", "htm": route.method, "htu": route.url(h), "iat": now, "nonce": h.nonce()}, object{"typ": "dpop+jwt", "jwk": key.Public()})}},
			{"no. 6: a changed payload", []string{parts[0] + "." + strings.Split(h.prove(key, route, nil, nil), ".")[1] + "." + parts[2]}},
			{"no. 7: no key", is(nil, object{"jwk": nil})},
			{"no. 7: a private key", is(nil, object{"jwk": key})},
			{"no. 7: a weak RSA key", is(nil, object{"jwk": object{"kty": "RSA", "n": "AQAB", "e": "AQAB"}})},
			{"no. 8: another method", is(object{"htm": "PUT"}, nil)},
			{"no. 8: the method in lower case", is(object{"htm": strings.ToLower(route.method)}, nil)},
			{"no. 9: another path", is(object{"htu": h.publicURL.String() + "/oauth2/introspect"}, nil)},
			{"no. 9: the path and more", is(object{"htu": route.url(h) + "/"}, nil)},
			{"no. 9: another host", is(object{"htu": "http://evil.example:7468" + route.path}, nil)},
			{"no. 9: another scheme", is(object{"htu": "https://localhost:7468" + route.path}, nil)},
			{"no. 9: another port", is(object{"htu": "http://localhost" + route.path}, nil)},
			{"no. 9: the path alone", is(object{"htu": route.path}, nil)},
			{"no. 11: made 31 s ago", is(object{"iat": now - 31}, nil)},
			{"no. 11: made in 31 s", is(object{"iat": now + 31}, nil)},
		} {
			t.Run(route.name+"/"+c.name, func(t *testing.T) {
				h.t = t
				a := route.ask(h, h.agent, dpop(c.proofs...)).wantOAuthError(400, "invalid_dpop_proof")
				if len(parts[2]) > 0 && strings.Contains(a.body, parts[2]) {
					t.Errorf("the answer quotes the proof: %s", a.body)
				}
			})
		}
		h.t = t
		route.ask(h, h.agent, dpop(good)).want(200) // it was good all along, and is not used up by what failed
	}
}

// TestRFC9449_4_3_Accepted is of what must not be held against a proof.
func TestRFC9449_4_3_Accepted(t *testing.T) {
	h := newHouse(t, options{nobodySignedIn: true})
	key := oidctest.NewKey(t, "a", "ES256")
	now := h.clock.Now().Unix()
	for _, route := range tokenRoutes() {
		for name, c := range map[string]struct {
			claims, parameters object
			change             request
		}{
			"no. 4: typ in full":                  {nil, object{"typ": "application/dpop+jwt"}, nil},
			"no. 9: a query and a fragment":       {object{"htu": route.url(h) + "?a=b#c"}, nil, nil},
			"no. 9: case of scheme and host":      {object{"htu": "HTTP://LocalHost:7468" + route.path}, nil, nil},
			"no. 9: another name of this machine": {object{"htu": "http://127.0.0.1:7468" + route.path}, nil, reached("127.0.0.1:7468")},
			"no. 11: made 30 s ago":               {object{"iat": now - 30}, nil, nil},
			"no. 11: made in 30 s":                {object{"iat": now + 30}, nil, nil},
			"no. 12: ath where there is no token": {object{"ath": "x"}, nil, nil},
			"§4.2: what is not known":             {object{"foo": "bar"}, object{"bar": "foo"}, nil},
		} {
			changes := []request{dpop(h.prove(key, route, c.claims, c.parameters))}
			if c.change != nil {
				changes = append(changes, c.change)
			}
			if a := route.ask(h, h.agent, changes...); a.status != 200 || a.member("token_type") != "DPoP" {
				t.Errorf("%s, %s: %d %s", route.name, name, a.status, a.body)
			}
		}
	}
}

// TestRFC9449_8_Nonce: a proof without the nonce of now is asked for again, with it.
func TestRFC9449_8_Nonce(t *testing.T) {
	h := newHouse(t, options{nobodySignedIn: true})
	key := oidctest.NewKey(t, "a", "ES256")
	for _, route := range tokenRoutes() {
		old := h.nonce()
		for name, nonce := range map[string]any{"none": nil, "made up": "eyJ7S_zG.eyJH0-Z.HX4w-7v", "a part": old[:40], "and more": old + "x"} {
			a := route.ask(h, h.agent, dpop(h.prove(key, route, object{"nonce": nonce}, nil))).wantOAuthError(400, "use_dpop_nonce")
			if a.header.Values("WWW-Authenticate") != nil {
				t.Errorf("%s, %s: %v", route.name, name, a.header)
			}
			route.ask(h, h.agent, dpop(h.prove(key, route, object{"nonce": a.header.Get("DPoP-Nonce")}, nil))).want(200)
		}
		h.later(150 * time.Second) // a new one is given out, and the last is still good
		if h.nonce() == old {
			t.Error("the nonce does not change")
		}
		if a := route.ask(h, h.agent, dpop(h.prove(key, route, object{"nonce": old}, nil))).want(200); a.header.Get("DPoP-Nonce") == old {
			t.Errorf("%s: the old nonce is given out", route.name)
		}
		h.later(150 * time.Second)
		route.ask(h, h.agent, dpop(h.prove(key, route, object{"nonce": old}, nil))).wantOAuthError(400, "use_dpop_nonce")
	}
}

// TestRFC9449_8_2_NonceOnEveryAnswer: whatever became of a request with a proof,
// its client learns of the nonce, so that one round trip is enough.
func TestRFC9449_8_2_NonceOnEveryAnswer(t *testing.T) {
	h := newHouse(t, options{nobodySignedIn: true})
	key := oidctest.NewKey(t, "a", "ES256")
	for _, route := range tokenRoutes() {
		secret := basic(h.secretAgent, h.clientSecret)
		proof := func() request { return dpop(h.prove(key, route, nil, nil)) }
		for name, c := range map[string]struct {
			a      answer
			status int
		}{
			"no proof of the workload":   {route.ask(h, h.secretAgent, proof()), 401},
			"nothing delegated":          {route.ask(h, h.secretAgent, proof(), secret), map[string]int{"POST": 400, "GET": 404}[route.method]},
			"a request that is no token": {h.call(route.method, route.path, nil, proof()), 400},
		} {
			if c.a.status != c.status || c.a.header.Get("DPoP-Nonce") != h.nonce() {
				t.Errorf("%s, %s: %d %s %v", route.name, name, c.a.status, c.a.body, c.a.header)
			}
		}
	}
}

// TestRFC9449_8_NonceComesFirst: a demand for a nonce uses up nothing, so that the
// client can ask again with the same assertion.
func TestRFC9449_8_NonceComesFirst(t *testing.T) {
	h := newHouse(t, options{nobodySignedIn: true})
	key, own := oidctest.NewKey(t, "a", "ES256"), oidctest.NewKey(t, "own", "ES256")
	agent, route := h.signer(own), tokenRoutes()[0]
	credential := []string{"client_assertion_type", jwtBearer, "client_assertion", h.assert(own, agent, nil)}
	h.ask(credential, dpop(h.prove(key, route, object{"nonce": nil}, nil))).wantOAuthError(400, "use_dpop_nonce")
	h.ask(credential, dpop(h.prove(key, route, nil, nil))).want(200)
	if a := h.ask(credential, dpop(h.prove(key, route, nil, nil))).want(401); a.member("authsec_error") != "invalid_workload_proof" {
		t.Errorf("the assertion is good twice: %s", a.body)
	}
}

// TestRFC9449_11_1_Replay: a proof is good once, whoever shows it. Strangers cannot use up a proof, nor fill the memory of proofs.
func TestRFC9449_11_1_Replay(t *testing.T) {
	h := newHouse(t, options{nobodySignedIn: true})
	key := oidctest.NewKey(t, "a", "ES256")
	for _, route := range tokenRoutes() {
		proof := dpop(h.prove(key, route, nil, nil))
		route.ask(h, h.secretAgent, proof, basic(h.secretAgent, "authsec_cs_wrong")).want(401)
		route.ask(h, h.secretAgent, proof).want(401)
		route.ask(h, h.agent, proof).want(200)
		a := route.ask(h, h.agent, proof).wantOAuthError(400, "invalid_dpop_proof")
		if !strings.Contains(a.member("error_description"), "used before") {
			t.Errorf("%s: %s", route.name, a.body)
		}
		route.ask(h, h.secretAgent, proof, basic(h.secretAgent, h.clientSecret)).wantOAuthError(400, "invalid_dpop_proof")
		h.later(31 * time.Second) // before it is forgotten, it is too old
		route.ask(h, h.agent, proof).wantOAuthError(400, "invalid_dpop_proof")

		// What is refused to a known agent uses up its proof, too.
		proof = dpop(h.prove(key, route, nil, nil))
		if a := route.ask(h, h.secretAgent, proof, basic(h.secretAgent, h.clientSecret)); a.status == 200 || a.status == 401 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		route.ask(h, h.agent, proof).wantOAuthError(400, "invalid_dpop_proof")

		// A proof names the ID of a key: another's may have the same.
		one, two := h.prove(key, route, object{"jti": "same"}, nil), h.prove(oidctest.NewKey(t, "b", "ES256"), route, object{"jti": "same"}, nil)
		route.ask(h, h.agent, dpop(one)).want(200)
		route.ask(h, h.agent, dpop(two)).want(200)
		route.ask(h, h.agent, dpop(h.prove(key, route, object{"jti": "same"}, nil))).wantOAuthError(400, "invalid_dpop_proof")
		h.later(2 * time.Minute)
	}
}

// TestRFC9449_5_1_Metadata lists the algorithms, and that certificates bind.
func TestRFC9449_5_1_Metadata(t *testing.T) {
	h := newHouse(t, options{nobodySignedIn: true})
	for _, path := range []string{"/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"} {
		var m map[string]any
		h.must(json.Unmarshal([]byte(h.call("GET", path, nil).want(200).body), &m))
		algs, _ := m["dpop_signing_alg_values_supported"].([]any)
		if len(algs) != 10 || slices.Contains(algs, any("none")) || slices.ContainsFunc(algs, func(alg any) bool { return strings.HasPrefix(alg.(string), "HS") }) {
			t.Errorf("%s: %v", path, algs)
		}
		if m["tls_client_certificate_bound_access_tokens"] != true { // RFC 8705 §3.3
			t.Errorf("%s: %v", path, slices.Sorted(maps.Keys(m)))
		}
	}
}

// TestRFC9449_6_2_Introspection tells how a bound token is to be presented, and by
// whom.
func TestRFC9449_6_2_Introspection(t *testing.T) {
	h := newHouse(t, options{nobodySignedIn: true})
	key, route := oidctest.NewKey(t, "a", "ES256"), tokenRoutes()[0]
	compact := route.ask(h, h.agent, dpop(h.prove(key, route, nil, nil))).want(200).member("access_token")
	a := h.introspect(compact, h.asBilling()).want(200)
	if a.member("token_type") != "DPoP" || !strings.Contains(a.body, `"active":true`) || !strings.Contains(a.body, `"cnf":{"jkt":"`+h.jkt(key)+`"}`) {
		t.Errorf("%s", a.body)
	}
}

// FuzzDPoPHeader: through the front door, any headers are the caller's fault or the
// one proof that is good.
func FuzzDPoPHeader(f *testing.F) {
	h := newHouse(f, options{nobodySignedIn: true, rates: issuance.Rates{PerClient: 1e6, PerAddress: 1e6}}) // its clock stands still
	key := oidctest.NewKey(f, "a", "ES256")
	for _, route := range tokenRoutes() {
		proof := h.prove(key, route, nil, nil)
		f.Add(proof, "")
		f.Add(h.prove(key, route, object{"nonce": nil}, nil), "")
		f.Add(proof, proof)
		f.Add(proof+","+proof, "")
	}
	f.Add("\x00\xff", "DPoP")
	f.Fuzz(func(t *testing.T, one, two string) {
		h.t = t
		values := []string{one}
		if two != "" {
			values = append(values, two)
		}
		for _, route := range tokenRoutes() {
			a := route.ask(h, h.agent, dpop(values...))
			if a.status == 200 && two == "" && a.member("token_type") == "DPoP" {
				continue
			}
			if code := a.member("error"); a.status != 400 || (code != "invalid_dpop_proof" && code != "use_dpop_nonce") || a.header.Get("DPoP-Nonce") == "" {
				t.Fatalf("%s: %d %s", route.name, a.status, a.body)
			}
		}
	})
}
