package policy_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"authsec/internal/domain"
	"authsec/internal/policy"
)

// Which delegation a request means. Delegations are numbered; Ana's is 1 and
// is the agent's default unless a test says otherwise.
func TestChoice(t *testing.T) {
	revoked := func(c policy.Candidate) policy.Candidate {
		c.Delegation.Status = domain.DelegationRevoked
		return c
	}
	foreign := func(c policy.Candidate) policy.Candidate {
		c.Delegation.ClientID = bobID
		return c
	}
	tests := []struct {
		sentence string
		all      []policy.Candidate
		def      int // the agent's default; 0: none
		request  policy.Request
		chosen   int    // 0: refused
		code     string // of the refusal
	}{
		{"the only active one", []policy.Candidate{candidate(1, ana())}, 0, policy.Request{}, 1, ""},
		{"or the one marked default", []policy.Candidate{candidate(2, bob()), candidate(1, ana())}, 1, policy.Request{}, 1, ""},
		{"otherwise 409", []policy.Candidate{candidate(1, ana()), candidate(2, bob())}, 0, policy.Request{}, 0, policy.CodeAmbiguousDelegation},
		{"the only active one, among ended ones", []policy.Candidate{revoked(candidate(1, ana())), candidate(2, bob())}, 0, policy.Request{}, 2, ""},
		{"default ended: 410 even when another person's is active", []policy.Candidate{revoked(candidate(1, ana())), candidate(2, bob())}, 1,
			policy.Request{}, 0, policy.CodeDelegationEnded},
		{"default ended and not even loaded: 410", []policy.Candidate{candidate(2, bob())}, 1, policy.Request{}, 0, policy.CodeDelegationEnded},
		{"default given up: the only active one", []policy.Candidate{candidate(2, bob())}, 0, policy.Request{}, 2, ""},
		{"all ended: 410", []policy.Candidate{revoked(candidate(1, ana())), revoked(candidate(2, bob()))}, 0,
			policy.Request{}, 0, policy.CodeDelegationEnded},
		{"nobody ever delegated: 404", nil, 0, policy.Request{}, 0, policy.CodeNoDelegation},
		{"delegation_id selects", []policy.Candidate{candidate(1, ana()), candidate(2, bob())}, 1,
			policy.Request{DelegationID: delegationID(2)}, 2, ""},
		{"delegation_id selects in any spelling of its UUID", []policy.Candidate{candidate(0xabc, bob())}, 0,
			policy.Request{DelegationID: strings.ToUpper(delegationID(0xabc))}, 0xabc, ""},
		{"delegation_id selects though the default ended", []policy.Candidate{revoked(candidate(1, ana())), candidate(2, bob())}, 1,
			policy.Request{DelegationID: delegationID(2)}, 2, ""},
		{"delegation_id of an ended one: 410", []policy.Candidate{revoked(candidate(1, ana())), candidate(2, bob())}, 2,
			policy.Request{DelegationID: delegationID(1)}, 0, policy.CodeDelegationEnded},
		{"delegation_id of another agent: as if there were none", []policy.Candidate{candidate(1, ana()), foreign(candidate(2, bob()))}, 1,
			policy.Request{DelegationID: delegationID(2)}, 0, policy.CodeNoDelegation},
		{"delegation_id of nothing", []policy.Candidate{candidate(1, ana())}, 1,
			policy.Request{DelegationID: delegationID(9)}, 0, policy.CodeNoDelegation},
		{"delegation_id with another role: 404", []policy.Candidate{candidate(1, ana())}, 1,
			policy.Request{DelegationID: delegationID(1), Role: "finance"}, 0, policy.CodeNoDelegation},
		{"another agent's delegations are no candidates", []policy.Candidate{foreign(candidate(2, bob())), candidate(1, ana())}, 0, policy.Request{}, 1, ""},
		{"role selects", []policy.Candidate{candidate(1, ana()), inRole(candidate(2, bob()), "finance")}, 1,
			policy.Request{Role: "finance"}, 2, ""},
		{"role selects though the default, of another role, ended", []policy.Candidate{revoked(candidate(1, ana())), inRole(candidate(2, bob()), "finance")}, 1,
			policy.Request{Role: "finance"}, 2, ""},
		{"role selects the default among several of it", []policy.Candidate{candidate(2, bob()), candidate(1, ana())}, 1,
			policy.Request{Role: "support"}, 1, ""},
		{"role is no way around the default that ended: 410", []policy.Candidate{revoked(candidate(1, ana())), candidate(2, bob())}, 1,
			policy.Request{Role: "support"}, 0, policy.CodeDelegationEnded},
		{"role with several and no default among them: 409", []policy.Candidate{candidate(2, bob()), candidate(3, ana()), inRole(candidate(1, ana()), "finance")}, 1,
			policy.Request{Role: "support"}, 0, policy.CodeAmbiguousDelegation},
		{"role nobody delegated: 404", []policy.Candidate{candidate(1, ana())}, 1, policy.Request{Role: "finance"}, 0, policy.CodeNoDelegation},
	}
	for _, tt := range tests {
		t.Run(tt.sentence, func(t *testing.T) {
			s := granted()
			s.all, s.agent.DefaultDelegationID = tt.all, ""
			if tt.def != 0 {
				s.agent.DefaultDelegationID = delegationID(tt.def)
			}
			s.request = tt.request
			s.request.ClientID = clientID
			if tt.chosen == 0 {
				mustDeny(t, s, tt.code)
				return
			}
			if g := mustGrant(t, s); g.DelegationID != delegationID(tt.chosen) {
				t.Errorf("chose %s, want %s", g.DelegationID, delegationID(tt.chosen))
			}
		})
	}
}

