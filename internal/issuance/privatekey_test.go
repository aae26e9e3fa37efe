package issuance_test

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"authsec/internal/attest"
	"authsec/internal/attest/oidctest"
	"authsec/internal/domain"
	"authsec/internal/issuance"

	"github.com/go-jose/go-jose/v4"
)

// signer is an agent on the platform "other" with keys of its own.
func (h *house) signer(t testing.TB, keys ...jose.JSONWebKey) domain.Agent {
	t.Helper()
	h.Attestor = attest.Chain{attest.ClientSecret{}, attest.PrivateKey{Audiences: []string{issuer}, Used: h.store}, pods{clock: h.clock}}
	a := h.vault(t)
	h.register(t, a, keys...)
	return a
}

func (h *house) register(t testing.TB, a domain.Agent, keys ...jose.JSONWebKey) {
	t.Helper()
	raw := make([]json.RawMessage, 0, len(keys))
	for _, k := range keys {
		text, err := json.Marshal(k.Public())
		must(t, err)
		raw = append(raw, text)
	}
	var parsed []domain.AgentKey
	if len(keys) > 0 {
		var err error
		parsed, err = domain.ParseAgentKeys(raw)
		must(t, err)
	}
	h.setAgent(t, a.ClientID, func(a *domain.Agent) { a.Keys = parsed })
}

// agentKeys is the document that the agent's public keys are kept as.
func agentKeys(t testing.TB, h *house, a domain.Agent) string {
	t.Helper()
	got, err := h.store.Agent(t.Context(), a.ClientID)
	must(t, err)
	return domain.AgentKeySet(got.Keys)
}

