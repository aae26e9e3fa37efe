package issuance_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"authsec/internal/attest"
	"authsec/internal/audit"
	"authsec/internal/domain"
	"authsec/internal/issuance"
)

// Every claim of DESIGN §3, and no other.
func TestTheTokenSaysWhatTheDesignSays(t *testing.T) {
	h := newHouse(t)
	got, _ := h.issue(t)
	if want := map[string]any{"alg": "RS256", "typ": "at+jwt", "kid": "test-key"}; !reflect.DeepEqual(part(t, got.Token, 0), want) {
		t.Errorf("header %v, want %v", part(t, got.Token, 0), want)
	}
	spiffe := "spiffe://authsec.local/agent/" + h.agent.ClientID
	issued := float64(h.clock.Now().Unix())
	want := map[string]any{
		"iss": issuer, "sub": h.ana.ID, "act": map[string]any{"sub": spiffe, "client_id": h.agent.ClientID}, "client_id": h.agent.ClientID,
		"aud": []any{"authsec-api"}, "iat": issued, "nbf": issued, "exp": issued + 3600, "jti": got.ID,
		"scope": read + " " + refund, "permissions": []any{read, refund}, "spiffe_id": spiffe, "agent_type": "langchain",
		"user_id": h.ana.ID, "email": "ana@example.com", "delegation_id": h.lent.ID, "role": "support", "attestation": "k8s",
		"status": map[string]any{"status_list": map[string]any{"idx": 0.0, "uri": issuer + "/oauth2/status-lists/1"}},
	}
	if claims := part(t, got.Token, 1); !reflect.DeepEqual(claims, want) {
		t.Errorf("claims\n%v, want\n%v", claims, want)
	}
	at := time.Unix(int64(issued), 0).UTC()
	if !got.IssuedAt.Equal(at) || !got.ExpiresAt.Equal(at.Add(time.Hour)) || got.TTL != time.Hour-time.Second || got.SPIFFEID != spiffe || got.IssuedAt.Location() != time.UTC {
		t.Errorf("answered %+v", got)
	}
	if n := h.metrics.all()["issued langchain"]; n != 1 {
		t.Errorf("counted %d", n)
	}
}

func TestTheRequestNarrows(t *testing.T) {
	h := newHouse(t)
	h.setDelegation(t, h.lent.ID, func(d *domain.DelegationDraft) { d.Delegation.Resources = []string{"https://a.example.com", apiURI} })
	_, c := h.issue(t, func(r *issuance.Request) {
		r.Actions, r.Audience, r.TTL, r.Role, r.DelegationID = []string{refund}, []string{apiURI}, 5*time.Minute, "support", h.lent.ID
	})
	if !slices.Equal(c.Actions(), []string{refund}) || !slices.Equal(c.Audience, []string{apiURI}) || c.ExpiresAt-c.IssuedAt != 300 {
		t.Errorf("minted %+v", c)
	}
	if _, c = h.issue(t); !slices.Equal(c.Audience, []string{"https://a.example.com", apiURI}) {
		t.Errorf("audience %v", c.Audience)
	}
	// A delegation's ID is one thing in any spelling.
	if _, c = h.issue(t, func(r *issuance.Request) { r.DelegationID = string(bytes.ToUpper([]byte(h.lent.ID))) }); c.DelegationID != h.lent.ID {
		t.Errorf("minted for %s", c.DelegationID)
	}
}

func TestTheEndDateAlwaysWins(t *testing.T) {
	h := newHouse(t)
	h.setDelegation(t, h.lent.ID, func(d *domain.DelegationDraft) { d.Delegation.EndsAt = h.clock.Now().Add(30 * time.Second) })
	if _, c := h.issue(t, func(r *issuance.Request) { r.TTL = time.Hour }); c.ExpiresAt-c.IssuedAt != 30 {
		t.Errorf("lives %d seconds", c.ExpiresAt-c.IssuedAt)
	}
	h.Policy.MaxTokenTTL = 10 * time.Second
	if _, c := h.issue(t); c.ExpiresAt-c.IssuedAt != 10 {
		t.Errorf("the server's maximum: %d seconds", c.ExpiresAt-c.IssuedAt)
	}
}

