package attest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"authsec/internal/domain"
	"authsec/sdk/go/jws"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/svid/jwtsvid"
)

// verifyJWT verifies a JWT-SVID.
func (s *spiffe) verifyJWT(ctx context.Context, raw string, now time.Time) (Attested, error) {
	claims, ok := peekSVID(raw, s.trustDomain)
	if !ok {
		return Attested{}, ErrNotMine
	}
	token, err := jws.Parse(raw, jws.Algorithms()...)
	if err != nil {
		return Attested{}, unreadable(err)
	}
	bundle, err := s.bundles.jwt(ctx, now)
	if (err != nil || !bundle.HasJWTAuthority(token.KeyID())) && s.bundles.renew(ctx, now) {
		bundle, err = s.bundles.jwt(ctx, now)
	}
	if err != nil {
		return Attested{}, fmt.Errorf("verify a JWT-SVID: %w", err)
	}
	// The bundle holds the keys of our trust domain alone.
	svid, err := jwtsvid.ParseAndValidate(raw, bundle, []string{s.audience})
	// go-spiffe takes one of several audiences, has a minute of leeway by a clock
	// of its own, and says in words alone what is wrong.
	problem := judgeSVID(claims, s.audience, now)
	switch {
	case problem != "":
		return Attested{}, reject(problem, err)
	case err != nil:
		return Attested{}, reject("The JWT-SVID does not verify with its trust domain's keys. Have the agent fetch a new one from its Workload API.", err)
	}
	return s.attested(svid.ID, svid.Expiry.Add(leeway)), nil
}

// peekSVID reads the claims of what would be a JWT-SVID of the trust domain: a
// token whose sub is one of its SPIFFE IDs (JWT-SVID §3.1). Nothing is verified.
func peekSVID(raw string, td spiffeid.TrustDomain) (object, bool) {
	claims, err := jws.Peek(raw)
	if err != nil {
		return nil, false
	}
	sub, _ := claims.Text("sub")
	id, err := spiffeid.FromString(sub)
	return claims, err == nil && id.TrustDomain() == td
}

// judgeSVID says what is wrong with the claims; "" : nothing.
func judgeSVID(claims object, audience string, now time.Time) string {
	if !slices.Equal(claims.Audience(), []string{audience}) {
		// For whom else it is made could present it here (JWT-SVID §7.1).
		return "The JWT-SVID is not made for this server alone. Have the agent request it for the one audience that the workload source names."
	}
	expires, ok := claims.Seconds("exp")
	if !ok {
		return "The JWT-SVID does not say when it expires (exp, in whole seconds)."
	}
	end, begins := time.Unix(expires, 0), now
	for _, name := range []string{"iat", "nbf"} { // both may be left out
		if !claims.Has(name) {
			continue
		}
		seconds, ok := claims.Seconds(name)
		if !ok {
			return fmt.Sprintf("The JWT-SVID's %s is not in whole seconds.", name)
		}
		at := time.Unix(seconds, 0)
		if at.After(now.Add(leeway)) {
			return "The JWT-SVID is not valid yet. Check the clocks of this server and of the workload's node."
		}
		if at.Before(begins) {
			begins = at
		}
	}
	switch {
	case !now.Before(end.Add(leeway)):
		return "The JWT-SVID has expired. Have the agent fetch a new one from its Workload API."
	case end.Sub(begins) > domain.DefaultMaxProofAge:
		return fmt.Sprintf("The JWT-SVID lives longer than %s. Have SPIRE issue it for less.", domain.DefaultMaxProofAge)
	}
	return ""
}
