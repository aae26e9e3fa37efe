package domain

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Limits of workload sources. Every decision knows the enabled ones.
const (
	MaxWorkloadSources = 100
	MaxClaimMappings   = 64
	MaxClaim           = 256 // characters of a claim's name or path
	MaxJWKSBytes       = 256 << 10
	MaxCABundleBytes   = 64 << 10
	MaxPath            = 1024

	minTokenLife = time.Minute
	maxTokenLife = 25 * time.Hour // those of Azure's managed identities live for a little over a day
)

// WorkloadSourceSpec is what an admin says to add a workload source.
type WorkloadSourceSpec struct {
	Name     string
	Kind     SourceKind
	Settings SourceSettings
	Enabled  bool
}

// Check validates and normalises the spec in place.
func (s *WorkloadSourceSpec) Check() error {
	var f Faults
	s.Name = CheckName(&f, "/name", s.Name)
	s.Settings.check(&f, s.Kind)
	return f.Err()
}

// WorkloadSourcePatch is a change to a workload source; nil leaves a field as
// it is. The settings are replaced as a whole. The kind never changes: it would
// be another source.
type WorkloadSourcePatch struct {
	Name     *string
	Settings *SourceSettings
}

// Check validates the patch for a source of the given kind, in place.
func (p *WorkloadSourcePatch) Check(kind SourceKind) error {
	var f Faults
	if p.Name != nil {
		name := CheckName(&f, "/name", *p.Name)
		p.Name = &name
	}
	if p.Settings != nil {
		p.Settings.check(&f, kind)
	}
	return f.Err()
}

// Kind is the kind whose settings are there; "" : none.
func (s SourceSettings) Kind() SourceKind {
	switch {
	case s.Kubernetes != nil:
		return SourceKubernetes
	case s.SPIFFE != nil:
		return SourceSPIFFE
	case s.OIDC != nil:
		return SourceOIDC
	case s.Unix != nil:
		return SourceUnix
	}
	return ""
}

// Origin is what makes the proofs of a source its own, and the field that holds
// it: an issuer's URL or a trust domain's SPIFFE ID. No two sources share one.
// Both are "" for a source that has none.
func (s SourceSettings) Origin() (field, origin string) {
	switch {
	case s.Kubernetes != nil:
		return "/kubernetes/issuer", s.Kubernetes.Issuer
	case s.OIDC != nil:
		return "/oidc/issuer", s.OIDC.Issuer
	case s.SPIFFE != nil:
		return "/spiffe/trust_domain", "spiffe://" + s.SPIFFE.TrustDomain
	}
	return "", ""
}

// check adds the faults of settings that must be those of one kind.
func (s SourceSettings) check(f *Faults, kind SourceKind) {
	if !slices.Contains(SourceKinds(), kind) {
		f.Add("/kind", "unknown", "kind must be kubernetes, spiffe, oidc or unix.")
		return
	}
	given := map[SourceKind]bool{SourceKubernetes: s.Kubernetes != nil, SourceSPIFFE: s.SPIFFE != nil, SourceOIDC: s.OIDC != nil, SourceUnix: s.Unix != nil}
	for _, k := range SourceKinds() {
		switch {
		case k == kind && !given[k]:
			f.Add("/"+string(k), "required", "%s is required: the settings of a source of the kind %s.", k, k)
		case k != kind && given[k]:
			f.Add("/"+string(k), "not_allowed", "%s must be left out: the source is of the kind %s.", k, kind)
		}
	}
	if !given[kind] {
		return
	}
	switch kind {
	case SourceKubernetes:
		s.Kubernetes.check(f)
	case SourceSPIFFE:
		s.SPIFFE.check(f)
	case SourceOIDC:
		s.OIDC.check(f)
	case SourceUnix:
		if s.Unix.DockerHost != "" {
			checkDockerHost(f, "/unix/docker_host", s.Unix.DockerHost)
		}
	}
}

