package attest

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"authsec/internal/domain"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const ours = "https://auth.example.com"

// pod makes a pod whose volume "token" is for us and "other" for somebody else.
func pod(change func(*corev1.Pod)) *corev1.Pod {
	volume := func(name, audience string) corev1.Volume {
		return corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
			{ConfigMap: &corev1.ConfigMapProjection{}}, {ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Audience: audience}}}}}}
	}
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "support-7d9f", Namespace: "production", UID: "p1", Labels: map[string]string{"app": "support", "blank": ""}},
		Spec: corev1.PodSpec{ServiceAccountName: "support", NodeName: "node-3",
			Volumes:    []corev1.Volume{volume("token", ours), volume("other", "https://other.example.com"), {Name: "data"}},
			Containers: []corev1.Container{running("agent", "agent:1", "token"), running("proxy", "proxy:2", "other", "data")}}}
	change(p)
	return p
}

func running(name, image string, volumes ...string) corev1.Container {
	c := corev1.Container{Name: name, Image: image}
	for _, v := range volumes {
		c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: v})
	}
	return c
}

func TestCheckPod(t *testing.T) {
	now := time.Date(2026, 5, 21, 6, 0, 0, 0, time.UTC)
	deleted := func(ago time.Duration) func(*corev1.Pod) {
		return func(p *corev1.Pod) { p.DeletionTimestamp = &metav1.Time{Time: now.Add(-ago)} }
	}
	for name, tt := range map[string]struct {
		change func(*corev1.Pod)
		says   string // "" : it is the token's pod, and runs
	}{
		"running":                      {func(p *corev1.Pod) { p.Status.Phase = corev1.PodRunning }, ""},
		"starting":                     {func(p *corev1.Pod) { p.Status.Phase = corev1.PodPending }, ""},
		"its node does not answer":     {func(p *corev1.Pod) { p.Status.Phase = corev1.PodUnknown }, ""},
		"another one of the name":      {func(p *corev1.Pod) { p.UID = "p2" }, "another has its name"},
		"succeeded":                    {func(p *corev1.Pod) { p.Status.Phase = corev1.PodSucceeded }, "has ended"},
		"failed":                       {func(p *corev1.Pod) { p.Status.Phase = corev1.PodFailed }, "has ended"},
		"under another account":        {func(p *corev1.Pod) { p.Spec.ServiceAccountName = "root" }, "service account"},
		"going, in its grace period":   {deleted(-30 * time.Second), ""},
		"going, as long as may be":     {deleted(time.Minute), ""},
		"should have been gone by now": {deleted(time.Minute + time.Second), "deleted"},
	} {
		t.Run(name, func(t *testing.T) {
			err := checkPod(pod(tt.change), kubernetesIdentity{Namespace: "production", ServiceAccount: "support", Pod: "support-7d9f", PodUID: "p1"}, now)
			if (err == nil) != (tt.says == "") {
				t.Fatal(err)
			}
			rejection, ok := errors.AsType[*Rejection](err)
			if err != nil && (!ok || !strings.Contains(rejection.Problem, tt.says)) {
				t.Errorf("%v: want a rejection that says %q", err, tt.says)
			}
		})
	}
}

