package verify

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"authsec/sdk/go/dpop"
)

// RFC 9449 §4.3 no. 11, §11.1: a proof is good for 30 seconds around its iat, however
// long a leeway the issuer's clock is given, and for as long as that once.
func TestRFC9449_11_1_AProofIsGoodOnceForAsLongAsItIsGood(t *testing.T) {
	issuer := newTestIssuer(t)
	for name, c := range map[string]struct {
		iat  time.Duration // by the verifier's clock
		want error
	}{
		"as old as can be":   {-dpop.Leeway, nil},
		"too old":            {-dpop.Leeway - time.Second, ErrProof},
		"as early as can be": {dpop.Leeway, nil},
		"too early":          {dpop.Leeway + time.Second, ErrProof},
	} {
		t.Run(name, func(t *testing.T) {
			clock := newClock()
			verifier := issuer.verifier(t, WithClock(clock.now), WithLeeway(2*time.Minute), WithDPoP(DPoP{PublicURL: publicURL}))
			s := newSender(t, issuer, func() time.Time { return clock.now().Add(c.iat) })
			r := httptest.NewRequest(http.MethodGet, "/bills/7", nil)
			s.sign(t, r, publicURL+"/bills/7", "")
			if _, err := verifier.VerifyRequest(r); !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if c.want != nil {
				return
			}
			clock.advance(dpop.Leeway + c.iat) // to iat and the leeway
			if _, err := verifier.VerifyRequest(r); !errors.Is(err, ErrReplayed) {
				t.Errorf("in its last second: got %v", err)
			}
			clock.advance(time.Second)
			if _, err := verifier.VerifyRequest(r); !errors.Is(err, ErrProof) {
				t.Errorf("after its last second: got %v", err)
			}
		})
	}
}
