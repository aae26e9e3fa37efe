package testkube

import (
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// What the tests' cluster holds.
const (
	audience   = "https://auth.example.com"
	production = "production"
	staging    = "staging"
	account    = "customer-support-sa"
	other      = "billing-sa"
	node       = "node-3"
	image      = "registry.example.com/agent:1.4"
	digest     = "registry.example.com/agent@sha256:0d1e9b3a5c7f1e2d3c4b5a69788796a5b4c3d2e1f0918273645546372819a0b1"
)

// container is one container of a pod; token: it mounts a token for our audience.
type container struct {
	name, image string
	token       bool
}

func (c *cluster) addNamespace(t testing.TB, name string) {
	t.Helper()
	_, err := c.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	must(t, err)
}

func (c *cluster) addAccount(t testing.TB, namespace, name string) {
	t.Helper()
	_, err := c.CoreV1().ServiceAccounts(namespace).Create(t.Context(), &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	must(t, err)
}

// addPod makes a pod on the tests' node. It mounts a token for our audience and
// one for the API, as most pods do.
func (c *cluster) addPod(t testing.TB, namespace, name, account string, containers ...container) *corev1.Pod {
	t.Helper()
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": "customer-support", "example.com/team": "support"}}}
	pod.Spec = corev1.PodSpec{ServiceAccountName: account, NodeName: node, Volumes: []corev1.Volume{{Name: "authsec", VolumeSource: corev1.VolumeSource{
		Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{{
			ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Audience: audience, Path: "token"}}}}}}}}
	for _, one := range containers {
		added := corev1.Container{Name: one.name, Image: one.image}
		if one.token {
			added.VolumeMounts = []corev1.VolumeMount{{Name: "authsec", MountPath: "/var/run/secrets/authsec", ReadOnly: true}}
		}
		pod.Spec.Containers = append(pod.Spec.Containers, added)
	}
	made, err := c.CoreV1().Pods(namespace).Create(t.Context(), pod, metav1.CreateOptions{})
	must(t, err)
	return made
}

// removePod ends a pod as its node would, at once.
func (c *cluster) removePod(t testing.TB, namespace, name string) {
	t.Helper()
	now := int64(0)
	must(t, c.CoreV1().Pods(namespace).Delete(t.Context(), name, metav1.DeleteOptions{GracePeriodSeconds: &now}))
}

// report sets what a pod's node reports of it.
func (c *cluster) report(t testing.TB, pod *corev1.Pod, change func(*corev1.PodStatus)) {
	t.Helper()
	change(&pod.Status)
	_, err := c.CoreV1().Pods(pod.Namespace).UpdateStatus(t.Context(), pod, metav1.UpdateOptions{})
	must(t, err)
}

// token requests a token as the kubelet does for a projected volume. pod nil:
// it is bound to none, as one that a person requests.
func (c *cluster) token(t testing.TB, namespace, account string, pod *corev1.Pod, audiences ...string) string {
	t.Helper()
	hour := int64(3600)
	ask := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{Audiences: audiences, ExpirationSeconds: &hour}}
	if pod != nil {
		ask.Spec.BoundObjectRef = &authenticationv1.BoundObjectReference{Kind: "Pod", APIVersion: "v1", Name: pod.Name, UID: pod.UID}
	}
	got, err := c.CoreV1().ServiceAccounts(namespace).CreateToken(t.Context(), account, ask, metav1.CreateOptions{})
	must(t, err)
	return got.Status.Token
}
