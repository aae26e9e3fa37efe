package domain_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"authsec/internal/domain"
)

const publicKeys = `{"keys":[{"kty":"EC","crv":"P-256","kid":"1","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}`

// aCertificate is one in PEM, and the key of it.
func aCertificate(t testing.TB) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)},
		&x509.Certificate{}, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}))
}

// good are settings of each kind that are valid, with everything that may be set.
func good(t testing.TB) map[domain.SourceKind]domain.SourceSettings {
	ca, _ := aCertificate(t)
	return map[domain.SourceKind]domain.SourceSettings{
		domain.SourceKubernetes: {Kubernetes: &domain.KubernetesSource{Issuer: "https://k8s.example.com:6443", Audience: "authsec", JWKS: publicKeys,
			CABundle: ca + "\n# a comment\n" + ca, TokenReview: true, MaxTokenSeconds: 86400, API: &domain.KubernetesAPI{Kubeconfig: "/etc/authsec/kubeconfig", Context: "prod"}}},
		domain.SourceSPIFFE: {SPIFFE: &domain.SPIFFESource{TrustDomain: "example.org", Audience: "authsec", BundleURL: "https://spire.example.org:8443/bundle",
			EndpointSPIFFEID: "spiffe://example.org/spire/server", BundleFile: "/etc/authsec/bundle.json"}},
		domain.SourceOIDC: {OIDC: &domain.OIDCSource{Preset: "github", Platform: "github", Issuer: "https://token.actions.githubusercontent.com", Audience: "https://auth.example.com",
			JWKSURL: "https://token.actions.githubusercontent.com/.well-known/jwks", CABundle: ca, MaxTokenSeconds: 60,
			Claims: []domain.ClaimMapping{{Claim: "repository", Selector: "github:repository"}, {Claim: "/a/b~1c~0", Selector: "github:ref"}}}},
		domain.SourceUnix: {Unix: &domain.UnixSource{DockerHost: "unix:///var/run/docker.sock"}},
	}
}

