package directory

import (
	"context"
	"time"

	"authsec/internal/domain"
)

// ResourceStore keeps resources. Errors: NotFound for an ID there is not;
// Conflict already_exists with the field, or in_use naming what uses it.
type ResourceStore interface {
	Resource(ctx context.Context, id string) (domain.Resource, error)
	Resources(ctx context.Context, page domain.Page) (domain.List[domain.Resource], error)
	CreateResource(ctx context.Context, r domain.Resource, ev domain.Event) error
	UpdateResource(ctx context.Context, id string, fn func(*domain.Resource) (domain.Event, error)) (domain.Resource, error)
	DeleteResource(ctx context.Context, id string, fn func(domain.Resource) (domain.Event, error)) error
}

// resourceState is a resource as audit events show it.
type resourceState struct {
	Name string `json:"name"`
	URI  string `json:"uri"`
}

func stateOfResource(r domain.Resource) *resourceState { return &resourceState{r.Name, r.URI} }

// Resources returns a page of resources by name.
func (s Service) Resources(ctx context.Context, page domain.Page) (domain.List[domain.Resource], error) {
	return s.ResourceStore.Resources(ctx, paged(page))
}

// Resource returns one resource, or NotFound.
func (s Service) Resource(ctx context.Context, id string) (domain.Resource, error) {
	id, err := parseID("resource", id)
	if err != nil {
		return domain.Resource{}, err
	}
	return s.ResourceStore.Resource(ctx, id)
}

// CreateResource registers a resource. Its secret is returned this once.
func (s Service) CreateResource(ctx context.Context, caller domain.Caller, spec domain.ResourceSpec) (domain.Resource, domain.Secret, error) {
	if err := mustAdmin(caller); err != nil {
		return domain.Resource{}, "", err
	}
	if err := spec.Check(); err != nil {
		return domain.Resource{}, "", err
	}
	id, err := domain.NewID(s.Random)
	if err != nil {
		return domain.Resource{}, "", err
	}
	secret, err := domain.NewSecret(s.Random, domain.PrefixResourceSecret)
	if err != nil {
		return domain.Resource{}, "", err
	}
	now := s.now()
	r := domain.Resource{ID: id, Name: spec.Name, URI: spec.URI, SecretHash: secret.Hash(), CreatedAt: now, UpdatedAt: now}
	ev, err := resourceEvent(now, caller, "resource.create", r).WithChange(nil, stateOfResource(r))
	if err != nil {
		return domain.Resource{}, "", err
	}
	if err := s.ResourceStore.CreateResource(ctx, r, ev); err != nil {
		return domain.Resource{}, "", err
	}
	return r, secret, nil
}

// UpdateResource renames a resource.
func (s Service) UpdateResource(ctx context.Context, caller domain.Caller, id string, patch domain.ResourcePatch) (domain.Resource, error) {
	if err := mustAdmin(caller); err != nil {
		return domain.Resource{}, err
	}
	id, err := parseID("resource", id)
	if err != nil {
		return domain.Resource{}, err
	}
	if err := patch.Check(); err != nil {
		return domain.Resource{}, err
	}
	now := s.now()
	return s.ResourceStore.UpdateResource(ctx, id, func(r *domain.Resource) (domain.Event, error) {
		before := stateOfResource(*r)
		apply(&r.Name, patch.Name)
		if *before == *stateOfResource(*r) {
			return domain.Event{}, domain.ErrNoChange
		}
		r.UpdatedAt = now
		return resourceEvent(now, caller, "resource.update", *r).WithChange(before, stateOfResource(*r))
	})
}

// RotateResourceSecret gives a resource a new secret, returned this once. The
// old one ends at once.
func (s Service) RotateResourceSecret(ctx context.Context, caller domain.Caller, id string) (domain.Secret, domain.Resource, error) {
	if err := mustAdmin(caller); err != nil {
		return "", domain.Resource{}, err
	}
	id, err := parseID("resource", id)
	if err != nil {
		return "", domain.Resource{}, err
	}
	secret, err := domain.NewSecret(s.Random, domain.PrefixResourceSecret)
	if err != nil {
		return "", domain.Resource{}, err
	}
	now := s.now()
	r, err := s.ResourceStore.UpdateResource(ctx, id, func(r *domain.Resource) (domain.Event, error) {
		r.SecretHash, r.UpdatedAt = secret.Hash(), now
		return resourceEvent(now, caller, "resource.rotate_secret", *r), nil
	})
	if err != nil {
		return "", domain.Resource{}, err
	}
	return secret, r, nil
}

// DeleteResource removes a resource that no delegation lists.
func (s Service) DeleteResource(ctx context.Context, caller domain.Caller, id string) error {
	if err := mustAdmin(caller); err != nil {
		return err
	}
	id, err := parseID("resource", id)
	if err != nil {
		return err
	}
	now := s.now()
	return s.ResourceStore.DeleteResource(ctx, id, func(r domain.Resource) (domain.Event, error) {
		return resourceEvent(now, caller, "resource.delete", r).WithChange(stateOfResource(r), nil)
	})
}

func resourceEvent(now time.Time, caller domain.Caller, verb string, r domain.Resource) domain.Event {
	return domain.NewEvent(now, caller, verb, domain.Party{Type: "resource", ID: r.ID, Name: r.Name})
}
