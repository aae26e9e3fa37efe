package storetest

import (
	"errors"
	"slices"
	"testing"

	"authsec/internal/domain"
	"authsec/internal/store"
)

func TestIdentityLinks(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newLendWorld(t, s)
		a, b := putProvider(t, s, "A", "https://a.example.com"), putProvider(t, s, "B", "https://b.example.com")
		there := putLinked(t, s, b, w.ana, "Ana ☃")
		here := putLinked(t, s, a, w.ana, "ana")
		putLinked(t, s, a, w.bob, "ana ") // exactly as the provider says it, and nobody else
		if got, err := s.IdentityLinks(t.Context(), w.ana.ID); err != nil || !slices.Equal(got, []domain.IdentityLink{here, there}) {
			t.Errorf("%+v, %v", got, err)
		}
		if got, err := s.IdentityLinks(t.Context(), newID(t)); err != nil || len(got) != 0 {
			t.Errorf("%+v, %v", got, err)
		}
		for key, want := range map[[2]string]string{{a.ID, "ana"}: w.ana.ID, {b.ID, "Ana ☃"}: w.ana.ID, {a.ID, "ana "}: w.bob.ID, {b.ID, "ana"}: "", {a.ID, "ANA"}: "", {"", "ana"}: "", {a.ID, "%"}: ""} {
			u, err := s.LinkedUser(t.Context(), key[0], key[1])
			if u.ID != want || (want == "") != (domain.KindOf(err) == domain.NotFound) {
				t.Errorf("%v is %q, %v", key, u.ID, err)
			}
			if want == w.ana.ID && !slices.Equal(u.Roles, []string{"finance", "support"}) {
				t.Errorf("their roles are %v", u.Roles)
			}
		}
		before := events(t, s)
		if err := s.DeleteIdentityLink(t.Context(), a.ID, "ana", func(l domain.IdentityLink) (domain.Event, error) {
			if l != here {
				t.Errorf("removed %+v", l)
			}
			return did("identity_link.delete", l.Subject), nil
		}); err != nil || events(t, s) != before+1 {
			t.Fatalf("%v, %d events", err, events(t, s)-before)
		}
		if _, err := s.LinkedUser(t.Context(), a.ID, "ana"); domain.KindOf(err) != domain.NotFound {
			t.Errorf("they are linked still: %v", err)
		}
		wantError(t, s.DeleteIdentityLink(t.Context(), a.ID, "ana", nil), domain.NotFound, "not_found", "")
		putLinked(t, s, a, w.ana, "another") // after the removal another person may be theirs
	})
}

func TestIdentityLinksRefused(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newLendWorld(t, s)
		p := putProvider(t, s, "A", "https://a.example.com")
		putLinked(t, s, p, w.ana, "ana")
		create := func(provider, subject, user string) error {
			return s.CreateIdentityLink(t.Context(), domain.IdentityLink{ProviderID: provider, Subject: subject, UserID: user}, did("identity_link.create", subject))
		}
		unchanged(t, s, func() {
			wantError(t, create(p.ID, "ana", w.bob.ID), domain.Conflict, "already_exists", "/subject")
			wantError(t, create(p.ID, "ana", w.ana.ID), domain.Conflict, "already_exists", "/subject")
			wantError(t, create(p.ID, "second", w.ana.ID), domain.Conflict, "already_exists", "/user_id")
			wantError(t, create(newID(t), "bob", w.bob.ID), domain.NotFound, "not_found", "")
			wantError(t, create(p.ID, "bob", newID(t)), domain.NotFound, "not_found", "")
			refusal := errors.New("no")
			if err := s.DeleteIdentityLink(t.Context(), p.ID, "ana", func(domain.IdentityLink) (domain.Event, error) { return domain.Event{}, refusal }); !errors.Is(err, refusal) {
				t.Errorf("got %v", err)
			}
		})
		if u, err := s.LinkedUser(t.Context(), p.ID, "ana"); err != nil || u.ID != w.ana.ID {
			t.Errorf("it is %+v, %v", u, err)
		}
	})
}
