package attest

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"authsec/internal/attest/oidctest"
	"authsec/internal/clocktest"
	"authsec/internal/domain"
	"authsec/sdk/go/jws"
)

func environment() Environment {
	return Environment{TrustDomain: "authsec.local", Now: clocktest.At(noon).Now, Log: slog.New(slog.DiscardHandler)}
}

// attestedBy returns what a source of the preset attests of claims, as key=value.
func attestedBy(t *testing.T, preset string, claims string) (pairs []string, got Attested) {
	t.Helper()
	i := oidctest.New(t, "")
	at := slices.IndexFunc(domain.Presets(), func(p domain.Preset) bool { return p.Name == preset })
	if at < 0 {
		t.Fatalf("no preset %s", preset)
	}
	p := domain.Presets()[at]
	v, err := newOIDC(domain.OIDCSource{Preset: p.Name, Platform: p.Platform, Issuer: i.URL(), Audience: "authsec", JWKS: i.JWKS(),
		Claims: p.Claims, MaxTokenSeconds: p.MaxTokenSeconds}, environment())
	if err != nil {
		t.Fatal(err)
	}
	var extra map[string]any
	if err := json.Unmarshal([]byte(claims), &extra); err != nil {
		t.Fatal(err)
	}
	got, err = v.Verify(t.Context(), Presented{Bearer: domain.Secret(i.Sign(i.Claims(noon, "authsec", extra)))}, noon)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range got.Selectors {
		if s.How != Signed {
			t.Errorf("%s is known as %s", s.Key, s.How)
		}
		pairs = append(pairs, s.Key+"="+s.Value)
	}
	slices.Sort(pairs)
	return pairs, got
}

// The claims are those of the platforms' own documentation.
func TestPresets(t *testing.T) {
	for name, tt := range map[string]struct {
		preset, claims string
		want           []string
		missing        []string
	}{
		"GitHub, a run on a branch": {"github-actions",
			`{"sub":"repo:example/agent:ref:refs/heads/main","repository":"example/agent","repository_id":"74","ref":"refs/heads/main","ref_protected":"true","workflow":"deploy","event_name":"push","run_id":"17"}`,
			[]string{"github:ref=refs/heads/main", "github:repository=example/agent", "github:workflow=deploy"}, []string{"github:environment"}},
		"GitHub, with an environment": {"github-actions",
			`{"repository":"example/agent","ref":"refs/heads/main","workflow":"deploy","environment":"production"}`,
			[]string{"github:environment=production", "github:ref=refs/heads/main", "github:repository=example/agent", "github:workflow=deploy"}, nil},
		"GitLab": {"gitlab",
			`{"namespace_path":"example","project_path":"example/agent","ref":"main","ref_type":"branch","ref_protected":"true","environment":"production","runner_id":1}`,
			[]string{"gitlab:environment=production", "gitlab:namespace_path=example", "gitlab:project_path=example/agent", "gitlab:ref=main", "gitlab:ref_protected=true"}, nil},
		"Google, format=full": {"google-cloud",
			`{"azp":"113","email":"agent@support-prod.iam.gserviceaccount.com","email_verified":true,"google":{"compute_engine":{"project_id":"support-prod","project_number":739419398126,"zone":"europe-west3-a","instance_id":"4520031799277581759","instance_name":"agent"}}}`,
			[]string{"gcp:instance_id=4520031799277581759", "gcp:project_id=support-prod", "gcp:service_account=agent@support-prod.iam.gserviceaccount.com", "gcp:zone=europe-west3-a"}, nil},
		"Google, format=standard": {"google-cloud", `{"email":"agent@support-prod.iam.gserviceaccount.com"}`,
			[]string{"gcp:service_account=agent@support-prod.iam.gserviceaccount.com"}, []string{"gcp:project_id", "gcp:zone", "gcp:instance_id"}},
		"Google, a person": {"google-cloud", `{"email":"ana@example.com"}`, nil, []string{"gcp:service_account", "gcp:project_id"}},
		"Azure, user-assigned": {"azure",
			`{"tid":"72f9","oid":"f2b1","idtyp":"app","xms_mirid":"/subscriptions/6c1a/resourcegroups/agents/providers/Microsoft.ManagedIdentity/userAssignedIdentities/agent"}`,
			[]string{"azure:principal_id=f2b1", "azure:subscription_id=6c1a", "azure:tenant_id=72f9"}, nil},
		"Azure, no managed identity": {"azure", `{"tid":"72f9","oid":"f2b1"}`,
			[]string{"azure:principal_id=f2b1", "azure:tenant_id=72f9"}, []string{"azure:subscription_id"}},
		"AWS, a role": {"aws",
			`{"sub":"arn:aws:iam::123456789012:role/agent","https://sts.amazonaws.com/":{"aws_account":"123456789012","source_region":"eu-central-1","principal_tags":{"aws_account":"1"}}}`,
			[]string{"aws:account_id=123456789012", "aws:role_arn=arn:aws:iam::123456789012:role/agent"}, nil},
		"AWS, a user": {"aws", `{"sub":"arn:aws:iam::123456789012:user/ana","https://sts.amazonaws.com/":{"aws_account":"123456789012"}}`,
			[]string{"aws:account_id=123456789012"}, []string{"aws:role_arn"}},
	} {
		t.Run(name, func(t *testing.T) {
			pairs, got := attestedBy(t, tt.preset, tt.claims)
			if !slices.Equal(pairs, tt.want) || got.Kind != KindOIDC || got.Until.IsZero() {
				t.Errorf("got %v: %+v", pairs, got)
			}
			for _, key := range tt.missing {
				if !strings.Contains(got.Missing[key], "absent or of another form") {
					t.Errorf("%s: %q does not say why", key, got.Missing[key])
				}
			}
		})
	}
}

