package directory

import (
	"context"
	"time"

	"authsec/internal/domain"
)

// ActionStore keeps actions. Errors: NotFound for a name there is not; Conflict
// already_exists with the field, or in_use naming what uses it.
type ActionStore interface {
	Action(ctx context.Context, name string) (domain.Action, error)
	Actions(ctx context.Context, page domain.Page) (domain.List[domain.Action], error)
	CreateAction(ctx context.Context, a domain.Action, ev domain.Event) error
	UpdateAction(ctx context.Context, name string, fn func(*domain.Action) (domain.Event, error)) (domain.Action, error)
	DeleteAction(ctx context.Context, name string, fn func(domain.Action) (domain.Event, error)) error
}

// actionState is an action as audit events show it.
type actionState struct {
	Description string `json:"description"`
	Sensitive   bool   `json:"sensitive"`
}

func stateOfAction(a domain.Action) *actionState { return &actionState{a.Description, a.Sensitive} }

// Actions returns a page of actions by name.
func (s Service) Actions(ctx context.Context, page domain.Page) (domain.List[domain.Action], error) {
	return s.ActionStore.Actions(ctx, paged(page))
}

// Action returns one action, or NotFound.
func (s Service) Action(ctx context.Context, name string) (domain.Action, error) {
	if !domain.ValidActionName(name) {
		return domain.Action{}, notFound("action", name)
	}
	return s.ActionStore.Action(ctx, name)
}

// CreateAction adds an action and returns it. Its times are set here.
func (s Service) CreateAction(ctx context.Context, caller domain.Caller, a domain.Action) (domain.Action, error) {
	if err := mustAdmin(caller); err != nil {
		return domain.Action{}, err
	}
	if err := a.Check(); err != nil {
		return domain.Action{}, err
	}
	a.CreatedAt = s.now()
	a.UpdatedAt = a.CreatedAt
	ev, err := actionEvent(a.CreatedAt, caller, "action.create", a.Name).WithChange(nil, stateOfAction(a))
	if err != nil {
		return domain.Action{}, err
	}
	if err := s.ActionStore.CreateAction(ctx, a, ev); err != nil {
		return domain.Action{}, err
	}
	return a, nil
}

// UpdateAction replaces an action's description and flag.
func (s Service) UpdateAction(ctx context.Context, caller domain.Caller, name, description string, sensitive bool) (domain.Action, error) {
	if err := mustAdmin(caller); err != nil {
		return domain.Action{}, err
	}
	if !domain.ValidActionName(name) {
		return domain.Action{}, notFound("action", name)
	}
	asked := domain.Action{Name: name, Description: description, Sensitive: sensitive}
	if err := asked.Check(); err != nil {
		return domain.Action{}, err
	}
	now := s.now()
	return s.ActionStore.UpdateAction(ctx, name, func(a *domain.Action) (domain.Event, error) {
		before := stateOfAction(*a)
		if *before == *stateOfAction(asked) {
			return domain.Event{}, domain.ErrNoChange
		}
		a.Description, a.Sensitive, a.UpdatedAt = description, sensitive, now
		return actionEvent(now, caller, "action.update", name).WithChange(before, stateOfAction(*a))
	})
}

// DeleteAction removes an action that no role contains and no delegation lends.
func (s Service) DeleteAction(ctx context.Context, caller domain.Caller, name string) error {
	if err := mustAdmin(caller); err != nil {
		return err
	}
	if !domain.ValidActionName(name) {
		return notFound("action", name)
	}
	now := s.now()
	return s.ActionStore.DeleteAction(ctx, name, func(a domain.Action) (domain.Event, error) {
		return actionEvent(now, caller, "action.delete", name).WithChange(stateOfAction(a), nil)
	})
}

func actionEvent(now time.Time, caller domain.Caller, verb, name string) domain.Event {
	return domain.NewEvent(now, caller, verb, domain.Party{Type: "action", ID: name})
}
