package testkube

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"authsec/internal/attest"
	"authsec/internal/attest/kubetest"
	"authsec/internal/domain"
	"authsec/sdk/go/jwks"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// testDiscovery: most clusters show their keys to callers that they know alone.
func (h *house) testDiscovery(t *testing.T) {
	h.addAccount(t, production, other)
	token := h.token(t, production, other, nil, audience)
	want := []string{selector("k8s:ns", production, attest.Signed), selector("k8s:sa", other, attest.Signed)}
	alone := h.source(func(*domain.KubernetesSource) {})
	h.untold(t, h.verifier(t, alone), token)
	h.accepted(t, h.verifier(t, h.source(func(s *domain.KubernetesSource) {
		s.API = &domain.KubernetesAPI{Kubeconfig: h.kubeconfig}
	})), token, want...)

	_, err := h.RbacV1().ClusterRoleBindings().Create(t.Context(), &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "keys-for-everybody"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "system:service-account-issuer-discovery"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.GroupKind, Name: "system:unauthenticated"}},
	}, metav1.CreateOptions{})
	must(t, err)
	h.server.waitFor(t, func() error { // one that failed asks again only after a while
		_, err := h.verify(t, h.verifier(t, alone), token)
		return err
	})
	h.accepted(t, h.verifier(t, alone), token, want...)
	h.accepted(t, h.verifier(t, h.source(func(s *domain.KubernetesSource) { s.JWKSURL = h.url + kubetest.PathKeys })), token, want...)
	h.untold(t, h.verifier(t, h.source(func(s *domain.KubernetesSource) { s.CABundle = string(newAuthority(t).pem()) })), token)
}

// keys reads what the cluster publishes.
func (h *house) keys(t testing.TB) json.RawMessage {
	t.Helper()
	raw, err := h.RESTClient().Get().AbsPath(kubetest.PathKeys).DoRaw(t.Context())
	must(t, err)
	return raw
}

// signed is what the token of a pod on the tests' node proves by itself, and more.
func signed(pod *corev1.Pod, account string, more ...string) []string {
	all := []string{selector("k8s:ns", pod.Namespace, attest.Signed), selector("k8s:sa", account, attest.Signed),
		selector("k8s:pod-name", pod.Name, attest.Signed), selector("k8s:pod-uid", string(pod.UID), attest.Signed)}
	if pod.Spec.NodeName != "" {
		all = append(all, selector("k8s:node-name", pod.Spec.NodeName, attest.Signed))
	}
	return append(all, more...)
}

func (h *house) keep(name, raw string, pod *corev1.Pod) string {
	token := kubetest.Token{Raw: raw}
	if pod != nil {
		token.Pod, token.UID = pod.Name, string(pod.UID)
	}
	h.tokens[name] = token
	return raw
}

