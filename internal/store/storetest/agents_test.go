package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/store"
)

func agentID(a domain.Agent) string { return a.ClientID }

func deleteAgent(t *testing.T, s *store.Store, id string) ([]domain.Delegation, error) {
	t.Helper()
	var ended []domain.Delegation
	err := s.DeleteAgent(t.Context(), id, t0.Add(time.Minute), "agent deleted", func(a domain.Agent, ds []domain.Delegation) ([]domain.Event, error) {
		ended = ds
		return []domain.Event{did("agent.delete", a.ClientID)}, nil
	})
	return ended, err
}

func TestAgentRoundTrip(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		a := putAgent(t, s, "Customer Support 🤖 <script>")
		if got, err := s.Agent(ctx, a.ClientID); err != nil || !reflect.DeepEqual(got, a) {
			t.Errorf("read back %+v, %v, want %+v", got, err, a)
		}
		unchanged(t, s, func() {
			twin := a
			twin.ClientID, twin.Name = newID(t), "CUSTOMER support 🤖 <SCRIPT>"
			wantError(t, s.CreateAgent(ctx, twin, did("agent.create", twin.ClientID)), domain.Conflict, "already_exists", "/name")
			_, err := s.Agent(ctx, newID(t))
			wantError(t, err, domain.NotFound, "not_found", "")
			if _, err := s.UpdateAgent(ctx, a.ClientID, func(*domain.Agent) (domain.Event, error) { return domain.Event{}, store.ErrNoChange }); err != nil {
				t.Error(err)
			}
			failed := errors.New("no")
			if _, err := s.UpdateAgent(ctx, a.ClientID, func(a *domain.Agent) (domain.Event, error) { a.Name = "x"; return domain.Event{}, failed }); !errors.Is(err, failed) {
				t.Error(err)
			}
		})
		other := putAgent(t, s, "Other")
		_, err := s.UpdateAgent(ctx, other.ClientID, func(o *domain.Agent) (domain.Event, error) {
			o.Name = strings.ToUpper(a.Name)
			return did("agent.update", o.ClientID), nil
		})
		wantError(t, err, domain.Conflict, "already_exists", "/name")
		newest := domain.ClientSecret{Hash: domain.Secret("new").Hash(), CreatedAt: t0.Add(time.Second)}
		older := domain.ClientSecret{Hash: domain.Secret("old").Hash(), CreatedAt: t0, ExpiresAt: t0.Add(time.Hour)}
		got, err := s.UpdateAgent(ctx, a.ClientID, func(a *domain.Agent) (domain.Event, error) {
			a.Name, a.Type, a.Attestation, a.AttestationChosen = strings.ToUpper(a.Name), "crewai", domain.AttestationPermissive, true
			a.Status, a.UpdatedAt = domain.StatusSuspended, t0.Add(time.Second)
			a.Selectors = []domain.Selector{{Key: "k8s:pod-label:app", Value: "a'; DROP TABLE agents; --"}, {Key: "k8s:sa", Value: "support"}}
			a.Secrets = []domain.ClientSecret{newest, older}
			return did("agent.update", a.ClientID), nil
		})
		if err != nil {
			t.Fatal(err)
		}
		read, err := s.Agent(ctx, a.ClientID)
		if err != nil || !reflect.DeepEqual(read, got) || !reflect.DeepEqual(read.Secrets, []domain.ClientSecret{newest, older}) ||
			read.Selectors[0].Key != "k8s:pod-label:app" || read.Status != domain.StatusSuspended || !read.AttestationChosen {
			t.Errorf("read back %+v, %v, want %+v", read, err, got)
		}
	})
}

func TestAgentListsFillSelectorsAndLastToken(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		ana := putUser(t, s, "ana@example.com", domain.LevelAdmin)
		first, second := putAgent(t, s, "First"), putAgent(t, s, "Second")
		first.LastTokenAt = t0.Add(time.Hour)
		var uses []domain.Use
		for i := range 3 {
			d := putDelegation(t, s, fmt.Sprintf("role-%d", i), ana, first, []string{"a:b"}, nil)
			first.DefaultDelegationID = d.ID
			uses = append(uses, domain.Use{DelegationID: d.ID, ClientID: first.ClientID, At: t0.Add(time.Hour - time.Duration(i)*time.Minute)})
		}
		if err := s.AppendEvents(ctx, nil, uses); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Agent(ctx, first.ClientID); err != nil || !reflect.DeepEqual(got, first) {
			t.Errorf("read %+v, %v, want %+v", got, err, first)
		}
		list, err := s.Agents(ctx, domain.AgentFilter{}, domain.Page{Limit: 10})
		first.Secrets, second.Secrets = nil, nil // not in lists
		if err != nil || !reflect.DeepEqual(list.Items, []domain.Agent{second, first}) {
			t.Errorf("listed %+v, %v", list.Items, err)
		}
	})
}

