package attest

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"authsec/internal/attest/kubetest"
	"authsec/internal/attest/oidctest"
	"authsec/internal/clocktest"
	"authsec/internal/domain"
	"authsec/sdk/go/jws"

	"github.com/go-jose/go-jose/v4"
)

// replay is a cluster as it was recorded, at the time of the recording.
type replay struct {
	kubetest.Recording
	server *kubetest.Server
	clock  *clocktest.Clock
}

func newReplay(t testing.TB) *replay {
	t.Helper()
	r := kubetest.Load(t, "testdata/kubernetes/recording.json")
	return &replay{r, kubetest.Serve(t, r, "before"), clocktest.At(r.At)}
}

// offline, api and review are the three ways in which a source can be set up.
func (r *replay) offline(s *domain.KubernetesSource) { s.JWKS = string(r.Keys["before"]) }

func (r *replay) api(t testing.TB) func(*domain.KubernetesSource) {
	return func(s *domain.KubernetesSource) {
		s.JWKSURL, s.API = r.server.URL+kubetest.PathKeys, &domain.KubernetesAPI{Kubeconfig: r.server.Kubeconfig(t)}
	}
}

func (r *replay) review(t testing.TB) func(*domain.KubernetesSource) {
	return func(s *domain.KubernetesSource) {
		s.TokenReview, s.API = true, &domain.KubernetesAPI{Kubeconfig: r.server.Kubeconfig(t)}
	}
}

func (r *replay) verifier(t testing.TB, change func(*domain.KubernetesSource)) Verifier {
	t.Helper()
	s := domain.KubernetesSource{Issuer: r.Issuer, Audience: r.Audience}
	change(&s)
	v, err := newKubernetes(s, Environment{TrustDomain: "authsec.local", Now: r.clock.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	})
	return v
}

// verify returns the selectors as "key=value how", in order.
func (r *replay) verify(t testing.TB, v Verifier, raw string) ([]string, Attested, error) {
	t.Helper()
	got, err := v.Verify(t.Context(), Presented{Bearer: domain.Secret(raw)}, r.clock.Now())
	if err != nil && (len(got.Selectors) > 0 || got.Kind != "") {
		t.Errorf("failed, and still attested %+v", got)
	}
	var all []string
	for _, s := range got.Selectors {
		all = append(all, s.Key+"="+s.Value+" "+string(s.How))
	}
	return all, got, err
}

func (r *replay) rejected(t testing.TB, v Verifier, raw, says string) {
	t.Helper()
	_, _, err := r.verify(t, v, raw)
	rejection, ok := errors.AsType[*Rejection](err)
	if !ok || !strings.Contains(rejection.Problem, says) {
		t.Errorf("got %v: want a rejection that says %q", err, says)
	}
}

const (
	accountOf = "k8s:ns=production signed|k8s:sa=customer-support-sa signed"
	labelsOf  = "k8s:pod-label:app=customer-support looked_up|k8s:pod-label:example.com/team=support looked_up"
	imageOf   = "k8s:container-image=registry.example.com/agent:1.4 looked_up"
	digestOf  = "k8s:container-image=registry.example.com/agent@sha256:0d1e9b3a5c7f1e2d3c4b5a69788796a5b4c3d2e1f0918273645546372819a0b1 looked_up"
)

