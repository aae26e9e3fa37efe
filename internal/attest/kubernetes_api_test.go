package attest

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"authsec/internal/attest/kubetest"
	"authsec/internal/attest/spiffetest"
	"authsec/internal/domain"

	authenticationv1 "k8s.io/api/authentication/v1"
)

// untold must end in neither a pass nor a rejection.
func (r *replay) untold(ctx context.Context, t testing.TB, v Verifier, raw string) {
	t.Helper()
	got, err := v.Verify(ctx, Presented{Bearer: domain.Secret(raw)}, r.clock.Now())
	if _, ok := errors.AsType[*Rejection](err); ok || err == nil || errors.Is(err, ErrNotMine) || len(got.Selectors) > 0 {
		t.Errorf("got %+v, %v: want that it cannot be told", got, err)
	}
	if err != nil && strings.Contains(err.Error(), raw) {
		t.Errorf("it shows the token: %v", err)
	}
}

func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// Whatever an API that is not well answers, it is never a pass, and never a
// refusal that would make a workload throw a good token away.
func TestKubernetesAPIOutage(t *testing.T) {
	r := newReplay(t)
	support := r.Token(t, "support").Raw
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it went where it was sent to") }))
	defer elsewhere.Close()
	api := r.verifier(t, func(s *domain.KubernetesSource) { r.api(t)(s); r.offline(s) })
	review := r.verifier(t, r.review(t))
	for name, down := range map[string]http.HandlerFunc{
		"does not know us":          answer(401, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Unauthorized","code":401}`),
		"does not let us":           answer(403, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403}`),
		"has too much to do":        answer(429, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"TooManyRequests","code":429}`),
		"fails":                     answer(500, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"InternalError","code":500}`),
		"is away behind a proxy":    answer(503, `<html>`),
		"is not there":              answer(404, `{"error":"no such page"}`),
		"is not there, as a page":   func(w http.ResponseWriter, q *http.Request) { http.NotFound(w, q) },
		"is another server":         answer(200, `{}`),
		"is no JSON":                answer(200, `<html>`),
		"answers with another kind": answer(200, `{"kind":"Secret","apiVersion":"v1","metadata":{"name":"support","namespace":"production"}}`),
		"answers about another pod": answer(200, `{"kind":"Pod","apiVersion":"v1","metadata":{"name":"other","namespace":"production"}}`),
		"answers without end": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"kind":"Pod","apiVersion":"v1","metadata":{"name":"support","namespace":"production"},"x":"`))
			_, _ = io.CopyN(w, endless{}, 2*kubernetesAnswer)
			_, _ = w.Write([]byte(`"}`))
		},
		"sends us elsewhere": func(w http.ResponseWriter, q *http.Request) {
			http.Redirect(w, q, elsewhere.URL, http.StatusTemporaryRedirect)
		},
		"hangs up": func(w http.ResponseWriter, _ *http.Request) {
			if c, _, err := w.(http.Hijacker).Hijack(); err == nil {
				c.Close()
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			defer r.server.Down("", nil)
			for _, part := range []string{"/pods/", ""} { // the token is verified, and its pod cannot be read; nothing works
				r.server.Down(part, down)
				r.untold(t.Context(), t, api, support)
				r.untold(t.Context(), t, review, support)
			}
		})
	}
	if _, _, err := r.verify(t, api, support); err != nil {
		t.Errorf("well again: %v", err)
	}
}

// endless reads as one letter for ever.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// An API that does not answer costs the caller's patience, and no more.
func TestKubernetesAPIHangs(t *testing.T) {
	r := newReplay(t)
	api := r.verifier(t, func(s *domain.KubernetesSource) { r.api(t)(s); r.offline(s) })
	reached := make(chan struct{}, 1)
	r.server.Down("", func(_ http.ResponseWriter, q *http.Request) {
		reached <- struct{}{}
		<-q.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-reached
		cancel()
	}()
	r.untold(ctx, t, api, r.Token(t, "support").Raw)
}

// Our own credential is no part of the recording: the server checks it.
func TestKubernetesAPICredential(t *testing.T) {
	r := newReplay(t)
	stranger := spiffetest.NewAuthority(t, "example.org").Bundle().X509Authorities()[0]
	ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: stranger.Raw}))
	wrong := kubetest.WriteKubeconfig(t, r.server.URL, r.server.CA(), "wrong")
	untrusted := kubetest.WriteKubeconfig(t, r.server.URL, ca, "right")
	for _, file := range []string{wrong, untrusted} {
		v := r.verifier(t, func(s *domain.KubernetesSource) { s.TokenReview, s.API = true, &domain.KubernetesAPI{Kubeconfig: file} })
		r.untold(t.Context(), t, v, r.Token(t, "support").Raw)
	}
}

