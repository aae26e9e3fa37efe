package testkube

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"authsec/internal/attest"
	"authsec/internal/attest/kubetest"
	"authsec/internal/domain"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/restmapper"
)

const manifests = "../deploy/examples/kubernetes"

// testManifests applies the examples with the server's own validation, and
// shows that the pod of one is attested with what the other one allows.
func (h *house) testManifests(t *testing.T) {
	access, agent := objects(t, "authsec-access.yaml"), objects(t, "agent.yaml")
	h.apply(t, access[:2]...) // AuthSec's service account, which may do nothing yet
	h.apply(t, agent...)
	deployment, err := h.AppsV1().Deployments(production).Get(t.Context(), "customer-support", metav1.GetOptions{})
	must(t, err)
	pod := h.podOf(t, deployment)
	token := h.token(t, production, deployment.Spec.Template.Spec.ServiceAccountName, pod, audience)
	h.kubeconfig = kubetest.WriteKubeconfig(h.life, h.url, string(h.ca.pem()), h.token(t, "authsec", "authsec", nil))
	review := h.verifier(t, h.source(func(s *domain.KubernetesSource) {
		s.API, s.TokenReview = &domain.KubernetesAPI{Kubeconfig: h.kubeconfig}, true
	}))
	h.untold(t, review, token)
	h.apply(t, access[2:]...)
	h.server.waitFor(t, func() error { // the server learns of new roles a moment later
		_, err := h.verify(t, review, token)
		return err
	})
	h.accepted(t, review, token, signed(pod, deployment.Spec.Template.Spec.ServiceAccountName,
		selector("k8s:pod-label:app", "customer-support", attest.LookedUp), selector("k8s:container-name", "agent", attest.LookedUp),
		selector("k8s:container-image", deployment.Spec.Template.Spec.Containers[0].Image, attest.LookedUp))...)

	// A mistake in them would have been found.
	wrong := agent[2].DeepCopy()
	must(t, unstructured.SetNestedField(wrong.Object, "x", "spec", "template", "spec", "serviceAccount_name"))
	if err := h.applyOne(t, wrong); err == nil || !strings.Contains(err.Error(), "serviceAccount_name") {
		t.Errorf("an unknown field: %v", err)
	}
}

// podOf makes the pod that a controller would make.
func (h *house) podOf(t testing.TB, d *appsv1.Deployment) *corev1.Pod {
	t.Helper()
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{GenerateName: d.Name + "-", Labels: d.Spec.Template.Labels}, Spec: d.Spec.Template.Spec}
	made, err := h.CoreV1().Pods(d.Namespace).Create(t.Context(), pod, metav1.CreateOptions{})
	must(t, err)
	return made
}

// objects reads the documents of a manifest.
func objects(t testing.TB, file string) []*unstructured.Unstructured {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(manifests, file))
	must(t, err)
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(raw), 4096)
	var out []*unstructured.Unstructured
	for {
		object := &unstructured.Unstructured{}
		if err := decoder.Decode(&object.Object); errors.Is(err, io.EOF) {
			return out
		} else {
			must(t, err)
		}
		out = append(out, object)
	}
}

func (h *house) apply(t testing.TB, objects ...*unstructured.Unstructured) {
	t.Helper()
	for _, object := range objects {
		must(t, h.applyOne(t, object))
	}
}

// applyOne applies an object as `kubectl apply --server-side --validate=strict` does.
func (h *house) applyOne(t testing.TB, object *unstructured.Unstructured) error {
	t.Helper()
	groups, err := restmapper.GetAPIGroupResources(h.Discovery())
	must(t, err)
	kind := object.GroupVersionKind()
	mapping, err := restmapper.NewDiscoveryRESTMapper(groups).RESTMapping(kind.GroupKind(), kind.Version)
	must(t, err)
	client, err := dynamic.NewForConfig(h.config)
	must(t, err)
	text, err := object.MarshalJSON()
	must(t, err)
	var into dynamic.ResourceInterface = client.Resource(mapping.Resource)
	if object.GetNamespace() != "" {
		into = client.Resource(mapping.Resource).Namespace(object.GetNamespace())
	}
	_, err = into.Patch(t.Context(), object.GetName(), types.ApplyPatchType, text,
		metav1.PatchOptions{FieldManager: "testkube", FieldValidation: metav1.FieldValidationStrict})
	return err
}
