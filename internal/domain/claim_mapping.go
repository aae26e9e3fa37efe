package domain

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// maxPattern bounds a mapping's pattern, in bytes.
const maxPattern = 256

// Path returns the names of the members that lead to the claim.
func (m ClaimMapping) Path() []string {
	pointer, ok := strings.CutPrefix(m.Claim, "/")
	if !ok {
		return []string{m.Claim}
	}
	path := strings.Split(pointer, "/")
	for i, name := range path { // RFC 6901 §4: in this order
		path[i] = strings.ReplaceAll(strings.ReplaceAll(name, "~1", "/"), "~0", "~")
	}
	return path
}

// Compile returns the pattern, nil for none. It matches whole values only. Its
// error is a sentence for people.
func (m ClaimMapping) Compile() (*regexp.Regexp, error) {
	if m.Pattern == "" {
		return nil, nil //nolint:nilnil // no pattern, and nothing wrong
	}
	if len(m.Pattern) > maxPattern {
		return nil, fmt.Errorf("pattern has more than %d bytes.", maxPattern) //nolint:revive,staticcheck // a sentence for people
	}
	re, err := regexp.Compile(`\A(?:` + m.Pattern + `)\z`)
	if err != nil || re.NumSubexp() != 1 {
		return nil, errors.New("pattern must be a regular expression with one group, the part to take, such as /subscriptions/([^/]+)/.*.") //nolint:revive,staticcheck // a sentence for people
	}
	return re, nil
}

// ClaimAt returns the claim of a name, or at a path (see ClaimMapping); nil:
// there is none.
func ClaimAt(claims map[string]any, claim string) any {
	var v any = claims
	for _, name := range (ClaimMapping{Claim: claim}).Path() {
		members, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = members[name]
	}
	return v
}
