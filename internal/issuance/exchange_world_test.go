package issuance_test

import (
	"context"
	"maps"
	"slices"
	"sync"
	"testing"

	"authsec/internal/domain"
	"authsec/internal/policy"
)

// world is what a database holds that exchanges rest on, in memory. It recalls as
// the store does: by policy.Recalls, over each actor chain. Its hooks are what
// others do at that moment.
type world struct {
	mu          sync.Mutex
	agents      map[string]domain.Agent
	users       map[string]domain.User
	roles       map[string]domain.Role
	delegations map[string]domain.Delegation
	templates   map[string]domain.DelegationTemplate
	providers   map[string]domain.IdentityProvider
	links       []domain.IdentityLink

	indexes  map[place]domain.StatusRef
	retired  map[domain.StatusRef]bool
	revoked  map[string]bool
	children map[string][]string // jti to those that were made from it
	change   int64
	sources  int64
	events   []domain.Event
	handed   []domain.Handover

	beforeAuthority, beforeStart, beforeLend func()
	fails                                    map[string]error // by method
}

// place is an actor chain of a delegation.
type place struct{ delegation, chain string }

func newWorld() *world {
	return &world{agents: map[string]domain.Agent{}, users: map[string]domain.User{}, roles: map[string]domain.Role{}, delegations: map[string]domain.Delegation{},
		templates: map[string]domain.DelegationTemplate{}, providers: map[string]domain.IdentityProvider{}, indexes: map[place]domain.StatusRef{},
		retired: map[domain.StatusRef]bool{}, revoked: map[string]bool{}, children: map[string][]string{}, fails: map[string]error{}}
}

// edit changes something, and recalls what it takes away.
func (w *world) edit(fn func(*world)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	before := map[place]domain.Grounds{}
	for p := range w.indexes {
		before[p] = w.grounds(p)
	}
	fn(w)
	w.change++
	for p, then := range before {
		if policy.Recalls(then, w.grounds(p)) {
			w.retired[w.indexes[p]] = true
			delete(w.indexes, p)
			if p.chain == "" {
				w.give(p)
			}
		}
	}
}

func (w *world) give(p place) domain.StatusRef {
	if _, ok := w.indexes[p]; !ok {
		w.indexes[p] = domain.StatusRef{List: 1, Index: int64(len(w.indexes) + len(w.retired))}
	}
	return w.indexes[p]
}

// grounds are those of an actor chain as they are.
func (w *world) grounds(p place) domain.Grounds {
	c := w.candidate(w.delegations[p.delegation])
	g := domain.Grounds{Candidate: c}
	if a, ok := w.agents[c.Delegation.ClientID]; ok {
		g.Agent = &a
	}
	for _, id := range idsOf(p.chain) {
		link := domain.ChainLink{ClientID: id}
		if a, ok := w.agents[id]; ok {
			link.Agent = &a
		}
		g.Chain = append(g.Chain, link)
	}
	return g
}

func (w *world) candidate(d domain.Delegation) domain.Candidate {
	c := domain.Candidate{Delegation: d}
	if r, ok := w.roles[d.Role]; ok {
		c.Role = &r
	}
	if u, ok := w.users[d.DelegatorID]; ok {
		c.Delegator = &u
	}
	if t, ok := w.templates[d.TemplateID]; ok {
		c.Template = &t
		if p, ok := w.providers[t.ProviderID]; ok {
			c.Provider = &p
			c.Linked = slices.ContainsFunc(w.links, func(l domain.IdentityLink) bool { return l.ProviderID == p.ID && l.UserID == d.DelegatorID })
		}
	}
	return c
}

// Authority implements issuance.AuthorityReader.
func (w *world) Authority(_ context.Context, clientID, _, _ string) (domain.Authority, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	a := domain.Authority{Change: w.change, SourcesRevision: w.sources}
	if agent, ok := w.agents[clientID]; ok {
		a.Agent = &agent
	}
	for _, id := range slices.Sorted(maps.Keys(w.delegations)) {
		if d := w.delegations[id]; d.ClientID == clientID {
			c := w.candidate(d)
			c.Status = w.indexes[place{d.ID, ""}]
			a.Delegations = append(a.Delegations, c)
		}
	}
	return a, w.fails["Authority"]
}

