package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"authsec/internal/domain"
)

type agentSPIRECmd struct {
	settings
	output
	ClientID string `arg:"" help:"The agent."`
	Manifest bool   `help:"Print the ClusterSPIFFEID alone, for kubectl apply."`
}

// Help is the command's example.
func (agentSPIRECmd) Help() string {
	return `Example:
  authsec agent spire-entry 0198c1f2-7a10-7c3e-9b1d-2f4a5b6c7d8e
  authsec agent spire-entry 0198c1f2-7a10-7c3e-9b1d-2f4a5b6c7d8e --manifest | kubectl apply -f -

With that entry SPIRE gives the agent's own SPIFFE ID to the workload that has the
agent's selectors, and the SVID proves them all.`
}

// spireView is the entry as JSON shows it.
type spireView struct {
	SPIFFEID        string `json:"spiffe_id"`
	EntryCommand    string `json:"entry_command"`
	ClusterSPIFFEID string `json:"cluster_spiffeid,omitempty"` // YAML; for Kubernetes
}

// Run prints what registers the agent in SPIRE.
func (c *agentSPIRECmd) Run(ctx context.Context, p *program) (err error) {
	a, err := c.quiet(ctx, p)
	if err != nil {
		return err
	}
	defer closing(&err, a, a.Log)
	agent, err := a.Directory.Agent(ctx, c.ClientID)
	if err != nil {
		return err
	}
	v, err := viewSPIRE(agent, a.Config.TrustDomain)
	switch {
	case err != nil:
		return err
	case c.json():
		return p.printJSON(v)
	case c.Manifest && v.ClusterSPIFFEID == "":
		return fmt.Errorf("a ClusterSPIFFEID is for agents on kubernetes; this one is on %s: leave --manifest out for the entry command", agent.Platform)
	case c.Manifest:
		fmt.Fprint(p.stdout, v.ClusterSPIFFEID)
		return nil
	}
	fmt.Fprintln(p.stdout, "# Register the agent in SPIRE. SPIRE_PARENT_ID is the SPIFFE ID of the node's SPIRE agent.")
	if slices.ContainsFunc(agent.Selectors, func(s domain.Selector) bool { return s.Key == domain.SelectorCluster }) {
		fmt.Fprintf(p.stdout, "# %s is not in the entry: SPIRE knows it only by whose node agent that is. Name one of that cluster.\n", domain.SelectorCluster)
	}
	fmt.Fprintln(p.stdout, v.EntryCommand)
	if v.ClusterSPIFFEID != "" {
		fmt.Fprintf(p.stdout, "\n# Or, with the SPIRE controller manager, apply this (--manifest prints it alone):\n%s", v.ClusterSPIFFEID)
	}
	return nil
}

func viewSPIRE(agent domain.Agent, trustDomain string) (spireView, error) {
	v := spireView{SPIFFEID: domain.SPIFFEID(trustDomain, agent.ClientID)}
	switch agent.Platform {
	case domain.PlatformKubernetes:
		v.ClusterSPIFFEID = clusterSPIFFEID(agent, v.SPIFFEID)
	case domain.PlatformDocker, domain.PlatformUnix:
	default:
		return v, fmt.Errorf("SPIRE's node agents know workloads on kubernetes, docker and unix; this agent is on %s, so that no entry can hold its selectors", agent.Platform)
	}
	if len(spireSelectors(agent)) == 0 {
		return v, errors.New("none of the agent's selectors is one that SPIRE's node agents know: give it another, such as k8s:ns")
	}
	v.EntryCommand = spireEntry(agent, v.SPIFFEID)
	return v, nil
}
