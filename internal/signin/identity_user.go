package signin

import (
	"context"
	"errors"

	"authsec/internal/domain"
)

// enter begins a session of the user whom the person is linked to, or makes
// them one where the provider may do that. Who is linked meanwhile is looked up
// once more.
func (s Service) enter(ctx context.Context, try identified, person Person) (Authenticated, error) {
	out, again, err := s.enterOnce(ctx, try, person)
	if again {
		if out, again, err = s.enterOnce(ctx, try, person); again {
			err = domain.Errorf(domain.Conflict, CodeFailed, "The account was changed during the sign-in. Begin again.")
		}
	}
	return out, err
}

// enterOnce says whether what it rested on was changed meanwhile.
func (s Service) enterOnce(ctx context.Context, try identified, person Person) (out Authenticated, again bool, err error) {
	user, err := s.People.LinkedUser(ctx, try.provider.ID, person.Subject)
	if is(err, domain.NotFound) {
		user, again, err = s.welcome(ctx, try, person)
	}
	if again || err != nil {
		return Authenticated{}, again, err
	}
	if !user.Active() {
		return Authenticated{}, false, domain.Errorf(domain.Forbidden, CodeSuspended, "Your user is suspended. Ask an administrator to activate it.")
	}
	if out, err = s.begin(user, try.from); err != nil {
		return Authenticated{}, false, err
	}
	ev, err := domain.NewEvent(out.Session.CreatedAt, out.Caller, "session.create", userParty(user)).WithDetails(try.link())
	if err != nil {
		return Authenticated{}, false, err
	}
	// No password is checked, and none is changed.
	err = s.Sessions.CreateSession(ctx, out.Session, user.PasswordHash, user.PasswordHash, ev)
	if credentialsChanged(err) {
		return Authenticated{}, true, nil
	}
	return out, false, err
}

// welcome makes a member of a person whom nobody has linked, if the provider may
// do that and vouches for an email that no user has yet.
func (s Service) welcome(ctx context.Context, try identified, person Person) (u domain.User, again bool, err error) {
	if !try.provider.Settings.CreateUsers {
		return u, false, domain.Errorf(domain.Forbidden, CodeNotLinked, "You have no user here yet. Ask an administrator to link your identity to one.")
	}
	spec := domain.UserSpec{Email: person.Email, Name: person.Name, Level: domain.LevelMember}
	if spec.Name == "" || spec.Check() != nil {
		spec.Name = person.Email
	}
	if err := spec.Check(); err != nil || !person.EmailVerified {
		return u, false, &domain.Error{Kind: domain.Forbidden, Code: CodeEmailMissing, Err: err,
			Public: "The identity provider did not say an email of yours that it has verified, which a new user needs. Ask an administrator."}
	}
	now := s.now()
	id, err := domain.NewID(s.Random)
	if err != nil {
		return u, false, err
	}
	u = domain.User{ID: id, Email: spec.Email, Name: spec.Name, Status: domain.StatusActive, Level: spec.Level, Roles: []string{}, CreatedAt: now, UpdatedAt: now}
	create, err := created(nobody(try.from), u)
	if err != nil {
		return u, false, err
	}
	link, err := domain.NewEvent(now, nobody(try.from), "identity_link.create", userParty(u)).WithChange(nil, try.link())
	if err != nil {
		return u, false, err
	}
	err = s.People.CreateLinkedUser(ctx, u, domain.IdentityLink{ProviderID: try.provider.ID, Subject: person.Subject, UserID: id, CreatedAt: now}, create, link)
	switch {
	case is(err, domain.Conflict) && onField(err, "/email"):
		return u, false, domain.Errorf(domain.Conflict, CodeEmailTaken, "There is a user with your email already. Ask an administrator to link your identity to it.")
	case is(err, domain.Conflict): // linked at the same moment
		return u, true, nil
	}
	return u, false, err
}

func onField(err error, field string) bool {
	e, ok := errors.AsType[*domain.Error](err)
	return ok && len(e.Fields) > 0 && e.Fields[0].Field == field
}

// identified is what is known of an attempt to sign in from a provider.
type identified struct {
	from     Peer
	provider domain.IdentityProvider // zero until it is known
	subject  string                  // "" until it is known
}

// linkDetails are what audit events say of where a person came from.
type linkDetails struct {
	ProviderID string `json:"provider_id"`
	Provider   string `json:"provider"` // its name
	Subject    string `json:"subject,omitempty"`
}

func (i identified) link() linkDetails {
	return linkDetails{i.provider.ID, i.provider.Name, i.subject}
}

// notedIdentity notes a refusal and returns it. That something is away for now is none.
func (s Service) notedIdentity(ctx context.Context, try identified, err error) error {
	switch domain.KindOf(err) {
	case domain.Internal, domain.Unavailable:
		return err
	default:
		return s.refuseIdentity(ctx, try, domain.CodeOf(err), err)
	}
}

// refuseIdentity notes a refused sign-in, as refuse does.
func (s Service) refuseIdentity(ctx context.Context, try identified, code string, answer error) error {
	ev := domain.NewEvent(s.now(), nobody(try.from), "session.create", domain.Party{Type: "user"})
	ev.Outcome = domain.OutcomeRefused
	ev.Reasons = []domain.Reason{{Code: code, Message: identityRefusal(code)}}
	account := ""
	if try.provider.ID != "" {
		var err error
		if ev, err = ev.WithDetails(try.link()); err != nil {
			return err
		}
		account = accountText(try.provider.ID + " " + try.subject)
	}
	if err := s.Refusals.note(ctx, account, ev); err != nil {
		return err
	}
	return answer
}

func identityRefusal(code string) string {
	switch code {
	case CodeRateLimited:
		return "Too many sign-ins from identity providers; this one was not looked at."
	case CodeProviderUnknown:
		return "The identity provider was disabled or deleted during the sign-in."
	case CodeDenied:
		return "The identity provider did not let the person in."
	case CodeExpired:
		return "The sign-in took too long, was completed already, or began in another browser."
	case CodeNotLinked:
		return "The person is linked to no user."
	case CodeEmailTaken:
		return "The person is linked to no user, and a user has their email."
	case CodeEmailMissing:
		return "The person is linked to no user, and the identity provider vouches for no email of theirs."
	case CodeSuspended:
		return "The person is suspended."
	default:
		return "What the identity provider said cannot be believed."
	}
}
