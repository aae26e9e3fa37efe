package signin

import (
	"context"

	"authsec/internal/domain"
)

// RedeemSetupLink consumes a one-time link, sets the password and signs in. The
// first admin's link needs an email and a name and makes the user; a user's own
// takes the password alone. Invalid with code invalid_setup_token whether the
// link is unknown, spent, over, or of no use any more; with fields when the link
// is good and the rest is not. RateLimited per address.
func (s Service) RedeemSetupLink(ctx context.Context, from Peer, token domain.Secret, spec domain.SetupSpec) (Authenticated, error) {
	if wait := s.Throttle.setup(s.now(), from.IP); wait > 0 {
		return Authenticated{}, s.refuseSetup(ctx, from, "throttled", throttled(wait))
	}
	link, ok, err := s.liveLink(ctx, token)
	if err != nil {
		return Authenticated{}, err
	}
	if !ok {
		return Authenticated{}, s.refuseSetup(ctx, from, "invalid_setup_token", invalidSetupToken())
	}
	var out Authenticated
	if link.UserID == "" {
		out, err = s.redeemFirstAdmin(ctx, from, link, spec)
	} else {
		out, err = s.redeemUser(ctx, from, link, spec)
	}
	// Spent by another caller, or the person or the need for it is gone.
	if is(err, domain.NotFound) || usersExist(err) {
		return Authenticated{}, s.refuseSetup(ctx, from, "invalid_setup_token", invalidSetupToken())
	}
	if err != nil {
		return Authenticated{}, err
	}
	return out, nil
}

// liveLink returns the link of a token, if there is one that can be redeemed.
func (s Service) liveLink(ctx context.Context, token domain.Secret) (domain.SetupLink, bool, error) {
	hash, ok := secretHash(token, domain.PrefixSetupLink)
	if !ok {
		return domain.SetupLink{}, false, nil
	}
	link, err := s.Links.SetupLink(ctx, hash)
	if is(err, domain.NotFound) {
		return domain.SetupLink{}, false, nil
	}
	return link, err == nil && link.LiveAt(s.now()), err
}

func (s Service) redeemFirstAdmin(ctx context.Context, from Peer, link domain.SetupLink, spec domain.SetupSpec) (Authenticated, error) {
	var f domain.Faults
	spec.Email = domain.CheckEmail(&f, "/email", spec.Email)
	spec.Name = domain.CheckName(&f, "/name", spec.Name)
	checkNewPassword(&f, "/password", spec.Password, spec.Email)
	if err := f.Err(); err != nil {
		return Authenticated{}, err
	}
	user, err := s.newAdmin(ctx, spec.Email, spec.Name, spec.Password)
	if err != nil {
		return Authenticated{}, err
	}
	out, err := s.begin(user, from)
	if err != nil {
		return Authenticated{}, err
	}
	create, err := created(nobody(from), out.User)
	if err != nil {
		return Authenticated{}, err
	}
	signIn := domain.NewEvent(out.Session.CreatedAt, out.Caller, "session.create", userParty(user))
	return out, s.Links.RedeemFirstAdminLink(ctx, link, out.User, out.Session, create, signIn)
}

func (s Service) redeemUser(ctx context.Context, from Peer, link domain.SetupLink, spec domain.SetupSpec) (Authenticated, error) {
	user, err := s.Accounts.User(ctx, link.UserID)
	if err != nil {
		return Authenticated{}, err
	}
	if !user.Active() {
		return Authenticated{}, domain.Errorf(domain.NotFound, "user_suspended", "The person is suspended.")
	}
	var f domain.Faults
	checkNewPassword(&f, "/password", spec.Password, user.Email)
	if spec.Email != "" {
		f.Add("/email", "not_allowed", "Only the first admin's link takes an email. Leave it out.")
	}
	if spec.Name != "" {
		f.Add("/name", "not_allowed", "Only the first admin's link takes a name. Leave it out.")
	}
	if err := f.Err(); err != nil {
		return Authenticated{}, err
	}
	hash, err := s.Hasher.Hash(ctx, spec.Password)
	if err != nil {
		return Authenticated{}, err
	}
	user.PasswordHash = hash
	out, err := s.begin(user, from)
	if err != nil {
		return Authenticated{}, err
	}
	redeem := domain.NewEvent(out.Session.CreatedAt, out.Caller, "user.redeem_setup_link", userParty(user))
	signIn := domain.NewEvent(out.Session.CreatedAt, out.Caller, "session.create", userParty(user))
	return out, s.Links.RedeemSetupLink(ctx, link, hash, out.Session, redeem, signIn)
}

func (s Service) refuseSetup(ctx context.Context, from Peer, code string, answer error) error {
	return s.refuse(ctx, attempt{by: nobody(from), action: "user.redeem_setup_link", target: domain.Party{Type: "user"}}, code, answer)
}

func invalidSetupToken() error {
	return domain.Errorf(domain.Invalid, "invalid_setup_token", "The set-up link is spent, has ended, or never was. Ask an admin for a new one, or restart a server that has no users yet.")
}
