package issuance_test

import (
	"crypto/rand"
	"testing"
	"time"

	"authsec/internal/attest"
	"authsec/internal/domain"
	"authsec/internal/issuance"
)

// A permissive agent gets tokens without proof, marked as such. One that nobody
// chose is honoured from this machine alone.
func TestPermissive(t *testing.T) {
	h := newHouse(t)
	permissive := func(chosen bool) domain.Agent {
		a := h.newAgent(t, func(a *domain.Agent) { a.Attestation, a.AttestationChosen = domain.AttestationPermissive, chosen })
		h.lend(t, h.ana, a, func(*domain.Delegation) {})
		return a
	}
	chosen, byDefault := permissive(true), permissive(false)
	direct := issuance.Presented{Loopback: true}
	for name, tt := range map[string]struct {
		agent domain.Agent
		proof issuance.Presented
		code  string
		as    string
	}{
		"chosen":                        {chosen, issuance.Presented{}, "", "none"},
		"not chosen, from loopback":     {byDefault, direct, "", "none"},
		"not chosen, from elsewhere":    {byDefault, issuance.Presented{}, "workload_proof_required", ""},
		"required, from loopback":       {h.agent, direct, "workload_proof_required", ""},
		"chosen, with a good proof":     {chosen, bearer("right"), "", "k8s"},
		"chosen, with a bad proof":      {chosen, bearer("wrong"), "invalid_workload_proof", ""},
		"not chosen, bad, loopback":     {byDefault, issuance.Presented{Bearer: "pod:wrong", Loopback: true}, "invalid_workload_proof", ""},
		"chosen, an unknown kind":       {chosen, issuance.Presented{Bearer: "x"}, "invalid_workload_proof", ""},
		"chosen, a wrong secret":        {chosen, issuance.Presented{Basic: &issuance.Basic{}}, "invalid_workload_proof", ""},
		"chosen, another workload's":    {chosen, bearer("elsewhere"), "selectors_not_satisfied", ""},
		"not chosen, proof from abroad": {byDefault, bearer("right"), "", "k8s"},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.code != "" {
				kind := domain.Unauthenticated
				if tt.code == "selectors_not_satisfied" {
					kind = domain.Forbidden
				}
				h.refused(t, kind, tt.code, of(tt.agent), proving(tt.proof))
				return
			}
			if _, c := h.issue(t, of(tt.agent), proving(tt.proof)); c.Attestation != tt.as {
				t.Errorf("attestation %q, want %q", c.Attestation, tt.as)
			}
		})
	}
	h.Policy.RequireAttestation = true
	for _, p := range []issuance.Presented{{}, direct} {
		h.refused(t, domain.Unauthenticated, "workload_proof_required", of(chosen), proving(p))
		h.refused(t, domain.Unauthenticated, "workload_proof_required", of(byDefault), proving(p))
	}
	if _, c := h.issue(t, of(chosen)); c.Attestation != "k8s" {
		t.Error("a proof is as good as ever")
	}
}

func newSecret(t testing.TB) domain.Secret {
	t.Helper()
	s, err := domain.NewSecret(rand.Reader, domain.PrefixClientSecret)
	must(t, err)
	return s
}

// vault is an agent on the platform "other", with the given secrets.
func (h *house) vault(t testing.TB, secrets ...domain.ClientSecret) domain.Agent {
	t.Helper()
	a := h.newAgent(t, func(a *domain.Agent) { a.Platform, a.Selectors, a.Secrets = domain.PlatformOther, nil, secrets })
	h.lend(t, h.ana, a, func(*domain.Delegation) {})
	return a
}

func basic(a domain.Agent, s domain.Secret) func(*issuance.Request) {
	return func(r *issuance.Request) {
		r.ClientID, r.Proof = a.ClientID, issuance.Presented{Basic: &issuance.Basic{ClientID: a.ClientID, Secret: s}}
	}
}

func TestClientSecrets(t *testing.T) {
	h := newHouse(t)
	fresh, old, others := newSecret(t), newSecret(t), newSecret(t)
	a := h.vault(t, domain.ClientSecret{Hash: fresh.Hash(), CreatedAt: h.clock.Now()}, domain.ClientSecret{Hash: old.Hash(), ExpiresAt: h.clock.Now().Add(time.Hour)})
	b := h.vault(t, domain.ClientSecret{Hash: others.Hash()})
	for name, s := range map[string]domain.Secret{"the fresh one": fresh, "the one before, in the overlap of a rotation": old} {
		if _, c := h.issue(t, basic(a, s)); c.Attestation != "secret" || c.ClientID != a.ClientID {
			t.Errorf("%s: %+v", name, c)
		}
	}
	h.clock.Advance(time.Hour)
	for name, ask := range map[string]func(*issuance.Request){
		"after the overlap":           basic(a, old),
		"wrong":                       basic(a, newSecret(t)),
		"another agent's":             basic(a, others),
		"another agent's credentials": func(r *issuance.Request) { basic(b, others)(r); r.ClientID = a.ClientID },
		"empty":                       basic(a, ""),
		"as a bearer token":           func(r *issuance.Request) { of(a)(r); r.Proof = issuance.Presented{Bearer: fresh} },
		// It has no selectors to fail, so any workload's proof would do.
		"a pod's good proof":       func(r *issuance.Request) { of(a)(r); r.Proof = bearer("right") },
		"of an agent without any":  basic(h.agent, fresh),
		"a secret nobody may hold": basic(h.vault(t), fresh),
	} {
		t.Run(name, func(t *testing.T) { h.refused(t, domain.Unauthenticated, "invalid_workload_proof", ask) })
	}
	h.refused(t, domain.Unauthenticated, "workload_proof_required", of(a), proving(issuance.Presented{}))
	if _, c := h.issue(t, basic(a, fresh)); c.Attestation != "secret" {
		t.Error("the fresh one works on")
	}
	// A secret proves no selectors: an agent that has both is not satisfied by it.
	both := h.newAgent(t, func(a *domain.Agent) {
		a.Secrets = []domain.ClientSecret{{Hash: domain.Secret("authsec_cs_both").Hash()}}
	})
	h.refused(t, domain.Forbidden, "selectors_not_satisfied", basic(both, "authsec_cs_both"))
}

// A proof that cannot be judged now is neither a pass nor a refusal.
func TestAnOutageOfTheAttestorIsUnavailable(t *testing.T) {
	h := newHouse(t)
	open := h.newAgent(t, func(a *domain.Agent) { a.Attestation = domain.AttestationPermissive })
	h.lend(t, h.ana, open, func(*domain.Delegation) {})
	for _, what := range []string{"outage", "busy"} {
		for _, a := range []domain.Agent{h.agent, open} {
			list := h.events(t, func() {
				if e := h.refused(t, domain.Unavailable, "temporarily_unavailable", of(a), proving(bearer(what))); what == "outage" && e.RetryAfter <= 0 {
					t.Error("nobody says when to come back")
				}
			})
			if len(list) != 0 {
				t.Errorf("%s: %d events", what, len(list))
			}
		}
	}
	h.Attestor = pods{clock: h.clock} // outside a Chain, a proof of another kind is nobody's
	h.refused(t, domain.Unavailable, "temporarily_unavailable", proving(attest.Presented{Bearer: "x"}))
}
