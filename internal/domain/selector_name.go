package domain

import (
	"regexp"
	"strings"
	"unicode"
)

// A label's name in Kubernetes is [prefix/]name: the prefix a DNS subdomain
// (RFC 1123), whose length MaxSelectorKey bounds, the name at most 63 characters.
var (
	labelNamePattern   = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$`)
	labelPrefixPattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$`)
	// Shells set no others (POSIX.1 §8.1); container runtimes also take dots and dashes.
	envNamePattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)
	// The name is the source's choice, not the claim's own.
	claimNamePattern = regexp.MustCompile(`^[a-z][a-z0-9_.-]*$`)
)

// nameRule is what the platform itself lets the name in a pattern key be: a
// workload could never have another.
type nameRule struct {
	valid func(name string) bool
	says  string
}

// ruleOf returns the rule of a pattern key.
func ruleOf(pattern string) nameRule {
	switch pattern {
	case "k8s:pod-label:" + patternSuffix:
		return nameRule{validLabelName, "a Kubernetes label's name: at most 63 letters, digits, dots, dashes or underscores, " +
			"with a letter or digit at both ends, and before it, if need be, a DNS name and a slash, such as app or app.kubernetes.io/name"}
	case "docker:env:" + patternSuffix:
		return nameRule{envNamePattern.MatchString, "a variable's name: letters, digits, underscores, dots or dashes, with a letter or underscore first, such as APP_ENV"}
	case "oidc:" + patternSuffix:
		return nameRule{claimNamePattern.MatchString, "a selector's name: lower-case letters, digits, dots, dashes or underscores, with a letter first, such as team"}
	default:
		return nameRule{validDockerLabel, "a label's name: without white space or =, such as com.example.app"}
	}
}

func validLabelName(s string) bool {
	prefix, name, found := strings.Cut(s, "/")
	if !found {
		return labelNamePattern.MatchString(s)
	}
	return labelPrefixPattern.MatchString(prefix) && labelNamePattern.MatchString(name)
}

// validDockerLabel is lenient, as Docker is: it splits key=value and asks no more.
func validDockerLabel(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r == '=' || unicode.IsSpace(r) })
}
