package issuance_test

import (
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"authsec/internal/attest"
	"authsec/internal/attest/kubetest"
	"authsec/internal/attest/oidctest"
	"authsec/internal/domain"
	"authsec/internal/issuance"
	"authsec/sdk/go/jws"

	"github.com/go-jose/go-jose/v4"
)

// kube is a house whose agent runs in a recorded cluster, at the time of the recording.
type kube struct {
	*house
	kubetest.Recording
	server *kubetest.Server
	source domain.WorkloadSource
	agent  domain.Agent // the guide's own
}

// ways are how a source of a cluster can be set up.
func ways() map[string]func(t testing.TB, k *kube, s *domain.KubernetesSource) {
	return map[string]func(testing.TB, *kube, *domain.KubernetesSource){
		"API access": func(t testing.TB, k *kube, s *domain.KubernetesSource) {
			s.JWKSURL, s.API = k.server.URL+kubetest.PathKeys, &domain.KubernetesAPI{Kubeconfig: k.server.Kubeconfig(t)}
		},
		"token review": func(t testing.TB, k *kube, s *domain.KubernetesSource) {
			s.TokenReview, s.API = true, &domain.KubernetesAPI{Kubeconfig: k.server.Kubeconfig(t)}
		},
	}
}

func offline(_ testing.TB, k *kube, s *domain.KubernetesSource) { s.JWKS = string(k.Keys["before"]) }

func newKube(t testing.TB, way func(testing.TB, *kube, *domain.KubernetesSource)) *kube {
	t.Helper()
	k := &kube{house: newHouse(t), Recording: kubetest.Load(t, "../attest/testdata/kubernetes/recording.json")}
	k.server = kubetest.Serve(t, k.Recording, "before")
	k.clock.Set(k.At)
	sources := &attest.Sources{Reader: k.store, Log: slog.New(slog.DiscardHandler),
		Build: attest.Environment{TrustDomain: "authsec.local", Now: k.clock.Now, Log: slog.New(slog.DiscardHandler)}.Build}
	t.Cleanup(func() { must(t, sources.Close()) })
	k.Attestor = attest.Chain{attest.ClientSecret{}, sources}
	settings := domain.KubernetesSource{Issuer: k.Issuer, Audience: k.Audience}
	way(t, k, &settings)
	spec := domain.WorkloadSourceSpec{Name: "production cluster", Kind: domain.SourceKubernetes, Settings: domain.SourceSettings{Kubernetes: &settings}, Enabled: true}
	must(t, spec.Check())
	k.source = domain.WorkloadSource{ID: newID(t), Name: spec.Name, Kind: spec.Kind, Enabled: spec.Enabled, Settings: spec.Settings, CreatedAt: k.At, UpdatedAt: k.At}
	must(t, k.store.CreateWorkloadSource(t.Context(), k.source, k.event("workload_source.create")))
	k.agent = k.workload(t)
	return k
}

// workload is an agent with the guide's selectors, and more.
func (k *kube) workload(t testing.TB, more ...domain.Selector) domain.Agent {
	t.Helper()
	a := k.newAgent(t, func(a *domain.Agent) {
		a.Selectors = append([]domain.Selector{{Key: "k8s:ns", Value: "production"}, {Key: "k8s:sa", Value: "customer-support-sa"},
			{Key: "k8s:pod-label:app", Value: "customer-support"}, {Key: "k8s:container-name", Value: "agent"}}, more...)
	})
	k.lend(t, k.ana, a, func(*domain.Delegation) {})
	return a
}

// proof is the recorded token of the name.
func (k *kube) proof(t testing.TB, name string) func(*issuance.Request) {
	t.Helper()
	return proving(issuance.Presented{Bearer: domain.Secret(k.Token(t, name).Raw)})
}

// unproven must be refused with 401 and only counted; it says what to do.
func (k *kube) unproven(t *testing.T, says string, proof issuance.Presented) {
	t.Helper()
	code := "invalid_workload_proof"
	if proof.Empty() {
		code = "workload_proof_required"
	}
	list := k.counted(t, func() {
		if e := k.refused(t, domain.Unauthenticated, code, of(k.agent), proving(proof)); !strings.Contains(e.Public, says) {
			t.Errorf("%q does not say %q", e.Public, says)
		}
	})
	if len(list) != 1 || list[0].Reasons[0].Code != code || list[0].ClientID != k.agent.ClientID || list[0].Outcome != domain.OutcomeRefused {
		t.Errorf("counted: %+v", list)
	}
}

func TestKubernetes(t *testing.T) {
	for name, way := range ways() {
		t.Run(name, func(t *testing.T) {
			k := newKube(t, way)
			t.Run("satisfied", k.testSatisfied)
			t.Run("not satisfied", k.testSelectors)
			t.Run("bad proofs", newKube(t, way).testBadProofs) // of which none was ever good
			t.Run("the cluster is down", k.testDown)
			t.Run("the source is disabled", k.testDisabled)
		})
	}
}

