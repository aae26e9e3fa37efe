package domain

import (
	"fmt"
	"slices"
	"strings"
)

// Platform is where a workload runs, with the selectors that can identify it there.
type Platform struct {
	Key       string
	Label     string
	Help      string
	Selectors []SelectorKey
}

// SelectorKey describes one key of the catalogue. A pattern key ends in
// "<name>": the caller fills in the name.
type SelectorKey struct {
	Key       string
	Label     string
	Example   string // an example value
	Help      string
	Suggested bool // stands ready to be filled in when an agent is onboarded
}

// IsPattern reports whether the caller completes the key with a name.
func (k SelectorKey) IsPattern() bool { return strings.HasSuffix(k.Key, patternSuffix) }

// Prefix is what the keys of a pattern begin with, up to the name.
func (k SelectorKey) Prefix() string { return strings.TrimSuffix(k.Key, patternSuffix) }

// ExampleKey is the key with an example name in the place of <name>.
func (k SelectorKey) ExampleKey() string {
	return strings.Replace(k.Key, patternSuffix, "app", 1)
}

const patternSuffix = "<name>"

// Limits of an agent's selectors.
const (
	MaxSelectors     = 64
	MaxSelectorKey   = 256
	MaxSelectorValue = 1024
)

// The platforms by key.
const (
	PlatformKubernetes = "kubernetes"
	PlatformDocker     = "docker"
	PlatformUnix       = "unix"
	PlatformSPIFFE     = "spiffe"
	PlatformOIDC       = "oidc"
	PlatformOther      = "other"
)

// SelectorIssuer is attested by every source of the platform oidc, and by no
// claim that an issuer is free to fill in.
const SelectorIssuer = "oidc:iss"

// SelectorCluster is attested by every Kubernetes source: the issuer's URL.
const SelectorCluster = "k8s:cluster"

// Anchors returns the keys of which an agent of the platform must name at least
// one, none where any key will do. Its issuer serves strangers too: everybody on
// GitHub has a main branch.
func (p Platform) Anchors() []string {
	switch p.Key {
	case "github":
		return []string{"github:repository"}
	case "gitlab":
		return []string{"gitlab:project_path", "gitlab:namespace_path"}
	case "gcp":
		return []string{"gcp:service_account", "gcp:project_id"}
	case "azure": // people and every other application of the directory have tokens too
		return []string{"azure:principal_id", "azure:subscription_id"}
	case PlatformOIDC:
		return []string{SelectorIssuer}
	}
	return nil
}