// testTokens asks three kinds of source about tokens of many pods.
func (h *house) testTokens(t *testing.T) {
	h.published["before"] = h.keys(t)
	access := &domain.KubernetesAPI{Kubeconfig: h.kubeconfig}
	offline := h.verifier(t, h.source(func(s *domain.KubernetesSource) { s.JWKS = string(h.published["before"]) }))
	api := h.verifier(t, h.source(func(s *domain.KubernetesSource) { s.JWKS, s.API = string(h.published["before"]), access }))
	review := h.verifier(t, h.source(func(s *domain.KubernetesSource) { s.API, s.TokenReview = access, true }))

	h.addNamespace(t, staging)
	h.addAccount(t, staging, account)
	_, err := h.CoreV1().Nodes().Create(t.Context(), &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: node}}, metav1.CreateOptions{})
	must(t, err)

	labels := []string{selector("k8s:pod-label:app", "customer-support", attest.LookedUp), selector("k8s:pod-label:example.com/team", "support", attest.LookedUp)}
	named := func(name string) string { return selector("k8s:container-name", name, attest.LookedUp) }
	imaged := func(image string) string { return selector("k8s:container-image", image, attest.LookedUp) }
	agent, sidecar := container{"agent", image, true}, container{"proxy", "registry.example.com/proxy:2", false}

	for _, tt := range []struct {
		name, namespace, account string
		containers               []container
		lookedUp, missing        []string
	}{
		{"support", production, account, []container{agent, sidecar}, []string{named("agent"), imaged(image), imaged(digest)}, nil},
		{"other-account", production, other, []container{agent}, []string{named("agent"), imaged(image)}, nil},
		{"elsewhere", staging, account, []container{agent}, []string{named("agent"), imaged(image)}, nil},
		{"pair", production, account, []container{agent, {"helper", image, true}}, []string{imaged(image)}, []string{"k8s:container-name"}},
		{"mixed", production, account, []container{agent, {"helper", "registry.example.com/helper:1", true}}, nil, []string{"k8s:container-name", "k8s:container-image"}},
		{"unmounted", production, account, []container{sidecar}, nil, []string{"k8s:container-name", "k8s:container-image"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pod := h.addPod(t, tt.namespace, tt.name, tt.account, tt.containers...)
			if tt.name == "support" {
				h.report(t, pod, func(s *corev1.PodStatus) {
					s.Phase = corev1.PodRunning
					s.ContainerStatuses = []corev1.ContainerStatus{{Name: "agent", Image: image, ImageID: digest}, {Name: "proxy", Image: sidecar.image, ImageID: "x@sha256:00"}}
				})
			}
			token := h.keep(tt.name, h.token(t, tt.namespace, tt.account, pod, audience), pod)
			got := h.accepted(t, offline, token, signed(pod, tt.account)...)
			for _, key := range []string{"k8s:pod-label:", "k8s:container-name", "k8s:container-image"} {
				if got.Missing[key] == "" {
					t.Errorf("without API access, nothing says why %s is missing", key)
				}
			}
			for name, v := range map[string]attest.Verifier{"api": api, "review": review} {
				got := h.accepted(t, v, token, signed(pod, tt.account, slices.Concat(labels, tt.lookedUp)...)...)
				for _, key := range []string{"k8s:container-name", "k8s:container-image"} {
					if (got.Missing[key] != "") != slices.Contains(tt.missing, key) {
						t.Errorf("%s: missing %q: %q", name, key, got.Missing[key])
					}
				}
				if until := time.Until(got.Until); until < 59*time.Minute || until > time.Hour {
					t.Errorf("%s: good for %v", name, until)
				}
			}
		})
	}

	t.Run("bound to no pod", func(t *testing.T) {
		token := h.keep("unbound", h.token(t, production, account, nil, audience), nil)
		for _, v := range []attest.Verifier{offline, api, review} {
			got := h.accepted(t, v, token, selector("k8s:ns", production, attest.Signed), selector("k8s:sa", account, attest.Signed))
			if got.Missing["k8s:pod-name"] == "" || got.Missing["k8s:pod-label:"] == "" {
				t.Error("nothing says why the pod's selectors are missing")
			}
		}
	})
	t.Run("for another audience", func(t *testing.T) {
		for name, token := range map[string]string{
			"audience": h.token(t, production, account, nil, "https://other.example.com"),
			"api":      h.token(t, production, account, nil), // the API's own
		} {
			h.keep(name, token, nil)
			for _, v := range []attest.Verifier{offline, api, review} {
				h.rejected(t, v, token)
			}
		}
		both := h.token(t, production, account, nil, "https://other.example.com", audience)
		h.accepted(t, review, both, selector("k8s:ns", production, attest.Signed), selector("k8s:sa", account, attest.Signed))
	})
	t.Run("changed after it was signed", func(t *testing.T) {
		raw := h.tokens["support"].Raw
		token := h.keep(kubetest.Forged, raw[:len(raw)-8]+"AAAAAAAA", nil)
		for _, v := range []attest.Verifier{offline, api, review} {
			h.rejected(t, v, token)
		}
	})
	t.Run("of another cluster", func(t *testing.T) {
		token := h.tokens["support"].Raw
		elsewhere := h.verifier(t, domain.KubernetesSource{Issuer: "https://cluster.example.com", Audience: audience, JWKS: string(h.published["before"])})
		if _, err := h.verify(t, elsewhere, token); !isNotMine(err) {
			t.Errorf("got %v", err)
		}
	})
	// What only the API knows: the token itself is as good as ever.
	t.Run("whose pod is gone", func(t *testing.T) {
		for name, end := range map[string]func(*corev1.Pod){
			"gone": func(p *corev1.Pod) { h.removePod(t, p.Namespace, p.Name) },
			"again": func(p *corev1.Pod) {
				h.removePod(t, p.Namespace, p.Name)
				h.addPod(t, p.Namespace, p.Name, account, agent)
			},
			"ended": func(p *corev1.Pod) { h.report(t, p, func(s *corev1.PodStatus) { s.Phase = corev1.PodSucceeded }) },
			"failed": func(p *corev1.Pod) {
				h.report(t, p, func(s *corev1.PodStatus) { s.Phase = corev1.PodFailed })
			},
		} {
			pod := h.addPod(t, production, name, account, agent)
			token := h.keep(name, h.token(t, production, account, pod, audience), pod)
			want := signed(pod, account, append([]string{named("agent"), imaged(image)}, labels...)...)
			for _, v := range []attest.Verifier{api, review} {
				h.accepted(t, v, token, want...)
			}
			end(pod)
			for _, v := range []attest.Verifier{api, review} {
				h.rejected(t, v, token)
			}
			h.accepted(t, offline, token, signed(pod, account)...)
		}
	})
	// Only a review knows that a service account was made anew.
	t.Run("whose service account is gone", func(t *testing.T) {
		const passing = "passing-sa"
		h.addAccount(t, production, passing)
		token := h.token(t, production, passing, nil, audience)
		must(t, h.CoreV1().ServiceAccounts(production).Delete(t.Context(), passing, metav1.DeleteOptions{}))
		h.server.waitFor(t, func() error {
			if _, err := h.verify(t, review, token); err == nil {
				return fmt.Errorf("still accepted")
			}
			return nil
		})
		h.rejected(t, review, token)
	})
}

