package attest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"authsec/internal/attest"
)

// fixed answers every proof in one way, and counts how often it is asked.
type fixed struct {
	got   attest.Attested
	err   error
	asked *int
}

func (f fixed) Attest(context.Context, attest.Question) (attest.Attested, error) {
	*f.asked++
	return f.got, f.err
}

func TestChainAsksUntilOneKnowsTheKind(t *testing.T) {
	outage, rejection := errors.New("outage"), &attest.Rejection{Problem: "bad"}
	for name, tt := range map[string]struct {
		first error
		asked int
		err   error
	}{
		"knows it":                  {nil, 0, nil},
		"another's":                 {attest.ErrNotMine, 1, nil},
		"another's, wrapped":        {fmt.Errorf("oidc: %w", attest.ErrNotMine), 1, nil},
		"a rejection is final":      {rejection, 0, rejection},
		"an outage is no free pass": {outage, 0, outage},
	} {
		t.Run(name, func(t *testing.T) {
			var first, second int
			chain := attest.Chain{fixed{attest.Attested{Kind: "k8s"}, tt.first, &first}, fixed{attest.Attested{Kind: "k8s"}, nil, &second}}
			got, err := chain.Attest(t.Context(), attest.Question{Presented: attest.Presented{Bearer: "x"}})
			if first != 1 || second != tt.asked || !errors.Is(err, tt.err) || (tt.err == nil && got.Kind != "k8s") {
				t.Errorf("asked %d and %d: %+v, %v", first, second, got, err)
			}
		})
	}
}

// A proof that nobody can verify is a bad one, and its rejection says what to do.
func TestChainRejectsWhatNobodyKnows(t *testing.T) {
	var n int
	for _, chain := range []attest.Chain{nil, {attest.ClientSecret{}}, {fixed{err: attest.ErrNotMine, asked: &n}}} {
		got, err := chain.Attest(t.Context(), attest.Question{Presented: attest.Presented{Bearer: "x"}})
		var rejection *attest.Rejection
		if !errors.As(err, &rejection) || rejection.Problem == "" || got.Kind != "" {
			t.Errorf("%+v, %v", got, err)
		}
	}
}

func TestRejectionKeepsItsCauseForTheLog(t *testing.T) {
	cause := errors.New("signature does not match")
	r := &attest.Rejection{Problem: "The token is not valid.", Err: cause}
	if !errors.Is(r, cause) || r.Error() != "The token is not valid.: signature does not match" {
		t.Errorf("%v", r)
	}
	if r := (&attest.Rejection{Problem: "bad"}); r.Error() != "bad" || r.Unwrap() != nil {
		t.Errorf("%v", r)
	}
}

func TestPresentedIsEmptyWithoutACredential(t *testing.T) {
	if !(attest.Presented{Loopback: true}).Empty() || (attest.Presented{Bearer: "x"}).Empty() || (attest.Presented{Basic: &attest.Basic{}}).Empty() {
		t.Error("an empty Basic credential is a credential, and where a peer is is none")
	}
}
