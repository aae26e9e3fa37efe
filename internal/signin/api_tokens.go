package signin

import (
	"context"
	"time"

	"authsec/internal/domain"
)

// CreateAPIToken makes a token of the caller's own and returns its secret, which
// is shown once. Forbidden for an API token: one that leaked could outlive its end
// by making another.
func (s Service) CreateAPIToken(ctx context.Context, caller domain.Caller, spec domain.APITokenSpec) (domain.Secret, domain.APIToken, error) {
	var none domain.APIToken
	if caller.Via != domain.ViaSession || caller.UserID == "" {
		return "", none, sessionRequired("An API token is made by a person, for themselves.")
	}
	now := s.now()
	if err := spec.Check(now); err != nil {
		return "", none, err
	}
	id, err := domain.NewID(s.Random)
	if err != nil {
		return "", none, err
	}
	secret, err := domain.NewSecret(s.Random, domain.PrefixAPIToken)
	if err != nil {
		return "", none, err
	}
	token := domain.APIToken{ID: id, UserID: caller.UserID, UserEmail: caller.Email, UserName: caller.Name, Name: spec.Name,
		Hash: secret.Hash(), CreatedAt: now}
	if !spec.ExpiresAt.IsZero() {
		token.ExpiresAt = spec.ExpiresAt.UTC().Truncate(time.Microsecond)
	}
	ev, err := domain.NewEvent(now, caller, "api_token.create", tokenParty(token)).WithChange(nil, snapshot(token))
	if err != nil {
		return "", none, err
	}
	if err := s.Tokens.CreateAPIToken(ctx, token, ev); err != nil {
		return "", none, endedIfMissing(err) // suspended since the request began
	}
	return secret, token, nil
}

// AuthenticateAPIToken returns whose token it is, with the authority that person
// has now. Unauthenticated (invalid_token) when it is unknown or over, or its
// owner suspended.
func (s Service) AuthenticateAPIToken(ctx context.Context, from Peer, secret domain.Secret) (Authenticated, error) {
	hash, ok := secretHash(secret, domain.PrefixAPIToken)
	if !ok {
		return Authenticated{}, invalidToken()
	}
	token, err := s.Tokens.APITokenByHash(ctx, hash)
	if is(err, domain.NotFound) {
		return Authenticated{}, invalidToken()
	}
	if err != nil {
		return Authenticated{}, err
	}
	now := s.now()
	if token.ExpiredAt(now) {
		return Authenticated{}, invalidToken()
	}
	user, err := s.Accounts.User(ctx, token.UserID)
	if is(err, domain.NotFound) {
		return Authenticated{}, invalidToken()
	}
	if err != nil {
		return Authenticated{}, err
	}
	if !user.Active() {
		return Authenticated{}, invalidToken()
	}
	out := Authenticated{Caller: callerOf(user, domain.ViaAPIToken, from), User: user}
	if now.Sub(token.LastUsedAt) >= touchEvery {
		return out, s.Tokens.TouchAPIToken(ctx, token.ID, now)
	}
	return out, nil
}

// APITokens lists the caller's own tokens, or those of the filter's user for who
// reads everything. An operator, who owns none, sees all.
func (s Service) APITokens(ctx context.Context, caller domain.Caller, f domain.APITokenFilter, page domain.Page) (domain.List[domain.APIToken], error) {
	var none domain.List[domain.APIToken]
	if f.UserID == "" {
		f.UserID = caller.UserID
	} else {
		id, ok := domain.ParseID(f.UserID)
		if !ok {
			var faults domain.Faults
			faults.Add("user_id", "invalid_id", "user_id must be a user's ID (a UUID).")
			return none, faults.Err()
		}
		f.UserID = id
	}
	if f.UserID != caller.UserID && !caller.ReadsAll() {
		return none, domain.Errorf(domain.Forbidden, "forbidden", "You can list your own API tokens only. Leave user_id out.")
	}
	if f.UserID == "" && !caller.ReadsAll() {
		return none, domain.Errorf(domain.Forbidden, "forbidden", "Sign in to list API tokens.")
	}
	return s.Tokens.APITokens(ctx, f, page)
}

// DeleteAPIToken ends a token for good: the caller's own, or anybody's for an admin.
func (s Service) DeleteAPIToken(ctx context.Context, caller domain.Caller, id string) error {
	canonical, ok := domain.ParseID(id)
	if !ok {
		return domain.Errorf(domain.NotFound, "not_found", "There is no such API token.")
	}
	token, err := s.Tokens.APIToken(ctx, canonical)
	if err != nil {
		return err
	}
	if !caller.Admin() && (caller.UserID == "" || token.UserID != caller.UserID) {
		if caller.ReadsAll() {
			return domain.Errorf(domain.Forbidden, "forbidden", "Only an admin can delete other people's API tokens.")
		}
		return domain.Errorf(domain.NotFound, "not_found", "There is no API token %q.", canonical)
	}
	ev, err := domain.NewEvent(s.now(), caller, "api_token.delete", tokenParty(token)).WithChange(snapshot(token), nil)
	if err != nil {
		return err
	}
	return s.Tokens.DeleteAPIToken(ctx, canonical, ev)
}

// tokenSnapshot is what the audit log keeps of a token.
type tokenSnapshot struct {
	Name      string `json:"name"`
	UserID    string `json:"user_id"`
	ExpiresAt string `json:"expires_at,omitempty"`
}

func snapshot(t domain.APIToken) tokenSnapshot {
	out := tokenSnapshot{Name: t.Name, UserID: t.UserID}
	if !t.ExpiresAt.IsZero() {
		out.ExpiresAt = t.ExpiresAt.Format(time.RFC3339)
	}
	return out
}

func tokenParty(t domain.APIToken) domain.Party {
	return domain.Party{Type: "api_token", ID: t.ID, Name: t.Name}
}

func invalidToken() error {
	return domain.Errorf(domain.Unauthenticated, "invalid_token", "The API token is unknown or has ended. Make a new one in the console.")
}
