package adminapi

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"authsec/internal/domain"
	"authsec/internal/httpapi/adminapi/api"
)

// TestSettingsHaveOneName: the contract names the settings of workload sources
// as they are stored, so that they go from one to the other by JSON.
func TestSettingsHaveOneName(t *testing.T) {
	doc, err := api.GetSpec()
	if err != nil {
		t.Fatal(err)
	}
	for schema, stored := range map[string]any{"KubernetesSource": domain.KubernetesSource{}, "KubernetesApi": domain.KubernetesAPI{},
		"SpiffeSource": domain.SPIFFESource{}, "OidcSource": domain.OIDCSource{}, "ClaimMapping": domain.ClaimMapping{}, "UnixSource": domain.UnixSource{}} {
		var tags []string
		for field := range reflect.TypeOf(stored).Fields() {
			tag, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			tags = append(tags, tag)
		}
		slices.Sort(tags)
		if names := slices.Sorted(maps.Keys(doc.Components.Schemas[schema].Value.Properties)); !slices.Equal(names, tags) {
			t.Errorf("%s has %v, what is stored %v", schema, names, tags)
		}
	}
}

// TestSettingsComeBackWhole from the contract's form.
func TestSettingsComeBackWhole(t *testing.T) {
	for _, s := range []domain.SourceSettings{
		{Kubernetes: &domain.KubernetesSource{Issuer: "https://a", Audience: "b", JWKS: "c", JWKSURL: "d", CABundle: "e", TokenReview: true, MaxTokenSeconds: 60,
			API: &domain.KubernetesAPI{Kubeconfig: "f", Context: "g", InCluster: true}}},
		{SPIFFE: &domain.SPIFFESource{TrustDomain: "a", Audience: "b", BundleURL: "c", EndpointSPIFFEID: "d", BundleFile: "e", WorkloadAPI: "f", CABundle: "g"}},
		{OIDC: &domain.OIDCSource{Preset: "a", Platform: "b", Issuer: "c", Audience: "d", JWKS: "e", JWKSURL: "f", CABundle: "g",
			Claims: []domain.ClaimMapping{{Claim: "h", Selector: "i", Pattern: "j"}}, MaxTokenSeconds: 60}},
		{Unix: &domain.UnixSource{DockerHost: "a"}}, {Unix: &domain.UnixSource{}},
	} {
		members, err := membersOf(s)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := members.settings(); err != nil || !reflect.DeepEqual(back, s) {
			t.Errorf("%+v became %+v, %v", s, back, err)
		}
	}
}
