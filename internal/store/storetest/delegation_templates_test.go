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

func templateName(d domain.DelegationTemplate) string { return strings.ToLower(d.Name) }

func TestDelegationTemplates(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newLendWorld(t, s)
		p := putProvider(t, s, "People", "https://id.example.com")
		putResource(t, s, "A", uriA)
		want := domain.DelegationTemplate{ID: newID(t), Name: "Support by people", Enabled: true, ClientID: w.support.ClientID, ProviderID: p.ID,
			Conditions: []domain.ClaimCondition{{Claim: "/realm/groups", Values: []string{"a\"b", "c"}}, {Claim: "sub", Values: []string{"*"}}}, Role: "support",
			Actions: []string{aRead, aRefund}, MaxDuration: 90 * time.Second, Resources: []string{uriA}, SubAgents: ids(w.other),
			SenderConstrained: domain.SenderDPoP, CreatedAt: t0, UpdatedAt: t0.Add(time.Second)}
		putTemplate(t, s, want)
		check := func(step string, got domain.DelegationTemplate, err error) {
			t.Helper()
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s\n%+v, want\n%+v (%v)", step, got, want, err)
			}
		}
		got, err := s.DelegationTemplate(t.Context(), want.ID)
		check("read back", got, err)
		before := events(t, s)
		got, err = s.UpdateDelegationTemplate(t.Context(), want.ID, func(d *domain.DelegationTemplate) (domain.Event, error) {
			d.Name, d.Enabled, d.Conditions, d.Actions, d.UpdatedAt = "Read by people", false, d.Conditions[1:], []string{aRead}, t0.Add(time.Hour)
			d.MaxDuration, d.Resources, d.SubAgents, d.SenderConstrained = time.Minute, []string{}, []string{}, domain.SenderAny
			return did("delegation_template.update", d.ID), nil
		})
		want.Name, want.Enabled, want.Conditions, want.Actions, want.UpdatedAt = "Read by people", false, want.Conditions[1:], []string{aRead}, t0.Add(time.Hour)
		want.MaxDuration, want.Resources, want.SubAgents, want.SenderConstrained = time.Minute, []string{}, []string{}, domain.SenderAny
		check("updated", got, err)
		got, err = s.DelegationTemplate(t.Context(), want.ID)
		check("read back", got, err)
		if events(t, s) != before+1 {
			t.Errorf("%d events", events(t, s)-before)
		}
		unchanged(t, s, func() {
			got, err = s.UpdateDelegationTemplate(t.Context(), want.ID, func(d *domain.DelegationTemplate) (domain.Event, error) { return domain.Event{}, domain.ErrNoChange })
			check("unchanged", got, err)
			refusal := errors.New("no")
			if err := s.DeleteDelegationTemplate(t.Context(), want.ID, func(domain.DelegationTemplate) (domain.Event, error) { return domain.Event{}, refusal }); !errors.Is(err, refusal) {
				t.Errorf("got %v", err)
			}
		})
		if err := s.DeleteDelegationTemplate(t.Context(), want.ID, func(d domain.DelegationTemplate) (domain.Event, error) {
			return did("delegation_template.delete", d.Name), nil
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.DelegationTemplate(t.Context(), want.ID); domain.KindOf(err) != domain.NotFound {
			t.Errorf("got %v", err)
		}
		wantError(t, s.DeleteDelegationTemplate(t.Context(), want.ID, nil), domain.NotFound, "not_found", "")
	})
}