func TestAgentFiltersAndSearch(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		a, b := putAgent(t, s, "Alpha"), putAgent(t, s, "Beta")
		gone := putAgent(t, s, "Gone")
		if _, err := s.UpdateAgent(ctx, b.ClientID, func(b *domain.Agent) (domain.Event, error) {
			b.Type, b.Attestation, b.Status = "crewai", domain.AttestationPermissive, domain.StatusSuspended
			b.Selectors = []domain.Selector{{Key: "k8s:ns", Value: "100%_stage"}}
			return did("agent.update", b.ClientID), nil
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := deleteAgent(t, s, gone.ClientID); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			filter domain.AgentFilter
			q      string
			want   []string
		}{
			{domain.AgentFilter{}, "", []string{b.ClientID, a.ClientID}},
			{domain.AgentFilter{Type: "crewai"}, "", []string{b.ClientID}},
			{domain.AgentFilter{Platform: "kubernetes"}, "", []string{b.ClientID, a.ClientID}},
			{domain.AgentFilter{Platform: "unix"}, "", []string{}},
			{domain.AgentFilter{Attestation: domain.AttestationPermissive}, "", []string{b.ClientID}},
			{domain.AgentFilter{Status: domain.StatusActive}, "", []string{a.ClientID}},
			{domain.AgentFilter{Status: domain.StatusDeleted}, "", []string{}},
			{domain.AgentFilter{}, "gone", []string{}},
			{domain.AgentFilter{}, "ALPHA", []string{a.ClientID}},
			{domain.AgentFilter{}, "ns=production", []string{a.ClientID}},
			{domain.AgentFilter{}, "%_S", []string{b.ClientID}},
			{domain.AgentFilter{}, "crewai ai", []string{b.ClientID}},
			{domain.AgentFilter{}, b.ClientID, []string{b.ClientID}},
			{domain.AgentFilter{}, b.ClientID[:4], []string{}},
		} {
			got := found(t, c.q, func(p domain.Page) (domain.List[domain.Agent], error) { return s.Agents(ctx, c.filter, p) }, agentID)
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("%+v %q found %v, want %v", c.filter, c.q, got, c.want)
			}
		}
	})
}

func TestAgentsPageNewestFirstWhileRowsAreInserted(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		var want []string
		for i := range 250 {
			want = append(want, putAgent(t, s, fmt.Sprintf("Agent %d", i)).ClientID)
		}
		slices.Reverse(want)
		n := 0
		got := walk(t, 31, func(p domain.Page) (domain.List[domain.Agent], error) {
			return s.Agents(t.Context(), domain.AgentFilter{}, p)
		}, agentID, true, func() { putAgent(t, s, fmt.Sprintf("New %d", n)); n++ })
		if !reflect.DeepEqual(got, want) {
			t.Errorf("read %d of %d rows, or in another order", len(got), len(want))
		}
	})
}

func TestDeletedAgent(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		ana := putUser(t, s, "ana@example.com", domain.LevelAdmin)
		a, bystander := putAgent(t, s, "Helper"), putAgent(t, s, "Bystander")
		if _, err := s.UpdateAgent(ctx, a.ClientID, func(a *domain.Agent) (domain.Event, error) {
			a.Secrets = []domain.ClientSecret{{Hash: domain.Secret("x").Hash(), CreatedAt: t0}}
			return did("agent.rotate_secret", a.ClientID), nil
		}); err != nil {
			t.Fatal(err)
		}
		revoked := putDelegation(t, s, "first", ana, a, []string{"a:b"}, nil)
		revoke(t, s, revoked.ID)
		active := putDelegation(t, s, "second", ana, a, []string{"a:b"}, nil)
		others := putDelegation(t, s, "second", ana, bystander, []string{"a:b"}, nil)

		ended, err := deleteAgent(t, s, a.ClientID)
		if err != nil {
			t.Fatal(err)
		}
		want := []domain.Delegation{{ID: active.ID, ClientID: a.ClientID, Role: "second", DelegatorID: ana.ID, Status: domain.DelegationActive}}
		if !reflect.DeepEqual(ended, want) {
			t.Errorf("ended %+v, want %+v", ended, want)
		}
		got, err := s.Agent(ctx, a.ClientID)
		if err != nil || got.Status != domain.StatusDeleted || len(got.Secrets) != 0 || got.Name != "Helper" || got.DefaultDelegationID != "" {
			t.Errorf("left %+v, %v", got, err)
		}
		for id, want := range map[string]struct{ status, reason string }{
			active.ID: {"revoked", "agent deleted"}, revoked.ID: {"revoked", ""}, others.ID: {"active", ""},
		} {
			d, err := s.Delegation(ctx, id)
			if err != nil || string(d.Status) != want.status || d.RevokeReason != want.reason {
				t.Errorf("delegation left %+v, %v, want %v", d.Delegation, err, want)
			}
			if id == active.ID && !d.RevokedAt.Equal(t0.Add(time.Minute)) {
				t.Errorf("revoked at %s", d.RevokedAt)
			}
		}
		unchanged(t, s, func() {
			_, err := deleteAgent(t, s, a.ClientID)
			wantError(t, err, domain.NotFound, "not_found", "")
			if _, err := s.UpdateAgent(ctx, a.ClientID, func(a *domain.Agent) (domain.Event, error) {
				a.Status = domain.StatusActive
				return did("agent.activate", a.ClientID), nil
			}); err == nil {
				t.Error("a deleted agent was activated")
			}
		})
		// Its name is free, as often as one likes.
		for range 2 {
			again := putAgent(t, s, "HELPER")
			if _, err := deleteAgent(t, s, again.ClientID); err != nil {
				t.Fatal(err)
			}
		}
	})
}
