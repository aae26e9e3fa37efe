package directory_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"authsec/internal/domain"
)

// keyChecker stands for attest's, which knows cryptography.
type keyChecker struct{ err error }

func (c keyChecker) CheckAgentKeys([]domain.AgentKey) error { return c.err }

func TestAgentKeys(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	h.KeyChecker = keyChecker{}
	a, secret := h.agent(t, domain.AgentSpec{Name: "Elsewhere", Type: "custom", Platform: domain.PlatformOther})
	keys := []domain.AgentKey{{ID: "2026-05", Type: "EC", Algorithm: "ES256", JWK: `{"alg":"ES256","kid":"2026-05","kty":"EC","x":"public"}`}}
	h.now = h.now.Add(time.Minute)
	e := h.event(t, "agent.set_keys", func() {
		got, err := h.SetAgentKeys(ctx, admin, a.ClientID, keys)
		if err != nil || !reflect.DeepEqual(got.Keys, keys) || !got.UpdatedAt.After(a.UpdatedAt) {
			t.Errorf("set %+v, %v", got, err)
		}
	})
	wantJSON(t, "before", e.Before, `{"keys":[]}`)
	wantJSON(t, "after", e.After, `{"keys":[{"kid":"2026-05","kty":"EC","alg":"ES256"}]}`)
	if works(t, h, a.ClientID, secret) != "+" {
		t.Error("its secret goes on working")
	}
	pod, _ := h.agent(t, kubernetes("Pod"))
	h.silent(t, func() {
		if _, err := h.SetAgentKeys(ctx, admin, a.ClientID, keys); err != nil {
			t.Errorf("the same again: %v", err)
		}
		if _, err := h.SetAgentKeys(ctx, admin, pod.ClientID, nil); err != nil {
			t.Errorf("none where there are none: %v", err)
		}
		_, err := h.SetAgentKeys(ctx, admin, pod.ClientID, keys)
		wantError(t, err, domain.Conflict, "no_agent_keys")
		for _, caller := range []domain.Caller{member, auditor} {
			_, err = h.SetAgentKeys(ctx, caller, a.ClientID, nil)
			wantError(t, err, domain.Forbidden, "forbidden")
		}
		_, err = h.SetAgentKeys(ctx, admin, "x", keys)
		wantError(t, err, domain.NotFound, "not_found")
		h.KeyChecker = keyChecker{errors.New("keys cannot be used: too small")}
		_, err = h.SetAgentKeys(ctx, admin, a.ClientID, keys)
		wantError(t, err, domain.Invalid, "invalid_request", "/keys invalid_jwk")
	})
	h.event(t, "agent.clear_keys", func() {
		if got, err := h.SetAgentKeys(ctx, admin, a.ClientID, nil); err != nil || got.Keys != nil {
			t.Errorf("cleared to %+v, %v", got, err)
		}
	})
	if err := h.DeleteAgent(ctx, admin, a.ClientID); err != nil {
		t.Fatal(err)
	}
	_, err := h.SetAgentKeys(ctx, admin, a.ClientID, nil)
	wantError(t, err, domain.NotFound, "not_found")
}
