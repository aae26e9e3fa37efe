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
	return !within(lent(before.Candidate), lent(after.Candidate)) ||
		shorter(before, after) ||
		!within(audiences(before.Delegation.Resources), audiences(after.Delegation.Resources)) ||
		stricter(before.Candidate, after.Candidate) ||
		harder(*before.Agent, *after.Agent) || withdrawn(before.Agent, after.Agent, before.Sources, after.Sources) ||
		slices.ContainsFunc(before.Chain, func(then domain.ChainLink) bool {
			i := slices.IndexFunc(after.Chain, func(now domain.ChainLink) bool { return now.ClientID == then.ClientID })
			return i < 0 || harder(*then.Agent, *after.Chain[i].Agent) ||
				withdrawn(then.Agent, after.Chain[i].Agent, then.Sources, after.Chain[i].Sources)
		})
}

// stricter reports whether a token may be refused for its template or for the
// key that it is bound to.
func stricter(before, after domain.Candidate) bool {
	if after.Delegation.Constraint().Weaker(before.Delegation.Constraint()) || templateConstraint(after).Weaker(templateConstraint(before)) {
		return true
	}
	if before.Template == nil || after.Template == nil { // gives says whether it may be so
		return false
	}
	return !within(audiences(before.Template.Resources), audiences(after.Template.Resources)) ||
		!easier(before.Template.Conditions, after.Template.Conditions) ||
		!reflect.DeepEqual(believed(*before.Provider), believed(*after.Provider))
}

// believed is what decides which subject tokens of a provider are good.
func believed(p domain.IdentityProvider) domain.IdentityProviderSettings {
	s := p.Settings
	return domain.IdentityProviderSettings{Issuer: s.Issuer, Audience: s.Audience, JWKS: s.JWKS, JWKSURL: s.JWKSURL,
		CABundle: s.CABundle, MaxTokenSeconds: s.MaxTokenSeconds}
}

// easier reports whether whoever met the conditions before meets them now.
func easier(before, after []domain.ClaimCondition) bool {
	for _, now := range after {
		if !slices.ContainsFunc(before, func(then domain.ClaimCondition) bool {
			return then.Claim == now.Claim && (slices.Equal(now.Values, []string{domain.AnyValue}) || within(then.Values, now.Values))
		}) {
			return false
		}
	}
	return true
}

// gives reports whether the grounds give any token at all, end date and proof aside.
func gives(g domain.Grounds) bool {
	if g.Agent == nil || g.Agent.Status != domain.StatusActive || g.Delegation.Status != domain.DelegationActive ||
		g.Delegator == nil || !g.Delegator.Active() || len(lent(g.Candidate)) == 0 {
		return false
	}
	if g.Delegation.TemplateID == "" {
		if !g.Delegator.MayDelegate(g.Delegation.Role) {
			return false
		}
	} else if !templateStands(g.Candidate) {
		return false
	}
	return !slices.ContainsFunc(g.Chain, func(l domain.ChainLink) bool {
		return l.Agent == nil || l.Agent.Status != domain.StatusActive || !slices.Contains(g.Delegation.SubAgents, l.ClientID) ||
			(g.Template != nil && !slices.Contains(g.Template.SubAgents, l.ClientID))
	})
}

// shorter reports whether tokens end sooner.
func shorter(before, after domain.Grounds) bool {
	b, a := before.Delegation, after.Delegation
	if longest(after.Candidate) < longest(before.Candidate) {
		return true
	}
	return !a.EndsAt.IsZero() && (b.EndsAt.IsZero() || a.EndsAt.Before(b.EndsAt))
}

func longest(c domain.Candidate) time.Duration {
	if c.Template != nil {
		return min(c.Delegation.MaxDuration, c.Template.MaxDuration)
	}
	return c.Delegation.MaxDuration
}

// audiences are what a delegation reaches. "" is the server's default: whether
// a listed one is the same is not known here, so moving between them recalls.
func audiences(resources []string) []string {
	if len(resources) == 0 {
		return []string{""}
	}
	return resources
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
func withdrawn(before, after *domain.Agent, sourcesBefore, sourcesAfter []domain.WorkloadSource) bool {
	at := after.UpdatedAt
	for _, s := range before.Secrets {
		if liveAt(s, at) && !slices.ContainsFunc(after.Secrets, func(x domain.ClientSecret) bool { return x.Hash == s.Hash && liveAt(x, at) }) {
			return true
		}
	}
	for _, k := range before.Keys {
		if !slices.Contains(after.Keys, k) {
			return true
		}
	}
	for _, s := range sourcesBefore {
		i := slices.IndexFunc(sourcesAfter, func(x domain.WorkloadSource) bool { return x.ID == s.ID })
		if i < 0 || !verifiesAll(s.Settings, sourcesAfter[i].Settings) {
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
