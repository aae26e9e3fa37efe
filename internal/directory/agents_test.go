package directory_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"authsec/internal/directory"
	"authsec/internal/domain"
)

func TestAttestationOfANewAgent(t *testing.T) {
	const required, permissive = domain.AttestationRequired, domain.AttestationPermissive
	h := newHouse(t)
	h.source(t, domain.WorkloadSourceSpec{Name: "Cluster", Kind: domain.SourceKubernetes, Enabled: true, Settings: clusterSettings("https://k8s.example.com")})
	h.source(t, domain.WorkloadSourceSpec{Name: "Off", Kind: domain.SourceOIDC, Settings: domain.SourceSettings{OIDC: &domain.OIDCSource{Platform: "aws",
		Issuer: "https://sts.example.com", Audience: "authsec", Claims: []domain.ClaimMapping{{Claim: "sub", Selector: "aws:role_arn"}}}}})
	h.source(t, domain.WorkloadSourceSpec{Name: "Mesh", Kind: domain.SourceSPIFFE, Enabled: true, Settings: domain.SourceSettings{SPIFFE: &domain.SPIFFESource{
		TrustDomain: "example.org", Audience: "authsec", BundleFile: "/etc/authsec/bundle.json"}}})
	for name, c := range map[string]struct {
		defaults directory.Defaults
		platform string
		chosen   domain.Attestation
		want     domain.Attestation // "" : refused
	}{
		"zero value":                  {directory.Defaults{}, "kubernetes", "", required},
		"loopback, no source":         {directory.Defaults{Loopback: true}, "github", "", permissive},
		"loopback, its source":        {directory.Defaults{Loopback: true}, "kubernetes", "", required},
		"loopback, this machine":      {directory.Defaults{Loopback: true}, "unix", "", required},
		"loopback, its source is off": {directory.Defaults{Loopback: true}, "aws", "", permissive},
		"loopback, our node agents":   {directory.Defaults{Loopback: true, TrustDomain: "example.org"}, "github", "", required},
		"loopback, others' agents":    {directory.Defaults{Loopback: true, TrustDomain: "example.net"}, "github", "", permissive},
		"exposed, no source":          {directory.Defaults{}, "github", "", required},
		"other has its secret":        {directory.Defaults{Loopback: true}, "other", "", required},
		"must, loopback":              {directory.Defaults{Loopback: true, RequireAttestation: true}, "kubernetes", "", required},
		"chosen permissive":           {directory.Defaults{}, "kubernetes", permissive, permissive},
		"chosen permissive, other":    {directory.Defaults{}, "other", permissive, permissive},
		"chosen required on loopback": {directory.Defaults{Loopback: true}, "kubernetes", required, required},
		"must, chosen permissive":     {directory.Defaults{Loopback: true, RequireAttestation: true}, "kubernetes", permissive, ""},
		"must, chosen required":       {directory.Defaults{RequireAttestation: true}, "kubernetes", required, required},
	} {
		t.Run(name, func(t *testing.T) {
			h.Defaults = c.defaults
			spec := domain.AgentSpec{Name: name, Type: "langchain", Platform: c.platform, Attestation: c.chosen}
			switch c.platform {
			case "kubernetes":
				spec.Selectors = []domain.Selector{{Key: "k8s:ns", Value: "x"}}
			case "unix":
				spec.Selectors = []domain.Selector{{Key: "unix:uid", Value: "1000"}}
			case "github":
				spec.Selectors = []domain.Selector{{Key: "github:repository", Value: "example/agent"}}
			case "aws":
				spec.Selectors = []domain.Selector{{Key: "aws:account_id", Value: "123456789012"}}
			}
			if c.want == "" {
				h.silent(t, func() {
					_, _, err := h.CreateAgent(t.Context(), admin, spec)
					wantError(t, err, domain.Invalid, "invalid_request", "/attestation not_allowed")
				})
				return
			}
			a, _ := h.agent(t, spec)
			if a.Attestation != c.want || a.AttestationChosen != (c.chosen != "") {
				t.Errorf("made %s, chosen %v", a.Attestation, a.AttestationChosen)
			}
		})
	}
	away := errors.New("away")
	h.Defaults = directory.Defaults{Loopback: true}
	h.SourceStore = noSources{h.store, away}
	h.silent(t, func() {
		// Not knowing is no reason to be permissive.
		if _, _, err := h.CreateAgent(t.Context(), admin, kubernetes("Unknown")); !errors.Is(err, away) {
			t.Errorf("got %v", err)
		}
	})
}

