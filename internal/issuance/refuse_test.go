package issuance_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/issuance"
)

// The codes of DESIGN §4 that a decision makes, in the order of its conditions,
// and whether the refusal is an event at once or only counted.
func TestRefusals(t *testing.T) {
	type setting struct {
		name   string
		kind   domain.Kind
		code   string
		before bool // before proof: only counted
		change func(t *testing.T, h *house)
		ask    func(*issuance.Request)
	}
	as := func(*issuance.Request) {}
	with := func(f func(*issuance.Request)) func(*issuance.Request) { return f }
	nothing := func(*testing.T, *house) {}
	var none issuance.Presented
	for _, tt := range []setting{
		{"client_id is no ID", domain.Invalid, "invalid_request", true, nothing, with(func(r *issuance.Request) { r.ClientID = "\x00" })},
		{"ttl under a minute", domain.Invalid, "invalid_request", true, nothing, with(func(r *issuance.Request) { r.TTL = 59 * time.Second })},
		{"actions of no form", domain.Invalid, "invalid_request", true, nothing, with(func(r *issuance.Request) { r.Actions = []string{"*"} })},
		{"delegation_id is no ID", domain.Invalid, "invalid_request", true, nothing, with(func(r *issuance.Request) { r.DelegationID = "1 OR 1=1" })},
		{"unknown client", domain.NotFound, "unknown_client", true, nothing, with(func(r *issuance.Request) { r.ClientID = nobodyID })},
		{"no proof", domain.Unauthenticated, "workload_proof_required", true, nothing, proving(none)},
		{"no proof, from loopback", domain.Unauthenticated, "workload_proof_required", true, nothing, proving(issuance.Presented{Loopback: true})},
		{"bad proof", domain.Unauthenticated, "invalid_workload_proof", true, nothing, proving(bearer("wrong"))},
		{"a kind that nobody knows", domain.Unauthenticated, "invalid_workload_proof", true, nothing, proving(issuance.Presented{Bearer: "x"})},
		{"another workload's proof", domain.Forbidden, "selectors_not_satisfied", false, nothing, proving(bearer("elsewhere"))},
		{"suspended agent", domain.Forbidden, "agent_suspended", false, func(t *testing.T, h *house) {
			h.setAgent(t, h.agent.ClientID, func(a *domain.Agent) { a.Status = domain.StatusSuspended })
		}, as},
		{"no such delegation", domain.NotFound, "no_delegation", false, nothing, with(func(r *issuance.Request) { r.DelegationID = nobodyID })},
		{"none of the role", domain.NotFound, "no_delegation", false, func(t *testing.T, h *house) {
			h.setAgent(t, h.agent.ClientID, func(a *domain.Agent) { a.DefaultDelegationID = "" })
		}, with(func(r *issuance.Request) { r.Role = "finance" })},
		{"two would do", domain.Conflict, "ambiguous_delegation", false, func(t *testing.T, h *house) {
			h.lend(t, h.ana, h.agent, func(*domain.Delegation) {})
			h.setAgent(t, h.agent.ClientID, func(a *domain.Agent) { a.DefaultDelegationID = "" })
		}, as},
		{"the default has ended, and another's is live", domain.Gone, "delegation_ended", false, func(t *testing.T, h *house) {
			h.lend(t, h.person(t, "bob@example.com", "support"), h.agent, func(*domain.Delegation) {})
			h.setDelegation(t, h.lent.ID, func(d *domain.DelegationDraft) { d.Delegation.Status = domain.DelegationRevoked })
		}, as},
		{"suspended person", domain.Forbidden, "delegator_inactive", false, func(t *testing.T, h *house) {
			h.setUser(t, h.ana.ID, func(u *domain.User) { u.Status = domain.StatusSuspended })
		}, as},
		{"role taken", domain.Forbidden, "role_not_held", false, func(t *testing.T, h *house) {
			h.setUser(t, h.ana.ID, func(u *domain.User) { u.Roles = nil })
		}, as},
		{"another audience", domain.Forbidden, "audience_not_allowed", false, nothing, with(func(r *issuance.Request) { r.Audience = []string{apiURI} })},
		{"an action more", domain.Forbidden, "action_not_delegated", false, nothing, with(func(r *issuance.Request) { r.Actions = []string{read, orders} })},
		{"nothing left", domain.Forbidden, "no_effective_actions", false, func(t *testing.T, h *house) {
			h.setDelegation(t, h.lent.ID, func(d *domain.DelegationDraft) { d.Delegation.Actions = nil })
		}, as},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHouse(t)
			tt.change(t, h)
			run := func() { h.refused(t, tt.kind, tt.code, tt.ask) }
			at := h.clock.Now()
			var list []domain.StoredEvent
			if tt.before {
				list = h.counted(t, run)
			} else {
				list = h.events(t, run)
			}
			if len(list) != 1 {
				t.Fatalf("%d events", len(list))
			}
			ev := list[0]
			if ev.Action != "token.issue" || ev.Outcome != domain.OutcomeRefused || ev.Reasons[0].Code != tt.code || ev.Reasons[0].Message == "" || !ev.Time.Equal(at) {
				t.Errorf("the event says %s", ev.Body)
			}
			// Who asks is known once the proof is this agent's, and not before.
			want := domain.Party{Type: "anonymous", Via: domain.ViaSDK}
			if !tt.before && tt.code != "selectors_not_satisfied" {
				want = domain.Party{Type: "agent", ID: h.agent.ClientID, Name: h.agent.Name, Via: domain.ViaSDK}
			}
			if ev.Actor != want {
				t.Errorf("the actor is %+v, want %+v", ev.Actor, want)
			}
			if n := h.metrics.all()["refused "+tt.code]; n != 1 {
				t.Errorf("counted %d", n)
			}
		})
	}
}

