package kubetest

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
)

// Server answers as the recorded API server did, to callers with its credential.
type Server struct {
	*httptest.Server
	recording Recording

	mu     sync.Mutex
	keys   string
	down   http.HandlerFunc
	part   string // of the paths that are down
	change func(path string, body []byte) []byte
	asked  []string
}

// credential is what the server's kubeconfig presents.
const credential = "credential-of-authsec"

const mediaKeys = "application/jwk-set+json"

// Serve starts a server that replays the recording until the test ends.
func Serve(t testing.TB, r Recording, keys string) *Server {
	t.Helper()
	s := &Server{recording: r, keys: keys}
	s.Server = httptest.NewTLSServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked = append(s.asked, r.URL.Path)
	keys, down, part, change := s.keys, s.down, s.part, s.change
	s.mu.Unlock()
	if down != nil && strings.Contains(r.URL.Path, part) {
		down(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Path == PathKeys { // public here, and of one media type alone as there
		if !strings.Contains(r.Header.Get("Accept"), mediaKeys) {
			http.Error(w, "only "+mediaKeys+" is allowed", http.StatusNotAcceptable)
			return
		}
		w.Header().Set("Content-Type", mediaKeys)
		_, _ = w.Write(s.recording.Keys[keys])
		return
	}
	if r.Header.Get("Authorization") != "Bearer "+credential {
		http.Error(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Unauthorized","code":401}`, http.StatusUnauthorized)
		return
	}
	var review authenticationv1.TokenReview
	if r.Method == http.MethodPost {
		if err := json.NewDecoder(r.Body).Decode(&review); err != nil || !slices.Equal(review.Spec.Audiences, []string{s.recording.Audience}) {
			http.Error(w, fmt.Sprintf("not the review that was recorded: %v", err), http.StatusBadRequest)
			return
		}
	}
	answer, ok := s.recording.answer(r.URL.Path, review.Spec.Token)
	if !ok {
		http.Error(w, "not recorded", http.StatusTeapot)
		return
	}
	body := []byte(answer.Body)
	if change != nil {
		body = change(r.URL.Path, body)
	}
	w.WriteHeader(answer.Status)
	_, _ = w.Write(body)
}

// Publish makes the server publish the keys of that name.
func (s *Server) Publish(keys string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = keys
}

// Down makes the server answer with f at every path that holds part ("" : all);
// nil: as recorded again.
func (s *Server) Down(part string, f http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.part, s.down = part, f
}

// Change has f rewrite the recorded answers; nil: none.
func (s *Server) Change(f func(path string, body []byte) []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.change = f
}

// Asked returns the paths that were asked for since it was last called.
func (s *Server) Asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := s.asked
	s.asked = nil
	return asked
}

// CA is the server's certificate authority, in PEM.
func (s *Server) CA() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
}

// Kubeconfig writes a kubeconfig for the server and returns its path.
func (s *Server) Kubeconfig(t testing.TB) string {
	t.Helper()
	return WriteKubeconfig(t, s.URL, s.CA(), credential)
}

// WriteKubeconfig writes a kubeconfig that presents a bearer token, and returns its path.
func WriteKubeconfig(t testing.TB, server, ca, token string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "kubeconfig")
	text, err := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Config", "current-context": "authsec",
		"clusters": []any{map[string]any{"name": "cluster", "cluster": map[string]any{"server": server, "certificate-authority-data": []byte(ca)}}},
		"users":    []any{map[string]any{"name": "authsec", "user": map[string]any{"token": token}}},
		"contexts": []any{map[string]any{"name": "authsec", "context": map[string]any{"cluster": "cluster", "user": "authsec"}}},
	})
	if err == nil {
		err = os.WriteFile(file, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return file
}