func (k *KubernetesSource) check(f *Faults) {
	checkHTTPS(f, "/kubernetes/issuer", k.Issuer)
	CheckAudience(f, "/kubernetes/audience", k.Audience)
	if k.Audience != "" && k.Audience == k.Issuer {
		// What every pod is given for the cluster's own API would be proof here, and
		// whoever saw it here could use it there.
		f.Add("/kubernetes/audience", "not_allowed", "kubernetes.audience must not be the issuer: tokens for the cluster's own API carry it. Choose one for this server alone, such as authsec.")
	}
	checkKeys(f, "/kubernetes", k.JWKS, k.JWKSURL)
	checkCABundle(f, "/kubernetes/ca_bundle", k.CABundle)
	checkTokenLife(f, "/kubernetes/max_token_seconds", k.MaxTokenSeconds)
	if k.API == nil {
		if k.TokenReview {
			f.Add("/kubernetes/token_review", "not_allowed", "kubernetes.token_review needs kubernetes.api: say how the cluster's API is reached.")
		}
		return
	}
	switch {
	case k.API.InCluster == (k.API.Kubeconfig != ""):
		f.Add("/kubernetes/api", "invalid", "kubernetes.api must have either kubeconfig or in_cluster.")
	case k.API.InCluster && k.API.Context != "":
		f.Add("/kubernetes/api/context", "not_allowed", "kubernetes.api.context needs kubernetes.api.kubeconfig.")
	case k.API.Kubeconfig != "":
		checkPath(f, "/kubernetes/api/kubeconfig", k.API.Kubeconfig)
		CheckText(f, "/kubernetes/api/context", k.API.Context, MaxName, false)
	}
}

func (s *SPIFFESource) check(f *Faults) {
	before := len(*f)
	if !trustDomainPattern.MatchString(s.TrustDomain) || len(s.TrustDomain) > maxTrustDomain {
		f.Add("/spiffe/trust_domain", "invalid_name", "spiffe.trust_domain must be a trust domain's name, such as example.org.")
	}
	goodDomain := len(*f) == before
	CheckAudience(f, "/spiffe/audience", s.Audience)
	if s.BundleURL != "" {
		checkHTTPS(f, "/spiffe/bundle_url", s.BundleURL)
	}
	if s.BundleFile != "" {
		checkPath(f, "/spiffe/bundle_file", s.BundleFile)
	}
	if s.WorkloadAPI != "" {
		checkUnixURL(f, "/spiffe/workload_api", s.WorkloadAPI)
	}
	checkCABundle(f, "/spiffe/ca_bundle", s.CABundle)
	if s.EndpointSPIFFEID != "" {
		s.checkEndpoint(f, goodDomain)
		return
	}
	ways := 0
	for _, way := range []string{s.BundleURL, s.BundleFile, s.WorkloadAPI} {
		if way != "" {
			ways++
		}
	}
	if ways != 1 {
		f.Add("/spiffe", "invalid", "spiffe must say where the bundle comes from by one of bundle_url, bundle_file and workload_api.")
	}
	if s.CABundle != "" && s.BundleURL == "" {
		f.Add("/spiffe/ca_bundle", "not_allowed", "spiffe.ca_bundle needs spiffe.bundle_url.")
	}
}

