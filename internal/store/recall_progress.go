package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"authsec/internal/domain"
)

// LastRecallOf returns the last change that recalled something in a scope, as far
// as it goes. NotFound: there was none, or CleanRecalls has forgotten it.
func (s *Store) LastRecallOf(ctx context.Context, scope domain.RecallScope) (domain.RecalledChange, error) {
	var c domain.RecalledChange
	err := s.view(ctx, "read the last recall", func(t *tx) error {
		last := inScope(scope)
		var at, change int64
		err := t.row(ctx, `SELECT r.seq, r.at, r.last_seq FROM recalls r`+last.sql()+` ORDER BY r.seq DESC LIMIT 1`, last.args, &c.Seq, &at, &change)
		if err != nil {
			if errors.Is(err, sql.ErrNoRows) {
				return domain.Errorf(domain.NotFound, "not_found", "Nothing of it was recalled.")
			}
			return err
		}
		c.At = fromMicros(at)
		parts, err := t.recalledParts(ctx, scope, change)
		if err != nil {
			return err
		}
		everywhere, seen := false, map[string]bool{}
		for _, p := range parts {
			if p.index {
				c.Indexes++
			} else {
				c.Tokens++
			}
			everywhere = everywhere || len(p.audience) == 0
			for _, a := range p.audience {
				if !seen[a] {
					seen[a], c.Audience = true, append(c.Audience, a)
				}
			}
		}
		if everywhere {
			c.Audience = nil
		}
		return t.countRecalled(ctx, &c, change, parts)
	})
	return c, err
}

// inScope finds the recalls r of a scope.
func inScope(s domain.RecallScope) *where {
	var w where
	w.is("r.delegation_id", s.DelegationID)
	if s.ClientID != "" {
		w.and(`(r.delegation_id IN (SELECT d.id FROM delegations d WHERE d.client_id = ?) OR ' ' || r.chain || ' ' LIKE ?)`,
			s.ClientID, "% "+s.ClientID+" %")
	}
	if s.VisibleTo != "" {
		w.and(`r.delegation_id IN (SELECT d.id FROM delegations d WHERE d.delegator_id = ?)`, s.VisibleTo)
	}
	return &w
}

// recalledPart is one recall of a change.
type recalledPart struct {
	delegationID, chain string
	holder              string // client ID of who got the tokens
	index               bool   // of all tokens of delegation and chain, not of one
	audience            []string
}

func (t *tx) recalledParts(ctx context.Context, scope domain.RecallScope, change int64) ([]recalledPart, error) {
	w := inScope(scope)
	w.and(`r.last_seq = ?`, change)
	return collect(ctx, t, `SELECT r.delegation_id, r.chain, r.n IS NOT NULL, r.audience, d.client_id
		FROM recalls r JOIN delegations d ON d.id = r.delegation_id`+w.sql(), w.args,
		func(row func(dest ...any) error) (recalledPart, error) {
			var p recalledPart
			var audience string
			if err := row(&p.delegationID, &p.chain, &p.index, &audience, &p.holder); err != nil {
				return p, err
			}
			if p.chain != "" {
				p.holder = p.chain[strings.LastIndexByte(p.chain, ' ')+1:]
			}
			return p, json.Unmarshal([]byte(audience), &p.audience)
		})
}

// longestToken is the longest life that the settings let a token have.
const longestToken = 24 * time.Hour

// scanned bounds the events that are read to count tokens.
const scanned = 5 * domain.MaxRecalledTokens

// countRecalled adds the tokens that indexes recalled: those of the audit log
// that were issued since the delegation and chain got the index, and had not
// ended.
func (t *tx) countRecalled(ctx context.Context, c *domain.RecalledChange, change int64, parts []recalledPart) error {
	since, err := t.indexed(ctx, change, parts)
	if err != nil || len(since) == 0 {
		return err
	}
	ids := map[string]bool{}
	for k := range since {
		ids[k.delegationID] = true
	}
	left := scanned
	return inChunks(slices.Sorted(maps.Keys(ids)), func(part []string) error {
		if c.More {
			return nil
		}
		var w where
		w.and(`delegation_id IN (`+strings.TrimSuffix(strings.Repeat("?, ", len(part)), ", ")+`)`, values(part)...)
		w.is("action", domain.ActionTokenIssue)
		w.is("outcome", string(domain.OutcomeSuccess))
		w.and(`at > ?`, micros(c.At.Add(-longestToken)))
		w.and(`at <= ?`, micros(c.At))
		page, err := collect(ctx, t, `SELECT `+eventColumns+` FROM audit_events`+w.sql()+` ORDER BY seq DESC LIMIT `+w.bind(left+1), w.args, scanEvent)
		if err != nil {
			return err
		}
		if len(page) > left {
			page, c.More = page[:left], true
		}
		left -= len(page)
		for _, e := range page {
			from, recalled := since[indexedKey{e.DelegationID, e.ClientID}]
			if !recalled || e.Time.Before(from) || !endsAfter(e, c.At) {
				continue
			}
			if c.Tokens == domain.MaxRecalledTokens {
				c.More = true
				return nil
			}
			c.Tokens++
		}
		return nil
	})
}

// indexedKey is a delegation, and who got its tokens.
type indexedKey struct{ delegationID, holder string }

// indexed returns when what a change recalled had got its index: with the recall
// of the one before, if that is known; else the zero time.
func (t *tx) indexed(ctx context.Context, change int64, parts []recalledPart) (map[indexedKey]time.Time, error) {
	before := map[[2]string]time.Time{}
	err := inChunks(parts, func(part []recalledPart) error {
		args := []any{change}
		for _, p := range part {
			args = append(args, p.delegationID)
		}
		return t.rows(ctx, `SELECT delegation_id, chain, MAX(at) FROM recalls WHERE last_seq < $1 AND n IS NOT NULL
			AND delegation_id IN (`+placeholdersFrom(2, len(part))+`) GROUP BY delegation_id, chain`, args, func(row func(dest ...any) error) error {
			var id, chain string
			var last int64
			if err := row(&id, &chain, &last); err != nil {
				return err
			}
			before[[2]string{id, chain}] = fromMicros(last)
			return nil
		})
	})
	since := map[indexedKey]time.Time{}
	for _, p := range parts {
		if !p.index {
			continue
		}
		// An agent may have got tokens of a delegation by several chains: the first counts.
		k, from := indexedKey{p.delegationID, p.holder}, before[[2]string{p.delegationID, p.chain}]
		if known, ok := since[k]; !ok || from.Before(known) {
			since[k] = from
		}
	}
	return since, err
}

// endsAfter reports whether the token of an issuance ended later than at. One
// whose event somebody made unreadable is not counted.
func endsAfter(e domain.EventRow, at time.Time) bool {
	var token struct {
		ExpiresAt time.Time `json:"expires_at"`
	}
	return json.Unmarshal(e.Stored().Details, &token) == nil && token.ExpiresAt.After(at)
}
