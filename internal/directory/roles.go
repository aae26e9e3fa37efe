package directory

import (
	"context"
	"slices"
	"time"

	"authsec/internal/domain"
)

// RoleStore keeps roles. Errors: NotFound for a name there is not; Invalid with
// /actions/N (of the sorted actions) for an action there is not; Conflict
// already_exists with the field, or in_use naming what uses it.
type RoleStore interface {
	Role(ctx context.Context, name string) (domain.Role, error)
	Roles(ctx context.Context, page domain.Page) (domain.List[domain.Role], error)
	CreateRole(ctx context.Context, r domain.Role, ev domain.Event) error
	UpdateRole(ctx context.Context, name string, fn func(*domain.Role) (domain.Event, error)) (domain.Role, error)
	DeleteRole(ctx context.Context, name string, fn func(domain.Role) (domain.Event, error)) error
}

// roleState is a role as audit events show it.
type roleState struct {
	Description string   `json:"description"`
	Actions     []string `json:"actions"`
}

func stateOfRole(r domain.Role) *roleState {
	return &roleState{r.Description, slices.Clone(r.Actions)}
}

// Roles returns a page of roles by name.
func (s Service) Roles(ctx context.Context, page domain.Page) (domain.List[domain.Role], error) {
	return s.RoleStore.Roles(ctx, paged(page))
}

// Role returns one role, or NotFound.
func (s Service) Role(ctx context.Context, name string) (domain.Role, error) {
	if !domain.ValidRoleName(name) {
		return domain.Role{}, notFound("role", name)
	}
	return s.RoleStore.Role(ctx, name)
}

// CreateRole adds a role and returns it. Its times are set here.
func (s Service) CreateRole(ctx context.Context, caller domain.Caller, r domain.Role) (domain.Role, error) {
	if err := mustAdmin(caller); err != nil {
		return domain.Role{}, err
	}
	sent := r.Actions
	if err := r.Check(); err != nil {
		return domain.Role{}, err
	}
	r.CreatedAt = s.now()
	r.UpdatedAt = r.CreatedAt
	ev, err := roleEvent(r.CreatedAt, caller, "role.create", r.Name).WithChange(nil, stateOfRole(r))
	if err != nil {
		return domain.Role{}, err
	}
	if err := s.RoleStore.CreateRole(ctx, r, ev); err != nil {
		return domain.Role{}, atInput(err, "/actions", sent, r.Actions)
	}
	return r, nil
}

// UpdateRole replaces a role's description and actions. When seen is not zero, it
// is the UpdatedAt of the role that they were made from: a role that has changed
// since is left as it is (Conflict changed_meanwhile).
func (s Service) UpdateRole(ctx context.Context, caller domain.Caller, name, description string, actions []string, seen time.Time) (domain.Role, error) {
	if err := mustAdmin(caller); err != nil {
		return domain.Role{}, err
	}
	if !domain.ValidRoleName(name) {
		return domain.Role{}, notFound("role", name)
	}
	asked := domain.Role{Name: name, Description: description, Actions: actions}
	if err := asked.Check(); err != nil {
		return domain.Role{}, err
	}
	now := s.now()
	r, err := s.RoleStore.UpdateRole(ctx, name, func(r *domain.Role) (domain.Event, error) {
		if r.Description == asked.Description && slices.Equal(r.Actions, asked.Actions) {
			return domain.Event{}, domain.ErrNoChange
		}
		if !seen.IsZero() && !seen.Equal(r.UpdatedAt) {
			return domain.Event{}, domain.Errorf(domain.Conflict, "changed_meanwhile",
				"Somebody changed the role %s meanwhile, so nothing was saved. Look at it as it is now, and make your change again if it is still right.", name)
		}
		before := stateOfRole(*r)
		r.Description, r.Actions, r.UpdatedAt = asked.Description, slices.Clone(asked.Actions), now
		return roleEvent(now, caller, "role.update", name).WithChange(before, stateOfRole(*r))
	})
	if err != nil {
		return domain.Role{}, atInput(err, "/actions", actions, asked.Actions)
	}
	return r, nil
}

// DeleteRole removes a role that no user holds and no delegation lends.
func (s Service) DeleteRole(ctx context.Context, caller domain.Caller, name string) error {
	if err := mustAdmin(caller); err != nil {
		return err
	}
	if !domain.ValidRoleName(name) {
		return notFound("role", name)
	}
	now := s.now()
	return s.RoleStore.DeleteRole(ctx, name, func(r domain.Role) (domain.Event, error) {
		return roleEvent(now, caller, "role.delete", name).WithChange(stateOfRole(r), nil)
	})
}

func roleEvent(now time.Time, caller domain.Caller, verb, name string) domain.Event {
	return domain.NewEvent(now, caller, verb, domain.Party{Type: "role", ID: name})
}
