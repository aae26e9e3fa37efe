package domain

import (
	"slices"
	"time"
)

// SourceKind says what kind of proof a workload source verifies.
type SourceKind string

// The kinds of workload sources.
const (
	SourceKubernetes SourceKind = "kubernetes"
	SourceSPIFFE     SourceKind = "spiffe"
	SourceOIDC       SourceKind = "oidc"
	SourceUnix       SourceKind = "unix"
)

// SourceKinds lists the kinds in display order.
func SourceKinds() []SourceKind {
	return []SourceKind{SourceKubernetes, SourceSPIFFE, SourceOIDC, SourceUnix}
}

// WorkloadSource is where proof of a workload comes from (DESIGN §1): a
// cluster, a SPIFFE trust domain, an OIDC issuer, this machine. What it says of
// a workload is believed while it is enabled.
type WorkloadSource struct {
	ID        string
	Name      string
	Kind      SourceKind
	Enabled   bool
	Settings  SourceSettings
	CreatedAt time.Time
	UpdatedAt time.Time
}

// SourceSettings hold the settings of one kind: exactly the member of the
// source's kind is set. They are stored as this JSON and hold no secret: what
// is secret is named by a file on the server.
type SourceSettings struct {
	Kubernetes *KubernetesSource `json:"kubernetes,omitempty"`
	SPIFFE     *SPIFFESource     `json:"spiffe,omitempty"`
	OIDC       *OIDCSource       `json:"oidc,omitempty"`
	Unix       *UnixSource       `json:"unix,omitempty"`
}

// KubernetesSource verifies the projected service-account tokens of one cluster.
type KubernetesSource struct {
	Issuer   string `json:"issuer"`   // the tokens' iss
	Audience string `json:"audience"` // dedicated to this server
	// JWKS is the cluster's key set (RFC 7517 §5), for one whose issuer cannot be
	// asked; JWKSURL asks there. With neither it is discovered from the issuer.
	JWKS     string `json:"jwks,omitempty"`
	JWKSURL  string `json:"jwks_url,omitempty"`
	CABundle string `json:"ca_bundle,omitempty"` // PEM, for issuer and API
	// API access: what is not signed is looked up in the pod itself. Without it,
	// labels, images and container names cannot be established.
	API *KubernetesAPI `json:"api,omitempty"`
	// TokenReview has the API verify the token, which also refuses one whose pod
	// or service account is gone. It needs API.
	TokenReview     bool  `json:"token_review,omitempty"`
	MaxTokenSeconds int64 `json:"max_token_seconds,omitempty"` // longest exp − iat; 0: DefaultMaxProofAge
}

// KubernetesAPI says how the cluster's API is reached: one of the two.
type KubernetesAPI struct {
	Kubeconfig string `json:"kubeconfig,omitempty"` // path of a file on the server
	Context    string `json:"context,omitempty"`    // in the kubeconfig; "" : its current one
	InCluster  bool   `json:"in_cluster,omitempty"` // the server's own service account
}

// SPIFFESource verifies the SVIDs of one trust domain against its bundle. One
// of BundleURL, BundleFile and WorkloadAPI says where that comes from.
type SPIFFESource struct {
	TrustDomain string `json:"trust_domain"`
	Audience    string `json:"audience"`             // of JWT-SVIDs
	BundleURL   string `json:"bundle_url,omitempty"` // SPIFFE Federation §5
	// EndpointSPIFFEID selects the https_spiffe profile, with BundleFile as the
	// bundle to start from; without it the profile is https_web.
	EndpointSPIFFEID string `json:"endpoint_spiffe_id,omitempty"`
	BundleFile       string `json:"bundle_file,omitempty"`  // path of a file on the server
	WorkloadAPI      string `json:"workload_api,omitempty"` // unix:///path of the socket
	CABundle         string `json:"ca_bundle,omitempty"`    // PEM, for https_web with a private CA
}

