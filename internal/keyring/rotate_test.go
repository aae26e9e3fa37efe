package keyring

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/token"
)

// At each instant of a rotation: who signs, what is published, and the states.
func TestRotationTimeline(t *testing.T) {
	d := deploy(t)
	k := d.ready(t)
	first := signer(t, k, start)
	rotated := start.Add(time.Hour)
	d.clock.Set(rotated)
	info, err := k.Rotate(t.Context(), domain.Operator("ana"))
	if err != nil {
		t.Fatal(err)
	}
	second := info.KID
	active := rotated.Truncate(time.Microsecond).Add(Lead)
	dropped := active.Add(day + token.Leeway + JWKSMaxAge)
	if info.State != StatePending || !info.ActiveAt.Equal(active) || !info.RetiresAt.IsZero() {
		t.Errorf("Rotate returned %+v", info)
	}
	if Lead < JWKSMaxAge+ReloadInterval+token.Leeway {
		t.Errorf("lead %s is too short", Lead)
	}
	for _, c := range []struct {
		at       time.Time
		signs    string
		jwks     []string
		newState KeyState
		oldState KeyState
	}{
		{rotated, first, []string{second, first}, StatePending, StateActive},
		{active.Add(-time.Microsecond), first, []string{second, first}, StatePending, StateActive},
		{active, second, []string{second, first}, StateActive, StateRetired},
		{dropped.Add(-time.Microsecond), second, []string{second, first}, StateActive, StateRetired},
		{dropped, second, []string{second}, StateActive, StateDropped},
		{dropped.Add(365 * day), second, []string{second}, StateActive, StateDropped},
		{start.Truncate(time.Microsecond), first, []string{second, first}, StatePending, StateActive}, // set back
	} {
		d.clock.Set(c.at)
		if err := k.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := signer(t, k, c.at); got != c.signs {
			t.Errorf("%s: %s signs, want %s", c.at, got, c.signs)
		}
		if got := published(t, k, c.at); !slices.Equal(got, c.jwks) {
			t.Errorf("%s: JWKS %v, want %v", c.at, got, c.jwks)
		}
		infos := k.Keys(c.at)
		if len(infos) != 2 || infos[0].KID != second || infos[0].State != c.newState || infos[1].State != c.oldState || !infos[1].RetiresAt.Equal(dropped) {
			t.Errorf("%s: %+v", c.at, infos)
		}
		for _, kid := range []string{first, second} {
			if _, ok := k.PublishedKeys(c.at)(kid); ok != slices.Contains(c.jwks, kid) {
				t.Errorf("%s: %s is found among the published: %v", c.at, kid, ok)
			}
			if _, ok := k.PublicKeys()(kid); !ok {
				t.Errorf("%s: %s is not found at all", c.at, kid)
			}
		}
	}
}

// A clock set back to before the first key: no one may sign, and it says why.
func TestClockBeforeEveryKey(t *testing.T) {
	d := deploy(t)
	k := d.ready(t)
	_, err := k.Current(start.Add(-time.Second))
	wantError(t, err, "set the clock right")
	if domain.KindOf(err) != domain.Unavailable {
		t.Errorf("got %v", err)
	}
	if got := published(t, k, start.Add(-time.Second)); len(got) != 1 {
		t.Errorf("JWKS %v: a clock must not withdraw a key", got)
	}
	if e := (*domain.Error)(nil); errors.As(err, &e) && strings.Contains(e.Public, "2030") {
		t.Errorf("the caller is told %q", e.Public)
	}
}

