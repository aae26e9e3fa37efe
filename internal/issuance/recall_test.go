package issuance_test

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/issuance"
	"authsec/internal/token"
)

// refOf is the place in a status list that a token names.
func refOf(t *testing.T, c token.Claims) domain.StatusRef {
	t.Helper()
	if c.Status == nil {
		t.Fatal("the token names no status")
	}
	number, ok := strings.CutPrefix(c.Status.StatusList.URI, issuer+"/oauth2/status-lists/")
	list, err := strconv.ParseInt(number, 10, 64)
	if !ok || err != nil {
		t.Fatalf("the list is at %s", c.Status.StatusList.URI)
	}
	return domain.StatusRef{List: list, Index: c.Status.StatusList.Index}
}

// retired reports whether a token is recalled.
func (h *house) retired(t *testing.T, c token.Claims) bool {
	t.Helper()
	st, err := h.store.TokenState(t.Context(), refOf(t, c), c.ID)
	must(t, err)
	if !st.Known || st.Revoked {
		t.Errorf("the state of a token that was issued: %+v", st)
	}
	return st.Retired
}

// Taking something away recalls what is out, and later tokens count again.
func TestAnIssuedTokenIsRecalled(t *testing.T) {
	h := newHouse(t)
	elsewhere := h.lend(t, h.ana, h.agent, func(d *domain.Delegation) { d.Role = "finance" })
	other := func(r *issuance.Request) { r.DelegationID = elsewhere.ID }
	_, first := h.issue(t)
	_, same := h.issue(t, func(r *issuance.Request) { r.TTL = time.Minute })
	_, kept := h.issue(t, other)
	if refOf(t, first) != refOf(t, same) || refOf(t, first) == refOf(t, kept) {
		t.Errorf("one delegation has %v and %v, another %v", refOf(t, first), refOf(t, same), refOf(t, kept))
	}
	h.setDelegation(t, h.lent.ID, func(d *domain.DelegationDraft) { d.Delegation.Actions = []string{read} })
	_, later := h.issue(t)
	for name, tt := range map[string]struct {
		claims token.Claims
		want   bool
	}{"before": {first, true}, "shorter": {same, true}, "another delegation's": {kept, false}, "after": {later, false}} {
		if got := h.retired(t, tt.claims); got != tt.want {
			t.Errorf("%s: recalled %v", name, got)
		}
	}
	h.setAgent(t, h.agent.ClientID, func(a *domain.Agent) { a.Status = domain.StatusSuspended })
	if !h.retired(t, later) || !h.retired(t, kept) {
		t.Error("a suspended agent's tokens count")
	}
}

// slow is a database that is asked just before a change.
type slow struct {
	issuance.AuthorityReader
	then func()
}

func (s slow) Authority(ctx context.Context, clientID, delegationID, role string) (domain.Authority, error) {
	a, err := s.AuthorityReader.Authority(ctx, clientID, delegationID, role)
	s.then()
	return a, err
}

// A token that is minted on what was true before a recall is dead when it leaves.
func TestAStaleMintIsBornRecalled(t *testing.T) {
	h := newHouse(t)
	h.Authority = slow{h.store, func() {
		h.setDelegation(t, h.lent.ID, func(d *domain.DelegationDraft) { d.Delegation.Status = domain.DelegationRevoked })
	}}
	if _, stale := h.issue(t); !h.retired(t, stale) {
		t.Error("it counts, though the delegation was revoked before it was minted")
	}
}
