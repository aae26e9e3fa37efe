package issuance_test

import (
	"strings"
	"testing"

	"authsec/internal/domain"
	"authsec/internal/issuance"
	"authsec/internal/policy"
)

// What is withdrawn while somebody lends is not lent, and nobody is made a user.
func TestALoanLosesToAChange(t *testing.T) {
	for name, withdraw := range map[string]func(h *trade){
		"the agent is suspended":   func(h *trade) { h.setAgent(frontID, func(a *domain.Agent) { a.Status = domain.StatusSuspended }) },
		"the provider is disabled": func(h *trade) { h.setProvider(func(p *domain.IdentityProvider) { p.Enabled = false }) },
		"the template is disabled": func(h *trade) { h.setTemplate(func(x *domain.DelegationTemplate) { x.Enabled = false }) },
		"the template asks for more": func(h *trade) {
			h.setTemplate(func(x *domain.DelegationTemplate) { x.Conditions[0].Values = []string{"leads"} })
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newTrade(t)
			users := len(h.world.users)
			h.world.beforeLend = func() { withdraw(h) }
			h.refused(t, domain.Forbidden, policy.CodeTemplate, asking(frontID, badge(t, nil)))
			if len(h.world.users) != users || len(h.world.lentBy(templateID)) != 0 {
				t.Error("something was made")
			}
		})
	}
	for kind, code := range map[domain.Kind]string{domain.NotFound: policy.CodeTemplate, domain.Invalid: policy.CodeTemplate, domain.Conflict: issuance.CodeNotLinked} {
		h := newTrade(t)
		h.world.fails["Lend"] = domain.Errorf(kind, "x", "Inside.")
		if e := h.refused(t, domain.Forbidden, code, asking(frontID, badge(t, nil))); strings.Contains(e.Public, "Inside") {
			t.Errorf("%q", e.Public)
		}
	}
}

// A token that cannot be recalled does not leave.
func TestALoanWithoutAStatusIndex(t *testing.T) {
	h := newTrade(t)
	h.world.beforeAuthority = func() { clear(h.world.indexes) }
	if got, err := h.Exchange(t.Context(), asking(frontID, badge(t, nil))); domain.KindOf(err) != domain.Internal || got.Token != "" {
		t.Errorf("%+v %v", got, err)
	}
}

// A user is made whole, or not at all, whatever the name is.
func TestANameThatNobodyCanHave(t *testing.T) {
	h := newTrade(t)
	_, c := h.exchange(t, frontID, badge(t, map[string]any{"name": strings.Repeat("n", 2000)}))
	if u := h.world.users[c.Subject]; u.Name != "pat@example.com" {
		t.Errorf("named %q", u.Name)
	}
}

// Two of a person's first exchanges at once are one loan: the store runs the rule
// again on what there is then.
func TestTheRuleIsPure(t *testing.T) {
	h := newTrade(t)
	h.exchange(t, frontID, badge(t, nil)) // the world runs it twice
	if len(h.world.lentBy(templateID)) != 1 || len(h.world.users) != 2 {
		t.Errorf("%d delegations, %d users", len(h.world.lentBy(templateID)), len(h.world.users))
	}
}