// No token is ever refused for a rotation: whenever it was minted, by whichever
// process, a verifier that keeps the JWKS as long as it may knows its key until
// the token's last instant.
func TestNoTokenIsRefusedAcrossRotations(t *testing.T) {
	d := deploy(t)
	const ttl = time.Hour
	server, cli := d.process(), d.process()
	server.MaxTokenTTL, cli.MaxTokenTTL = ttl, ttl
	if err := server.EnsureKey(t.Context(), domain.System()); err != nil {
		t.Fatal(err)
	}
	const step = 19 * time.Second
	type minted struct {
		kid string
		at  time.Time
	}
	var tokens []minted
	fetched := map[time.Time][]string{} // what a verifier that fetched then got
	signers := map[string]bool{}
	rotateAt := []time.Duration{10 * time.Minute, 30 * time.Minute, 2 * time.Hour}
	for at := time.Duration(0); at < 5*time.Hour; at += step {
		now := start.Add(at)
		d.clock.Set(now)
		// The server learns of a rotation only by its reload, one interval later.
		if err := server.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(rotateAt) > 0 && at >= rotateAt[0] {
			rotateAt = rotateAt[1:]
			if _, err := cli.Rotate(t.Context(), domain.Operator("ana")); err != nil {
				t.Fatal(err)
			}
		}
		fetched[now] = published(t, server, now)
		if err := cli.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, process := range []*Keyring{server, cli} {
			kid := signer(t, process, now)
			signers[kid] = true
			tokens = append(tokens, minted{kid, now})
		}
	}
	if len(signers) != 4 {
		t.Fatalf("%d keys signed, want 4", len(signers))
	}
	for _, m := range tokens {
		for verified := m.at; verified.Before(m.at.Add(ttl + token.Leeway)); verified = verified.Add(step) {
			for age := time.Duration(0); age < JWKSMaxAge; age += step {
				if jwks, ok := fetched[verified.Add(-age)]; ok && !slices.Contains(jwks, m.kid) {
					t.Fatalf("minted at %s, verified at %s with a JWKS %s old: its key is not there", m.at, verified, age)
				}
			}
		}
	}
	if last := published(t, server, d.clock.Now()); len(last) != 1 {
		t.Errorf("%d keys are published long after the last rotation", len(last))
	}
}

func TestOneRotationAtATime(t *testing.T) {
	d := deploy(t)
	k := d.ready(t)
	first, err := k.Rotate(t.Context(), domain.System())
	if err != nil {
		t.Fatal(err)
	}
	made := d.keys.given
	_, err = k.Rotate(t.Context(), domain.System())
	if domain.KindOf(err) != domain.Conflict || domain.CodeOf(err) != "rotation_pending" {
		t.Errorf("got %v", err)
	}
	wantError(t, err, first.ActiveAt.Add(time.Second).Format(time.RFC3339))
	if d.keys.given != made {
		t.Error("a key was made for nothing")
	}
	d.clock.Set(first.ActiveAt)
	if _, err = k.Rotate(t.Context(), domain.System()); err != nil {
		t.Errorf("at the promised time: %v", err)
	}
}