// Platforms is the catalogue, in display order. The API serves it; no client
// hard-codes any of it.
func Platforms() []Platform {
	return []Platform{
		{PlatformKubernetes, "Kubernetes", "A pod, known by its projected service-account token.", []SelectorKey{
			{"k8s:ns", "Namespace", "production", "The pod's namespace.", true},
			{"k8s:sa", "Service account", "customer-support-sa", "The pod's service account.", true},
			{"k8s:pod-label:" + patternSuffix, "Pod label", "customer-support", "A label of the pod, by its name.", true},
			{"k8s:container-name", "Container name", "agent", "The container that holds our projected token.", true},
			{"k8s:pod-name", "Pod name", "customer-support-7d9f", "One pod by its name.", false},
			{"k8s:pod-uid", "Pod UID", "6a1f4c1e-2b0d-4b7e-9c59-0f6f2f0f8f11", "One pod by its UID.", false},
			{"k8s:container-image", "Container image", "registry.example.com/agent:1.4", "The image of the container that holds our projected token.", false},
			{"k8s:node-name", "Node name", "node-3", "The node the pod runs on.", false},
			{"k8s:cluster", "Cluster", "https://cluster.example.com", "The cluster, by the issuer of its tokens: needed where several clusters are trusted.", false},
		}},
		{PlatformDocker, "Docker", "A container, known by the process that calls.", []SelectorKey{
			{"docker:label:" + patternSuffix, "Label", "customer-support", "A label of the container, by its name.", true},
			{"docker:image_id", "Image ID", "sha256:77af4d6b9913e693e8d0b4b294fa62ade6054e6b2f1ffb617ac955dd63fb0182", "The image that the container runs, by its whole ID.", true},
			{"docker:env:" + patternSuffix, "Environment variable", "production", "A variable of the container, by its name.", false},
		}},
		{PlatformUnix, "Unix", "A process on the same machine, known by its owner and executable.", []SelectorKey{
			{"unix:uid", "User ID", "1000", "The process's user, as a number.", true},
			{"unix:user", "User", "agent", "The process's user, by name.", false},
			{"unix:gid", "Group ID", "1000", "The process's group, as a number.", false},
			{"unix:group", "Group", "agents", "The process's group, by name.", false},
			{"unix:path", "Executable", "/usr/local/bin/agent", "The path of the executable.", true},
			{"unix:sha256", "Executable SHA-256", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "The digest of the executable.", false},
		}},
		{"aws", "AWS", "A workload with an AWS identity.", []SelectorKey{
			{"aws:account_id", "Account ID", "123456789012", "The AWS account.", true},
			{"aws:role_arn", "Role ARN", "arn:aws:iam::123456789012:role/agent", "The role the workload runs under.", true},
		}},
		{"gcp", "Google Cloud", "A workload with a Google Cloud service identity.", []SelectorKey{
			{"gcp:project_id", "Project ID", "support-prod", "The project.", true},
			{"gcp:service_account", "Service account", "agent@support-prod.iam.gserviceaccount.com", "The service account's email.", true},
			{"gcp:instance_id", "Instance ID", "4520031799277581759", "One instance by its ID.", false},
			{"gcp:zone", "Zone", "europe-west3-a", "The instance's zone.", false},
		}},
		{"azure", "Azure", "A workload with a managed identity.", []SelectorKey{
			{"azure:tenant_id", "Tenant ID", "72f988bf-86f1-41af-91ab-2d7cd011db47", "The directory.", true},
			{"azure:subscription_id", "Subscription ID", "6c1a2d8e-1f52-4c8b-9d0e-1f6b2f3d4c5a", "The subscription.", false},
			{"azure:principal_id", "Principal ID", "f2b1c3d4-5e6f-4a7b-8c9d-0e1f2a3b4c5d", "The identity's object ID.", true},
		}},
		{"github", "GitHub Actions", "A workflow run, known by its OIDC token.", []SelectorKey{
			{"github:repository", "Repository", "example/support-agent", "owner/name.", true},
			{"github:ref", "Ref", "refs/heads/main", "The branch or tag.", true},
			{"github:workflow", "Workflow", "deploy", "The workflow's name.", false},
			{"github:environment", "Environment", "production", "The deployment environment.", false},
		}},
		{"gitlab", "GitLab CI/CD", "A job of a pipeline, known by its ID token.", []SelectorKey{
			{"gitlab:project_path", "Project", "example/support-agent", "The project's path with its groups.", true},
			{"gitlab:ref", "Ref", "main", "The branch or tag, by its name alone.", true},
			{"gitlab:ref_protected", "Protected ref", "true", "Whether the branch or tag is protected: true or false.", false},
			{"gitlab:environment", "Environment", "production", "The environment that the job deploys to.", false},
			{"gitlab:namespace_path", "Namespace", "example", "The group or user that the project belongs to.", false},
		}},
		{PlatformSPIFFE, "SPIFFE", "A workload with an SVID.", []SelectorKey{
			{SelectorSPIFFEID, "SPIFFE ID", "spiffe://example.org/ns/production/sa/customer-support", "The workload's SPIFFE ID; or several, separated by spaces, of which it must have one.", true},
		}},
		{PlatformOIDC, "OpenID Connect", "A workload with a token of any issuer that is trusted here.", []SelectorKey{
			{SelectorIssuer, "Issuer", "https://issuer.example.com", "The issuer of the token. Every agent names it, so that no other issuer can vouch for it.", true},
			{"oidc:" + patternSuffix, "Claim", "customer-support", "A selector that the workload source makes of a claim, by its name.", true},
		}},
		{PlatformOther, "Other", "Anywhere else: the agent holds a client secret, or signs with a key of its own.", nil},
	}
}

