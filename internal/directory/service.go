// Package directory keeps what people administer: actions, roles, users, agents,
// resources, workload sources, identity providers and delegation templates. Reads are open to every caller whom the routes let in; writes
// are an admin's.
package directory

import (
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"authsec/internal/domain"
)

// Hasher turns a password into its stored form. It may wait for its turn.
type Hasher interface {
	Hash(ctx context.Context, password domain.Secret) (domain.Secret, error)
}

// Defaults is what the deployment decides about a new agent's attestation (DESIGN §5).
type Defaults struct {
	// Loopback: the listener and the public URL both are on the loopback interface.
	Loopback bool
	// RequireAttestation forbids permissive agents altogether.
	RequireAttestation bool
	// TrustDomain is the deployment's: its node agents vouch for agents on every platform.
	TrustDomain string
}

// Service is the package's entry. All fields but Defaults are required.
type Service struct {
	ActionStore   ActionStore
	RoleStore     RoleStore
	UserStore     UserStore
	AgentStore    AgentStore
	ResourceStore ResourceStore
	SourceStore   SourceStore
	SourceChecker SourceChecker
	KeyChecker    KeyChecker

	ProviderStore   ProviderStore
	ProviderChecker ProviderChecker
	LinkStore       LinkStore
	TemplateStore   TemplateStore
	Names           NameStore

	Hasher   Hasher
	Defaults Defaults
	Now      func() time.Time
	Random   io.Reader
}

// now is the instant of a change, in the precision of the store.
func (s Service) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

// mustAdmin refuses everybody but admins. The routes table says the same; this
// holds for callers that come by no route.
func mustAdmin(caller domain.Caller) error {
	if caller.Admin() {
		return nil
	}
	return domain.Errorf(domain.Forbidden, "forbidden", "Only an admin may do this. Ask an admin, or sign in as one.")
}

// notFound is the answer about what is not there, or is no possible name.
func notFound(what, id string) error {
	return domain.Errorf(domain.NotFound, "not_found", "There is no %s %q.", what, clip(id))
}

// clip shortens what an answer repeats of a caller's own words.
func clip(s string) string { return clipTo(s, 64) }

func clipTo(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// paged makes any page usable: a zero limit is the default, and none is above the maximum.
func paged(p domain.Page) domain.Page {
	if p.Limit <= 0 {
		p.Limit = domain.DefaultPage
	}
	p.Limit = min(p.Limit, domain.MaxPage)
	return p
}

// atInput moves faults of members of a set from their place in the sorted set,
// which the store counts, to their place in what the caller sent.
func atInput(err error, field string, sent, sorted []string) error {
	var e *domain.Error
	if !errors.As(err, &e) || e.Kind != domain.Invalid {
		return err
	}
	moved := *e
	moved.Fields = slices.Clone(e.Fields)
	for i, f := range moved.Fields {
		at, ok := strings.CutPrefix(f.Field, field+"/")
		if n, err := strconv.Atoi(at); ok && err == nil && 0 <= n && n < len(sorted) {
			moved.Fields[i].Field = field + "/" + strconv.Itoa(slices.Index(sent, sorted[n]))
		}
	}
	return &moved
}
