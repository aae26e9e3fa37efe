package directory

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"time"

	"authsec/internal/domain"
)

// ProviderStore keeps identity providers. Errors: NotFound for an ID there is
// not; Conflict already_exists with the field, a name or an issuer, which no
// workload source has either; Conflict in_use for one that a template or a link names.
type ProviderStore interface {
	IdentityProvider(ctx context.Context, id string) (domain.IdentityProvider, error)
	IdentityProviders(ctx context.Context, page domain.Page) (domain.List[domain.IdentityProvider], error)
	EnabledIdentityProviders(ctx context.Context) ([]domain.IdentityProvider, error)
	CreateIdentityProvider(ctx context.Context, p domain.IdentityProvider, ev domain.Event) error
	UpdateIdentityProvider(ctx context.Context, id string, fn func(*domain.IdentityProvider) (domain.Event, error)) (domain.IdentityProvider, error)
	DeleteIdentityProvider(ctx context.Context, id string, fn func(domain.IdentityProvider) (domain.Event, error)) error
}

// ProviderChecker tries a provider's settings out, without asking the network: a
// file that they name may not be there. The error's text is for people.
type ProviderChecker interface {
	CheckProvider(p domain.IdentityProvider) error
}

// ProviderChange is a change to an identity provider. Settings is pure and may
// run again; nil leaves what it is about as it is.
type ProviderChange struct {
	Name     *string
	Settings func(*domain.IdentityProviderSettings)
}

// providerState is an identity provider as audit events show it.
type providerState struct {
	Name     string                          `json:"name"`
	Enabled  bool                            `json:"enabled"`
	Settings domain.IdentityProviderSettings `json:"settings"`
}

// stateOfProvider names key set and certificates by their digests, as stateOfSource.
func stateOfProvider(p domain.IdentityProvider) *providerState {
	st := &providerState{p.Name, p.Enabled, p.Settings}
	st.Settings.JWKS, st.Settings.CABundle = digest(p.Settings.JWKS), digest(p.Settings.CABundle)
	return st
}

// IdentityProviders returns a page of identity providers by name.
func (s Service) IdentityProviders(ctx context.Context, page domain.Page) (domain.List[domain.IdentityProvider], error) {
	return s.ProviderStore.IdentityProviders(ctx, paged(page))
}

// IdentityProvider returns one identity provider, or NotFound.
func (s Service) IdentityProvider(ctx context.Context, id string) (domain.IdentityProvider, error) {
	id, err := parseID("identity provider", id)
	if err != nil {
		return domain.IdentityProvider{}, err
	}
	return s.ProviderStore.IdentityProvider(ctx, id)
}

// SignInProviders returns those that are enabled and from which people sign in.
func (s Service) SignInProviders(ctx context.Context) ([]domain.IdentityProvider, error) {
	all, err := s.ProviderStore.EnabledIdentityProviders(ctx)
	return slices.DeleteFunc(all, func(p domain.IdentityProvider) bool { return !p.Settings.SignIn }), err
}

// CreateIdentityProvider adds an identity provider, unless its settings cannot be used.
func (s Service) CreateIdentityProvider(ctx context.Context, caller domain.Caller, spec domain.IdentityProviderSpec) (domain.IdentityProvider, error) {
	var none domain.IdentityProvider
	if err := mustAdmin(caller); err != nil {
		return none, err
	}
	if err := spec.Check(); err != nil {
		return none, err
	}
	id, err := domain.NewID(s.Random)
	if err != nil {
		return none, err
	}
	now := s.now()
	p := domain.IdentityProvider{ID: id, Name: spec.Name, Enabled: spec.Enabled, Settings: spec.Settings, CreatedAt: now, UpdatedAt: now}
	if err := s.usableProvider(p); err != nil {
		return none, err
	}
	ev, err := providerEvent(now, caller, "identity_provider.create", p).WithChange(nil, stateOfProvider(p))
	if err != nil {
		return none, err
	}
	return p, s.ProviderStore.CreateIdentityProvider(ctx, p, ev)
}

// usableProvider refuses settings that cannot be used, before anything is written.
func (s Service) usableProvider(p domain.IdentityProvider) error {
	err := s.ProviderChecker.CheckProvider(p)
	if own := (*domain.Error)(nil); err == nil || errors.As(err, &own) {
		return err
	}
	var f domain.Faults
	f.Add("/issuer", "unusable", "The settings cannot be used: %s.", clipTo(err.Error(), maxCause))
	return f.Err()
}

