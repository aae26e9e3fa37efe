package signin

import (
	"context"

	"authsec/internal/domain"
)

// SignIn checks a password and begins a session, whose secret is in the answer.
// Whatever is wrong — the email, the password, or that the person is suspended
// or has no password yet — the error (Unauthenticated, invalid_credentials) and
// the work done are the same. RateLimited when too many attempts were made, then
// without any work; Unavailable when too many people sign in at once.
func (s Service) SignIn(ctx context.Context, from Peer, email string, password domain.Secret) (Authenticated, error) {
	try := attempt{by: nobody(from), action: "session.create", target: domain.Party{Type: "user"}}
	if wait := s.Throttle.password(s.now(), email, from.IP); wait > 0 {
		return Authenticated{}, s.refuse(ctx, try, "throttled", throttled(wait))
	}
	try.account = accountText(email)
	user, err := s.account(ctx, email)
	if err != nil {
		return Authenticated{}, err
	}
	match, rehash, err := s.Hasher.Verify(ctx, user.PasswordHash, password)
	if err != nil {
		return Authenticated{}, err
	}
	if user.ID != "" {
		try.target = userParty(user)
	}
	if code := whyNot(user, match); code != "" {
		return Authenticated{}, s.refuse(ctx, try, code, invalidCredentials())
	}
	hash := user.PasswordHash
	if rehash {
		if hash, err = s.Hasher.Hash(ctx, password); err != nil {
			return Authenticated{}, err
		}
	}
	out, err := s.begin(user, from)
	if err != nil {
		return Authenticated{}, err
	}
	ev := domain.NewEvent(out.Session.CreatedAt, out.Caller, try.action, try.target)
	err = s.Sessions.CreateSession(ctx, out.Session, user.PasswordHash, hash, ev)
	if credentialsChanged(err) {
		return Authenticated{}, s.refuse(ctx, try, "credentials_changed", invalidCredentials())
	}
	if err != nil {
		return Authenticated{}, err
	}
	s.Throttle.succeeded(email, from.IP)
	return out, nil
}

// account returns the user of an address, or the zero user. What cannot be an
// address is not looked up: a database may refuse its bytes.
func (s Service) account(ctx context.Context, email string) (domain.User, error) {
	var f domain.Faults
	if email = domain.CheckEmail(&f, "/email", email); f.Err() != nil {
		return domain.User{}, nil //nolint:nilerr // it is nobody's address
	}
	u, err := s.Accounts.UserByEmail(ctx, email)
	if is(err, domain.NotFound) {
		return domain.User{}, nil
	}
	return u, err
}

// whyNot names why the user cannot sign in, for the audit log alone.
func whyNot(u domain.User, match bool) string {
	switch {
	case u.ID == "":
		return "unknown_account"
	case u.PasswordHash == "":
		return "no_password"
	case !match:
		return "wrong_password"
	case !u.Active():
		return "user_suspended"
	}
	return ""
}

func invalidCredentials() error {
	return domain.Errorf(domain.Unauthenticated, "invalid_credentials", "Email or password is wrong.")
}

// begin makes a session that nobody has stored yet. Its secret is always new: a
// session that somebody had planted before the sign-in gains nothing by it.
func (s Service) begin(u domain.User, from Peer) (Authenticated, error) {
	now := s.now()
	secret, err := domain.NewSecret(s.Random, domain.PrefixSession)
	if err != nil {
		return Authenticated{}, err
	}
	u.LastSignInAt = now
	return Authenticated{
		Caller: callerOf(u, domain.ViaSession, from), User: u, Secret: secret,
		Session: domain.Session{Hash: secret.Hash(), UserID: u.ID, Level: u.Level,
			CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(domain.SessionLife)},
	}, nil
}
