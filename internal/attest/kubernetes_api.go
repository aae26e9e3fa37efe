package attest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"authsec/internal/domain"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
)

// kubernetesAPI asks a cluster's API. It has clients for two groups of types:
// the whole typed clientset would triple the program's growth.
type kubernetesAPI struct {
	core, authentication rest.Interface
	client               *http.Client
	host                 *url.URL
	idle                 func() // closes what keyTransport left open; nil: nothing
}

func newKubernetesAPI(s domain.KubernetesSource) (*kubernetesAPI, error) {
	config, err := kubernetesConfig(s)
	if err != nil {
		return nil, err
	}
	scheme := runtime.NewScheme()
	scheme.AddKnownTypes(corev1.SchemeGroupVersion, &corev1.Pod{})
	scheme.AddKnownTypes(authenticationv1.SchemeGroupVersion, &authenticationv1.TokenReview{})
	metav1.AddToGroupVersion(scheme, corev1.SchemeGroupVersion)
	metav1.AddToGroupVersion(scheme, authenticationv1.SchemeGroupVersion)
	config.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return bounded{next} })
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, err
	}
	// A redirect would carry this server's credentials elsewhere.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	a := &kubernetesAPI{client: client}
	if a.host, _, err = rest.DefaultServerUrlFor(config); err != nil {
		return nil, err
	}
	of := func(path string, group schema.GroupVersion) (rest.Interface, error) {
		c := rest.CopyConfig(config)
		c.APIPath, c.GroupVersion = path, &group
		return rest.RESTClientForConfigAndClient(c, client)
	}
	if a.core, err = of("/api", corev1.SchemeGroupVersion); err != nil {
		return nil, err
	}
	if a.authentication, err = of("/apis", authenticationv1.SchemeGroupVersion); err != nil {
		return nil, err
	}
	return a, nil
}

// keyTransport asks for the cluster's keys: at the API's own address as the API
// is asked, since most clusters show their keys to those alone whom they know;
// everywhere else without credentials.
func (a *kubernetesAPI) keyTransport(caBundle string) (http.RoundTripper, error) {
	elsewhere, err := newTransport(caBundle)
	if err != nil {
		return nil, err
	}
	a.idle = elsewhere.CloseIdleConnections
	return keyTransport{api: a, elsewhere: elsewhere}, nil
}

type keyTransport struct {
	api       *kubernetesAPI
	elsewhere http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t keyTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme == t.api.host.Scheme && r.URL.Host == t.api.host.Host {
		return t.api.client.Transport.RoundTrip(r)
	}
	return t.elsewhere.RoundTrip(r)
}

// Close lets go of what connections are idle.
func (a *kubernetesAPI) Close() {
	utilnet.CloseIdleConnectionsFor(a.client.Transport)
	if a.idle != nil {
		a.idle()
	}
}

// pod reads a pod; nil: there is none of the name.
func (a *kubernetesAPI) pod(ctx context.Context, namespace, name string) (*corev1.Pod, error) {
	var pod corev1.Pod
	err := a.core.Get().Namespace(namespace).Resource("pods").Name(name).MaxRetries(0).Do(unlogged(ctx)).Into(&pod)
	// A proxy, or something else at this address, can also answer 404.
	if apierrors.IsNotFound(err) && !apierrors.HasStatusCause(err, metav1.CauseTypeUnexpectedServerResponse) {
		return nil, nil //nolint:nilnil // none is an answer
	}
	if err == nil && (pod.Name != name || pod.Namespace != namespace) {
		err = errors.New("the answer is about another object")
	}
	if err != nil {
		return nil, fmt.Errorf("read the pod of a token: %w", err)
	}
	return &pod, nil
}

// review has the API verify a token (TokenReview).
func (a *kubernetesAPI) review(ctx context.Context, raw, audience string) (authenticationv1.TokenReviewStatus, error) {
	ask := &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: raw, Audiences: []string{audience}}}
	var answer authenticationv1.TokenReview
	err := a.authentication.Post().Resource("tokenreviews").Body(ask).MaxRetries(0).Do(unlogged(ctx)).Into(&answer)
	// An answer of another kind decodes into an empty review, which is no verdict.
	if err == nil && answer.Spec.Token != raw {
		err = errors.New("the answer is about another token")
	}
	if err != nil {
		return authenticationv1.TokenReviewStatus{}, fmt.Errorf("review a token: %w", err)
	}
	return answer.Status, nil
}

// unlogged keeps client-go from logging: its errors are ours to log, and the
// bodies it can log hold tokens.
func unlogged(ctx context.Context) context.Context { return klog.NewContext(ctx, klog.New(nil)) }

// bounded bounds the answers that a client reads.
type bounded struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := b.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	answer.Body = &boundedBody{answer.Body, kubernetesAnswer}
	return answer, nil
}

// WrappedRoundTripper returns what it bounds, so that its connections can be closed.
func (b bounded) WrappedRoundTripper() http.RoundTripper { return b.next }

var errLongAnswer = fmt.Errorf("the answer is longer than %d bytes", kubernetesAnswer) //nolint:gochecknoglobals // an error value

type boundedBody struct {
	io.ReadCloser
	left int64
}

// Read fails once more than the limit was read: a cut answer must not pass for a whole one.
func (b *boundedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, errLongAnswer
	}
	return n, err
}