// assertion is a good one now, with changes; nil drops a claim.
func (h *house) assertion(t testing.TB, a domain.Agent, changes map[string]any) map[string]any {
	t.Helper()
	now := h.clock.Now()
	claims := map[string]any{"iss": a.ClientID, "sub": a.ClientID, "aud": issuer, "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(), "jti": newID(t)}
	for name, v := range changes {
		claims[name] = v
		if v == nil {
			delete(claims, name)
		}
	}
	return claims
}

func TestPrivateKeys(t *testing.T) {
	h := newHouse(t)
	key, impostor, next := oidctest.NewKey(t, "a", "ES256"), oidctest.NewKey(t, "a", "ES256"), oidctest.NewKey(t, "b", "EdDSA")
	agent := h.signer(t, key)
	other := h.signer(t, oidctest.NewKey(t, "a", "RS256"))
	signed := func(k jose.JSONWebKey, changes map[string]any) issuance.Presented {
		return presenting(oidctest.Sign(t, k, h.assertion(t, agent, changes), nil))
	}

	list := h.events(t, func() {
		if _, c := h.issue(t, of(agent), proving(signed(key, nil))); c.Attestation != "key" || c.ClientID != agent.ClientID {
			t.Errorf("%+v", c)
		}
	})
	if len(list) != 1 || !strings.Contains(string(list[0].Details), `"kind":"key"`) {
		t.Errorf("events: %+v", list)
	}

	at := func(d time.Duration) int64 { return h.clock.Now().Add(d).Unix() }
	for name, tt := range map[string]struct {
		ask   domain.Agent
		proof func() issuance.Presented // made when it is presented
		says  string
	}{
		"expired": {agent, func() issuance.Presented {
			return signed(key, map[string]any{"iat": at(-3 * time.Minute), "exp": at(-31 * time.Second)})
		}, "expired"},
		"not yet valid":      {agent, func() issuance.Presented { return signed(key, map[string]any{"nbf": at(32 * time.Second)}) }, "not valid yet"},
		"lives too long":     {agent, func() issuance.Presented { return signed(key, map[string]any{"exp": at(6 * time.Minute)}) }, "for longer"},
		"for another server": {agent, func() issuance.Presented { return signed(key, map[string]any{"aud": "https://auth.elsewhere.example"}) }, "another audience"},
		"for two servers": {agent, func() issuance.Presented {
			return signed(key, map[string]any{"aud": []string{issuer, "https://auth.elsewhere.example"}})
		}, "another audience"},
		"wrong key":            {agent, func() issuance.Presented { return signed(impostor, nil) }, "not signed with a key"},
		"a key not registered": {agent, func() issuance.Presented { return signed(next, nil) }, "not signed with a key"},
		"without jti":          {agent, func() issuance.Presented { return signed(key, map[string]any{"jti": nil}) }, "jti"},
		"HS256 by its key": {agent, func() issuance.Presented {
			return presenting(oidctest.Sign(t, jose.JSONWebKey{Key: []byte(agentKeys(t, h, agent)), KeyID: "a", Algorithm: "HS256"}, h.assertion(t, agent, nil), nil))
		}, "algorithm"},
		"another agent's":     {other, func() issuance.Presented { return signed(key, nil) }, ""},
		"in the other's name": {other, func() issuance.Presented { return presenting(oidctest.Sign(t, key, h.assertion(t, other, nil), nil)) }, "not signed with a key"},
		"of an agent without": {h.agent, func() issuance.Presented { return presenting(oidctest.Sign(t, key, h.assertion(t, h.agent, nil), nil)) }, "not signed with a key"},
	} {
		t.Run(name, func(t *testing.T) {
			list := h.counted(t, func() {
				if e := h.refused(t, domain.Unauthenticated, "invalid_workload_proof", of(tt.ask), proving(tt.proof())); !strings.Contains(e.Public, tt.says) {
					t.Errorf("%q does not say %q", e.Public, tt.says)
				}
			})
			if len(list) != 1 || list[0].Reasons[0].Code != "invalid_workload_proof" {
				t.Errorf("counted: %+v", list)
			}
		})
	}

	// Rotation: both keys for a while, then the new one alone.
	h.register(t, agent, key, next)
	h.issue(t, of(agent), proving(signed(key, nil)))
	h.issue(t, of(agent), proving(signed(next, nil)))
	h.register(t, agent, next)
	h.counted(t, func() {
		h.refused(t, domain.Unauthenticated, "invalid_workload_proof", of(agent), proving(signed(key, nil)))
	})
	h.register(t, agent)
	h.counted(t, func() {
		h.refused(t, domain.Unauthenticated, "invalid_workload_proof", of(agent), proving(signed(next, nil)))
	})
	// Its key proves no selectors.
	both := h.newAgent(t, func(*domain.Agent) {})
	h.register(t, both, key)
	h.refused(t, domain.Forbidden, "selectors_not_satisfied", of(both), proving(presenting(oidctest.Sign(t, key, h.assertion(t, both, nil), nil))))
}

// Whoever sees an assertion can do nothing with it: of many at once, one gets a token.
func TestAnAssertionIsUsedOnce(t *testing.T) {
	h := newHouse(t)
	key := oidctest.NewKey(t, "a", "EdDSA")
	agent := h.signer(t, key)
	proof := presenting(oidctest.Sign(t, key, h.assertion(t, agent, nil), nil))
	var issued, refused int
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			_, err := h.Issue(t.Context(), h.request(of(agent), proving(proof)))
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				issued++
			} else if strings.Contains(err.Error(), "used before") {
				refused++
			} else {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if issued != 1 || refused != 7 {
		t.Errorf("%d tokens and %d refusals", issued, refused)
	}
	h.refused(t, domain.Unauthenticated, "invalid_workload_proof", of(agent), proving(proof))
	h.clock.Advance(2 * time.Minute) // it has expired, and is forgotten
	if e := h.refused(t, domain.Unauthenticated, "invalid_workload_proof", of(agent), proving(proof)); !strings.Contains(e.Public, "expired") {
		t.Error(e.Public)
	}
}
