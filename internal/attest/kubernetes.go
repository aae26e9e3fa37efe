package attest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"authsec/internal/domain"
)

// kubernetes verifies the service-account tokens of one cluster. A token proves
// namespace, service account, pod and node; with API access the pod it names
// says the rest (DESIGN §5).
type kubernetes struct {
	rules  tokenRules     // its Keys are nil where the API reviews tokens
	api    *kubernetesAPI // nil: no API access
	review bool
}

func newKubernetes(s domain.KubernetesSource, e Environment) (Verifier, error) {
	k := &kubernetes{review: s.TokenReview, rules: tokenRules{Issuer: s.Issuer, Audience: s.Audience, MaxAge: domain.DefaultMaxProofAge}}
	if s.Issuer == "" || s.Audience == "" {
		return nil, errors.New("a Kubernetes source needs an issuer and an audience")
	}
	if s.MaxTokenSeconds > 0 {
		k.rules.MaxAge = time.Duration(s.MaxTokenSeconds) * time.Second
	}
	var err error
	if s.API != nil {
		if k.api, err = newKubernetesAPI(s); err != nil {
			return nil, fmt.Errorf("API access: %w", err)
		}
	}
	if s.TokenReview {
		if k.api == nil {
			return nil, errors.New("token_review needs api")
		}
		return k, nil
	}
	keys := keyOptions{Issuer: s.Issuer, JWKS: s.JWKS, JWKSURL: s.JWKSURL, CABundle: s.CABundle, Now: e.Now, Log: e.Log}
	if k.api != nil && s.JWKS == "" {
		if keys.Transport, err = k.api.keyTransport(s.CABundle); err != nil {
			return nil, err
		}
	}
	if k.rules.Keys, err = newKeySet(keys); err != nil {
		return nil, err
	}
	return k, nil
}

// Verify implements Verifier.
func (k *kubernetes) Verify(ctx context.Context, p Presented, now time.Time) (Attested, error) {
	raw := p.Bearer.Reveal()
	if said, ok := peek(raw); !ok || said.Issuer != k.rules.Issuer {
		return Attested{}, ErrNotMine
	}
	id, until, err := k.identify(ctx, raw, now)
	if err != nil {
		return Attested{}, err
	}
	got := id.attested()
	got.Until = until
	// Which of several clusters it is: any of them may have such a namespace.
	got.Selectors = append(got.Selectors, Selector{domain.Selector{Key: domain.SelectorCluster, Value: k.rules.Issuer}, Signed})
	if k.api == nil || id.Pod == "" {
		got.Missing = whyNotLookedUp(id)
		return got, nil
	}
	pod, err := k.api.pod(ctx, id.Namespace, id.Pod)
	if err != nil {
		return Attested{}, err
	}
	if pod == nil {
		return Attested{}, reject("The pod of this token is gone."+useRunning, nil)
	}
	if err := checkPod(pod, id, now); err != nil {
		return Attested{}, err
	}
	got.lookUp(pod, k.rules.Audience)
	return got, nil
}

// identify returns whom a token names, and until when, once it is proven genuine.
func (k *kubernetes) identify(ctx context.Context, raw string, now time.Time) (kubernetesIdentity, time.Time, error) {
	if k.review {
		return k.reviewed(ctx, raw, now)
	}
	claims, until, err := k.rules.verify(ctx, raw, now)
	if err != nil {
		return kubernetesIdentity{}, time.Time{}, err
	}
	id, err := readKubernetesClaims(claims)
	if err != nil {
		return kubernetesIdentity{}, time.Time{}, reject(noServiceAccount, err)
	}
	return id, until, nil
}

const noServiceAccount = "The token is not one of a Kubernetes service account. Present the token that is mounted in the agent's pod."

// Close implements Verifier.
func (k *kubernetes) Close() error {
	if k.api != nil {
		k.api.Close()
	}
	if k.rules.Keys != nil {
		return k.rules.Keys.Close()
	}
	return nil
}

// attested returns what a genuine token proves by itself.
func (id kubernetesIdentity) attested() Attested {
	got := Attested{Kind: KindKubernetes, Missing: map[string]string{}}
	for _, s := range []domain.Selector{{Key: keyNamespace, Value: id.Namespace}, {Key: keyServiceAccount, Value: id.ServiceAccount},
		{Key: keyPodName, Value: id.Pod}, {Key: keyPodUID, Value: id.PodUID}, {Key: keyNodeName, Value: id.Node}} {
		if s.Value != "" {
			got.Selectors = append(got.Selectors, Selector{Selector: s, How: Signed})
		}
	}
	return got
}
