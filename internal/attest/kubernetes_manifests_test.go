package attest

import (
	"bytes"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/sdk/go/agent"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

const manifests = "../../deploy/examples/kubernetes"

// The examples have no field that Kubernetes does not know. testkube applies
// them to an API server.
func TestKubernetesManifests(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(manifests, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	var deployments []*appsv1.Deployment
	var roles []*rbacv1.ClusterRole
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i, document := range bytes.Split(raw, []byte("\n---\n")) {
			switch object := decodeManifest(t, document).(type) {
			case nil:
				t.Errorf("%s: document %d is of a kind that no one looked at", file, i)
			case *appsv1.Deployment:
				deployments = append(deployments, object)
			case *rbacv1.ClusterRole:
				roles = append(roles, object)
			}
		}
	}
	if len(deployments) != 1 || len(roles) != 1 {
		t.Fatalf("%d deployments, %d roles", len(deployments), len(roles))
	}
	checkExampleAgent(t, deployments[0])
	// What AuthSec calls, and nothing else.
	want := []string{"create authentication.k8s.io/tokenreviews", "get /pods"}
	var rules []string
	for _, r := range roles[0].Rules {
		rules = append(rules, strings.Join(r.Verbs, ",")+" "+strings.Join(r.APIGroups, ",")+"/"+strings.Join(r.Resources, ","))
	}
	if !slices.Equal(rules, want) {
		t.Errorf("rules %q, want %q", rules, want)
	}
}

func decodeManifest(t *testing.T, document []byte) any {
	t.Helper()
	var kind metav1.TypeMeta
	if err := yaml.Unmarshal(document, &kind); err != nil {
		t.Fatal(err)
	}
	var object any
	switch kind.APIVersion + " " + kind.Kind {
	case "v1 Namespace":
		object = &corev1.Namespace{}
	case "v1 ServiceAccount":
		object = &corev1.ServiceAccount{}
	case "apps/v1 Deployment":
		object = &appsv1.Deployment{}
	case "rbac.authorization.k8s.io/v1 ClusterRole":
		object = &rbacv1.ClusterRole{}
	case "rbac.authorization.k8s.io/v1 ClusterRoleBinding":
		object = &rbacv1.ClusterRoleBinding{}
	default:
		return nil
	}
	if err := yaml.UnmarshalStrict(document, object); err != nil {
		t.Errorf("%s: %v", kind.Kind, err)
	}
	return object
}

// checkExampleAgent: its pod holds a token where the SDKs look, which a source
// takes as it is, and which one container alone can read.
func checkExampleAgent(t *testing.T, d *appsv1.Deployment) {
	t.Helper()
	template := d.Spec.Template
	pod := &corev1.Pod{ObjectMeta: template.ObjectMeta, Spec: template.Spec}
	if !slices.Equal(labelsMissing(d.Spec.Selector.MatchLabels, template.Labels), nil) {
		t.Error("the deployment does not select its own pods")
	}
	source := template.Spec.Volumes[0].Projected.Sources[0].ServiceAccountToken
	holders := tokenHolders(pod, source.Audience)
	if len(holders) != 1 || holders[0].name != "agent" {
		t.Errorf("the token is held by %+v", holders)
	}
	if got := path.Join(template.Spec.Containers[0].VolumeMounts[0].MountPath, source.Path); got != agent.ProjectedToken {
		t.Errorf("the token is at %s, the SDKs look at %s", got, agent.ProjectedToken)
	}
	if life := time.Duration(*source.ExpirationSeconds) * time.Second; life > domain.DefaultMaxProofAge {
		t.Errorf("a token of %v is not taken", life)
	}
}

func labelsMissing(want, have map[string]string) []string {
	var missing []string
	for name, value := range want {
		if have[name] != value {
			missing = append(missing, name)
		}
	}
	return missing
}
