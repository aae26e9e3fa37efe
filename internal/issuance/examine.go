package issuance

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"authsec/internal/attest"
	"authsec/internal/domain"
	"authsec/internal/policy"
)

// SourceExaminer verifies a proof by one workload source alone, with the errors
// of attest.Verifier.
type SourceExaminer interface {
	Examine(ctx context.Context, source domain.WorkloadSource, p attest.Presented, now time.Time) (attest.Attested, error)
}

// AgentLister lists agents with their selectors.
type AgentLister interface {
	Agents(ctx context.Context, filter domain.AgentFilter, page domain.Page) (domain.List[domain.Agent], error)
}

// Examiner shows an administrator what a workload source makes of a proof, and
// gives nothing for it. All fields are required.
type Examiner struct {
	Sources     SourceExaminer
	Agents      AgentLister
	Recorder    Recorder
	Limiter     Limiter
	TrustDomain string
	Now         func() time.Time
}

// ExamineRates bound tests of sources: each may ask an issuer.
func ExamineRates() Rates { return Rates{PerClient: 2, PerAddress: 5} }

// Verdict says what became of an examined proof.
type Verdict string

// The verdicts.
const (
	VerdictAccepted    Verdict = "accepted"
	VerdictRejected    Verdict = "rejected"     // of this source, and bad
	VerdictOtherSource Verdict = "other_source" // not of this source
	VerdictUnavailable Verdict = "unavailable"  // cannot be told now
)

// Limits of an examination.
const (
	MaxProofBytes = 16 << 10
	maxExamined   = 2000 // agents that are compared
	maxSatisfied  = 50   // agents that are named
	maxCause      = 300  // characters
)

// Examination is what a workload source makes of a proof.
type Examination struct {
	Source  domain.WorkloadSource
	Verdict Verdict
	Problem string // unless it was accepted: a sentence that says what to do
	Cause   string // technical details, for who administers the source; may be ""
	attest.Attested
	Satisfied []domain.Agent // the first of those whose selectors it establishes
	More      bool           // there may be others
}

// Examine verifies a proof by one source, which may be disabled or not stored
// at all. A proof that is not accepted is an answer, no error. Only an admin
// may: the server asks whatever address the source names.
func (e *Examiner) Examine(ctx context.Context, caller domain.Caller, source domain.WorkloadSource, proof domain.Secret) (Examination, error) {
	if !caller.Admin() {
		return Examination{}, domain.Errorf(domain.Forbidden, "forbidden", "Only an admin may test a workload source. Ask an admin, or sign in as one.")
	}
	if err := checkExamined(proof); err != nil {
		return Examination{}, err
	}
	now := e.Now().UTC()
	if wait, ok := e.Limiter.Allow(caller.UserID, caller.IP, now); !ok {
		return Examination{}, &domain.Error{Kind: domain.RateLimited, Code: codeRateLimited, RetryAfter: wait,
			Public: "Workload sources are being tested too often. Wait as Retry-After says."}
	}
	got := Examination{Source: source, Verdict: VerdictOtherSource,
		Problem: "A source of this machine takes no token: it knows the process that calls. Ask for a delegation token from the process itself to try it."}
	if source.Kind != domain.SourceUnix {
		e.verify(ctx, &got, proof, now)
	}
	if got.Verdict == VerdictAccepted {
		if err := e.findSatisfied(ctx, &got); err != nil {
			return Examination{}, err
		}
	}
	return got, e.record(ctx, caller, got, now)
}

func checkExamined(proof domain.Secret) error {
	var f domain.Faults
	switch n := len(proof.Reveal()); {
	case n == 0:
		f.Add("/token", "required", "token is required: the workload's token, as it would send it.")
	case n > MaxProofBytes:
		f.Add("/token", "too_long", "token has more than %d KiB.", MaxProofBytes>>10)
	}
	return f.Err()
}

