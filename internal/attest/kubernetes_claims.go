package attest

import (
	"errors"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// kubernetesIdentity is whom a service-account token names.
type kubernetesIdentity struct {
	Namespace      string
	ServiceAccount string
	UID            string // of the service account; "" : not named
	Pod            string // "" : the token is not bound to a pod
	PodUID         string
	Node           string // of the pod; "" : not named
}

// The claims of a service-account token beside the registered ones.
const (
	claimKubernetes = "kubernetes.io"
	// The layout before Kubernetes 1.21 has flat names.
	claimLegacyNamespace = "kubernetes.io/serviceaccount/namespace"
	claimLegacyAccount   = "kubernetes.io/serviceaccount/service-account.name"
	claimLegacyUID       = "kubernetes.io/serviceaccount/service-account.uid"
)

// readKubernetesClaims returns whom the claims of a service-account token name.
// Its claims must agree: sub, and both layouts where a token has both.
func readKubernetesClaims(claims map[string]any) (kubernetesIdentity, error) {
	nested, err := readNestedClaims(claims)
	if err != nil {
		return kubernetesIdentity{}, err
	}
	legacy, err := readLegacyClaims(claims)
	if err != nil {
		return kubernetesIdentity{}, err
	}
	var id kubernetesIdentity
	switch {
	case nested != nil && legacy != nil:
		id = *nested
		if id.Namespace != legacy.Namespace || id.ServiceAccount != legacy.ServiceAccount || (legacy.UID != "" && id.UID != legacy.UID) {
			return kubernetesIdentity{}, errors.New("the two layouts of claims name different service accounts")
		}
	case nested != nil:
		id = *nested
	case legacy != nil:
		id = *legacy
	default:
		return kubernetesIdentity{}, fmt.Errorf("no claim %s", claimKubernetes)
	}
	if err := id.check(); err != nil {
		return kubernetesIdentity{}, err
	}
	if sub, _ := claims["sub"].(string); sub != id.username() {
		return kubernetesIdentity{}, errors.New("sub names another service account than the other claims")
	}
	return id, nil
}

// readNestedClaims reads kubernetes.io.{namespace,node,pod,serviceaccount}; nil: there is none of it.
func readNestedClaims(claims map[string]any) (*kubernetesIdentity, error) {
	raw, ok := claims[claimKubernetes]
	if !ok {
		return nil, nil //nolint:nilnil // none is no fault
	}
	top, ok := raw.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("the claim %s is no object", claimKubernetes)
	}
	var id kubernetesIdentity
	var account, pod, node reference
	err := errors.Join(readString(top, "namespace", &id.Namespace), account.read(top, "serviceaccount"), pod.read(top, "pod"), node.read(top, "node"))
	if err != nil {
		return nil, err
	}
	if pod.Name == "" && pod.UID != "" || pod.Name != "" && pod.UID == "" {
		return nil, errors.New("the claim of the pod names no pod and UID")
	}
	id.ServiceAccount, id.UID = account.Name, account.UID
	id.Pod, id.PodUID = pod.Name, pod.UID
	if pod.Name != "" { // of a token without a pod, it is the node that the token is bound to
		id.Node = node.Name
	}
	return &id, nil
}

// readLegacyClaims reads the flat claims; nil: there is none of them.
func readLegacyClaims(claims map[string]any) (*kubernetesIdentity, error) {
	var id kubernetesIdentity
	err := errors.Join(readString(claims, claimLegacyNamespace, &id.Namespace), readString(claims, claimLegacyAccount, &id.ServiceAccount),
		readString(claims, claimLegacyUID, &id.UID))
	if err != nil || id == (kubernetesIdentity{}) {
		return nil, err
	}
	return &id, nil
}

// reference names an object as claims do.
type reference struct{ Name, UID string }

func (r *reference) read(in map[string]any, key string) error {
	raw, ok := in[key]
	if !ok {
		return nil
	}
	object, ok := raw.(map[string]any)
	if !ok {
		return fmt.Errorf("the claim %s is no object", key)
	}
	return errors.Join(readString(object, "name", &r.Name), readString(object, "uid", &r.UID))
}

func readString(in map[string]any, key string, into *string) error {
	raw, ok := in[key]
	if !ok {
		return nil
	}
	if *into, ok = raw.(string); !ok {
		return fmt.Errorf("the claim %s is no string", key)
	}
	return nil
}

const maxKubernetesUID = 128

// check refuses what cannot be the name of such an object: names become paths
// of requests to the API.
func (id kubernetesIdentity) check() error {
	switch {
	case len(validation.IsDNS1123Label(id.Namespace)) > 0:
		return errors.New("the claims name no namespace")
	case len(validation.IsDNS1123Subdomain(id.ServiceAccount)) > 0:
		return errors.New("the claims name no service account")
	case id.Pod != "" && len(validation.IsDNS1123Subdomain(id.Pod)) > 0:
		return errors.New("the claims name a pod that cannot be")
	case id.Node != "" && len(validation.IsDNS1123Subdomain(id.Node)) > 0:
		return errors.New("the claims name a node that cannot be")
	case len(id.UID) > maxKubernetesUID || len(id.PodUID) > maxKubernetesUID || strings.ContainsFunc(id.UID+id.PodUID, notPrintable):
		return errors.New("the claims hold a UID that cannot be")
	}
	return nil
}

func notPrintable(r rune) bool { return r <= ' ' || r > '~' }

// username is how the cluster names the service account, in sub and in what it
// says of who is authenticated.
func (id kubernetesIdentity) username() string {
	return "system:serviceaccount:" + id.Namespace + ":" + id.ServiceAccount
}
