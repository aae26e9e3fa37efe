package attest_test

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"authsec/internal/attest"
	"authsec/internal/domain"
)

func secret(t *testing.T) domain.Secret {
	t.Helper()
	s, err := domain.NewSecret(rand.Reader, domain.PrefixClientSecret)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestClientSecret(t *testing.T) {
	now := time.Date(2026, 5, 21, 6, 25, 36, 0, time.UTC)
	current, rotated, expired, others := secret(t), secret(t), secret(t), secret(t)
	agent := domain.Agent{ClientID: "0190a000-0000-7000-8000-000000000001", Platform: domain.PlatformOther, Secrets: []domain.ClientSecret{
		{Hash: current.Hash()}, {Hash: rotated.Hash(), ExpiresAt: now.Add(time.Nanosecond)}, {Hash: expired.Hash(), ExpiresAt: now},
		{Hash: domain.Secret("").Hash()}, {Hash: domain.Secret("password").Hash()}, {Hash: domain.Secret(domain.PrefixClientSecret + strings.Repeat("x", 1000)).Hash()}}}
	basic := func(id string, s domain.Secret) attest.Presented {
		return attest.Presented{Basic: &attest.Basic{ClientID: id, Secret: s}}
	}
	for name, tt := range map[string]struct {
		p  attest.Presented
		ok bool
	}{
		"the right one":                  {basic(agent.ClientID, current), true},
		"the one before, in its overlap": {basic(agent.ClientID, rotated), true},
		"the one before, after it":       {basic(agent.ClientID, expired), false},
		"another agent's secret":         {basic(agent.ClientID, others), false},
		"another agent's ID":             {basic("0190a000-0000-7000-8000-000000000002", current), false},
		"no ID":                          {basic("", current), false},
		"the ID in capitals":             {basic(strings.ToUpper(agent.ClientID), current), false}, // transports canonicalise
		"no secret":                      {basic(agent.ClientID, ""), false},
		"not one that we make":           {basic(agent.ClientID, "password"), false},
		"longer than any":                {basic(agent.ClientID, domain.Secret(domain.PrefixClientSecret+strings.Repeat("x", 1000))), false},
		"one with more behind it":        {basic(agent.ClientID, current+"\x00"), false},
		"half of it":                     {basic(agent.ClientID, current[:len(current)/2]), false},
		"its hash":                       {basic(agent.ClientID, domain.Secret(domain.Hash(current.Hash()).String())), false},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := attest.ClientSecret{}.Attest(t.Context(), attest.Question{Agent: agent, Presented: tt.p, Now: now})
			if tt.ok {
				if err != nil || got.Kind != "secret" || len(got.Selectors) != 0 {
					t.Errorf("%+v, %v", got, err)
				}
				return
			}
			var rejection *attest.Rejection
			if !errors.As(err, &rejection) || got.Kind != "" {
				t.Fatalf("%+v, %v", got, err)
			}
			// One sentence for every fault, and nothing in it of what was presented.
			if _, other := (attest.ClientSecret{}).Attest(t.Context(), attest.Question{Presented: basic("x", "y"), Now: now}); other.Error() != err.Error() {
				t.Errorf("%q tells more than %q", err, other)
			}
			if s := tt.p.Basic.Secret.Reveal(); s != "" && strings.Contains(err.Error(), s) {
				t.Error("the rejection holds the secret")
			}
		})
	}
	if _, err := (attest.ClientSecret{}).Attest(t.Context(), attest.Question{Agent: agent, Presented: attest.Presented{Bearer: current}, Now: now}); !errors.Is(err, attest.ErrNotMine) {
		t.Errorf("a bearer token is another's: %v", err)
	}
}
