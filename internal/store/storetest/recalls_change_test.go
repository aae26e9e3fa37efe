package storetest

import (
	"errors"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/store"
)

// Every kind of change, in the direction that takes something away and in the
// other. "given" comes before, and what it recalls is not looked at.
func TestWhichChangesRecall(t *testing.T) {
	d := func(change func(*domain.Delegation)) step { return func(w *recallWorld) { w.delegation(change) } }
	a := func(change func(*domain.Agent)) step { return func(w *recallWorld) { w.agent(change) } }
	u := func(change func(*domain.User)) step { return func(w *recallWorld) { w.user(change) } }
	r := func(actions ...string) step { return func(w *recallWorld) { w.role(actions...) } }
	src := func(change func(*domain.WorkloadSource)) step {
		return func(w *recallWorld) { updateSource(w.t, w.s, w.source.ID, change) }
	}
	status := func(st domain.DelegationStatus) step { return d(func(d *domain.Delegation) { d.Status = st }) }
	actions := func(names ...string) step { return d(func(d *domain.Delegation) { d.Actions = names }) }
	lasts := func(max time.Duration) step { return d(func(d *domain.Delegation) { d.MaxDuration = max }) }
	ends := func(in time.Duration) step { return d(func(d *domain.Delegation) { d.EndsAt = t0.Add(in) }) }
	never := d(func(d *domain.Delegation) { d.EndsAt = time.Time{} })
	reaches := func(uris ...string) step { return d(func(d *domain.Delegation) { d.Resources = uris }) }
	agentIs := func(st domain.Status) step { return a(func(a *domain.Agent) { a.Status = st }) }
	attested := func(m domain.Attestation) step {
		return a(func(a *domain.Agent) { a.Attestation, a.AttestationChosen = m, true })
	}
	demands := func(sel ...domain.Selector) step { return a(func(a *domain.Agent) { a.Selectors = sel }) }
	secrets := func(s ...domain.ClientSecret) step { return a(func(a *domain.Agent) { a.Secrets = s }) }
	keys := func(texts ...string) step {
		return a(func(a *domain.Agent) {
			a.Keys = nil
			for _, kid := range texts {
				a.Keys = append(a.Keys, domain.AgentKey{ID: kid, Type: "EC", JWK: `{"kid":"` + kid + `","kty":"EC"}`})
			}
		})
	}
	level := func(l domain.Level, roles ...string) step {
		return u(func(u *domain.User) { u.Level, u.Roles = l, roles })
	}
	ns, sa := domain.Selector{Key: "k8s:ns", Value: "production"}, domain.Selector{Key: "k8s:sa", Value: "support"}
	forever := time.Time{}
	for name, tt := range map[string]struct {
		given, takes, gives step
	}{
		"disabled":           {nil, status(domain.DelegationDisabled), status(domain.DelegationActive)},
		"revoked":            {nil, status(domain.DelegationRevoked), status(domain.DelegationRevoked)},
		"actions":            {nil, actions(aRead), actions(aRead, aRefund)},
		"duration":           {nil, lasts(time.Minute), lasts(2 * time.Hour)},
		"end date":           {nil, ends(48 * time.Hour), never},
		"end date moved":     {ends(48 * time.Hour), ends(24 * time.Hour), ends(72 * time.Hour)},
		"resources":          {reaches(uriA, uriB), reaches(uriA), reaches(uriA, uriB)},
		"from the default":   {nil, reaches(uriA), reaches(uriA, uriB)},
		"back to default":    {reaches(uriA), reaches(), nil},
		"role's actions":     {nil, r(aRead), r(aRead, aRefund)},
		"suspended agent":    {nil, agentIs(domain.StatusSuspended), agentIs(domain.StatusActive)},
		"selectors":          {demands(ns), demands(ns, sa), demands(ns)},
		"another selector":   {nil, demands(domain.Selector{Key: "k8s:ns", Value: "staging"}), nil},
		"attestation":        {attested(domain.AttestationPermissive), attested(domain.AttestationRequired), attested(domain.AttestationPermissive)},
		"secret":             {secrets(secretOf("a", forever)), secrets(secretOf("b", forever)), secrets(secretOf("c", forever), secretOf("b", t0.Add(time.Hour)))},
		"key":                {keys("1", "2"), keys("2"), keys("1", "2")},
		"suspended person":   {nil, u(func(u *domain.User) { u.Status = domain.StatusSuspended }), u(func(u *domain.User) { u.Status = domain.StatusActive })},
		"role taken":         {nil, level(domain.LevelMember, "finance"), level(domain.LevelMember, "support")},
		"lowered":            {steps(level(domain.LevelAdmin), func(w *recallWorld) { putUser(w.t, w.s, "root@example.com", domain.LevelAdmin) }), level(domain.LevelMember), level(domain.LevelAdmin)},
		"source disabled":    {nil, src(func(s *domain.WorkloadSource) { s.Enabled = false }), src(func(s *domain.WorkloadSource) { s.Enabled = true })},
		"source's settings":  {nil, src(func(s *domain.WorkloadSource) { s.Settings = cluster("https://b.example.com") }), nil},
		"source's token age": {nil, src(func(s *domain.WorkloadSource) { s.Settings = clusterAge(60) }), src(func(s *domain.WorkloadSource) { s.Settings = clusterAge(900) })},
		"source deleted": {nil, func(w *recallWorld) {
			w.must(w.s.DeleteWorkloadSource(w.t.Context(), w.source.ID, func(domain.WorkloadSource) (domain.Event, error) {
				return did("workload_source.delete", w.source.ID), nil
			}))
		}, func(w *recallWorld) { putSource(w.t, w.s, "Again", cluster("https://k8s.example.com")) }},
		"agent deleted": {nil, func(w *recallWorld) {
			w.must(w.s.DeleteAgent(w.t.Context(), w.support.ClientID, t0, "Gone", func(a domain.Agent, ended []domain.Delegation) ([]domain.Event, error) {
				return []domain.Event{did("agent.delete", a.ClientID)}, nil
			}))
		}, nil},
		"names alone": {nil, nil, steps(a(func(a *domain.Agent) { a.Name, a.Type = "Another", "crewai" }), u(func(u *domain.User) { u.Name = "Another" }),
			r(aRead, aRefund), src(func(s *domain.WorkloadSource) { s.Name = "Another" }))},
		"an action outside the delegation": {steps(actions(aRead), r(aRead, aRefund)), nil, r(aRead)},
		"a role that is not lent":          {nil, nil, level(domain.LevelMember, "support")},
		"a secret in good order":           {secrets(secretOf("a", forever)), nil, secrets(secretOf("b", forever), secretOf("a", t0.Add(time.Hour)))},
		"a secret that had ended":          {secrets(secretOf("a", forever), secretOf("b", t0)), nil, secrets(secretOf("a", forever))},
		"what is disabled already":         {status(domain.DelegationDisabled), nil, steps(status(domain.DelegationRevoked), agentIs(domain.StatusSuspended))},
		"its end date has come":            {ends(-time.Hour), nil, a(func(a *domain.Agent) { a.Name = "Later" })},
		"a source that proves others":      {demands(ns, domain.Selector{Key: domain.SelectorCluster, Value: "https://b.example.com"}), nil, src(func(s *domain.WorkloadSource) { s.Enabled = false })},
		"the default is another": {nil, nil, func(w *recallWorld) {
			other := lend(w.t, w.s, w.bob, w.support, nil)
			w.must(w.s.UpdateDefault(w.t.Context(), w.support.ClientID, other.ID, func(d *domain.DelegationDraft) (domain.Event, error) {
				d.MakeDefault = true
				return did("delegation.set_default", other.ID), nil
			}))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			Each(t, func(t *testing.T, s *store.Store) {
				w := newRecallWorld(t, s)
				if tt.given != nil {
					tt.given(w)
				}
				if tt.takes != nil {
					w.wantRecall(tt.takes)
				}
				if tt.gives != nil {
					w.wantNone(tt.gives)
				}
			})
		})
	}
}

// What is refused, or changes nothing, recalls nothing.
func TestARefusedChangeRecallsNothing(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newRecallWorld(t, s)
		old := w.status(w.lent)
		unchanged(t, s, func() {
			for _, refusal := range []error{domain.ErrNoChange, errors.New("no")} {
				err := s.UpdateDelegation(t.Context(), w.lent.ID, func(d *domain.DelegationDraft) (domain.Event, error) {
					d.Delegation.Status = domain.DelegationRevoked
					return did("delegation.revoke", w.lent.ID), refusal
				})
				if (err == nil) != errors.Is(refusal, domain.ErrNoChange) {
					t.Errorf("got %v", err)
				}
			}
			// A fault that comes to light when everything else is written.
			if _, err := s.UpdateUser(t.Context(), w.ana.ID, func(u *domain.User) (domain.Event, error) {
				u.Status, u.Roles = domain.StatusSuspended, []string{"nope"}
				return did("user.update", u.ID), nil
			}); domain.KindOf(err) != domain.Invalid {
				t.Errorf("got %v", err)
			}
		})
		if lastRecall(t, s) != 0 || w.status(w.lent) != old {
			t.Error("it recalled")
		}
	})
}