// checkEndpoint checks the https_spiffe profile (SPIFFE Federation §5.2.2).
func (s *SPIFFESource) checkEndpoint(f *Faults, goodDomain bool) {
	const field = "/spiffe/endpoint_spiffe_id"
	if !ValidSPIFFEID(s.EndpointSPIFFEID) {
		f.Add(field, "invalid_uri", "spiffe.endpoint_spiffe_id must be a SPIFFE ID, such as spiffe://example.org/spire/server.")
	} else if goodDomain && !strings.HasPrefix(s.EndpointSPIFFEID, "spiffe://"+s.TrustDomain+"/") {
		f.Add(field, "invalid_uri", "spiffe.endpoint_spiffe_id must be an ID in the trust domain %s.", s.TrustDomain)
	}
	if s.BundleURL == "" {
		f.Add("/spiffe/bundle_url", "required", "spiffe.bundle_url is required with spiffe.endpoint_spiffe_id.")
	}
	if s.BundleFile == "" {
		f.Add("/spiffe/bundle_file", "required", "spiffe.bundle_file is required with spiffe.endpoint_spiffe_id: the bundle to trust at first.")
	}
	if s.WorkloadAPI != "" {
		f.Add("/spiffe/workload_api", "not_allowed", "spiffe.workload_api must be left out: the bundle comes from bundle_url.")
	}
	if s.CABundle != "" {
		f.Add("/spiffe/ca_bundle", "not_allowed", "spiffe.ca_bundle must be left out: the endpoint is known by its SPIFFE ID.")
	}
}

func (o *OIDCSource) check(f *Faults) {
	CheckText(f, "/oidc/preset", o.Preset, MaxRoleName, false)
	checkHTTPS(f, "/oidc/issuer", o.Issuer)
	CheckAudience(f, "/oidc/audience", o.Audience)
	checkKeys(f, "/oidc", o.JWKS, o.JWKSURL)
	checkCABundle(f, "/oidc/ca_bundle", o.CABundle)
	checkTokenLife(f, "/oidc/max_token_seconds", o.MaxTokenSeconds)
	platform, ok := FindPlatform(o.Platform)
	if !ok || !ProvedByOIDC(o.Platform) {
		f.Add("/oidc/platform", "unknown", "oidc.platform must be one of %s.", strings.Join(oidcPlatforms(), ", "))
		return
	}
	switch n := len(o.Claims); {
	case n == 0:
		f.Add("/oidc/claims", "required", "oidc.claims must say which claim is which selector, such as repository and %s.", platform.Selectors[0].ExampleKey())
	case n > MaxClaimMappings:
		f.Add("/oidc/claims", "too_many", "oidc.claims may list at most %d.", MaxClaimMappings)
		return
	}
	for i, m := range o.Claims {
		checkClaim(f, fmt.Sprintf("/oidc/claims/%d/claim", i), m.Claim)
		field, before := fmt.Sprintf("/oidc/claims/%d/selector", i), len(*f)
		if CheckText(f, field, m.Selector, MaxSelectorKey, false); len(*f) == before {
			platform.checkKey(f, field, m.Selector)
		}
		if m.Selector == SelectorIssuer {
			f.Add(field, "not_allowed", "%s is the issuer's own: every source attests it. Choose another name.", SelectorIssuer)
		}
		if _, err := m.Compile(); err != nil {
			f.Add(fmt.Sprintf("/oidc/claims/%d/pattern", i), "invalid_pattern", "%s", err)
		}
	}
}

// ProvedByOIDC reports whether workloads of the platform prove themselves by
// their platform's OpenID Connect tokens; the others have kinds of their own.
func ProvedByOIDC(platform string) bool {
	switch platform {
	case PlatformKubernetes, PlatformDocker, PlatformUnix, PlatformSPIFFE, PlatformOther:
		return false
	}
	_, ok := FindPlatform(platform)
	return ok
}

func oidcPlatforms() []string {
	var keys []string
	for _, p := range Platforms() {
		if ProvedByOIDC(p.Key) {
			keys = append(keys, p.Key)
		}
	}
	return keys
}

func checkTokenLife(f *Faults, field string, seconds int64) {
	if seconds != 0 && (seconds < int64(minTokenLife/time.Second) || seconds > int64(maxTokenLife/time.Second)) {
		f.Add(field, "out_of_range", "%s must be from %d to %d seconds.", label(field), int64(minTokenLife/time.Second), int64(maxTokenLife/time.Second))
	}
}