func TestRotationsThatRace(t *testing.T) {
	d := deploy(t)
	d.ready(t)
	d.clock.Set(start.Add(time.Hour))
	const n = 4
	var won, lost atomic.Int64
	var seen, done sync.WaitGroup
	seen.Add(n)
	for range n {
		k := d.process()
		supply := k.NewKey
		k.NewKey = func() (key *privateKey, err error) {
			seen.Done() // all have found that nothing is pending
			seen.Wait()
			return supply()
		}
		done.Go(func() {
			switch _, err := k.Rotate(t.Context(), domain.System()); {
			case err == nil:
				won.Add(1)
			case domain.CodeOf(err) == "rotation_pending":
				lost.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	done.Wait()
	if won.Load() != 1 || lost.Load() != n-1 {
		t.Errorf("%d rotated, %d were refused", won.Load(), lost.Load())
	}
}

func TestRotateBeforeThereIsAKey(t *testing.T) {
	d := deploy(t)
	_, err := d.process().Rotate(t.Context(), domain.System())
	if domain.CodeOf(err) != "no_signing_key" {
		t.Errorf("got %v", err)
	}
	if d.exists(t) {
		t.Error("a key was stored")
	}
}

// Verifiers read a JWKS of bounded size: rotating without end must not make
// them refuse it.
func TestPublishedKeysAreBounded(t *testing.T) {
	d := deploy(t)
	k := d.ready(t)
	k.MaxTokenTTL = 30 * day
	for i := 1; ; i++ {
		d.clock.Set(d.clock.Now().Add(Lead + time.Second))
		_, err := k.Rotate(t.Context(), domain.System())
		if err == nil && i < maxPublished {
			continue
		}
		if i != maxPublished || domain.KindOf(err) != domain.Conflict || domain.CodeOf(err) != "too_many_keys" {
			t.Fatalf("rotation %d: %v", i, err)
		}
		infos := k.Keys(d.clock.Now())
		frees := infos[len(infos)-1].RetiresAt
		wantError(t, err, frees.Add(time.Second).Format(time.RFC3339))
		d.clock.Set(frees)
		break
	}
	if _, err := k.Rotate(t.Context(), domain.System()); err != nil {
		t.Errorf("when the oldest has retired: %v", err)
	}
}

func TestRotationIsAudited(t *testing.T) {
	d := deploy(t)
	k := d.ready(t)
	old := signer(t, k, d.clock.Now())
	private, row, err := k.newKey(Lead)
	if err != nil {
		t.Fatal(err)
	}
	if row.Sealed, err = k.Master.seal(row, private); err != nil {
		t.Fatal(err)
	}
	before := k.timeline().keys[0].row
	ev, err := keyEvent("key.rotate", domain.Operator("ana"), &before, row)
	if err != nil {
		t.Fatal(err)
	}
	body, err := ev.Encode()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Actor, Target domain.Party
		Action        string
		Before, After keyFacts
	}
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	if got.Action != "key.rotate" || got.Actor.Name != "ana" || got.Target.ID != row.KID || got.Before.KID != old || !got.After.ActiveAt.Equal(row.ActiveAt) {
		t.Errorf("event %s", body)
	}
	if bytes.Contains(body, []byte(row.Sealed[:40])) || bytes.Contains(body, []byte("sealed")) {
		t.Errorf("the event holds the sealed key: %s", body)
	}
	n := func() int64 {
		head, err := d.store.ChainHead(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return head.Seq
	}
	if before := n(); before != 1 {
		t.Fatalf("%d events", before)
	}
	if _, err := k.Rotate(t.Context(), domain.Operator("ana")); err != nil {
		t.Fatal(err)
	}
	if after := n(); after != 2 {
		t.Errorf("%d events after a rotation, want 2", after)
	}
}

func TestJWKSIsEncodedOnceAndHasItsOwnTag(t *testing.T) {
	d := deploy(t)
	k := d.process()
	none, err := k.JWKS(start)
	if err != nil || string(none.Body) != `{"keys":[]}` {
		t.Fatalf("without keys: %s, %v", none.Body, err)
	}
	if err := k.EnsureKey(t.Context(), domain.System()); err != nil {
		t.Fatal(err)
	}
	one, err := k.JWKS(start)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if again, err := k.JWKS(start.Add(time.Hour)); err != nil || again != one {
		t.Errorf("encoded again, %v", err)
	}
	if _, err := k.Rotate(t.Context(), domain.System()); err != nil {
		t.Fatal(err)
	}
	two, err := k.JWKS(start)
	if err != nil || two.ETag == one.ETag || one.ETag == none.ETag || !strings.HasPrefix(two.ETag, `"`) {
		t.Errorf("tags %s, %s, %s, %v", none.ETag, one.ETag, two.ETag, err)
	}
	for _, secret := range []string{`"d"`, `"p"`, `"q"`, `"dp"`, `"qi"`} {
		if bytes.Contains(two.Body, []byte(secret)) {
			t.Errorf("the JWKS holds %s", secret)
		}
	}
}
