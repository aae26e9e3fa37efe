package domain_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"authsec/internal/domain"

	"pgregory.net/rapid"
)

var epoch = time.Date(2026, 5, 21, 6, 25, 36, 123_456_789, time.UTC)

func spec() domain.DelegationSpec {
	return domain.DelegationSpec{Role: "support", ClientID: "0190A000-0000-7000-8000-00000000ABCD", Actions: []string{"orders:read", "billing:read"},
		MaxDuration: time.Hour, Resources: []string{"https://b", "https://a"}, EndsAt: epoch.Add(time.Hour)}
}

func TestDelegationSpec(t *testing.T) {
	s := spec()
	if err := s.Check(epoch); err != nil {
		t.Fatal(err)
	}
	if s.ClientID != "0190a000-0000-7000-8000-00000000abcd" || !slices.IsSorted(s.Actions) || !slices.IsSorted(s.Resources) {
		t.Errorf("not normalised: %+v", s)
	}
	many := func(n int, member string) []string { return slices.Repeat([]string{member}, n) }
	tests := []struct {
		name   string
		change func(*domain.DelegationSpec)
		faults []string
	}{
		{"nothing given", func(s *domain.DelegationSpec) { *s = domain.DelegationSpec{} },
			[]string{"/role:invalid_name", "/client_id:invalid_id", "/actions:required", "/max_duration_seconds:out_of_range"}},
		{"another's ID form", func(s *domain.DelegationSpec) { s.ClientID = "customer-support" }, []string{"/client_id:invalid_id"}},
		{"action without verb", func(s *domain.DelegationSpec) { s.Actions = []string{"billing:read", "billing"} }, []string{"/actions/1:invalid_name"}},
		{"every action", func(s *domain.DelegationSpec) { s.Actions = []string{"*"} }, []string{"/actions/0:invalid_name"}},
		{"repeated action", func(s *domain.DelegationSpec) { s.Actions = []string{"a:b", "a:b"} }, []string{"/actions/1:repeated"}},
		{"too many actions", func(s *domain.DelegationSpec) { s.Actions = many(501, "a:b") }, []string{"/actions:too_many"}},
		{"59 seconds", func(s *domain.DelegationSpec) { s.MaxDuration = 59 * time.Second }, []string{"/max_duration_seconds:out_of_range"}},
		{"a minute less a nanosecond", func(s *domain.DelegationSpec) { s.MaxDuration = time.Minute - 1 }, []string{"/max_duration_seconds:out_of_range"}},
		{"a minute", func(s *domain.DelegationSpec) { s.MaxDuration = time.Minute }, nil},
		{"a leap year", func(s *domain.DelegationSpec) { s.MaxDuration = domain.MaxDuration }, nil},
		{"a second more", func(s *domain.DelegationSpec) { s.MaxDuration = domain.MaxDuration + time.Second }, []string{"/max_duration_seconds:out_of_range"}},
		{"the longest there is", func(s *domain.DelegationSpec) { s.MaxDuration = 1<<63 - 1 }, []string{"/max_duration_seconds:out_of_range"}},
		{"negative", func(s *domain.DelegationSpec) { s.MaxDuration = -time.Hour }, []string{"/max_duration_seconds:out_of_range"}},
		{"the most negative", func(s *domain.DelegationSpec) { s.MaxDuration = -1 << 63 }, []string{"/max_duration_seconds:out_of_range"}},
		{"no resources", func(s *domain.DelegationSpec) { s.Resources = nil }, nil},
		{"blank resource", func(s *domain.DelegationSpec) { s.Resources = []string{""} }, []string{"/resources/0:required"}},
		{"repeated resource", func(s *domain.DelegationSpec) { s.Resources = []string{"https://a", "https://a"} }, []string{"/resources/1:repeated"}},
		{"too many resources", func(s *domain.DelegationSpec) { s.Resources = many(51, "https://a") }, []string{"/resources:too_many"}},
		{"ended already", func(s *domain.DelegationSpec) { s.EndsAt = epoch.Add(-1) }, []string{"/ends_at:in_the_past"}},
		{"ends now", func(s *domain.DelegationSpec) { s.EndsAt = epoch }, []string{"/ends_at:in_the_past"}},
		{"no end", func(s *domain.DelegationSpec) { s.EndsAt = time.Time{} }, nil},
		{"a year that RFC 3339 has not", func(s *domain.DelegationSpec) {
			s.EndsAt = time.Date(9999, 12, 31, 23, 0, 0, 0, time.FixedZone("", -2*3600))
		}, []string{"/ends_at:out_of_range"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := spec()
			tt.change(&s)
			wantFaults(t, s.Check(epoch), tt.faults...)
		})
	}
}

// A malformed member is answered once and never repeated back, however long it is.
func TestFaultsDoNotEchoHostileInput(t *testing.T) {
	s := spec()
	s.Actions = slices.Repeat([]string{strings.Repeat("A", 1<<16)}, 4)
	err := s.Check(epoch)
	wantFaults(t, err, "/actions/0:invalid_name", "/actions/1:invalid_name", "/actions/2:invalid_name", "/actions/3:invalid_name")
	if n := len(err.Error()); n > 2000 {
		t.Errorf("the error has %d bytes", n)
	}
}

