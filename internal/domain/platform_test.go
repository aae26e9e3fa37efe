package domain_test

import (
	"fmt"
	"strings"
	"testing"

	"authsec/internal/domain"
)

// The catalogue holds exactly the keys of DESIGN §1.
func TestCatalogue(t *testing.T) {
	want := map[string]string{
		"kubernetes": "k8s:ns k8s:sa k8s:pod-label:<name> k8s:pod-name k8s:pod-uid k8s:container-name k8s:container-image k8s:node-name k8s:cluster",
		"docker":     "docker:label:<name> docker:image_id docker:env:<name>",
		"unix":       "unix:uid unix:user unix:gid unix:group unix:path unix:sha256",
		"aws":        "aws:account_id aws:role_arn",
		"gcp":        "gcp:project_id gcp:service_account gcp:instance_id gcp:zone",
		"azure":      "azure:tenant_id azure:subscription_id azure:principal_id",
		"github":     "github:repository github:ref github:workflow github:environment",
		"gitlab":     "gitlab:project_path gitlab:ref gitlab:ref_protected gitlab:environment gitlab:namespace_path",
		"oidc":       "oidc:iss oidc:<name>",
		"spiffe":     "spiffe:id",
		"other":      "",
	}
	got := domain.Platforms()
	if len(got) != len(want) {
		t.Errorf("%d platforms, want %d", len(got), len(want))
	}
	for _, p := range got {
		keys := strings.Fields(want[p.Key])
		has := map[string]bool{}
		for _, k := range p.Selectors {
			has[k.Key] = true
			if k.Label == "" || k.Example == "" || !strings.HasSuffix(k.Help, ".") {
				t.Errorf("%s: label, example or help is missing", k.Key)
			}
			if k.IsPattern() != strings.HasSuffix(k.Key, "<name>") {
				t.Errorf("%s: pattern %t", k.Key, k.IsPattern())
			}
		}
		for _, k := range keys {
			if !has[k] {
				t.Errorf("%s lacks %s", p.Key, k)
			}
		}
		if len(p.Selectors) != len(keys) {
			t.Errorf("%s has %d keys, want %d", p.Key, len(p.Selectors), len(keys))
		}
		if found, ok := domain.FindPlatform(p.Key); !ok || found.Label != p.Label || p.Label == "" || p.Help == "" {
			t.Errorf("%s is not found, or says nothing", p.Key)
		}
	}
	if _, ok := domain.FindPlatform("windows"); ok {
		t.Error("found a platform that there is not")
	}
}

// Where an issuer serves strangers too, a selector that they can all satisfy is not enough.
func TestAnchors(t *testing.T) {
	for _, tt := range []struct {
		platform, key string
		ok            bool
	}{
		{"github", "github:ref", false},
		{"github", "github:repository", true},
		{"gitlab", "gitlab:ref_protected", false},
		{"gitlab", "gitlab:namespace_path", true},
		{"gitlab", "gitlab:project_path", true},
		{"gcp", "gcp:zone", false},
		{"gcp", "gcp:project_id", true},
		{"azure", "azure:tenant_id", false},
		{"azure", "azure:principal_id", true},
		{"oidc", "oidc:team", false},
		{"oidc", "oidc:iss", true},
		{"aws", "aws:account_id", true}, // the issuer is the account's own
	} {
		spec := domain.AgentSpec{Name: "Agent", Type: "custom", Platform: tt.platform, Selectors: []domain.Selector{{Key: tt.key, Value: "x"}}}
		err := spec.Check()
		if (err == nil) != tt.ok {
			t.Errorf("%s alone on %s: %v", tt.key, tt.platform, err)
		}
		patch := domain.AgentPatch{Selectors: &spec.Selectors}
		if err := patch.Check(tt.platform); (err == nil) != tt.ok {
			t.Errorf("%s alone on %s, as a change: %v", tt.key, tt.platform, err)
		}
	}
}

// The catalogue's own examples onboard an agent on every platform.
func TestExamplesAreAccepted(t *testing.T) {
	for _, p := range domain.Platforms() {
		spec := domain.AgentSpec{Name: "Agent", Type: "custom", Platform: p.Key}
		for _, k := range p.Selectors {
			spec.Selectors = append(spec.Selectors, domain.Selector{Key: k.ExampleKey(), Value: k.Example})
		}
		if err := spec.Check(); err != nil {
			t.Errorf("%s: %v", p.Key, err)
		}
	}
}

