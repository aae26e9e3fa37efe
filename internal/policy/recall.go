package policy

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"authsec/internal/domain"
)

// Recalls reports whether a change takes something away: whether there is a
// request for this very delegation that Decide, or the proof before it, answers
// with less afterwards. Tokens that are out may then say more than is true, and
// are recalled. What ends by itself is no change: tokens end by themselves then.
func Recalls(before, after domain.Grounds) bool {
	switch {
	case !gives(before): // nor has any token been made since what it gave was recalled
		return false
	case !gives(after):
		return true
	}
	return !within(Effective(before.Delegation.Actions, before.Role), Effective(after.Delegation.Actions, after.Role)) ||
		shorter(before.Delegation, after.Delegation) ||
		!within(audiences(before.Delegation), audiences(after.Delegation)) ||
		harder(*before.Agent, *after.Agent) || withdrawn(before, after)
}

// gives reports whether the grounds give any token at all, end date and proof aside.
func gives(g domain.Grounds) bool {
	return g.Agent != nil && g.Agent.Status == domain.StatusActive && g.Delegation.Status == domain.DelegationActive &&
		g.Delegator != nil && g.Delegator.Active() && g.Delegator.MayDelegate(g.Delegation.Role) &&
		len(Effective(g.Delegation.Actions, g.Role)) > 0
}

// shorter reports whether tokens end sooner.
func shorter(before, after domain.Delegation) bool {
	if after.MaxDuration < before.MaxDuration {
		return true
	}
	return !after.EndsAt.IsZero() && (before.EndsAt.IsZero() || after.EndsAt.Before(before.EndsAt))
}

// audiences are what a delegation reaches. "" is the server's default: whether
// a listed one is the same is not known here, so moving between them recalls.
func audiences(d domain.Delegation) []string {
	if len(d.Resources) == 0 {
		return []string{""}
	}
	return d.Resources
}

// harder reports whether a caller who got a token may fail to prove itself now.
func harder(before, after domain.Agent) bool {
	if before.Attestation == domain.AttestationPermissive &&
		(after.Attestation != domain.AttestationPermissive || before.AttestationChosen && !after.AttestationChosen) {
		return true
	}
	return demandsMore(before.Selectors, after.Selectors)
}

// demandsMore reports whether a workload may have what was demanded before and
// not what is demanded now.
func demandsMore(before, after []domain.Selector) bool {
	if len(after) == 0 { // then no workload's proof will do (see Unsatisfied)
		return len(before) > 0
	}
	for _, now := range after {
		if !slices.ContainsFunc(before, func(then domain.Selector) bool { return implies(then, now) }) {
			return true
		}
	}
	return false
}

// implies reports whether whatever satisfies a satisfies b.
func implies(a, b domain.Selector) bool {
	if a.Key != domain.SelectorSPIFFEID {
		return b.Accepts(a)
	}
	for id := range strings.FieldsSeq(a.Value) { // each of them was accepted
		if !b.Accepts(domain.Selector{Key: a.Key, Value: id}) {
			return false
		}
	}
	return true
}

// withdrawn reports whether something that proved the agent does so no more: a
// secret, a key or a workload source.
func withdrawn(before, after domain.Grounds) bool {
	at := after.Agent.UpdatedAt
	for _, s := range before.Agent.Secrets {
		if liveAt(s, at) && !slices.ContainsFunc(after.Agent.Secrets, func(x domain.ClientSecret) bool { return x.Hash == s.Hash && liveAt(x, at) }) {
			return true
		}
	}
	for _, k := range before.Agent.Keys {
		if !slices.Contains(after.Agent.Keys, k) {
			return true
		}
	}
	for _, s := range before.Sources {
		i := slices.IndexFunc(after.Sources, func(x domain.WorkloadSource) bool { return x.ID == s.ID })
		if i < 0 || !verifiesAll(s.Settings, after.Sources[i].Settings) {
			return true
		}
	}
	return false
}

// liveAt reports whether a secret works at the time of a change. One that gets
// an end in the future is being replaced in good order, not withdrawn.
func liveAt(s domain.ClientSecret, at time.Time) bool {
	return s.ExpiresAt.IsZero() || at.Before(s.ExpiresAt)
}

// verifiesAll reports whether settings verify whatever others did. It knows the
// usual ways to allow more; any other difference may be less.
func verifiesAll(before, after domain.SourceSettings) bool {
	switch {
	case before.Kubernetes != nil && after.Kubernetes != nil:
		b, a := *before.Kubernetes, *after.Kubernetes
		if age(a.MaxTokenSeconds) < age(b.MaxTokenSeconds) || (a.TokenReview && !b.TokenReview) {
			return false
		}
		a.MaxTokenSeconds, a.TokenReview = b.MaxTokenSeconds, b.TokenReview
		return reflect.DeepEqual(b, a)
	case before.OIDC != nil && after.OIDC != nil:
		b, a := *before.OIDC, *after.OIDC
		if age(a.MaxTokenSeconds) < age(b.MaxTokenSeconds) || !within(b.Claims, a.Claims) {
			return false
		}
		a.MaxTokenSeconds, a.Claims, a.Preset = b.MaxTokenSeconds, b.Claims, b.Preset
		return reflect.DeepEqual(b, a)
	case before.Unix != nil && after.Unix != nil:
		return before.Unix.DockerHost == "" || *before.Unix == *after.Unix
	}
	return reflect.DeepEqual(before, after)
}

// age is the longest lifetime of a workload token, where 0 is the usual one.
func age(seconds int64) time.Duration {
	if seconds == 0 {
		return domain.DefaultMaxProofAge
	}
	return time.Duration(seconds) * time.Second
}

// within reports whether every member of small is one of large.
func within[T comparable](small, large []T) bool {
	for _, m := range small {
		if !slices.Contains(large, m) {
			return false
		}
	}
	return true
}
