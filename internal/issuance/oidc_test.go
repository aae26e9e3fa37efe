package issuance_test

import (
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"authsec/internal/attest"
	"authsec/internal/attest/oidctest"
	"authsec/internal/domain"
	"authsec/internal/issuance"

	"github.com/go-jose/go-jose/v4"
)

// trusting makes the house verify proofs by its workload sources, and trust an
// issuer for a platform; change has the last word on the source.
func (h *house) trusting(t testing.TB, i *oidctest.Issuer, platform string, claims []domain.ClaimMapping, change func(*domain.OIDCSource)) domain.WorkloadSource {
	t.Helper()
	if _, ok := h.Attestor.(attest.Chain)[1].(*attest.Sources); !ok {
		sources := &attest.Sources{Reader: h.store, Log: slog.New(slog.DiscardHandler),
			Build: attest.Environment{TrustDomain: "authsec.local", Now: h.clock.Now, Log: slog.New(slog.DiscardHandler)}.Build}
		t.Cleanup(func() { must(t, sources.Close()) })
		h.Attestor = attest.Chain{attest.ClientSecret{}, sources}
	}
	settings := domain.OIDCSource{Platform: platform, Issuer: i.URL(), Audience: "authsec", CABundle: i.CABundle(), Claims: claims}
	change(&settings)
	s := domain.WorkloadSource{ID: newID(t), Name: "Source " + i.URL(), Kind: domain.SourceOIDC, Enabled: true, Settings: domain.SourceSettings{OIDC: &settings},
		CreatedAt: h.clock.Now(), UpdatedAt: h.clock.Now()}
	must(t, h.store.CreateWorkloadSource(t.Context(), s, h.event("workload_source.create")))
	return s
}

func (h *house) enable(t testing.TB, s domain.WorkloadSource, enabled bool) {
	t.Helper()
	_, err := h.store.UpdateWorkloadSource(t.Context(), s.ID, func(s *domain.WorkloadSource) (domain.Event, error) {
		s.Enabled = enabled
		return h.event("workload_source.update"), nil
	})
	must(t, err)
}

func preset(t testing.TB, name string) domain.Preset {
	t.Helper()
	for _, p := range domain.Presets() {
		if p.Name == name {
			return p
		}
	}
	t.Fatalf("no preset %s", name)
	return domain.Preset{}
}

// runner is an agent that runs in one workflow of one repository.
func (h *house) runner(t testing.TB) domain.Agent {
	t.Helper()
	a := h.newAgent(t, func(a *domain.Agent) {
		a.Platform = "github"
		a.Selectors = []domain.Selector{{Key: "github:repository", Value: "example/agent"}, {Key: "github:ref", Value: "refs/heads/main"}}
	})
	h.lend(t, h.ana, a, func(*domain.Delegation) {})
	return a
}

func presenting(raw string) issuance.Presented {
	return issuance.Presented{Bearer: domain.Secret(raw)}
}

