package directory

import (
	"context"
	"fmt"
	"slices"
	"time"

	"authsec/internal/domain"
)

// UserStore keeps users. Errors: NotFound for an ID there is not; Invalid with
// /roles/N (of the sorted roles) for a role there is not; Conflict
// already_exists with the field, or last_admin.
type UserStore interface {
	User(ctx context.Context, id string) (domain.User, error)
	Users(ctx context.Context, filter domain.UserFilter, page domain.Page) (domain.List[domain.User], error)
	CreateUser(ctx context.Context, u domain.User, link *domain.SetupLink, ev domain.Event) error
	UpdateUser(ctx context.Context, id string, fn func(*domain.User) (domain.Event, error)) (domain.User, error)
}

// userState is a user as audit events show them: never the password's hash.
type userState struct {
	Email  string        `json:"email"`
	Name   string        `json:"name"`
	Level  domain.Level  `json:"level"`
	Status domain.Status `json:"status"`
	Roles  []string      `json:"roles"`
}

func stateOfUser(u domain.User) *userState {
	return &userState{u.Email, u.Name, u.Level, u.Status, slices.Clone(u.Roles)}
}

// Users returns a page of users by email.
func (s Service) Users(ctx context.Context, filter domain.UserFilter, page domain.Page) (domain.List[domain.User], error) {
	if err := filter.Check(); err != nil {
		return domain.List[domain.User]{}, err
	}
	return s.UserStore.Users(ctx, filter, paged(page))
}

// User returns one user, or NotFound.
func (s Service) User(ctx context.Context, id string) (domain.User, error) {
	id, err := parseID("user", id)
	if err != nil {
		return domain.User{}, err
	}
	return s.UserStore.User(ctx, id)
}

// CreateUser adds a user. Without a password it also returns the secret of the
// set-up link, valid for domain.SetupLinkLife from the user's CreatedAt, by
// which the person chooses one.
func (s Service) CreateUser(ctx context.Context, caller domain.Caller, spec domain.UserSpec) (domain.User, domain.Secret, error) {
	if err := mustAdmin(caller); err != nil {
		return domain.User{}, "", err
	}
	sent := spec.Roles
	if err := spec.Check(); err != nil {
		return domain.User{}, "", err
	}
	id, err := domain.NewID(s.Random)
	if err != nil {
		return domain.User{}, "", err
	}
	now := s.now()
	u := domain.User{ID: id, Email: spec.Email, Name: spec.Name, Status: domain.StatusActive, Level: spec.Level,
		Roles: spec.Roles, CreatedAt: now, UpdatedAt: now}
	var setup domain.Secret
	var link *domain.SetupLink
	if spec.Password != "" {
		if u.PasswordHash, err = s.Hasher.Hash(ctx, spec.Password); err != nil {
			return domain.User{}, "", fmt.Errorf("hash the password of a new user: %w", err)
		}
	} else {
		if setup, err = domain.NewSecret(s.Random, domain.PrefixSetupLink); err != nil {
			return domain.User{}, "", err
		}
		link = &domain.SetupLink{Hash: setup.Hash(), UserID: id, CreatedAt: now, ExpiresAt: now.Add(domain.SetupLinkLife)}
	}
	ev, err := userEvent(now, caller, "user.create", u).WithChange(nil, stateOfUser(u))
	if err != nil {
		return domain.User{}, "", err
	}
	if err := s.UserStore.CreateUser(ctx, u, link, ev); err != nil {
		return domain.User{}, "", atInput(err, "/roles", sent, spec.Roles)
	}
	return u, setup, nil
}

// UpdateUser changes a user. The last active admin can be neither demoted nor
// suspended (Conflict last_admin).
func (s Service) UpdateUser(ctx context.Context, caller domain.Caller, id string, patch domain.UserPatch) (domain.User, error) {
	if err := mustAdmin(caller); err != nil {
		return domain.User{}, err
	}
	id, err := parseID("user", id)
	if err != nil {
		return domain.User{}, err
	}
	var sent, sorted []string
	if patch.Roles != nil {
		sent = *patch.Roles
	}
	if err := patch.Check(); err != nil {
		return domain.User{}, err
	}
	if patch.Roles != nil {
		sorted = *patch.Roles
	}
	now := s.now()
	u, err := s.UserStore.UpdateUser(ctx, id, func(u *domain.User) (domain.Event, error) {
		before := stateOfUser(*u)
		apply(&u.Name, patch.Name)
		apply(&u.Status, patch.Status)
		apply(&u.Level, patch.Level)
		if patch.Roles != nil {
			u.Roles = slices.Clone(sorted)
		}
		verb := userVerb(before, stateOfUser(*u))
		if verb == "" {
			return domain.Event{}, domain.ErrNoChange
		}
		u.UpdatedAt = now
		return userEvent(now, caller, verb, *u).WithChange(before, stateOfUser(*u))
	})
	if err != nil {
		return domain.User{}, atInput(err, "/roles", sent, sorted)
	}
	return u, nil
}

// userVerb names a change of a user, "" for none: a change of the status alone
// is an act of its own.
func userVerb(before, after *userState) string {
	same := before.Name == after.Name && before.Level == after.Level && slices.Equal(before.Roles, after.Roles)
	switch {
	case same && before.Status == after.Status:
		return ""
	case !same:
		return "user.update"
	case after.Status == domain.StatusSuspended:
		return "user.suspend"
	default:
		return "user.activate"
	}
}

func userEvent(now time.Time, caller domain.Caller, verb string, u domain.User) domain.Event {
	return domain.NewEvent(now, caller, verb, domain.Party{Type: "user", ID: u.ID, Name: u.Email})
}

// apply sets a field to what a patch says, if it says anything.
func apply[T any](field, patch *T) {
	if patch != nil {
		*field = *patch
	}
}

// parseID returns the canonical form of an ID; what cannot be one is NotFound.
func parseID(what, id string) (string, error) {
	canonical, ok := domain.ParseID(id)
	if !ok {
		return "", notFound(what, id)
	}
	return canonical, nil
}
