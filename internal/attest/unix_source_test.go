package attest

import (
	"errors"
	"os"
	"os/user"
	"slices"
	"testing"
	"time"

	"authsec/internal/domain"
)

func TestUnixSelectors(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	me, err := user.Current()
	must(t, err)
	group, err := user.LookupGroupId(me.Gid)
	must(t, err)
	uid, gid := uint32(os.Getuid()), uint32(os.Getgid())
	p := domain.Process{UID: uid, GID: gid, Groups: []uint32{gid, 4294967294}, PID: 7, Path: "/usr/bin/agent", SHA256: "abc"}
	u := newUnixSource(t, nil)
	got, err := u.Verify(t.Context(), Presented{Peer: known{process: p}}, now)
	must(t, err)
	if got.Kind != KindUnix || !got.Until.IsZero() || got.ClientID != "" {
		t.Errorf("%+v", got)
	}
	want := []domain.Selector{{Key: "unix:uid", Value: me.Uid}, {Key: "unix:user", Value: me.Username}, {Key: "unix:path", Value: "/usr/bin/agent"},
		{Key: "unix:sha256", Value: "abc"}, {Key: "unix:gid", Value: me.Gid}, {Key: "unix:group", Value: group.Name}, {Key: "unix:gid", Value: "4294967294"}}
	if !slices.Equal(plainSelectors(got), want) {
		t.Errorf("got %v\nwant %v", plainSelectors(got), want)
	}
	for _, s := range got.Selectors {
		if s.How != Node {
			t.Errorf("%s is known by %s", s.Key, s.How)
		}
	}

	// What is not known is not attested, and is said to be missing.
	gaps := domain.ProcessGaps{Groups: "no groups", Path: "no path", SHA256: "no digest"}
	got, err = u.Verify(t.Context(), Presented{Peer: known{process: domain.Process{UID: 4294967293, Gaps: gaps}}}, now)
	must(t, err)
	if !slices.Equal(plainSelectors(got), []domain.Selector{{Key: "unix:uid", Value: "4294967293"}}) {
		t.Errorf("%v", got.Selectors)
	}
	for key, why := range map[string]string{"unix:gid": "no groups", "unix:group": "no groups", "unix:path": "no path", "unix:sha256": "no digest"} {
		if got.Missing[key] != why {
			t.Errorf("%s: %q", key, got.Missing[key])
		}
	}
	if got.Missing["unix:user"] == "" || got.Missing["unix:uid"] != "" {
		t.Errorf("%v", got.Missing)
	}
}

func plainSelectors(a Attested) []domain.Selector {
	var out []domain.Selector
	for _, s := range a.Selectors {
		out = append(out, s.Selector)
	}
	return out
}

// The peer counts only where nothing was presented, and what cannot be told is no pass.
func TestUnixSourceLeavesTheRest(t *testing.T) {
	u := newUnixSource(t, nil)
	peer := known{process: domain.Process{UID: 1}}
	outage := errors.New("cannot be told now")
	for name, c := range map[string]struct {
		p    Presented
		want error
	}{
		"nothing":         {Presented{}, ErrNotMine},
		"a token":         {Presented{Bearer: "x", Peer: peer}, ErrNotMine},
		"a secret":        {Presented{Basic: &Basic{}, Peer: peer}, ErrNotMine},
		"not to be known": {Presented{Peer: known{err: notKnownHere()}}, ErrNotMine},
		"not now":         {Presented{Peer: known{err: outage}}, outage},
	} {
		if got, err := u.Verify(t.Context(), c.p, time.Now()); !errors.Is(err, c.want) || len(got.Selectors) != 0 {
			t.Errorf("%s: %+v %v", name, got, err)
		}
	}
}

func notKnownHere() error { return errors.Join(ErrNotMine, errors.New("gone")) }

func TestNamesAreKeptForAMinute(t *testing.T) {
	n, err := newNames()
	must(t, err)
	now, looks, answer := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC), 0, "agent"
	find := func(after time.Duration) string {
		return n.find(nameKey{kindOfUsers, 7}, now.Add(after), func() (string, error) {
			looks++
			if answer == "" {
				return "ignored", errors.New("there is none")
			}
			return answer, nil
		})
	}
	if find(0) != "agent" || find(59*time.Second) != "agent" || looks != 1 {
		t.Errorf("%d looks", looks)
	}
	answer = ""
	for range 2 { // that there is none is kept, too
		if find(time.Minute) != "" || looks != 2 {
			t.Errorf("%d looks", looks)
		}
	}
}
