package token

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"authsec/internal/domain"

	"github.com/go-jose/go-jose/v4"
)

type jwk = jose.JSONWebKey

func TestExpectation(t *testing.T) {
	m, keys := testMinter(t)
	compact := mustMint(t, m, fullClaims())
	for name, c := range map[string]struct {
		change func(*Expectation)
		code   string
	}{
		"as expected":               {func(*Expectation) {}, ""},
		"no audience expected":      {func(e *Expectation) { e.Audience = "" }, CodeAudience},
		"any audience":              {func(e *Expectation) { e.Audience, e.AnyAudience = "", true }, ""},
		"other audience":            {func(e *Expectation) { e.Audience = audience + "/" }, CodeAudience},
		"other issuer":              {func(e *Expectation) { e.Issuer = issuer + "/" }, CodeIssuer},
		"no issuer expected":        {func(e *Expectation) { e.Issuer = "" }, CodeIssuer},
		"last instant":              {func(e *Expectation) { e.Now = now.Add(time.Hour + Leeway - 1) }, ""},
		"expired":                   {func(e *Expectation) { e.Now = now.Add(time.Hour + Leeway) }, CodeExpired},
		"expired without leeway":    {func(e *Expectation) { e.Now, e.Leeway = now.Add(time.Hour), 0 }, CodeExpired},
		"issued by a faster clock":  {func(e *Expectation) { e.Now = now.Add(-Leeway) }, ""},
		"not yet valid":             {func(e *Expectation) { e.Now = now.Add(-Leeway - 1) }, CodeNotYetValid},
		"the expectation of nobody": {func(e *Expectation) { *e = Expectation{} }, CodeIssuer},
	} {
		t.Run(name, func(t *testing.T) {
			want := expectation()
			c.change(&want)
			_, err := Parse(compact, keys, want)
			if c.code == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantCode(t, err, domain.Unauthenticated, c.code)
		})
	}
}

// An expectation that was not filled in is met by no token, whatever it names.
func TestEmptyAudienceIsNeverMet(t *testing.T) {
	c := fullClaims()
	c.Issuer, c.Audience = issuer, []string{""}
	want := expectation()
	want.Audience = ""
	wantCode(t, want.check(&c), domain.Unauthenticated, CodeAudience)
}

// Any change of any single byte is refused.
func TestEveryByteCounts(t *testing.T) {
	m, keys := testMinter(t)
	compact := mustMint(t, m, fullClaims())
	for i := range compact {
		changed := []byte(compact)
		changed[i] ^= 1
		if _, err := Parse(string(changed), keys, expectation()); err == nil {
			t.Fatalf("byte %d was changed and the token accepted", i)
		}
		if _, err := Parse(compact[:i], keys, expectation()); err == nil {
			t.Fatalf("the first %d bytes were accepted", i)
		}
	}
}

func FuzzParse(f *testing.F) {
	var file vectorFile
	vectors(f, "tokens.json", &file)
	keys := publishedVectors(f)
	known := map[string]bool{}
	for _, v := range file.Cases {
		if len(v.Token) < 4<<10 {
			f.Add(v.Token)
		}
		known[v.Token] = v.Valid
	}
	f.Fuzz(func(t *testing.T, token string) {
		_, err := Parse(token, keys, file.expectation())
		if err == nil && !known[token] {
			t.Fatalf("accepted: %q", token)
		}
		if err != nil && domain.KindOf(err) != domain.Unauthenticated {
			t.Fatalf("%v is %s", err, domain.KindOf(err))
		}
	})
}

// FuzzClaims reads payloads as if they were signed: what passes must be the
// same when it is written and read again, and ours must read it as others do.
func FuzzClaims(f *testing.F) {
	full := fullClaims()
	full.Issuer = issuer
	b, err := json.Marshal(full)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(strings.Replace(string(b), `["`+audience+`"]`, `"x"`, 1)))
	f.Add([]byte(strings.Replace(string(b), `"role"`, `"iss":"x","role"`, 1)))
	f.Add([]byte(`{"iss":"i","sub":"s","act":{"sub":"a","act":{"sub":"b"}},"client_id":"c","aud":[""],"exp":1,"iat":0,"nbf":0,"jti":"j","scope":"","permissions":[]}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		c, err := parseClaims(payload)
		if err != nil {
			if domain.KindOf(err) != domain.Unauthenticated {
				t.Fatalf("%v is %s", err, domain.KindOf(err))
			}
			return
		}
		again, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		c2, err := parseClaims(again)
		if err != nil {
			t.Fatalf("%s was read, %s not: %v", payload, again, err)
		}
		if !reflect.DeepEqual(c, c2) {
			t.Fatalf("%+v became %+v", c, c2)
		}
	})
}
