package signin

import (
	"context"

	"authsec/internal/domain"
)

// FirstAdmin is what the settings say about the first admin.
type FirstAdmin struct {
	Email    string
	Password domain.Secret
}

// firstAdminName is what an admin made from settings, which hold no name, is called.
const firstAdminName = "Administrator"

// EnsureFirstAdmin makes sure that a deployment without users can get its first.
// With an email and a password it creates the admin (created); with neither it
// returns the secret of a new one-time link, which is for the operator's eyes and
// not for the log, and ends an earlier one. With users, or when another process is
// faster, it does nothing. Invalid when the settings cannot make an admin.
func (s Service) EnsureFirstAdmin(ctx context.Context, a FirstAdmin) (link domain.Secret, created bool, err error) {
	exists, err := s.Accounts.AnyUser(ctx)
	if err != nil || exists {
		return "", false, err
	}
	if a == (FirstAdmin{}) {
		link, err = s.firstAdminLink(ctx)
	} else {
		created, err = true, s.createFirstAdmin(ctx, a)
	}
	if usersExist(err) {
		return "", false, nil // another process was faster
	}
	if err != nil {
		return "", false, err
	}
	return link, created, nil
}

// usersExist reports whether somebody else made the first user.
func usersExist(err error) bool {
	return is(err, domain.Conflict) && domain.CodeOf(err) == "users_exist"
}

func (s Service) firstAdminLink(ctx context.Context) (domain.Secret, error) {
	now := s.now()
	secret, link, err := domain.NewSetupLink(s.Random, "", now)
	if err != nil {
		return "", err
	}
	ev := domain.NewEvent(now, domain.System(), "user.setup_link", domain.Party{Type: "user", Name: "the first admin"})
	return secret, s.Links.CreateSetupLink(ctx, link, ev)
}

func (s Service) createFirstAdmin(ctx context.Context, a FirstAdmin) error {
	var f domain.Faults
	a.Email = domain.CheckEmail(&f, "admin-email", a.Email)
	checkNewPassword(&f, "admin-password", a.Password, a.Email)
	if err := f.Err(); err != nil {
		return err
	}
	user, err := s.newAdmin(ctx, a.Email, firstAdminName, a.Password)
	if err != nil {
		return err
	}
	ev, err := created(domain.System(), user)
	if err != nil {
		return err
	}
	return s.Accounts.CreateFirstAdmin(ctx, user, ev)
}

// newAdmin makes an admin that nobody has stored yet.
func (s Service) newAdmin(ctx context.Context, email, name string, password domain.Secret) (domain.User, error) {
	id, err := domain.NewID(s.Random)
	if err != nil {
		return domain.User{}, err
	}
	hash, err := s.Hasher.Hash(ctx, password)
	if err != nil {
		return domain.User{}, err
	}
	now := s.now()
	return domain.User{ID: id, Email: email, Name: name, Status: domain.StatusActive, Level: domain.LevelAdmin,
		Roles: []string{}, PasswordHash: hash, CreatedAt: now, UpdatedAt: now}, nil
}

// userSnapshot is what the audit log keeps of a user.
type userSnapshot struct {
	Email  string        `json:"email"`
	Name   string        `json:"name"`
	Status domain.Status `json:"status"`
	Level  domain.Level  `json:"level"`
	Roles  []string      `json:"roles"`
}

func created(by domain.Caller, u domain.User) (domain.Event, error) {
	return domain.NewEvent(u.CreatedAt, by, "user.create", userParty(u)).
		WithChange(nil, userSnapshot{u.Email, u.Name, u.Status, u.Level, u.Roles})
}

// NewSetupLink makes a one-time link by which a user chooses a new password,
// and ends their earlier links. Its secret is shown once. For admins, and not
// with an API token, because whoever holds the link becomes the user. NotFound
// without the user, Conflict while they are suspended.
func (s Service) NewSetupLink(ctx context.Context, caller domain.Caller, userID string) (domain.Secret, domain.SetupLink, error) {
	var none domain.SetupLink
	if !caller.Admin() {
		return "", none, domain.Errorf(domain.Forbidden, "forbidden", "Only an admin can make a set-up link.")
	}
	if caller.Via == domain.ViaAPIToken {
		return "", none, sessionRequired("A set-up link lets a password be set.")
	}
	user, err := s.user(ctx, userID)
	if err != nil {
		return "", none, err
	}
	now := s.now()
	secret, link, err := domain.NewSetupLink(s.Random, user.ID, now)
	if err != nil {
		return "", none, err
	}
	ev := domain.NewEvent(now, caller, "user.setup_link", userParty(user))
	if err := s.Links.CreateSetupLink(ctx, link, ev); err != nil {
		return "", none, err
	}
	return secret, link, nil
}