// FindPlatform returns the platform of the key.
func FindPlatform(key string) (Platform, bool) {
	for _, p := range Platforms() {
		if p.Key == key {
			return p, true
		}
	}
	return Platform{}, false
}

// checkKey adds a fault unless key belongs to the platform: an exact key, or a
// pattern completed with a name that the platform knows such names by.
func (p Platform) checkKey(f *Faults, field, key string) {
	for _, k := range p.Selectors {
		if !k.IsPattern() {
			if k.Key == key {
				return
			}
			continue
		}
		name, ok := strings.CutPrefix(key, strings.TrimSuffix(k.Key, patternSuffix))
		if !ok || name == "" || name == patternSuffix {
			continue
		}
		if rule := ruleOf(k.Key); !rule.valid(name) {
			f.Add(field, "invalid_name", "%q is not %s.", name, rule.says)
		}
		return
	}
	f.Add(field, "unknown", "%q is not a selector key of the platform %s.", key, p.Key)
}

// checkSelectors refuses unknown keys, blank values and repeated keys. A
// workload platform needs at least one selector: without any, every workload
// of the platform would satisfy the agent.
func checkSelectors(f *Faults, platform string, selectors []Selector) {
	p, ok := FindPlatform(platform)
	if !ok {
		keys := make([]string, 0, len(Platforms()))
		for _, p := range Platforms() {
			keys = append(keys, p.Key)
		}
		f.Add("/platform", "unknown", "platform must be one of %s.", strings.Join(keys, ", "))
		return
	}
	switch {
	case len(selectors) > MaxSelectors:
		f.Add("/selectors", "too_many", "selectors may list at most %d.", MaxSelectors)
		return
	case len(selectors) == 0 && len(p.Selectors) > 0:
		f.Add("/selectors", "required", "selectors must name at least one selector of the platform %s, such as %s.", p.Key, p.Selectors[0].ExampleKey())
		return
	}
	anchors := p.Anchors()
	if len(anchors) > 0 && !slices.ContainsFunc(selectors, func(s Selector) bool { return slices.Contains(anchors, s.Key) }) {
		f.Add("/selectors", "required", "selectors must name %s: without it, workloads of others would satisfy the agent too.", strings.Join(anchors, " or "))
	}
	seen := map[string]bool{}
	for i, s := range selectors {
		keyField, valueField := fmt.Sprintf("/selectors/%d/key", i), fmt.Sprintf("/selectors/%d/value", i)
		before := len(*f)
		CheckText(f, keyField, s.Key, MaxSelectorKey, false)
		if len(*f) == before {
			p.checkKey(f, keyField, s.Key)
		}
		if seen[s.Key] && len(*f) == before {
			f.Add(keyField, "repeated", "%q is given more than once.", s.Key)
		}
		seen[s.Key] = true
		if strings.TrimSpace(s.Value) == "" {
			f.Add(valueField, "required", "%s needs a value.", label(valueField))
			continue
		}
		CheckText(f, valueField, s.Value, MaxSelectorValue, false)
		if strings.TrimSpace(s.Value) != s.Value { // pasted, most likely; no workload would ever match it
			f.Add(valueField, "surrounding_space", "%s begins or ends with white space.", label(valueField))
			continue
		}
		if s.Key == SelectorSPIFFEID {
			checkSPIFFEIDs(f, valueField, s.Value)
		}
	}
}

// checkSPIFFEIDs checks the value of spiffe:id: no workload could have another.
func checkSPIFFEIDs(f *Faults, field, value string) {
	for _, id := range strings.Fields(value) {
		if !ValidSPIFFEID(id) || strings.Count(id, "/") < 3 { // a trust domain is no workload (SPIFFE-ID §2.2)
			f.Add(field, "invalid_uri", "%s must be a workload's SPIFFE ID, such as spiffe://example.org/ns/production/sa/agent, or several separated by spaces.", label(field))
			return
		}
	}
}
