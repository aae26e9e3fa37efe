package domain_test

import (
	"strings"
	"testing"

	"authsec/internal/domain"
)

// Only spiffe:id takes several values; each is one whole ID.
func TestSelectorAccepts(t *testing.T) {
	const one, two = "spiffe://example.org/a", "spiffe://example.org/b"
	for name, tt := range map[string]struct {
		key, want, gotKey, got string
		ok                     bool
	}{
		"equal":                      {"k8s:ns", "production", "k8s:ns", "production", true},
		"another value":              {"k8s:ns", "production", "k8s:ns", "staging", false},
		"another key":                {"k8s:ns", "production", "k8s:sa", "production", false},
		"several words elsewhere":    {"k8s:ns", "production staging", "k8s:ns", "staging", false},
		"one SPIFFE ID":              {"spiffe:id", one, "spiffe:id", one, true},
		"the first of two":           {"spiffe:id", one + " " + two, "spiffe:id", one, true},
		"the second of two":          {"spiffe:id", one + "   " + two, "spiffe:id", two, true},
		"a third":                    {"spiffe:id", one + " " + two, "spiffe:id", "spiffe://example.org/c", false},
		"a beginning of one":         {"spiffe:id", one + " " + two, "spiffe:id", "spiffe://example.org/", false},
		"nothing":                    {"spiffe:id", one + " " + two, "spiffe:id", "", false},
		"of another key":             {"spiffe:id", one + " " + two, "oidc:spiffe", one, false},
		"the demand itself, vouched": {"spiffe:id", one + " " + two, "spiffe:id", one + " " + two, true},
		"the IDs the other way":      {"spiffe:id", one + " " + two, "spiffe:id", two + " " + one, false},
		"several are not one":        {"spiffe:id", one, "spiffe:id", one + " " + two, false},
	} {
		if got := (domain.Selector{Key: tt.key, Value: tt.want}).Accepts(domain.Selector{Key: tt.gotKey, Value: tt.got}); got != tt.ok {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestSPIFFEIDsOfAnAgent(t *testing.T) {
	for value, ok := range map[string]bool{
		"spiffe://example.org/ns/production/sa/agent":      true,
		"spiffe://example.org/a spiffe://example.org/b":    true,
		"spiffe://example.org/a  spiffe://b_1.example-2/":  false,
		"spiffe://example.org/a, spiffe://example.org/b":   false,
		"spiffe://example.org/a,spiffe://example.org/b":    false,
		"spiffe://example.org":                             false, // a trust domain is no workload
		"spiffe://example.org/":                            false,
		"spiffe://Example.org/a":                           false,
		"spiffe://example.org/a/../b":                      false,
		"https://example.org/a":                            false,
		"example.org/a":                                    false,
		"spiffe://example.org/" + strings.Repeat("a", 900): true,
	} {
		spec := domain.AgentSpec{Name: "Agent", Type: "custom", Platform: domain.PlatformSPIFFE, Selectors: []domain.Selector{{Key: "spiffe:id", Value: value}}}
		if err := spec.Check(); (err == nil) != ok {
			t.Errorf("%q: %v", value, err)
		}
	}
}
