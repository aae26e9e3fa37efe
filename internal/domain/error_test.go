package domain_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"authsec/internal/domain"
)

func TestErrorText(t *testing.T) {
	e := &domain.Error{Kind: domain.Conflict, Code: "taken", Public: "Choose another name.",
		Fields: []domain.FieldError{{Field: "/name", Code: "taken", Message: "name is taken."}}, Err: io.EOF}
	if got, want := e.Error(), "taken: Choose another name. [/name: name is taken.]: EOF"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := (&domain.Error{}).Error(); got != "internal" {
		t.Errorf("the zero error reads %q", got)
	}
	if !errors.Is(fmt.Errorf("outer: %w", e), io.EOF) {
		t.Error("the cause is lost")
	}
}

func TestKindAndCodeAreFoundThroughWrapping(t *testing.T) {
	e := domain.Errorf(domain.Gone, "delegation_ended", "Delegate %s.", "again")
	wrapped := fmt.Errorf("a: %w", errors.Join(io.EOF, fmt.Errorf("b: %w", e)))
	if domain.KindOf(wrapped) != domain.Gone || domain.CodeOf(wrapped) != "delegation_ended" || e.Public != "Delegate again." {
		t.Errorf("kind %s, code %q, public %q", domain.KindOf(wrapped), domain.CodeOf(wrapped), e.Public)
	}
	// What nobody classified must never tell a caller anything.
	if domain.KindOf(io.EOF) != domain.Internal || domain.KindOf(nil) != domain.Internal || domain.CodeOf(io.EOF) != "" {
		t.Error("an unclassified error has a kind of its own")
	}
}

func TestKindNames(t *testing.T) {
	seen := map[string]bool{}
	for k := domain.Internal; k <= domain.Unavailable; k++ {
		if name := k.String(); name == "unknown" || seen[name] {
			t.Errorf("kind %d is called %q", k, name)
		} else {
			seen[name] = true
		}
	}
	if domain.Kind(200).String() != "unknown" {
		t.Error("a kind that is none has a name")
	}
}

func TestFaults(t *testing.T) {
	var f domain.Faults
	if err := f.Err(); err != nil {
		t.Fatalf("no faults make the error %v", err)
	}
	f.Add("/a", "required", "%s is required.", "a")
	if err := f.Err(); domain.KindOf(err) != domain.Invalid || domain.CodeOf(err) != "invalid_request" || publicOf(err) != "a is required." {
		t.Errorf("one fault: %v", err)
	}
	f.Add("/b", "too_long", "b is too long.")
	f.Add("/c", "unknown", "c is unknown.")
	err := f.Err()
	if publicOf(err) != "a is required. (and 2 more)" {
		t.Errorf("public text is %q", publicOf(err))
	}
	if got := faultsOf(err); strings.Join(got, " ") != "/a:required /b:too_long /c:unknown" {
		t.Errorf("fields are %v", got)
	}
}

func publicOf(err error) string {
	var e *domain.Error
	if errors.As(err, &e) {
		return e.Public
	}
	return ""
}

// faultsOf lists an error's faults as field:code.
func faultsOf(err error) []string {
	var e *domain.Error
	if !errors.As(err, &e) {
		return nil
	}
	out := make([]string, 0, len(e.Fields))
	for _, f := range e.Fields {
		out = append(out, f.Field+":"+f.Code)
	}
	return out
}

// wantFaults fails unless err has exactly these faults, in this order.
func wantFaults(t *testing.T, err error, want ...string) {
	t.Helper()
	if got := faultsOf(err); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("faults are %v, want %v", got, want)
	}
}
