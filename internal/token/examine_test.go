package token

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"authsec/internal/domain"
)

func codes(faults []error) (out []string) {
	for _, f := range faults {
		e, _ := errors.AsType[*domain.Error](f)
		out = append(out, e.Code)
	}
	return out
}

// Examine tells everything at once, the first of it what Parse says.
func TestExamineTellsEverything(t *testing.T) {
	m, keys := testMinter(t)
	good, err := m.Mint(t.Context(), fullClaims(), now)
	if err != nil {
		t.Fatal(err)
	}
	late, elsewhere := expectation(), expectation()
	late.Now, late.Issuer, late.Audience = now.Add(100*time.Hour), "https://other.example", "https://other.example"
	elsewhere.Audience = "https://other.example"
	other := testKey(t, "vector-b")
	parts := strings.Split(good, ".")
	for name, c := range map[string]struct {
		compact string
		keys    Keys
		want    Expectation
		codes   []string
		claims  bool
	}{
		"good":                       {good, keys, expectation(), nil, true},
		"for another audience":       {good, keys, elsewhere, []string{CodeAudience}, true},
		"all that time does":         {good, keys, late, []string{CodeIssuer, CodeAudience, CodeExpired}, true},
		"of an unknown key, besides": {good, other.find, late, []string{CodeUnknownKey, CodeIssuer, CodeAudience, CodeExpired}, true},
		"changed":                    {parts[0] + "." + parts[1] + "." + strings.Repeat("A", len(parts[2])), keys, elsewhere, []string{CodeSignature, CodeAudience}, true},
		"not a token's claims":       {parts[0] + ".e30." + parts[2], keys, expectation(), []string{CodeSignature, CodeIssuer}, false},
		"no token":                   {"x", keys, expectation(), []string{CodeMalformed}, false},
		"too long":                   {strings.Repeat("A", MaxBytes) + ".e30.x", keys, expectation(), []string{CodeMalformed}, false},
		"nothing":                    {"", keys, expectation(), []string{CodeMalformed}, false},
	} {
		x := Examine(c.compact, c.keys, c.want)
		if got := codes(x.Faults); !slices.Equal(got, c.codes) || (x.Claims != nil) != c.claims {
			t.Errorf("%s: %v, claims %v; want %v", name, got, x.Claims != nil, c.codes)
		}
		if c.claims && (!strings.Contains(string(x.Header), `"alg":"RS256"`) || !strings.Contains(string(x.Payload), `"jti"`)) {
			t.Errorf("%s: %s %s", name, x.Header, x.Payload)
		}
	}
}

// FuzzExamine: it accepts what Parse accepts, and its first fault is Parse's error.
func FuzzExamine(f *testing.F) {
	m, keys := testMinter(f)
	good, err := m.Mint(f.Context(), fullClaims(), now)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good + "x")
	f.Add("e30.e30.")
	f.Add("..")
	f.Fuzz(func(t *testing.T, compact string) {
		_, err := Parse(compact, keys, expectation())
		x := Examine(compact, keys, expectation())
		if (err == nil) != (len(x.Faults) == 0) || (err != nil && err.Error() != x.Faults[0].Error()) {
			t.Fatalf("Parse: %v, Examine: %v", err, x.Faults)
		}
	})
}