// testRotation: the next key comes first and both are published, as a cluster
// that rotates has it until the last old token has expired.
func (h *house) testRotation(t *testing.T) {
	access := &domain.KubernetesAPI{Kubeconfig: h.kubeconfig}
	remote := h.verifier(t, h.source(func(s *domain.KubernetesSource) { s.API = access }))
	review := h.verifier(t, h.source(func(s *domain.KubernetesSource) { s.API, s.TokenReview = access, true }))
	inline := h.verifier(t, h.source(func(s *domain.KubernetesSource) { s.JWKS = string(h.published["before"]) }))
	old := h.tokens["support"].Raw
	pod, err := h.CoreV1().Pods(production).Get(t.Context(), "support", metav1.GetOptions{})
	must(t, err)
	want := signed(pod, account, selector("k8s:pod-label:app", "customer-support", attest.LookedUp), selector("k8s:pod-label:example.com/team", "support", attest.LookedUp),
		selector("k8s:container-name", "agent", attest.LookedUp), selector("k8s:container-image", image, attest.LookedUp), selector("k8s:container-image", digest, attest.LookedUp))
	h.accepted(t, remote, old, want...) // its keys are at hand now

	h.server.stop(t)
	h.untold(t, review, old)
	h.untold(t, remote, old) // its pod cannot be asked for
	h.accepted(t, inline, old, signed(pod, account)...)
	h.serve(t, h.after, h.before)
	h.ahead = jwks.RefreshInterval

	h.published["both"] = h.keys(t)
	fresh := h.keep("rotated", h.token(t, production, account, pod, audience), pod)
	h.rejected(t, inline, fresh)
	for _, token := range []string{fresh, old} {
		h.accepted(t, remote, token, want...)
		h.accepted(t, review, token, want...)
	}

	h.kubeconfig = kubetest.WriteKubeconfig(h.life, h.url, string(h.ca.pem()), h.token(t, "authsec", "authsec", nil))
	renewed := h.verifier(t, h.source(func(s *domain.KubernetesSource) {
		s.API, s.TokenReview = &domain.KubernetesAPI{Kubeconfig: h.kubeconfig}, true
	}))
	h.serve(t, h.after)
	h.rejected(t, renewed, old)
	h.accepted(t, renewed, fresh, want...)
	h.untold(t, review, fresh) // its own credential is of the old key
}