func TestKubernetesAttests(t *testing.T) {
	r := newReplay(t)
	offline, api, review := r.verifier(t, r.offline), r.verifier(t, r.api(t)), r.verifier(t, r.review(t))
	for name, tt := range map[string]struct {
		lookedUp string // beyond the labels; "-" : it has no pod
		missing  []string
	}{
		"support":   {"k8s:container-name=agent looked_up|" + imageOf + "|" + digestOf, nil},
		"pair":      {imageOf, []string{"k8s:container-name"}},
		"mixed":     {"", []string{"k8s:container-image", "k8s:container-name"}},
		"unmounted": {"", []string{"k8s:container-image", "k8s:container-name"}},
		"unbound": {"-", []string{"k8s:container-image", "k8s:container-name", "k8s:node-name", "k8s:pod-label:",
			"k8s:pod-name", "k8s:pod-uid"}},
	} {
		t.Run(name, func(t *testing.T) {
			token := r.Token(t, name)
			signed := accountOf
			if token.Pod != "" {
				signed += "|k8s:pod-name=" + token.Pod + " signed|k8s:pod-uid=" + token.UID + " signed|k8s:node-name=node-3 signed"
			}
			signed += "|k8s:cluster=" + r.Issuer + " signed"
			got, a, err := r.verify(t, offline, token.Raw)
			if err != nil || strings.Join(got, "|") != signed || a.Missing["k8s:pod-label:"] == "" || a.Kind != KindKubernetes {
				t.Errorf("offline: %q, %v", got, err)
			}
			want := signed
			if tt.lookedUp != "-" {
				want = strings.TrimSuffix(signed+"|"+labelsOf+"|"+tt.lookedUp, "|")
			}
			for way, v := range map[string]Verifier{"api": api, "review": review} {
				got, a, err := r.verify(t, v, token.Raw)
				if err != nil || strings.Join(got, "|") != want {
					t.Errorf("%s: %q\nwant %q, %v", way, got, want, err)
				}
				var missing []string
				for key := range a.Missing {
					missing = append(missing, key)
				}
				if slices.Sort(missing); !slices.Equal(missing, tt.missing) {
					t.Errorf("%s: missing %q, want %q", way, missing, tt.missing)
				}
				if left := a.Until.Sub(r.At); left < 59*time.Minute || left > time.Hour {
					t.Errorf("%s: good for %v", way, left)
				}
			}
		})
	}
}

func TestKubernetesRejects(t *testing.T) {
	r := newReplay(t)
	ways := map[string]Verifier{"offline": r.verifier(t, r.offline), "api": r.verifier(t, r.api(t)), "review": r.verifier(t, r.review(t))}
	support := r.Token(t, "support").Raw
	forged := func(alg string, key any, kid string) string {
		return oidctest.Sign(t, jose.JSONWebKey{Key: key, KeyID: kid, Algorithm: alg}, claimsOf(t, support), nil)
	}
	kid := kidOf(t, support)
	for name, tt := range map[string]struct {
		raw, says string
		after     time.Duration
		ways      []string
	}{
		"expired":                    {support, "expired", time.Hour + 31*time.Second, nil},
		"not yet valid":              {support, "not valid yet", -time.Minute, nil},
		"for another audience":       {r.Token(t, "audience").Raw, "another audience", 0, nil},
		"for the API itself":         {r.Token(t, "api").Raw, "another audience", 0, nil},
		"HS256 by the public key":    {forged("HS256", []byte(r.Keys["before"]), kid), "algorithm", 0, nil},
		"alg none":                   {unsigned(support), "algorithm", 0, nil},
		"another key of the same ID": {forged("RS256", oidctest.NewKey(t, "x", "RS256").Key, kid), "signature", 0, []string{"offline", "api"}},
		"a key of another ID":        {forged("RS256", oidctest.NewKey(t, "x", "RS256").Key, "x"), "does not publish", 0, []string{"offline", "api"}},
		"a key of another kind":      {forged("ES256", oidctest.NewKey(t, "x", "ES256").Key, kid), "does not publish", 0, []string{"offline", "api"}},
		"a key that is new":          {r.Token(t, "rotated").Raw, "does not publish", 0, []string{"offline"}},
		"a pod that is gone":         {r.Token(t, "gone").Raw, "gone", 0, []string{"api", "review"}},
		"a pod made anew":            {r.Token(t, "again").Raw, "gone", 0, []string{"api", "review"}},
		"a pod that has ended":       {r.Token(t, "ended").Raw, "ended", 0, []string{"api", "review"}},
		"a pod that has failed":      {r.Token(t, "failed").Raw, "ended", 0, []string{"api", "review"}},
	} {
		t.Run(name, func(t *testing.T) {
			r.clock.Set(r.At.Add(tt.after))
			defer r.clock.Set(r.At)
			if tt.ways == nil {
				tt.ways = []string{"offline", "api", "review"}
			}
			for _, way := range tt.ways {
				r.server.Asked()
				r.rejected(t, ways[way], tt.raw, tt.says)
				if asked := r.server.Asked(); way == "review" && !slices.Contains([]string{"gone", "ended"}, tt.says) && len(asked) > 0 {
					t.Errorf("a bad token cost the API %q", asked)
				}
			}
		})
	}
	t.Run("30 seconds of leeway and no more", func(t *testing.T) {
		claims := jws.Object(claimsOf(t, support))
		issued, _ := claims.Seconds("iat")
		expires, _ := claims.Seconds("exp")
		for at, good := range map[int64]bool{issued - 31: false, issued - 30: true, expires + 29: true, expires + 30: false} {
			r.clock.Set(time.Unix(at, 0))
			for _, way := range []string{"offline", "review"} {
				if _, _, err := r.verify(t, ways[way], support); (err == nil) != good {
					t.Errorf("%s, %d s after it was issued: %v", way, at-issued, err)
				}
			}
		}
	})
	t.Run("older than the source takes", func(t *testing.T) {
		r.clock.Set(r.At)
		for seconds, good := range map[int64]bool{3599: false, 3600: true} {
			for _, way := range []func(*domain.KubernetesSource){r.offline, r.review(t)} {
				v := r.verifier(t, func(s *domain.KubernetesSource) { way(s); s.MaxTokenSeconds = seconds })
				if good {
					if _, _, err := r.verify(t, v, support); err != nil {
						t.Error(err)
					}
				} else {
					r.rejected(t, v, support, "for longer")
				}
			}
		}
	})
}

