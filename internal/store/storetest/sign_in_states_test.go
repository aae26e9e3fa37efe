package storetest

import (
	"database/sql"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/store"
)

func newState(p domain.IdentityProvider, secret string, expires time.Duration) domain.SignInState {
	return domain.SignInState{Hash: domain.Secret(secret).Hash(), Browser: domain.Secret("browser " + secret).Hash(), ProviderID: p.ID,
		ReturnTo: "/agents?q=ö", CreatedAt: t0, ExpiresAt: t0.Add(expires)}
}

// Of many who come with one state, one is let in, and only in time.
func TestSignInStatesServeOnce(t *testing.T) {
	eachRaw(t, func(t *testing.T, s *store.Store, raw *sql.DB) {
		p := putProvider(t, s, "People", "https://id.example.com")
		want := newState(p, "one", time.Minute)
		for _, st := range []domain.SignInState{want, newState(p, "late", time.Second)} {
			if err := s.PutSignInState(t.Context(), st); err != nil {
				t.Fatal(err)
			}
		}
		var served atomic.Int64
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				st, err := s.TakeSignInState(t.Context(), want.Hash, t0.Add(time.Second))
				switch {
				case err == nil && st == want:
					served.Add(1)
				case domain.KindOf(err) != domain.NotFound || st != (domain.SignInState{}):
					t.Errorf("got %+v, %v", st, err)
				}
			})
		}
		wg.Wait()
		if served.Load() != 1 {
			t.Errorf("served %d times", served.Load())
		}
		for _, hash := range []domain.SecretHash{newState(p, "late", 0).Hash, newState(p, "never", 0).Hash} {
			if _, err := s.TakeSignInState(t.Context(), hash, t0.Add(time.Second)); domain.KindOf(err) != domain.NotFound {
				t.Errorf("got %v", err)
			}
		}
		// What nobody completed goes with the next one, and with the sessions.
		for n, forget := range []func() error{
			func() error {
				next := newState(p, "next", time.Hour)
				next.CreatedAt = t0.Add(time.Minute)
				return s.PutSignInState(t.Context(), next)
			},
			func() error { return s.CleanSessions(t.Context(), t0.Add(time.Hour)) },
		} {
			if err := forget(); err != nil {
				t.Fatal(err)
			}
			if got := rawCount(t, raw, "sign_in_states"); got != 1-n {
				t.Errorf("%d are kept, want %d", got, 1-n)
			}
		}
	})
}

func TestSignInStatesEndWithTheirProvider(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		p := putProvider(t, s, "People", "https://id.example.com")
		st := newState(p, "one", time.Minute)
		if err := s.PutSignInState(t.Context(), st); err != nil {
			t.Fatal(err)
		}
		if err := s.PutSignInState(t.Context(), st); domain.KindOf(err) != domain.Conflict {
			t.Errorf("the same state again: %v", err)
		}
		if err := s.DeleteIdentityProvider(t.Context(), p.ID, func(p domain.IdentityProvider) (domain.Event, error) {
			return did("identity_provider.delete", p.ID), nil
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.TakeSignInState(t.Context(), st.Hash, t0); domain.KindOf(err) != domain.NotFound {
			t.Errorf("got %v", err)
		}
		wantError(t, s.PutSignInState(t.Context(), st), domain.NotFound, "not_found", "")
	})
}

// Anybody may begin a sign-in, and nobody fills the disk with them.
func TestSignInStatesAreBounded(t *testing.T) {
	eachRaw(t, func(t *testing.T, s *store.Store, raw *sql.DB) {
		const most = 10_000
		p := putProvider(t, s, "People", "https://id.example.com")
		oldest, next := newState(p, "oldest", time.Minute), newState(p, "next", time.Hour)
		if err := s.PutSignInState(t.Context(), oldest); err != nil {
			t.Fatal(err)
		}
		rawExec(t, raw, `WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 9999)
			INSERT INTO sign_in_states (hash, browser, provider_id, return_to, created_at, expires_at)
			SELECT CAST(c.i AS TEXT), '', s.provider_id, '', 0, s.expires_at + 1 FROM c, sign_in_states s`)
		if err := s.PutSignInState(t.Context(), next); err != nil {
			t.Fatal(err)
		}
		if n := rawCount(t, raw, "sign_in_states"); n != most {
			t.Errorf("%d are kept", n)
		}
		if _, err := s.TakeSignInState(t.Context(), oldest.Hash, t0); domain.KindOf(err) != domain.NotFound {
			t.Errorf("the oldest: %v", err)
		}
		if _, err := s.TakeSignInState(t.Context(), next.Hash, t0); err != nil {
			t.Errorf("the newest: %v", err)
		}
	})
}
