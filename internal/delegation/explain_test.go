package delegation_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"authsec/internal/delegation"
	"authsec/internal/domain"
	"authsec/internal/policy"
)

var assumed = policy.Proof{State: policy.ProofAssumed}

func (h *house) explain(t *testing.T, c domain.Caller, change ...func(*policy.Request)) delegation.Explanation {
	t.Helper()
	r := policy.Request{ClientID: h.agent.ClientID}
	for _, f := range change {
		f(&r)
	}
	var out delegation.Explanation
	h.silent(t, func() {
		var err error
		out, err = h.Explain(t.Context(), c, r, assumed)
		must(t, err)
	})
	return out
}

// codes are the reasons of a verdict, or "granted".
func codes(v delegation.Verdict) []string {
	if v.Grant != nil {
		return []string{"granted"}
	}
	var out []string
	for _, r := range v.Denial.Reasons {
		out = append(out, r.Code)
	}
	return out
}

func shown(e delegation.Explanation) []string {
	var out []string
	for _, d := range e.Delegations {
		out = append(out, d.Delegation.ID)
	}
	return out
}

func TestExplainGivesTheGrantOrEveryReason(t *testing.T) {
	h := newHouse(t)
	d := h.lend(t, h.ana)
	e := h.explain(t, h.root)
	if e.Agent.ClientID != h.agent.ClientID || len(e.Delegations) != 1 || e.Unnamed == nil {
		t.Fatalf("explained %+v", e)
	}
	g := e.Delegations[0].Grant
	if g == nil || g.Subject != h.ana.UserID || g.Email != "ana@example.com" || !slices.Equal(g.Actions, []string{read, refund}) ||
		g.Lifetime != time.Hour || !slices.Equal(g.Audience, []string{"authsec-api"}) || g.SPIFFEID != "spiffe://authsec.local/agent/"+h.agent.ClientID {
		t.Errorf("granted %+v", g)
	}
	if u := e.Unnamed.Grant; u == nil || u.DelegationID != d.ID {
		t.Errorf("unnamed %+v", u)
	}
	if v := e.Delegations[0].Delegation; !v.Default || v.Agent.Name != "Customer Support" || v.Delegator.Email != "ana@example.com" {
		t.Errorf("the delegation is %+v", v)
	}
	if got := fmt.Sprint(e.Delegations[0].Missing); got != "[{orders:read not_delegated The person did not delegate it.}]" {
		t.Errorf("missing %s", got)
	}
	h.setUser(t, h.ana, func(u *domain.User) { u.Status, u.Roles = domain.StatusSuspended, nil })
	h.setRole(t, "support", read)
	e = h.explain(t, h.root, func(r *policy.Request) { r.Audience, r.Actions = []string{apiURI}, []string{refund, "zz:top"} })
	want := []string{"delegator_inactive", "role_not_held", "audience_not_allowed", "action_not_delegated"}
	if got := codes(e.Delegations[0].Verdict); !slices.Equal(got, want) {
		t.Errorf("reasons %v, want %v", got, want)
	}
	var missing []string
	for _, m := range e.Delegations[0].Missing {
		missing = append(missing, m.Action+" "+m.Reason)
		if m.Message == "" {
			t.Error("no sentence")
		}
	}
	if want := []string{refund + " not_in_role", "zz:top not_in_role"}; !slices.Equal(missing, want) {
		t.Errorf("missing %v, want %v", missing, want)
	}
}

func TestExplainJudgesProofAsGiven(t *testing.T) {
	h := newHouse(t)
	h.lend(t, h.ana)
	for name, tt := range map[string]struct {
		proof policy.Proof
		want  string
	}{
		"assumed":      {assumed, "granted"},
		"none":         {policy.Proof{}, "workload_proof_required"},
		"the selector": {policy.Proof{State: policy.ProofAccepted, Kind: "k8s", Selectors: h.agent.Selectors}, "granted"},
		"another's":    {policy.Proof{State: policy.ProofAccepted, Kind: "k8s"}, "selectors_not_satisfied"},
	} {
		e, err := h.Explain(t.Context(), h.root, policy.Request{ClientID: h.agent.ClientID}, tt.proof)
		if err != nil || codes(e.Delegations[0].Verdict)[0] != tt.want || codes(*e.Unnamed)[0] != tt.want {
			t.Errorf("%s: %v, %v, want %s", name, e, err, tt.want)
		}
	}
}

func TestAMemberSeesOnlyWhatRestsOnTheirOwn(t *testing.T) {
	h := newHouse(t)
	bobs := h.lend(t, h.bob)
	if e := h.explain(t, h.ana); len(e.Delegations) != 0 || e.Unnamed != nil {
		t.Errorf("Ana learns of Bob's: %+v", e)
	}
	anas := h.lend(t, h.ana)
	if e := h.explain(t, h.ana); !slices.Equal(shown(e), []string{anas.ID}) || e.Unnamed != nil {
		t.Errorf("Ana sees %v and %v, and Bob's is the default", shown(e), e.Unnamed)
	}
	if e := h.explain(t, h.bob); !slices.Equal(shown(e), []string{bobs.ID}) || e.Unnamed == nil || e.Unnamed.Grant == nil {
		t.Errorf("Bob sees %v and %v", shown(e), e.Unnamed)
	}
	for _, c := range []domain.Caller{h.root, h.auditor, domain.Operator("root")} {
		if e := h.explain(t, c); !slices.Equal(shown(e), []string{bobs.ID, anas.ID}) || e.Unnamed == nil {
			t.Errorf("one who reads all sees %v, %v", shown(e), e.Unnamed)
		}
	}
	if e, err := h.Explain(t.Context(), domain.Caller{}, policy.Request{ClientID: h.agent.ClientID}, assumed); err != nil || len(e.Delegations) != 0 || e.Unnamed != nil {
		t.Errorf("nobody sees %+v, %v", e, err)
	}
	must(t, h.SetDefault(t.Context(), h.root, h.agent.ClientID, ""))
	if e := h.explain(t, h.ana); e.Unnamed != nil { // ambiguous: which others there are is not hers to know
		t.Errorf("Ana learns %+v", e.Unnamed.Denial)
	}
}

