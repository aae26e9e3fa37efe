package jwks

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"authsec/sdk/go/jws"
)

// Wycheproof's vectors are read from its Go module, which nothing here imports:
// it embeds a hundred megabytes.
const (
	wycheproofModule = "github.com/c2sp/wycheproof@v0.0.0-20260902155932-3fa63dd0344a"
	wycheproofSum    = "h1:pNbL2nztRsWfW/ispAwsvcDFxs9Id38uIsR2/Up5G2c="
)

type wycheproofGroup struct {
	Comment string
	Public  map[string]any
	Tests   []struct {
		ID      int `json:"tcId"`
		Comment string
		JWS     string
		Result  string
	}
}

// wycheproof returns the groups of one file, and fetches the module unless the
// cache has it.
func wycheproof(t *testing.T, file string) []wycheproofGroup {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", wycheproofModule).Output()
	var module struct{ Dir, Sum, Error string }
	if decoding := json.Unmarshal(out, &module); err != nil || decoding != nil {
		t.Fatalf("go mod download %s: %v, %v %s", wycheproofModule, err, decoding, module.Error)
	}
	if module.Sum != wycheproofSum {
		t.Fatalf("the module's sum is %s, want %s", module.Sum, wycheproofSum)
	}
	text, err := os.ReadFile(filepath.Join(module.Dir, "testvectors_v1", file))
	if err != nil {
		t.Fatal(err)
	}
	var all struct {
		NumberOfTests int
		TestGroups    []wycheproofGroup
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, g := range all.TestGroups {
		n += len(g.Tests)
	}
	if n == 0 || n != all.NumberOfTests {
		t.Fatalf("%d tests, want %d", n, all.NumberOfTests)
	}
	return all.TestGroups
}

// accepts runs a JWS through all that decides about one: the key set, the strict
// reader, the signature. Whether the payload is a token's does not count here.
func accepts(t *testing.T, public map[string]any, raw string) bool {
	t.Helper()
	document, err := json.Marshal(map[string]any{"keys": []any{public}})
	if err != nil {
		t.Fatal(err)
	}
	if public["keys"] != nil {
		if document, err = json.Marshal(public); err != nil {
			t.Fatal(err)
		}
	}
	set, err := Parse(document, Policy{Algorithms: jws.Algorithms(), KeyIDOptional: true})
	if err != nil {
		return false
	}
	token, err := jws.Parse(raw, jws.Algorithms()...)
	if err != nil {
		return false
	}
	key, err := set.Key(t.Context(), token.KeyID(), token.Algorithm())
	if err != nil {
		return false
	}
	_, err = token.Verify(key)
	var refused *jws.Error
	return err == nil || errors.As(err, &refused) && refused.Reason == jws.Malformed && strings.HasPrefix(refused.Detail, "payload")
}

// headerAlgorithm is the alg that a JWS claims, "" for none that can be read.
func headerAlgorithm(raw string) string {
	header, _, _ := strings.Cut(raw, ".")
	text, err := base64.RawURLEncoding.DecodeString(header)
	var h struct{ Alg string }
	if err != nil || json.Unmarshal(text, &h) != nil {
		return ""
	}
	return h.Alg
}

// tally counts what became of the cases, so that none is passed over unseen.
type tally struct{ accepted, refused, secret, contradictory int }

// decide holds a file to what it says, save for two kinds of cases that are called
// valid and are refused: those of algorithms with a secret (RFC 8725 §3.1), and
// those whose key is published for another algorithm than they use (RFC 7517 §4.4),
// which must hold once the key says nothing.
func decide(t *testing.T, groups []wycheproofGroup) tally {
	t.Helper()
	var n tally
	for _, g := range groups {
		for _, c := range g.Tests {
			got := accepts(t, g.Public, c.JWS)
			switch {
			case c.Result != "valid" && c.Result != "invalid":
				t.Errorf("%d: the result %q is not known", c.ID, c.Result)
			case c.Result == "valid" && g.Public == nil:
				n.secret++
				if got {
					t.Errorf("%s %d, %s: a JWS with a secret passes", g.Comment, c.ID, c.Comment)
				}
			case c.Result == "valid" && g.Public["alg"] != nil && g.Public["alg"] != headerAlgorithm(c.JWS):
				n.contradictory++
				open := maps.Clone(g.Public)
				delete(open, "alg")
				if got || !accepts(t, open, c.JWS) {
					t.Errorf("%s %d, %s: accepted %t by a key for %s", g.Comment, c.ID, c.Comment, got, g.Public["alg"])
				}
			case got != (c.Result == "valid"):
				t.Errorf("%s %d, %s: accepted %t, want %s", g.Comment, c.ID, c.Comment, got, c.Result)
			case got:
				n.accepted++
			default:
				n.refused++
			}
		}
	}
	return n
}

func TestWycheproofSignatures(t *testing.T) {
	if got, want := decide(t, wycheproof(t, "json_web_signature_test.json")), (tally{accepted: 32, refused: 355, secret: 10, contradictory: 4}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestWycheproofKeys(t *testing.T) {
	if got, want := decide(t, wycheproof(t, "json_web_key_test.json")), (tally{accepted: 1, refused: 21, secret: 4}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
