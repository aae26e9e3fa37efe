package policy_test

import (
	"slices"
	"strings"
	"testing"

	"authsec/internal/domain"
	"authsec/internal/policy"
)

// Permissive issues without proof and marks the token "none". One that nobody
// chose is honoured from a loopback peer only; require-attestation forbids both.
func TestPermissive(t *testing.T) {
	for _, chosen := range []bool{false, true} {
		for _, loopback := range []bool{false, true} {
			for _, require := range []bool{false, true} {
				s := granted()
				s.agent.Attestation, s.agent.AttestationChosen = domain.AttestationPermissive, chosen
				s.proof = policy.Proof{State: policy.ProofAbsent, Loopback: loopback}
				s.settings.RequireAttestation = require
				g, d := s.decide()
				if want := (chosen || loopback) && !require; (d == nil) != want {
					t.Errorf("chosen %t, loopback %t, require %t: granted %t, want %t", chosen, loopback, require, d == nil, want)
				} else if want && g.Attestation != policy.AttestedByNone {
					t.Errorf("attestation = %q, want none", g.Attestation)
				} else if !want && d.First().Code != policy.CodeProofRequired {
					t.Errorf("reason = %s", d.First().Code)
				}
			}
		}
	}
}

// A deployment that is reachable from elsewhere honours only a permissive that
// somebody chose, whatever the peer looks like.
func TestUnchosenPermissiveEndsWithLoopback(t *testing.T) {
	for _, chosen := range []bool{false, true} {
		s := granted()
		s.agent.Attestation, s.agent.AttestationChosen = domain.AttestationPermissive, chosen
		s.proof = policy.Proof{State: policy.ProofAbsent, Loopback: true}
		s.settings.Exposed = true
		if _, d := s.decide(); (d == nil) != chosen {
			t.Errorf("chosen %t: granted %t", chosen, d == nil)
		}
	}
}

func TestProof(t *testing.T) {
	secretAgent := func(s *scene) { s.agent.Platform, s.agent.Selectors = domain.PlatformOther, nil }
	tests := []struct {
		name   string
		change func(*scene)
		want   []string
		att    string // of the grant
	}{
		{"required, none presented", func(s *scene) { s.proof = policy.Proof{} }, []string{policy.CodeProofRequired}, ""},
		{"required, none presented, from loopback", func(s *scene) { s.proof = policy.Proof{Loopback: true} },
			[]string{policy.CodeProofRequired}, ""},
		{"a mode nobody knows is required", func(s *scene) {
			s.agent.Attestation, s.proof = "lenient", policy.Proof{Loopback: true}
		}, []string{policy.CodeProofRequired}, ""},
		{"rejected", func(s *scene) { s.proof.State = policy.ProofRejected }, []string{policy.CodeInvalidProof}, ""},
		{"a proof that is presented is always checked: rejected refuses a permissive agent too", func(s *scene) {
			s.agent.Attestation = domain.AttestationPermissive
			s.proof = policy.Proof{State: policy.ProofRejected, Loopback: true}
		}, []string{policy.CodeInvalidProof}, ""},
		{"a valid proof of other selectors refuses a permissive agent too", func(s *scene) {
			s.agent.Attestation = domain.AttestationPermissive
			s.proof.Loopback = true
			s.proof.Selectors = nil
		}, []string{policy.CodeSelectors}, ""},
		{"an agent is satisfied when all its selectors are attested, among others", func(s *scene) {
			s.proof.Selectors = append(slices.Clone(s.proof.Selectors), domain.Selector{Key: "k8s:pod-name", Value: "x"})
		}, nil, "k8s"},
		{"one selector missing", func(s *scene) { s.proof.Selectors = s.proof.Selectors[:1] }, []string{policy.CodeSelectors}, ""},
		{"one selector with another value", func(s *scene) {
			s.proof.Selectors = []domain.Selector{{Key: "k8s:ns", Value: "production"}, {Key: "k8s:sa", Value: "agent-sa "}}
		}, []string{policy.CodeSelectors}, ""},
		{"one of the SPIFFE IDs given", func(s *scene) {
			s.agent.Platform, s.agent.Selectors = domain.PlatformSPIFFE, []domain.Selector{{Key: "spiffe:id", Value: "spiffe://example.org/a spiffe://example.org/b"}}
			s.proof.Selectors = []domain.Selector{{Key: "spiffe:id", Value: "spiffe://example.org/b"}}
		}, nil, "k8s"},
		{"none of the SPIFFE IDs given", func(s *scene) {
			s.agent.Platform, s.agent.Selectors = domain.PlatformSPIFFE, []domain.Selector{{Key: "spiffe:id", Value: "spiffe://example.org/a spiffe://example.org/b"}}
			s.proof.Selectors = []domain.Selector{{Key: "spiffe:id", Value: "spiffe://example.org/"}}
		}, []string{policy.CodeSelectors}, ""},
		{"no selectors, its secret", func(s *scene) {
			secretAgent(s)
			s.proof = policy.Proof{State: policy.ProofAccepted, Kind: policy.AttestedBySecret}
		}, nil, "secret"},
		{"no selectors, its key", func(s *scene) {
			secretAgent(s)
			s.proof = policy.Proof{State: policy.ProofAccepted, Kind: policy.AttestedByKey}
		}, nil, "key"},
		{"no selectors, another workload's valid proof", secretAgent, []string{policy.CodeInvalidProof}, ""},
		{"no selectors, nothing presented", func(s *scene) { secretAgent(s); s.proof = policy.Proof{} },
			[]string{policy.CodeProofRequired}, ""},
		{"a state nobody knows is no proof", func(s *scene) { s.proof.State = 99 }, []string{policy.CodeInvalidProof}, ""},
		{"assumed, for explain, and it says so", func(s *scene) { s.proof = policy.Proof{State: policy.ProofAssumed} }, nil, "assumed"},
		{"assumed of a kind", func(s *scene) { s.proof = policy.Proof{State: policy.ProofAssumed, Kind: "k8s"} }, nil, "k8s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := granted()
			tt.change(s)
			if tt.want != nil {
				mustDeny(t, s, tt.want...)
				return
			}
			if g := mustGrant(t, s); g.Attestation != tt.att {
				t.Errorf("attestation = %q, want %q", g.Attestation, tt.att)
			}
		})
	}
}

