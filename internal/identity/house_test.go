package identity_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"authsec/internal/clocktest"
	"authsec/internal/domain"
	"authsec/internal/identity"
	"authsec/internal/identity/providertest"
)

const (
	ours     = "https://auth.example.com"
	audience = "api://authsec"
	redirect = ours + "/api/v1/sign-in/callback"
)

// reader is the store, as far as this package asks it.
type reader struct {
	mu  sync.Mutex
	all []domain.IdentityProvider
	err error
}

func (r *reader) EnabledIdentityProviders(context.Context) ([]domain.IdentityProvider, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]domain.IdentityProvider(nil), r.all...), r.err
}

func (r *reader) set(all ...domain.IdentityProvider) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = all
}

// house is Providers with one real provider at the other end.
type house struct {
	*identity.Providers
	peer   *providertest.Provider
	reader *reader
	clock  *clocktest.Clock
	entry  domain.IdentityProvider
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{clock: clocktest.At(time.Date(2026, 5, 21, 7, 0, 0, 0, time.UTC)), reader: &reader{}}
	h.peer = providertest.New(t, providertest.Client{ID: "console", Secret: "s3cret", RedirectURI: redirect}, h.clock.Now)
	h.entry = domain.IdentityProvider{ID: "0198c1f2-7a10-7c3e-9b1d-2f4a5b6c7d8e", Name: "Directory", Enabled: true,
		Settings: domain.IdentityProviderSettings{Issuer: h.peer.Issuer(), Audience: audience, CABundle: h.peer.CABundle(), SignIn: true, ClientID: "console",
			ClientSecretFile: secretFile(t, "s3cret\n")}}
	h.reader.set(h.entry)
	h.Providers = &identity.Providers{Reader: h.reader, Issuer: ours, RedirectURI: redirect, Now: h.clock.Now, Log: slog.New(slog.DiscardHandler)}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// wantCode checks an error's code and that its public text holds no part of a secret.
func wantCode(t *testing.T, err error, kind domain.Kind, code string) {
	t.Helper()
	if domain.KindOf(err) != kind || domain.CodeOf(err) != code {
		t.Errorf("%v, want %s %s", err, kind, code)
	}
}