func (k *kube) testSatisfied(t *testing.T) {
	k.clock.Set(k.At)
	token := k.Token(t, "support")
	a := k.workload(t, domain.Selector{Key: "k8s:pod-name", Value: token.Pod}, domain.Selector{Key: "k8s:pod-uid", Value: token.UID},
		domain.Selector{Key: "k8s:node-name", Value: "node-3"}, domain.Selector{Key: "k8s:container-image", Value: "registry.example.com/agent:1.4"})
	for _, agent := range []domain.Agent{k.agent, a} {
		list := k.events(t, func() {
			if _, c := k.issue(t, of(agent), k.proof(t, "support")); c.Attestation != "k8s" || c.ClientID != agent.ClientID {
				t.Errorf("%+v", c)
			}
		})
		if len(list) != 1 || list[0].Outcome != domain.OutcomeSuccess {
			t.Fatalf("events: %+v", list)
		}
		how := k.provenBy(t, list[0])
		if how["k8s:ns"] != "signed" || how["k8s:pod-uid"] != "signed" || how["k8s:pod-label:app"] != "looked_up" || how["k8s:container-name"] != "looked_up" {
			t.Errorf("the event says %v", how)
		}
	}
}

// provenBy returns how the event says that each selector is known.
func (k *kube) provenBy(t *testing.T, e domain.StoredEvent) map[string]string {
	t.Helper()
	var details struct {
		Proof struct {
			Kind      string `json:"kind"`
			SourceID  string `json:"source_id"`
			Selectors []struct{ Key, How string }
		}
	}
	must(t, json.Unmarshal(e.Details, &details))
	if details.Proof.Kind != "k8s" || details.Proof.SourceID != k.source.ID {
		t.Errorf("proof: %+v", details.Proof)
	}
	how := map[string]string{}
	for _, s := range details.Proof.Selectors {
		how[s.Key] = s.How
	}
	return how
}

// The workload is a known one, so the refusal is on the chain, with what was
// attested; the caller learns the missing keys and no value.
func (k *kube) testSelectors(t *testing.T) {
	k.clock.Set(k.At)
	for name, tt := range map[string]struct {
		proof   string
		extra   domain.Selector
		missing []string
		says    string
	}{
		"another namespace":             {"elsewhere", domain.Selector{}, []string{"k8s:ns"}, ""},
		"another service account":       {"other-account", domain.Selector{}, []string{"k8s:sa"}, ""},
		"a label of another value":      {"support", domain.Selector{Key: "k8s:pod-label:example.com/team", Value: "billing"}, []string{"k8s:pod-label:example.com/team"}, ""},
		"a label that it has not":       {"support", domain.Selector{Key: "k8s:pod-label:tier", Value: "gold"}, []string{"k8s:pod-label:tier"}, ""},
		"another pod":                   {"support", domain.Selector{Key: "k8s:pod-uid", Value: k.Token(t, "pair").UID}, []string{"k8s:pod-uid"}, ""},
		"another node":                  {"support", domain.Selector{Key: "k8s:node-name", Value: "node-4"}, []string{"k8s:node-name"}, ""},
		"another image":                 {"support", domain.Selector{Key: "k8s:container-image", Value: "registry.example.com/agent:1.5"}, []string{"k8s:container-image"}, ""},
		"several containers could ask":  {"pair", domain.Selector{}, []string{"k8s:container-name"}, "Several containers"},
		"of several images":             {"mixed", domain.Selector{Key: "k8s:container-image", Value: "registry.example.com/agent:1.4"}, []string{"k8s:container-name", "k8s:container-image"}, "Several containers"},
		"no container mounts our token": {"unmounted", domain.Selector{}, []string{"k8s:container-name"}, "No container of the pod"},
		"bound to no pod":               {"unbound", domain.Selector{}, []string{"k8s:pod-label:app", "k8s:container-name"}, "not bound to a pod"},
	} {
		t.Run(name, func(t *testing.T) {
			a := k.agent
			if tt.extra.Key != "" {
				a = k.workload(t, tt.extra)
			}
			k.unsatisfied(t, a, tt.proof, tt.missing, tt.says)
		})
	}
}

func (k *kube) unsatisfied(t *testing.T, a domain.Agent, proof string, missing []string, says string) {
	t.Helper()
	list := k.events(t, func() {
		e := k.refused(t, domain.Forbidden, "selectors_not_satisfied", of(a), k.proof(t, proof))
		if !strings.Contains(e.Public, says) {
			t.Errorf("%q does not say %q", e.Public, says)
		}
		for _, s := range a.Selectors {
			if strings.Contains(e.Public, s.Key) != slices.Contains(missing, s.Key) || strings.Contains(e.Public, s.Value) && s.Value != "agent" {
				t.Errorf("%s: %s", s.Key, e.Public)
			}
		}
	})
	if len(list) != 1 || list[0].Outcome != domain.OutcomeRefused || list[0].Reasons[0].Code != "selectors_not_satisfied" || !slices.Equal(list[0].Reasons[0].Keys, missing) {
		t.Fatalf("events: %+v", list)
	}
	if how := k.provenBy(t, list[0]); how["k8s:ns"] != "signed" {
		t.Errorf("what was attested: %v", how)
	}
}