// A refusal names the delegation it is about, for the audit event.
func TestDenialNamesItsDelegation(t *testing.T) {
	refusals := map[string]struct {
		change func(*scene)
		want   string
	}{
		"the one asked for has ended": {func(s *scene) {
			s.request.DelegationID = delegationID(1)
			s.first().Status = domain.DelegationRevoked
		}, delegationID(1)},
		"the default has ended":       {func(s *scene) { s.agent.DefaultDelegationID = delegationID(8) }, delegationID(8)},
		"the one chosen fails":        {func(s *scene) { s.all[0].Role = nil }, delegationID(1)},
		"several would do":            {func(s *scene) { s.agent.DefaultDelegationID, s.all = "", append(s.all, candidate(2, bob())) }, ""},
		"there is none":               {func(s *scene) { s.agent.DefaultDelegationID, s.all = "", nil }, ""},
		"there is none of that id":    {func(s *scene) { s.request.DelegationID = delegationID(9) }, ""},
		"it is another agent's":       {func(s *scene) { s.request.DelegationID, s.first().ClientID = delegationID(1), bobID }, ""},
		"the request is not even one": {func(s *scene) { s.request.Role = "A" }, ""},
	}
	for name, tt := range refusals {
		s := granted()
		tt.change(s)
		if d := mustDenyAny(t, s); d.DelegationID != tt.want {
			t.Errorf("%s: names %q, want %q", name, d.DelegationID, tt.want)
		}
	}
}

// The 409 lists only delegation_id and role, and a bounded number of them.
func TestAmbiguityListsOnlyIDsAndRoles(t *testing.T) {
	s := granted()
	s.agent.DefaultDelegationID = ""
	s.all = []policy.Candidate{candidate(1, ana()), inRole(candidate(2, bob()), "finance")}
	e := mustDeny(t, s, policy.CodeAmbiguousDelegation).Err()
	want := map[string]any{"delegations": []map[string]string{
		{"delegation_id": delegationID(1), "role": "support"}, {"delegation_id": delegationID(2), "role": "finance"}}}
	if e.Kind != domain.Conflict || !reflect.DeepEqual(e.Details, want) {
		t.Errorf("kind %s, details %v, want %v", e.Kind, e.Details, want)
	}
	s.all = nil
	for n := range 500 {
		s.all = append(s.all, candidate(n+1, bob()))
	}
	if n := len(mustDeny(t, s, policy.CodeAmbiguousDelegation).Alternatives); n != 50 {
		t.Errorf("lists %d alternatives, want 50", n)
	}
}