// The event carries every reason; the caller is told the first.
func TestARefusalRecordsAllReasons(t *testing.T) {
	h := newHouse(t)
	h.setUser(t, h.ana.ID, func(u *domain.User) { u.Roles, u.Status = nil, domain.StatusSuspended })
	list := h.events(t, func() {
		h.refused(t, domain.Forbidden, "delegator_inactive", func(r *issuance.Request) { r.Audience, r.Actions = []string{apiURI}, []string{orders} })
	})
	var codes []string
	for _, r := range list[0].Reasons {
		codes = append(codes, r.Code)
	}
	if want := []string{"delegator_inactive", "role_not_held", "audience_not_allowed", "action_not_delegated"}; !slices.Equal(codes, want) ||
		list[0].DelegationID != h.lent.ID || list[0].IP != "192.0.2.7" || list[0].RequestID != "req-1" {
		t.Errorf("reasons %v, want %v, in %s", codes, want, list[0].Body)
	}
}

func TestRefusalsNameWhatToCorrect(t *testing.T) {
	h := newHouse(t)
	if e := h.refused(t, domain.Forbidden, "selectors_not_satisfied", proving(bearer("elsewhere"))); fmt.Sprint(e.Details) != "map[missing_selectors:[k8s:sa]]" || strings.Contains(e.Public, "support") {
		t.Errorf("%v, %q", e.Details, e.Public) // keys, never the values wanted
	}
	if e := h.refused(t, domain.Forbidden, "action_not_delegated", func(r *issuance.Request) { r.Actions = []string{read, orders} }); fmt.Sprint(e.Details) != "map[actions:[orders:read]]" {
		t.Errorf("%v", e.Details)
	}
	if e := h.refused(t, domain.Unauthenticated, "workload_proof_required", proving(issuance.Presented{})); !strings.Contains(e.Public, "AUTHSEC_WORKLOAD_TOKEN_FILE") {
		t.Errorf("%q", e.Public)
	}
	other := h.lend(t, h.ana, h.agent, func(d *domain.Delegation) { d.Role = "finance" })
	h.setAgent(t, h.agent.ClientID, func(a *domain.Agent) { a.DefaultDelegationID = "" })
	e := h.refused(t, domain.Conflict, "ambiguous_delegation")
	b, err := json.Marshal(e.Details)
	must(t, err)
	// Only delegation_id and role: no person's name.
	if want := fmt.Sprintf(`{"delegations":[{"delegation_id":"%s","role":"finance"},{"delegation_id":"%s","role":"support"}]}`, other.ID, h.lent.ID); string(b) != want {
		t.Errorf("%s, want %s", b, want)
	}
	if _, c := h.issue(t, func(r *issuance.Request) { r.Role = "finance" }); c.DelegationID != other.ID {
		t.Error("role= selects")
	}
}

