package revocation

import (
	"crypto/sha256"
	"strconv"
	"sync"
	"testing"
	"time"

	"authsec/internal/clocktest"
	"authsec/internal/domain"
	"authsec/internal/token"
)

func newLists() (*Lists, *base, *signer, *clocktest.Clock) {
	b, s, c := newBase(), &signer{}, clock()
	b.lists[1] = domain.StatusList{ID: 1, Size: domain.StatusListSize}
	b.lists[2] = domain.StatusList{ID: 2, Size: domain.StatusListSize}
	return &Lists{Store: b, Signer: s, Issuer: testIssuer, Now: c.Now}, b, s, c
}

func read(t testing.TB, l *Lists, id int64) ListToken {
	t.Helper()
	got, err := l.Token(t.Context(), id)
	must(t, err)
	return got
}

// §5.1: typ, sub, iat, exp, ttl and status_list, as whole numbers and exact text.
func TestStatusList5_1_Claims(t *testing.T) {
	l, b, _, _ := newLists()
	b.set(func() {
		b.lists[2] = domain.StatusList{ID: 2, Size: domain.StatusListSize, Retired: []int64{7}, Revision: 1}
	})
	typ, c := claims(t, read(t, l, 2).JWT)
	list, _ := c["status_list"].(map[string]any)
	if typ != "statuslist+jwt" || c["iss"] != testIssuer || c["sub"] != testIssuer+"/oauth2/status-lists/2" || c["iat"] != float64(start.Unix()) ||
		c["exp"] != float64(start.Unix()+300) || c["ttl"] != 10.0 || list["bits"] != 2.0 {
		t.Errorf("%s %v", typ, c)
	}
	lst, _ := list["lst"].(string)
	if raw := array(t, lst); raw[1] != 0x40 || raw[0] != 0 || raw[2] != 0 {
		t.Errorf("%x", raw[:4])
	}
}

// A list longer than a token may be is signed and verified all the same.
func TestFullListIsSigned(t *testing.T) {
	l, b, _, _ := newLists()
	full := domain.StatusList{ID: 1, Size: domain.StatusListSize, Revision: 1}
	for i := range full.Size {
		if sha256.Sum256([]byte(strconv.FormatInt(i, 10)))[0]&1 == 1 { // what compresses least
			full.Retired = append(full.Retired, i)
		}
	}
	b.set(func() { b.lists[1] = full })
	l.Signer = &token.Minter{Issuer: testIssuer, Signer: ring()}
	if got := read(t, l, 1); len(got.JWT) < token.MaxBytes || len(got.JWT) > 64<<10 {
		t.Errorf("%d bytes", len(got.JWT))
	}
}

// However many ask, there is one signature per revision and ttl.
func TestStormCostsOneSignature(t *testing.T) {
	l, b, s, c := newLists()
	storm := func() (got ListToken) {
		var wg sync.WaitGroup
		var mu sync.Mutex
		for range 50 {
			wg.Go(func() {
				one, err := l.Token(t.Context(), 1)
				mu.Lock()
				defer mu.Unlock()
				if err != nil || (got.ETag != "" && got != one) {
					t.Errorf("%v: %s and %s", err, got.ETag, one.ETag)
				}
				got = one
			})
		}
		wg.Wait()
		return got
	}
	first := storm()
	if n := s.n.Load(); n != 1 || first.ETag == "" {
		t.Fatalf("%d signatures", n)
	}
	b.recall(1)
	b.set(func() {
		b.lists[1] = domain.StatusList{ID: 1, Size: domain.StatusListSize, Retired: []int64{1}, Revision: 1}
	})
	second := storm()
	if n := s.n.Load(); n != 2 || second.JWT == first.JWT || second.ETag == first.ETag {
		t.Errorf("after a recall: %d signatures", n)
	}
	b.recall(1) // of another list
	if third := storm(); third != second || s.n.Load() != 2 {
		t.Errorf("after a recall elsewhere: %d signatures", s.n.Load())
	}
	c.Advance(ListTTL - time.Nanosecond)
	if read(t, l, 1) != second {
		t.Error("signed again before its ttl")
	}
	c.Advance(time.Nanosecond)
	if storm(); s.n.Load() != 3 {
		t.Errorf("after the ttl: %d signatures", s.n.Load())
	}
	c.Advance(-time.Hour) // a clock that was put back
	if read(t, l, 1); s.n.Load() != 4 {
		t.Error("a list of the future is served")
	}
}

// What cannot be read is an error, never what was known before.
func TestNoListWithoutTheDatabase(t *testing.T) {
	l, b, s, c := newLists()
	read(t, l, 1)
	b.set(func() { b.err = domain.Errorf(domain.Unavailable, "x", "x") })
	if _, err := l.Token(t.Context(), 1); domain.KindOf(err) != domain.Unavailable {
		t.Errorf("%v", err)
	}
	b.set(func() { b.err = nil })
	s.fail.Store(true)
	c.Advance(time.Minute)
	if _, err := l.Token(t.Context(), 1); err == nil {
		t.Error("a list without a signature")
	}
	s.fail.Store(false)
	read(t, l, 1)
}

func TestUnknownListsAreNotKept(t *testing.T) {
	l, b, s, _ := newLists()
	for id := range int64(100) {
		if _, err := l.Token(t.Context(), id+3); domain.KindOf(err) != domain.NotFound {
			t.Fatal(err)
		}
	}
	if len(l.lists) != 0 || s.n.Load() != 0 {
		t.Errorf("%d kept", len(l.lists))
	}
	read(t, l, 2)
	b.recall(1)
	b.set(func() { delete(b.lists, 2) }) // dropped when all its tokens have ended
	if _, err := l.Token(t.Context(), 2); domain.KindOf(err) != domain.NotFound || len(l.lists) != 0 {
		t.Errorf("%v, %d kept", err, len(l.lists))
	}
}

func TestParseListID(t *testing.T) {
	for s, want := range map[string]int64{"1": 1, "42": 42, "9223372036854775807": 1<<63 - 1, "0": 0, "01": 0, "+1": 0, "-1": 0, "1 ": 0, "": 0, "1/2": 0,
		"9223372036854775808": 0, "one": 0, "１": 0} {
		if got, ok := ParseListID(s); ok != (want > 0) || (ok && got != want) {
			t.Errorf("%q: %d %v", s, got, ok)
		}
	}
}
