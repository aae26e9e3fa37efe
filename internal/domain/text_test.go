package domain_test

import (
	"strings"
	"testing"

	"authsec/internal/domain"
)

func TestCheckText(t *testing.T) {
	tests := []struct {
		name, s   string
		multiline bool
		code      string
	}{
		{"empty", "", false, ""},
		{"plain", "Customer Support", false, ""},
		{"other scripts", "Поддержка 客服 خدمة العملاء", false, ""},
		{"joiners, which Persian and emoji need", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \U0001f469\u200d\U0001f4bb", false, ""},
		{"at the limit, in characters", strings.Repeat("é", 50), false, ""},
		{"over the limit", strings.Repeat("é", 51), false, "too_long"},
		{"invalid UTF-8", "a\xffb", false, "invalid_utf8"},
		{"a surrogate half", "a\xed\xa0\x80b", false, "invalid_utf8"},
		{"NUL", "a\x00b", false, "control_character"},
		{"escape", "\x1b[31mred", false, "control_character"},
		{"DEL", "a\x7fb", false, "control_character"},
		{"C1", "a\u0085b", false, "control_character"},
		{"line break", "a\nb", false, "control_character"},
		{"line break where allowed", "a\n\tb", true, ""},
		{"carriage return", "a\rb", true, "control_character"},
		{"line separator", "a\u2028b", true, "control_character"},
		{"paragraph separator", "a\u2029b", true, "control_character"},
		{"byte order mark", "\ufeffa", true, "control_character"},
		{"right-to-left override (Trojan Source)", "a\u202eb", true, "control_character"},
		{"isolate", "a\u2066b", true, "control_character"},
		{"Arabic letter mark", "a\u061cb", true, "control_character"},
		{"zero-width space", "Customer\u200bSupport", false, "control_character"},
		{"word joiner", "a\u2060b", false, "control_character"},
		{"soft hyphen", "a\u00adb", false, "control_character"},
		{"tag", "a\U000e0041b", false, "control_character"},
		{"Arabic number sign, which is seen", "\u0600", false, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var f domain.Faults
			domain.CheckText(&f, "/name", tt.s, 50, tt.multiline)
			if tt.code == "" {
				wantFaults(t, f.Err())
			} else {
				wantFaults(t, f.Err(), "/name:"+tt.code)
			}
		})
	}
}

func TestCheckName(t *testing.T) {
	var f domain.Faults
	if got := domain.CheckName(&f, "/name", "  Customer Support\t\n"); got != "Customer Support" {
		t.Errorf("got %q", got)
	}
	wantFaults(t, f.Err())
	domain.CheckName(&f, "/name", " \t ")
	domain.CheckName(&f, "/name", strings.Repeat("n", domain.MaxName+1))
	wantFaults(t, f.Err(), "/name:required", "/name:too_long")
}

func TestNamesOfRolesAndActions(t *testing.T) {
	roles := map[string]bool{"customer-support": true, "a": true, "0": true, "a.b_c-d": true, strings.Repeat("r", 64): true,
		"": false, "-a": false, ".a": false, "A": false, "a b": false, "a/b": false, "a\n": false, "ä": false, strings.Repeat("r", 65): false}
	for s, want := range roles {
		var f domain.Faults
		domain.CheckRoleName(&f, "/role", s)
		if domain.ValidRoleName(s) != want || (f.Err() == nil) != want {
			t.Errorf("role %q: valid %t, fault %v, want %t", s, domain.ValidRoleName(s), f.Err(), want)
		}
	}
	actions := map[string]bool{"billing:read": true, "a:b": true, "a.b-c_d1:e.f-g_h2": true, strings.Repeat("a", 126) + ":b": true,
		"": false, "billing": false, ":read": false, "billing:": false, "a:b:c": false, "Billing:read": false, "1a:b": false, "a:*": false,
		"a: b": false, "a:b ": false, "a:b\n": false, "a:b,c:d": false, strings.Repeat("a", 127) + ":b": false}
	for s, want := range actions {
		if domain.ValidActionName(s) != want {
			t.Errorf("action %q: valid %t, want %t", s, !want, want)
		}
	}
}

