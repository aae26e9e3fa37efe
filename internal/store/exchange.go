package store

import (
	"context"
	"errors"
	"strings"

	"authsec/internal/domain"
)

// Codes of exchanges that come to nothing.
const (
	codeParentRecalled = "subject_token_recalled"
	codeStale          = "stale"
)

// ExchangeAuthority returns one snapshot of what a decision about one delegation
// in the hands of a chain of agents rests on. clientIDs are the delegation's
// agent and those to whom the token was handed on; the last one asks. An agent
// of the chain that there is not is one that is deleted.
func (s *Store) ExchangeAuthority(ctx context.Context, clientIDs []string, delegationID string) (domain.Authority, error) {
	var a domain.Authority
	if len(clientIDs) == 0 {
		return a, errors.New("read an exchange's authority: there is no agent")
	}
	err := s.view(ctx, "read an exchange's authority", func(t *tx) error {
		a = domain.Authority{}
		agent, err := optional(loadAgent(ctx, t, clientIDs[0]))
		if err != nil || agent == nil {
			return err
		}
		a.Agent = agent
		for _, id := range clientIDs[1:] {
			link, err := optional(loadAgent(ctx, t, id))
			if err != nil {
				return err
			}
			if link == nil {
				link = &domain.Agent{ClientID: id, Status: domain.StatusDeleted}
			}
			a.Chain = append(a.Chain, *link)
		}
		if err := withRevisions(ctx, t, &a); err != nil {
			return err
		}
		if a.Delegations, err = candidates(ctx, t, domain.ChainKey(clientIDs[1:]), ` WHERE d.client_id = $1 AND d.id = $2`,
			[]any{clientIDs[0], delegationID}); err != nil {
			return err
		}
		return withGrounds(ctx, t, a.Delegations)
	})
	return a, err
}

// StartExchange records that a token is about to be signed in exchange for
// another, and returns the status index that it is to carry. Gone: the other was
// recalled. Conflict: what was decided on has changed since, so decide again. A
// recall that comes later finds the token, signed or not.
func (s *Store) StartExchange(ctx context.Context, h domain.Handover) (domain.StatusRef, error) {
	var status domain.StatusRef
	if h.DelegationID == "" || h.TokenID == "" || h.Parent.ID == "" || h.TokenID == h.Parent.ID {
		return status, errors.New("start an exchange: the handover must name a delegation and two tokens")
	}
	audience, err := jsonList(h.Audience)
	if err != nil {
		return status, err
	}
	err = s.update(ctx, "start an exchange", func(t *tx) error {
		// A chain's first index is given under the lock of changes: a change has
		// either been decided on, or finds the index.
		first := h.Status.List == 0
		if first {
			if err := unchangedSince(ctx, t, h.Change); err != nil {
				return err
			}
		}
		if err := holdRecalls(ctx, t); err != nil {
			return err
		}
		if err := parentCounts(ctx, t, h); err != nil {
			return err
		}
		if status, err = chainStatus(ctx, t, h, first); err != nil {
			return err
		}
		return t.exec(ctx, `INSERT INTO exchanged_tokens (token_id, parent_id, audience, expires_at) VALUES ($1, $2, $3, $4)`,
			h.TokenID, h.Parent.ID, audience, micros(h.ExpiresAt))
	})
	if err != nil {
		return domain.StatusRef{}, err
	}
	return status, nil
}

func errStale() error {
	return domain.Errorf(domain.Conflict, codeStale, "What the agents may do has changed. Try again.")
}

// unchangedSince refuses to go on after a change that was not decided on, and
// keeps the next one waiting until the end of the transaction.
func unchangedSince(ctx context.Context, t *tx, change int64) error {
	var n int64
	if err := t.row(ctx, `UPDATE changes SET n = n WHERE id = 1 RETURNING n`, nil, &n); err != nil {
		return err
	}
	if n != change {
		return errStale()
	}
	return nil
}

// parentCounts refuses a parent that is recalled, or whose index is of no chain
// that leads to this one. A token without an index could not be recalled.
func parentCounts(ctx context.Context, t *tx, h domain.Handover) error {
	chains, err := collect(ctx, t, `SELECT chain FROM status_indexes WHERE n = $1 AND delegation_id = $2
		AND NOT EXISTS (SELECT 1 FROM recalls WHERE token_id = $3)`, []any{numberOf(h.Parent.Status), h.DelegationID, h.Parent.ID}, scanString)
	if err != nil {
		return err
	}
	if len(chains) == 0 || (chains[0] != "" && !strings.HasPrefix(h.Chain+" ", chains[0]+" ")) {
		return domain.Errorf(domain.Gone, codeParentRecalled, "The subject_token was recalled. Get a new one.")
	}
	return nil
}

// chainStatus returns the live index of the handover's chain: the one that was
// decided on, or, where there was none then, its first.
func chainStatus(ctx context.Context, t *tx, h domain.Handover, first bool) (domain.StatusRef, error) {
	live, err := collect(ctx, t, `SELECT n FROM status_indexes WHERE delegation_id = $1 AND chain = $2`, []any{h.DelegationID, h.Chain},
		func(row func(dest ...any) error) (n int64, err error) {
			err = row(&n)
			return n, err
		})
	switch {
	case err != nil:
		return domain.StatusRef{}, err
	case len(live) > 0 && (first || refOf(live[0]) == h.Status):
		return refOf(live[0]), nil
	case !first || h.Chain == "": // retired since, and what was decided is void
		return domain.StatusRef{}, errStale()
	}
	n, err := takeStatus(ctx, t, 1)
	if err != nil {
		return domain.StatusRef{}, err
	}
	if err := t.exec(ctx, `INSERT INTO status_indexes (delegation_id, chain, n) VALUES ($1, $2, $3)`, h.DelegationID, h.Chain, n); err != nil {
		return domain.StatusRef{}, err
	}
	agents := insertion{columns: 2}
	for id := range strings.FieldsSeq(h.Chain) {
		agents.add(n, id)
	}
	return refOf(n), agents.run(ctx, t, `INSERT INTO status_chain_agents (n, client_id)`)
}