func TestOIDC(t *testing.T) {
	h, i := newHouse(t), oidctest.New(t, "")
	agent := h.runner(t)
	stranger := oidctest.NewKey(t, "key-1", "RS256")
	unpublished := oidctest.NewKey(t, "key-9", "RS256")
	source := h.trusting(t, i, "github", preset(t, "github-actions").Claims, func(*domain.OIDCSource) {})

	claims := func(changes map[string]any) map[string]any {
		c := i.Claims(h.clock.Now(), "authsec", map[string]any{"repository": "example/agent", "ref": "refs/heads/main", "workflow": "deploy"})
		for name, v := range changes {
			c[name] = v
			if v == nil {
				delete(c, name)
			}
		}
		return c
	}
	at := func(d time.Duration) int64 { return h.clock.Now().Add(d).Unix() }
	signed := func(changes map[string]any) issuance.Presented { return presenting(i.Sign(claims(changes))) }

	// Satisfied: the event tells which source attested what.
	list := h.events(t, func() {
		if _, c := h.issue(t, of(agent), proving(signed(nil))); c.Attestation != "oidc" || c.ClientID != agent.ClientID {
			t.Errorf("%+v", c)
		}
	})
	checkProof(t, list, source.ID, "github:repository=example/agent github:ref=refs/heads/main github:workflow=deploy")

	// One off, or not to be proven: the workload is known, so the refusal is on the chain.
	prod := h.newAgent(t, func(a *domain.Agent) {
		a.Platform = "github"
		a.Selectors = []domain.Selector{{Key: "github:repository", Value: "example/agent"}, {Key: "github:environment", Value: "production"}}
	})
	h.lend(t, h.ana, prod, func(*domain.Delegation) {})
	for name, tt := range map[string]struct {
		agent   domain.Agent
		proof   issuance.Presented
		missing string
		says    string
	}{
		"one selector off":        {agent, signed(map[string]any{"ref": "refs/heads/other"}), "github:ref", "where its selectors hold"},
		"another's repository":    {agent, signed(map[string]any{"repository": "mallory/agent"}), "github:repository", "where its selectors hold"},
		"a selector not provable": {prod, signed(nil), "github:environment", "absent"},
		"a claim of another form": {agent, signed(map[string]any{"ref": map[string]any{"name": "refs/heads/main"}}), "github:ref", "absent"},
	} {
		t.Run(name, func(t *testing.T) {
			list := h.events(t, func() {
				e := h.refused(t, domain.Forbidden, "selectors_not_satisfied", of(tt.agent), proving(tt.proof))
				if !strings.Contains(e.Public, tt.missing) || !strings.Contains(e.Public, tt.says) {
					t.Errorf("%s", e.Public)
				}
				for _, s := range tt.agent.Selectors {
					if strings.Contains(e.Public, s.Value) {
						t.Errorf("it tells the value expected: %s", e.Public)
					}
				}
			})
			if len(list) != 1 || list[0].Outcome != domain.OutcomeRefused || list[0].Reasons[0].Code != "selectors_not_satisfied" || !strings.Contains(string(list[0].Details), source.ID) {
				t.Errorf("events: %+v", list)
			}
		})
	}

	// Bad proofs: only counted, and each says in its own words what to do.
	body := base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"` + i.URL() + `","aud":"authsec","repository":"example/agent","ref":"refs/heads/main","iat":1,"exp":9999999999}`))
	for name, tt := range map[string]struct {
		proof func() issuance.Presented // made when it is presented
		says  string
	}{
		"expired": {func() issuance.Presented {
			return signed(map[string]any{"iat": at(-10 * time.Minute), "exp": at(-31 * time.Second)})
		}, "expired"},
		"not yet valid": {func() issuance.Presented { return signed(map[string]any{"nbf": at(32 * time.Second)}) }, "not valid yet"},
		"too old": {func() issuance.Presented {
			return signed(map[string]any{"iat": at(-time.Hour), "exp": at(10 * time.Minute)})
		}, "for longer"},
		"wrong audience": {func() issuance.Presented { return signed(map[string]any{"aud": "sts.amazonaws.com"}) }, "another audience"},
		"made for another server": {func() issuance.Presented {
			return signed(map[string]any{"aud": []string{"https://auth.elsewhere.example"}})
		}, "another audience"},
		"wrong issuer":           {func() issuance.Presented { return signed(map[string]any{"iss": "https://token.example.com"}) }, "No workload source"},
		"wrong key":              {func() issuance.Presented { return presenting(oidctest.Sign(t, stranger, claims(nil), nil)) }, "signature"},
		"a key nobody published": {func() issuance.Presented { return presenting(oidctest.Sign(t, unpublished, claims(nil), nil)) }, "does not publish"},
		"alg none": {func() issuance.Presented {
			return presenting(base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + body + ".")
		}, "algorithm"},
		"HS256 by the public keys": {func() issuance.Presented {
			return presenting(oidctest.Sign(t, jose.JSONWebKey{Key: []byte(i.JWKS()), KeyID: "key-1", Algorithm: "HS256"}, claims(nil), nil))
		}, "algorithm"},
		"PS256 by an RS256 key": {func() issuance.Presented {
			return presenting(oidctest.Sign(t, jose.JSONWebKey{Key: i.Current().Key, KeyID: "key-1", Algorithm: "PS256"}, claims(nil), nil))
		}, "does not publish"},
		"changed after signing": {func() issuance.Presented {
			return presenting(strings.Replace(i.Sign(claims(nil)), ".", "."+body+"x", 1))
		}, ""},
		"not a token": {func() issuance.Presented { return presenting("x") }, "No workload source"},
	} {
		t.Run(name, func(t *testing.T) {
			list := h.counted(t, func() {
				if e := h.refused(t, domain.Unauthenticated, "invalid_workload_proof", of(agent), proving(tt.proof())); !strings.Contains(e.Public, tt.says) {
					t.Errorf("%q does not say %q", e.Public, tt.says)
				}
			})
			if len(list) != 1 || list[0].Reasons[0].Code != "invalid_workload_proof" || list[0].ClientID != agent.ClientID {
				t.Errorf("counted: %+v", list)
			}
		})
	}
	h.counted(t, func() {
		h.refused(t, domain.Unauthenticated, "workload_proof_required", of(agent), proving(issuance.Presented{}))
	})

	// The issuer rotates its key, then withdraws the old one.
	before := i.Current()
	i.Rotate("ES256")
	h.issue(t, of(agent), proving(signed(nil)))
	after := i.Current()
	i.Publish(after.Public())
	h.clock.Advance(6 * time.Minute)
	old := presenting(oidctest.Sign(t, before, claims(nil), nil))
	h.counted(t, func() { h.refused(t, domain.Unauthenticated, "invalid_workload_proof", of(agent), proving(old)) })
	h.issue(t, of(agent), proving(signed(nil)))

	// Disabled: what was verified a moment ago counts no more.
	good := signed(nil)
	h.issue(t, of(agent), proving(good))
	h.enable(t, source, false)
	h.counted(t, func() { h.refused(t, domain.Unauthenticated, "invalid_workload_proof", of(agent), proving(good)) })
	h.enable(t, source, true)
	h.issue(t, of(agent), proving(signed(nil)))
}

// An issuer that cannot be asked is neither a pass nor a refusal.
func TestOIDCIssuerDown(t *testing.T) {
	h, i := newHouse(t), oidctest.New(t, "")
	agent := h.runner(t)
	h.trusting(t, i, "github", preset(t, "github-actions").Claims, func(*domain.OIDCSource) {})
	i.Down(true)
	proof := presenting(i.Sign(i.Claims(h.clock.Now(), "authsec", map[string]any{"repository": "example/agent", "ref": "refs/heads/main"})))
	if list := h.events(t, func() {
		if e := h.refused(t, domain.Unavailable, "temporarily_unavailable", of(agent), proving(proof)); e.RetryAfter <= 0 {
			t.Error("nobody says when to come back")
		}
	}); len(list) != 0 {
		t.Errorf("events: %+v", list)
	}
	i.Down(false)
	h.clock.Advance(10 * time.Second)
	h.issue(t, of(agent), proving(proof))
}

// A second issuer that is trusted for the platform oidc cannot vouch for the
// workloads of the first, whatever its claims say.
func TestAnotherTrustedIssuerCannotVouch(t *testing.T) {
	h := newHouse(t)
	first, second := oidctest.New(t, ""), oidctest.New(t, "/second")
	for _, i := range []*oidctest.Issuer{first, second} {
		h.trusting(t, i, "oidc", []domain.ClaimMapping{{Claim: "sub", Selector: "oidc:sub"}, {Claim: "issuer", Selector: "oidc:issuer"}}, func(*domain.OIDCSource) {})
	}
	agent := h.newAgent(t, func(a *domain.Agent) {
		a.Platform, a.Selectors = "oidc", []domain.Selector{{Key: "oidc:iss", Value: first.URL()}, {Key: "oidc:sub", Value: "support"}}
	})
	h.lend(t, h.ana, agent, func(*domain.Delegation) {})
	ask := func(i *oidctest.Issuer) func(*issuance.Request) {
		return proving(presenting(i.Sign(i.Claims(h.clock.Now(), "authsec", map[string]any{"sub": "support", "issuer": first.URL()}))))
	}
	h.issue(t, of(agent), ask(first))
	if e := h.refused(t, domain.Forbidden, "selectors_not_satisfied", of(agent), ask(second)); !strings.Contains(e.Public, "oidc:iss") {
		t.Error(e.Public)
	}
}

// checkProof checks what the one event among list says of the proof.
func checkProof(t *testing.T, list []domain.StoredEvent, sourceID, selectors string) {
	t.Helper()
	if len(list) != 1 {
		t.Fatalf("%d events", len(list))
	}
	var details struct {
		Proof struct {
			SourceID  string `json:"source_id"`
			Selectors []struct{ Key, Value, How string }
		}
	}
	must(t, json.Unmarshal(list[0].Details, &details))
	var got []string
	for _, s := range details.Proof.Selectors {
		got = append(got, s.Key+"="+s.Value)
		if s.How != "signed" {
			t.Errorf("%s is known as %s", s.Key, s.How)
		}
	}
	if details.Proof.SourceID != sourceID || strings.Join(got, " ") != selectors {
		t.Errorf("proof: %+v", details.Proof)
	}
}
