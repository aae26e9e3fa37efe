package dpop

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

// vectors is testdata/vectors/dpop/proofs.json, shared with the Python SDK.
type vectors struct {
	Now           int64
	LeewaySeconds int64 `json:"leeway_seconds"`
	Cases         []vector
}

type vector struct {
	Name, Method, URL string
	Now               int64
	AccessToken       string `json:"access_token"`
	DPoP              string
	Valid             bool
	Error             string
	Result            struct {
		JKT, JTI, Nonce, Alg string
		IAT                  int64
	}
}

func loadVectors(tb testing.TB) vectors {
	tb.Helper()
	text, err := os.ReadFile("../../../testdata/vectors/dpop/proofs.json")
	if err != nil {
		tb.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(text, &v); err != nil {
		tb.Fatal(err)
	}
	if len(v.Cases) < 100 {
		tb.Fatalf("only %d cases", len(v.Cases))
	}
	return v
}

func (v vectors) expectation(c vector) Expectation {
	now := v.Now
	if c.Now != 0 {
		now = c.Now
	}
	return Expectation{Method: c.Method, URL: c.URL, Now: time.Unix(now, 0), Leeway: time.Duration(v.LeewaySeconds) * time.Second, AccessToken: c.AccessToken}
}

// The cases carry their sources, RFC 9449's own examples (§4.1, §7.1) among them.
func TestRFC9449_4_3_Vectors(t *testing.T) {
	v := loadVectors(t)
	seen := map[Reason]int{}
	for _, c := range v.Cases {
		t.Run(c.Name, func(t *testing.T) {
			p, err := Parse(c.DPoP, v.expectation(c))
			var refused *Error
			errors.As(err, &refused)
			if (err == nil) != c.Valid || err != nil && (refused == nil || refused.Reason != Reason(c.Error)) {
				t.Fatalf("got %v: want %q", err, c.Error)
			}
			if err != nil {
				seen[refused.Reason]++
				for part := range strings.SplitSeq(c.DPoP, ".") {
					if len(part) >= 16 && strings.Contains(err.Error(), part[:16]) {
						t.Errorf("the error quotes the proof: %v", err)
					}
				}
				return
			}
			if want := c.Result; p != (Proof{want.JKT, want.JTI, want.Nonce, time.Unix(want.IAT, 0).UTC(), want.Alg}) {
				t.Errorf("got %+v, want %+v", p, want)
			}
		})
	}
	for _, reason := range []Reason{Malformed, Header, Algorithm, Type, Key, Signature, Claims, Method, Target, Time, Token} {
		if seen[reason] == 0 {
			t.Errorf("no vector is refused as %s", reason)
		}
	}
}
