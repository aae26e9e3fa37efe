package adminapi

import (
	"context"
	"time"

	"authsec/internal/directory"
	"authsec/internal/domain"
	"authsec/internal/httpapi/adminapi/api"
)

func (s server) GetPlatforms(ctx context.Context, _ api.GetPlatformsRequestObject) (api.GetPlatformsResponseObject, error) {
	out := api.GetPlatforms200JSONResponse{
		AgentTypes: each(domain.AgentTypes(), func(t domain.AgentType) api.AgentType { return api.AgentType{Value: t.Value, Label: t.Label} }),
		Presets:    each(domain.Presets(), toPreset),
		Server: api.ServerInfo{PublicURL: s.PublicURL, TrustDomain: s.Policy.TrustDomain, DefaultAudience: s.Policy.DefaultAudience,
			MaxTokenTTLSeconds: int(s.Policy.MaxTokenTTL / time.Second), AttestationRequired: s.Policy.RequireAttestation, Version: s.Version},
	}
	platforms, err := s.Directory.Platforms(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range platforms {
		out.Platforms = append(out.Platforms, api.Platform{Key: p.Key, Label: p.Label, Help: p.Help, Selectors: each(p.Selectors, toSelectorKey),
			ProvenBy: each(p.ProvenBy, func(k domain.SourceKind) api.WorkloadSourceKind { return api.WorkloadSourceKind(k) }),
			Sources:  proofSources(p), DefaultAttestation: api.AttestationMode(p.DefaultAttestation)})
	}
	return out, nil
}

func toSelectorKey(k domain.SelectorKey) api.SelectorKey {
	return api.SelectorKey{Key: k.Key, Label: k.Label, Example: k.Example, Help: k.Help, IsPattern: k.IsPattern(), Suggested: k.Suggested}
}

// proofSources tells what proves a workload of a platform now; where nothing
// does, what could, and what to do.
func proofSources(p directory.PlatformState) []api.ProofSource {
	if p.Key == domain.PlatformOther {
		return []api.ProofSource{{Method: api.AttestationMethodSecret, Label: "Client secret", Configured: true},
			{Method: api.AttestationMethodKey, Label: "Signed assertion", Configured: true}}
	}
	if len(p.Sources) == 0 {
		kind, label := p.ProvenBy[0], proofLabels()[p.ProvenBy[0]]
		help := "Nothing on this server verifies proof of this platform yet: add a workload source of the kind " + string(kind) + ", or enable one."
		if p.Key == domain.PlatformDocker {
			help = "No workload source on this server knows containers yet: name the Docker API in the source of this machine, as docker_host."
		}
		apiKind := api.WorkloadSourceKind(kind)
		return []api.ProofSource{{Method: methodOfKind(kind), Label: label, Kind: &apiKind, Help: &help}}
	}
	return each(p.Sources, func(source domain.WorkloadSource) api.ProofSource {
		kind := api.WorkloadSourceKind(source.Kind)
		return api.ProofSource{Method: methodOfKind(source.Kind), Label: source.Name, Configured: true, ID: &source.ID, Kind: &kind}
	})
}

// proofLabels name what the kinds of sources take for proof.
func proofLabels() map[domain.SourceKind]string {
	return map[domain.SourceKind]string{domain.SourceKubernetes: "Projected service-account token", domain.SourceUnix: "The calling process",
		domain.SourceSPIFFE: "SVID", domain.SourceOIDC: "OIDC identity token"}
}

// methodOfKind is how the token's attestation claim names a kind of source.
func methodOfKind(kind domain.SourceKind) api.AttestationMethod {
	if kind == domain.SourceKubernetes {
		return api.AttestationMethodK8S
	}
	return api.AttestationMethod(kind)
}

// methodOf is how a workload of a platform proves itself, as the token's
// attestation claim says it.
func methodOf(platform string) api.AttestationMethod {
	if kinds := domain.ProvenBy(platform); len(kinds) > 0 {
		return methodOfKind(kinds[0])
	}
	return api.AttestationMethodSecret
}
