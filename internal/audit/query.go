package audit

import (
	"context"
	"time"

	"authsec/internal/domain"
)

// QueryStore reads the log for people.
type QueryStore interface {
	// Events returns a page, newest first.
	Events(ctx context.Context, f domain.EventFilter, p domain.Page) (domain.List[domain.StoredEvent], error)
	// Event returns NotFound for one that visibleTo may not see.
	Event(ctx context.Context, seq int64, visibleTo string) (domain.StoredEvent, error)
	ChainHead(ctx context.Context) (domain.ChainHead, error)
	// LastCheckpoint returns the zero value if there is none.
	LastCheckpoint(ctx context.Context) (domain.Checkpoint, error)
	Overview(ctx context.Context, q domain.OverviewQuery) (domain.Overview, error)
}

// Query answers questions about the log. Who does not read everything (DESIGN
// §4) sees what concerns their own delegations, and what they did themselves;
// the store's statements hold to that, not a filter over their result.
type Query struct {
	Store   QueryStore
	Watcher *Watcher
	Now     func() time.Time
}

// Events returns a page of events, newest first. Errors: Invalid, Forbidden.
func (q Query) Events(ctx context.Context, caller domain.Caller, f domain.EventFilter, p domain.Page) (domain.List[domain.StoredEvent], error) {
	if err := f.Check(); err != nil {
		return domain.List[domain.StoredEvent]{}, err
	}
	var err error
	if f.VisibleTo, err = visibleTo(caller); err != nil {
		return domain.List[domain.StoredEvent]{}, err
	}
	return q.Store.Events(ctx, f, p)
}

// Event returns one event. Errors: NotFound, also for one that the caller may
// not see, and Forbidden.
func (q Query) Event(ctx context.Context, caller domain.Caller, seq int64) (domain.StoredEvent, error) {
	visible, err := visibleTo(caller)
	if err != nil {
		return domain.StoredEvent{}, err
	}
	return q.Store.Event(ctx, seq, visible)
}

// LastTokens returns the newest limit issuances of tokens to an agent, newest
// first. Their details say what was issued, never the token.
func (q Query) LastTokens(ctx context.Context, caller domain.Caller, clientID string, limit int) ([]domain.StoredEvent, error) {
	p, err := domain.NewPage(limit, "", "")
	if err != nil {
		return nil, err
	}
	list, err := q.Events(ctx, caller, domain.EventFilter{ClientID: clientID, Action: domain.ActionTokenIssue, Outcome: domain.OutcomeSuccess}, p)
	return list.Items, err
}

// ChainStatus is the state of the chain.
type ChainStatus struct {
	Events         int64       // that the log has
	Head           domain.Hash // of the last one
	LastCheckpoint *domain.Checkpoint
	WatchStatus
}

// ChainStatus returns the chain's state. The routes table says who may ask.
func (q Query) ChainStatus(ctx context.Context) (ChainStatus, error) {
	s := ChainStatus{WatchStatus: q.Watcher.Status()}
	cp, err := q.Store.LastCheckpoint(ctx)
	if err != nil {
		return s, err
	}
	if cp.JWS != "" {
		s.LastCheckpoint = &cp
	}
	head, err := q.Store.ChainHead(ctx)
	s.Events, s.Head = head.Seq, head.Hash
	return s, err
}

// Overview returns the dashboard's numbers; zero times ask for the last 24
// hours. Errors: Invalid for a window that is empty or over 366 days, Forbidden.
func (q Query) Overview(ctx context.Context, caller domain.Caller, from, to time.Time) (domain.Overview, error) {
	query, err := domain.NewOverviewQuery(from, to, q.Now())
	if err != nil {
		return domain.Overview{}, err
	}
	if query.VisibleTo, err = visibleTo(caller); err != nil {
		return domain.Overview{}, err
	}
	return q.Store.Overview(ctx, query)
}

// visibleTo returns whose events the caller may see, "" for all. A caller who
// neither reads all nor is a user must never turn into "".
func visibleTo(c domain.Caller) (string, error) {
	switch {
	case c.ReadsAll():
		return "", nil
	case c.UserID == "":
		return "", domain.Errorf(domain.Forbidden, "forbidden", "Sign in as a user to see the audit log.")
	default:
		return c.UserID, nil
	}
}