func TestAgentLife(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	var a domain.Agent
	e := h.event(t, "agent.create", func() {
		var secret domain.Secret
		if a, secret = h.agent(t, kubernetes("Customer Support")); secret != "" {
			t.Error("a workload that proves itself got a client secret")
		}
	})
	if e.Target != (domain.Party{Type: "agent", ID: a.ClientID, Name: "Customer Support"}) || e.ClientID != a.ClientID {
		t.Errorf("told as %+v", e.Event)
	}
	wantJSON(t, "after", e.After, `{"name":"Customer Support","type":"langchain","platform":"kubernetes","selectors":[{"key":"k8s:ns","value":"production"}],"attestation":"required","attestation_chosen":false,"status":"active"}`)
	if got, err := h.Agent(ctx, strings.ToUpper(a.ClientID)); err != nil || !reflect.DeepEqual(got, a) {
		t.Errorf("read %+v, %v, want %+v", got, err, a)
	}
	h.silent(t, func() {
		_, _, err := h.CreateAgent(ctx, admin, kubernetes("CUSTOMER support"))
		wantError(t, err, domain.Conflict, "already_exists", "/name already_exists")
		if got, err := h.ActivateAgent(ctx, admin, a.ClientID); err != nil || !reflect.DeepEqual(got, a) {
			t.Errorf("activating an active agent gave %+v, %v", got, err)
		}
		if got, err := h.UpdateAgent(ctx, admin, a.ClientID, domain.AgentPatch{Name: ptr(" Customer Support"), Selectors: &[]domain.Selector{{Key: "k8s:ns", Value: "production"}}}); err != nil || !reflect.DeepEqual(got, a) {
			t.Errorf("an update to the same gave %+v, %v", got, err)
		}
		_, err = h.UpdateAgent(ctx, admin, a.ClientID, domain.AgentPatch{Type: ptr("nope"), Attestation: ptr(domain.Attestation("")), Name: ptr("")})
		wantError(t, err, domain.Invalid, "invalid_request", "/name required", "/type unknown", "/attestation unknown")
	})
	h.now = h.now.Add(time.Minute)
	h.event(t, "agent.suspend", func() {
		got, err := h.SuspendAgent(ctx, admin, a.ClientID)
		if err != nil || got.Status != domain.StatusSuspended || !got.UpdatedAt.After(got.CreatedAt) {
			t.Errorf("suspended to %+v, %v", got, err)
		}
	})
	h.silent(t, func() {
		if _, err := h.SuspendAgent(ctx, admin, a.ClientID); err != nil {
			t.Error(err)
		}
	})
	h.event(t, "agent.activate", func() {
		if got, err := h.ActivateAgent(ctx, admin, a.ClientID); err != nil || got.Status != domain.StatusActive {
			t.Errorf("activated to %+v, %v", got, err)
		}
	})
	// Naming the present mode makes it a chosen one, which is a change.
	e = h.event(t, "agent.update", func() {
		if got, err := h.UpdateAgent(ctx, admin, a.ClientID, domain.AgentPatch{Attestation: ptr(domain.AttestationRequired)}); err != nil || !got.AttestationChosen {
			t.Errorf("updated to %+v, %v", got, err)
		}
	})
	if !strings.Contains(string(e.Before), `"attestation_chosen":false`) || !strings.Contains(string(e.After), `"attestation_chosen":true`) {
		t.Errorf("told as %s", e.Body)
	}
	h.Defaults.RequireAttestation = true
	_, err := h.UpdateAgent(ctx, admin, a.ClientID, domain.AgentPatch{Attestation: ptr(domain.AttestationPermissive)})
	wantError(t, err, domain.Invalid, "invalid_request", "/attestation not_allowed")
}

func TestDeletedAgentIsGone(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	ana := h.user(t, "ana@example.com", domain.LevelAdmin)
	a, _ := h.agent(t, domain.AgentSpec{Name: "Helper", Type: "custom", Platform: domain.PlatformOther})
	d := h.delegate(t, ana, a, "support")
	list := h.events(t, func() {
		if err := h.DeleteAgent(ctx, admin, a.ClientID); err != nil {
			t.Fatal(err)
		}
	})
	if !reflect.DeepEqual(actionsOf(list), []string{"agent.delete", "delegation.revoke"}) {
		t.Fatalf("recorded %v", actionsOf(list))
	}
	wantJSON(t, "before", list[1].Before, `{"status":"active"}`)
	wantJSON(t, "after", list[1].After, `{"status":"revoked","revoke_reason":"agent deleted"}`)
	if e := list[1]; e.DelegationID != d.ID || e.ClientID != a.ClientID || e.Target != (domain.Party{Type: "delegation", ID: d.ID, Name: "support → Helper"}) || e.Actor.ID != admin.UserID {
		t.Errorf("the revocation is told as %+v", e.Event)
	}
	if got, err := h.store.Delegation(ctx, d.ID); err != nil || got.Status != domain.DelegationRevoked || !got.RevokedAt.Equal(h.now.Truncate(time.Microsecond)) {
		t.Errorf("its delegation is %+v, %v", got, err)
	}
	h.silent(t, func() {
		for name, call := range map[string]func() error{
			"Agent": func() error { _, err := h.Agent(ctx, a.ClientID); return err },
			"UpdateAgent": func() error {
				_, err := h.UpdateAgent(ctx, admin, a.ClientID, domain.AgentPatch{Name: ptr("x")})
				return err
			},
			"SuspendAgent":      func() error { _, err := h.SuspendAgent(ctx, admin, a.ClientID); return err },
			"ActivateAgent":     func() error { _, err := h.ActivateAgent(ctx, admin, a.ClientID); return err },
			"DeleteAgent":       func() error { return h.DeleteAgent(ctx, admin, a.ClientID) },
			"RotateAgentSecret": func() error { _, _, err := h.RotateAgentSecret(ctx, admin, a.ClientID, 0); return err },
		} {
			if err := call(); domain.KindOf(err) != domain.NotFound {
				t.Errorf("%s of a deleted agent: %v", name, err)
			}
		}
	})
	if page, err := h.Agents(ctx, domain.AgentFilter{}, domain.Page{}); err != nil || len(page.Items) != 0 {
		t.Errorf("listed %+v, %v", page, err)
	}
	h.agent(t, kubernetes("HELPER"))
}
