package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"authsec/internal/domain"
)

// The console prints the same: web/src/features/clients/snippets.ts. Both are
// held to testdata/vectors/spire-entry.

// spireEntry is the command that makes the agent's entry in SPIRE.
func spireEntry(agent domain.Agent, spiffeID string) string {
	lines := []string{"spire-server entry create", "  -spiffeID " + shellWord(spiffeID),
		`  -parentID "${SPIRE_PARENT_ID:?the SPIFFE ID of the node's SPIRE agent}"`}
	for _, s := range spireSelectors(agent) {
		lines = append(lines, "  -selector "+shellWord(s))
	}
	return strings.Join(lines, " \\\n")
}

// spireSelectors are the agent's, as SPIRE knows them. Its node agents know
// nothing of the cluster that they are in: whose the parent is says that.
func spireSelectors(agent domain.Agent) []string {
	var out []string
	for _, s := range agent.Selectors {
		if s.Key != domain.SelectorCluster {
			out = append(out, spireSelector(s))
		}
	}
	return out
}

// spireSelector is type:value in SPIRE, where ours is key and value; its Docker
// plugin has a variable as NAME=value.
func spireSelector(s domain.Selector) string {
	if strings.HasPrefix(s.Key, "docker:env:") {
		return s.Key + "=" + s.Value
	}
	return s.Key + ":" + s.Value
}

// clusterSPIFFEID is the same for the SPIRE controller manager
// (spire.spiffe.io/v1alpha1), whose selectors are Go templates.
func clusterSPIFFEID(agent domain.Agent, spiffeID string) string {
	var namespace, labels []string
	for _, s := range agent.Selectors {
		if s.Key == "k8s:ns" && namespace == nil {
			namespace = []string{"  namespaceSelector:", "    matchLabels:", "      kubernetes.io/metadata.name: " + yamlText(s.Value)}
		}
		if name, ok := strings.CutPrefix(s.Key, "k8s:pod-label:"); ok {
			labels = append(labels, "      "+yamlText(name)+": "+yamlText(s.Value))
		}
	}
	lines := []string{"apiVersion: spire.spiffe.io/v1alpha1", "kind: ClusterSPIFFEID", "metadata:", "  name: " + yamlText(clusterWideName(agent)),
		"spec:", "  spiffeIDTemplate: " + yamlText(literal(spiffeID))}
	lines = append(lines, namespace...)
	if labels != nil {
		lines = append(append(lines, "  podSelector:", "    matchLabels:"), labels...)
	}
	lines = append(lines, "  workloadSelectorTemplates:")
	for _, s := range spireSelectors(agent) {
		lines = append(lines, "    - "+yamlText(literal(s)))
	}
	return strings.Join(lines, "\n") + "\n"
}

// clusterWideName tells agents apart whose names come out alike, by the end of
// the Client ID: a ClusterSPIFFEID is one per cluster.
func clusterWideName(agent domain.Agent) string {
	const longest, end = 50, 12
	name := resourceName(agent.Name)
	return strings.TrimRight(name[:min(len(name), longest)], "-") + "-" + agent.ClientID[max(0, len(agent.ClientID)-end):]
}

// shellWord is one word of a POSIX shell, whatever is in it.
func shellWord(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// literal is text that a Go template renders as it is.
func literal(s string) string { return strings.ReplaceAll(s, "{{", `{{ "{{" }}`) }

// yamlText is a YAML double-quoted scalar: JSON's escapes, and those of
// characters that YAML 1.1 takes for line breaks or refuses.
func yamlText(s string) string {
	var quoted bytes.Buffer
	enc := json.NewEncoder(&quoted)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string always encodes
	var out strings.Builder
	for _, r := range strings.TrimSuffix(quoted.String(), "\n") {
		switch {
		case r >= 0x7f && r <= 0x9f, r == 0x2028, r == 0x2029, r == 0xfeff, r == 0xfffe, r == 0xffff:
			fmt.Fprintf(&out, `\u%04x`, r)
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}

// resourceName is a name that Kubernetes takes (RFC 1123 label).
func resourceName(s string) string {
	const longest = 63
	var b strings.Builder
	gap := false
	for _, r := range strings.ToLower(s) {
		fits := (r >= 'a' && r <= 'z') || (r >= '0' && r <= '9')
		switch {
		case fits:
			b.WriteRune(r)
		case !gap:
			b.WriteByte('-')
		}
		gap = !fits
	}
	name := strings.Trim(b.String()[:min(b.Len(), longest)], "-")
	if name == "" {
		return "agent"
	}
	return name
}
