package policy_test

import (
	"slices"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/policy"
)

// grounds are those of the scene's first delegation.
func (s *scene) grounds() domain.Grounds {
	agent := *s.agent
	agent.Selectors, agent.Secrets, agent.Keys = slices.Clone(agent.Selectors), slices.Clone(agent.Secrets), slices.Clone(agent.Keys)
	g := domain.Grounds{Agent: &agent, Candidate: s.all[0]}
	role, delegator := *g.Role, *g.Delegator
	g.Role, g.Delegator = &role, &delegator
	g.Delegation.Actions = slices.Clone(g.Delegation.Actions)
	return g
}

func cluster(change func(*domain.KubernetesSource)) domain.WorkloadSource {
	k := domain.KubernetesSource{Issuer: "https://k8s.example.com", Audience: "authsec", MaxTokenSeconds: 600, TokenReview: true}
	if change != nil {
		change(&k)
	}
	return domain.WorkloadSource{ID: "k", Name: "Cluster", Kind: domain.SourceKubernetes, Enabled: true, Settings: domain.SourceSettings{Kubernetes: &k}}
}

func issuer(change func(*domain.OIDCSource)) domain.WorkloadSource {
	o := domain.OIDCSource{Platform: "github", Issuer: "https://token.example.com", Audience: "authsec", Preset: "github",
		Claims: []domain.ClaimMapping{{Claim: "repository", Selector: "github:repository"}}}
	if change != nil {
		change(&o)
	}
	return domain.WorkloadSource{ID: "o", Name: "CI", Kind: domain.SourceOIDC, Enabled: true, Settings: domain.SourceSettings{OIDC: &o}}
}

func machine(docker string) domain.WorkloadSource {
	return domain.WorkloadSource{ID: "u", Kind: domain.SourceUnix, Enabled: true, Settings: domain.SourceSettings{Unix: &domain.UnixSource{DockerHost: docker}}}
}

func secret(name string, ends time.Time) domain.ClientSecret {
	return domain.ClientSecret{Hash: domain.Secret(name).Hash(), ExpiresAt: ends}
}

type groundsChange func(g *domain.Grounds)

