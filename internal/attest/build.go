package attest

import (
	"errors"
	"log/slog"
	"time"

	"authsec/internal/domain"
)

// Builder makes the verifier of a source. It reads files that the settings
// name, and asks nothing of the network.
type Builder func(domain.WorkloadSource) (Verifier, error)

// Environment is what verifiers need of the deployment. All fields but Proc are required.
type Environment struct {
	TrustDomain string // whose node agents vouch for our own agents
	Now         func() time.Time
	Log         *slog.Logger
	Proc        string // where proc(5) is; "" : /proc
}

// Build is a Builder for every kind of source.
func (e Environment) Build(s domain.WorkloadSource) (Verifier, error) {
	switch {
	case s.Settings.Kubernetes != nil:
		return newKubernetes(*s.Settings.Kubernetes, e)
	case s.Settings.SPIFFE != nil:
		return newSPIFFE(*s.Settings.SPIFFE, e)
	case s.Settings.OIDC != nil:
		return newOIDC(*s.Settings.OIDC, e)
	case s.Settings.Unix != nil:
		return newUnix(*s.Settings.Unix, e)
	}
	return nil, errors.New("no settings")
}
