package adminapi

import (
	"context"
	"time"

	"authsec/internal/domain"
	"authsec/internal/httpapi/adminapi/api"
)

func (s server) GetPlatforms(ctx context.Context, _ api.GetPlatformsRequestObject) (api.GetPlatformsResponseObject, error) {
	out := api.GetPlatforms200JSONResponse{
		AgentTypes: each(domain.AgentTypes(), func(t domain.AgentType) api.AgentType { return api.AgentType{Value: t.Value, Label: t.Label} }),
		Server: api.ServerInfo{PublicURL: s.PublicURL, TrustDomain: s.Policy.TrustDomain, DefaultAudience: s.Policy.DefaultAudience,
			MaxTokenTTLSeconds: int(s.Policy.MaxTokenTTL / time.Second), AttestationRequired: s.Policy.RequireAttestation, Version: s.Version},
	}
	for _, p := range domain.Platforms() {
		attestation, err := s.Directory.DefaultAttestation(ctx, p.Key)
		if err != nil {
			return nil, err
		}
		out.Platforms = append(out.Platforms, api.Platform{Key: p.Key, Label: p.Label, Help: p.Help, Selectors: each(p.Selectors, toSelectorKey),
			Sources: sources(p.Key), DefaultAttestation: api.AttestationMode(attestation)})
	}
	return out, nil
}

func toSelectorKey(k domain.SelectorKey) api.SelectorKey {
	return api.SelectorKey{Key: k.Key, Label: k.Label, Example: k.Example, Help: k.Help, IsPattern: k.IsPattern(), Suggested: k.Suggested}
}

// sources tells what proves a workload of a platform. Client secrets are the
// only proof that this version verifies.
func sources(platform string) []api.ProofSource {
	if platform == domain.PlatformOther {
		return []api.ProofSource{{Method: api.AttestationMethodSecret, Label: "Client secret", Configured: true}}
	}
	help := "This version verifies no proof of this platform, and none can be configured. Until one can, an agent here gets tokens " +
		"only while its attestation is permissive; one that needs proof now can use the platform Other and its client secret."
	method, label := methodOf(platform), ""
	switch method {
	case api.AttestationMethodK8S:
		label = "Projected service-account token"
	case api.AttestationMethodUnix:
		label = "The calling process"
	case api.AttestationMethodSPIFFE:
		label = "SVID"
	case api.AttestationMethodOidc, api.AttestationMethodNone, api.AttestationMethodSecret:
		label = "OIDC identity token"
	}
	return []api.ProofSource{{Method: method, Label: label, Configured: false, Help: &help}}
}

// methodOf is how a workload of a platform proves itself, as the token's
// attestation claim says it.
func methodOf(platform string) api.AttestationMethod {
	switch platform {
	case domain.PlatformKubernetes:
		return api.AttestationMethodK8S
	case domain.PlatformUnix, "docker":
		return api.AttestationMethodUnix
	case "spiffe":
		return api.AttestationMethodSPIFFE
	case domain.PlatformOther:
		return api.AttestationMethodSecret
	}
	return api.AttestationMethodOidc // the clouds and GitHub sign identity tokens
}