func TestDelegationTemplatesRefused(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newLendWorld(t, s)
		p := putProvider(t, s, "People", "https://id.example.com")
		gone := putAgent(t, s, "Gone")
		putRole(t, s, "other", aRead)
		if _, err := deleteAgent(t, s, gone.ClientID); err != nil {
			t.Fatal(err)
		}
		putTemplate(t, s, newTemplate(t, "Taken", p, w.support))
		mine := putTemplate(t, s, newTemplate(t, "Mine", p, w.support))
		for name, tt := range map[string]struct {
			change      func(*domain.DelegationTemplate)
			kind        domain.Kind
			code, field string
		}{
			"a name that is taken":     {func(d *domain.DelegationTemplate) { d.Name = "TAKEN" }, domain.Conflict, "already_exists", "/name"},
			"no agent":                 {func(d *domain.DelegationTemplate) { d.ClientID = newID(t) }, domain.Invalid, "unknown", "/client_id"},
			"a deleted agent":          {func(d *domain.DelegationTemplate) { d.ClientID = gone.ClientID }, domain.Invalid, "unknown", "/client_id"},
			"no provider":              {func(d *domain.DelegationTemplate) { d.ProviderID = newID(t) }, domain.Invalid, "unknown", "/identity_provider_id"},
			"no role":                  {func(d *domain.DelegationTemplate) { d.Role = "nope" }, domain.Invalid, "unknown", "/role"},
			"an action not in a role":  {func(d *domain.DelegationTemplate) { d.Role = "other" }, domain.Invalid, "not_in_role", "/actions/1"},
			"no action":                {func(d *domain.DelegationTemplate) { d.Actions = []string{aRead, "x:y"} }, domain.Invalid, "not_in_role", "/actions/1"},
			"no resource":              {func(d *domain.DelegationTemplate) { d.Resources = []string{uriA} }, domain.Invalid, "unknown", "/resources/0"},
			"no sub-agent":             {func(d *domain.DelegationTemplate) { d.SubAgents = []string{w.other.ClientID, newID(t)} }, domain.Invalid, "unknown", "/sub_agents/1"},
			"a sub-agent that is gone": {func(d *domain.DelegationTemplate) { d.SubAgents = ids(gone) }, domain.Invalid, "unknown", "/sub_agents/0"},
		} {
			unchanged(t, s, func() {
				fresh := newTemplate(t, "New", p, w.support)
				tt.change(&fresh)
				err := s.CreateDelegationTemplate(t.Context(), fresh, did("delegation_template.create", fresh.ID))
				if tt.kind == domain.Invalid {
					wantFault(t, name, err, tt.field)
				} else {
					wantError(t, err, tt.kind, tt.code, tt.field)
				}
				_, err = s.UpdateDelegationTemplate(t.Context(), mine.ID, func(d *domain.DelegationTemplate) (domain.Event, error) {
					tt.change(d)
					return did("delegation_template.update", d.ID), nil
				})
				if tt.kind == domain.Invalid {
					wantFault(t, name, err, tt.field)
				} else {
					wantError(t, err, tt.kind, tt.code, tt.field)
				}
			})
		}
		// What was there already is nobody's fault now.
		if _, err := s.UpdateRole(t.Context(), "support", func(r *domain.Role) (domain.Event, error) {
			r.Actions = []string{aRead}
			return did("role.update", r.Name), nil
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.UpdateDelegationTemplate(t.Context(), mine.ID, func(d *domain.DelegationTemplate) (domain.Event, error) {
			d.Name = "Still mine"
			return did("delegation_template.update", d.ID), nil
		}); err != nil {
			t.Errorf("got %v", err)
		}
	})
}

func wantFault(t *testing.T, what string, err error, field string) {
	t.Helper()
	var e *domain.Error
	if !errors.As(err, &e) || e.Kind != domain.Invalid || len(e.Fields) != 1 || e.Fields[0].Field != field {
		t.Errorf("%s: got %v, want one fault on %s", what, err, field)
	}
}

