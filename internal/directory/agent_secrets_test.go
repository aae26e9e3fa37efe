package directory_test

import (
	"strings"
	"testing"
	"time"

	"authsec/internal/directory"
	"authsec/internal/domain"
)

// works says which of the secrets the agent would be let in with now.
func works(t *testing.T, h *house, id string, secrets ...domain.Secret) string {
	t.Helper()
	a, err := h.Agent(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, s := range secrets {
		mark := "-"
		for _, c := range a.Secrets {
			if c.Hash.Matches(s) {
				mark = "+"
			}
		}
		out.WriteString(mark)
	}
	return out.String()
}

func TestClientSecretRotation(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	a, first := h.agent(t, domain.AgentSpec{Name: "Elsewhere", Type: "custom", Platform: domain.PlatformOther})
	if !strings.HasPrefix(first.Reveal(), domain.PrefixClientSecret) || works(t, h, a.ClientID, first) != "+" {
		t.Fatal("no client secret that works")
	}
	var second domain.Secret
	e := h.event(t, "agent.rotate_secret", func() {
		var got domain.Agent
		var err error
		second, got, err = h.RotateAgentSecret(ctx, admin, a.ClientID, directory.DefaultSecretOverlap)
		if err != nil || len(got.Secrets) != 2 || !got.Secrets[0].Hash.Matches(second) || !got.Secrets[0].ExpiresAt.IsZero() {
			t.Fatalf("rotated to %+v, %v", got, err)
		}
	})
	wantJSON(t, "details", e.Details, `{"older_expire_at":"2026-03-05T05:06:07.890123Z","live_secrets":2}`)
	for _, s := range []domain.Secret{first, second} {
		if strings.Contains(string(e.Body), s.Reveal()) || strings.Contains(string(e.Body), domain.Hash(s.Hash()).String()) {
			t.Errorf("the event holds a secret or its hash: %s", e.Body)
		}
	}
	if got := works(t, h, a.ClientID, first, second); got != "++" {
		t.Errorf("just after the rotation: %s", got)
	}
	h.now = h.now.Add(directory.DefaultSecretOverlap - time.Microsecond)
	if got := works(t, h, a.ClientID, first, second); got != "++" {
		t.Errorf("just before the overlap ends: %s", got)
	}
	// A longer overlap gives the first no longer life than it had.
	third, _, err := h.RotateAgentSecret(ctx, admin, a.ClientID, directory.MaxSecretOverlap)
	if err != nil {
		t.Fatal(err)
	}
	h.now = h.now.Add(time.Microsecond)
	if got := works(t, h, a.ClientID, first, second, third); got != "-++" {
		t.Errorf("when the first overlap has ended: %s", got)
	}
	fourth, got, err := h.RotateAgentSecret(ctx, admin, a.ClientID, 0)
	if err != nil || len(got.Secrets) != 1 {
		t.Fatalf("rotated at once to %+v, %v", got.Secrets, err)
	}
	if got := works(t, h, a.ClientID, first, second, third, fourth); got != "---+" {
		t.Errorf("after a rotation without overlap: %s", got)
	}
	// Stored, too: what has ended is not kept.
	if stored, err := h.store.Agent(ctx, a.ClientID); err != nil || len(stored.Secrets) != 1 {
		t.Errorf("%d secrets are stored, %v", len(stored.Secrets), err)
	}
}

func TestClientSecretRotationIsBounded(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	a, _ := h.agent(t, domain.AgentSpec{Name: "Elsewhere", Type: "custom", Platform: domain.PlatformOther})
	h.silent(t, func() {
		for _, overlap := range []time.Duration{-1, directory.MaxSecretOverlap + 1, 1 << 62} {
			_, _, err := h.RotateAgentSecret(ctx, admin, a.ClientID, overlap)
			wantError(t, err, domain.Invalid, "invalid_request", "/overlap_seconds out_of_range")
		}
	})
	for range 4 {
		if _, _, err := h.RotateAgentSecret(ctx, admin, a.ClientID, time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	h.silent(t, func() {
		_, _, err := h.RotateAgentSecret(ctx, admin, a.ClientID, time.Hour)
		wantError(t, err, domain.Conflict, "too_many_secrets")
	})
	if _, _, err := h.RotateAgentSecret(ctx, admin, a.ClientID, 0); err != nil {
		t.Errorf("the way out of it is closed: %v", err)
	}
	k, _ := h.agent(t, kubernetes("Pod"))
	_, _, err := h.RotateAgentSecret(ctx, admin, k.ClientID, 0)
	wantError(t, err, domain.Conflict, "no_client_secret")
}