func TestExplainNarrows(t *testing.T) {
	h := newHouse(t)
	support := h.lend(t, h.bob)
	finance := h.lend(t, h.bob, func(s *domain.DelegationSpec) { s.Role, s.Actions = "finance", []string{ledger} })
	if e := h.explain(t, h.bob, func(r *policy.Request) { r.Role = "finance" }); !slices.Equal(shown(e), []string{finance.ID}) || e.Unnamed.Grant.DelegationID != finance.ID {
		t.Errorf("finance: %v", shown(e))
	}
	e := h.explain(t, h.bob, func(r *policy.Request) { r.DelegationID = support.ID })
	if !slices.Equal(shown(e), []string{support.ID}) || e.Unnamed != nil {
		t.Errorf("one by ID: %v, %v", shown(e), e.Unnamed)
	}
	_, err := h.Explain(t.Context(), h.root, policy.Request{ClientID: h.agent.ClientID, DelegationID: support.ID, Role: "finance"}, assumed)
	wantError(t, err, domain.NotFound, "not_found")
	_, err = h.Explain(t.Context(), h.root, policy.Request{ClientID: nobodyID}, assumed)
	wantError(t, err, domain.NotFound, "not_found")
	_, err = h.Explain(t.Context(), h.root, policy.Request{ClientID: "\x00", TTL: time.Second}, assumed)
	wantError(t, err, domain.Invalid, "invalid_request", "client_id invalid_id", "ttl out_of_range")
	h.deleteAgent(t, h.agent)
	_, err = h.Explain(t.Context(), h.root, policy.Request{ClientID: h.agent.ClientID}, assumed)
	wantError(t, err, domain.NotFound, "not_found")
}

// One agent that a whole company lends to: everybody sees their own all the same.
func TestAMemberSeesTheirOwnAmongVeryMany(t *testing.T) {
	h := newHouse(t)
	anas := h.lend(t, h.ana)
	must(t, h.SetDefault(t.Context(), h.root, h.agent.ClientID, ""))
	for range 205 {
		h.lend(t, h.bob)
	}
	e := h.explain(t, h.ana)
	if !slices.Equal(shown(e), []string{anas.ID}) || e.Delegations[0].Grant == nil {
		t.Errorf("Ana sees %v", shown(e))
	}
	if e := h.explain(t, h.root); len(e.Delegations) != 200 {
		t.Errorf("an admin is shown %d", len(e.Delegations))
	}
}

func TestRoleImpact(t *testing.T) {
	h := newHouse(t)
	both := h.lend(t, h.ana)
	one := h.lend(t, h.bob, func(s *domain.DelegationSpec) { s.Actions = []string{orders} })
	ended := h.lend(t, h.bob, func(s *domain.DelegationSpec) { s.EndsAt, s.Actions = h.at.Add(time.Minute), []string{refund} })
	gone := h.lend(t, h.ana)
	_, err := h.Revoke(t.Context(), h.ana, gone.ID, "")
	must(t, err)
	h.at = h.at.Add(time.Minute)
	var got delegation.Impact
	h.silent(t, func() {
		got, err = h.RoleImpact(t.Context(), "support", []string{read, orders, "new:thing"})
		must(t, err)
	})
	if !slices.Equal(got.Added, []string{"new:thing"}) || !slices.Equal(got.Removed, []string{refund}) || got.TotalDelegations != 3 || got.TotalAgents != 1 {
		t.Errorf("impact %+v", got)
	}
	if len(got.Delegations) != 2 || got.Delegations[0].Delegation.ID != ended.ID || got.Delegations[0].Delegation.Status != domain.DelegationEnded ||
		got.Delegations[1].Delegation.ID != both.ID || !slices.Equal(got.Delegations[1].Lost, []string{refund}) ||
		len(got.Delegations[1].Gained) != 0 || !slices.Equal(got.Delegations[1].Remaining, []string{read}) || len(got.Delegations[0].Remaining) != 0 {
		t.Errorf("delegations %+v", got.Delegations)
	}
	_ = one // has orders:read alone, and feels nothing
	// What the role regains comes back to those who lent it.
	h.setRole(t, "support", orders)
	if got, err = h.RoleImpact(t.Context(), "support", []string{orders, refund}); err != nil || len(got.Delegations) != 2 || !slices.Equal(got.Delegations[1].Gained, []string{refund}) {
		t.Errorf("impact %+v, %v", got, err)
	}
	for _, name := range []string{"nope", "\x00", ""} {
		_, err = h.RoleImpact(t.Context(), name, nil)
		wantError(t, err, domain.NotFound, "not_found")
	}
	_, err = h.RoleImpact(t.Context(), "support", []string{"*"})
	wantError(t, err, domain.Invalid, "invalid_request", "actions/0 invalid_name")
}