func TestGoodSourcesAreAccepted(t *testing.T) {
	for kind, settings := range good(t) {
		spec := domain.WorkloadSourceSpec{Name: " A source ", Kind: kind, Settings: settings}
		if err := spec.Check(); err != nil || spec.Name != "A source" || settings.Kind() != kind {
			t.Errorf("%s: %v, %+v", kind, err, spec)
		}
	}
	for name, edit := range map[string]func(*domain.SourceSettings){
		"discovery":      func(s *domain.SourceSettings) { s.Kubernetes.JWKS = "" },
		"without API":    func(s *domain.SourceSettings) { s.Kubernetes.API, s.Kubernetes.TokenReview = nil, false },
		"in the cluster": func(s *domain.SourceSettings) { s.Kubernetes.API = &domain.KubernetesAPI{InCluster: true} },
		"plain on loopback": func(s *domain.SourceSettings) {
			s.OIDC.Issuer, s.OIDC.JWKSURL = "http://127.0.0.1:8080", "http://[::1]:80/keys"
		},
		"plain localhost": func(s *domain.SourceSettings) { s.OIDC.Issuer = "http://localhost:8080/realms/a" },
		"bundle by web PKI": func(s *domain.SourceSettings) {
			s.SPIFFE.EndpointSPIFFEID, s.SPIFFE.BundleFile, s.SPIFFE.CABundle = "", "", s.OIDC.CABundle
		},
		"bundle file": func(s *domain.SourceSettings) { s.SPIFFE.EndpointSPIFFEID, s.SPIFFE.BundleURL = "", "" },
		"bundle by a socket": func(s *domain.SourceSettings) {
			*s.SPIFFE = domain.SPIFFESource{TrustDomain: "a", Audience: "b", WorkloadAPI: "unix:///run/agent.sock"}
		},
		"Docker over the net":   func(s *domain.SourceSettings) { s.Unix.DockerHost = "https://docker.example.com:2376" },
		"no containers":         func(s *domain.SourceSettings) { s.Unix.DockerHost = "" },
		"a claim that is a URL": func(s *domain.SourceSettings) { s.OIDC.Claims[0].Claim = "https://example.com/claims/repo" },
	} {
		all := everything(t)
		edit(&all)
		for _, kind := range domain.SourceKinds() {
			spec := domain.WorkloadSourceSpec{Name: "A", Kind: kind, Settings: only(all, kind)}
			if err := spec.Check(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// everything is the good settings of all kinds in one, for edits; only takes one out.
func everything(t testing.TB) domain.SourceSettings {
	g := good(t)
	return domain.SourceSettings{Kubernetes: g[domain.SourceKubernetes].Kubernetes, SPIFFE: g[domain.SourceSPIFFE].SPIFFE,
		OIDC: g[domain.SourceOIDC].OIDC, Unix: g[domain.SourceUnix].Unix}
}

func only(s domain.SourceSettings, kind domain.SourceKind) domain.SourceSettings {
	switch kind {
	case domain.SourceKubernetes:
		return domain.SourceSettings{Kubernetes: s.Kubernetes}
	case domain.SourceSPIFFE:
		return domain.SourceSettings{SPIFFE: s.SPIFFE}
	case domain.SourceOIDC:
		return domain.SourceSettings{OIDC: s.OIDC}
	case domain.SourceUnix:
		return domain.SourceSettings{Unix: s.Unix}
	}
	return domain.SourceSettings{}
}

// Each fault is found where it is, and it alone.
func TestSourceFaults(t *testing.T) {
	ca, key := aCertificate(t)
	for _, tt := range []struct {
		what, field, code string
		edit              func(*domain.SourceSettings)
	}{
		{"no issuer", "/kubernetes/issuer", "required", func(s *domain.SourceSettings) { s.Kubernetes.Issuer = "" }},
		{"plain http", "/kubernetes/issuer", "insecure", func(s *domain.SourceSettings) { s.Kubernetes.Issuer = "http://k8s.example.com" }},
		{"a name that looks like loopback", "/kubernetes/issuer", "insecure", func(s *domain.SourceSettings) { s.Kubernetes.Issuer = "http://127.0.0.1.example.com" }},
		{"another scheme", "/kubernetes/issuer", "invalid_uri", func(s *domain.SourceSettings) { s.Kubernetes.Issuer = "file:///etc/passwd" }},
		{"credentials", "/oidc/issuer", "invalid_uri", func(s *domain.SourceSettings) { s.OIDC.Issuer = "https://a:b@issuer.example.com" }},
		{"query", "/oidc/issuer", "invalid_uri", func(s *domain.SourceSettings) { s.OIDC.Issuer = "https://issuer.example.com?a=b" }},
		{"empty query", "/oidc/issuer", "invalid_uri", func(s *domain.SourceSettings) { s.OIDC.Issuer = "https://issuer.example.com?" }},
		{"fragment", "/oidc/issuer", "invalid_uri", func(s *domain.SourceSettings) { s.OIDC.Issuer = "https://issuer.example.com#" }},
		{"no host", "/oidc/issuer", "invalid_uri", func(s *domain.SourceSettings) { s.OIDC.Issuer = "https:///path" }},
		{"white space", "/oidc/issuer", "invalid_uri", func(s *domain.SourceSettings) { s.OIDC.Issuer = "https://issuer.example.com/a b" }},
		{"a port alone", "/oidc/issuer", "invalid_uri", func(s *domain.SourceSettings) { s.OIDC.Issuer = "https://:443" }},
		{"too long", "/oidc/issuer", "too_long", func(s *domain.SourceSettings) {
			s.OIDC.Issuer = "https://issuer.example.com/" + strings.Repeat("a", domain.MaxURI)
		}},
		{"a bad key address", "/oidc/jwks_url", "insecure", func(s *domain.SourceSettings) { s.OIDC.JWKSURL = "http://issuer.example.com/keys" }},
		{"both ways to the keys", "/kubernetes/jwks_url", "not_allowed", func(s *domain.SourceSettings) { s.Kubernetes.JWKSURL = "https://k8s.example.com/keys" }},
		{"no keys", "/kubernetes/jwks", "invalid_jwks", func(s *domain.SourceSettings) { s.Kubernetes.JWKS = `{"keys":[]}` }},
		{"no key set", "/kubernetes/jwks", "invalid_jwks", func(s *domain.SourceSettings) { s.Kubernetes.JWKS = "-----BEGIN PUBLIC KEY-----" }},
		{"a private key", "/kubernetes/jwks", "private_key", func(s *domain.SourceSettings) {
			s.Kubernetes.JWKS = strings.Replace(publicKeys, `"kid"`, `"d":"AQ","kid"`, 1)
		}},
		{"a shared secret", "/kubernetes/jwks", "private_key", func(s *domain.SourceSettings) { s.Kubernetes.JWKS = `{"keys":[{"kty":"oct","k":"AQ"}]}` }},
		{"keys without end", "/kubernetes/jwks", "too_long", func(s *domain.SourceSettings) {
			s.Kubernetes.JWKS = publicKeys + strings.Repeat(" ", domain.MaxJWKSBytes)
		}},
		{"no certificate", "/kubernetes/ca_bundle", "invalid_pem", func(s *domain.SourceSettings) { s.Kubernetes.CABundle = "ca.pem" }},
		{"not all certificates", "/kubernetes/ca_bundle", "invalid_pem", func(s *domain.SourceSettings) { s.Kubernetes.CABundle = ca + strings.Replace(ca, "MI", "AA", 1) }},
		{"cut off", "/kubernetes/ca_bundle", "invalid_pem", func(s *domain.SourceSettings) { s.Kubernetes.CABundle = ca + ca[:80] }},
		{"with its key", "/kubernetes/ca_bundle", "private_key", func(s *domain.SourceSettings) { s.Kubernetes.CABundle = ca + key }},
		{"certificates without end", "/oidc/ca_bundle", "too_long", func(s *domain.SourceSettings) {
			s.OIDC.CABundle = strings.Repeat(ca, 1+domain.MaxCABundleBytes/len(ca))
		}},
		{"no audience", "/oidc/audience", "required", func(s *domain.SourceSettings) { s.OIDC.Audience = "" }},
		{"two audiences", "/spiffe/audience", "invalid_uri", func(s *domain.SourceSettings) { s.SPIFFE.Audience = "a b" }},
		{"the API server's audience", "/kubernetes/audience", "not_allowed", func(s *domain.SourceSettings) { s.Kubernetes.Audience = s.Kubernetes.Issuer }},
		{"lives too short", "/kubernetes/max_token_seconds", "out_of_range", func(s *domain.SourceSettings) { s.Kubernetes.MaxTokenSeconds = 59 }},
		{"lives too long", "/oidc/max_token_seconds", "out_of_range", func(s *domain.SourceSettings) { s.OIDC.MaxTokenSeconds = 90001 }},
		{"lives less than never", "/oidc/max_token_seconds", "out_of_range", func(s *domain.SourceSettings) { s.OIDC.MaxTokenSeconds = -60 }},
		{"review without API", "/kubernetes/token_review", "not_allowed", func(s *domain.SourceSettings) { s.Kubernetes.API = nil }},
		{"no way to the API", "/kubernetes/api", "invalid", func(s *domain.SourceSettings) { s.Kubernetes.API = &domain.KubernetesAPI{} }},
		{"two ways to the API", "/kubernetes/api", "invalid", func(s *domain.SourceSettings) { s.Kubernetes.API.InCluster = true }},
		{"a context of no file", "/kubernetes/api/context", "not_allowed", func(s *domain.SourceSettings) {
			s.Kubernetes.API = &domain.KubernetesAPI{InCluster: true, Context: "a"}
		}},
		{"a relative path", "/kubernetes/api/kubeconfig", "invalid_path", func(s *domain.SourceSettings) { s.Kubernetes.API.Kubeconfig = "kubeconfig" }},
		{"a path without end", "/kubernetes/api/kubeconfig", "too_long", func(s *domain.SourceSettings) { s.Kubernetes.API.Kubeconfig = strings.Repeat("/a", domain.MaxPath) }},
		{"no trust domain", "/spiffe/trust_domain", "invalid_name", func(s *domain.SourceSettings) { s.SPIFFE.TrustDomain = "" }},
		{"an ID for a trust domain", "/spiffe/trust_domain", "invalid_name", func(s *domain.SourceSettings) { s.SPIFFE.TrustDomain = "spiffe://example.org" }},
		{"no bundle", "/spiffe", "invalid", func(s *domain.SourceSettings) {
			*s.SPIFFE = domain.SPIFFESource{TrustDomain: "example.org", Audience: "authsec"}
		}},
		{"two bundles", "/spiffe", "invalid", func(s *domain.SourceSettings) { s.SPIFFE.EndpointSPIFFEID = "" }},
		{"another's endpoint", "/spiffe/endpoint_spiffe_id", "invalid_uri", func(s *domain.SourceSettings) { s.SPIFFE.EndpointSPIFFEID = "spiffe://example.org.evil.example/a" }},
		{"no endpoint's ID", "/spiffe/endpoint_spiffe_id", "invalid_uri", func(s *domain.SourceSettings) { s.SPIFFE.EndpointSPIFFEID = "spiffe://example.org/a/../b" }},
		{"nothing to begin with", "/spiffe/bundle_file", "required", func(s *domain.SourceSettings) { s.SPIFFE.BundleFile = "" }},
		{"no endpoint", "/spiffe/bundle_url", "required", func(s *domain.SourceSettings) { s.SPIFFE.BundleURL = "" }},
		{"a socket too", "/spiffe/workload_api", "not_allowed", func(s *domain.SourceSettings) { s.SPIFFE.WorkloadAPI = "unix:///run/agent.sock" }},
		{"no use for a CA", "/spiffe/ca_bundle", "not_allowed", func(s *domain.SourceSettings) { s.SPIFFE.CABundle = ca }},
		{"a socket that is none", "/spiffe/workload_api", "invalid_uri", func(s *domain.SourceSettings) {
			*s.SPIFFE = domain.SPIFFESource{TrustDomain: "a", Audience: "b", WorkloadAPI: "tcp://127.0.0.1:80"}
		}},
		{"a platform with a kind of its own", "/oidc/platform", "unknown", func(s *domain.SourceSettings) { s.OIDC.Platform = domain.PlatformKubernetes }},
		{"the secrets' platform", "/oidc/platform", "unknown", func(s *domain.SourceSettings) { s.OIDC.Platform = domain.PlatformOther }},
		{"no such platform", "/oidc/platform", "unknown", func(s *domain.SourceSettings) { s.OIDC.Platform = "windows" }},
		{"no claims", "/oidc/claims", "required", func(s *domain.SourceSettings) { s.OIDC.Claims = nil }},
		{"too many claims", "/oidc/claims", "too_many", func(s *domain.SourceSettings) { s.OIDC.Claims = make([]domain.ClaimMapping, domain.MaxClaimMappings+1) }},
		{"no claim", "/oidc/claims/1/claim", "required", func(s *domain.SourceSettings) { s.OIDC.Claims[1].Claim = " " }},
		{"a long claim", "/oidc/claims/0/claim", "too_long", func(s *domain.SourceSettings) { s.OIDC.Claims[0].Claim = strings.Repeat("a", domain.MaxClaim+1) }},
		{"a bad pointer", "/oidc/claims/0/claim", "invalid_pointer", func(s *domain.SourceSettings) { s.OIDC.Claims[0].Claim = "/a~2" }},
		{"another platform's selector", "/oidc/claims/0/selector", "unknown", func(s *domain.SourceSettings) { s.OIDC.Claims[0].Selector = "gcp:zone" }},
		{"a relative socket", "/unix/docker_host", "invalid_uri", func(s *domain.SourceSettings) { s.Unix.DockerHost = "unix://var/run/docker.sock" }},
		{"Docker in the clear", "/unix/docker_host", "insecure", func(s *domain.SourceSettings) { s.Unix.DockerHost = "http://docker.example.com:2375" }},
	} {
		t.Run(tt.what, func(t *testing.T) {
			all := everything(t)
			tt.edit(&all)
			kind := domain.SourceKind(strings.Split(tt.field, "/")[1])
			spec := domain.WorkloadSourceSpec{Name: "A", Kind: kind, Settings: only(all, kind)}
			err := spec.Check()
			var e *domain.Error
			if !errors.As(err, &e) || e.Kind != domain.Invalid {
				t.Fatalf("%v", err)
			}
			if len(e.Fields) != 1 || e.Fields[0].Field != tt.field || e.Fields[0].Code != tt.code || !strings.HasSuffix(e.Fields[0].Message, ".") {
				t.Errorf("%+v, want %s on %s", e.Fields, tt.code, tt.field)
			}
			patch := domain.WorkloadSourcePatch{Settings: &spec.Settings}
			if again := patch.Check(kind); again == nil || again.Error() != err.Error() {
				t.Errorf("a patch says %v", again)
			}
		})
	}
}

// The settings are those of the kind, and of nothing else.
func TestSourceKindAndSettings(t *testing.T) {
	all := everything(t)
	for _, tt := range []struct {
		what   string
		spec   domain.WorkloadSourceSpec
		fields []string
	}{
		{"no kind", domain.WorkloadSourceSpec{Name: "A", Settings: only(all, domain.SourceUnix)}, []string{"/kind"}},
		{"no such kind", domain.WorkloadSourceSpec{Name: "A", Kind: "vault"}, []string{"/kind"}},
		{"no settings", domain.WorkloadSourceSpec{Name: "A", Kind: domain.SourceUnix}, []string{"/unix"}},
		{"another's settings", domain.WorkloadSourceSpec{Name: "A", Kind: domain.SourceOIDC, Settings: only(all, domain.SourceUnix)}, []string{"/oidc", "/unix"}},
		{"all settings", domain.WorkloadSourceSpec{Name: "A", Kind: domain.SourceUnix, Settings: all}, []string{"/kubernetes", "/spiffe", "/oidc"}},
		{"no name", domain.WorkloadSourceSpec{Name: " ", Kind: domain.SourceUnix, Settings: only(all, domain.SourceUnix)}, []string{"/name"}},
	} {
		var e *domain.Error
		var fields []string
		if err := tt.spec.Check(); errors.As(err, &e) {
			for _, f := range e.Fields {
				fields = append(fields, f.Field)
			}
		}
		if !slices.Equal(fields, tt.fields) {
			t.Errorf("%s: %v, want %v", tt.what, fields, tt.fields)
		}
	}
}

// The API names the settings by the JSON in which they are stored.
func TestSettingsAreStoredAsTheAPINamesThem(t *testing.T) {
	raw, err := json.Marshal(everything(t))
	if err != nil {
		t.Fatal(err)
	}
	var back domain.SourceSettings
	if err := json.Unmarshal(raw, &back); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(back)
	if err != nil || string(again) != string(raw) {
		t.Errorf("%s\n%s\n%v", raw, again, err)
	}
}

func TestProvers(t *testing.T) {
	all := everything(t)
	source := func(id string, enabled bool, s domain.SourceSettings) domain.WorkloadSource {
		return domain.WorkloadSource{ID: id, Kind: s.Kind(), Enabled: enabled, Settings: s}
	}
	sources := []domain.WorkloadSource{source("k", true, only(all, domain.SourceKubernetes)), source("off", false, only(all, domain.SourceKubernetes)),
		source("s", true, only(all, domain.SourceSPIFFE)), source("o", true, only(all, domain.SourceOIDC)),
		source("u", true, domain.SourceSettings{Unix: &domain.UnixSource{}}), source("d", true, only(all, domain.SourceUnix))}
	for _, tt := range []struct{ platform, trustDomain, want string }{
		{"kubernetes", "other.org", "k"}, {"kubernetes", "example.org", "ks"}, {"spiffe", "other.org", "s"}, {"github", "other.org", "o"},
		{"unix", "other.org", "ud"}, {"docker", "other.org", "d"}, {"aws", "other.org", ""}, {"aws", "example.org", "s"},
		{"other", "example.org", ""}, {"windows", "example.org", ""},
	} {
		got := ""
		for _, s := range domain.Provers(sources, tt.platform, tt.trustDomain) {
			got += s.ID
		}
		if got != tt.want {
			t.Errorf("%s in %s: %q, want %q", tt.platform, tt.trustDomain, got, tt.want)
		}
	}
}

func FuzzWorkloadSource(f *testing.F) {
	ca, key := aCertificate(f)
	f.Add("https://issuer.example.com", publicKeys, ca, "spiffe://example.org/a", "/a~1b", "unix:///run/a.sock")
	f.Add("http://[::1]:80", `{"keys":[{"d":1}]}`, key, "spiffe://", "/", "https://")
	f.Fuzz(func(t *testing.T, issuer, jwks, ca, id, claim, socket string) {
		for _, s := range []domain.WorkloadSourceSpec{
			{Name: "A", Kind: domain.SourceOIDC, Settings: domain.SourceSettings{OIDC: &domain.OIDCSource{Platform: "github", Issuer: issuer, Audience: "a", JWKS: jwks,
				CABundle: ca, Claims: []domain.ClaimMapping{{Claim: claim, Selector: "github:ref"}}}}},
			{Name: "A", Kind: domain.SourceSPIFFE, Settings: domain.SourceSettings{SPIFFE: &domain.SPIFFESource{TrustDomain: "example.org", Audience: "a",
				BundleURL: issuer, BundleFile: "/a", EndpointSPIFFEID: id}}},
			{Name: "A", Kind: domain.SourceUnix, Settings: domain.SourceSettings{Unix: &domain.UnixSource{DockerHost: socket}}},
		} {
			err := s.Check()
			if err != nil {
				continue
			}
			raw, err := json.Marshal(s.Settings)
			asked := s.Kind == domain.SourceUnix || strings.HasPrefix(strings.ToLower(issuer), "http")
			if err != nil || strings.Contains(string(raw), "PRIVATE KEY-----") || !asked {
				t.Errorf("accepted %s, %v", raw, err)
			}
		}
	})
}