func TestLookUp(t *testing.T) {
	const node, label = "k8s:node-name=node-3", "k8s:pod-label:app=support"
	status := func(name, id string) []corev1.ContainerStatus {
		return []corev1.ContainerStatus{{Name: name, ImageID: id}}
	}
	for name, tt := range map[string]struct {
		change  func(*corev1.Pod)
		want    string
		missing string // keys
	}{
		"one container holds our token": {func(*corev1.Pod) {}, node + " " + label + " k8s:container-name=agent k8s:container-image=agent:1", ""},
		"on no node yet":                {func(p *corev1.Pod) { p.Spec.NodeName = "" }, label + " k8s:container-name=agent k8s:container-image=agent:1", "k8s:node-name"},
		"none holds it":                 {func(p *corev1.Pod) { p.Spec.Containers = p.Spec.Containers[1:] }, node + " " + label, "k8s:container-image k8s:container-name"},
		"two of one image": {func(p *corev1.Pod) {
			p.Spec.Containers = append(p.Spec.Containers, running("second", "agent:1", "token"))
		},
			node + " " + label + " k8s:container-image=agent:1", "k8s:container-name"},
		"two of two images": {func(p *corev1.Pod) { p.Spec.Containers[1].VolumeMounts = p.Spec.Containers[0].VolumeMounts },
			node + " " + label, "k8s:container-image k8s:container-name"},
		"one that runs before too": {func(p *corev1.Pod) { p.Spec.InitContainers = []corev1.Container{running("init", "init:1", "token")} },
			node + " " + label, "k8s:container-image k8s:container-name"},
		"one that runs before alone": {func(p *corev1.Pod) {
			p.Spec.InitContainers, p.Spec.Containers = p.Spec.Containers[:1], p.Spec.Containers[1:]
			p.Status.InitContainerStatuses = status("agent", "agent@sha256:1")
		}, node + " " + label + " k8s:container-name=agent k8s:container-image=agent:1 k8s:container-image=agent@sha256:1", ""},
		"somebody debugs with our token": {func(p *corev1.Pod) {
			p.Spec.EphemeralContainers = []corev1.EphemeralContainer{{EphemeralContainerCommon: corev1.EphemeralContainerCommon(running("debug", "agent:1", "token"))}}
		}, node + " " + label + " k8s:container-image=agent:1", "k8s:container-name"},
		"somebody debugs without it": {func(p *corev1.Pod) {
			p.Spec.EphemeralContainers = []corev1.EphemeralContainer{{EphemeralContainerCommon: corev1.EphemeralContainerCommon(running("debug", "shell:1"))}}
		}, node + " " + label + " k8s:container-name=agent k8s:container-image=agent:1", ""},
		"the digest that runs": {func(p *corev1.Pod) { p.Status.ContainerStatuses = status("agent", "docker-pullable://agent@sha256:1") },
			node + " " + label + " k8s:container-name=agent k8s:container-image=agent:1 k8s:container-image=agent@sha256:1", ""},
		"no digest yet": {func(p *corev1.Pod) { p.Status.ContainerStatuses = status("agent", "") },
			node + " " + label + " k8s:container-name=agent k8s:container-image=agent:1", ""},
		"the digest of another container": {func(p *corev1.Pod) { p.Status.ContainerStatuses = status("proxy", "proxy@sha256:1") },
			node + " " + label + " k8s:container-name=agent k8s:container-image=agent:1", ""},
		"two of one name run two digests": {func(p *corev1.Pod) {
			p.Spec.Containers = append(p.Spec.Containers, running("second", "agent:1", "token"))
			p.Status.ContainerStatuses = append(status("agent", "agent@sha256:1"), status("second", "agent@sha256:2")...)
		}, node + " " + label + " k8s:container-image=agent:1", "k8s:container-name"},
		"no volume is for us": {func(p *corev1.Pod) { p.Spec.Volumes = p.Spec.Volumes[1:] }, node + " " + label, "k8s:container-image k8s:container-name"},
	} {
		t.Run(name, func(t *testing.T) {
			got := Attested{Missing: map[string]string{}}
			got.lookUp(pod(tt.change), ours)
			var all, missing []string
			for _, s := range got.Selectors {
				all = append(all, s.Key+"="+s.Value)
				if s.How != LookedUp {
					t.Errorf("%s is %s", s.Key, s.How)
				}
			}
			for key, why := range got.Missing {
				missing = append(missing, key)
				if why == "" {
					t.Errorf("%s: no reason", key)
				}
			}
			slices.Sort(missing)
			if strings.Join(all, " ") != tt.want || strings.Join(missing, " ") != tt.missing {
				t.Errorf("got %q, missing %q", all, missing)
			}
		})
	}
}

// What the token says of the node stays as signed.
func TestLookUpKeepsTheSignedNode(t *testing.T) {
	id := kubernetesIdentity{Namespace: "production", ServiceAccount: "support", Pod: "support-7d9f", PodUID: "p1", Node: "node-3"}
	got := id.attested()
	got.lookUp(pod(func(p *corev1.Pod) { p.Spec.NodeName = "node-4" }), ours)
	var nodes []Selector
	for _, s := range got.Selectors {
		if s.Key == keyNodeName {
			nodes = append(nodes, s)
		}
	}
	if want := (Selector{Selector: domain.Selector{Key: keyNodeName, Value: "node-3"}, How: Signed}); !slices.Equal(nodes, []Selector{want}) {
		t.Errorf("got %+v", nodes)
	}
}