func TestDelegationPatch(t *testing.T) {
	ptr := func(d time.Duration) *time.Duration { return &d }
	empty, noEnd, past := []string{}, time.Time{}, epoch.Add(-time.Hour)
	actions := []string{"orders:read", "billing:read"}
	good := domain.DelegationPatch{Actions: &actions, EndsAt: &noEnd, Resources: &empty, MaxDuration: ptr(time.Minute)}
	wantFaults(t, good.Check(epoch))
	if !slices.IsSorted(*good.Actions) || slices.IsSorted(actions) {
		t.Error("the actions are not sorted in the patch alone")
	}
	bad := domain.DelegationPatch{Actions: &empty, MaxDuration: ptr(1), Resources: &[]string{"a b"}, EndsAt: &past}
	wantFaults(t, bad.Check(epoch), "/actions:required", "/max_duration_seconds:out_of_range", "/resources/0:invalid_uri", "/ends_at:in_the_past")
	wantFaults(t, (&domain.DelegationPatch{}).Check(epoch))
}

func TestStatusAt(t *testing.T) {
	end := epoch.Add(time.Hour)
	tests := []struct {
		status domain.DelegationStatus
		end    time.Time
		now    time.Time
		want   domain.DelegationStatus
	}{
		{domain.DelegationActive, time.Time{}, epoch, domain.DelegationActive},
		{domain.DelegationActive, end, end.Add(-1), domain.DelegationActive},
		{domain.DelegationActive, end, end, domain.DelegationEnded},
		{domain.DelegationDisabled, end, end.Add(1), domain.DelegationDisabled},
		{domain.DelegationRevoked, time.Time{}, epoch, domain.DelegationRevoked},
	}
	for _, tt := range tests {
		d := domain.Delegation{Status: tt.status, EndsAt: tt.end}
		if got := d.StatusAt(tt.now); got != tt.want || d.ActiveAt(tt.now) != (tt.want == domain.DelegationActive) {
			t.Errorf("%s, end %s, now %s: %s", tt.status, tt.end, tt.now, got)
		}
	}
}

func TestWidens(t *testing.T) {
	base := domain.Delegation{Actions: []string{"a:a", "a:b"}, MaxDuration: time.Hour, Resources: []string{"https://a", "https://b"}, EndsAt: epoch}
	tests := []struct {
		name   string
		change func(a, b *domain.Delegation)
		want   []string
	}{
		{"nothing changes", func(_, _ *domain.Delegation) {}, nil},
		{"all narrower", func(_, b *domain.Delegation) {
			b.Actions, b.MaxDuration, b.Resources, b.EndsAt = []string{"a:b"}, time.Minute, []string{"https://b"}, epoch.Add(-time.Hour)
		}, nil},
		{"all wider", func(_, b *domain.Delegation) {
			b.Actions, b.MaxDuration, b.Resources, b.EndsAt = []string{"a:c", "a:d"}, 2*time.Hour, []string{"https://c"}, epoch.Add(1)
		}, []string{"actions (a:c)", "max_duration_seconds", "resources", "ends_at"}},
		{"an action more", func(_, b *domain.Delegation) { b.Actions = []string{"a:a", "a:b", "a:c"} }, []string{"actions (a:c)"}},
		{"an action in exchange for another", func(_, b *domain.Delegation) { b.Actions = []string{"a:a", "a:c"} }, []string{"actions (a:c)"}},
		{"resources taken away: the default audience", func(_, b *domain.Delegation) { b.Resources = nil }, []string{"resources"}},
		{"resources instead of the default audience", func(a, _ *domain.Delegation) { a.Resources = nil }, []string{"resources"}},
		{"the default audience stays", func(a, b *domain.Delegation) { a.Resources, b.Resources = nil, []string{} }, nil},
		{"an end date where there was none", func(a, _ *domain.Delegation) { a.EndsAt = time.Time{} }, nil},
		{"the end date taken away", func(_, b *domain.Delegation) { b.EndsAt = time.Time{} }, []string{"ends_at"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, b := base, base
			tt.change(&a, &b)
			if got := a.Widens(b); !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// Two steps that do not widen never widen together: nobody climbs by editing.
func TestNarrowingIsTransitive(t *testing.T) {
	draw := func(t *rapid.T, label string) domain.Delegation {
		pick := func(from ...string) []string {
			return rapid.SliceOfDistinct(rapid.SampledFrom(from), rapid.ID[string]).Draw(t, label)
		}
		d := domain.Delegation{Actions: pick("a:a", "a:b", "a:c"), Resources: pick("https://a", "https://b"),
			MaxDuration: time.Duration(rapid.IntRange(1, 3).Draw(t, label)) * time.Hour}
		if h := rapid.IntRange(0, 3).Draw(t, label); h > 0 {
			d.EndsAt = epoch.Add(time.Duration(h) * time.Hour)
		}
		slices.Sort(d.Resources)
		return d
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := draw(t, "a"), draw(t, "b"), draw(t, "c")
		if len(a.Widens(b)) == 0 && len(b.Widens(c)) == 0 && len(a.Widens(c)) > 0 {
			t.Fatalf("%+v → %+v → %+v widens %v", a, b, c, a.Widens(c))
		}
		if w := a.Widens(a); w != nil {
			t.Fatalf("%+v widens itself: %v", a, w)
		}
	})
}
