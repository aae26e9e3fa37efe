package signin

import (
	"context"

	"authsec/internal/domain"
)

// Authenticate returns who holds a session's secret, as they are now. When the
// person's level has changed since the session got its ID, the session gets a
// new one: the answer's Secret is then set and the presented one is dead.
// Unauthenticated (session_ended) when the session is unknown, idle for longer
// than SessionIdle, older than SessionLife, or its person is suspended.
func (s Service) Authenticate(ctx context.Context, from Peer, secret domain.Secret) (Authenticated, error) {
	hash, ok := secretHash(secret, domain.PrefixSession)
	if !ok {
		return Authenticated{}, sessionEnded()
	}
	session, err := s.Sessions.Session(ctx, hash)
	if err != nil {
		return Authenticated{}, endedIfMissing(err)
	}
	now := s.now()
	if !session.LiveAt(now) {
		return Authenticated{}, sessionEnded()
	}
	user, err := s.Accounts.User(ctx, session.UserID)
	if err != nil {
		return Authenticated{}, endedIfMissing(err)
	}
	if !user.Active() {
		ev := domain.NewEvent(now, domain.System(), "session.delete", userParty(user))
		ev.Reasons = []domain.Reason{{Code: "user_suspended", Message: "The person is suspended."}}
		if err := s.Sessions.DeleteSession(ctx, hash, ev); err != nil {
			return Authenticated{}, endedIfMissing(err)
		}
		return Authenticated{}, sessionEnded()
	}
	out := Authenticated{Caller: callerOf(user, domain.ViaSession, from), User: user, Session: session}
	switch {
	case session.Level != user.Level:
		return s.renew(ctx, out)
	case now.Sub(session.SeenAt) >= touchEvery:
		out.Session.SeenAt = now
		return out, s.Sessions.TouchSession(ctx, hash, now)
	}
	return out, nil
}

// renew gives a session a new ID because the person's level has changed. Of two
// requests at once with the old ID, one gets the new one and the other is refused.
func (s Service) renew(ctx context.Context, a Authenticated) (Authenticated, error) {
	old := a.Session
	next, err := s.successor(old, a.User.Level)
	if err != nil {
		return Authenticated{}, err
	}
	type level struct {
		Level domain.Level `json:"level"`
	}
	ev, err := domain.NewEvent(next.session.SeenAt, a.Caller, "session.renew", userParty(a.User)).
		WithChange(level{old.Level}, level{a.User.Level})
	if err != nil {
		return Authenticated{}, err
	}
	if err := s.Sessions.ReplaceSession(ctx, old.Hash, next.session, ev); err != nil {
		return Authenticated{}, endedIfMissing(err)
	}
	a.Session, a.Secret = next.session, next.secret
	return a, nil
}

type successor struct {
	session domain.Session
	secret  domain.Secret
}

// successor makes the same session under a new ID: its absolute end stays.
func (s Service) successor(old domain.Session, level domain.Level) (successor, error) {
	secret, err := domain.NewSecret(s.Random, domain.PrefixSession)
	if err != nil {
		return successor{}, err
	}
	old.Hash, old.Level, old.SeenAt = secret.Hash(), level, s.now()
	return successor{old, secret}, nil
}

// SignOut ends the caller's session. One that has ended already is no error.
func (s Service) SignOut(ctx context.Context, caller domain.Caller, session domain.Session) error {
	if caller.UserID != session.UserID {
		return sessionRequired("Only a session can be signed out.")
	}
	ev := domain.NewEvent(s.now(), caller, "session.delete", domain.Party{Type: "user", ID: caller.UserID, Name: caller.Email})
	err := s.Sessions.DeleteSession(ctx, session.Hash, ev)
	if is(err, domain.NotFound) {
		return nil
	}
	return err
}

// EndSessions ends a user's sessions but the one with hash except; the zero hash
// spares none. Only the person and admins may.
func (s Service) EndSessions(ctx context.Context, caller domain.Caller, userID string, except domain.SecretHash) error {
	if caller.UserID != userID && !caller.Admin() {
		return domain.Errorf(domain.Forbidden, "forbidden", "Only an admin can end other people's sessions.")
	}
	user, err := s.user(ctx, userID)
	if err != nil {
		return err
	}
	ev := domain.NewEvent(s.now(), caller, "user.end_sessions", userParty(user))
	return s.Sessions.DeleteSessions(ctx, userID, except, ev)
}

// user returns the user of an ID that a caller sent, or NotFound.
func (s Service) user(ctx context.Context, id string) (domain.User, error) {
	canonical, ok := domain.ParseID(id)
	if !ok {
		return domain.User{}, domain.Errorf(domain.NotFound, "not_found", "There is no such user.")
	}
	return s.Accounts.User(ctx, canonical)
}

func sessionEnded() error {
	return domain.Errorf(domain.Unauthenticated, "session_ended", "Your session has ended. Sign in again.")
}

// endedIfMissing turns NotFound into sessionEnded; other errors stay.
func endedIfMissing(err error) error {
	if is(err, domain.NotFound) {
		return sessionEnded()
	}
	return err
}

// sessionRequired is what an API token gets where a person must be present.
func sessionRequired(public string) error {
	return domain.Errorf(domain.Forbidden, "session_required", "%s Sign in to the console for it.", public)
}
