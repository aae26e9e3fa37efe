package domain

import (
	"slices"
	"testing"
)

func TestPossible(t *testing.T) {
	source := func(name string, s SourceSettings) WorkloadSource { return WorkloadSource{Name: name, Settings: s} }
	all := []WorkloadSource{
		source("cluster a", SourceSettings{Kubernetes: &KubernetesSource{Issuer: "https://a"}}),
		source("cluster b", SourceSettings{Kubernetes: &KubernetesSource{Issuer: "https://b"}}),
		source("issuer a", SourceSettings{OIDC: &OIDCSource{Issuer: "https://a"}}),
		source("issuer b", SourceSettings{OIDC: &OIDCSource{Issuer: "https://b"}}),
		source("own", SourceSettings{SPIFFE: &SPIFFESource{TrustDomain: "own.example"}}),
		source("partner", SourceSettings{SPIFFE: &SPIFFESource{TrustDomain: "partner.example"}}),
		source("machine", SourceSettings{Unix: &UnixSource{}}),
	}
	for name, tt := range map[string]struct {
		demands []Selector
		without []string
	}{
		"nothing":          {nil, nil},
		"a namespace":      {[]Selector{{"k8s:ns", "https://a"}}, nil},
		"a cluster":        {[]Selector{{"k8s:ns", "x"}, {SelectorCluster, "https://a"}}, []string{"cluster b"}},
		"an issuer":        {[]Selector{{SelectorIssuer, "https://b"}}, []string{"issuer a"}},
		"our own workload": {[]Selector{{SelectorSPIFFEID, "spiffe://own.example/x"}}, []string{"partner"}},
		"a partner's":      {[]Selector{{SelectorSPIFFEID, "spiffe://own.example/x spiffe://partner.example/y"}}, nil},
		"a longer name":    {[]Selector{{SelectorSPIFFEID, "spiffe://partner.example.org/y"}}, []string{"partner"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := Possible(all, Agent{Selectors: tt.demands}, "own.example")
			for _, s := range all {
				left := slices.ContainsFunc(got, func(x WorkloadSource) bool { return x.Name == s.Name })
				if left == slices.Contains(tt.without, s.Name) {
					t.Errorf("%s is left: %v", s.Name, left)
				}
			}
			if len(all) != 7 || all[6].Name != "machine" {
				t.Error("what was given has changed")
			}
		})
	}
}