// What a review says must be about this token, for us.
func TestKubernetesReview(t *testing.T) {
	r := newReplay(t)
	v := r.verifier(t, r.review(t))
	token := r.Token(t, "support")
	for name, tt := range map[string]struct {
		change func(*authenticationv1.TokenReviewStatus)
		says   string // "" : it is accepted
	}{
		"as recorded":             {func(*authenticationv1.TokenReviewStatus) {}, ""},
		"of an API before 1.30":   {func(s *authenticationv1.TokenReviewStatus) { delete(s.User.Extra, extraNodeName) }, ""},
		"of an API before 1.21":   {func(s *authenticationv1.TokenReviewStatus) { s.User.Extra = nil }, ""},
		"not authenticated":       {func(s *authenticationv1.TokenReviewStatus) { s.Authenticated = false }, "does not accept"},
		"for no audience":         {func(s *authenticationv1.TokenReviewStatus) { s.Audiences = nil }, "another audience"},
		"for another audience":    {func(s *authenticationv1.TokenReviewStatus) { s.Audiences = []string{r.Audience + "/"} }, "another audience"},
		"of another user":         {func(s *authenticationv1.TokenReviewStatus) { s.User.Username = "system:serviceaccount:production:root" }, "service account"},
		"of a person":             {func(s *authenticationv1.TokenReviewStatus) { s.User.Username = "kubernetes-admin" }, "service account"},
		"of an account made anew": {func(s *authenticationv1.TokenReviewStatus) { s.User.UID = "x" }, "service account"},
		"of another pod":          {func(s *authenticationv1.TokenReviewStatus) { s.User.Extra[extraPodName] = []string{"other"} }, "service account"},
		"of a pod made anew":      {func(s *authenticationv1.TokenReviewStatus) { s.User.Extra[extraPodUID] = []string{"x"} }, "service account"},
		"of another node":         {func(s *authenticationv1.TokenReviewStatus) { s.User.Extra[extraNodeName] = []string{"node-4"} }, "service account"},
	} {
		t.Run(name, func(t *testing.T) {
			r.server.Change(func(path string, body []byte) []byte {
				if path != kubetest.PathReview {
					return body
				}
				var review authenticationv1.TokenReview
				if err := json.Unmarshal(body, &review); err != nil {
					t.Error(err)
				}
				tt.change(&review.Status)
				out, err := json.Marshal(review)
				if err != nil {
					t.Error(err)
				}
				return out
			})
			defer r.server.Change(nil)
			if tt.says != "" {
				r.rejected(t, v, token.Raw, tt.says)
				return
			}
			if got, _, err := r.verify(t, v, token.Raw); err != nil || !strings.Contains(strings.Join(got, "|"), "k8s:pod-uid="+token.UID+" signed") {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

// What a token leaves out, its review can tell.
func TestConfirmCompletes(t *testing.T) {
	user := authenticationv1.UserInfo{Username: "system:serviceaccount:production:support", UID: "s1", Extra: map[string]authenticationv1.ExtraValue{
		extraPodName: {"support-7d9f"}, extraPodUID: {"p1"}, extraNodeName: {"node-3"}}}
	id := kubernetesIdentity{Namespace: "production", ServiceAccount: "support"}
	if err := id.confirm(user); err != nil || id.Pod != "support-7d9f" || id.PodUID != "p1" || id.Node != "node-3" {
		t.Errorf("%+v, %v", id, err)
	}
	for name, change := range map[string]func(){
		"a pod that is a path": func() { user.Extra[extraPodName] = []string{"../nodes"} },
		"two pods":             func() { user.Extra[extraPodName] = []string{"a", "b"} },
	} {
		change()
		id := kubernetesIdentity{Namespace: "production", ServiceAccount: "support"}
		if err := id.confirm(user); (err == nil && id.Pod != "") || id.Node == "node-3" && id.Pod == "" {
			t.Errorf("%s: %+v, %v", name, id, err)
		}
	}
}

// Keys are asked for with the API's credential at the API's own address alone.
func TestKubernetesKeysWithoutCredentialElsewhere(t *testing.T) {
	r := newReplay(t)
	seen := make(chan string, 10)
	keys := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		seen <- q.Header.Get("Authorization")
		_, _ = w.Write(r.Keys["before"])
	}))
	defer keys.Close()
	v := r.verifier(t, func(s *domain.KubernetesSource) { r.api(t)(s); s.JWKSURL = keys.URL })
	if _, _, err := r.verify(t, v, r.Token(t, "support").Raw); err != nil {
		t.Fatal(err)
	}
	if got := <-seen; got != "" {
		t.Errorf("the credential went to another server: %q", got)
	}
	r.server.Down("", func(w http.ResponseWriter, q *http.Request) {
		seen <- q.Header.Get("Authorization")
		w.WriteHeader(http.StatusInternalServerError)
	})
	r.untold(t.Context(), t, r.verifier(t, r.api(t)), r.Token(t, "support").Raw)
	if got := <-seen; !strings.HasPrefix(got, "Bearer ") {
		t.Errorf("the API was asked with %q", got)
	}
}