// Each kind of change, in the direction that takes something away; what made
// the ground for it is in "given".
func TestWhatRecalls(t *testing.T) {
	spiffe := func(ids string) groundsChange {
		return func(g *domain.Grounds) {
			g.Agent.Selectors = []domain.Selector{{Key: domain.SelectorSPIFFEID, Value: ids}}
		}
	}
	sources := func(s ...domain.WorkloadSource) groundsChange { return func(g *domain.Grounds) { g.Sources = s } }
	keys := func(k ...domain.AgentKey) groundsChange { return func(g *domain.Grounds) { g.Agent.Keys = k } }
	secrets := func(s ...domain.ClientSecret) groundsChange {
		return func(g *domain.Grounds) { g.Agent.Secrets, g.Agent.UpdatedAt = s, now }
	}
	permissive := func(chosen bool) groundsChange {
		return func(g *domain.Grounds) {
			g.Agent.Attestation, g.Agent.AttestationChosen = domain.AttestationPermissive, chosen
		}
	}
	one, two := domain.AgentKey{ID: "1", JWK: "{1}"}, domain.AgentKey{ID: "2", JWK: "{2}"}
	for name, tt := range map[string]struct {
		given, change groundsChange
		back          bool // the way back recalls too
	}{
		"revoked":          {nil, func(g *domain.Grounds) { g.Delegation.Status = domain.DelegationRevoked }, false},
		"disabled":         {nil, func(g *domain.Grounds) { g.Delegation.Status = domain.DelegationDisabled }, false},
		"an end date":      {nil, func(g *domain.Grounds) { g.Delegation.EndsAt = now.Add(time.Hour) }, false},
		"an earlier end":   {func(g *domain.Grounds) { g.Delegation.EndsAt = now.Add(2 * time.Hour) }, func(g *domain.Grounds) { g.Delegation.EndsAt = now.Add(time.Hour) }, false},
		"a shorter token":  {nil, func(g *domain.Grounds) { g.Delegation.MaxDuration = time.Minute }, false},
		"fewer delegated":  {nil, func(g *domain.Grounds) { g.Delegation.Actions = []string{readID} }, false},
		"others delegated": {nil, func(g *domain.Grounds) { g.Delegation.Actions = []string{readID, "orders:read"} }, true},
		"fewer in role":    {nil, func(g *domain.Grounds) { g.Role.Actions = []string{readID} }, false},
		"none in role":     {nil, func(g *domain.Grounds) { g.Role.Actions = nil }, false},
		"role gone":        {nil, func(g *domain.Grounds) { g.Role = nil }, false},
		"fewer resources": {func(g *domain.Grounds) { g.Delegation.Resources = []string{apiURI, "https://b.example.com"} },
			func(g *domain.Grounds) { g.Delegation.Resources = []string{apiURI} }, false},
		"from default":     {nil, func(g *domain.Grounds) { g.Delegation.Resources = []string{apiURI} }, true},
		"suspended agent":  {nil, func(g *domain.Grounds) { g.Agent.Status = domain.StatusSuspended }, false},
		"deleted agent":    {nil, func(g *domain.Grounds) { g.Agent.Status = domain.StatusDeleted }, false},
		"no agent":         {nil, func(g *domain.Grounds) { g.Agent = nil }, false},
		"another selector": {nil, func(g *domain.Grounds) { g.Agent.Selectors[0].Value = "staging" }, true},
		"one more selector": {nil, func(g *domain.Grounds) {
			g.Agent.Selectors = append(g.Agent.Selectors, domain.Selector{Key: "k8s:pod-name", Value: "p"})
		}, false},
		"no selectors":        {nil, func(g *domain.Grounds) { g.Agent.Selectors = nil }, true},
		"fewer SPIFFE IDs":    {spiffe("spiffe://a/1 spiffe://a/2"), spiffe("spiffe://a/2"), false},
		"required":            {permissive(true), func(g *domain.Grounds) { g.Agent.Attestation = domain.AttestationRequired }, false},
		"not chosen":          {permissive(true), permissive(false), false},
		"secret withdrawn":    {secrets(secret("a", time.Time{}), secret("b", time.Time{})), secrets(secret("b", time.Time{})), false},
		"secret ended":        {secrets(secret("a", time.Time{})), secrets(secret("b", time.Time{}), secret("a", now)), true},
		"key withdrawn":       {keys(one, two), keys(two), false},
		"key replaced":        {keys(one), keys(domain.AgentKey{ID: "1", JWK: "{other}"}), true},
		"delegator suspended": {nil, func(g *domain.Grounds) { g.Delegator.Status = domain.StatusSuspended }, false},
		"delegator gone":      {nil, func(g *domain.Grounds) { g.Delegator = nil }, false},
		"role taken":          {nil, func(g *domain.Grounds) { g.Delegator.Roles = []string{"finance"} }, false},
		"delegator lowered": {func(g *domain.Grounds) { g.Delegator.Roles, g.Delegator.Level = nil, domain.LevelAdmin },
			func(g *domain.Grounds) { g.Delegator.Level = domain.LevelMember }, false},
		"source gone":        {sources(cluster(nil), machine("")), sources(machine("")), false},
		"source's issuer":    {sources(cluster(nil)), sources(cluster(func(k *domain.KubernetesSource) { k.Issuer = "https://b.example.com" })), true},
		"source's token age": {sources(cluster(nil)), sources(cluster(func(k *domain.KubernetesSource) { k.MaxTokenSeconds = 60 })), false},
		"source reviews":     {sources(cluster(func(k *domain.KubernetesSource) { k.TokenReview = false })), sources(cluster(nil)), false},
		"source's usual age": {sources(cluster(func(k *domain.KubernetesSource) { k.MaxTokenSeconds = 0 })), sources(cluster(nil)), false},
		"source's claim":     {sources(issuer(nil)), sources(issuer(func(o *domain.OIDCSource) { o.Claims = nil })), false},
		"source's audience":  {sources(issuer(nil)), sources(issuer(func(o *domain.OIDCSource) { o.Audience = "other" })), true},
		"issuer's token age": {sources(issuer(nil)), sources(issuer(func(o *domain.OIDCSource) { o.MaxTokenSeconds = 60 })), false},
		"no containers":      {sources(machine("unix:///a")), sources(machine("")), false},
		"other containers":   {sources(machine("unix:///a")), sources(machine("unix:///b")), true},
		"another trust domain's bundle": {
			sources(domain.WorkloadSource{ID: "s", Settings: domain.SourceSettings{SPIFFE: &domain.SPIFFESource{TrustDomain: "a", BundleFile: "/a"}}}),
			sources(domain.WorkloadSource{ID: "s", Settings: domain.SourceSettings{SPIFFE: &domain.SPIFFESource{TrustDomain: "a", BundleFile: "/b"}}}), true},
	} {
		t.Run(name, func(t *testing.T) {
			before, after := granted().grounds(), granted().grounds()
			if tt.given != nil {
				tt.given(&before)
				tt.given(&after)
			}
			if policy.Recalls(before, after) {
				t.Error("no change recalls")
			}
			tt.change(&after)
			if !policy.Recalls(before, after) {
				t.Error("it does not recall")
			}
			if got := policy.Recalls(after, before); got != tt.back {
				t.Errorf("the way back recalls: %v, want %v", got, tt.back)
			}
		})
	}
}

