package verify

import (
	"errors"
	"testing"
	"time"
)

// check judges a token, and says what was wanted.
func check(t *testing.T, v *Verifier, what, token string, want error) {
	t.Helper()
	claims, err := v.Verify(t.Context(), token)
	if !errors.Is(err, want) || (claims == nil) != (want != nil) {
		t.Errorf("%s: got %v, want %v", what, err, want)
	}
}

// listening waits for a stream that has shown a sign of life.
func listening(t *testing.T, v *Verifier) {
	t.Helper()
	eventually(t, "the stream is alive", func() bool {
		s := v.RevocationState()
		return s.Connected && s.HeartbeatAge >= 0
	})
}

func revoked(t *testing.T, v *Verifier, what, token string) {
	t.Helper()
	eventually(t, what+" is refused", func() bool {
		_, err := v.Verify(t.Context(), token)
		return errors.Is(err, ErrRevoked)
	})
}

func TestPushRecalls(t *testing.T) {
	s := newRecallServer(t)
	v, steady := s.verifier(RevocationPush)
	listening(t, v)
	one, other, single := s.token("a", "1", 5), s.token("b", "1", 6), s.token("c", "1", 7)
	plain := s.token("d", "", 0)
	for name, token := range map[string]string{"one": one, "other": other, "single": single, "plain": plain} {
		check(t, v, name+", before", token, nil)
	}
	s.recall("1", 5)
	revoked(t, v, "a recalled status", one)
	s.revoke("c")
	revoked(t, v, "a revoked token", single)
	s.revoke("d")
	revoked(t, v, "a revoked token without a status", plain)
	check(t, v, "another status", other, nil)
	check(t, v, "another token of the revoked one's status", s.token("e", "1", 7), nil)

	// Nothing is asked again while the stream lives.
	for range 20 {
		steady.advance(5 * time.Second)
		s.beat()
		eventually(t, "a heartbeat", func() bool { return v.RevocationState().HeartbeatAge == 0 })
		check(t, v, "another status, later", other, nil)
	}
	if got := s.requests("list"); got != 1 {
		t.Errorf("the list was fetched %d times", got)
	}
	if got := s.requests("feed"); got != 1 {
		t.Errorf("the feed was read %d times", got)
	}
	if st := v.RevocationState(); st.Sequence != 3 || st.Lists != 1 || st.Tokens != 2 || !st.Current || st.Mode != RevocationPush {
		t.Errorf("got state %+v", st)
	}
}

func TestPushLearnsWhatWasBefore(t *testing.T) {
	s := newRecallServer(t)
	s.pageSize = 2
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		s.record("", 0, id)
	}
	v, _ := s.verifier(RevocationPush)
	listening(t, v)
	check(t, v, "the first", s.token("a", "", 0), ErrRevoked)
	check(t, v, "the last", s.token("e", "", 0), ErrRevoked)
	check(t, v, "another", s.token("f", "", 0), nil)
	s.set(func() {
		if len(s.resume) != 1 || s.resume[0] != "5" {
			t.Errorf("listened after %v: want 5", s.resume)
		}
	})
}

func TestPushPollsWhenTheStreamIsSilent(t *testing.T) {
	s := newRecallServer(t)
	v, steady := s.verifier(RevocationPush)
	listening(t, v)
	token, other := s.token("a", "1", 5), s.token("b", "1", 6)
	check(t, v, "at first", token, nil)
	s.record("1", 5, "") // the stream stays silent
	steady.advance(10 * time.Second)
	check(t, v, "at the staleness", token, nil)
	steady.advance(time.Second)
	check(t, v, "beyond it", token, ErrRevoked)
	check(t, v, "another", other, nil)
	if s.requests("list") != 2 || s.requests("feed") != 2 {
		t.Errorf("got %d lists and %d feeds: want 2 and 2", s.requests("list"), s.requests("feed"))
	}
}

func TestPushRefusesWhatItCannotTell(t *testing.T) {
	for _, accept := range []bool{false, true} {
		s := newRecallServer(t)
		options, want := []Option{}, ErrRevocationUnknown
		if accept {
			options, want = append(options, WithOnUnknown(AcceptUnknown)), nil
		}
		v, steady := s.verifier(RevocationPush, options...)
		listening(t, v)
		good, bad := s.token("a", "1", 5), s.token("b", "1", 6)
		check(t, v, "good", good, nil)
		s.recall("1", 6)
		revoked(t, v, "bad", bad)
		s.set(func() { s.down = map[string]bool{"list": true, "feed": true, "stream": true} })
		s.cut()
		check(t, v, "good, within the staleness", good, nil)
		steady.advance(11 * time.Second)
		check(t, v, "good, of which nothing is known", good, want)
		check(t, v, "of a list never seen", s.token("c", "9", 1), want)
		check(t, v, "bad, of which everything is known", bad, ErrRevoked)
		if st := v.RevocationState(); st.Current || st.Err == nil {
			t.Errorf("got state %+v", st)
		}
		s.set(func() { s.down = nil })
		steady.advance(11 * time.Second)
		check(t, v, "good, once more", good, nil)
		if st := v.RevocationState(); !st.Current {
			t.Errorf("got state %+v", st)
		}
	}
}

