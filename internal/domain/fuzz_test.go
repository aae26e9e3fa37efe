package domain_test

import (
	"encoding/json"
	"net/mail"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"authsec/internal/domain"
)

func FuzzParseID(f *testing.F) {
	for _, s := range []string{"", "0190a000-0000-7000-8000-00000000abcd", "{0190a000-0000-7000-8000-00000000abc}", strings.Repeat("-", 36), strings.Repeat("\xff", 36)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, ok := domain.ParseID(s)
		if !ok {
			if id != "" {
				t.Fatalf("refused, but returned %q", id)
			}
			return
		}
		if !strings.EqualFold(id, s) {
			t.Fatalf("%q became %q", s, id)
		}
		if again, ok := domain.ParseID(id); !ok || again != id {
			t.Fatalf("%q is not its own canonical form", id)
		}
	})
}

func FuzzNewPage(f *testing.F) {
	f.Add(0, "", "")
	f.Add(50, domain.Cursor("0190a000-0000-7000-8000-00000000abcd"), "ana")
	f.Add(-1, "AA", "\x00")
	f.Add(201, "_w", "\xff")
	f.Fuzz(func(t *testing.T, limit int, cursor, search string) {
		p, err := domain.NewPage(limit, cursor, search)
		if err != nil {
			if domain.KindOf(err) != domain.Invalid {
				t.Fatalf("kind %s", domain.KindOf(err))
			}
			return
		}
		if p.Limit < 1 || p.Limit > domain.MaxPage || !utf8.ValidString(p.After) || strings.ContainsRune(p.After, 0) ||
			!utf8.ValidString(p.Search) || utf8.RuneCountInString(p.Search) > domain.MaxSearch || (cursor != "") != (p.After != "") {
			t.Fatalf("accepted %+v", p)
		}
	})
}

func FuzzCheckURI(f *testing.F) {
	for _, s := range []string{"https://api.example.com/billing", "urn:a:b", "https://a#", "https://u:p@h", "http://[::1", "https://a/%zz", "javascript:alert(1)", "\u202ehttps://a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var faults domain.Faults
		domain.CheckURI(&faults, "/uri", s)
		if faults.Err() != nil {
			return
		}
		u, err := url.Parse(s)
		if err != nil || u.Scheme == "" || u.Fragment != "" || u.User != nil || len(s) > domain.MaxURI {
			t.Fatalf("accepted %q", s)
		}
		// What is registered can be delegated and asked for.
		domain.CheckAudience(&faults, "/uri", s)
		if faults.Err() != nil {
			t.Fatalf("%q is a resource, but no audience: %v", s, faults.Err())
		}
	})
}

func FuzzCheckEmail(f *testing.F) {
	for _, s := range []string{"ana@example.com", "Ana <ana@example.com>", "\"a b\"@c", "a@[127.0.0.1]", "=?utf-8?q?x?= <a@b>", "a@b,c@d", "a(b)@c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var faults domain.Faults
		got := domain.CheckEmail(&faults, "/email", s)
		if faults.Err() != nil {
			return
		}
		if a, err := mail.ParseAddress(got); err != nil || a.Address != got || strings.ContainsAny(got, "\r\n\x00") || strings.TrimSpace(got) != got {
			t.Fatalf("accepted %q from %q", got, s)
		}
		if domain.NormalEmail(domain.NormalEmail(got)) != domain.NormalEmail(got) {
			t.Fatalf("%q has no stable normal form", got)
		}
	})
}

func FuzzParseHash(f *testing.F) {
	f.Add(domain.Hash{}.String())
	f.Add("zz")
	f.Fuzz(func(t *testing.T, s string) {
		if h, err := domain.ParseHash(s); err == nil && !strings.EqualFold(h.String(), s) {
			t.Fatalf("%q became %q", s, h)
		}
	})
}

// What an event's texts hold, its encoding is valid JSON on one line.
func FuzzEventEncode(f *testing.F) {
	f.Add("ana@example.com", "delegation.revoke", "\n\u2028\xff")
	f.Fuzz(func(t *testing.T, name, action, message string) {
		e := domain.Event{Time: epoch, Actor: domain.Party{Type: "user", Name: name}, Action: action,
			Reasons: []domain.Reason{{Code: "x", Message: message}}}
		b, err := e.Encode()
		if err != nil || !json.Valid(b) || strings.ContainsAny(string(b), "\n\r\u2028\u2029") {
			t.Fatalf("encoded as %q: %v", b, err)
		}
	})
}
