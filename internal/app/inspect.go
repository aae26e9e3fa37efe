package app

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"authsec/internal/domain"
	"authsec/internal/policy"
	"authsec/internal/revocation"
	"authsec/internal/token"
)

// TokenInspection is what a token says, and why it would be refused now.
type TokenInspection struct {
	Header, Payload json.RawMessage // nil: not JSON
	Claims          *token.Claims   // nil: they do not hold
	Proven          bool            // signature and issuer hold; else anybody could have written the claims
	Actors          []TokenActor    // who asked for it, then who handed it on, the delegation's agent last
	Reasons         []RefusalReason // none: it is good
}

// TokenActor is an agent of a token's chain.
type TokenActor struct {
	token.Actor
	Name string // "" : not known here
}

// RefusalReason is one reason against a token.
type RefusalReason struct {
	// By is where it shows: "token", what any verifier checks; "recall", what is
	// recorded against it; "authority", what it rests on: a new one would not be
	// issued.
	By string
	domain.Reason
}

// InspectToken examines a token by the keys and the database of this deployment.
// audience "" stands for any. OpenKeys comes first.
func (a *App) InspectToken(ctx context.Context, compact, audience string) (TokenInspection, error) {
	here := revocation.Deployment{Issuer: a.Config.Issuer(), DefaultAudience: a.Policy.DefaultAudience}
	got, err := (&revocation.Inspector{Deployment: here, Keys: a.Keyring, Store: a.Store, Now: time.Now}).Inspect(ctx, compact, audience)
	if err != nil {
		return TokenInspection{}, err
	}
	out := inspectionOf(got)
	if !got.Proven {
		return out, nil
	}
	authority, err := a.Store.ExchangeAuthority(ctx, chainOf(out.Actors), got.Claims.DelegationID)
	if err != nil {
		return out, err
	}
	for i := range out.Actors {
		out.Actors[i].Name = nameIn(authority, out.Actors[i].ClientID)
	}
	for _, r := range a.wouldRefuse(authority, *got.Claims) {
		out.Reasons = append(out.Reasons, RefusalReason{"authority", r})
	}
	return out, nil
}

// inspectionOf sorts reasons by where they show.
func inspectionOf(got revocation.Inspection) TokenInspection {
	out := TokenInspection{Header: got.Header, Payload: got.Payload, Claims: got.Claims, Proven: got.Proven}
	for i, r := range got.Reasons {
		by := "token"
		if i >= len(got.Faults) {
			by = "recall"
		}
		out.Reasons = append(out.Reasons, RefusalReason{by, r})
	}
	if got.Claims != nil {
		for actor := &got.Claims.Actor; actor != nil; actor = actor.Act {
			out.Actors = append(out.Actors, TokenActor{Actor: *actor})
		}
	}
	return out
}

// chainOf returns the client IDs of actors, the delegation's agent first.
func chainOf(actors []TokenActor) []string {
	var ids []string
	for _, actor := range slices.Backward(actors) {
		ids = append(ids, actor.ClientID)
	}
	return ids
}

func nameIn(a domain.Authority, clientID string) string {
	if a.Agent != nil && a.Agent.ClientID == clientID {
		return a.Agent.Name
	}
	for _, link := range a.Chain {
		if link.ClientID == clientID {
			return link.Name
		}
	}
	return ""
}

// wouldRefuse returns why the same token would not be issued now, by the function
// that decides on issuance; proof, person and keys are taken as given.
func (a *App) wouldRefuse(authority domain.Authority, c token.Claims) []domain.Reason {
	r := policy.Request{ClientID: c.ClientID, DelegationID: c.DelegationID, Actions: c.Actions(), Audience: c.Audience}
	if c.Confirmation != nil {
		r.Confirmation = domain.Confirmation{KeyThumbprint: c.Confirmation.KeyThumbprint, CertThumbprint: c.Confirmation.CertThumbprint}
	}
	now := time.Now()
	if len(authority.Chain) > 0 {
		r.Parent = &policy.Parent{Actions: r.Actions, Audience: r.Audience, ExpiresAt: now.Add(a.Policy.MaxTokenTTL), Confirmation: r.Confirmation}
	} else {
		r.Present = &policy.Presence{Assumed: true}
	}
	_, denial := policy.Decide(now, a.Policy, authority, policy.Proof{State: policy.ProofAssumed}, r)
	if denial == nil {
		return nil
	}
	return denial.Reasons
}
