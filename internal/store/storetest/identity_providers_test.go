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

func providerName(p domain.IdentityProvider) string { return strings.ToLower(p.Name) }

func TestIdentityProviders(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		p := domain.IdentityProvider{ID: newID(t), Name: "People", Enabled: true, CreatedAt: t0, UpdatedAt: t0.Add(time.Second),
			Settings: domain.IdentityProviderSettings{Issuer: "https://id.example.com", Audience: "authsec", JWKSURL: "https://id.example.com/keys",
				CABundle: "pem", MaxTokenSeconds: 300, CreateUsers: true, SignIn: true, ClientID: "console", ClientSecretFile: "/secret", Scopes: []string{"email"}}}
		if err := s.CreateIdentityProvider(t.Context(), p, did("identity_provider.create", p.ID)); err != nil {
			t.Fatal(err)
		}
		if got, err := s.IdentityProvider(t.Context(), p.ID); err != nil || !reflect.DeepEqual(got, p) {
			t.Errorf("read back %+v, %v", got, err)
		}
		before := events(t, s)
		got, err := s.UpdateIdentityProvider(t.Context(), p.ID, func(x *domain.IdentityProvider) (domain.Event, error) {
			x.Name, x.Enabled, x.Settings.Scopes, x.UpdatedAt = "Staff", false, nil, t0.Add(time.Hour)
			return did("identity_provider.update", x.ID), nil
		})
		p.Name, p.Enabled, p.Settings.Scopes, p.UpdatedAt = "Staff", false, nil, t0.Add(time.Hour)
		if err != nil || !reflect.DeepEqual(got, p) || events(t, s) != before+1 {
			t.Errorf("updated %+v, %v", got, err)
		}
		if got, err := s.IdentityProvider(t.Context(), p.ID); err != nil || !reflect.DeepEqual(got, p) {
			t.Errorf("read back %+v, %v", got, err)
		}
		other := putProvider(t, s, "another", "https://other.example.com")
		if all, err := s.EnabledIdentityProviders(t.Context()); err != nil || len(all) != 1 || all[0].ID != other.ID {
			t.Errorf("enabled: %+v, %v", all, err)
		}
		unchanged(t, s, func() {
			if _, err := s.UpdateIdentityProvider(t.Context(), p.ID, func(*domain.IdentityProvider) (domain.Event, error) { return domain.Event{}, domain.ErrNoChange }); err != nil {
				t.Error(err)
			}
			refusal := errors.New("no")
			if err := s.DeleteIdentityProvider(t.Context(), p.ID, func(domain.IdentityProvider) (domain.Event, error) { return domain.Event{}, refusal }); !errors.Is(err, refusal) {
				t.Errorf("got %v", err)
			}
		})
		if err := s.DeleteIdentityProvider(t.Context(), p.ID, func(x domain.IdentityProvider) (domain.Event, error) {
			return did("identity_provider.delete", x.Name), nil
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.IdentityProvider(t.Context(), p.ID); domain.KindOf(err) != domain.NotFound {
			t.Errorf("got %v", err)
		}
		wantError(t, s.DeleteIdentityProvider(t.Context(), p.ID, nil), domain.NotFound, "not_found", "")
		_, err = s.UpdateIdentityProvider(t.Context(), p.ID, nil)
		wantError(t, err, domain.NotFound, "not_found", "")
	})
}