func TestPushResumes(t *testing.T) {
	s := newRecallServer(t)
	v, _ := s.verifier(RevocationPush)
	listening(t, v)
	token := s.token("a", "1", 5)
	check(t, v, "before", token, nil)
	s.recall("1", 9)
	eventually(t, "the first recall is known", func() bool { return v.RevocationState().Sequence == 1 })
	s.set(func() { s.down = map[string]bool{"stream": true} })
	s.cut()
	eventually(t, "the stream is lost", func() bool { return !v.RevocationState().Connected })
	s.record("1", 5, "")
	s.clock.advance(time.Second)
	s.set(func() { s.down = nil })
	listening(t, v)
	revoked(t, v, "what was recalled meanwhile", token)
	s.set(func() {
		if last := s.resume[len(s.resume)-1]; last != "2" { // the feed was read first
			t.Errorf("resumed after %s: want 2", last)
		}
		if last := s.since[len(s.since)-1]; last != "1" && last != "2" {
			t.Errorf("read the feed since %s: want 1 or 2", last)
		}
	})
}

func TestPushClosesGaps(t *testing.T) {
	s := newRecallServer(t)
	v, _ := s.verifier(RevocationPush)
	listening(t, v)
	lost, told := s.token("a", "1", 5), s.token("b", "1", 6)
	check(t, v, "before", lost, nil)
	s.record("1", 5, "") // 1, which the stream loses
	s.recall("1", 6)     // 2
	revoked(t, v, "the recall behind the gap, at once", told)
	s.beat()
	revoked(t, v, "the recall in the gap, after a heartbeat", lost)
	s.set(func() {
		if last := s.since[len(s.since)-1]; len(s.since) != 2 || last != "0" {
			t.Errorf("read the feed since %v: want 0 and 0", s.since)
		}
	})
	// Of a number that the feed does not know, the stream is not believed.
	s.set(func() {
		s.tamper = func(kind string, c map[string]any) {
			if kind == "heartbeat" {
				c["seq"] = 99
			}
		}
	})
	s.beat()
	eventually(t, "the stream is dropped", func() bool { return s.requests("stream") > 1 })
}

func TestPushIgnoresForeignNumbers(t *testing.T) {
	s := newRecallServer(t)
	v, _ := s.verifier(RevocationPush)
	listening(t, v)
	s.set(func() { s.last = 40 }) // recalls that concern others
	token := s.token("a", "1", 5)
	check(t, v, "before", token, nil)
	s.recall("1", 5) // 41
	revoked(t, v, "a recall behind others'", token)
	s.beat()
	eventually(t, "the numbers are known", func() bool { return v.RevocationState().Sequence == 41 })
	if got := s.requests("stream"); got != 1 {
		t.Errorf("listened %d times", got)
	}
}

func TestPushFeedRestarts(t *testing.T) {
	s := newRecallServer(t)
	v, _ := s.verifier(RevocationPush)
	s.set(func() { s.last = 7 })
	listening(t, v)
	s.beat()
	eventually(t, "the number is known", func() bool { return v.RevocationState().Sequence == 7 })
	check(t, v, "before", s.token("a", "1", 5), nil)
	s.set(func() { s.last = 0 }) // a database from a backup
	s.record("1", 5, "")
	s.beat()
	revoked(t, v, "what was recalled under a new number", s.token("a", "1", 5))
	eventually(t, "the new number is known", func() bool { return v.RevocationState().Sequence == 1 })
}

func TestPushReplayedHeartbeats(t *testing.T) {
	s := newRecallServer(t)
	v, steady := s.verifier(RevocationPush)
	listening(t, v)
	token := s.token("a", "1", 5)
	check(t, v, "at first", token, nil)
	old := s.heartbeatMessage()
	steady.advance(time.Second)
	s.beat()
	eventually(t, "the heartbeat counts", func() bool { return v.RevocationState().HeartbeatAge == 0 })
	steady.advance(6 * time.Second)
	s.send(old)                  // dated before the last one
	s.send(s.heartbeatMessage()) // dated as the last one
	s.revoke("x")                // so that we know when they have been read
	eventually(t, "both have been read", func() bool { return v.RevocationState().Tokens == 1 })
	s.clock.advance(time.Minute)
	s.send(s.signedHeartbeat(-31 * time.Second)) // newer than the last one, and out of date
	s.revoke("y")
	eventually(t, "all has been read", func() bool { return v.RevocationState().Tokens == 2 })
	if age := v.RevocationState().HeartbeatAge; age != 6*time.Second {
		t.Errorf("the last sign of life is %s ago: want 6s", age)
	}
	s.send(s.signedHeartbeat(-30 * time.Second))
	eventually(t, "a heartbeat at the leeway counts", func() bool { return v.RevocationState().HeartbeatAge == 0 })
}

