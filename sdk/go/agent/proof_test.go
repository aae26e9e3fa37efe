package agent

import (
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func write(t *testing.T, path, content string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// The first place that has a proof wins, in the order that is promised.
func TestTheFirstPlaceThatHasAProofWins(t *testing.T) {
	s, dir := newServer(t), t.TempDir()
	api, endpoint := newWorkloadAPI(t)
	env := map[string]string{"SPIFFE_ENDPOINT_SOCKET": endpoint}
	projected := filepath.Join(dir, "projected")
	fetch := func(c Config) string {
		t.Helper()
		c.BaseURL = s.URL
		if _, err := client(t, c, env, projected).Token(t.Context()); err != nil {
			t.Fatal(err)
		}
		all := s.authorizations()
		return all[len(all)-1]
	}
	if got := fetch(Config{}); got != "Bearer "+api.issued[0] || !slices.Equal(api.asked[0], []string{s.URL}) {
		t.Errorf("sent %q, an SVID for %v", got, api.asked)
	}
	write(t, projected, "projected\n")
	if got := fetch(Config{}); got != "Bearer projected" {
		t.Errorf("sent %q", got)
	}
	env["AUTHSEC_WORKLOAD_TOKEN_FILE"] = write(t, filepath.Join(dir, "named"), "named")
	if got := fetch(Config{}); got != "Bearer named" {
		t.Errorf("sent %q", got)
	}
	set := write(t, filepath.Join(dir, "set"), "set")
	if got := fetch(Config{WorkloadTokenFile: set}); got != "Bearer set" {
		t.Errorf("sent %q", got)
	}
	if got := fetch(Config{ClientSecret: "s:%"}); got != "Basic NmYxYzJkM2UtMDAwMC00MDAwLTgwMDAtMDAwMDAwMDAwMGFhOnMlM0ElMjU=" {
		t.Errorf("sent %q", got)
	}
	if len(api.issued) != 1 {
		t.Error("the Workload API is asked only when nothing comes before it")
	}
}

// A place that is set up and broken is an error: nothing else is tried, and
// nothing is sent.
func TestAPlaceThatIsSetUpAndBroken(t *testing.T) {
	s, dir := newServer(t), t.TempDir()
	api, endpoint := newWorkloadAPI(t)
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("..data/token", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{
		"not there": filepath.Join(dir, "none"), "a folder": dir, "a pipe": pipe, "a link to nowhere": filepath.Join(dir, "link"),
		"empty":            write(t, filepath.Join(dir, "empty"), " \n"),
		"too large":        write(t, filepath.Join(dir, "large"), strings.Repeat("x", maxProofBytes+1)),
		"two lines":        write(t, filepath.Join(dir, "lines"), "canary\ncanary"),
		"not ASCII":        write(t, filepath.Join(dir, "ascii"), "canarü"),
		"not a token":      write(t, filepath.Join(dir, "blank"), "canary canary"),
		"a header smuggle": write(t, filepath.Join(dir, "smuggle"), "canary\r\nX-Evil: 1"),
	} {
		env := map[string]string{"SPIFFE_ENDPOINT_SOCKET": endpoint}
		_, err := client(t, Config{BaseURL: s.URL, WorkloadTokenFile: path}, env, "").Token(t.Context())
		if !errors.Is(err, ErrProof) || strings.Contains(err.Error(), "canar") {
			t.Errorf("%s: %v", name, err)
		}
		if name != "not there" {
			if _, err := client(t, Config{BaseURL: s.URL}, env, path).Token(t.Context()); !errors.Is(err, ErrProof) {
				t.Errorf("%s, where tokens are projected: %v", name, err)
			}
		}
	}
	api.refuses = true
	_, err := client(t, Config{BaseURL: s.URL}, map[string]string{"SPIFFE_ENDPOINT_SOCKET": endpoint}, "").Token(t.Context())
	if !errors.Is(err, ErrProof) || !strings.Contains(err.Error(), "no identity issued") {
		t.Errorf("the Workload API refuses: %v", err)
	}
	if n := len(s.requests()); n != 0 {
		t.Errorf("%d requests were sent without the proof that was set up", n)
	}
}

func TestAFileIsReadAgain(t *testing.T) {
	s, dir := newServer(t), t.TempDir()
	path := write(t, filepath.Join(dir, "token"), "old")
	s.queue(func(w http.ResponseWriter, r *http.Request) {
		write(t, path, "new")
		refusal(http.StatusServiceUnavailable, "temporarily_unavailable", nil)(w, r)
	})
	if _, err := client(t, Config{BaseURL: s.URL, WorkloadTokenFile: path}, nil, "").Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := s.authorizations(); !slices.Equal(got, []string{"Bearer old", "Bearer new"}) {
		t.Errorf("sent %q", got)
	}
}

// A refusal for want of proof says where it was looked for.
func TestWhereAProofWasLookedFor(t *testing.T) {
	s := newServer(t)
	s.queue(refusal(http.StatusUnauthorized, "workload_proof_required", nil), refusal(http.StatusUnauthorized, "workload_proof_required", nil))
	_, err := client(t, Config{BaseURL: s.URL}, nil, "").Token(t.Context())
	for _, place := range []string{"Because.", "ClientSecret and WorkloadTokenFile (not set)", "AUTHSEC_WORKLOAD_TOKEN_FILE (not set)",
		"/nowhere/authsec/token (no such file)", "SPIFFE_ENDPOINT_SOCKET (not set)", "a unix:// BaseURL (not set)", "req-7"} {
		if err == nil || !strings.Contains(err.Error(), place) {
			t.Errorf("%v does not say %q", err, place)
		}
	}
	_, err = client(t, Config{BaseURL: s.URL, ClientSecret: "s"}, nil, "").Token(t.Context())
	if err == nil || strings.Contains(err.Error(), "looked for") {
		t.Errorf("one was sent: %v", err)
	}
}

// A Unix socket is a server, and shows it the caller: nothing is sent.
func TestAUnixSocketIsAServer(t *testing.T) {
	s := newServer(t)
	socket := filepath.Join(t.TempDir(), "authsec.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	over := &http.Server{Handler: s} //nolint:gosec // a test's
	go over.Serve(listener)          //nolint:errcheck // ends with Close
	t.Cleanup(func() { _ = over.Close() })
	api, endpoint := newWorkloadAPI(t)
	env := map[string]string{"SPIFFE_ENDPOINT_SOCKET": endpoint}
	if _, err := client(t, Config{BaseURL: "unix://" + socket}, env, "").Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r := s.requests()[0]; r.Host != "localhost" || r.Header.Get("Authorization") != "" || r.URL.Path != path {
		t.Errorf("asked %s %s with %q", r.Host, r.URL, r.Header)
	}
	if _, err := client(t, Config{BaseURL: "unix://" + socket, WorkloadAudience: "https://authsec.example.com"}, env, "").Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(api.asked) != 1 || !slices.Equal(api.asked[0], []string{"https://authsec.example.com"}) {
		t.Errorf("asked the Workload API for %v", api.asked)
	}
}