func TestListDelegationTemplates(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newLendWorld(t, s)
		a, b := putProvider(t, s, "A", "https://a.example.com"), putProvider(t, s, "B", "https://b.example.com")
		var all []string
		for i := range 6 {
			d := newTemplate(t, fmt.Sprintf("Template %d", i), []domain.IdentityProvider{a, b}[i%2], []domain.Agent{w.support, w.support, w.other}[i%3])
			d.Enabled = i != 0
			putTemplate(t, s, d)
			all = append(all, templateName(d))
		}
		list := func(f domain.TemplateFilter) func(domain.Page) (domain.List[domain.DelegationTemplate], error) {
			return func(p domain.Page) (domain.List[domain.DelegationTemplate], error) {
				return s.DelegationTemplates(t.Context(), f, p)
			}
		}
		for _, tt := range []struct {
			f    domain.TemplateFilter
			want []string
		}{
			{domain.TemplateFilter{}, all},
			{domain.TemplateFilter{ClientID: w.support.ClientID}, []string{all[0], all[1], all[3], all[4]}},
			{domain.TemplateFilter{ProviderID: b.ID}, []string{all[1], all[3], all[5]}},
			{domain.TemplateFilter{ClientID: w.other.ClientID, ProviderID: b.ID}, all[5:]},
			{domain.TemplateFilter{ClientID: b.ID}, nil},
		} {
			if got := walk(t, 2, list(tt.f), templateName, false, nil); !slices.Equal(got, tt.want) {
				t.Errorf("%+v: got %v, want %v", tt.f, got, tt.want)
			}
		}
		if got := found(t, "TEMPLATE 5", list(domain.TemplateFilter{}), templateName); !slices.Equal(got, all[5:]) {
			t.Errorf("found %v", got)
		}
		enabled := func(clientID, providerID string) (names []string) {
			ds, err := s.EnabledTemplates(t.Context(), clientID, providerID)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range ds {
				names = append(names, templateName(d))
			}
			return names
		}
		if got := enabled(w.support.ClientID, a.ID); !slices.Equal(got, []string{all[4]}) {
			t.Errorf("enabled at A: %v", got)
		}
		if got := enabled(w.support.ClientID, b.ID); !slices.Equal(got, []string{all[1], all[3]}) {
			t.Errorf("enabled at B: %v", got)
		}
	})
}

// What a template lends cannot be taken out of the world under it.
func TestTemplatesKeepWhatTheyLend(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newLendWorld(t, s)
		p := putProvider(t, s, "People", "https://id.example.com")
		r := putResource(t, s, "A", uriA)
		putRole(t, s, "lent", aRefund)
		d := newTemplate(t, "By people", p, w.support)
		d.Role, d.Actions, d.Resources = "lent", []string{aRefund}, []string{uriA}
		putTemplate(t, s, d)
		for what, err := range map[string]error{
			"role":     s.DeleteRole(t.Context(), "lent", func(domain.Role) (domain.Event, error) { return did("role.delete", "lent"), nil }),
			"resource": s.DeleteResource(t.Context(), r.ID, func(domain.Resource) (domain.Event, error) { return did("resource.delete", r.ID), nil }),
		} {
			wantError(t, err, domain.Conflict, "in_use", "")
			if err == nil || !strings.Contains(err.Error(), `the delegation template "By people"`) {
				t.Errorf("%s: %v", what, err)
			}
		}
		for _, role := range []string{"support", "lent"} {
			if _, err := s.UpdateRole(t.Context(), role, func(r *domain.Role) (domain.Event, error) {
				r.Actions = []string{aRead}
				return did("role.update", r.Name), nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		wantError(t, s.DeleteAction(t.Context(), aRefund, func(domain.Action) (domain.Event, error) { return did("action.delete", aRefund), nil }), domain.Conflict, "in_use", "")
		if err := s.DeleteDelegationTemplate(t.Context(), d.ID, func(domain.DelegationTemplate) (domain.Event, error) {
			return did("delegation_template.delete", d.ID), nil
		}); err != nil {
			t.Fatal(err)
		}
		if err := s.DeleteAction(t.Context(), aRefund, func(domain.Action) (domain.Event, error) { return did("action.delete", aRefund), nil }); err != nil {
			t.Error(err)
		}
	})
}

func TestDelegationTemplatesAreBounded(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newLendWorld(t, s)
		p := putProvider(t, s, "People", "https://id.example.com")
		for i := range domain.MaxTemplatesPerAgent {
			putTemplate(t, s, newTemplate(t, fmt.Sprint(i), p, w.support))
		}
		more := newTemplate(t, "More", p, w.support)
		wantError(t, s.CreateDelegationTemplate(t.Context(), more, did("delegation_template.create", more.ID)), domain.Conflict, "too_many", "")
		putTemplate(t, s, newTemplate(t, "Another's", p, w.other))
	})
}
