package domain_test

import (
	"slices"
	"strings"
	"testing"

	"authsec/internal/domain"
)

// A preset, filled in, is a source that can be saved, and it attests every key
// of its platform that the platform's tokens can prove.
func TestPresetsAreGoodSources(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range domain.Presets() {
		issuer := strings.NewReplacer("<tenant-id>", "72f988bf-86f1-41af-91ab-2d7cd011db47", "<account's own>", "abc123").Replace(p.Issuer)
		spec := domain.WorkloadSourceSpec{Name: p.Label, Kind: domain.SourceOIDC, Settings: domain.SourceSettings{OIDC: &domain.OIDCSource{
			Preset: p.Name, Platform: p.Platform, Issuer: issuer, Audience: "authsec", Claims: p.Claims, MaxTokenSeconds: p.MaxTokenSeconds}}}
		if err := spec.Check(); err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
		if seen[p.Name] || p.Name == "" || p.Label == "" || p.Help == "" || p.Audience == "" {
			t.Errorf("%+v says too little, or twice", p)
		}
		seen[p.Name] = true
		platform, _ := domain.FindPlatform(p.Platform)
		for _, key := range platform.Selectors {
			if !slices.ContainsFunc(p.Claims, func(m domain.ClaimMapping) bool { return m.Selector == key.Key }) {
				t.Errorf("%s says nothing of %s", p.Name, key.Key)
			}
		}
	}
}

func TestClaimPath(t *testing.T) {
	for claim, want := range map[string][]string{
		"repository":                                 {"repository"},
		"https://sts.amazonaws.com/":                 {"https://sts.amazonaws.com/"},
		"/https:~1~1sts.amazonaws.com~1/aws_account": {"https://sts.amazonaws.com/", "aws_account"},
		"/a/b/c":             {"a", "b", "c"},
		"/a~01":              {"a~1"}, // not "a/": RFC 6901 §4
		"/a//b":              {"a", "", "b"},
		"a/b":                {"a/b"},
		"/kubernetes.io/pod": {"kubernetes.io", "pod"},
	} {
		if got := (domain.ClaimMapping{Claim: claim}).Path(); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", claim, got, want)
		}
	}
}

func TestClaimPattern(t *testing.T) {
	for pattern, ok := range map[string]bool{
		"": true, "(.*)": true, `/subscriptions/([^/]+)/.*`: true, `(?i:a)(b)`: true,
		"no group": false, "(two)(groups)": false, "(": false, "(?:none)": false, `(a)` + strings.Repeat("a", 256): false,
	} {
		if _, err := (domain.ClaimMapping{Pattern: pattern}).Compile(); (err == nil) != ok {
			t.Errorf("%q: %v", pattern, err)
		}
	}
	re, err := (domain.ClaimMapping{Pattern: `a|(b)`}).Compile()
	if err != nil {
		t.Fatal(err)
	}
	for value, want := range map[string]bool{"b": true, "a": true, "ab": false, "bb": false, "b\n": false, "xb": false} {
		if re.MatchString(value) != want {
			t.Errorf("%q: whole values only", value)
		}
	}
}

func TestMappingFaults(t *testing.T) {
	for name, tt := range map[string]struct {
		m    domain.ClaimMapping
		want string
	}{
		"the issuer's own selector": {domain.ClaimMapping{Claim: "x", Selector: "oidc:iss"}, "/oidc/claims/0/selector:not_allowed"},
		"a bad pattern":             {domain.ClaimMapping{Claim: "x", Selector: "oidc:x", Pattern: "("}, "/oidc/claims/0/pattern:invalid_pattern"},
		"a name with capitals":      {domain.ClaimMapping{Claim: "x", Selector: "oidc:Team"}, "/oidc/claims/0/selector:invalid_name"},
		"another platform's key":    {domain.ClaimMapping{Claim: "x", Selector: "github:ref"}, "/oidc/claims/0/selector:unknown"},
	} {
		spec := domain.WorkloadSourceSpec{Name: "x", Kind: domain.SourceOIDC, Settings: domain.SourceSettings{OIDC: &domain.OIDCSource{
			Platform: "oidc", Issuer: "https://issuer.example.com", Audience: "authsec", Claims: []domain.ClaimMapping{tt.m}}}}
		t.Run(name, func(t *testing.T) { wantFaults(t, spec.Check(), tt.want) })
	}
}
