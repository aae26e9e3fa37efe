package dpop

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestRFC9449_4_3_ExactlyOneHeader(t *testing.T) {
	for _, c := range []struct {
		values []string
		want   string
		ok     bool
	}{
		{nil, "", true},
		{[]string{"a.b.c"}, "a.b.c", true},
		{[]string{"a.b.c", "a.b.c"}, "", false},
		{[]string{""}, "", false},
	} {
		got, err := FromHeader(http.Header{"Dpop": c.values})
		var refused *Error
		if got != c.want || (err == nil) != c.ok || err != nil && (!errors.As(err, &refused) || refused.Reason != Malformed) {
			t.Errorf("%q: got %q, %v", c.values, got, err)
		}
	}
}

// A fault of the expectation is no fault of the proof, and never lets one pass.
func TestAWrongExpectation(t *testing.T) {
	v := loadVectors(t)
	good := v.Cases[0]
	for name, change := range map[string]func(*Expectation){
		"no URL": func(e *Expectation) { e.URL = "" }, "a path": func(e *Expectation) { e.URL = "/token" },
		"no method": func(e *Expectation) { e.Method = "" }, "a negative leeway": func(e *Expectation) { e.Leeway = -1 },
	} {
		e := v.expectation(good)
		change(&e)
		_, err := Parse(good.DPoP, e)
		if _, ok := errors.AsType[*Error](err); err == nil || ok {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestThumbprintWantsAPublicKey(t *testing.T) {
	for _, key := range []any{nil, []byte("secret"), "key", privateKey(t)} {
		if got, err := Thumbprint(key); err == nil {
			t.Errorf("%T has the thumbprint %s", key, got)
		}
	}
}

// FuzzParse holds every proof that is no vector to being refused: a proof that
// passes is signed, and no key of theirs signs what the fuzzer makes.
func FuzzParse(f *testing.F) {
	v := loadVectors(f)
	known := map[string]bool{}
	for i, c := range v.Cases {
		f.Add(c.DPoP, i)
		known[c.DPoP] = true // right for another request, perhaps
	}
	f.Fuzz(func(t *testing.T, compact string, i int) {
		c := v.Cases[uint(i)%uint(len(v.Cases))]
		p, err := Parse(compact, v.expectation(c))
		if err == nil && !known[compact] {
			t.Fatalf("accepted: %q", compact)
		}
		if err == nil && (len(p.Thumbprint) != 43 || p.ID == "" || len(p.ID) > MaxID || len(p.Nonce) > MaxNonce) {
			t.Fatalf("got %+v", p)
		}
		if err != nil && p != (Proof{}) {
			t.Fatalf("got %+v beside %v", p, err)
		}
	})
}

// FuzzTarget holds normalising to what RFC 3986 §6 promises: once is enough, and
// the URL still leads to the same host.
func FuzzTarget(f *testing.F) {
	for _, c := range loadVectors(f).Cases {
		f.Add(c.URL)
	}
	f.Add("HTTPS://a.example:443/%7e/../%2f?x#y")
	f.Fuzz(func(t *testing.T, text string) {
		once, err := target(text)
		if err != nil {
			return
		}
		twice, err := target(once)
		if err != nil || once != twice {
			t.Fatalf("%q becomes %q and then %q (%v)", text, once, twice, err)
		}
		a, errA := url.Parse(text)
		b, errB := url.Parse(once)
		if errB != nil || b.RawQuery != "" || b.Fragment != "" || b.User != nil || strings.ContainsAny(once, "?#") {
			t.Fatalf("%q becomes %q (%v)", text, once, errB)
		}
		if errA == nil && !strings.EqualFold(a.Hostname(), b.Hostname()) {
			t.Fatalf("%q becomes %q", text, once)
		}
	})
}
