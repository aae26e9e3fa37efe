package adminapi

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"authsec/internal/delegation"
	"authsec/internal/domain"
	"authsec/internal/httpapi/adminapi/api"
	"authsec/internal/httpapi/wire"
	"authsec/internal/issuance"
	"authsec/internal/policy"
)

func (s server) Explain(ctx context.Context, r api.ExplainRequestObject) (api.ExplainResponseObject, error) {
	proof, basis, err := proofOf(r.Params)
	if err != nil {
		return nil, err
	}
	p := r.Params
	now := s.Now().UTC()
	got, err := s.Delegation.Explain(ctx, callerOf(ctx), policy.Request{ClientID: canonical(p.ClientID),
		DelegationID: canonical(valueOf(p.DelegationID)), Role: valueOf(p.Role), Actions: wire.Words(valueOf(p.Actions)),
		Audience: p.Audience, TTL: time.Duration(valueOf(p.TTL)) * time.Second}, proof)
	if err != nil {
		return nil, err
	}
	out := api.Explain200JSONResponse{Agent: s.toAgent(got.Agent), Proof: basis, At: now, Delegations: []api.DelegationExplanation{}}
	for _, d := range got.Delegations {
		one, err := s.toDelegationExplanation(d, now)
		if err != nil {
			return nil, err
		}
		out.Delegations = append(out.Delegations, one)
	}
	if got.Unnamed != nil {
		if out.Unnamed, err = s.toUnnamed(*got.Unnamed, now); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// proofOf is the proof that the decision shall take for given: the selectors
// that are named, none, or whatever the agent demands.
func proofOf(p api.ExplainParams) (policy.Proof, api.ProofBasis, error) {
	switch {
	case len(p.Selectors) > 0 && p.Proof != nil:
		var f domain.Faults
		f.Add("proof", "not_allowed", "proof and selectors exclude each other. Leave one of them out.")
		return policy.Proof{}, "", f.Err()
	case len(p.Selectors) > 0:
		proof, err := givenProof(p.Selectors)
		return proof, api.ProofBasisGiven, err
	case valueOf(p.Proof) == api.ExplainProofNone:
		return policy.Proof{State: policy.ProofAbsent}, api.ProofBasisNone, nil
	}
	return policy.Proof{State: policy.ProofAssumed}, api.ProofBasisAssumed, nil
}

// givenProof reads selectors written as key=value. A proof is of one platform,
// which its selectors' prefix names.
func givenProof(selectors []string) (policy.Proof, error) {
	var f domain.Faults
	proof := policy.Proof{State: policy.ProofAccepted}
	for i, text := range selectors {
		at := fmt.Sprintf("selectors/%d", i)
		key, value, ok := strings.Cut(text, "=")
		if !ok || value == "" {
			f.Add(at, "invalid_format", "%s must be key=value, such as k8s:ns=production.", label(at))
			continue
		}
		kind := ""
		for _, platform := range domain.Platforms() {
			if len(platform.Selectors) > 0 && prefix(platform.Selectors[0].Key) == prefix(key) {
				kind = string(methodOf(platform.Key))
			}
		}
		switch {
		case kind == "":
			f.Add(at, "unknown", "%s must begin with a platform's prefix, such as k8s: or unix:.", label(at))
		case proof.Kind != "" && proof.Kind != kind:
			f.Add(at, "unknown", "%s is of another platform than the selectors before it. One proof is of one platform.", label(at))
		default:
			proof.Kind = kind
			proof.Selectors = append(proof.Selectors, domain.Selector{Key: key, Value: value})
		}
	}
	return proof, f.Err()
}

// prefix is what stands before a selector key's first colon.
func prefix(key string) string {
	before, _, ok := strings.Cut(key, ":")
	if !ok {
		return ""
	}
	return before
}

func (s server) toDelegationExplanation(d delegation.DelegationVerdict, now time.Time) (api.DelegationExplanation, error) {
	out := api.DelegationExplanation{DelegationID: d.Delegation.ID, Role: d.Delegation.Role, Delegator: toUserRef(d.Delegation.Delegator),
		Default: d.Delegation.Default, Status: api.DelegationStatus(d.Delegation.StatusAt(now)),
		TemplateID: optional(d.Delegation.TemplateID)}
	if c := api.SenderConstraint(d.Delegation.Constraint()); c != api.SenderConstraintNone {
		out.SenderConstrained = &c
	}
	for _, m := range d.Missing {
		out.MissingActions = append(out.MissingActions, api.MissingAction{Action: m.Action, Reason: m.Reason, Message: m.Message})
	}
	var err error
	out.Grant, out.Reasons, err = s.toVerdict(d.Verdict, now)
	return out, err
}

func (s server) toUnnamed(v delegation.Verdict, now time.Time) (*api.UnnamedExplanation, error) {
	out := &api.UnnamedExplanation{}
	switch {
	case v.Grant != nil:
		out.DelegationID = optional(v.Grant.DelegationID)
	case v.Denial != nil:
		out.DelegationID = optional(v.Denial.DelegationID)
	}
	var err error
	out.Grant, out.Reasons, err = s.toVerdict(v, now)
	return out, err
}

// toVerdict is either a grant or reasons.
func (s server) toVerdict(v delegation.Verdict, now time.Time) (*api.Grant, []api.Reason, error) {
	if v.Grant == nil {
		return nil, toReasons(v.Denial.Reasons), nil
	}
	grant, err := s.toGrant(*v.Grant, now)
	return grant, nil, err
}

// toGrant previews the token. It has no jti: that is of a token that exists.
func (s server) toGrant(g policy.Grant, now time.Time) (*api.Grant, error) {
	issuedAt := now.Truncate(time.Second)
	head, claims, err := s.Minter.Preview(issuance.Claims(s.Minter.Issuer, g, "", issuedAt, issuedAt.Add(g.Lifetime)), now)
	if err != nil {
		return nil, err
	}
	delete(claims, "jti")
	header, err := json.Marshal(head)
	if err != nil {
		return nil, fmt.Errorf("encode a token's header: %w", err)
	}
	body, err := json.Marshal(claims)
	if err != nil {
		return nil, fmt.Errorf("encode a token's claims: %w", err)
	}
	return &api.Grant{Subject: g.Subject, Actor: g.SPIFFEID, Actions: orEmpty(g.Actions), Audience: orEmpty(g.Audience),
		LifetimeSeconds: int64(g.Lifetime / time.Second), Header: header, Claims: body}, nil
}

// canonical returns the one form of an ID: a request for a token must have it
// already, and the contract has let through nothing else but its case.
func canonical(id string) string { return strings.ToLower(id) }
