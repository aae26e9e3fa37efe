package store

import (
	"context"
	"fmt"
	"slices"

	"authsec/internal/domain"
)

// The time of the last token comes from last_use, which issuance writes.
const agentColumns = `client_id, name, type, platform, attestation, attestation_chosen, status, default_delegation_id,
	public_keys, created_at, updated_at, (SELECT COALESCE(MAX(last_at), 0) FROM last_use WHERE last_use.client_id = agents.client_id)`

func scanAgent(row func(dest ...any) error) (domain.Agent, error) {
	a := domain.Agent{Selectors: []domain.Selector{}}
	var chosen, created, updated, lastToken int64
	var keys string
	err := row(&a.ClientID, &a.Name, &a.Type, &a.Platform, &a.Attestation, &chosen, &a.Status, &a.DefaultDelegationID,
		&keys, &created, &updated, &lastToken)
	if err != nil {
		return a, err
	}
	a.AttestationChosen = chosen != 0
	a.CreatedAt, a.UpdatedAt, a.LastTokenAt = fromMicros(created), fromMicros(updated), fromMicros(lastToken)
	a.Keys, err = domain.ReadAgentKeySet(keys)
	return a, err
}

// loadAgent reads an agent of any status with its selectors and its stored
// secrets, newest first, or NotFound. A secret may be past its end: whoever
// uses one looks at the clock.
func loadAgent(ctx context.Context, t *tx, clientID string) (domain.Agent, error) {
	a, err := scanAgent(func(dest ...any) error {
		return t.row(ctx, `SELECT `+agentColumns+` FROM agents WHERE client_id = $1`, []any{clientID}, dest...)
	})
	if err != nil {
		return a, missing(err, "agent", clientID)
	}
	a.Selectors, err = collect(ctx, t, `SELECT selector_key, selector_value FROM agent_selectors WHERE client_id = $1 ORDER BY ord`,
		[]any{clientID}, func(row func(dest ...any) error) (s domain.Selector, err error) {
			err = row(&s.Key, &s.Value)
			return s, err
		})
	if err != nil {
		return a, err
	}
	a.Secrets, err = collect(ctx, t, `SELECT hash, created_at, expires_at FROM agent_secrets WHERE client_id = $1
		ORDER BY created_at DESC, hash`, []any{clientID}, scanClientSecret)
	return a, err
}

func scanClientSecret(row func(dest ...any) error) (domain.ClientSecret, error) {
	var c domain.ClientSecret
	var hash string
	var created, expires int64
	if err := row(&hash, &created, &expires); err != nil {
		return c, err
	}
	var err error
	c.Hash, err = parseHash(hash)
	c.CreatedAt, c.ExpiresAt = fromMicros(created), fromMicros(expires)
	return c, err
}

// Agent returns the agent of the client ID, deleted ones too, or NotFound.
func (s *Store) Agent(ctx context.Context, clientID string) (domain.Agent, error) {
	var a domain.Agent
	err := s.view(ctx, "read an agent", func(t *tx) (err error) {
		a, err = loadAgent(ctx, t, clientID)
		return err
	})
	return a, err
}

// Agents returns a page of agents, newest first, with selectors and without
// secrets. Deleted agents are left out.
func (s *Store) Agents(ctx context.Context, filter domain.AgentFilter, page domain.Page) (domain.List[domain.Agent], error) {
	var list domain.List[domain.Agent]
	err := s.view(ctx, "list agents", func(t *tx) error {
		var w where
		w.and("status <> ?", string(domain.StatusDeleted))
		w.is("type", filter.Type)
		w.is("platform", filter.Platform)
		w.is("attestation", string(filter.Attestation))
		w.is("status", string(filter.Status))
		w.searchOrID("search", "client_id", page.Search)
		if page.After != "" {
			w.and("client_id < ?", page.After)
		}
		// Client IDs are version 7 UUIDs: in the order of their making.
		query := `SELECT ` + agentColumns + ` FROM agents` + w.sql() + ` ORDER BY client_id DESC LIMIT ` + w.bind(page.Limit+1)
		items, err := collect(ctx, t, query, w.args, scanAgent)
		if err != nil {
			return err
		}
		list = domain.Cut(items, page.Limit, func(a domain.Agent) string { return a.ClientID })
		return t.fillSelectors(ctx, list.Items)
	})
	return list, err
}

// fillSelectors reads the selectors of a page of agents in one query.
func (t *tx) fillSelectors(ctx context.Context, agents []domain.Agent) error {
	if len(agents) == 0 {
		return nil
	}
	at := make(map[string]int, len(agents))
	args := make([]any, len(agents))
	for i, a := range agents {
		at[a.ClientID], args[i] = i, a.ClientID
	}
	return t.rows(ctx, `SELECT client_id, selector_key, selector_value FROM agent_selectors
		WHERE client_id IN (`+placeholders(len(args))+`) ORDER BY client_id, ord`, args,
		func(row func(dest ...any) error) error {
			var id string
			var s domain.Selector
			if err := row(&id, &s.Key, &s.Value); err != nil {
				return err
			}
			agents[at[id]].Selectors = append(agents[at[id]].Selectors, s)
			return nil
		})
}

