package identity

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"time"

	"authsec/internal/domain"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Authorization is what one sign-in is bound to, besides the browser.
type Authorization struct {
	State    string // RFC 6749 §10.12
	Nonce    string // OpenID Connect Core §3.1.2.1
	Verifier string // of PKCE, RFC 7636 §4.1
}

// Answer is what the provider sent back with the browser.
type Answer struct {
	Code   string
	Issuer string // iss of RFC 9207; "" : not said
}

// AuthorizeURL returns where the browser goes to sign in at a provider (OpenID
// Connect Core §3.1.2.1). Unavailable: the provider does not answer.
func (p *Providers) AuthorizeURL(ctx context.Context, provider domain.IdentityProvider, a Authorization) (string, error) {
	_, m, err := p.asked(ctx, provider)
	if err != nil {
		return "", err
	}
	config, err := p.config(provider, m)
	if err != nil {
		return "", err
	}
	return config.AuthCodeURL(a.State, oidc.Nonce(a.Nonce), oauth2.S256ChallengeOption(a.Verifier)), nil
}

// Redeem exchanges a code for an ID token and returns whom it stands for.
// Unauthenticated: what came cannot be believed. Unavailable: the provider does
// not answer.
func (p *Providers) Redeem(ctx context.Context, provider domain.IdentityProvider, answer Answer, a Authorization) (Person, error) {
	s, m, err := p.asked(ctx, provider)
	if err != nil {
		return Person{}, err
	}
	// RFC 9207 §2.4: the answer of one provider is not taken for another's.
	if answer.Issuer != provider.Settings.Issuer && (answer.Issuer != "" || m.namesIssuer) {
		return Person{}, reject("The answer came from another identity provider than the one that was asked.", nil)
	}
	config, err := p.config(provider, m)
	if err != nil {
		return Person{}, err
	}
	token, err := config.Exchange(oidc.ClientContext(ctx, s.client), answer.Code, oauth2.VerifierOption(a.Verifier))
	if err != nil {
		return Person{}, refusedCode(err)
	}
	compact, ok := token.Extra("id_token").(string)
	if !ok {
		return Person{}, reject("The identity provider gave no ID token. An administrator must check that the client may use OpenID Connect there.", nil)
	}
	now := p.Now()
	rule := rules{issuer: provider.Settings.Issuer, audience: provider.Settings.ClientID, kind: IDToken, keys: s.keys}
	claims, expires, err := rule.verify(ctx, compact, now)
	if err != nil {
		return Person{}, unavailable(err)
	}
	nonce, _ := claims.Text("nonce")
	if subtle.ConstantTimeCompare([]byte(nonce), []byte(a.Nonce)) != 1 {
		return Person{}, reject("The ID token is of another sign-in.", errors.New("nonce differs"))
	}
	issued, _ := claims.Seconds("iat") // it was verified
	if age := now.Sub(time.Unix(issued, 0)); age > domain.SignInLife {
		return Person{}, reject("The ID token was issued before this sign-in.", fmt.Errorf("%s old", age.Round(time.Second)))
	}
	return personOf(provider, claims, expires), nil
}

// asked returns what is kept of a provider, with its metadata.
func (p *Providers) asked(ctx context.Context, provider domain.IdentityProvider) (*source, metadata, error) {
	s, err := p.source(provider)
	if err != nil {
		return nil, metadata{}, unavailable(err)
	}
	m, err := s.metadata.get(ctx, s.client, provider.Settings.Issuer, p.Now())
	if err != nil {
		return nil, metadata{}, unavailable(err)
	}
	return s, m, nil
}

func (p *Providers) config(provider domain.IdentityProvider, m metadata) (oauth2.Config, error) {
	secret, err := clientSecret(provider.Settings)
	if err != nil {
		return oauth2.Config{}, unavailable(fmt.Errorf("client_secret_file: %w", err))
	}
	if secret == "" {
		m.endpoint.AuthStyle = oauth2.AuthStyleInParams // a public client has nothing but its ID (RFC 6749 §3.2.1)
	}
	return oauth2.Config{ClientID: provider.Settings.ClientID, ClientSecret: secret, Endpoint: m.endpoint, RedirectURL: p.RedirectURI,
		Scopes: append([]string{oidc.ScopeOpenID}, provider.Settings.Scopes...)}, nil
}

// refusedCode tells a provider that refuses a code from one that is away.
func refusedCode(err error) error {
	// The provider's words are for the log alone; the answer may repeat the code.
	refused, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok {
		return unavailable(errors.New("the token endpoint of the identity provider does not answer as it should"))
	}
	status := 0
	if refused.Response != nil {
		status = refused.Response.StatusCode
	}
	cause := fmt.Errorf("token endpoint of the identity provider: status %d, error %.64q", status, refused.ErrorCode)
	if status >= http.StatusInternalServerError || status == http.StatusTooManyRequests {
		return unavailable(cause)
	}
	return reject("The identity provider refused to complete the sign-in.", cause)
}
