package issuance

import (
	"context"
	"fmt"
	"slices"
	"time"

	"authsec/internal/domain"
	"authsec/internal/identity"
	"authsec/internal/policy"
	"authsec/internal/proofkey"
	"authsec/internal/token"
	"authsec/sdk/go/jws"
)

// SubjectTokens verifies tokens of ours that are exchanged.
type SubjectTokens interface {
	// Live returns the claims of a token that this server issued and that counts
	// now, and its place in a status list. Unauthenticated: it does not count.
	Live(ctx context.Context, compact string) (token.Claims, domain.StatusRef, error)
}

// People verifies tokens of identity providers.
type People interface {
	// Subject returns the person whom a token of a kind stands for.
	// Unauthenticated: it is not a good one for us; the public text says why, and
	// nothing that its holder does not know. Unavailable: it cannot be told now.
	Subject(ctx context.Context, compact string, kind identity.Kind, now time.Time) (identity.Person, error)
}

// ExchangeStore holds what exchanges rest on.
type ExchangeStore interface {
	// ExchangeAuthority reads one snapshot of a delegation ("": of none) and of the
	// agents of a chain, the delegation's own first. The first, or the delegation, is missing
	// where it is gone; another agent that is gone is one that is deleted.
	ExchangeAuthority(ctx context.Context, clientIDs []string, delegationID string) (domain.Authority, error)
	// StartExchange makes the new token one that is recalled with its parent, and
	// returns the status index that it must carry. Gone: the parent was recalled.
	// Conflict: the decision rests on what was true before.
	StartExchange(ctx context.Context, h domain.Handover) (domain.StatusRef, error)
	// EnabledTemplates returns the templates by which people of a provider lend to
	// an agent.
	EnabledTemplates(ctx context.Context, clientID, providerID string) ([]domain.DelegationTemplate, error)
	// Lend lets a person at a provider lend by a template, as a rule says, which is
	// pure and may run again, and returns the delegation's ID. Its errors are the
	// rule's; NotFound or Invalid: what the template names is gone; Conflict: the new
	// user's email is taken.
	Lend(ctx context.Context, providerID, subject, templateID string, rule func(*domain.LoanDraft) ([]domain.Event, error)) (delegationID string, err error)
}

// Exchanger also issues tokens for other tokens (RFC 8693): for a person's, who is
// present, and for one of ours that another agent handed over. All fields are
// required.
type Exchanger struct {
	*Service
	Tokens SubjectTokens
	People People
	Store  ExchangeStore
}

// TokenKind says what a subject token claims to be (RFC 8693 §3).
type TokenKind = identity.Kind

// The kinds of subject tokens.
const (
	AccessToken = identity.AccessToken
	IDToken     = identity.IDToken
	JWT         = identity.JWT
)

// MaxSubjectToken bounds a subject token, in bytes: a longer one is not read.
const MaxSubjectToken = 16 << 10

// ExchangeRequest is one request to exchange a token. Who asks becomes the actor.
type ExchangeRequest struct {
	Request
	Subject     domain.Secret // the token that is exchanged
	SubjectKind TokenKind
}

// The codes of refusals that no decision makes.
const (
	// CodeSubjectToken: the subject token is not good, or not this agent's to exchange.
	CodeSubjectToken = "invalid_subject_token"
	// CodeNotLinked: the person has no user here that they are linked to.
	CodeNotLinked = "person_not_linked"
)

// Exchange returns a token for the request, or the error that the caller gets.
// Nothing is told of the subject token, nor of any delegation, before the caller
// is proven; nor is anything told after, of a token that is no good or not theirs
// to exchange, but that.
func (e *Exchanger) Exchange(ctx context.Context, r ExchangeRequest) (Issued, error) {
	now := e.Now().UTC()
	if wait, ok := e.Limiter.Allow(r.ClientID, r.IP, now); !ok {
		return Issued{}, e.limited(r.Request, now, wait)
	}
	key, err := e.key(r.Request, now)
	if err != nil {
		return Issued{}, err
	}
	x := exchange{Exchanger: e, ExchangeRequest: r, now: now, key: key}
	if err := x.identify(ctx); err != nil {
		return Issued{}, err
	}
	claims, err := jws.Peek(r.Subject.Reveal())
	if err != nil {
		return Issued{}, x.refuseSubject(ctx, "The subject token is not a JWT.")
	}
	if issuer, _ := claims.Text("iss"); issuer == e.Issuer {
		return x.handOver(ctx)
	}
	return x.lend(ctx)
}