func TestOIDCPlatformNamesItsIssuer(t *testing.T) {
	i := oidctest.New(t, "")
	v, err := newOIDC(domain.OIDCSource{Platform: "oidc", Issuer: i.URL(), Audience: "authsec", JWKS: i.JWKS(),
		Claims: []domain.ClaimMapping{{Claim: "team", Selector: "oidc:team"}, {Claim: "groups", Selector: "oidc:group"}}}, environment())
	if err != nil {
		t.Fatal(err)
	}
	got, err := v.Verify(t.Context(), Presented{Bearer: domain.Secret(i.Sign(i.Claims(noon, "authsec", map[string]any{"team": "support", "groups": []any{"a", 7, "b", "a", nil}})))}, noon)
	want := []domain.Selector{{Key: "oidc:team", Value: "support"}, {Key: "oidc:group", Value: "a"}, {Key: "oidc:group", Value: "b"}, {Key: "oidc:iss", Value: i.URL()}}
	if err != nil || len(got.Selectors) != len(want) {
		t.Fatalf("%+v, %v", got, err)
	}
	for n, s := range got.Selectors {
		if s.Selector != want[n] {
			t.Errorf("%d: %+v, want %+v", n, s.Selector, want[n])
		}
	}
	if len(got.Missing) != 1 || !strings.Contains(got.Missing["oidc:"], "from no claim") {
		t.Errorf("missing: %v", got.Missing)
	}
	if _, err := v.Verify(t.Context(), Presented{}, noon); !errors.Is(err, ErrNotMine) {
		t.Errorf("no token: %v", err)
	}
}

func TestClaimValues(t *testing.T) {
	claims, err := jws.ParseObject([]byte(`{"s":"x","n":7,"big":739419398126000001,"f":1.50,"t":true,"no":false,"null":null,"o":{"in":{"deep":"y"}},
		"list":["a",1,true,null,["z"],{"k":"v"},"b"],"empty":"","space":" x","control":"a\u0000b","bidi":"a\u202eb","long":"` + strings.Repeat("x", 1025) + `","a/b":"slash","most":"` + strings.Repeat("ü", 1024) + `"}`))
	if err != nil {
		t.Fatal(err)
	}
	for claim, want := range map[string][]string{
		"s": {"x"}, "n": {"7"}, "big": {"739419398126000001"}, "f": {"1.50"}, "t": {"true"}, "no": {"false"}, "null": nil, "o": nil,
		"absent": nil, "/o/in/deep": {"y"}, "/o/in": nil, "/o/absent/deep": nil, "/s/in": nil, "/list/0": nil, "list": {"a", "b"},
		"empty": nil, "space": nil, "control": nil, "bidi": nil, "long": nil, "a/b": {"slash"}, "/a~1b": {"slash"}, "most": {strings.Repeat("ü", 1024)},
	} {
		m, err := newClaimSelector(domain.ClaimMapping{Claim: claim, Selector: "oidc:x"})
		if err != nil {
			t.Fatal(err)
		}
		if got := m.values(claims); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", claim, got, want)
		}
	}
}

func TestMappedSelectorsAreBounded(t *testing.T) {
	var groups []any
	for n := range 2 * maxMapped {
		groups = append(groups, fmt.Sprint(n))
	}
	m, err := newClaimSelector(domain.ClaimMapping{Claim: "groups", Selector: "oidc:group"})
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := selectorsOf(object{"groups": groups}, []claimSelector{m}); len(got) != maxMapped {
		t.Errorf("%d selectors, want %d", len(got), maxMapped)
	}
}

// FuzzClaims looks for claims that break the mapping, or that are made into a
// selector that no agent could name.
func FuzzClaims(f *testing.F) {
	f.Add(`{"a":"x"}`, "a", "(.*)")
	f.Add(`{"a":{"b":["x","y"]}}`, "/a/b", "")
	f.Add(`{"":{"~":1}}`, "//~0", "")
	f.Fuzz(func(t *testing.T, text, claim, pattern string) {
		claims, err := jws.ParseObject([]byte(text))
		if err != nil {
			return
		}
		m, err := newClaimSelector(domain.ClaimMapping{Claim: claim, Selector: "oidc:x", Pattern: pattern})
		if err != nil {
			return
		}
		selectors, missing := selectorsOf(claims, []claimSelector{m})
		if (len(selectors) == 0) != (missing["oidc:x"] != "") {
			t.Fatalf("%v beside %v", selectors, missing)
		}
		for _, s := range selectors {
			spec := domain.AgentSpec{Name: "x", Type: "custom", Platform: "oidc",
				Selectors: []domain.Selector{s.Selector, {Key: "oidc:iss", Value: "https://issuer.example.com"}}}
			if err := spec.Check(); err != nil {
				t.Fatalf("%q: %v", s.Value, err)
			}
		}
	})
}