// UpdateIdentityProvider changes an identity provider, unless its settings could
// not be used any more. The issuer never changes.
func (s Service) UpdateIdentityProvider(ctx context.Context, caller domain.Caller, id string, change ProviderChange) (domain.IdentityProvider, error) {
	return s.updateProvider(ctx, caller, id, "identity_provider.update", func(p *domain.IdentityProvider) error {
		patch := domain.IdentityProviderPatch{Name: change.Name}
		if change.Settings != nil {
			settings := p.Settings
			settings.Scopes = slices.Clone(settings.Scopes)
			change.Settings(&settings)
			patch.Settings = &settings
		}
		if err := patch.Check(p.Settings.Issuer); err != nil {
			return err
		}
		apply(&p.Name, patch.Name)
		apply(&p.Settings, patch.Settings)
		return nil
	})
}

// EnableIdentityProvider has the provider believed, unless its settings cannot
// be used; one that is enabled stays so.
func (s Service) EnableIdentityProvider(ctx context.Context, caller domain.Caller, id string) (domain.IdentityProvider, error) {
	return s.updateProvider(ctx, caller, id, "identity_provider.enable", func(p *domain.IdentityProvider) error {
		p.Enabled = true
		return nil
	})
}

// DisableIdentityProvider ends that the provider is believed, at once; one that
// is disabled stays so.
func (s Service) DisableIdentityProvider(ctx context.Context, caller domain.Caller, id string) (domain.IdentityProvider, error) {
	return s.updateProvider(ctx, caller, id, "identity_provider.disable", func(p *domain.IdentityProvider) error {
		p.Enabled = false
		return nil
	})
}

// updateProvider tries edit, which is pure, out on the provider as it is, and
// then writes and records what it changed. One that is not going to be believed
// need not be usable.
func (s Service) updateProvider(ctx context.Context, caller domain.Caller, id, verb string, edit func(*domain.IdentityProvider) error) (domain.IdentityProvider, error) {
	var none domain.IdentityProvider
	if err := mustAdmin(caller); err != nil {
		return none, err
	}
	id, err := parseID("identity provider", id)
	if err != nil {
		return none, err
	}
	p, err := s.ProviderStore.IdentityProvider(ctx, id)
	if err != nil {
		return none, err
	}
	before := p
	if err := edit(&p); err != nil {
		return none, err
	}
	if p.Enabled && !before.Enabled || !reflect.DeepEqual(p.Settings, before.Settings) {
		if err := s.usableProvider(p); err != nil {
			return none, err
		}
	}
	now := s.now()
	return s.ProviderStore.UpdateIdentityProvider(ctx, id, func(p *domain.IdentityProvider) (domain.Event, error) {
		before := *p
		if err := edit(p); err != nil {
			return domain.Event{}, err
		}
		if sameProvider(before, *p) {
			return domain.Event{}, domain.ErrNoChange
		}
		p.UpdatedAt = now
		return providerEvent(now, caller, verb, *p).WithChange(stateOfProvider(before), stateOfProvider(*p))
	})
}

// sameProvider compares with no scopes and none at all being alike.
func sameProvider(a, b domain.IdentityProvider) bool {
	if len(a.Settings.Scopes)+len(b.Settings.Scopes) == 0 {
		a.Settings.Scopes, b.Settings.Scopes = nil, nil
	}
	return reflect.DeepEqual(a, b)
}

// DeleteIdentityProvider removes an identity provider that no template and no
// person's link names.
func (s Service) DeleteIdentityProvider(ctx context.Context, caller domain.Caller, id string) error {
	if err := mustAdmin(caller); err != nil {
		return err
	}
	id, err := parseID("identity provider", id)
	if err != nil {
		return err
	}
	now := s.now()
	return s.ProviderStore.DeleteIdentityProvider(ctx, id, func(p domain.IdentityProvider) (domain.Event, error) {
		return providerEvent(now, caller, "identity_provider.delete", p).WithChange(stateOfProvider(p), nil)
	})
}

func providerEvent(now time.Time, caller domain.Caller, verb string, p domain.IdentityProvider) domain.Event {
	return domain.NewEvent(now, caller, verb, domain.Party{Type: "identity_provider", ID: p.ID, Name: p.Name})
}
