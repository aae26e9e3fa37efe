package app

import (
	"context"
	"log/slog"
	"time"

	"authsec/internal/config"
	"authsec/internal/delegation"
	"authsec/internal/domain"
	"authsec/internal/httpapi/adminapi"
	"authsec/internal/identity"
	"authsec/internal/issuance"
	"authsec/internal/signin"
	"authsec/internal/store"
)

// newProviders are the identity providers that the database names. Nothing is
// asked of one before somebody comes from there.
func newProviders(cfg config.Config, s *store.Store, log *slog.Logger) *identity.Providers {
	return &identity.Providers{Reader: s, Issuer: cfg.Issuer(), RedirectURI: cfg.Issuer() + adminapi.SignInCallback, Now: time.Now, Log: log}
}

// signInFlow is identity as signin needs it.
type signInFlow struct{ providers *identity.Providers }

// AuthorizeURL implements signin.IdentityProviders.
func (f signInFlow) AuthorizeURL(ctx context.Context, p domain.IdentityProvider, b signin.Binding) (string, error) {
	return f.providers.AuthorizeURL(ctx, p, identity.Authorization(b))
}

// Redeem implements signin.IdentityProviders.
func (f signInFlow) Redeem(ctx context.Context, p domain.IdentityProvider, code, issuer string, b signin.Binding) (signin.Person, error) {
	got, err := f.providers.Redeem(ctx, p, identity.Answer{Code: code, Issuer: issuer}, identity.Authorization(b))
	return signin.Person{Subject: got.Subject, Email: got.Email, EmailVerified: got.EmailVerified, Name: got.Name}, err
}

// subjectVerifier is identity as delegation's examiner needs it.
type subjectVerifier struct{ providers *identity.Providers }

// Examine implements delegation.SubjectVerifier.
func (v subjectVerifier) Examine(ctx context.Context, p domain.IdentityProvider, token domain.Secret, kind string, now time.Time) (delegation.Subject, error) {
	got, err := v.providers.Examine(ctx, p, token.Reveal(), identity.Kind(kind), now)
	return delegation.Subject{Subject: got.Subject, Claims: got.Claims, ExpiresAt: got.ExpiresAt}, err
}

// subjectExaminer shows what an identity provider makes of a token.
func (a *App) subjectExaminer(recorder issuance.Recorder) (*delegation.SubjectExaminer, error) {
	limiter, err := issuance.NewTokenBuckets(issuance.ExamineRates())
	if err != nil {
		return nil, err
	}
	return &delegation.SubjectExaminer{Verifier: subjectVerifier{a.Providers}, Store: a.Store, Now: time.Now, Allow: limiter.Allow,
		Record: func(ctx context.Context, ev domain.Event) error { return recorder.Record(ctx, ev, nil) }}, nil
}
