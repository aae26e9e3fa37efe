package directory

import (
	"context"
	"fmt"

	"authsec/internal/domain"
)

// PlatformState is a platform of the catalogue as it stands in this deployment.
type PlatformState struct {
	domain.Platform
	ProvenBy           []domain.SourceKind     // the kinds that can prove a workload there
	Sources            []domain.WorkloadSource // those enabled now that do
	DefaultAttestation domain.Attestation      // of a new agent when nobody chooses
}

// Platforms returns the catalogue.
func (s Service) Platforms(ctx context.Context) ([]PlatformState, error) {
	set, err := s.SourceStore.WorkloadSourceSet(ctx)
	if err != nil {
		return nil, fmt.Errorf("look for workload sources: %w", err)
	}
	var out []PlatformState
	for _, p := range domain.Platforms() {
		provers := domain.Provers(set.Sources, p.Key, s.Defaults.TrustDomain)
		out = append(out, PlatformState{Platform: p, ProvenBy: domain.ProvenBy(p.Key), Sources: provers,
			DefaultAttestation: s.defaultAttestation(p.Key, len(provers) > 0)})
	}
	return out, nil
}

// attestation is the mode of a new agent: the chosen one where it is allowed,
// else required, unless nothing could check a proof and nobody but this machine
// can ask (DESIGN §5).
func (s Service) attestation(ctx context.Context, spec domain.AgentSpec) (domain.Attestation, error) {
	if spec.Attestation != "" {
		return spec.Attestation, s.allowed(spec.Attestation)
	}
	set, err := s.SourceStore.WorkloadSourceSet(ctx)
	if err != nil {
		return "", fmt.Errorf("look for workload sources of %s: %w", spec.Platform, err)
	}
	return s.defaultAttestation(spec.Platform, len(domain.Provers(set.Sources, spec.Platform, s.Defaults.TrustDomain)) > 0), nil
}

// defaultAttestation is the mode of a new agent when nobody chooses one. Proof
// on the platform "other" is the client secret, which needs no source.
func (s Service) defaultAttestation(platform string, provable bool) domain.Attestation {
	if provable || !s.Defaults.Loopback || s.Defaults.RequireAttestation || platform == domain.PlatformOther {
		return domain.AttestationRequired
	}
	return domain.AttestationPermissive
}