func TestCheckEmail(t *testing.T) {
	good := map[string]string{"ana@example.com": "ana@example.com", "  Ana@Example.com ": "Ana@Example.com", "a+b@c.d": "a+b@c.d", "jörg@exämple.com": "jörg@exämple.com"}
	for in, want := range good {
		var f domain.Faults
		if got := domain.CheckEmail(&f, "/email", in); got != want || f.Err() != nil {
			t.Errorf("%q: got %q, %v", in, got, f.Err())
		}
	}
	bad := map[string]string{"": "required", "  ": "required", "ana": "invalid_email", "@example.com": "invalid_email", "ana@": "invalid_email",
		"Ana <ana@example.com>": "invalid_email", "ana@example.com, bob@example.com": "invalid_email", "ana(x)@example.com": "invalid_email",
		"a b@example.com": "invalid_email", "ana@example.com\r\nBcc: x@y.z": "control_character", "ana\u202e@example.com": "control_character",
		"a\xff@example.com": "invalid_utf8", strings.Repeat("a", 320) + "@example.com": "too_long"}
	for in, code := range bad {
		var f domain.Faults
		domain.CheckEmail(&f, "/email", in)
		t.Run(code+" "+in, func(t *testing.T) { wantFaults(t, f.Err(), "/email:"+code) })
	}
	if domain.NormalEmail(" Ana@Example.COM ") != "ana@example.com" {
		t.Error("addresses that differ in case are two")
	}
}

func TestCheckURI(t *testing.T) {
	for _, s := range []string{"https://api.example.com", "https://api.example.com/billing?x=1", "http://127.0.0.1:9000/a%20b", "urn:example:billing",
		"spiffe://example.org/ns/x", "https://[::1]:8443/x"} {
		var f domain.Faults
		if domain.CheckURI(&f, "/uri", s); f.Err() != nil {
			t.Errorf("%q: %v", s, f.Err())
		}
		if domain.CheckAudience(&f, "/uri", s); f.Err() != nil {
			t.Errorf("%q is a resource, but no audience: %v", s, f.Err())
		}
	}
	for _, s := range []string{"", "billing", "/billing", "//api.example.com", "https://", "https:///x", "https://a#b", "https://a/#", "https://ana:pw@api.example.com",
		"https://ana@api.example.com", "https://a b", "https://a/<x>", "https://a/{x}", `https://a\b`, "https://a/\u00a0b", "https://exämple.com", "https://a/%zz", "://a"} {
		var f domain.Faults
		domain.CheckURI(&f, "/uri", s)
		t.Run(s, func(t *testing.T) { wantFaults(t, f.Err(), "/uri:invalid_uri") })
	}
	var f domain.Faults
	domain.CheckURI(&f, "/uri", "https://a/"+strings.Repeat("x", domain.MaxURI))
	domain.CheckURI(&f, "/uri", "https://a/\x00")
	domain.CheckURI(&f, "/uri", "https://a/\xff")
	wantFaults(t, f.Err(), "/uri:too_long", "/uri:control_character", "/uri:invalid_utf8")
}

func TestCheckAudience(t *testing.T) {
	for s, code := range map[string]string{"authsec-api": "", "https://a": "", "": "required", "a b": "invalid_uri", "a\u00a0b": "invalid_uri",
		"a\nb": "control_character", strings.Repeat("a", domain.MaxURI+1): "too_long"} {
		var f domain.Faults
		domain.CheckAudience(&f, "/audience", s)
		want := []string{"/audience:" + code}
		if code == "" {
			want = nil
		}
		wantFaults(t, f.Err(), want...)
	}
}

// A field's pointer becomes a word of the sentence.
func TestFieldsAreNamedForPeople(t *testing.T) {
	for field, want := range map[string]string{"/name": "name", "/selectors/0/key": "selectors[0].key", "actions/12": "actions[12]", "q": "q", "/a/b": "a.b"} {
		var f domain.Faults
		domain.CheckAudience(&f, field, "")
		if got := publicOf(f.Err()); got != want+" must not be empty." {
			t.Errorf("%s: %q", field, got)
		}
	}
}