// A token that another source made is that one's to judge.
func TestKubernetesLeavesOthersAlone(t *testing.T) {
	r := newReplay(t)
	other := r.verifier(t, func(s *domain.KubernetesSource) { r.offline(s); s.Issuer = "https://cluster.example.com" })
	own := r.verifier(t, r.offline)
	i := oidctest.New(t, "")
	for name, tt := range map[string]struct {
		v   Verifier
		raw string
	}{
		"another cluster's":        {other, r.Token(t, "support").Raw},
		"an OIDC issuer's":         {own, i.Sign(i.Claims(r.At, r.Audience, nil))},
		"another's, and a bad one": {r.verifier(t, r.review(t)), unsigned(i.Sign(i.Claims(r.At, r.Audience, nil)))},
		"of no issuer":             {own, i.Sign(i.Claims(r.At, r.Audience, map[string]any{"iss": nil}))},
		"not a token":              {own, "authsec_x"},
		"nothing":                  {own, ""},
	} {
		if _, _, err := r.verify(t, tt.v, tt.raw); !errors.Is(err, ErrNotMine) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A token that the cluster's keys signed, and is not one of a service account.
func TestKubernetesNeedsAServiceAccount(t *testing.T) {
	r, i := newReplay(t), oidctest.New(t, "")
	v := r.verifier(t, func(s *domain.KubernetesSource) { s.Issuer, s.JWKS = i.URL(), i.JWKS() })
	r.rejected(t, v, i.Sign(i.Claims(r.At, r.Audience, nil)), "service account")
	// One of a Secret, as before Kubernetes 1.24: for whoever takes it, for ever.
	legacy := map[string]any{"sub": "system:serviceaccount:production:support", "aud": nil, "exp": nil, "iat": nil,
		"kubernetes.io/serviceaccount/namespace": "production", "kubernetes.io/serviceaccount/service-account.name": "support"}
	r.rejected(t, v, i.Sign(i.Claims(r.At, r.Audience, legacy)), "audience")
	legacy["aud"] = r.Audience
	r.rejected(t, v, i.Sign(i.Claims(r.At, r.Audience, legacy)), "expires")
}

// The next key is found once the cluster publishes it; the old one serves on.
func TestKubernetesKeyRotation(t *testing.T) {
	r := newReplay(t)
	v := r.verifier(t, r.api(t))
	if _, _, err := r.verify(t, v, r.Token(t, "support").Raw); err != nil {
		t.Fatal(err)
	}
	r.clock.Advance(10 * time.Second)
	r.rejected(t, v, r.Token(t, "rotated").Raw, "does not publish")
	r.server.Publish("both")
	r.clock.Advance(10 * time.Second)
	for _, name := range []string{"rotated", "support"} {
		if _, _, err := r.verify(t, v, r.Token(t, name).Raw); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func claimsOf(t testing.TB, raw string) map[string]any {
	t.Helper()
	claims, err := jws.Peek(raw)
	if err != nil {
		t.Fatal(err)
	}
	return claims
}

func kidOf(t testing.TB, raw string) string {
	t.Helper()
	header, err := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[0])
	var h struct{ Kid string }
	if err = errors.Join(err, json.Unmarshal(header, &h)); err != nil {
		t.Fatal(err)
	}
	return h.Kid
}

func unsigned(raw string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + strings.Split(raw, ".")[1] + "."
}
