package delegation

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"authsec/internal/domain"
	"authsec/internal/policy"
)

// SubjectVerifier verifies a person's token by one identity provider, which may
// be disabled. Unauthenticated: it is not good for us, with CodeOtherProvider:
// none of the provider's. Unavailable: it cannot be told now.
type SubjectVerifier interface {
	Examine(ctx context.Context, p domain.IdentityProvider, token domain.Secret, kind string, now time.Time) (Subject, error)
}

// CodeOtherProvider is of a token of another issuer.
const CodeOtherProvider = "unknown_issuer"

// Subject is whom a verified token stands for.
type Subject struct {
	Subject   string
	Claims    map[string]any
	ExpiresAt time.Time
}

// SubjectStore reads what a person at a provider is linked to and could lend.
type SubjectStore interface {
	IdentityProvider(ctx context.Context, id string) (domain.IdentityProvider, error)
	LinkedUser(ctx context.Context, providerID, subject string) (domain.User, error)
	DelegationTemplates(ctx context.Context, f domain.TemplateFilter, p domain.Page) (domain.List[domain.DelegationTemplate], error)
}

// SubjectExaminer shows an administrator what an identity provider makes of a
// person's token, and which delegation templates they meet; it gives nothing for
// it. All fields are required.
type SubjectExaminer struct {
	Verifier SubjectVerifier
	Store    SubjectStore
	// Record makes an audit event durable.
	Record func(ctx context.Context, ev domain.Event) error
	// Allow bounds how often: each may ask a provider. It says how long to wait.
	Allow func(userID, ip string, now time.Time) (wait time.Duration, ok bool)
	Now   func() time.Time
}

// SubjectVerdict says what became of a person's token.
type SubjectVerdict string

// The verdicts.
const (
	SubjectAccepted      SubjectVerdict = "accepted"
	SubjectRejected      SubjectVerdict = "rejected"
	SubjectOtherProvider SubjectVerdict = "other_provider"
	SubjectUnavailable   SubjectVerdict = "unavailable"
)

const (
	maxSubjectToken = 16 << 10
	maxTemplates    = 50  // that are named
	maxCause        = 300 // characters
)

// SubjectExamination is what a provider makes of a person's token.
type SubjectExamination struct {
	Provider domain.IdentityProvider
	Verdict  SubjectVerdict
	Problem  string // unless it was accepted: a sentence that says what to do
	Cause    string // technical details, for who administers the provider; may be ""
	Subject
	User      *domain.User // linked to the person; nil: nobody is
	Templates []TemplateMatch
	More      bool // there are other templates
}

// TemplateMatch is a template of the provider, and whether the person meets it.
type TemplateMatch struct {
	domain.DelegationTemplate
	Met bool
}

// Examine verifies a token of a kind (RFC 8693 §3: id_token, jwt, access_token)
// by one provider. A token that is not accepted is an answer, no error. Only an
// admin may: the server asks whatever address the provider names.
func (e SubjectExaminer) Examine(ctx context.Context, caller domain.Caller, providerID string, token domain.Secret, kind string) (SubjectExamination, error) {
	var got SubjectExamination
	if !caller.Admin() {
		return got, domain.Errorf(domain.Forbidden, "forbidden", "Only an admin may test an identity provider. Ask an admin, or sign in as one.")
	}
	if n := len(token.Reveal()); n == 0 || n > maxSubjectToken {
		var f domain.Faults
		f.Add("/token", "out_of_range", "token must be a person's token of at most %d KiB.", maxSubjectToken>>10)
		return got, f.Err()
	}
	id, err := canonical("identity provider", providerID)
	if err != nil {
		return got, err
	}
	if got.Provider, err = e.Store.IdentityProvider(ctx, id); err != nil {
		return got, err
	}
	now := e.Now().UTC()
	if wait, ok := e.Allow(caller.UserID, caller.IP, now); !ok {
		return got, &domain.Error{Kind: domain.RateLimited, Code: "rate_limited", RetryAfter: wait,
			Public: "Identity providers are being tested too often. Wait as Retry-After says."}
	}
	e.verify(ctx, &got, token, kind, now)
	if got.Verdict == SubjectAccepted {
		if err := e.match(ctx, &got); err != nil {
			return got, err
		}
	}
	return got, e.record(ctx, caller, got, now)
}

func (e SubjectExaminer) verify(ctx context.Context, got *SubjectExamination, token domain.Secret, kind string, now time.Time) {
	subject, err := e.Verifier.Examine(ctx, got.Provider, token, kind, now)
	var own *domain.Error
	switch {
	case err == nil:
		got.Verdict, got.Subject = SubjectAccepted, subject
		return
	case !errors.As(err, &own) || own.Kind != domain.Unauthenticated:
		got.Verdict, got.Problem = SubjectUnavailable, "Whether the token is good cannot be told now. Check the provider's settings, and that the server reaches what they name."
		got.Cause = cause(err, token)
		return
	case own.Code == CodeOtherProvider:
		got.Verdict, got.Problem = SubjectOtherProvider, "The token is not of this provider: its issuer is another."
	default:
		got.Verdict, got.Problem = SubjectRejected, own.Public
	}
	if own.Err != nil {
		got.Cause = cause(own.Err, token)
	}
}

// cause is an error's text for an administrator, without any part of the token.
func cause(err error, token domain.Secret) string {
	text := err.Error()
	for part := range strings.SplitSeq(token.Reveal(), ".") {
		if len(part) >= 8 {
			text = strings.ReplaceAll(text, part, "[redacted]")
		}
	}
	if r := []rune(text); len(r) > maxCause {
		return string(r[:maxCause]) + "…"
	}
	return text
}

// match compares by the rule that decides about tokens.
func (e SubjectExaminer) match(ctx context.Context, got *SubjectExamination) error {
	user, err := e.Store.LinkedUser(ctx, got.Provider.ID, got.Subject.Subject)
	switch {
	case err == nil:
		got.User = &user
	case domain.KindOf(err) != domain.NotFound:
		return fmt.Errorf("read whom a person is linked to: %w", err)
	}
	list, err := e.Store.DelegationTemplates(ctx, domain.TemplateFilter{ProviderID: got.Provider.ID}, domain.Page{Limit: maxTemplates})
	if err != nil {
		return fmt.Errorf("read the delegation templates of a provider: %w", err)
	}
	for _, t := range list.Items {
		got.Templates = append(got.Templates, TemplateMatch{t, policy.Meets(t, got.Claims)})
	}
	got.More = list.Next != ""
	return nil
}

// record notes the test, never the token or what it says.
func (e SubjectExaminer) record(ctx context.Context, caller domain.Caller, got SubjectExamination, now time.Time) error {
	ev := domain.NewEvent(now, caller, "identity_provider.test", domain.Party{Type: "identity_provider", ID: got.Provider.ID, Name: got.Provider.Name})
	if got.Verdict != SubjectAccepted {
		ev.Outcome, ev.Reasons = domain.OutcomeRefused, []domain.Reason{{Code: string(got.Verdict), Message: got.Problem}}
	}
	ev, err := ev.WithDetails(map[string]SubjectVerdict{"verdict": got.Verdict})
	if err != nil {
		return err
	}
	if err := e.Record(ctx, ev); err != nil {
		return fmt.Errorf("record the test of an identity provider: %w", err)
	}
	return nil
}
