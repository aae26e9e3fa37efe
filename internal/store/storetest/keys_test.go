package storetest

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/store"
)

var keyTime = time.Date(2030, 1, 1, 0, 0, 0, 123456000, time.UTC)

func storedKey(kid string, published, active time.Duration) domain.StoredKey {
	return domain.StoredKey{KID: kid, Alg: "RS256", Sealed: "sealed " + kid, PublishedAt: keyTime.Add(published), ActiveAt: keyTime.Add(active)}
}

func chainLength(t *testing.T, s *store.Store) int64 {
	t.Helper()
	head, err := s.ChainHead(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return head.Seq
}

func TestSigningKeys(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		if keys, err := s.SigningKeys(ctx); err != nil || keys == nil || len(keys) != 0 {
			t.Fatalf("at first: %v, %v", keys, err)
		}
		next := storedKey("b", time.Hour, time.Hour+time.Minute)
		if err := s.CreateNextKey(ctx, next, event(1)); domain.KindOf(err) != domain.Conflict || domain.CodeOf(err) != "no_signing_key" {
			t.Errorf("a next key without a first: %v", err)
		}
		first := storedKey("z", 0, 0) // its name sorts last, its time first
		if created, err := s.CreateFirstKey(ctx, first, event(1)); err != nil || !created {
			t.Fatalf("first: %v, %v", created, err)
		}
		if created, err := s.CreateFirstKey(ctx, storedKey("y", 0, 0), event(2)); err != nil || created {
			t.Errorf("a second first: %v, %v", created, err)
		}
		if err := s.CreateNextKey(ctx, next, event(2)); err != nil {
			t.Fatal(err)
		}
		early := storedKey("c", time.Hour+time.Minute-time.Microsecond, 2*time.Hour)
		err := s.CreateNextKey(ctx, early, event(3))
		if domain.KindOf(err) != domain.Conflict || domain.CodeOf(err) != "rotation_pending" || !strings.Contains(err.Error(), "2030-01-01T01:01:01Z") {
			t.Errorf("while one is pending: %v", err)
		}
		if err := s.CreateNextKey(ctx, storedKey("z", 2*time.Hour, 3*time.Hour), event(3)); domain.KindOf(err) != domain.Conflict {
			t.Errorf("a key that exists: %v", err)
		}
		if n := chainLength(t, s); n != 2 {
			t.Errorf("%d events, want those of the two keys", n)
		}
		last := storedKey("c", time.Hour+time.Minute, 2*time.Hour)
		if err := s.CreateNextKey(ctx, last, event(3)); err != nil {
			t.Errorf("when it is pending no more: %v", err)
		}
		keys, err := s.SigningKeys(ctx)
		if err != nil || !slices.Equal(keys, []domain.StoredKey{first, next, last}) {
			t.Errorf("got %v, %v", keys, err)
		}
	})
}

func TestSigningKeysThatRace(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		race := func(what string, create func(i int) bool) {
			var won atomic.Int64
			var wg sync.WaitGroup
			for i := range 8 {
				wg.Go(func() {
					if create(i) {
						won.Add(1)
					}
				})
			}
			wg.Wait()
			if won.Load() != 1 {
				t.Errorf("%s: %d were created, want 1", what, won.Load())
			}
		}
		race("first", func(i int) bool {
			created, err := s.CreateFirstKey(t.Context(), storedKey("first"+string(rune('0'+i)), 0, 0), event(i))
			if err != nil {
				t.Error(err)
			}
			return created
		})
		race("next", func(i int) bool {
			err := s.CreateNextKey(t.Context(), storedKey("next"+string(rune('0'+i)), time.Hour, 2*time.Hour), event(i))
			if err != nil && domain.CodeOf(err) != "rotation_pending" {
				t.Error(err)
			}
			return err == nil
		})
		if keys, err := s.SigningKeys(t.Context()); err != nil || len(keys) != 2 {
			t.Errorf("%d keys, %v", len(keys), err)
		}
		if n := chainLength(t, s); n != 2 {
			t.Errorf("%d events, want 2", n)
		}
	})
}