func TestTTLCountsFromTheAnswer(t *testing.T) {
	h := newHouse(t)
	h.Attestor = pods{clock: h.clock, takes: 10 * time.Second}
	if got, c := h.issue(t); got.TTL != 3589*time.Second || c.ExpiresAt-c.IssuedAt != 3600 {
		t.Errorf("%v left of %d seconds", got.TTL, c.ExpiresAt-c.IssuedAt)
	}
	h.Attestor = pods{clock: h.clock, takes: 2 * time.Hour}
	got, err := h.Issue(t.Context(), h.request())
	if err != nil || got.TTL != 0 {
		t.Errorf("%v left, %v", got.TTL, err)
	}
}

func TestAFetchAfterExpiryMintsAnew(t *testing.T) {
	h := newHouse(t)
	first, a := h.issue(t)
	h.clock.Advance(first.TTL + time.Second)
	second, b := h.issue(t)
	if second.Token == first.Token || a.ID == b.ID || b.IssuedAt != a.ExpiresAt || b.ExpiresAt != a.ExpiresAt+3600 {
		t.Errorf("%+v, then %+v", a, b)
	}
}

// The event commits before the token leaves, and tells of it without telling it.
func TestAnIssuanceIsOneEvent(t *testing.T) {
	h := newHouse(t)
	var got issuance.Issued
	list := h.events(t, func() {
		got, _ = h.issue(t, proving(attest.Presented{Bearer: "pod:right"}))
	})
	if len(list) != 1 {
		t.Fatalf("%d events", len(list))
	}
	ev := list[0]
	agent := domain.Party{Type: "agent", ID: h.agent.ClientID, Name: h.agent.Name}
	actor := agent
	actor.Via = domain.ViaSDK
	if ev.Action != "token.issue" || ev.Outcome != domain.OutcomeSuccess || ev.Actor != actor || ev.Target != agent || ev.IP != "192.0.2.7" || ev.RequestID != "req-1" ||
		ev.ClientID != h.agent.ClientID || ev.DelegationID != h.lent.ID || !ev.Time.Equal(h.clock.Now()) || len(ev.Reasons) != 0 || ev.Before != nil || ev.After != nil {
		t.Errorf("the event says %+v", ev.Event)
	}
	var details map[string]any
	must(t, json.Unmarshal(ev.Details, &details))
	if want := map[string]any{"jti": got.ID, "subject": h.ana.ID, "role": "support", "actions": []any{read, refund}, "audience": []any{"authsec-api"},
		"issued_at": "2026-05-21T06:25:36Z", "expires_at": "2026-05-21T07:25:36Z", "attestation": "k8s", "ttl_seconds": 3600.0,
		"proof": map[string]any{"kind": "k8s", "selectors": []any{
			map[string]any{"key": "k8s:ns", "value": "production", "how": "signed"},
			map[string]any{"key": "k8s:sa", "value": "support", "how": "signed"}}}}; !reflect.DeepEqual(details, want) {
		t.Errorf("details\n%v, want\n%v", details, want)
	}
	for _, secret := range []string{got.Token.Reveal(), got.Token.Reveal()[len(got.Token)-40:], "pod:right"} {
		if bytes.Contains(ev.Body, []byte(secret)) {
			t.Errorf("the event holds %q", secret)
		}
	}
	v, err := h.store.Delegation(t.Context(), h.lent.ID)
	if err != nil || !v.LastUsedAt.Equal(h.clock.Now()) {
		t.Errorf("last used %v, %v", v.LastUsedAt, err)
	}
}

