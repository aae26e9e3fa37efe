package storetest

import (
	"slices"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/store"
)

// Of a delegation's chains a change recalls those that contain what it is about,
// and what goes on from them.
func TestRecallsByChain(t *testing.T) {
	all := []string{"parent", "first", "second", "deep"}
	for name, tt := range map[string]struct {
		change func(w *exchangeWorld)
		dead   []string
	}{
		"the delegation is revoked":  {func(w *exchangeWorld) { revoke(w.t, w.s, w.lent.ID) }, all},
		"the delegation is narrowed": {func(w *exchangeWorld) { w.delegation(func(d *domain.Delegation) { d.Actions = []string{aRead} }) }, all},
		"the person is suspended":    {func(w *exchangeWorld) { w.user(func(u *domain.User) { u.Status = domain.StatusSuspended }) }, all},
		"the role is narrowed":       {func(w *exchangeWorld) { w.role(aRead) }, all},
		"the agent is suspended":     {func(w *exchangeWorld) { w.suspend(w.support) }, all},
		"a source is disabled": {func(w *exchangeWorld) {
			updateSource(w.t, w.s, w.source.ID, func(s *domain.WorkloadSource) { s.Enabled = false })
		}, all},
		"one is no sub-agent any more":     {func(w *exchangeWorld) { w.delegation(func(d *domain.Delegation) { d.SubAgents = ids(w.second) }) }, []string{"first", "deep"}},
		"the other is no sub-agent":        {func(w *exchangeWorld) { w.delegation(func(d *domain.Delegation) { d.SubAgents = ids(w.first) }) }, []string{"second", "deep"}},
		"a sub-agent is suspended":         {func(w *exchangeWorld) { w.suspend(w.first) }, []string{"first", "deep"}},
		"the last of a chain is suspended": {func(w *exchangeWorld) { w.suspend(w.second) }, []string{"second", "deep"}},
		"a sub-agent's selectors": {func(w *exchangeWorld) {
			_, err := w.s.UpdateAgent(w.t.Context(), w.first.ClientID, func(a *domain.Agent) (domain.Event, error) {
				a.Selectors = []domain.Selector{{Key: "k8s:ns", Value: "elsewhere"}}
				return did("agent.update", a.ClientID), nil
			})
			w.must(err)
		}, []string{"first", "deep"}},
		"a sub-agent is deleted": {func(w *exchangeWorld) {
			_, err := deleteAgent(w.t, w.s, w.second.ClientID)
			w.must(err)
		}, []string{"second", "deep"}},
		"a sub-agent's name": {func(w *exchangeWorld) {
			_, err := w.s.UpdateAgent(w.t.Context(), w.first.ClientID, func(a *domain.Agent) (domain.Event, error) {
				a.Name = "Another"
				return did("agent.update", a.ClientID), nil
			})
			w.must(err)
		}, nil},
		"one more sub-agent": {func(w *exchangeWorld) {
			w.delegation(func(d *domain.Delegation) { d.SubAgents = ids(w.other, w.first, w.second) })
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			Each(t, func(t *testing.T, s *store.Store) {
				w := newExchangeWorld(t, s)
				tokens := map[string]domain.TokenRef{"parent": w.token("parent")}
				tokens["first"] = w.handOn(tokens["parent"], "first", w.first)
				tokens["second"] = w.handOn(tokens["parent"], "second", w.second)
				tokens["deep"] = w.handOn(tokens["first"], "deep", w.first, w.second)
				bystands, last := w.status(w.bystands), lastRecall(t, s)
				tt.change(w)
				for _, name := range all {
					w.wantCounts(name, !slices.Contains(tt.dead, name), tokens[name])
				}
				if got := lastRecall(t, s) - last; got != int64(len(tt.dead)) || w.status(w.bystands) != bystands {
					t.Errorf("%d recalls, want %d", got, len(tt.dead))
				}
				if got := lastDetails(t, s)["recalled"]; len(tt.dead) > 0 && got != float64(len(tt.dead)) {
					t.Errorf("the audit event says recalled: %v", got)
				}
				items, _ := recallsSince(t, s, last, 10)
				for _, r := range items {
					if len(r.Audience) != 0 || !r.Until.Equal(t0.Add(time.Hour)) || r.Status.List == 0 {
						t.Errorf("the recall says %+v", r)
					}
				}
				// Only the agent alone has an index at once; the chains get one when somebody asks.
				for _, chain := range [][]domain.Agent{{w.first}, {w.second}, {w.first, w.second}} {
					a := w.exchangeAuthority(chain...)
					name := map[int]string{1: "first", 2: "deep"}[len(chain)]
					if len(chain) == 1 && chain[0].ClientID == w.second.ClientID {
						name = "second"
					}
					if dead := slices.Contains(tt.dead, name); (a.Delegations[0].Status.List == 0) != dead {
						t.Errorf("chain of %s: %v", name, a.Delegations[0].Status)
					}
				}
				if w.status(w.lent).List == 0 {
					t.Error("the agent alone has no index")
				}
			})
		})
	}
}

