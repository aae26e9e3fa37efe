package attest

import (
	"encoding/base64"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"authsec/internal/attest/oidctest"
	"authsec/internal/domain"
)

// write puts text into a file of its own and returns the path.
func writeKubeconfig(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

const goodKubeconfig = `{"apiVersion":"v1","kind":"Config","current-context":"a",
	"clusters":[{"name":"a","cluster":{"server":"https://api.example.com:6443"}},{"name":"open","cluster":{"server":"https://api.example.com:6443","insecure-skip-tls-verify":true}}],
	"users":[{"name":"a","user":{"token":"x"}},{"name":"plug","user":{"exec":{"apiVersion":"client.authentication.k8s.io/v1","command":"touch","args":["MARK"],"interactiveMode":"Never"}}},
		{"name":"old","user":{"auth-provider":{"name":"oidc"}}}],
	"contexts":[{"name":"a","context":{"cluster":"a","user":"a"}},{"name":"plug","context":{"cluster":"a","user":"plug"}},
		{"name":"old","context":{"cluster":"a","user":"old"}},{"name":"open","context":{"cluster":"open","user":"a"}}]}`

// What is wrong with a source shows when it is built; nothing is asked of the
// network, and no program is run.
func TestNewKubernetes(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "ran")
	kubeconfig := strings.ReplaceAll(goodKubeconfig, "MARK", mark)
	replaced := func(old, with string) string { return writeKubeconfig(t, strings.Replace(kubeconfig, old, with, 1)) }
	good := writeKubeconfig(t, kubeconfig)
	keys := oidctest.New(t, "").JWKS()
	api := func(path, context string) func(*domain.KubernetesSource) {
		return func(s *domain.KubernetesSource) {
			s.API = &domain.KubernetesAPI{Kubeconfig: path, Context: context}
		}
	}
	t.Setenv("KUBERNETES_SERVICE_HOST", "") // were this a pod
	for name, tt := range map[string]struct {
		change func(*domain.KubernetesSource)
		says   string // "" : it is built
	}{
		"keys are discovered":         {func(*domain.KubernetesSource) {}, ""},
		"keys are given":              {func(s *domain.KubernetesSource) { s.JWKS = keys }, ""},
		"keys of nobody":              {func(s *domain.KubernetesSource) { s.JWKS = `{"keys":[]}` }, "jwks"},
		"keys that are none":          {func(s *domain.KubernetesSource) { s.JWKS = `no` }, "jwks"},
		"keys over plain HTTP":        {func(s *domain.KubernetesSource) { s.JWKSURL = "http://api.example.com/keys" }, "https"},
		"no issuer":                   {func(s *domain.KubernetesSource) { s.Issuer = "" }, "issuer"},
		"no audience":                 {func(s *domain.KubernetesSource) { s.Audience = "" }, "audience"},
		"a CA bundle that is none":    {func(s *domain.KubernetesSource) { s.CABundle = "no" }, "ca_bundle"},
		"API access":                  {api(good, ""), ""},
		"API access, keys discovered": {func(s *domain.KubernetesSource) { api(good, "a")(s); s.JWKS = "" }, ""},
		"a review without API":        {func(s *domain.KubernetesSource) { s.TokenReview = true }, "token_review needs api"},
		"a review":                    {func(s *domain.KubernetesSource) { api(good, "")(s); s.TokenReview = true }, ""},
		"neither way to the API":      {api("", ""), "kubeconfig or in_cluster"},
		"both ways to the API":        {func(s *domain.KubernetesSource) { api(good, "")(s); s.API.InCluster = true }, "not both"},
		"in no cluster":               {func(s *domain.KubernetesSource) { s.API = &domain.KubernetesAPI{InCluster: true} }, "own service account"},
		"no such file":                {api(filepath.Join(t.TempDir(), "none"), ""), "no such file"},
		"a folder":                    {api(t.TempDir(), ""), "is no file"},
		"a device without end":        {api("/dev/zero", ""), "is no file"},
		"a file of another kind":      {api(writeKubeconfig(t, "root:$6$secret:19000::::::\n\t- x: ["), ""), "cannot be read as a kubeconfig"},
		"a file that is too long":     {api(writeKubeconfig(t, strings.Repeat(" ", maxKubeconfig+1)), ""), "at most"},
		"no such context":             {api(good, "b"), `no context "b"`},
		"no current context":          {api(replaced(`"current-context":"a",`, ""), ""), "no context"},
		"a user that runs a program":  {api(good, "plug"), "plug-in"},
		"an auth provider":            {api(good, "old"), "plug-in"},
		"TLS that is not verified":    {api(good, "open"), "insecure-skip-tls-verify"},
		"plain HTTP":                  {api(replaced("https://api", "http://api"), ""), "https"},
		"plain HTTP to this machine":  {api(replaced("https://api.example.com:6443", "http://127.0.0.1:8080"), ""), ""},
		"a server without a scheme":   {api(replaced("https://api.example.com:6443", "api.example.com"), ""), "https"},
		"no server":                   {api(replaced(`{"server":"https://api.example.com:6443"}`, `{}`), ""), "server"},
		"an authority that is none":   {api(replaced(`{"server":`, `{"certificate-authority-data":"`+base64.StdEncoding.EncodeToString([]byte("no"))+`","server":`), ""), "certificate"},
		"a token file that is gone":   {api(replaced(`{"token":"x"}`, `{"tokenFile":"/nonexistent"}`), ""), "nonexistent"},
	} {
		t.Run(name, func(t *testing.T) {
			s := domain.KubernetesSource{Issuer: "https://cluster.example.com", Audience: ours}
			tt.change(&s)
			v, err := newKubernetes(s, Environment{TrustDomain: "authsec.local", Now: time.Now, Log: slog.New(slog.DiscardHandler)})
			switch {
			case tt.says == "" && err != nil:
				t.Fatal(err)
			case tt.says == "":
				if err := v.Close(); err != nil {
					t.Error(err)
				}
			case err == nil || !strings.Contains(err.Error(), tt.says):
				t.Errorf("got %v: want %q", err, tt.says)
			case strings.Contains(err.Error(), "$6$"):
				t.Errorf("it quotes the file: %v", err)
			}
		})
	}
	if _, err := os.Stat(mark); err == nil {
		t.Error("a program was run")
	}
}

// Relative paths in a kubeconfig start at its folder, and its CA goes before the source's.
func TestKubeconfigPaths(t *testing.T) {
	file := writeKubeconfig(t, strings.Replace(goodKubeconfig, `{"token":"x"}`, `{"tokenFile":"authsec.token"}`, 1))
	token := filepath.Join(filepath.Dir(file), "authsec.token")
	if err := os.WriteFile(token, []byte("y"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := domain.KubernetesSource{CABundle: "PEM", API: &domain.KubernetesAPI{Kubeconfig: file}}
	c, err := kubernetesConfig(s)
	if err != nil {
		t.Fatal(err)
	}
	if c.BearerTokenFile != token || string(c.CAData) != "PEM" || c.Timeout <= 0 || c.Timeout >= verifyTimeout {
		t.Errorf("%+v", c)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(goodKubeconfig, `{"server":`, `{"certificate-authority-data":"T1dO","server":`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err = kubernetesConfig(s); err != nil || string(c.CAData) != "OWN" {
		t.Errorf("%+v, %v", c, err)
	}
}
