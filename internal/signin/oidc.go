package signin

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"fmt"

	"authsec/internal/domain"
)

// Begun is a sign-in that goes on at an identity provider.
type Begun struct {
	Location string        // where the browser goes
	Browser  domain.Secret // what the browser keeps until it comes back, in a cookie
}

// BeginSignIn sends a browser to an identity provider, to come back to a path of
// the console. NotFound (provider_unknown): there is no such provider to sign in
// from. Unavailable (provider_unavailable): it does not answer. RateLimited per address.
func (s Service) BeginSignIn(ctx context.Context, from Peer, providerID, returnTo string) (Begun, error) {
	now := s.now()
	if wait := s.Throttle.identity(now, from.IP); wait > 0 {
		return Begun{}, throttled(wait)
	}
	p, err := s.provider(ctx, providerID)
	if err != nil {
		return Begun{}, err
	}
	state, err := domain.NewSecret(s.Random, domain.PrefixSignInState)
	if err != nil {
		return Begun{}, err
	}
	browser, err := domain.NewSecret(s.Random, domain.PrefixSignInBrowser)
	if err != nil {
		return Begun{}, err
	}
	b, err := bind(state, browser)
	if err != nil {
		return Begun{}, err
	}
	location, err := s.Providers.AuthorizeURL(ctx, p, b)
	if err != nil {
		return Begun{}, away(err)
	}
	return Begun{location, browser}, s.SignIns.PutSignInState(ctx, domain.SignInState{Hash: state.Hash(), Browser: browser.Hash(), ProviderID: p.ID,
		ReturnTo: domain.ReturnPath(returnTo), CreatedAt: now, ExpiresAt: now.Add(domain.SignInLife)})
}

// provider returns an enabled provider from which people sign in.
func (s Service) provider(ctx context.Context, id string) (domain.IdentityProvider, error) {
	canonical, ok := domain.ParseID(id)
	if !ok {
		return domain.IdentityProvider{}, providerUnknown()
	}
	p, err := s.People.IdentityProvider(ctx, canonical)
	if is(err, domain.NotFound) || err == nil && (!p.Enabled || !p.Settings.SignIn) {
		return domain.IdentityProvider{}, providerUnknown()
	}
	return p, err
}

func providerUnknown() error {
	return domain.Errorf(domain.NotFound, CodeProviderUnknown, "There is no such identity provider to sign in from.")
}

// away gives a provider's own errors the code of the sign-in's.
func away(err error) error {
	if !is(err, domain.Unavailable) {
		return err
	}
	return &domain.Error{Kind: domain.Unavailable, Code: CodeProviderUnavailable, Err: err,
		Public: "The identity provider does not answer. Try again in a moment, or sign in with a password."}
}

// bind derives what goes along from what only the browser has: who reads the
// database, or the state in an address, can complete nobody's sign-in.
func bind(state, browser domain.Secret) (Binding, error) {
	b := Binding{State: state.Reveal()}
	for info, part := range map[string]*string{"authsec sign-in nonce": &b.Nonce, "authsec sign-in pkce": &b.Verifier} {
		key, err := hkdf.Key(sha256.New, []byte(browser.Reveal()), nil, info, sha256.Size)
		if err != nil {
			return Binding{}, fmt.Errorf("derive from the browser's secret: %w", err)
		}
		*part = base64.RawURLEncoding.EncodeToString(key)
	}
	return b, nil
}

// Returned is what a browser brings back from an identity provider.
type Returned struct {
	State   domain.Secret
	Browser domain.Secret // from its cookie
	Code    string
	Issuer  string // iss, RFC 9207
	Error   string // RFC 6749 §4.1.2.1; "" : none
}

// CompleteSignIn makes a session of what came back, and says to which path of
// the console it leads. Its errors carry a code of the contract's SignInError.
// The state serves once, in the browser that began.
func (s Service) CompleteSignIn(ctx context.Context, from Peer, r Returned) (a Authenticated, returnTo string, err error) {
	now := s.now()
	try := identified{from: from}
	if wait := s.Throttle.identity(now, from.IP); wait > 0 {
		return a, "", s.refuseIdentity(ctx, try, CodeRateLimited, throttled(wait))
	}
	state, err := s.takeState(ctx, r)
	if err != nil {
		return a, "", s.notedIdentity(ctx, try, err)
	}
	p, err := s.provider(ctx, state.ProviderID)
	if err != nil {
		return a, "", s.notedIdentity(ctx, try, err)
	}
	try.provider = p
	person, err := s.redeem(ctx, p, r)
	if err != nil {
		return a, "", s.notedIdentity(ctx, try, err)
	}
	try.subject = person.Subject
	if a, err = s.enter(ctx, try, person); err != nil {
		return Authenticated{}, "", s.notedIdentity(ctx, try, err)
	}
	return a, state.ReturnTo, nil
}

// takeState returns the sign-in that the browser began; it cannot be tried twice.
func (s Service) takeState(ctx context.Context, r Returned) (domain.SignInState, error) {
	expired := domain.Errorf(domain.Invalid, CodeExpired, "The sign-in took too long, was completed already, or began in another browser. Begin again.")
	hash, ok := secretHash(r.State, domain.PrefixSignInState)
	if !ok {
		return domain.SignInState{}, expired
	}
	state, err := s.SignIns.TakeSignInState(ctx, hash, s.now())
	if is(err, domain.NotFound) {
		return domain.SignInState{}, expired
	}
	if err == nil && (len(r.Browser) > domain.MaxSecretBytes || !state.Browser.Matches(r.Browser)) {
		return domain.SignInState{}, expired
	}
	return state, err
}

// maxAnswer bounds code and iss, which a provider chooses.
const maxAnswer = 4 << 10

// redeem returns who the provider says has signed in.
func (s Service) redeem(ctx context.Context, p domain.IdentityProvider, r Returned) (Person, error) {
	failed := domain.Errorf(domain.Unauthenticated, CodeFailed, "What the identity provider said cannot be believed. Begin again; if it stays, an administrator must check the provider's settings.")
	switch r.Error {
	case "":
	case "temporarily_unavailable", "server_error":
		return Person{}, away(&domain.Error{Kind: domain.Unavailable})
	case "access_denied", "login_required", "interaction_required", "consent_required", "account_selection_required":
		return Person{}, domain.Errorf(domain.Unauthenticated, CodeDenied, "The identity provider did not let you in.")
	default:
		return Person{}, failed
	}
	if r.Code == "" || len(r.Code) > maxAnswer || len(r.Issuer) > maxAnswer {
		return Person{}, failed
	}
	b, err := bind(r.State, r.Browser)
	if err != nil {
		return Person{}, err
	}
	person, err := s.Providers.Redeem(ctx, p, r.Code, r.Issuer, b)
	if is(err, domain.Unauthenticated) {
		failed.Err = err
		return Person{}, failed
	}
	if err != nil {
		return Person{}, away(err)
	}
	return person, nil
}