// The refusal names the missing selectors' keys, never the values an
// administrator wrote.
func TestMissingSelectorsAreNamed(t *testing.T) {
	s := granted()
	s.proof.Selectors = []domain.Selector{{Key: "k8s:ns", Value: "staging"}, {Key: "k8s:sa", Value: "other"}}
	d := mustDeny(t, s, policy.CodeSelectors)
	r := d.First()
	if !slices.Equal(r.Keys, []string{"k8s:ns", "k8s:sa"}) || !strings.Contains(r.Message, "k8s:ns, k8s:sa") {
		t.Errorf("keys = %v, message = %q", r.Keys, r.Message)
	}
	if strings.Contains(r.Message, "production") || strings.Contains(r.Message, "agent-sa") {
		t.Errorf("the message tells what the agent demands: %q", r.Message)
	}
}

// A reason that a source gives for a key, or for a family of keys, is told of
// what it could not establish, never of what it did with another value.
func TestWhyASelectorIsMissing(t *testing.T) {
	s := granted()
	s.proof.Selectors = []domain.Selector{{Key: "k8s:ns", Value: "staging"}}
	s.proof.Missing = map[string]string{"k8s:": "Ask for more.", "k8s:ns": "No namespace."}
	if m := mustDeny(t, s, policy.CodeSelectors).First().Message; !strings.HasSuffix(m, "demands. Ask for more.") {
		t.Errorf("message = %q", m)
	}
	s.proof.Selectors = append(s.proof.Selectors, domain.Selector{Key: "k8s:sa", Value: "other"})
	if m := mustDeny(t, s, policy.CodeSelectors).First().Message; strings.Contains(m, "Ask for more") || !strings.Contains(m, "where its selectors hold") {
		t.Errorf("message = %q", m)
	}
}

func TestRejectedProofSaysWhy(t *testing.T) {
	s := granted()
	s.proof = policy.Proof{State: policy.ProofRejected, Problem: "The workload token expired."}
	if d := mustDeny(t, s, policy.CodeInvalidProof); d.First().Message != "The workload token expired." {
		t.Errorf("message = %q", d.First().Message)
	}
}

// Nothing about an agent or its delegations is told to a caller before its
// proof: whatever the agent is, the answer is the same, to the byte.
func TestNothingIsToldBeforeProof(t *testing.T) {
	agents := map[string]func(*scene){
		"required":              func(*scene) {},
		"suspended":             func(s *scene) { s.agent.Status = domain.StatusSuspended },
		"permissive by default": func(s *scene) { s.agent.Attestation, s.agent.AttestationChosen = domain.AttestationPermissive, false },
		"of a secret":           func(s *scene) { s.agent.Selectors, s.agent.Platform = nil, domain.PlatformOther },
		"nobody delegated":      func(s *scene) { s.all, s.agent.DefaultDelegationID = nil, "" },
		"ambiguous": func(s *scene) {
			s.agent.DefaultDelegationID = ""
			s.all = append(s.all, candidate(2, bob()))
		},
		"delegator gone": func(s *scene) { s.all[0].Delegator = nil },
		"role gone":      func(s *scene) { s.all[0].Role = nil },
		"delegation named": func(s *scene) {
			s.request.DelegationID = delegationID(1)
			s.first().Status = domain.DelegationRevoked
		},
	}
	var want domain.Reason
	for name, change := range agents {
		s := granted()
		change(s)
		s.proof = policy.Proof{}
		_, d := s.decide()
		if d == nil {
			t.Fatalf("%s: granted without proof", name)
		}
		if !d.BeforeProof() {
			t.Errorf("%s: %s does not count as before proof", name, d.First().Code)
		}
		if want.Code == "" {
			want = d.First()
		}
		if got := d.First(); got.Code != policy.CodeProofRequired || got.Message != want.Message || got.Keys != nil {
			t.Errorf("%s: answered %+v, want %+v", name, got, want)
		}
		if e := d.Err(); e.Details != nil {
			t.Errorf("%s: the answer has details %v", name, e.Details)
		}
		for _, secret := range []string{"Customer Support", "production", "support", anaID, "ana@example.com", delegationID(1)} {
			if strings.Contains(d.First().Message, secret) {
				t.Errorf("%s: the answer tells %q", name, secret)
			}
		}
	}
	if !strings.Contains(want.Message, "AUTHSEC_WORKLOAD_TOKEN_FILE") {
		t.Errorf("the advice does not say what to set: %q", want.Message)
	}
}