func TestAgentTypes(t *testing.T) {
	want := []string{"langchain:Langchain AI agent", "langgraph:LangGraph AI agent", "llamaindex:LlamaIndex AI agent", "crewai:CrewAI AI agent",
		"autogen:AutoGen AI agent", "openai-agents:OpenAI Agents SDK agent", "mcp-agent:AI agent / MCP client", "custom:Other AI agent"}
	var got []string
	for _, a := range domain.AgentTypes() {
		got = append(got, a.Value+":"+a.Label)
		if domain.AgentTypeLabel(a.Value) != a.Label {
			t.Errorf("the label of %s is lost", a.Value)
		}
	}
	if strings.Join(got, "|") != strings.Join(want, "|") || domain.AgentTypeLabel("x") != "" {
		t.Errorf("types are %v", got)
	}
}

func TestSelectors(t *testing.T) {
	sel := func(pairs ...string) []domain.Selector {
		var out []domain.Selector
		for i := 0; i < len(pairs); i += 2 {
			out = append(out, domain.Selector{Key: pairs[i], Value: pairs[i+1]})
		}
		return out
	}
	many := make([]domain.Selector, domain.MaxSelectors+1)
	for i := range many {
		many[i] = domain.Selector{Key: fmt.Sprintf("k8s:pod-label:l%d", i), Value: "x"}
	}
	tests := []struct {
		name, platform string
		selectors      []domain.Selector
		faults         []string
	}{
		{"the guide's four", "kubernetes", sel("k8s:ns", "production", "k8s:sa", "customer-support-sa", "k8s:pod-label:app", "customer-support", "k8s:container-name", "agent"), nil},
		{"two labels", "kubernetes", sel("k8s:pod-label:app", "a", "k8s:pod-label:tier", "b"), nil},
		{"as many as may be", "kubernetes", many[:domain.MaxSelectors], nil},
		{"one more", "kubernetes", many, []string{"/selectors:too_many"}},
		{"space around", "kubernetes", sel("k8s:ns", "production "), []string{"/selectors/0/value:surrounding_space"}},
		{"unknown platform", "windows", sel("k8s:ns", "x"), []string{"/platform:unknown"}},
		{"none", "kubernetes", nil, []string{"/selectors:required"}},
		{"none on other", "other", nil, nil},
		{"some on other", "other", sel("k8s:ns", "x"), []string{"/selectors/0/key:unknown"}},
		{"another platform's key", "docker", sel("k8s:ns", "x"), []string{"/selectors/0/key:unknown"}},
		{"unknown key", "kubernetes", sel("k8s:namespace", "x"), []string{"/selectors/0/key:unknown"}},
		{"key in another case", "kubernetes", sel("K8S:ns", "x"), []string{"/selectors/0/key:unknown"}},
		{"empty key", "kubernetes", sel("", "x"), []string{"/selectors/0/key:unknown"}},
		{"pattern without a name", "kubernetes", sel("k8s:pod-label:", "x"), []string{"/selectors/0/key:unknown"}},
		{"pattern not filled in", "kubernetes", sel("k8s:pod-label:<name>", "x"), []string{"/selectors/0/key:unknown"}},
		{"pattern with white space", "kubernetes", sel("k8s:pod-label: app", "x"), []string{"/selectors/0/key:invalid_name"}},
		{"blank value", "kubernetes", sel("k8s:ns", " \t"), []string{"/selectors/0/value:required"}},
		{"repeated key", "kubernetes", sel("k8s:ns", "a", "k8s:ns", "b"), []string{"/selectors/1/key:repeated"}},
		{"control characters", "kubernetes", sel("k8s:ns\x00", "a", "k8s:sa", "b\x1b"), []string{"/selectors/0/key:control_character", "/selectors/1/value:control_character"}},
		{"invalid UTF-8", "kubernetes", sel("k8s:ns", "\xff"), []string{"/selectors/0/value:invalid_utf8"}},
		{"too long", "kubernetes", sel("k8s:pod-label:"+strings.Repeat("x", 256), "a", "k8s:sa", strings.Repeat("x", 1025)),
			[]string{"/selectors/0/key:too_long", "/selectors/1/value:too_long"}},
		{"a malformed key twice is not repeated back", "kubernetes", sel("\xff", "a", "\xff", "b"), []string{"/selectors/0/key:invalid_utf8", "/selectors/1/key:invalid_utf8"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			spec := domain.AgentSpec{Name: "Agent", Type: "langchain", Platform: tt.platform, Selectors: tt.selectors}
			wantFaults(t, spec.Check(), tt.faults...)
			if _, known := domain.FindPlatform(tt.platform); known {
				patch := domain.AgentPatch{Selectors: &tt.selectors}
				wantFaults(t, patch.Check(tt.platform), tt.faults...)
			}
		})
	}
}