func (s *recallServer) signedHeartbeat(offset time.Duration) string {
	s.mu.Lock()
	last := s.last
	s.mu.Unlock()
	return "data: " + s.sign("authsec-heartbeat+jwt", map[string]any{"iss": recallIssuer, "iat": s.clock.now().Add(offset).Unix(), "seq": last}) + "\n\n"
}

func TestPushForgedEvents(t *testing.T) {
	now := newClock().now().Unix()
	forge := func(t *testing.T, typ string, claims map[string]any) string {
		return "data: " + signWith(t, forgerKey(), typ, claims) + "\n\n"
	}
	for name, message := range map[string]func(*recallServer) string{
		"a recall by another key": func(s *recallServer) string {
			return forge(s.t, "authsec-recall+jwt", map[string]any{"iss": recallIssuer, "iat": now, "seq": 1, "status_list": reference("1", 5)})
		},
		"a heartbeat by another key": func(s *recallServer) string {
			return forge(s.t, "authsec-heartbeat+jwt", map[string]any{"iss": recallIssuer, "iat": now + 1, "seq": 0})
		},
		"another issuer": func(s *recallServer) string {
			return "data: " + s.sign("authsec-recall+jwt", map[string]any{"iss": "https://evil.example.com", "iat": now, "seq": 1, "status_list": reference("1", 5)}) + "\n\n"
		},
		"an access token": func(s *recallServer) string { return "data: " + s.token("a", "1", 5) + "\n\n" },
		"nonsense":        func(*recallServer) string { return "data: hello\n\n" },
		"too long":        func(*recallServer) string { return "data: " + string(make([]byte, 20<<10)) + "\n\n" },
	} {
		t.Run(name, func(t *testing.T) {
			s := newRecallServer(t)
			v, _ := s.verifier(RevocationPush)
			listening(t, v)
			token := s.token("a", "1", 5)
			check(t, v, "before", token, nil)
			s.send(message(s))
			eventually(t, "the stream is dropped", func() bool { return s.requests("stream") > 1 })
			check(t, v, "after", token, nil)
			if v.RevocationState().Err == nil {
				t.Error("the state names no error")
			}
		})
	}
}

// Ages do not depend on a clock that somebody sets.
func TestClockJumps(t *testing.T) {
	s := newRecallServer(t)
	v, steady := s.verifier(RevocationPush)
	listening(t, v)
	token := s.token("a", "1", 5)
	check(t, v, "at first", token, nil)
	s.clock.advance(25 * time.Second)
	check(t, v, "the wall clock jumps ahead", token, nil)
	if s.requests("feed") != 1 || s.requests("list") != 1 {
		t.Error("a jump ahead made the stream stale")
	}
	s.clock.advance(-50 * time.Second)
	s.record("1", 5, "")
	steady.advance(11 * time.Second)
	check(t, v, "the wall clock jumps back while the stream is silent", token, ErrRevoked)
}

// However alive the stream is, no list outlives its own exp.
func TestPushRefreshesLists(t *testing.T) {
	s := newRecallServer(t)
	v, steady := s.verifier(RevocationPush)
	listening(t, v)
	token := s.token("a", "1", 5)
	check(t, v, "at first", token, nil)
	later := func(d time.Duration) {
		s.clock.advance(d - 5*time.Second)
		steady.advance(time.Second)
		s.beat()
		eventually(t, "a heartbeat", func() bool { return v.RevocationState().HeartbeatAge == 0 })
	}
	later(4 * time.Minute)
	check(t, v, "in the last quarter of its life", token, nil)
	eventually(t, "it is refreshed ahead", func() bool { return s.requests("signed") == 2 })
	s.set(func() { s.down = map[string]bool{"list": true} })
	later(331 * time.Second)
	check(t, v, "beyond its exp", token, ErrRevocationUnknown)
}

func TestCloseEndsTheStream(t *testing.T) {
	s := newRecallServer(t)
	v, steady := s.verifier(RevocationPush)
	listening(t, v)
	token := s.token("a", "1", 5)
	check(t, v, "at first", token, nil)
	v.Close()
	check(t, v, "after Close, within the staleness", token, nil)
	steady.advance(11 * time.Second)
	check(t, v, "after Close, beyond it", token, ErrRevocationUnknown)
}
