package storetest

import (
	"reflect"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/store"
)

func TestVerifierReports(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		at := time.Date(2026, 5, 21, 6, 25, 36, 0, time.UTC)
		tell := func(r domain.VerifierReport) {
			t.Helper()
			if err := s.ReportVerifiers(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
		wants := func(since time.Time, want ...domain.VerifierReport) {
			t.Helper()
			got, err := s.VerifierReports(t.Context(), since)
			if err != nil || len(got) != len(want) || (len(want) > 0 && !reflect.DeepEqual(got, want)) {
				t.Errorf("%v\n%+v, want\n%+v", err, got, want)
			}
		}
		a := domain.VerifierReport{Server: "a", At: at, Streams: []domain.StreamReport{{URI: uriA, Heard: 3, Count: 2}}, Polling: []domain.PollReport{{URI: uriB, At: at}}}
		b := domain.VerifierReport{Server: "b", At: at.Add(time.Second), Streams: []domain.StreamReport{{URI: uriB, Heard: 1, Count: 1}}}
		wants(at)
		tell(a)
		tell(b)
		wants(at, a, b)
		wants(at.Add(time.Second), b)
		a.At, a.Streams[0].Heard = at.Add(2*time.Second), 4
		tell(a)
		wants(at, a, b)
		tell(domain.VerifierReport{Server: "a", At: at.Add(3 * time.Second)}) // it has none any more
		wants(at, b)
		late := domain.VerifierReport{Server: "c", At: b.At.Add(time.Hour + time.Second), Polling: a.Polling}
		tell(late)
		wants(at, late) // what was told an hour ago is forgotten
	})
}