func (e *Examiner) verify(ctx context.Context, got *Examination, proof domain.Secret, now time.Time) {
	attested, err := e.Sources.Examine(ctx, got.Source, attest.Presented{Bearer: proof}, now)
	var rejection *attest.Rejection
	switch {
	case err == nil:
		got.Verdict, got.Problem, got.Attested = VerdictAccepted, "", attested
	case errors.Is(err, attest.ErrNotMine):
		got.Verdict, got.Problem = VerdictOtherSource, "The token is not of this source: its issuer or its trust domain is another, or it is no workload token."
	case errors.As(err, &rejection):
		got.Verdict, got.Problem = VerdictRejected, rejection.Problem
		if rejection.Err != nil {
			got.Cause = cause(rejection.Err, proof)
		}
	default:
		got.Verdict, got.Problem, got.Cause = VerdictUnavailable, "Whether the token is good cannot be told now. Check the source's settings, and that the server reaches what they name.", cause(err, proof)
	}
}

// cause is an error's text for an administrator, without any part of the proof.
func cause(err error, proof domain.Secret) string {
	text := err.Error()
	for part := range strings.SplitSeq(proof.Reveal(), ".") {
		if len(part) >= 8 {
			text = strings.ReplaceAll(text, part, "[redacted]")
		}
	}
	if r := []rune(text); len(r) > maxCause {
		return string(r[:maxCause]) + "…"
	}
	return text
}

// findSatisfied compares by the rule that decides about tokens.
func (e *Examiner) findSatisfied(ctx context.Context, got *Examination) error {
	seen := 0
	for _, platform := range got.Source.Proves(e.TrustDomain) {
		for cursor, more := "", true; more; {
			page, err := domain.NewPage(domain.MaxPage, cursor, "")
			if err != nil {
				return err
			}
			list, err := e.Agents.Agents(ctx, domain.AgentFilter{Platform: platform}, page)
			if err != nil {
				return fmt.Errorf("list agents of %s: %w", platform, err)
			}
			for _, agent := range list.Items {
				if missing, own := policy.Unsatisfied(agent, accepted(got.For(agent))); !own || len(missing) > 0 {
					continue
				}
				if len(got.Satisfied) == maxSatisfied {
					got.More = true
					return nil
				}
				got.Satisfied = append(got.Satisfied, agent)
			}
			seen, cursor, more = seen+len(list.Items), list.Next, list.Next != ""
			if more && seen >= maxExamined {
				got.More = true
				return nil
			}
		}
	}
	return nil
}

// Hints are the reasons why selectors could not be established, by their keys
// or the prefixes of their keys, in order.
func (e Examination) Hints() []domain.Reason {
	var out []domain.Reason
	for _, key := range slices.Sorted(maps.Keys(e.Missing)) {
		out = append(out, domain.Reason{Code: policy.CodeSelectors, Message: e.Missing[key], Keys: []string{key}})
	}
	return out
}

// examined is what the audit event of a test says; never the proof.
type examined struct {
	Verdict Verdict `json:"verdict"`
	Proof   *proven `json:"proof,omitempty"`
}

func (e *Examiner) record(ctx context.Context, caller domain.Caller, got Examination, now time.Time) error {
	ev := domain.NewEvent(now.Truncate(time.Microsecond), caller, "workload_source.test",
		domain.Party{Type: "workload_source", ID: got.Source.ID, Name: got.Source.Name})
	details := examined{Verdict: got.Verdict}
	if got.Verdict == VerdictAccepted {
		details.Proof = evidence{Proof: accepted(got.Attested), attested: got.Attested}.details()
	} else {
		ev.Outcome, ev.Reasons = domain.OutcomeRefused, []domain.Reason{{Code: string(got.Verdict), Message: got.Problem}}
	}
	ev, err := ev.WithDetails(details)
	if err != nil {
		return err
	}
	if err := e.Recorder.Record(ctx, ev, nil); err != nil {
		return fmt.Errorf("record the test of a workload source: %w", err)
	}
	return nil
}
