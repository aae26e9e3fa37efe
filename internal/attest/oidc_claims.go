package attest

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"authsec/internal/domain"
	"authsec/sdk/go/jws"
)

// maxMapped bounds the selectors that one token is made into: a claim that
// lists groups can be long. Those beyond it are not attested.
const maxMapped = 256

// claimSelector makes selectors of one claim.
type claimSelector struct {
	claim    string // as the source writes it
	selector string
	pattern  *regexp.Regexp // nil: the whole value
}

func newClaimSelector(m domain.ClaimMapping) (claimSelector, error) {
	pattern, err := m.Compile()
	if err != nil {
		return claimSelector{}, fmt.Errorf("claim %s: %w", m.Claim, err)
	}
	return claimSelector{m.Claim, m.Selector, pattern}, nil
}

// selectorsOf returns what the claims attest, each once, and why a selector of
// the map is not among it.
func selectorsOf(claims object, mappings []claimSelector) (selectors []Selector, missing map[string]string) {
	missing = map[string]string{}
	seen := map[domain.Selector]bool{}
	attested := map[string]bool{}
	for _, m := range mappings {
		for _, value := range m.values(claims) {
			s := domain.Selector{Key: m.selector, Value: value}
			if seen[s] || len(selectors) == maxMapped {
				continue
			}
			seen[s], attested[s.Key] = true, true
			selectors = append(selectors, Selector{s, Signed})
		}
	}
	for _, m := range mappings {
		if !attested[m.selector] {
			missing[m.selector] = fmt.Sprintf("The token's claim %s, from which the workload source takes %s, is absent or of another form.", m.claim, m.selector)
		}
	}
	return selectors, missing
}

// values returns what the claim holds, as selectors' values: a string, number or
// bool, or every string of an array of them.
func (m claimSelector) values(claims object) []string {
	var found []string
	add := func(text string) {
		if value, ok := m.take(text); ok {
			found = append(found, value)
		}
	}
	switch v := domain.ClaimAt(claims, m.claim).(type) {
	case string:
		add(v)
	case bool:
		add(strconv.FormatBool(v))
	case jws.Number:
		add(v.String())
	case []any:
		for _, member := range v {
			if text, ok := member.(string); ok {
				add(text)
			}
		}
	}
	return found
}

// take applies the pattern. What no agent could name as a selector's value (see
// domain.CheckText) is not attested either.
func (m claimSelector) take(text string) (string, bool) {
	if m.pattern != nil {
		groups := m.pattern.FindStringSubmatch(text)
		if groups == nil {
			return "", false
		}
		text = groups[1]
	}
	var f domain.Faults
	domain.CheckText(&f, "", text, domain.MaxSelectorValue, false)
	return text, len(f) == 0 && text != "" && strings.TrimSpace(text) == text
}
