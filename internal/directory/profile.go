package directory

import (
	"context"
	"slices"

	"authsec/internal/domain"
)

// DelegableRole is a role that a person may lend, with its actions as they are described.
type DelegableRole struct {
	Name        string
	Description string
	Actions     []domain.Action
}

// Rename changes the caller's own name. Forbidden for who is not a user;
// Invalid on /name.
func (s Service) Rename(ctx context.Context, caller domain.Caller, name string) (domain.User, error) {
	if caller.UserID == "" {
		return domain.User{}, domain.Errorf(domain.Forbidden, "forbidden", "Only a user has a name to change. Sign in as one.")
	}
	patch := domain.UserPatch{Name: &name}
	if err := patch.Check(); err != nil {
		return domain.User{}, err
	}
	now := s.now()
	return s.UserStore.UpdateUser(ctx, caller.UserID, func(u *domain.User) (domain.Event, error) {
		before := stateOfUser(*u)
		if u.Name == *patch.Name {
			return domain.Event{}, domain.ErrNoChange
		}
		u.Name, u.UpdatedAt = *patch.Name, now
		return userEvent(now, caller, "user.update", *u).WithChange(before, stateOfUser(*u))
	})
}

// Delegable returns the roles that the caller may lend, by name: those held; for
// an admin all; for an auditor, who changes nothing, none.
func (s Service) Delegable(ctx context.Context, caller domain.Caller) ([]DelegableRole, error) {
	if caller.UserID == "" || caller.Level == domain.LevelAuditor || (!caller.Admin() && len(caller.Roles) == 0) {
		return nil, nil
	}
	roles, err := all(ctx, s.RoleStore.Roles)
	if err != nil {
		return nil, err
	}
	described := map[string]domain.Action{}
	actions, err := all(ctx, s.ActionStore.Actions)
	if err != nil {
		return nil, err
	}
	for _, a := range actions {
		described[a.Name] = a
	}
	roles = slices.DeleteFunc(roles, func(r domain.Role) bool { return !caller.MayDelegate(r.Name) })
	out := make([]DelegableRole, len(roles))
	for i, r := range roles {
		out[i] = DelegableRole{Name: r.Name, Description: r.Description, Actions: make([]domain.Action, len(r.Actions))}
		for j, name := range r.Actions {
			a := described[name]
			a.Name = name // one made since the actions were read has no description yet
			out[i].Actions[j] = a
		}
	}
	return out, nil
}

// all reads every page of a list.
func all[T any](ctx context.Context, read func(context.Context, domain.Page) (domain.List[T], error)) ([]T, error) {
	var items []T
	cursor := ""
	for {
		page, err := domain.NewPage(domain.MaxPage, cursor, "")
		if err != nil {
			return nil, err
		}
		list, err := read(ctx, page)
		if err != nil {
			return nil, err
		}
		items = append(items, list.Items...)
		if list.Next == "" {
			return items, nil
		}
		cursor = list.Next
	}
}
