package storetest

import (
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"authsec/internal/store"
)

// Two replicas on one database share what was used: RFC 9449 §11.1 holds for
// both of them together.
func TestRFC9449_11_1_ReplicasShareUsedProofs(t *testing.T) {
	for name, options := range map[string]func(*testing.T) store.Options{
		"sqlite": func(t *testing.T) store.Options {
			return store.Options{SQLitePath: filepath.Join(t.TempDir(), "authsec.db")}
		},
		"postgres": func(t *testing.T) store.Options { return store.Options{DatabaseURL: PostgresURL(t)} },
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			replicas := []*store.Store{open(t, o), open(t, o)}
			end := t0.Add(time.Minute)
			use := func(replica int, thumbprint, id string, now time.Time) bool {
				t.Helper()
				first, err := replicas[replica].UseProof(t.Context(), thumbprint, id, end, now)
				if err != nil {
					t.Fatal(err)
				}
				return first
			}
			if !use(0, "key", "1", t0) || use(1, "key", "1", t0) || use(0, "key", "1", t0) {
				t.Error("a proof is used once, whoever sees it")
			}
			if !use(1, "other", "1", t0) || !use(1, "key", "2", t0) || use(0, "key", "2", t0) {
				t.Error("another key's, or another ID, is another proof")
			}
			if first, err := replicas[0].UseAssertion(t.Context(), "key", "1", end, t0); err != nil || !first {
				t.Errorf("an assertion of a client that is called as a key is: %t, %v", first, err)
			}
			if use(1, "key", "1", end.Add(-time.Microsecond)) || !use(1, "key", "1", end) {
				t.Error("a proof is remembered until it ends")
			}
			var firsts atomic.Int64
			var all sync.WaitGroup
			for i := range 8 {
				all.Go(func() {
					first, err := replicas[i%2].UseProof(t.Context(), "key", "race", end, t0)
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
}