// agentSearch is what a search for agents looks at: also where they run, so
// that "production" finds the agents of that namespace.
func agentSearch(a domain.Agent) string {
	texts := make([]string, 0, 4+len(a.Selectors))
	texts = append(texts, a.Name, a.Type, domain.AgentTypeLabel(a.Type), a.Platform)
	for _, s := range a.Selectors {
		texts = append(texts, s.Key+"="+s.Value)
	}
	return searchable(texts...)
}

// CreateAgent adds an agent with its selectors and secrets; a Conflict on /name
// when an agent that is not deleted has the name.
func (s *Store) CreateAgent(ctx context.Context, a domain.Agent, ev domain.Event) error {
	return s.change(ctx, "create an agent", func(t *tx) error {
		if err := t.agentNameFree(ctx, a); err != nil {
			return err
		}
		if err := t.exec(ctx, `INSERT INTO agents
			(client_id, name, name_key, type, platform, attestation, attestation_chosen, status, default_delegation_id, search, public_keys, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
			a.ClientID, a.Name, nameKey(a.Name), a.Type, a.Platform, string(a.Attestation), bit(a.AttestationChosen),
			string(a.Status), a.DefaultDelegationID, agentSearch(a), domain.AgentKeySet(a.Keys), micros(a.CreatedAt), micros(a.UpdatedAt)); err != nil {
			return err
		}
		t.record(ev)
		if err := t.insertSelectors(ctx, a); err != nil {
			return err
		}
		return t.insertSecrets(ctx, a)
	})
}

func (t *tx) agentNameFree(ctx context.Context, a domain.Agent) error {
	var n int64
	if err := t.row(ctx, `SELECT COUNT(*) FROM agents WHERE name_key = $1 AND status <> $2 AND client_id <> $3`,
		[]any{nameKey(a.Name), string(domain.StatusDeleted), a.ClientID}, &n); err != nil {
		return err
	}
	if n > 0 {
		return taken("/name", "There is an agent named %q already. Choose another name.", a.Name)
	}
	return nil
}

func (t *tx) insertSelectors(ctx context.Context, a domain.Agent) error {
	for i, s := range a.Selectors {
		if err := t.exec(ctx, `INSERT INTO agent_selectors (client_id, ord, selector_key, selector_value) VALUES ($1, $2, $3, $4)`,
			a.ClientID, i, s.Key, s.Value); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) insertSecrets(ctx context.Context, a domain.Agent) error {
	for _, c := range a.Secrets {
		if err := t.exec(ctx, `INSERT INTO agent_secrets (hash, client_id, created_at, expires_at) VALUES ($1, $2, $3, $4)`,
			hashText(c.Hash), a.ClientID, micros(c.CreatedAt), micros(c.ExpiresAt)); err != nil {
			return err
		}
	}
	return nil
}

// UpdateAgent changes the name, type, attestation, status, default delegation,
// selectors, secrets or keys of an agent and returns it as it is afterwards. A
// Conflict on /name when another agent has it. Deletion is DeleteAgent's.
func (s *Store) UpdateAgent(ctx context.Context, clientID string, fn func(*domain.Agent) (domain.Event, error)) (domain.Agent, error) {
	var a domain.Agent
	err := s.change(ctx, "update an agent", func(t *tx) (err error) {
		if a, err = loadAgent(ctx, t, clientID); err != nil {
			return err
		}
		before := a
		before.Selectors, before.Secrets = slices.Clone(a.Selectors), slices.Clone(a.Secrets)
		ev, err := fn(&a)
		if err != nil {
			return err
		}
		if before.Status == domain.StatusDeleted || a.Status == domain.StatusDeleted {
			return fmt.Errorf("update agent %s: it is, or would be, deleted", clientID)
		}
		t.record(ev)
		return t.recalling(ctx, ofAgent(clientID), func() error { return t.writeAgent(ctx, before, a) })
	})
	return a, changed(err)
}

func (t *tx) writeAgent(ctx context.Context, before, a domain.Agent) error {
	if err := t.agentNameFree(ctx, a); err != nil {
		return err
	}
	if err := t.exec(ctx, `UPDATE agents SET name = $2, name_key = $3, type = $4, attestation = $5, attestation_chosen = $6,
		status = $7, default_delegation_id = $8, search = $9, updated_at = $10, public_keys = $11 WHERE client_id = $1`,
		a.ClientID, a.Name, nameKey(a.Name), a.Type, string(a.Attestation), bit(a.AttestationChosen),
		string(a.Status), a.DefaultDelegationID, agentSearch(a), micros(a.UpdatedAt), domain.AgentKeySet(a.Keys)); err != nil {
		return err
	}
	if !slices.Equal(before.Selectors, a.Selectors) {
		if err := t.exec(ctx, `DELETE FROM agent_selectors WHERE client_id = $1`, a.ClientID); err != nil {
			return err
		}
		if err := t.insertSelectors(ctx, a); err != nil {
			return err
		}
	}
	if slices.Equal(before.Secrets, a.Secrets) {
		return nil
	}
	if err := t.exec(ctx, `DELETE FROM agent_secrets WHERE client_id = $1`, a.ClientID); err != nil {
		return err
	}
	return t.insertSecrets(ctx, a)
}