func TestWhatRecallsNothing(t *testing.T) {
	for name, change := range map[string]groundsChange{
		"names": func(g *domain.Grounds) {
			g.Agent.Name, g.Agent.Type, g.Delegator.Name, g.Role.Description, g.Agent.DefaultDelegationID = "A", "crewai", "B", "C", ""
		},
		"an action that the role does not have": func(g *domain.Grounds) { g.Role.Actions = []string{readID, refundID} },
		"the default is another":                func(g *domain.Grounds) { g.Agent.DefaultDelegationID = delegationID(9) },
		"lowered, and holds the role": func(g *domain.Grounds) {
			g.Delegator.Level = domain.LevelAuditor
		},
		"a secret with an end in the future": func(g *domain.Grounds) {
			g.Agent.Secrets = []domain.ClientSecret{secret("new", time.Time{}), secret("old", now.Add(time.Hour))}
		},
		"a secret that had ended is cleared away": func(g *domain.Grounds) { g.Agent.Secrets = g.Agent.Secrets[:1] },
		"a source's name":                         func(g *domain.Grounds) { g.Sources[0].Name, g.Sources[0].UpdatedAt = "Another", now },
	} {
		t.Run(name, func(t *testing.T) {
			given := func() domain.Grounds {
				g := granted().grounds()
				g.Delegator.Level = domain.LevelAdmin
				g.Agent.UpdatedAt = now
				g.Agent.Secrets = []domain.ClientSecret{secret("old", time.Time{}), secret("older", now.Add(-time.Hour))}
				g.Sources = []domain.WorkloadSource{cluster(nil)}
				return g
			}
			before, after := given(), given()
			change(&after)
			if policy.Recalls(before, after) {
				t.Error("it recalls")
			}
		})
	}
}

// What gives nothing has nothing out: ending it once more recalls nothing.
func TestWhatGivesNothingRecallsNothing(t *testing.T) {
	before, after := granted().grounds(), granted().grounds()
	before.Delegation.Status, after.Delegation.Status = domain.DelegationDisabled, domain.DelegationRevoked
	after.Delegation.Actions = nil
	if policy.Recalls(before, after) {
		t.Error("a disabled delegation that is revoked recalls")
	}
}
