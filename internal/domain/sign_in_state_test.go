package domain_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"authsec/internal/domain"
)

func TestSignInStateLives(t *testing.T) {
	now := time.Date(2026, 5, 21, 7, 0, 0, 0, time.UTC)
	s := domain.SignInState{ExpiresAt: now.Add(domain.SignInLife)}
	if !s.LiveAt(now) || s.LiveAt(s.ExpiresAt) {
		t.Error("it ends at its end")
	}
}

// FuzzReturnPath: wherever a browser is sent after a sign-in, it is this site.
func FuzzReturnPath(f *testing.F) {
	for _, s := range []string{"/", "/a?b=c#d", "//evil.example.com", `/\evil.example.com`, "/\t/evil.example.com", "https://evil.example.com", "", "/%2f/evil.example.com", "/.//evil.example.com"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, path string) {
		got := domain.ReturnPath(path)
		if got != "/" && got != path {
			t.Fatalf("%q became %q", path, got)
		}
		base, err := url.Parse("https://auth.example.com/api/v1/sign-in/callback")
		if err != nil {
			t.Fatal(err)
		}
		if u, err := base.Parse(got); err == nil && u.Host != base.Host || !strings.HasPrefix(got, "/") || strings.HasPrefix(got, "//") || strings.ContainsAny(got, "\\\r\n\t\x00") {
			t.Fatalf("%q leads to %q", path, got)
		}
	})
}