// Conditions are checked in the order of DESIGN §2, the first failure is the
// one that is answered, and the Denial carries all reasons.
func TestOrderOfConditions(t *testing.T) {
	s := granted()
	s.proof.Selectors = nil
	s.agent.Status = domain.StatusSuspended
	s.first().EndsAt = now.Add(1)
	s.all[0].Delegator.Status, s.all[0].Delegator.Roles = domain.StatusSuspended, nil
	s.request.Audience = []string{apiURI}
	s.all[0].Role.Actions = nil
	s.request.Actions = []string{readID}
	mustDeny(t, s, policy.CodeSelectors, policy.CodeAgentSuspended, policy.CodeDelegationEnded, policy.CodeDelegatorInactive,
		policy.CodeRoleNotHeld, policy.CodeAudienceNotAllowed, policy.CodeActionNotDelegated, policy.CodeNoEffectiveActions)

	s.proof.State = policy.ProofRejected
	if d := mustDenyAny(t, s); d.First().Code != policy.CodeInvalidProof || len(d.Reasons) != 8 {
		t.Errorf("reasons = %v", codes(d))
	}
	s.agent.Status = domain.StatusDeleted
	mustDeny(t, s, policy.CodeUnknownClient)
	s.request.TTL = 1
	mustDeny(t, s, policy.CodeInvalidRequest)
}

func mustDenyAny(t *testing.T, s *scene) *policy.Denial {
	t.Helper()
	_, d := s.decide()
	if d == nil {
		t.Fatal("granted")
	}
	return d
}

// Every code has the kind that DESIGN §4's table gives it.
func TestErrKinds(t *testing.T) {
	table := map[domain.Kind][]string{
		domain.Invalid:         {policy.CodeInvalidRequest},
		domain.Unauthenticated: {policy.CodeProofRequired, policy.CodeInvalidProof},
		domain.Forbidden: {policy.CodeSelectors, policy.CodeAgentSuspended, policy.CodeDelegatorInactive, policy.CodeRoleNotHeld,
			policy.CodeActionNotDelegated, policy.CodeNoEffectiveActions, policy.CodeAudienceNotAllowed},
		domain.NotFound: {policy.CodeUnknownClient, policy.CodeNoDelegation},
		domain.Conflict: {policy.CodeAmbiguousDelegation},
		domain.Gone:     {policy.CodeDelegationEnded},
	}
	for kind, list := range table {
		for _, code := range list {
			d := &policy.Denial{Reasons: []domain.Reason{{Code: code, Message: "Do this.", Keys: []string{"k"}}}}
			e := d.Err()
			if e.Kind != kind || e.Code != code || e.Public != "Do this." {
				t.Errorf("%s: %+v", code, e)
			}
			wantKeys := map[string]string{policy.CodeSelectors: "missing_selectors", policy.CodeActionNotDelegated: "actions",
				policy.CodeAmbiguousDelegation: "delegations"}
			if key, ok := wantKeys[code]; ok != (e.Details != nil) || (ok && !slices.Contains(slices.Collect(maps.Keys(e.Details)), key)) {
				t.Errorf("%s: details %v", code, e.Details)
			}
			if before := slices.Contains([]string{policy.CodeInvalidRequest, policy.CodeUnknownClient, policy.CodeProofRequired,
				policy.CodeInvalidProof}, code); d.BeforeProof() != before {
				t.Errorf("%s: before proof = %t", code, d.BeforeProof())
			}
		}
	}
}

// Every message is a sentence, whatever made it.
func TestReasonsAreSentences(t *testing.T) {
	s := granted()
	s.all[0].Role = nil
	s.request.Audience = []string{"https://100%d.example.com"}
	for _, r := range mustDenyAny(t, s).Reasons {
		if !strings.HasSuffix(r.Message, ".") || strings.Contains(r.Message, "%!") {
			t.Errorf("%s: %q", r.Code, r.Message)
		}
		if fmt.Sprint(r.Message[:1]) != strings.ToUpper(r.Message[:1]) {
			t.Errorf("%s: %q", r.Code, r.Message)
		}
	}
}
