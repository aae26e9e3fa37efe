package storetest

import (
	"slices"
	"testing"

	"authsec/internal/domain"
	"authsec/internal/store"
)

func TestLinkedUsers(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newLendWorld(t, s)
		p := putProvider(t, s, "A", "https://a.example.com")
		user := func(email string) domain.User {
			return domain.User{ID: newID(t), Email: email, Name: "New", Status: domain.StatusActive, Level: domain.LevelMember, Roles: []string{}}
		}
		create := func(u domain.User, providerID, subject string) error {
			return s.CreateLinkedUser(t.Context(), u, domain.IdentityLink{ProviderID: providerID, Subject: subject, UserID: u.ID}, did("user.create", u.Email), did("identity_link.create", subject))
		}
		fresh := user("fresh@example.com")
		before := events(t, s)
		if err := create(fresh, p.ID, "00u1"); err != nil || events(t, s) != before+2 {
			t.Fatalf("%v, %d events", err, events(t, s)-before)
		}
		if u, err := s.LinkedUser(t.Context(), p.ID, "00u1"); err != nil || u.ID != fresh.ID {
			t.Errorf("%+v, %v", u, err)
		}
		before = events(t, s)
		for name, c := range map[string]struct {
			err  error
			kind domain.Kind
			at   string
		}{
			"a taken email":                     {create(user(w.ana.Email), p.ID, "00u2"), domain.Conflict, "/email"},
			"a person who is linked":            {create(user("other@example.com"), p.ID, "00u1"), domain.Conflict, "/subject"},
			"linked, and a taken email besides": {create(user("FRESH@example.com"), p.ID, "00u1"), domain.Conflict, "/subject"},
			"no provider":                       {create(user("other@example.com"), newID(t), "00u2"), domain.NotFound, ""},
		} {
			e, ok := c.err.(*domain.Error) //nolint:errorlint // as it is returned
			if !ok || e.Kind != c.kind || c.at != "" && (len(e.Fields) != 1 || e.Fields[0].Field != c.at) {
				t.Errorf("%s: %v", name, c.err)
			}
		}
		if _, err := s.UpdateIdentityProvider(t.Context(), p.ID, func(p *domain.IdentityProvider) (domain.Event, error) {
			p.Enabled = false
			return did("identity_provider.disable", p.ID), nil
		}); err != nil {
			t.Fatal(err)
		}
		if err := create(user("other@example.com"), p.ID, "00u2"); domain.KindOf(err) != domain.NotFound {
			t.Errorf("a disabled provider: %v", err)
		}
		if events(t, s) != before+1 {
			t.Error("a refusal left events")
		}
	})
}

func TestNames(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newLendWorld(t, s)
		got, err := s.AgentNames(t.Context(), []string{w.support.ClientID, newID(t)})
		if err != nil || !slices.Equal(got, []domain.AgentRef{{ClientID: w.support.ClientID, Name: w.support.Name, Type: w.support.Type}}) {
			t.Errorf("%+v %v", got, err)
		}
		if got, err := s.AgentNames(t.Context(), nil); err != nil || len(got) != 0 {
			t.Errorf("%+v %v", got, err)
		}
		if names, err := s.TemplateNames(t.Context(), []string{newID(t)}); err != nil || len(names) != 0 {
			t.Errorf("%v %v", names, err)
		}
		if names, err := s.TemplateNames(t.Context(), nil); err != nil || names == nil {
			t.Errorf("%v %v", names, err)
		}
	})
}
