// Package testkube holds AuthSec's Kubernetes attestor, and its example
// manifests, to a real API server. `make test-kube` runs it.
package testkube

import (
	"crypto"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"authsec/internal/attest"
	"authsec/internal/attest/kubetest"
	"authsec/internal/clocktest"
	"authsec/internal/domain"
)

// house is a cluster, and what AuthSec is given of it.
type house struct {
	*cluster
	life          testing.TB                 // the cluster's: longer than a part's
	before, after crypto.PrivateKey          // what signs tokens before and after the rotation
	kubeconfig    string                     // of the service account that the manifests make for AuthSec
	tokens        map[string]kubetest.Token  // by the names that the recording has
	published     map[string]json.RawMessage // key sets by name
	clock         *clocktest.Clock
	ahead         time.Duration // of the clock: the attestor asks for keys anew only after a while
}

// The parts stand in the order in which the cluster's life goes on.
func TestKubernetes(t *testing.T) {
	h := &house{life: t, before: newRSAKey(t), after: newECKey(t), tokens: map[string]kubetest.Token{}, published: map[string]json.RawMessage{},
		clock: clocktest.At(time.Now())}
	h.cluster = newCluster(t, h.before)
	for _, part := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"the manifests are valid and give what is needed", h.testManifests},
		{"keys are discovered", h.testDiscovery},
		{"what tokens prove", h.testTokens},
		{"a key is rotated", h.testRotation},
		{"what make test replays is what the server says", h.testRecording},
	} {
		if !t.Run(part.name, part.run) {
			return // the next part stands on this one
		}
	}
}

// source is a workload source for the cluster, as change makes it.
func (h *house) source(change func(*domain.KubernetesSource)) domain.KubernetesSource {
	s := domain.KubernetesSource{Issuer: h.url, Audience: audience, CABundle: string(h.ca.pem())}
	change(&s)
	return s
}

func (h *house) verifier(t testing.TB, s domain.KubernetesSource) attest.Verifier {
	t.Helper()
	e := attest.Environment{TrustDomain: "authsec.local", Now: h.clock.Now, Log: slog.New(slog.DiscardHandler)}
	v, err := e.Build(domain.WorkloadSource{Name: "cluster", Kind: domain.SourceKubernetes, Settings: domain.SourceSettings{Kubernetes: &s}})
	must(t, err)
	t.Cleanup(func() { must(t, v.Close()) })
	return v
}

func (h *house) verify(t testing.TB, v attest.Verifier, token string) (attest.Attested, error) {
	t.Helper()
	h.clock.Set(time.Now().Add(h.ahead))
	return v.Verify(t.Context(), attest.Presented{Bearer: domain.Secret(token)}, h.clock.Now())
}

// accepted must be verified, and attest all of want, written as selector() does.
func (h *house) accepted(t testing.TB, v attest.Verifier, token string, want ...string) attest.Attested {
	t.Helper()
	got, err := h.verify(t, v, token)
	must(t, err)
	var all []string
	for _, s := range got.Selectors {
		all = append(all, selector(s.Key, s.Value, s.How))
	}
	slices.Sort(all)
	slices.Sort(want)
	if got.Kind != attest.KindKubernetes || !slices.Equal(all, want) {
		t.Errorf("attested %q\n    want %q", all, want)
	}
	return got
}

func selector(key, value string, how attest.How) string { return key + "=" + value + " " + string(how) }

// rejected must be found bad.
func (h *house) rejected(t testing.TB, v attest.Verifier, token string) {
	t.Helper()
	got, err := h.verify(t, v, token)
	if _, ok := errors.AsType[*attest.Rejection](err); !ok || len(got.Selectors) > 0 {
		t.Errorf("got %+v, %v: want a rejection", got, err)
	}
}

// untold must end in neither a pass nor a rejection.
func (h *house) untold(t testing.TB, v attest.Verifier, token string) {
	t.Helper()
	got, err := h.verify(t, v, token)
	if _, ok := errors.AsType[*attest.Rejection](err); ok || err == nil || errors.Is(err, attest.ErrNotMine) || len(got.Selectors) > 0 {
		t.Errorf("got %+v, %v: want that it cannot be told", got, err)
	}
}