// An issuer is one provider's, and never a workload source's beside.
func TestIdentityProvidersShareNothing(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		people := putProvider(t, s, "People", "https://id.example.com")
		other := putProvider(t, s, "Other", "https://other.example.com")
		source := putSource(t, s, "Production", cluster("https://k8s.example.com"))
		create := func(name, issuer string) error {
			p := domain.IdentityProvider{ID: newID(t), Name: name, Settings: domain.IdentityProviderSettings{Issuer: issuer}}
			return s.CreateIdentityProvider(t.Context(), p, did("identity_provider.create", p.ID))
		}
		update := func(change func(*domain.IdentityProvider)) error {
			_, err := s.UpdateIdentityProvider(t.Context(), other.ID, func(p *domain.IdentityProvider) (domain.Event, error) {
				change(p)
				return did("identity_provider.update", p.ID), nil
			})
			return err
		}
		unchanged(t, s, func() {
			wantError(t, create("PEOPLE", "https://new.example.com"), domain.Conflict, "already_exists", "/name")
			wantError(t, create("New", people.Settings.Issuer), domain.Conflict, "already_exists", "/issuer")
			wantError(t, create("New", "https://k8s.example.com"), domain.Conflict, "already_exists", "/issuer")
			wantError(t, update(func(p *domain.IdentityProvider) { p.Name = "people" }), domain.Conflict, "already_exists", "/name")
			wantError(t, update(func(p *domain.IdentityProvider) { p.Settings.Issuer = people.Settings.Issuer }), domain.Conflict, "already_exists", "/issuer")
			wantError(t, update(func(p *domain.IdentityProvider) { p.Settings.Issuer = "https://k8s.example.com" }), domain.Conflict, "already_exists", "/issuer")
			for field, settings := range map[string]domain.SourceSettings{
				"/kubernetes/issuer": cluster(people.Settings.Issuer),
				"/oidc/issuer":       {OIDC: &domain.OIDCSource{Platform: "github", Issuer: people.Settings.Issuer, Audience: "authsec"}},
			} {
				src := newSource(t, "New", settings)
				wantError(t, s.CreateWorkloadSource(t.Context(), src, did("workload_source.create", src.ID)), domain.Conflict, "already_exists", field)
			}
			_, err := s.UpdateWorkloadSource(t.Context(), source.ID, func(src *domain.WorkloadSource) (domain.Event, error) {
				src.Settings = cluster(people.Settings.Issuer)
				return did("workload_source.update", src.ID), nil
			})
			wantError(t, err, domain.Conflict, "already_exists", "/kubernetes/issuer")
		})
	})
}

func TestIdentityProvidersInUse(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := newLendWorld(t, s)
		linked, lends := putProvider(t, s, "Linked", "https://a.example.com"), putProvider(t, s, "Lends", "https://b.example.com")
		putLinked(t, s, linked, w.ana, "ana")
		putTemplate(t, s, newTemplate(t, "By people", lends, w.support))
		for id, named := range map[string]string{linked.ID: "the user Ana@example.com", lends.ID: `the delegation template "By people"`} {
			err := s.DeleteIdentityProvider(t.Context(), id, func(domain.IdentityProvider) (domain.Event, error) { return did("identity_provider.delete", id), nil })
			wantError(t, err, domain.Conflict, "in_use", "")
			if !strings.Contains(err.Error(), named) {
				t.Errorf("%v does not name %s", err, named)
			}
		}
	})
}

func TestListIdentityProviders(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		var want []string
		var last domain.IdentityProvider
		for i := range 7 {
			last = putProvider(t, s, fmt.Sprintf("People %d", i), fmt.Sprintf("https://id%d.example.com", i))
			want = append(want, providerName(last))
		}
		read := func(p domain.Page) (domain.List[domain.IdentityProvider], error) {
			return s.IdentityProviders(t.Context(), p)
		}
		if got := walk(t, 3, read, providerName, false, func() {}); !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		for _, q := range []string{"id6.EXAMPLE", "people 6", last.ID} {
			if got := found(t, q, read, providerName); !slices.Equal(got, []string{providerName(last)}) {
				t.Errorf("%q finds %v", q, got)
			}
		}
	})
}

func TestIdentityProvidersAreBounded(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		for i := range domain.MaxIdentityProviders {
			putProvider(t, s, fmt.Sprint(i), fmt.Sprintf("https://id%d.example.com", i))
		}
		unchanged(t, s, func() {
			p := domain.IdentityProvider{ID: newID(t), Name: "More", Settings: domain.IdentityProviderSettings{Issuer: "https://more.example.com"}}
			wantError(t, s.CreateIdentityProvider(t.Context(), p, did("identity_provider.create", p.ID)), domain.Conflict, "too_many", "")
		})
	})
}
