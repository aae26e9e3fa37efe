package attest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"authsec/internal/domain"
)

// oidc verifies the tokens of one OpenID Connect issuer, and makes selectors of
// their claims as the source says.
type oidc struct {
	rules    tokenRules
	platform domain.Platform
	claims   []claimSelector
}

func newOIDC(s domain.OIDCSource, e Environment) (Verifier, error) {
	platform, ok := domain.FindPlatform(s.Platform)
	if !ok {
		return nil, fmt.Errorf("platform %q is not in the catalogue", s.Platform)
	}
	o := &oidc{platform: platform}
	for _, m := range s.Claims {
		c, err := newClaimSelector(m)
		if err != nil {
			return nil, err
		}
		o.claims = append(o.claims, c)
	}
	keys, err := newKeySet(keyOptions{Issuer: s.Issuer, JWKS: s.JWKS, JWKSURL: s.JWKSURL, CABundle: s.CABundle, Now: e.Now, Log: e.Log})
	if err != nil {
		return nil, err
	}
	o.rules = tokenRules{Issuer: s.Issuer, Audience: s.Audience, Keys: keys,
		MaxAge: cmp.Or(time.Duration(s.MaxTokenSeconds)*time.Second, domain.DefaultMaxProofAge)}
	return o, nil
}

// Verify implements Verifier.
func (o *oidc) Verify(ctx context.Context, p Presented, now time.Time) (Attested, error) {
	if p.Bearer == "" {
		return Attested{}, ErrNotMine
	}
	claims, expires, err := o.rules.verify(ctx, p.Bearer.Reveal(), now)
	if err != nil {
		return Attested{}, err
	}
	selectors, missing := selectorsOf(claims, o.claims)
	got := Attested{Kind: KindOIDC, Until: expires, Selectors: selectors, Missing: missing}
	if o.platform.Key == domain.PlatformOIDC {
		got.Selectors = append(got.Selectors, Selector{domain.Selector{Key: domain.SelectorIssuer, Value: o.rules.Issuer}, Signed})
	}
	o.explain(&got)
	return got, nil
}

// explain says why the platform's other keys are missing: no claim is made a
// selector of theirs.
func (o *oidc) explain(a *Attested) {
	const unmapped = "The workload source takes it from no claim: an administrator must add one to the source's claims."
	for _, k := range o.platform.Selectors {
		switch mapped := slices.ContainsFunc(o.claims, func(c claimSelector) bool { return c.selector == k.Key }); {
		case k.IsPattern():
			a.Missing[k.Prefix()] = unmapped // for the names that no claim has
		case !mapped && k.Key != domain.SelectorIssuer:
			a.Missing[k.Key] = unmapped
		}
	}
}

// Close implements Verifier.
func (o *oidc) Close() error { return o.rules.Keys.Close() }