// A change to an agent concerns the chains that it is in, in anybody's delegation.
func TestASubAgentIsRecalledEverywhere(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newExchangeWorld(t, s)
		elsewhere := lend(t, s, w.bob, w.other, func(d *domain.Delegation) { d.SubAgents, d.Resources = ids(w.first), []string{uriA} })
		parent := domain.TokenRef{Status: statusOf(t, s, elsewhere), ID: "elsewhere"}
		a, err := s.ExchangeAuthority(t.Context(), ids(w.other, w.first), elsewhere.ID)
		w.must(err)
		status, err := s.StartExchange(t.Context(), domain.Handover{DelegationID: elsewhere.ID, Chain: w.first.ClientID, Change: a.Change,
			Parent: parent, TokenID: "child", ExpiresAt: t0.Add(time.Hour)})
		w.must(err)
		child := domain.TokenRef{Status: status, ID: "child"}
		here := w.handOn(w.token("here"), "here's", w.first)
		w.suspend(w.first)
		w.wantCounts("the chains", false, child, here)
		w.wantCounts("its parents", true, parent, w.token("here"))
		items, last := recallsSince(t, s, 0, 10)
		if last != 2 || !slices.ContainsFunc(items, func(r domain.Recall) bool { return r.Status == status && slices.Equal(r.Audience, []string{uriA}) }) {
			t.Errorf("%+v", items)
		}
		// Nor does a recalled chain's index come back to anybody.
		w.activate(w.first)
		if again := w.handOn(w.token("here"), "again", w.first); again.Status == here.Status || again.Status == status || !w.counts(again) {
			t.Errorf("handed on again: %+v", again)
		}
		w.wantCounts("still", false, child, here)
	})
}

// A source that proves agents of two platforms in one chain recalls each once.
func TestASourceRecallsAChainOnce(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newExchangeWorld(t, s)
		unix := domain.Agent{ClientID: newID(t), Name: "Night shift", Type: "custom", Platform: domain.PlatformUnix, Status: domain.StatusActive,
			Selectors: []domain.Selector{{Key: "unix:uid", Value: "1000"}}, Attestation: domain.AttestationRequired}
		w.must(s.CreateAgent(t.Context(), unix, did("agent.create", unix.ClientID)))
		nodes := putSource(t, s, "Nodes", domain.SourceSettings{SPIFFE: &domain.SPIFFESource{TrustDomain: trustDomain, BundleFile: "/bundle.json"}})
		w.delegation(func(d *domain.Delegation) { d.SubAgents = ids(w.first, unix) })
		parent := w.token("parent")
		child := w.handOn(parent, "child", unix)
		last := lastRecall(t, s)
		updateSource(t, s, nodes.ID, func(s *domain.WorkloadSource) { s.Enabled = false })
		w.wantCounts("all", false, parent, child)
		items, _ := recallsSince(t, s, last, 10)
		seen := map[domain.StatusRef]int{}
		for _, r := range items {
			seen[r.Status]++
		}
		if seen[parent.Status] != 1 || seen[child.Status] != 1 || seen[w.status(w.lent)] != 0 {
			t.Errorf("%+v", items)
		}
	})
}