func (k *kube) testBadProofs(t *testing.T) {
	support := k.Token(t, "support").Raw
	claims, err := jws.Peek(support)
	must(t, err)
	forge := func(alg string, key any) issuance.Presented {
		return presenting(oidctest.Sign(t, jose.JSONWebKey{Key: key, KeyID: "forged", Algorithm: alg}, claims, nil))
	}
	named := func(name string) issuance.Presented { return presenting(k.Token(t, name).Raw) }
	elsewhere := oidctest.New(t, "")
	for name, tt := range map[string]struct {
		proof issuance.Presented
		says  string
		after time.Duration
	}{
		"none":                        {issuance.Presented{}, "", 0},
		"expired":                     {presenting(support), "expired", time.Hour + 31*time.Second},
		"not yet valid":               {presenting(support), "not valid yet", -2 * time.Minute},
		"for another server":          {named("audience"), "another audience", 0}, // and replayed here
		"for the cluster's own API":   {named("api"), "another audience", 0},
		"of another issuer":           {presenting(elsewhere.Sign(elsewhere.Claims(k.At, k.Audience, nil))), "No workload source", 0},
		"by another key":              {forge("RS256", oidctest.NewKey(t, "forged", "RS256").Key), "", 0},
		"HS256 by the public key":     {forge("HS256", []byte(k.Keys["before"])), "algorithm", 0},
		"alg none":                    {presenting(base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + strings.Split(support, ".")[1] + "."), "algorithm", 0},
		"of a pod that is gone":       {named("gone"), "gone", 0},
		"of a pod made anew":          {named("again"), "gone", 0},
		"of a pod that has ended":     {named("ended"), "ended", 0},
		"of a pod that has failed":    {named("failed"), "ended", 0},
		"changed after it was signed": {named(kubetest.Forged), "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			k.clock.Set(k.At.Add(tt.after))
			k.unproven(t, tt.says, tt.proof)
		})
	}
}

// An API that cannot be asked is neither a pass nor a refusal, and what was
// verified just before serves for a minute and no longer.
func (k *kube) testDown(t *testing.T) {
	k.clock.Set(k.At.Add(2 * time.Minute))
	k.issue(t, of(k.agent), k.proof(t, "support"))
	k.server.Down("", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	k.clock.Advance(59 * time.Second)
	k.issue(t, of(k.agent), k.proof(t, "support"))
	k.clock.Advance(2 * time.Second)
	list := k.events(t, func() {
		if e := k.refused(t, domain.Unavailable, "temporarily_unavailable", of(k.agent), k.proof(t, "support")); e.RetryAfter <= 0 {
			t.Error("nobody says when to come back")
		}
	})
	if len(list) != 0 {
		t.Errorf("events: %+v", list)
	}
	k.server.Down("", nil)
	k.clock.Advance(10 * time.Second)
	k.issue(t, of(k.agent), k.proof(t, "support"))
}

func (k *kube) testDisabled(t *testing.T) {
	k.issue(t, of(k.agent), k.proof(t, "support"))
	k.enable(t, k.source, false)
	k.unproven(t, "No workload source", presenting(k.Token(t, "support").Raw))
	k.enable(t, k.source, true)
	k.issue(t, of(k.agent), k.proof(t, "support"))
}

// Without API access, what a token does not say is not satisfied, and the
// refusal says what to configure.
func TestKubernetesOffline(t *testing.T) {
	k := newKube(t, offline)
	k.unsatisfied(t, k.agent, "support", []string{"k8s:pod-label:app", "k8s:container-name"}, "API access")
	plain := k.newAgent(t, func(a *domain.Agent) {
		a.Selectors = []domain.Selector{{Key: "k8s:ns", Value: "production"}, {Key: "k8s:sa", Value: "customer-support-sa"}, {Key: "k8s:node-name", Value: "node-3"}}
	})
	k.lend(t, k.ana, plain, func(*domain.Delegation) {})
	k.issue(t, of(plain), k.proof(t, "support"))
	if asked := k.server.Asked(); len(asked) > 0 {
		t.Errorf("it asked %q", asked)
	}
	k.unproven(t, "does not publish", presenting(k.Token(t, "rotated").Raw))
}

// A cluster's next key is found when the first token of it comes.
func TestKubernetesKeyRotation(t *testing.T) {
	k := newKube(t, ways()["API access"])
	k.issue(t, of(k.agent), k.proof(t, "support"))
	k.server.Publish("both")
	k.clock.Advance(10 * time.Second)
	k.issue(t, of(k.agent), k.proof(t, "rotated"))
	k.issue(t, of(k.agent), k.proof(t, "support"))
}
