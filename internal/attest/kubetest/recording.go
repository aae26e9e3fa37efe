// Package kubetest replays what a real Kubernetes API server said, for tests
// alone. testkube records it; CONTRIBUTING says how.
package kubetest

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"testing"
	"time"
)

// Recording is what was asked of one cluster, and what it answered. The keys
// that signed its tokens were thrown away.
type Recording struct {
	Server   string                     `json:"server"` // its version
	At       time.Time                  `json:"at"`     // when: the tokens were new then
	Issuer   string                     `json:"issuer"`
	Audience string                     `json:"audience"`
	Keys     map[string]json.RawMessage `json:"keys"`   // key sets by name
	Tokens   map[string]Token           `json:"tokens"` // by name
	Answers  []Answer                   `json:"answers"`
}

// Token is a service-account token with the pod that it names, "" if none.
type Token struct {
	Raw string `json:"raw"`
	Pod string `json:"pod,omitempty"`
	UID string `json:"uid,omitempty"`
}

// Answer is what the API says at a path; of a review, for one token.
type Answer struct {
	Path   string          `json:"path"`
	Token  string          `json:"token,omitempty"` // the name of the token under review
	Status int             `json:"status"`
	Body   json.RawMessage `json:"body"`
}

// The paths of what is recorded.
const (
	PathReview = "/apis/authentication.k8s.io/v1/tokenreviews"
	PathKeys   = "/openid/v1/jwks"
)

// PathPod is the path of a pod.
func PathPod(namespace, name string) string {
	return "/api/v1/namespaces/" + namespace + "/pods/" + name
}

// Load reads a recording.
func Load(t testing.TB, file string) Recording {
	t.Helper()
	raw, err := os.ReadFile(file) //nolint:gosec // G304: a file of this tree
	if err != nil {
		t.Fatal(err)
	}
	var r Recording
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// Save writes a recording.
func (r Recording) Save(file string) error {
	raw, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(raw, '\n'), 0o644) //nolint:gosec // G306: of this tree, with keys that are gone
}

// Token returns a recorded token by its name.
func (r Recording) Token(t testing.TB, name string) Token {
	t.Helper()
	token, ok := r.Tokens[name]
	if !ok {
		t.Fatalf("no token %q was recorded", name)
	}
	return token
}

// Forged names the recorded token that the cluster did not sign.
const Forged = "forged"

// answer returns what was recorded for a path, and of a review for a raw token:
// one that is not recorded is answered as the forged one was.
func (r Recording) answer(path, raw string) (Answer, bool) {
	name := Forged
	for n, token := range r.Tokens {
		if token.Raw == raw {
			name = n
		}
	}
	i := slices.IndexFunc(r.Answers, func(a Answer) bool { return a.Path == path && (path != PathReview || a.Token == name) })
	if i < 0 {
		return Answer{}, false
	}
	a := r.Answers[i]
	if path == PathReview { // the API repeats what it was asked
		a.Body = bytes.ReplaceAll(a.Body, []byte(r.Tokens[name].Raw), []byte(raw))
	}
	return a, true
}