// exchange is one that goes on.
type exchange struct {
	*Exchanger
	ExchangeRequest
	now   time.Time
	key   proofkey.Key
	proof evidence
	// by is what was known of the caller when its proof was judged.
	by domain.Authority
}

// identify finds out who asks, and refuses a caller who is not proven to be the
// agent, or who may do nothing: strangers cause no work on their tokens.
func (x *exchange) identify(ctx context.Context) error {
	r := x.Request
	denial := x.checkForm()
	if denial == nil {
		r.Request = policy.Request{ClientID: r.ClientID}
		var err error
		if x.by, err = x.Store.ExchangeAuthority(ctx, []string{r.ClientID}, ""); err != nil {
			return fmt.Errorf("find who exchanges: %w", err)
		}
		if x.proof, err = x.attest(ctx, x.by, r.Proof, x.now); err != nil {
			return err
		}
		_, denial = policy.Decide(x.now, x.Policy, x.by, x.proof.Proof, r.Request)
	}
	if denial == nil || (known(denial) && denial.First().Code != policy.CodeAgentSuspended) {
		return x.useKey(ctx, r, x.now, x.by.Agent, x.proof, x.key, nil)
	}
	// Which delegations there are is not what was asked.
	return x.refuse(ctx, r, x.now, x.by.Agent, x.proof, &policy.Denial{Reasons: denial.Reasons[:1]})
}

// checkForm is what can be said without looking at anything else.
func (x *exchange) checkForm() *policy.Denial {
	if err := x.Check(); err != nil {
		_, denial := policy.Decide(x.now, x.Policy, domain.Authority{}, policy.Proof{}, x.Request.Request)
		return denial
	}
	problem := ""
	switch n := len(x.Subject.Reveal()); {
	case n == 0:
		problem = "subject_token is required: the token that is exchanged."
	case n > MaxSubjectToken:
		problem = "subject_token is longer than 16384 bytes."
	case !slices.Contains([]TokenKind{AccessToken, IDToken, JWT}, x.SubjectKind):
		problem = "subject_token_type is not one that is exchanged here."
	}
	if problem == "" {
		return nil
	}
	return denied(CodeInvalidRequest, problem)
}

func denied(code, message string) *policy.Denial {
	return &policy.Denial{Reasons: []domain.Reason{{Code: code, Message: message}}}
}

// notYours is the one answer for a subject token that is unknown, foreign, expired
// or recalled, and for one of a delegation that does not list the caller: to tell
// them apart would tell of other people's tokens.
const notYours = "The subject_token is not one that this agent can exchange: it is not valid now, or its delegation does not list this agent among its sub_agents."

// refuseSubject refuses the subject token with the one answer; why is for the
// audit log.
func (x *exchange) refuseSubject(ctx context.Context, why string) error {
	return x.refuseAlike(ctx, denied(CodeSubjectToken, why))
}

// refuseAlike is refuseSubject for what a decision says.
func (x *exchange) refuseAlike(ctx context.Context, denial *policy.Denial) error {
	return x.refuseAs(ctx, x.Request, x.now, x.by.Agent, x.proof, denial, domain.Errorf(domain.Invalid, CodeSubjectToken, notYours))
}

// deny refuses for what a decision says.
func (x *exchange) deny(ctx context.Context, denial *policy.Denial) error {
	return x.refuse(ctx, x.Request, x.now, x.by.Agent, x.proof, denial)
}

// decideOn decides on a snapshot later than the one by which the caller proved
// itself. What it proved itself with must be the same in both: a secret, a key or a
// source that was withdrawn between them proves nothing now.
func (x *exchange) decideOn(a domain.Authority) (policy.Grant, *policy.Denial, error) {
	if now := a.Actor(); now != nil && !sameCredentials(x.by, a.SourcesRevision, *now) {
		return policy.Grant{}, nil, busy("What the agent proves itself by was changed just now. Try again.")
	}
	grant, denial := x.decide(x.now, a, x.proof, x.Request, &x.key)
	return grant, denial, nil
}

func sameCredentials(before domain.Authority, revision int64, now domain.Agent) bool {
	return before.SourcesRevision == revision && slices.Equal(before.Agent.Secrets, now.Secrets) && slices.Equal(before.Agent.Keys, now.Keys)
}

func busy(public string) error {
	return &domain.Error{Kind: domain.Unavailable, Code: codeUnavailable, RetryAfter: retryAfterOutage, Public: public}
}