// Strangers cause one event a minute, however often they ask, and none before
// the minute is over; what they are told is the same for every state of the agent.
func TestStrangersCannotFloodTheChain(t *testing.T) {
	h := newHouse(t)
	h.setAgent(t, h.agent.ClientID, func(a *domain.Agent) { a.Status = domain.StatusSuspended })
	list := h.counted(t, func() {
		for range 50 {
			h.refused(t, domain.Unauthenticated, "workload_proof_required", proving(issuance.Presented{}))
		}
	})
	if len(list) != 1 || list[0].Count != 50 || list[0].ClientID != h.agent.ClientID || list[0].IP != "192.0.2.7" {
		t.Errorf("%d events, the first %s", len(list), list[0].Body)
	}
	list = h.counted(t, func() {
		for range 50 {
			id := newID(t)
			h.refused(t, domain.NotFound, "unknown_client", func(r *issuance.Request) { r.ClientID = id })
		}
	})
	if len(list) != 1 || list[0].Count != 50 || list[0].ClientID != "" {
		t.Errorf("%d events of made-up clients", len(list))
	}
}

// A permissive agent proves nothing, so its refusals are counted too.
func TestRefusalsWithoutProofAreOnlyCounted(t *testing.T) {
	h := newHouse(t)
	open := h.newAgent(t, func(a *domain.Agent) { a.Attestation = domain.AttestationPermissive })
	list := h.counted(t, func() {
		for range 3 {
			h.refused(t, domain.NotFound, "no_delegation", of(open), proving(issuance.Presented{}))
		}
	})
	if len(list) != 1 || list[0].Count != 3 || list[0].Actor.Type != "anonymous" {
		t.Errorf("%d events: %s", len(list), list[0].Body)
	}
}

func TestARejectionsCauseIsForTheLogAlone(t *testing.T) {
	h := newHouse(t)
	e := h.refused(t, domain.Unauthenticated, "invalid_workload_proof", proving(bearer("wrong")))
	if !errors.Is(e, errCause) || e.Public != "The workload token is not valid." {
		t.Errorf("%v", e)
	}
}

func TestTooLargeForAToken(t *testing.T) {
	h := newHouse(t)
	names := make([]string, 400)
	for i := range names {
		names[i] = fmt.Sprintf("resource%s:verb%03d", strings.Repeat("x", 60), i)
		must(t, h.store.CreateAction(t.Context(), domain.Action{Name: names[i]}, h.event("action.create")))
	}
	_, err := h.store.UpdateRole(t.Context(), "support", func(r *domain.Role) (domain.Event, error) {
		r.Actions = names
		return h.event("role.update"), nil
	})
	must(t, err)
	h.setDelegation(t, h.lent.ID, func(d *domain.DelegationDraft) { d.Delegation.Actions = names })
	list := h.counted(t, func() { h.refused(t, domain.Invalid, "invalid_request") })
	if len(list) != 1 || list[0].Outcome != domain.OutcomeRefused || list[0].Reasons[0].Code != "invalid_request" || list[0].DelegationID != h.lent.ID {
		t.Errorf("%d events: %s", len(list), list[0].Body)
	}
	if _, c := h.issue(t, func(r *issuance.Request) { r.Actions = names[:10] }); len(c.Actions()) != 10 {
		t.Errorf("asking for fewer: %d", len(c.Actions()))
	}
}
