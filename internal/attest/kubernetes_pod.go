package attest

import (
	"maps"
	"slices"
	"strings"
	"time"

	"authsec/internal/domain"

	corev1 "k8s.io/api/core/v1"
)

// The keys of Kubernetes selectors (DESIGN §1).
const (
	keyNamespace      = "k8s:ns"
	keyServiceAccount = "k8s:sa"
	keyPodName        = "k8s:pod-name"
	keyPodUID         = "k8s:pod-uid"
	keyNodeName       = "k8s:node-name"
	keyPodLabel       = "k8s:pod-label:" // and the label's name
	keyContainerName  = "k8s:container-name"
	keyContainerImage = "k8s:container-image"
)

// Why a selector cannot be established, and what to do.
const (
	whyNoAPI     = "Pod labels, containers and images are looked up in the pod itself: an administrator must configure API access on the Kubernetes workload source."
	whyNoNode    = "The token does not name the pod's node: an administrator must configure API access on the Kubernetes workload source."
	whyNoPod     = "The token is not bound to a pod: mount it as a projected volume in the agent's pod."
	whyUnplaced  = "The pod is on no node yet: try again shortly."
	whyUnmounted = "No container of the pod mounts a projected token for this server's audience: mount one in the agent's container."
	whySeveral   = "Several containers of the pod mount a projected token for this server's audience, and they differ: mount it in the agent's container alone."
)

// whyNotLookedUp says what cannot be established of an identity without its pod.
func whyNotLookedUp(id kubernetesIdentity) map[string]string {
	why := map[string]string{keyPodLabel: whyNoAPI, keyContainerName: whyNoAPI, keyContainerImage: whyNoAPI}
	if id.Node == "" {
		why[keyNodeName] = whyNoNode
	}
	if id.Pod == "" {
		for _, key := range []string{keyPodName, keyPodUID, keyNodeName, keyPodLabel, keyContainerName, keyContainerImage} {
			why[key] = whyNoPod
		}
	}
	return why
}

// deletionLeeway is how long the API server itself takes tokens of a pod after
// its grace period has ended (k8s.io/kubernetes/pkg/serviceaccount).
const deletionLeeway = time.Minute

const useRunning = " Present the token that is mounted in the running pod."

// checkPod refuses a pod that is not the token's, or does not run any more.
func checkPod(pod *corev1.Pod, id kubernetesIdentity, now time.Time) error {
	switch {
	case string(pod.UID) != id.PodUID:
		return reject("The pod of this token is gone, and another has its name."+useRunning, nil)
	case pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed:
		return reject("The pod of this token has ended."+useRunning, nil)
	case pod.DeletionTimestamp != nil && pod.DeletionTimestamp.Add(deletionLeeway).Before(now):
		return reject("The pod of this token has been deleted."+useRunning, nil)
	case pod.Spec.ServiceAccountName != id.ServiceAccount:
		return reject("The pod of this token does not run under the token's service account."+useRunning, nil)
	}
	return nil
}

// lookUp adds to what a token proves what its pod says, for tokens of an
// audience. The caller has checked that it is the token's pod.
func (a *Attested) lookUp(pod *corev1.Pod, audience string) {
	add := func(key, value string) {
		if value != "" {
			a.Selectors = append(a.Selectors, Selector{Selector: domain.Selector{Key: key, Value: value}, How: LookedUp})
		}
	}
	signedNode := slices.ContainsFunc(a.Selectors, func(s Selector) bool { return s.Key == keyNodeName })
	switch {
	case signedNode:
	case pod.Spec.NodeName != "":
		add(keyNodeName, pod.Spec.NodeName)
	default:
		a.Missing[keyNodeName] = whyUnplaced
	}
	for _, name := range slices.Sorted(maps.Keys(pod.Labels)) {
		add(keyPodLabel+name, pod.Labels[name])
	}
	holders := tokenHolders(pod, audience)
	switch len(holders) {
	case 0:
		a.Missing[keyContainerName], a.Missing[keyContainerImage] = whyUnmounted, whyUnmounted
		return
	case 1:
		add(keyContainerName, holders[0].name)
	default: // a pod's containers have different names
		a.Missing[keyContainerName] = whySeveral
	}
	images := holders[0].images
	for _, h := range holders[1:] {
		images = slices.DeleteFunc(images, func(image string) bool { return !slices.Contains(h.images, image) })
	}
	for _, image := range images {
		add(keyContainerImage, image)
	}
	if len(images) == 0 {
		a.Missing[keyContainerImage] = whySeveral
	}
}

// holder is a container that can read a token for this server.
type holder struct {
	name   string
	images []string // as the pod says, and by digest as its node reports what runs
}

// tokenHolders returns the containers that mount a projected token for the
// audience (DESIGN §5): those that are to run before, beside and, for somebody
// who debugs, after the rest.
func tokenHolders(pod *corev1.Pod, audience string) []holder {
	var volumes []string
	for _, v := range pod.Spec.Volumes {
		if v.Projected != nil && slices.ContainsFunc(v.Projected.Sources, func(p corev1.VolumeProjection) bool {
			return p.ServiceAccountToken != nil && p.ServiceAccountToken.Audience == audience
		}) {
			volumes = append(volumes, v.Name)
		}
	}
	var out []holder
	add := func(name, image string, mounts []corev1.VolumeMount, statuses []corev1.ContainerStatus) {
		if !slices.ContainsFunc(mounts, func(m corev1.VolumeMount) bool { return slices.Contains(volumes, m.Name) }) {
			return
		}
		h := holder{name: name, images: []string{image}}
		for _, s := range statuses {
			if id := strings.TrimPrefix(s.ImageID, "docker-pullable://"); s.Name == name && strings.Contains(id, "@sha256:") {
				h.images = append(h.images, id)
			}
		}
		out = append(out, h)
	}
	for _, c := range pod.Spec.InitContainers {
		add(c.Name, c.Image, c.VolumeMounts, pod.Status.InitContainerStatuses)
	}
	for _, c := range pod.Spec.Containers {
		add(c.Name, c.Image, c.VolumeMounts, pod.Status.ContainerStatuses)
	}
	for _, c := range pod.Spec.EphemeralContainers {
		add(c.Name, c.Image, c.VolumeMounts, pod.Status.EphemeralContainerStatuses)
	}
	return out
}
