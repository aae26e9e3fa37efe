package verify

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"authsec/sdk/go/dpop"
)

func TestRFC9449_11_1_ProofsAreRememberedUntilTheyEnd(t *testing.T) {
	const leeway = dpop.Leeway
	start := time.Unix(1780000000, 0)
	r := newReplays(100)
	admit := func(key, id string, issued, now time.Time) error {
		return r.admit(dpop.Proof{Thumbprint: key, ID: id}, issued.Add(leeway), now)
	}
	for _, step := range []struct {
		key, id     string
		issued, now time.Duration
		want        error
	}{
		{"a", "1", 0, 0, nil},
		{"a", "1", 0, 0, ErrReplayed},
		{"a", "2", 0, 0, nil},
		{"b", "1", 0, 0, nil}, // another key's jti
		{"a", "1", 5 * time.Second, 5 * time.Second, ErrReplayed},
		{"a", "3", 30 * time.Second, 0, nil}, // iat ahead: good for a minute
		{"a", "1", 0, leeway, ErrReplayed},
		{"a", "3", 30 * time.Second, 59 * time.Second, ErrReplayed},
		{"a", "1", 60 * time.Second, 60 * time.Second, nil}, // the first has ended
		{"a", "3", 30 * time.Second, 60 * time.Second, ErrReplayed},
		{"a", "4", 0, 0, ErrReplayed}, // the clock went back to where nothing is known
	} {
		if err := admit(step.key, step.id, start.Add(step.issued), start.Add(step.now)); !errors.Is(err, step.want) {
			t.Errorf("%+v: got %v", step, err)
		}
	}
}

// When there is no room, nothing that could still be replayed is forgotten.
func TestTheReplayCacheIsBounded(t *testing.T) {
	const room = 50
	start := time.Unix(1780000000, 0)
	r := newReplays(room)
	admit := func(id int, now time.Time) error {
		return r.admit(dpop.Proof{Thumbprint: "a", ID: fmt.Sprint(id)}, now.Add(dpop.Leeway), now)
	}
	for i := range room {
		if err := admit(i, start); err != nil {
			t.Fatal(err)
		}
	}
	if err := admit(room, start); !errors.Is(err, ErrReplayUnknown) {
		t.Errorf("one too many: %v", err)
	}
	for i := range room {
		if err := admit(i, start.Add(dpop.Leeway)); !errors.Is(err, ErrReplayed) {
			t.Errorf("%d was forgotten: %v", i, err)
		}
	}
	if err := admit(room, start.Add(dpop.Leeway+time.Second)); err != nil {
		t.Errorf("when the first have ended: %v", err)
	}
	if len(r.seen) != 1 || len(r.due) != 1 {
		t.Errorf("%d proofs, %d lists are kept", len(r.seen), len(r.due))
	}
}

// A full memory is no fault of the token: try again.
func TestAFullReplayCacheAnswers503(t *testing.T) {
	f := refusalOf(ErrReplayUnknown)
	if f.status != 503 || f.retryAfter == 0 {
		t.Errorf("got %+v", f)
	}
}

func BenchmarkReplays(b *testing.B) {
	start := time.Unix(1780000000, 0)
	r := newReplays(defaultMaxProofs)
	for i := 0; b.Loop(); i++ {
		now := start.Add(time.Duration(i) * time.Millisecond) // a thousand a second
		if err := r.admit(dpop.Proof{Thumbprint: "a", ID: fmt.Sprint(i)}, now.Add(dpop.Leeway), now); err != nil {
			b.Fatal(err)
		}
	}
}