// What people change, the very next request feels.
func TestTheNextTokenFollowsEveryChange(t *testing.T) {
	h := newHouse(t)
	actions := func(want ...string) {
		t.Helper()
		if _, c := h.issue(t); !slices.Equal(c.Actions(), want) {
			t.Errorf("the token allows %v, want %v", c.Actions(), want)
		}
	}
	setRole := func(actions ...string) {
		t.Helper()
		_, err := h.store.UpdateRole(t.Context(), "support", func(r *domain.Role) (domain.Event, error) {
			r.Actions = actions
			return h.event("role.update"), nil
		})
		must(t, err)
	}
	actions(read, refund)
	setRole(read, orders)
	actions(read)
	h.refused(t, domain.Forbidden, "action_not_delegated", func(r *issuance.Request) { r.Actions = []string{read, refund} })
	setRole(orders)
	h.refused(t, domain.Forbidden, "no_effective_actions")
	setRole(read, refund, orders)
	h.setUser(t, h.ana.ID, func(u *domain.User) { u.Roles = []string{"finance"} })
	h.refused(t, domain.Forbidden, "role_not_held")
	h.setUser(t, h.person(t, "root@example.com").ID, func(u *domain.User) { u.Level = domain.LevelAdmin })
	h.setUser(t, h.ana.ID, func(u *domain.User) { u.Roles, u.Level = nil, domain.LevelAdmin })
	actions(read, refund) // an admin may delegate any role
	h.setUser(t, h.ana.ID, func(u *domain.User) { u.Status = domain.StatusSuspended })
	h.refused(t, domain.Forbidden, "delegator_inactive")
	h.setUser(t, h.ana.ID, func(u *domain.User) { u.Status = domain.StatusActive })
	actions(read, refund)
	h.setAgent(t, h.agent.ClientID, func(a *domain.Agent) { a.Status = domain.StatusSuspended })
	h.refused(t, domain.Forbidden, "agent_suspended")
	h.setAgent(t, h.agent.ClientID, func(a *domain.Agent) { a.Status = domain.StatusActive })
	h.setDelegation(t, h.lent.ID, func(d *domain.DelegationDraft) {
		d.Delegation.Actions, d.Delegation.MaxDuration = []string{read}, time.Minute
	})
	actions(read)
	h.setDelegation(t, h.lent.ID, func(d *domain.DelegationDraft) { d.Delegation.Status = domain.DelegationDisabled })
	h.refused(t, domain.Gone, "delegation_ended")
	h.setDelegation(t, h.lent.ID, func(d *domain.DelegationDraft) {
		d.Delegation.Status, d.Delegation.EndsAt = domain.DelegationActive, h.clock.Now().Add(time.Second)
	})
	h.clock.Advance(time.Second)
	h.refused(t, domain.Gone, "delegation_ended")
	h.setDelegation(t, h.lent.ID, func(d *domain.DelegationDraft) { d.Delegation.EndsAt = time.Time{} })
	actions(read)
	h.setDelegation(t, h.lent.ID, func(d *domain.DelegationDraft) { d.Delegation.Status = domain.DelegationRevoked })
	h.refused(t, domain.Gone, "delegation_ended")
	must(t, h.store.DeleteAgent(t.Context(), h.agent.ClientID, h.clock.Now(), "", func(domain.Agent, []domain.Delegation) ([]domain.Event, error) { return nil, nil }))
	h.refused(t, domain.NotFound, "unknown_client")
}

func TestManyAtOnce(t *testing.T) {
	h := newHouse(t)
	const n = 64
	var mu sync.Mutex
	ids := map[string]bool{}
	list := h.events(t, func() {
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() {
				if i%4 == 0 {
					if _, err := h.Issue(t.Context(), h.request(proving(bearer("wrong")))); domain.KindOf(err) != domain.Unauthenticated {
						t.Error(err)
					}
					return
				}
				got, err := h.Issue(t.Context(), h.request())
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				ids[got.ID] = true
				mu.Unlock()
			})
		}
		wg.Wait()
	})
	if len(ids) != n*3/4 || len(list) != n*3/4 {
		t.Errorf("%d tokens, %d events", len(ids), len(list))
	}
	report, err := audit.Verify(t.Context(), h.store, nil, nil, nil)
	if err != nil || report.FirstBroken != nil {
		t.Errorf("the chain: %+v, %v", report, err)
	}
}