// Names in pattern keys are held to what their platform allows.
func TestNamesInSelectorKeys(t *testing.T) {
	label63 := strings.Repeat("x", 63)
	for platform, patterns := range map[string]map[string]map[string]bool{
		"kubernetes": {"k8s:pod-label:": {
			"app": true, "app.kubernetes.io/name": true, "App_Name.v-2": true, "1": true, label63: true,
			"example.com/" + label63: true, "a--b.example/x": true,
			"bad name!": false, "-app": false, "app-": false, ".app": false, "app/": false, "/app": false, "a/b/c": false, label63 + "x": false,
			"Example.com/app": false, "example..com/app": false, "-example.com/app": false, "example_com/app": false,
			"ap\u00fc": false, "<NAME>": false,
		}},
		"docker": {
			"docker:label:": {"com.docker.compose.project": true, "traefik.http.routers.a[0].rule": true, "UPPER": true, "a b": false, "a=b": false, "\u00a0": false},
			"docker:env:":   {"APP_ENV": true, "_x": true, "a.b-c": true, "1A": false, "A=B": false, "A B": false, "-": false, "\u00c4": false},
		},
	} {
		for pattern, names := range patterns {
			for name, valid := range names {
				spec := domain.AgentSpec{Name: "Agent", Type: "custom", Platform: platform, Selectors: []domain.Selector{{Key: pattern + name, Value: "x"}}}
				if valid {
					wantFaults(t, spec.Check())
					continue
				}
				err := spec.Check()
				wantFaults(t, err, "/selectors/0/key:invalid_name")
				if !strings.Contains(publicOf(err), "such as") {
					t.Errorf("%s%s: %q gives no example", pattern, name, publicOf(err))
				}
			}
		}
	}
}

func TestAgentSpec(t *testing.T) {
	spec := domain.AgentSpec{Name: " ", Type: "skynet", Platform: "vms", Attestation: "maybe"}
	wantFaults(t, spec.Check(), "/name:required", "/type:unknown", "/attestation:unknown", "/platform:unknown")
	if public := publicOf(spec.Check()); !strings.Contains(public, "and 3 more") {
		t.Errorf("public text is %q", public)
	}
	given := []domain.Selector{{Key: "k8s:ns", Value: "a"}}
	spec = domain.AgentSpec{Name: " Agent ", Type: "custom", Platform: "kubernetes", Selectors: given}
	if err := spec.Check(); err != nil || spec.Name != "Agent" {
		t.Fatalf("name %q: %v", spec.Name, err)
	}
	given[0].Value = "changed"
	if spec.Selectors[0].Value != "a" {
		t.Error("the spec shares its caller's selectors")
	}
	for _, a := range []domain.Attestation{"", domain.AttestationRequired, domain.AttestationPermissive} {
		spec.Attestation = a
		wantFaults(t, spec.Check())
	}
}

func TestAgentPatch(t *testing.T) {
	none, name, kind := domain.Attestation(""), "  New name ", "skynet"
	patch := domain.AgentPatch{Name: &name, Type: &kind, Attestation: &none, Selectors: &[]domain.Selector{}}
	wantFaults(t, patch.Check("kubernetes"), "/type:unknown", "/attestation:unknown", "/selectors:required")
	if *patch.Name != "New name" || name != "  New name " {
		t.Error("the patch's name is not normalised in the patch alone")
	}
	empty := domain.AgentPatch{}
	wantFaults(t, empty.Check("kubernetes"))
}

func TestSPIFFEID(t *testing.T) {
	if got := domain.SPIFFEID("authsec.local", "0190a000-0000-7000-8000-00000000abcd"); got != "spiffe://authsec.local/agent/0190a000-0000-7000-8000-00000000abcd" {
		t.Error(got)
	}
}
