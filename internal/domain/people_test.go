package domain_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"authsec/internal/domain"
)

func TestUserSpec(t *testing.T) {
	s := domain.UserSpec{Email: " ana@example.com ", Name: " Ana ", Level: domain.LevelMember, Roles: []string{"support", "finance"}}
	if err := s.Check(); err != nil || s.Email != "ana@example.com" || s.Name != "Ana" || !slices.IsSorted(s.Roles) {
		t.Fatalf("%+v: %v", s, err)
	}
	bad := domain.UserSpec{Level: "root", Password: "short", Roles: []string{"A", "b", "b"}}
	wantFaults(t, bad.Check(), "/email:required", "/name:required", "/level:unknown", "/password:too_short", "/roles/0:invalid_name", "/roles/2:repeated")
	bad = domain.UserSpec{Email: "a@b", Name: "A", Level: domain.LevelAdmin, Roles: slices.Repeat([]string{"r"}, 201)}
	wantFaults(t, bad.Check(), "/roles:too_many")
}

func TestPasswords(t *testing.T) {
	for password, code := range map[string]string{
		"twelve chars": "", "пароль-пароль": "", strings.Repeat("x", 256): "", "eleven char": "too_short", "ääääääääääää": "",
		"äääääääääää": "too_short", strings.Repeat("x", 257): "too_long", "with\x00nul-inside": "control_character", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff": "invalid_utf8",
	} {
		var f domain.Faults
		domain.CheckPassword(&f, "/password", domain.Secret(password))
		var want []string
		if code != "" {
			want = []string{"/password:" + code}
		}
		wantFaults(t, f.Err(), want...)
		if err := f.Err(); err != nil && strings.Contains(err.Error(), password) {
			t.Errorf("the fault shows the password")
		}
	}
}

func TestUserPatch(t *testing.T) {
	name, status, level, roles := " ", domain.StatusDeleted, domain.Level("x"), []string{"b", "a"}
	bad := domain.UserPatch{Name: &name, Status: &status, Level: &level, Roles: &[]string{""}}
	wantFaults(t, bad.Check(), "/name:required", "/status:unknown", "/level:unknown", "/roles/0:invalid_name")
	for _, s := range []domain.Status{domain.StatusActive, domain.StatusSuspended} {
		good := domain.UserPatch{Status: &s, Roles: &roles}
		wantFaults(t, good.Check())
		if !slices.Equal(*good.Roles, []string{"a", "b"}) {
			t.Error("roles are not sorted")
		}
	}
	wantFaults(t, (&domain.UserPatch{}).Check())
}

func TestWhoMayDelegate(t *testing.T) {
	for level, without := range map[domain.Level]bool{domain.LevelAdmin: true, domain.LevelMember: false, domain.LevelAuditor: false} {
		u := domain.User{Level: level, Roles: []string{"support"}, Status: domain.StatusActive}
		c := domain.Caller{Level: level, Roles: []string{"support"}}
		if !u.MayDelegate("support") || !c.MayDelegate("support") || u.MayDelegate("finance") != without || c.MayDelegate("finance") != without {
			t.Errorf("%s: wrong", level)
		}
		if c.Admin() != (level == domain.LevelAdmin) || c.ReadsAll() != (level != domain.LevelMember) {
			t.Errorf("%s: admin %t, reads all %t", level, c.Admin(), c.ReadsAll())
		}
	}
	for s, want := range map[domain.Status]bool{domain.StatusActive: true, domain.StatusSuspended: false, domain.StatusDeleted: false, "": false} {
		if (domain.User{Status: s}).Active() != want {
			t.Errorf("status %q: active %t", s, !want)
		}
	}
	var nobody domain.Caller
	if nobody.Admin() || nobody.ReadsAll() || nobody.MayDelegate("support") {
		t.Error("the zero caller may do something")
	}
}

func TestRolesActionsAndResources(t *testing.T) {
	long := strings.Repeat("d", domain.MaxDescription+1)
	a := domain.Action{Name: "x", Description: long}
	wantFaults(t, a.Check(), "/name:invalid_name", "/description:too_long")
	r := domain.Role{Name: "-", Description: "a\nb", Actions: []string{"b:b", "a:a"}}
	wantFaults(t, r.Check(), "/name:invalid_name")
	if !slices.IsSorted(r.Actions) {
		t.Error("actions are not sorted")
	}
	empty := domain.Role{Name: "r"}
	if err := empty.Check(); err != nil || empty.Actions == nil {
		t.Errorf("an empty role: actions %v, %v", empty.Actions, err)
	}
	res := domain.ResourceSpec{Name: "", URI: "billing"}
	wantFaults(t, res.Check(), "/name:required", "/uri:invalid_uri")
	blank := " "
	wantFaults(t, (&domain.ResourcePatch{Name: &blank}).Check(), "/name:required")
	wantFaults(t, (&domain.ResourcePatch{}).Check())
}

func TestAPITokenSpec(t *testing.T) {
	for _, tt := range []struct {
		ends time.Time
		code string
	}{
		{time.Time{}, ""}, {epoch.Add(time.Second), ""}, {epoch.Add(domain.MaxAPITokenLife), ""}, {epoch, "in_the_past"},
		{epoch.Add(domain.MaxAPITokenLife + 1), "out_of_range"}, {time.Unix(1<<40, 0), "out_of_range"},
	} {
		s := domain.APITokenSpec{Name: " CI ", ExpiresAt: tt.ends}
		var want []string
		if tt.code != "" {
			want = []string{"/expires_at:" + tt.code}
		}
		wantFaults(t, s.Check(epoch), want...)
		if s.Name != "CI" {
			t.Error("the name is not normalised")
		}
	}
	token := domain.APIToken{ExpiresAt: epoch}
	if token.ExpiredAt(epoch.Add(-1)) || !token.ExpiredAt(epoch) || (domain.APIToken{}).ExpiredAt(epoch) {
		t.Error("a token's end is not the first instant at which it is refused")
	}
}