// ExchangeAuthority implements issuance.ExchangeStore.
func (w *world) ExchangeAuthority(_ context.Context, clientIDs []string, delegationID string) (domain.Authority, error) {
	if w.beforeAuthority != nil {
		w.beforeAuthority()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	a := domain.Authority{Change: w.change, SourcesRevision: w.sources}
	for i, id := range clientIDs {
		agent, ok := w.agents[id]
		switch {
		case !ok && i == 0:
			return domain.Authority{}, w.fails["ExchangeAuthority"]
		case !ok:
			a.Chain = append(a.Chain, domain.Agent{ClientID: id, Status: domain.StatusDeleted})
		case i == 0:
			a.Agent = &agent
		default:
			a.Chain = append(a.Chain, agent)
		}
	}
	if d, ok := w.delegations[delegationID]; ok && d.ClientID == clientIDs[0] {
		c := w.candidate(d)
		c.Status = w.indexes[place{d.ID, domain.ChainKey(clientIDs[1:])}]
		a.Delegations = []domain.Candidate{c}
	}
	return a, w.fails["ExchangeAuthority"]
}

// StartExchange implements issuance.ExchangeStore.
func (w *world) StartExchange(_ context.Context, h domain.Handover) (domain.StatusRef, error) {
	if w.beforeStart != nil {
		w.beforeStart()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.retired[h.Parent.Status] || w.revoked[h.Parent.ID] {
		return domain.StatusRef{}, domain.Errorf(domain.Gone, "subject_token_recalled", "The subject token was recalled.")
	}
	p := place{h.DelegationID, h.Chain}
	if _, ok := w.indexes[p]; !ok && h.Change != w.change {
		return domain.StatusRef{}, domain.Errorf(domain.Conflict, "stale", "Something has changed.")
	}
	w.handed = append(w.handed, h)
	w.children[h.Parent.ID] = append(w.children[h.Parent.ID], h.TokenID)
	if h.Status.List != 0 {
		return h.Status, w.fails["StartExchange"]
	}
	return w.give(p), w.fails["StartExchange"]
}

// revoke recalls a token by its jti, and what was made from it.
func (w *world) revoke(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for todo := []string{id}; len(todo) > 0; todo = todo[1:] {
		w.revoked[todo[0]] = true
		todo = append(todo, w.children[todo[0]]...)
	}
}

// TokenState implements revocation.StateReader.
func (w *world) TokenState(_ context.Context, status domain.StatusRef, id string) (domain.TokenState, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return domain.TokenState{Known: true, Retired: w.retired[status], Revoked: w.revoked[id]}, w.fails["TokenState"]
}

// EnabledTemplates implements issuance.ExchangeStore.
func (w *world) EnabledTemplates(_ context.Context, clientID, providerID string) ([]domain.DelegationTemplate, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []domain.DelegationTemplate
	for _, id := range slices.Sorted(maps.Keys(w.templates)) {
		if t := w.templates[id]; t.Enabled && t.ClientID == clientID && t.ProviderID == providerID {
			out = append(out, t)
		}
	}
	return out, w.fails["EnabledTemplates"]
}

// Lend implements issuance.ExchangeStore.
func (w *world) Lend(_ context.Context, providerID, subject, templateID string, rule func(*domain.LoanDraft) ([]domain.Event, error)) (string, error) {
	if w.beforeLend != nil {
		w.beforeLend()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.fails["Lend"]; err != nil {
		return "", err
	}
	var d domain.LoanDraft
	load := func() {
		d = domain.LoanDraft{Provider: w.providers[providerID], Template: w.templates[templateID]}
		d.Agent = w.agents[d.Template.ClientID]
		for _, l := range w.links {
			if l.ProviderID == providerID && l.Subject == subject {
				u := w.users[l.UserID]
				d.Link, d.User = &l, &u
			}
		}
		for _, x := range w.delegations {
			if d.User != nil && x.TemplateID == templateID && x.DelegatorID == d.User.ID {
				d.Existing = &x
			}
		}
	}
	load()
	if _, err := rule(&d); err != nil {
		return "", err
	}
	email := d.Email
	load() // it may run again
	for _, u := range w.users {
		d.EmailTaken = d.EmailTaken || u.Email == email
	}
	events, err := rule(&d)
	if err != nil {
		return "", err
	}
	if d.NewUser != nil {
		for _, u := range w.users {
			if u.Email == d.NewUser.Email {
				return "", domain.Errorf(domain.Conflict, "already_exists", "There is a user with this email.")
			}
		}
		w.users[d.NewUser.ID] = *d.NewUser
	}
	if d.NewLink != nil {
		w.links = append(w.links, *d.NewLink)
	}
	w.events = append(w.events, events...)
	if d.NewDelegation == nil {
		return d.Existing.ID, nil
	}
	w.change++
	w.delegations[d.NewDelegation.ID] = *d.NewDelegation
	w.give(place{d.NewDelegation.ID, ""})
	return d.NewDelegation.ID, nil
}

// Record implements issuance.Recorder.
func (w *world) Record(_ context.Context, ev domain.Event, _ *domain.Use) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, ev)
	return w.fails["Record"]
}

// Note implements issuance.Refusals.
func (w *world) Note(ev domain.Event) {
	ev.Count = 1
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, ev)
}

// taken returns the events since the last call.
func (w *world) taken(t testing.TB) []domain.Event {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	defer func() { w.events = nil }()
	return w.events
}

// settings are those of the one provider.
func (w *world) settings() domain.IdentityProviderSettings {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.providers[providerID].Settings
}
