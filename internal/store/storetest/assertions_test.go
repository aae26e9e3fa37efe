package storetest

import (
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/store"
)

func TestAssertionsAreUsedOnce(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		a, b := newID(t), newID(t)
		end := t0.Add(time.Minute)
		use := func(client, id string, now time.Time) bool {
			t.Helper()
			first, err := s.UseAssertion(t.Context(), client, id, end, now)
			if err != nil {
				t.Fatal(err)
			}
			return first
		}
		unchanged(t, s, func() {
			if !use(a, "1", t0) || use(a, "1", t0) || use(a, "1", end.Add(-time.Microsecond)) {
				t.Error("an assertion is used once, until it ends")
			}
			if !use(b, "1", t0) || !use(a, "2", t0) {
				t.Error("another client's, or another ID, is another assertion")
			}
			if !use(a, "3", end) || !use(a, "1", end) {
				t.Error("what has ended is forgotten")
			}
		})
		var firsts atomic.Int64
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				first, err := s.UseAssertion(t.Context(), a, "race", end, t0)
				if err != nil {
					t.Error(err)
				}
				if first {
					firsts.Add(1)
				}
			})
		}
		all.Wait()
		if firsts.Load() != 1 {
			t.Errorf("%d of 8 at once were first", firsts.Load())
		}
	})
}

func TestAgentKeysRoundTrip(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		a := putAgent(t, s, "Signer")
		keys := []domain.AgentKey{{ID: "a", Type: "OKP", JWK: `{"kid":"a","kty":"OKP"}`}, {ID: "b", Type: "EC", Algorithm: "ES256", JWK: `{"alg":"ES256","kid":"b","kty":"EC"}`}}
		for _, want := range [][]domain.AgentKey{keys, keys[1:], nil} {
			updated, err := s.UpdateAgent(t.Context(), a.ClientID, func(a *domain.Agent) (domain.Event, error) {
				a.Keys = want
				return did("agent.set_keys", a.ClientID), nil
			})
			if err != nil || !reflect.DeepEqual(updated.Keys, want) {
				t.Errorf("updated to %+v, %v", updated.Keys, err)
			}
			if got, err := s.Agent(t.Context(), a.ClientID); err != nil || !reflect.DeepEqual(got.Keys, want) {
				t.Errorf("read back %+v, %v, want %+v", got.Keys, err, want)
			}
		}
		other := putAgent(t, s, "Born with keys")
		other.ClientID, other.Name, other.Keys = newID(t), "Another", keys
		if err := s.CreateAgent(t.Context(), other, did("agent.create", other.ClientID)); err != nil {
			t.Fatal(err)
		}
		authority, err := s.Authority(t.Context(), other.ClientID, "", "")
		if err != nil || authority.Agent == nil || !reflect.DeepEqual(authority.Agent.Keys, keys) {
			t.Errorf("authority: %+v, %v", authority.Agent, err)
		}
	})
}