// What is exchanged for a token is recalled with it, and nothing else is.
func TestRevokeTokenRecallsItsDescendants(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newExchangeWorld(t, s)
		parent, sibling := w.token("parent"), w.token("sibling")
		child := w.handOn(parent, "child", w.first)
		own := w.handOn(parent, "own")
		grandchild := w.handOn(child, "grandchild", w.first, w.second)
		nephew := w.handOn(sibling, "nephew", w.first)
		ended := w.handover(parent, "ended", w.second)
		ended.ExpiresAt = t0.Add(-2 * time.Minute)
		if _, err := s.StartExchange(t.Context(), ended); err != nil {
			t.Fatal(err)
		}
		before := events(t, s)
		revokeToken(t, s, "child")
		w.wantCounts("below", false, child, grandchild)
		w.wantCounts("beside", true, parent, sibling, own, nephew)
		revokeToken(t, s, "parent")
		w.wantCounts("below", false, parent, own, child, grandchild)
		w.wantCounts("beside", true, sibling, nephew)
		for range 2 {
			revokeToken(t, s, "child")
			revokeToken(t, s, "parent")
		}
		items, last := recallsSince(t, s, 0, 10)
		var revoked []string
		for _, r := range items {
			revoked = append(revoked, r.TokenID)
			if !slices.Equal(r.Audience, []string{uriA}) || !r.Until.Equal(t0.Add(time.Hour)) || !r.At.Equal(t0) {
				t.Errorf("the recall says %+v", r)
			}
		}
		if want := []string{"child", "grandchild", "parent", "own"}; !slices.Equal(revoked, want) || last != 4 || events(t, s) != before+2 {
			t.Errorf("recalled %v, want %v; %d events", revoked, want, events(t, s)-before)
		}
		if got := lastDetails(t, s)["recalled"]; got != 2.0 {
			t.Errorf("the audit event says recalled: %v", got)
		}
		// Through one that counts still, to what was made of it.
		deep := w.handOn(nephew, "deep", w.first, w.second)
		revokeToken(t, s, "sibling")
		w.wantCounts("two below", false, sibling, nephew, deep)
		for _, id := range []string{"child", "parent"} {
			h := w.handover(domain.TokenRef{Status: parent.Status, ID: id}, "late", w.first)
			if _, err := s.StartExchange(t.Context(), h); domain.KindOf(err) != domain.Gone {
				t.Errorf("%s was exchanged after its recall: %v", id, err)
			}
		}
	})
}

// Whatever the rule says of a chain by itself, it dies with what it goes on from.
func TestChainsDieWithTheirParents(t *testing.T) {
	for name, dead := range map[string][]string{"": {"parent", "first", "second", "deep"}, "first": {"first", "deep"}, "second": {"second"}} {
		t.Run(name, func(t *testing.T) {
			var w *exchangeWorld
			path := t.TempDir() + "/authsec.db"
			s, err := store.Open(t.Context(), store.Options{SQLitePath: path, TrustDomain: trustDomain, Recalls: func(_, after domain.Grounds) bool {
				switch len(after.Chain) {
				case 0:
					return name == "" && w != nil
				case 1:
					return w != nil && after.Chain[0].ClientID == map[string]string{"first": w.first.ClientID, "second": w.second.ClientID}[name]
				}
				return false
			}})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
			if _, _, err := s.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			made := newExchangeWorld(t, s)
			tokens := map[string]domain.TokenRef{"parent": made.token("parent")}
			tokens["first"] = made.handOn(tokens["parent"], "first", made.first)
			tokens["second"] = made.handOn(tokens["parent"], "second", made.second)
			tokens["deep"] = made.handOn(tokens["first"], "deep", made.first, made.second)
			w = made
			w.delegation(func(d *domain.Delegation) { d.MaxDuration -= time.Second })
			for name, token := range tokens {
				w.wantCounts(name, !slices.Contains(dead, name), token)
			}
		})
	}
}
