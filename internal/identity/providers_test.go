package identity_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/identity"
	"authsec/internal/identity/providertest"
	"authsec/sdk/go/jwks"

	"github.com/go-jose/go-jose/v4"
)

func (h *house) subject(t *testing.T) error {
	t.Helper()
	_, err := h.Subject(t.Context(), h.peer.Sign(h.peer.Claims(audience, nil), "JWT"), identity.IDToken, h.clock.Now())
	return err
}

// TestWhoIsBelieved: the enabled providers as they are stored now, chosen by iss.
func TestWhoIsBelieved(t *testing.T) {
	h := newHouse(t)
	if err := h.subject(t); err != nil {
		t.Fatal(err)
	}
	h.reader.set()
	wantCode(t, h.subject(t), domain.Unauthenticated, identity.CodeOtherIssuer)
	without := h.entry
	without.Settings.Audience = ""
	h.reader.set(without) // of sign-in alone
	wantCode(t, h.subject(t), domain.Unauthenticated, identity.CodeOtherIssuer)
	changed := h.entry
	changed.Settings.Audience = "api://other"
	h.reader.set(changed)
	wantCode(t, h.subject(t), domain.Unauthenticated, identity.CodeInvalidToken)
	h.Issuer = h.peer.Issuer() // our own tokens stand for agents
	h.reader.set(h.entry)
	wantCode(t, h.subject(t), domain.Unauthenticated, identity.CodeOtherIssuer)
	h.Issuer = ours
	h.reader.err = errors.New("the database is away")
	if err := h.subject(t); domain.KindOf(err) != domain.Internal || !errors.Is(err, h.reader.err) {
		t.Errorf("%v", err)
	}
}

func TestExamineOneProvider(t *testing.T) {
	h := newHouse(t)
	h.reader.set() // it may be disabled
	good := h.peer.Sign(h.peer.Claims(audience, nil), "JWT")
	if got, err := h.Examine(t.Context(), h.entry, good, identity.IDToken, h.clock.Now()); err != nil || got.Subject != "person-1" {
		t.Errorf("%+v %v", got, err)
	}
	_, err := h.Examine(t.Context(), h.entry, h.peer.Sign(h.peer.Claims(audience, map[string]any{"iss": "https://other.example.com"}), "JWT"), identity.IDToken, h.clock.Now())
	wantCode(t, err, domain.Unauthenticated, identity.CodeOtherIssuer)
	_, err = h.Examine(t.Context(), h.entry, "x", identity.IDToken, h.clock.Now())
	wantCode(t, err, domain.Unauthenticated, identity.CodeInvalidToken)
}

func TestKeysRotate(t *testing.T) {
	h := newHouse(t)
	for range 4 {
		old := h.peer.Sign(h.peer.Claims(audience, nil), "JWT")
		h.peer.Rotate()
		h.clock.Advance(jwks.RefreshInterval)
		if err := h.subject(t); err != nil {
			t.Errorf("by the new key: %v", err)
		}
		if _, err := h.Subject(t.Context(), old, identity.IDToken, h.clock.Now()); err != nil {
			t.Errorf("by the old key: %v", err)
		}
	}
}

// TestProviderIsAway: what cannot be told is no refusal, and keys that were
// fetched serve on for a while.
func TestProviderIsAway(t *testing.T) {
	h := newHouse(t)
	h.peer.Fail(providertest.Faults{Status: http.StatusBadGateway})
	wantCode(t, h.subject(t), domain.Unavailable, "temporarily_unavailable")
	h.peer.Fail(providertest.Faults{})
	h.clock.Advance(jwks.RefreshInterval)
	if err := h.subject(t); err != nil {
		t.Fatal(err)
	}
	h.peer.Fail(providertest.Faults{Status: http.StatusBadGateway})
	h.clock.Advance(5 * time.Hour)
	if err := h.subject(t); err != nil {
		t.Errorf("kept keys: %v", err)
	}
	h.clock.Advance(2 * time.Hour)
	wantCode(t, h.subject(t), domain.Unavailable, "temporarily_unavailable")
}

func TestKeysThatAreGiven(t *testing.T) {
	h := newHouse(t)
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{h.peer.Public()}})
	if err != nil {
		t.Fatal(err)
	}
	h.entry.Settings.JWKS = string(set)
	h.reader.set(h.entry)
	h.peer.Fail(providertest.Faults{Status: http.StatusInternalServerError})
	if err := h.subject(t); err != nil || h.peer.Asked("/keys") != 0 {
		t.Errorf("%v, asked %d times", err, h.peer.Asked("/keys"))
	}
	h.entry.Settings.JWKS, h.entry.Settings.JWKSURL = "", h.peer.Issuer()+"/keys"
	h.reader.set(h.entry)
	h.peer.Fail(providertest.Faults{})
	if err := h.subject(t); err != nil || h.peer.Asked("/keys") != 1 || h.peer.Asked("/.well-known/openid-configuration") != 0 {
		t.Errorf("%v, asked %d times", err, h.peer.Asked("/keys"))
	}
}

func TestCheckProvider(t *testing.T) {
	h := newHouse(t)
	if err := h.CheckProvider(h.entry); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*domain.IdentityProviderSettings)
		field  string
	}{
		"our own issuer": {func(s *domain.IdentityProviderSettings) { s.Issuer = ours }, "/issuer"},
		"no such file":   {func(s *domain.IdentityProviderSettings) { s.ClientSecretFile = "/no/such/file" }, "/client_secret_file"},
		"an empty file":  {func(s *domain.IdentityProviderSettings) { s.ClientSecretFile = secretFile(t, " \n") }, "/client_secret_file"},
		"a file that is no key": {func(s *domain.IdentityProviderSettings) {
			s.ClientSecretFile = secretFile(t, string(make([]byte, 5<<10)))
		}, "/client_secret_file"},
		"keys that are of no use": {func(s *domain.IdentityProviderSettings) { s.JWKS = `{"keys":[{"kty":"oct","k":"AAAA"}]}` }, ""},
		"no certificate":          {func(s *domain.IdentityProviderSettings) { s.CABundle = "x" }, ""},
		"plain http":              {func(s *domain.IdentityProviderSettings) { s.Issuer = "http://id.example.com" }, ""},
	} {
		entry := h.entry
		c.change(&entry.Settings)
		err := h.CheckProvider(entry)
		own, isOwn := errors.AsType[*domain.Error](err)
		if err == nil || isOwn != (c.field != "") || isOwn && own.Fields[0].Field != c.field {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestClosedProvidersTellNothing(t *testing.T) {
	h := newHouse(t)
	if err := h.subject(t); err != nil {
		t.Fatal(err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	wantCode(t, h.subject(t), domain.Unavailable, "temporarily_unavailable")
}

// TestSecretIsReadAtUse so that it can be rotated in its file.
func TestSecretIsReadAtUse(t *testing.T) {
	h := newHouse(t)
	if err := os.WriteFile(h.entry.Settings.ClientSecretFile, []byte("wrong"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := h.signIn(t, binding)
	wantCode(t, err, domain.Unauthenticated, identity.CodeInvalidToken)
	if err := os.WriteFile(h.entry.Settings.ClientSecretFile, []byte("s3cret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := h.signIn(t, binding); err != nil {
		t.Error(err)
	}
	if err := os.Remove(h.entry.Settings.ClientSecretFile); err != nil {
		t.Fatal(err)
	}
	_, err = h.AuthorizeURL(t.Context(), h.entry, binding)
	wantCode(t, err, domain.Unavailable, "temporarily_unavailable")
}
