package httpapi_test

import (
	"context"
	"time"

	"authsec/internal/delegation"
	"authsec/internal/domain"
	"authsec/internal/identity"
	"authsec/internal/issuance"
	"authsec/internal/signin"
	"authsec/internal/store"
)

// signInFlow, subjectVerifier and subjects wire identity as the app does.
type signInFlow struct{ providers *identity.Providers }

func (f signInFlow) AuthorizeURL(ctx context.Context, p domain.IdentityProvider, b signin.Binding) (string, error) {
	return f.providers.AuthorizeURL(ctx, p, identity.Authorization(b))
}

func (f signInFlow) Redeem(ctx context.Context, p domain.IdentityProvider, code, issuer string, b signin.Binding) (signin.Person, error) {
	got, err := f.providers.Redeem(ctx, p, identity.Answer{Code: code, Issuer: issuer}, identity.Authorization(b))
	return signin.Person{Subject: got.Subject, Email: got.Email, EmailVerified: got.EmailVerified, Name: got.Name}, err
}

type subjectVerifier struct{ providers *identity.Providers }

func (v subjectVerifier) Examine(ctx context.Context, p domain.IdentityProvider, token domain.Secret, kind string, now time.Time) (delegation.Subject, error) {
	got, err := v.providers.Examine(ctx, p, token.Reveal(), identity.Kind(kind), now)
	return delegation.Subject{Subject: got.Subject, Claims: got.Claims, ExpiresAt: got.ExpiresAt}, err
}

func (h *house) subjects(s *store.Store, providers *identity.Providers, limiter issuance.Limiter) *delegation.SubjectExaminer {
	return &delegation.SubjectExaminer{Verifier: subjectVerifier{providers}, Store: s, Now: h.clock.Now, Allow: limiter.Allow,
		Record: func(ctx context.Context, ev domain.Event) error { return h.recorder.Record(ctx, ev, nil) }}
}
