package directory_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"authsec/internal/directory"
	"authsec/internal/domain"
)

func (h *house) provider(t *testing.T, name string, change ...func(*domain.IdentityProviderSettings)) domain.IdentityProvider {
	t.Helper()
	settings := domain.IdentityProviderSettings{Issuer: "https://" + strings.ToLower(name) + ".example.com", Audience: "api://authsec", JWKS: aKeySet}
	for _, c := range change {
		c(&settings)
	}
	p, err := h.CreateIdentityProvider(t.Context(), admin, domain.IdentityProviderSpec{Name: name, Enabled: true, Settings: settings})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func wantFault(t *testing.T, err error, field, code string) {
	t.Helper()
	e, ok := errors.AsType[*domain.Error](err)
	if !ok || len(e.Fields) != 1 || e.Fields[0].Field != field || e.Fields[0].Code != code {
		t.Errorf("%v, want %s %s", err, field, code)
	}
}

func TestIdentityProviderLife(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	var p domain.IdentityProvider
	e := h.event(t, "identity_provider.create", func() { p = h.provider(t, "Staff") })
	if strings.Contains(string(e.After), "f83OJ3D2") || !strings.Contains(string(e.After), `"jwks":"sha256:`) {
		t.Errorf("%s", e.After)
	}
	change := directory.ProviderChange{Settings: func(s *domain.IdentityProviderSettings) {
		s.SignIn, s.ClientID, s.Scopes = true, "authsec", []string{"profile", "email"}
	}}
	h.event(t, "identity_provider.update", func() {
		got, err := h.UpdateIdentityProvider(ctx, admin, strings.ToUpper(p.ID), change)
		if err != nil || !got.Settings.SignIn || got.Settings.JWKS != aKeySet || !slices.Equal(got.Settings.Scopes, []string{"email", "profile"}) {
			t.Errorf("%+v %v", got, err)
		}
	})
	h.silent(t, func() {
		if _, err := h.UpdateIdentityProvider(ctx, admin, p.ID, change); err != nil {
			t.Error(err)
		}
		if _, err := h.EnableIdentityProvider(ctx, admin, p.ID); err != nil {
			t.Error(err)
		}
		_, err := h.UpdateIdentityProvider(ctx, admin, p.ID, directory.ProviderChange{Settings: func(s *domain.IdentityProviderSettings) { s.Issuer = "https://other.example.com" }})
		wantFault(t, err, "/issuer", "not_allowed")
	})
	if list, err := h.SignInProviders(ctx); err != nil || len(list) != 1 {
		t.Errorf("%+v %v", list, err)
	}
	h.event(t, "identity_provider.disable", func() {
		if _, err := h.DisableIdentityProvider(ctx, admin, p.ID); err != nil {
			t.Error(err)
		}
	})
	if list, err := h.SignInProviders(ctx); err != nil || len(list) != 0 {
		t.Errorf("a disabled one: %+v %v", list, err)
	}
	h.ProviderChecker = checker{"Staff": errors.New("its file is gone")}
	_, err := h.EnableIdentityProvider(ctx, admin, p.ID)
	wantFault(t, err, "/issuer", "unusable")
	h.event(t, "identity_provider.delete", func() {
		if err := h.DeleteIdentityProvider(ctx, admin, p.ID); err != nil {
			t.Error(err)
		}
	})
}

func TestIdentityLinkLife(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	p, u, other := h.provider(t, "Staff"), h.user(t, "ana@example.com", domain.LevelMember), h.user(t, "bob@example.com", domain.LevelMember)
	e := h.event(t, "identity_link.create", func() {
		if got, err := h.LinkIdentity(ctx, admin, u.ID, p.ID, "00u1"); err != nil || got.UserID != u.ID || got.Provider.Name != "Staff" {
			t.Errorf("%+v %v", got, err)
		}
	})
	if e.Target.ID != u.ID || !strings.Contains(string(e.After), `"subject":"00u1"`) {
		t.Errorf("%+v", e.Event)
	}
	if list, err := h.Identities(ctx, u.ID); err != nil || len(list) != 1 || list[0].Subject != "00u1" {
		t.Errorf("%+v %v", list, err)
	}
	h.silent(t, func() {
		if _, err := h.LinkIdentity(ctx, admin, other.ID, p.ID, "00u1"); domain.KindOf(err) != domain.Conflict {
			t.Errorf("another's: %v", err)
		}
		if err := h.UnlinkIdentity(ctx, admin, other.ID, p.ID, "00u1"); domain.KindOf(err) != domain.NotFound {
			t.Errorf("not theirs: %v", err)
		}
		for subject, code := range map[string]string{"": "required", strings.Repeat("s", 256): "too_long", "a\x00b": "control_character"} {
			_, err := h.LinkIdentity(ctx, admin, other.ID, p.ID, subject)
			wantFault(t, err, "/subject", code)
		}
		_, err := h.LinkIdentity(ctx, admin, other.ID, u.ID, "00u2")
		wantFault(t, err, "/identity_provider_id", "unknown")
		if err := h.DeleteIdentityProvider(ctx, admin, p.ID); domain.KindOf(err) != domain.Conflict {
			t.Errorf("a provider in use: %v", err)
		}
	})
	h.event(t, "identity_link.delete", func() {
		if err := h.UnlinkIdentity(ctx, admin, u.ID, p.ID, "00u1"); err != nil {
			t.Error(err)
		}
	})
}

func TestDelegationTemplateLife(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	h.action(t, "billing:read")
	h.action(t, "orders:read")
	h.role(t, "support", "billing:read", "orders:read")
	p := h.provider(t, "Staff")
	signInOnly := h.provider(t, "Console", func(s *domain.IdentityProviderSettings) { s.Audience, s.SignIn, s.ClientID = "", true, "authsec" })
	agent, _ := h.agent(t, kubernetes("Support"))
	second, _ := h.agent(t, kubernetes("Second"))
	spec := domain.DelegationTemplateSpec{Name: "Staff", Enabled: true, ClientID: strings.ToUpper(agent.ClientID), ProviderID: p.ID, Role: "support",
		Conditions: []domain.ClaimCondition{{Claim: "groups", Values: []string{"support"}}}, Actions: []string{"orders:read", "billing:read"}, MaxDuration: time.Hour}
	var made domain.DelegationTemplate
	e := h.event(t, "delegation_template.create", func() {
		var err error
		if made, err = h.CreateDelegationTemplate(ctx, admin, spec); err != nil {
			t.Fatal(err)
		}
	})
	if e.ClientID != agent.ClientID || made.ClientID != agent.ClientID || !strings.Contains(string(e.After), `"sub_agents":[]`) {
		t.Errorf("%+v", e.Event)
	}
	h.silent(t, func() {
		bad := spec
		bad.Name, bad.Actions = "Other", []string{"zz:top", "billing:read"}
		_, err := h.CreateDelegationTemplate(ctx, admin, bad)
		wantFault(t, err, "/actions/0", "not_in_role") // as it was sent, not as it is sorted
		bad.Actions, bad.ProviderID = spec.Actions, agent.ClientID
		_, err = h.CreateDelegationTemplate(ctx, admin, bad)
		wantFault(t, err, "/identity_provider_id", "unknown")
		bad.ProviderID = signInOnly.ID
		_, err = h.CreateDelegationTemplate(ctx, admin, bad)
		wantFault(t, err, "/identity_provider_id", "no_audience")
		same := time.Hour
		if _, err := h.UpdateDelegationTemplate(ctx, admin, made.ID, directory.TemplateChange{MaxDuration: &same}); err != nil {
			t.Error(err)
		}
	})
	ids, constraint := []string{strings.ToUpper(second.ClientID)}, domain.SenderMTLS
	h.event(t, "delegation_template.update", func() {
		got, err := h.UpdateDelegationTemplate(ctx, admin, made.ID, directory.TemplateChange{SubAgents: &ids, SenderConstrained: &constraint})
		if err != nil || !slices.Equal(got.SubAgents, []string{second.ClientID}) || got.SenderConstrained != domain.SenderMTLS || got.Role != "support" {
			t.Errorf("%+v %v", got, err)
		}
	})
	h.event(t, "delegation_template.disable", func() {
		if got, err := h.DisableDelegationTemplate(ctx, admin, made.ID); err != nil || got.Enabled {
			t.Errorf("%+v %v", got, err)
		}
	})
	h.event(t, "delegation_template.enable", func() {
		if got, err := h.EnableDelegationTemplate(ctx, admin, made.ID); err != nil || !got.Enabled {
			t.Errorf("%+v %v", got, err)
		}
	})
	if names, err := h.AgentNames(ctx, []string{second.ClientID, second.ClientID, p.ID}); err != nil || names[second.ClientID].Name != "Second" || names[p.ID].Name != p.ID {
		t.Errorf("%v %v", names, err)
	}
	if names, err := h.TemplateNames(ctx, []string{made.ID}); err != nil || names[made.ID] != "Staff" {
		t.Errorf("%v %v", names, err)
	}
	h.event(t, "delegation_template.delete", func() {
		if err := h.DeleteDelegationTemplate(ctx, admin, made.ID); err != nil {
			t.Error(err)
		}
	})
}

// TestOnlyAdminsWriteAboutPeople, whatever route they come by.
func TestOnlyAdminsWriteAboutPeople(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	p, u := h.provider(t, "Staff"), h.user(t, "ana@example.com", domain.LevelMember)
	for _, by := range []domain.Caller{member, auditor, {}} {
		h.silent(t, func() {
			for name, try := range map[string]func() error{
				"create provider": func() error {
					_, err := h.CreateIdentityProvider(ctx, by, domain.IdentityProviderSpec{})
					return err
				},
				"update provider": func() error {
					_, err := h.UpdateIdentityProvider(ctx, by, p.ID, directory.ProviderChange{})
					return err
				},
				"disable": func() error { _, err := h.DisableIdentityProvider(ctx, by, p.ID); return err },
				"delete":  func() error { return h.DeleteIdentityProvider(ctx, by, p.ID) },
				"link":    func() error { _, err := h.LinkIdentity(ctx, by, u.ID, p.ID, "00u1"); return err },
				"unlink":  func() error { return h.UnlinkIdentity(ctx, by, u.ID, p.ID, "00u1") },
				"create template": func() error {
					_, err := h.CreateDelegationTemplate(ctx, by, domain.DelegationTemplateSpec{})
					return err
				},
				"enable template": func() error { _, err := h.EnableDelegationTemplate(ctx, by, p.ID); return err },
				"delete template": func() error { return h.DeleteDelegationTemplate(ctx, by, p.ID) },
			} {
				if err := try(); domain.KindOf(err) != domain.Forbidden {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
}
