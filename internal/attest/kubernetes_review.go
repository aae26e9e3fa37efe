package attest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"authsec/sdk/go/jws"

	authenticationv1 "k8s.io/api/authentication/v1"
)

// What the API says of a token's pod beside the user
// (k8s.io/apiserver/pkg/authentication/serviceaccount).
const (
	extraPodName  = "authentication.kubernetes.io/pod-name"
	extraPodUID   = "authentication.kubernetes.io/pod-uid"
	extraNodeName = "authentication.kubernetes.io/node-name"
)

// reviewed has the API verify the token. What can be judged without a key is
// judged before, so that a bad token costs the API nothing: the API knows
// neither our leeway nor how long a token may live.
func (k *kubernetes) reviewed(ctx context.Context, raw string, now time.Time) (kubernetesIdentity, time.Time, error) {
	fail := func(err error) (kubernetesIdentity, time.Time, error) { return kubernetesIdentity{}, time.Time{}, err }
	if _, err := jws.Parse(raw, jws.Algorithms()...); err != nil {
		return fail(unreadable(err))
	}
	claims, err := jws.Peek(raw)
	if err != nil {
		return fail(unreadable(err))
	}
	until, err := k.rules.judge(claims, now)
	if err != nil {
		return fail(err)
	}
	id, err := readKubernetesClaims(claims)
	if err != nil {
		return fail(reject(noServiceAccount, err))
	}
	status, err := k.api.review(ctx, raw, k.rules.Audience)
	switch {
	case err != nil:
		return fail(err)
	case !status.Authenticated:
		return fail(reject("The cluster does not accept the token: it is not genuine, or its pod or service account is gone."+useRunning, errors.New(status.Error)))
	// An API without audiences returns none, and has not checked ours (TokenReviewStatus.audiences).
	case !slices.Contains(status.Audiences, k.rules.Audience):
		return fail(reject("The token was issued for another audience. Request one for the audience that the workload source names.", errors.New("the review names another audience")))
	}
	if err := id.confirm(status.User); err != nil {
		return fail(reject(noServiceAccount, err))
	}
	return id, until, nil
}

// confirm compares an identity with whom the API says the token authenticates,
// and takes from it what the claims leave out.
func (id *kubernetesIdentity) confirm(user authenticationv1.UserInfo) error {
	if user.Username != id.username() || (id.UID != "" && user.UID != id.UID) {
		return errors.New("the review names another service account than the claims")
	}
	name, uid := extra(user, extraPodName), extra(user, extraPodUID)
	if (name != id.Pod || uid != id.PodUID) && id.Pod != "" && name+uid != "" {
		return errors.New("the review names another pod than the claims")
	}
	node := extra(user, extraNodeName)
	if id.Node != "" && node != "" && node != id.Node {
		return errors.New("the review names another node than the claims")
	}
	if id.Pod == "" && name != "" && uid != "" {
		id.Pod, id.PodUID = name, uid
	}
	if id.Node == "" && id.Pod != "" {
		id.Node = node
	}
	if err := id.check(); err != nil {
		return fmt.Errorf("the review: %w", err)
	}
	return nil
}

// extra returns the only value of an extra field; "" : it has none or several.
func extra(user authenticationv1.UserInfo, key string) string {
	if values := user.Extra[key]; len(values) == 1 {
		return values[0]
	}
	return ""
}