// OIDCSource verifies the tokens of one OpenID Connect issuer, and says which
// of their claims are which selectors.
type OIDCSource struct {
	Preset          string         `json:"preset,omitempty"` // the name of the preset that Claims were taken from
	Platform        string         `json:"platform"`         // whose selectors it attests
	Issuer          string         `json:"issuer"`
	Audience        string         `json:"audience"`
	JWKS            string         `json:"jwks,omitempty"`
	JWKSURL         string         `json:"jwks_url,omitempty"`
	CABundle        string         `json:"ca_bundle,omitempty"`
	Claims          []ClaimMapping `json:"claims"`
	MaxTokenSeconds int64          `json:"max_token_seconds,omitempty"`
}

// ClaimMapping makes a selector of a claim.
type ClaimMapping struct {
	Claim    string `json:"claim"`    // a name, or a path into nested objects as a JSON Pointer (RFC 6901)
	Selector string `json:"selector"` // a key of the platform
	// Pattern takes a part of the claim: a regular expression (RE2) of the whole
	// value with one group, the part. A value that it does not match attests
	// nothing. "" : the whole value.
	Pattern string `json:"pattern,omitempty"`
}

// UnixSource knows the process at the other end of a connection on this machine.
type UnixSource struct {
	// DockerHost is the Docker API that knows the container of the process, as
	// unix:///var/run/docker.sock; "" : containers are not looked up.
	DockerHost string `json:"docker_host,omitempty"`
}

// DefaultMaxProofAge is the longest lifetime (exp − iat) of a workload token,
// unless its source says otherwise: that of a Kubernetes token by default.
const DefaultMaxProofAge = time.Hour + time.Minute

// Proves lists the platforms whose selectors the source can establish. The
// node agents of our own trust domain vouch for an agent itself (DESIGN §5), on
// whichever platform they run.
func (s WorkloadSource) Proves(trustDomain string) []string {
	switch {
	case s.Settings.Kubernetes != nil:
		return []string{PlatformKubernetes}
	case s.Settings.OIDC != nil:
		return []string{s.Settings.OIDC.Platform}
	case s.Settings.Unix != nil && s.Settings.Unix.DockerHost != "":
		return []string{PlatformUnix, PlatformDocker}
	case s.Settings.Unix != nil:
		return []string{PlatformUnix}
	case s.Settings.SPIFFE != nil && s.Settings.SPIFFE.TrustDomain == trustDomain:
		var all []string
		for _, p := range Platforms() {
			if len(p.Selectors) > 0 {
				all = append(all, p.Key)
			}
		}
		return all
	case s.Settings.SPIFFE != nil:
		return []string{PlatformSPIFFE}
	}
	return nil
}

// ProvenBy lists the kinds of sources that can establish the platform's
// selectors; none for a platform without selectors, whose proof is a client secret.
func ProvenBy(platform string) []SourceKind {
	switch platform {
	case PlatformKubernetes:
		return []SourceKind{SourceKubernetes, SourceSPIFFE}
	case PlatformUnix, PlatformDocker:
		return []SourceKind{SourceUnix, SourceSPIFFE}
	case PlatformSPIFFE:
		return []SourceKind{SourceSPIFFE}
	}
	if ProvedByOIDC(platform) {
		return []SourceKind{SourceOIDC, SourceSPIFFE}
	}
	return nil
}

// Provers returns the sources that can establish the platform's selectors.
func Provers(sources []WorkloadSource, platform, trustDomain string) []WorkloadSource {
	var out []WorkloadSource
	for _, s := range sources {
		if s.Enabled && slices.Contains(s.Proves(trustDomain), platform) {
			out = append(out, s)
		}
	}
	return out
}

// SourceSet is the enabled workload sources at one revision, which grows with
// every change to any of them.
type SourceSet struct {
	Revision int64
	Sources  []WorkloadSource
}
