package testkube

import (
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"net/http"
	"slices"
	"testing"
	"time"

	"authsec/internal/attest"
	"authsec/internal/attest/kubetest"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var record = flag.Bool("record", false, "renew what make test replays")

const recordingFile = "../internal/attest/testdata/kubernetes/recording.json"

func isNotMine(err error) bool { return errors.Is(err, attest.ErrNotMine) }

// testRecording asks the server what the attestor would ask it of every token,
// and keeps that, or compares it with what was kept.
func (h *house) testRecording(t *testing.T) {
	h.serve(t, h.after, h.before) // with both keys again, so that every token is genuine
	version, err := h.Discovery().ServerVersion()
	must(t, err)
	now := kubetest.Recording{Server: version.GitVersion, At: time.Now().UTC().Truncate(time.Second), Issuer: h.url, Audience: audience, Keys: h.published, Tokens: h.tokens}
	for name, token := range h.tokens {
		review, err := json.Marshal(authenticationv1.TokenReview{TypeMeta: metav1.TypeMeta{Kind: "TokenReview", APIVersion: "authentication.k8s.io/v1"},
			Spec: authenticationv1.TokenReviewSpec{Token: token.Raw, Audiences: []string{audience}}})
		must(t, err)
		now.Answers = append(now.Answers, h.ask(t, kubetest.Answer{Path: kubetest.PathReview, Token: name}, review))
		if token.Pod == "" {
			continue
		}
		namespace := production
		if name == "elsewhere" {
			namespace = staging
		}
		answer := kubetest.Answer{Path: kubetest.PathPod(namespace, token.Pod)}
		if !slices.ContainsFunc(now.Answers, func(a kubetest.Answer) bool { return a.Path == answer.Path }) {
			now.Answers = append(now.Answers, h.ask(t, answer, nil))
		}
	}
	slices.SortFunc(now.Answers, func(a, b kubetest.Answer) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Token, b.Token))
	})
	if *record {
		must(t, now.Save(recordingFile))
	}
	compare(t, kubetest.Load(t, recordingFile), now)
}

// ask sends a request as the attestor does.
func (h *house) ask(t testing.TB, a kubetest.Answer, body []byte) kubetest.Answer {
	t.Helper()
	r := h.RESTClient().Get().AbsPath(a.Path)
	if body != nil {
		r = h.RESTClient().Post().AbsPath(a.Path).Body(body).SetHeader("Content-Type", "application/json")
	}
	result := r.SetHeader("Accept", "application/json").Do(t.Context()).StatusCode(&a.Status)
	raw, err := result.Raw()
	if err != nil && a.Status != http.StatusNotFound {
		t.Fatal(err)
	}
	a.Body = raw
	return a
}

// compare fails when the server's answers have another form than the recorded ones.
func compare(t *testing.T, recorded, now kubetest.Recording) {
	t.Helper()
	const renew = "; renew it with `make test-kube ARGS=-record`"
	if recorded.Server != now.Server {
		t.Errorf("the recording is of %s, this is %s"+renew, recorded.Server, now.Server)
	}
	if len(recorded.Answers) != len(now.Answers) {
		t.Fatalf("%d answers were recorded, there are %d"+renew, len(recorded.Answers), len(now.Answers))
	}
	for i, was := range recorded.Answers {
		is := now.Answers[i]
		if was.Path != is.Path || was.Token != is.Token || was.Status != is.Status || shape(t, was.Body) != shape(t, is.Body) {
			t.Errorf("%s %s: recorded %d %s\nis %s %s %d %s"+renew, was.Path, was.Token, was.Status, shape(t, was.Body), is.Path, is.Token, is.Status, shape(t, is.Body))
		}
	}
}

// shape is an answer without the values of its leaves, but for the booleans.
func shape(t testing.TB, raw json.RawMessage) string {
	t.Helper()
	var v any
	must(t, json.Unmarshal(raw, &v))
	text, err := json.Marshal(form(v))
	must(t, err)
	return string(text)
}

func form(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, member := range v {
			out[name] = form(member)
		}
		return out
	case []any:
		out := make([]any, 0, len(v))
		for _, member := range v {
			out = append(out, form(member))
		}
		return out
	case bool:
		return v
	}
	return nil
}
