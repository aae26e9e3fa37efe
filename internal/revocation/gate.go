package revocation

import (
	"context"
	"fmt"
	"time"

	"authsec/internal/domain"
)

// ResourceReader reads resources; NotFound if there is none.
type ResourceReader interface {
	Resource(ctx context.Context, id string) (domain.Resource, error)
}

// Refusals counts refusals of callers who have proven nothing.
type Refusals interface {
	Note(ev domain.Event)
}

// Limiter says whether a client at an address may ask now, or how long to wait.
type Limiter interface {
	Allow(clientID, address string, now time.Time) (wait time.Duration, ok bool)
}

// Credential is a resource's ID and secret as they came.
type Credential struct {
	ID     string
	Secret domain.Secret
}

// Peer is who is at the other end of a request.
type Peer struct {
	IP        string
	RequestID string
}

// Gate lets resources in by their own credential. All fields are required.
type Gate struct {
	Resources ResourceReader
	Limiter   Limiter
	Refusals  Refusals
	Now       func() time.Time
}

// The codes of errors.
const (
	CodeInvalidClient      = "invalid_client"      // RFC 6749 §5.2
	CodeUnauthorizedClient = "unauthorized_client" // RFC 6749 §5.2
	codeRateLimited        = "rate_limited"
	codeUnavailable        = "temporarily_unavailable"
)

// Enter returns the resource whose credential it is. Unauthenticated: there is
// none, which is told alike for a wrong secret and an unknown ID.
func (g *Gate) Enter(ctx context.Context, c Credential, from Peer) (domain.Resource, error) {
	now := g.Now().UTC()
	if wait, ok := g.Limiter.Allow(c.ID, from.IP, now); !ok {
		return domain.Resource{}, &domain.Error{Kind: domain.RateLimited, Code: codeRateLimited, RetryAfter: wait,
			Public: "Too many requests of this resource or from this address. Wait as Retry-After says, or listen to the stream of recalls."}
	}
	var r domain.Resource
	if id, ok := domain.ParseID(c.ID); ok {
		var err error
		if r, err = g.Resources.Resource(ctx, id); err != nil && domain.KindOf(err) != domain.NotFound {
			return domain.Resource{}, fmt.Errorf("authenticate a resource: %w", err)
		}
	}
	// An unknown one has the hash of no secret, and takes as long to find out.
	if right := r.SecretHash.Matches(c.Secret); right && r.ID != "" {
		return r, nil
	}
	refusal := domain.Errorf(domain.Unauthenticated, CodeInvalidClient,
		"No resource has this ID and secret. Use the ID and the resource_secret that registering the resource gave, or have an admin rotate the secret.")
	target := domain.Party{Type: "resource", ID: r.ID, Name: r.Name} // what a caller made up is not noted
	ev := domain.NewEvent(now, domain.Caller{Via: domain.ViaSDK, IP: from.IP, RequestID: from.RequestID}, "resource.authenticate", target)
	ev.Outcome, ev.Reasons = domain.OutcomeRefused, []domain.Reason{{Code: refusal.Code, Message: refusal.Public}}
	g.Refusals.Note(ev)
	return domain.Resource{}, refusal
}
