package signin

import (
	"context"
	"strings"

	"authsec/internal/domain"
)

// ChangePassword sets the caller's own password and returns their session under
// a new ID; their other sessions and set-up links end. It needs the session by
// which the caller came and the current password, and is throttled like SignIn.
// Invalid on /current_password or /new_password; Forbidden for an API token.
func (s Service) ChangePassword(ctx context.Context, caller domain.Caller, session domain.Session, current, fresh domain.Secret) (Authenticated, error) {
	if caller.Via != domain.ViaSession || caller.UserID == "" || caller.UserID != session.UserID {
		return Authenticated{}, sessionRequired("A password is changed by its owner alone.")
	}
	var f domain.Faults
	checkNewPassword(&f, "/new_password", fresh, caller.Email)
	if fresh == current {
		f.Add("/new_password", "unchanged", "The new password must differ from the current one.")
	}
	if err := f.Err(); err != nil {
		return Authenticated{}, err
	}
	try := attempt{by: caller, action: "user.change_password", account: caller.UserID,
		target: domain.Party{Type: "user", ID: caller.UserID, Name: caller.Email}}
	if wait := s.Throttle.password(s.now(), caller.Email, caller.IP); wait > 0 {
		return Authenticated{}, s.refuse(ctx, try, "throttled", throttled(wait))
	}
	user, err := s.Accounts.User(ctx, caller.UserID)
	if err != nil {
		return Authenticated{}, endedIfMissing(err)
	}
	match, _, err := s.Hasher.Verify(ctx, user.PasswordHash, current)
	if err != nil {
		return Authenticated{}, err
	}
	if !match {
		return Authenticated{}, s.refuse(ctx, try, "wrong_password", wrongCurrent())
	}
	hash, err := s.Hasher.Hash(ctx, fresh)
	if err != nil {
		return Authenticated{}, err
	}
	next, err := s.successor(session, user.Level)
	if err != nil {
		return Authenticated{}, err
	}
	ev := domain.NewEvent(next.session.SeenAt, caller, try.action, try.target)
	err = s.Accounts.ChangePassword(ctx, user.PasswordHash, hash, session.Hash, next.session, ev)
	if credentialsChanged(err) {
		return Authenticated{}, s.refuse(ctx, try, "credentials_changed", wrongCurrent())
	}
	if err != nil {
		return Authenticated{}, endedIfMissing(err)
	}
	s.Throttle.succeeded(caller.Email, caller.IP)
	user.PasswordHash, user.UpdatedAt = hash, ev.Time
	from := Peer{IP: caller.IP, RequestID: caller.RequestID}
	return Authenticated{Caller: callerOf(user, domain.ViaSession, from), User: user, Session: next.session, Secret: next.secret}, nil
}

// credentialsChanged reports whether what was verified was no longer so at the commit.
func credentialsChanged(err error) bool {
	return is(err, domain.Conflict) && domain.CodeOf(err) == "credentials_changed"
}

func wrongCurrent() error {
	var f domain.Faults
	f.Add("/current_password", "wrong_password", "The current password is wrong.")
	return f.Err()
}

// checkNewPassword adds a fault unless a password may become that of the person
// with an email.
func checkNewPassword(f *domain.Faults, field string, password domain.Secret, email string) {
	before := len(*f)
	domain.CheckPassword(f, field, password)
	if len(*f) > before {
		return
	}
	if key := domain.NormalEmail(email); key != "" && strings.Contains(strings.ToLower(password.Reveal()), key) {
		f.Add(field, "contains_email", "The password must not contain the email address.")
	}
}
