package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/store"
)

func event(n int) domain.Event {
	return domain.NewEvent(time.Unix(1_800_000_000, int64(n)*1000), domain.System(), "test.event", domain.Party{Type: "test", ID: fmt.Sprint(n)})
}

func TestChainIsOneLineUnderConcurrentWriters(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		var wg sync.WaitGroup
		for w := range 8 {
			wg.Go(func() {
				for i := range 10 {
					if err := s.AppendEvents(t.Context(), []domain.Event{event(w*100 + i), event(w*100 + i + 50)}, nil); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		head, err := s.ChainHead(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if head.Seq != 160 {
			t.Errorf("head at %d, want 160", head.Seq)
		}
	})
}

func TestMigrateTwiceChangesNothing(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		from, to, err := s.Migrate(t.Context())
		if err != nil || from != to || to == 0 {
			t.Errorf("second migration: from %d to %d, %v", from, to, err)
		}
		if n, err := s.PendingMigrations(t.Context()); err != nil || n != 0 {
			t.Errorf("pending after migration: %d, %v", n, err)
		}
	})
}
