package token

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"authsec/internal/domain"

	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write golden files")

// RS256 is deterministic: the same key, claims and time are the same bytes. A
// difference is a change of the wire format, and to be made knowingly.
func TestGoldenToken(t *testing.T) {
	m, keys := testMinter(t)
	for file, cnf := range map[string]*Confirmation{
		"token":      nil,
		"token-dpop": {KeyThumbprint: keyThumbprint},
		"token-mtls": {CertThumbprint: certThumbprint},
	} {
		full := fullClaims()
		full.Confirmation = cnf
		got := mustMint(t, m, full)
		file = "testdata/" + file + ".golden"
		if *update {
			if err := os.WriteFile(file, []byte(got+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got+"\n" != string(want) {
			t.Errorf("the token changed: if that is meant, run go test -run Golden -update\n got %s\nwant %s", got, want)
		}
		anyKey := expectation()
		anyKey.AnyKey = true
		c, err := Parse(got, keys, anyKey)
		if err != nil {
			t.Fatal(err)
		}
		full.Issuer = issuer
		if !reflect.DeepEqual(c, full) {
			t.Errorf("parsed back\n got %+v\nwant %+v", c, full)
		}
	}
}

func TestHeaderIsExactly(t *testing.T) {
	m, _ := testMinter(t)
	head, _, _ := strings.Cut(mustMint(t, m, fullClaims()), ".")
	b, err := base64.RawURLEncoding.DecodeString(head)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(b), `{"alg":"RS256","kid":"vector-a","typ":"at+jwt"}`; got != want {
		t.Errorf("header %s, want %s", got, want)
	}
}

func TestClaimsKeepTheirOrder(t *testing.T) {
	full := fullClaims()
	full.Confirmation = &Confirmation{KeyThumbprint: keyThumbprint}
	b, err := json.Marshal(full)
	if err != nil {
		t.Fatal(err)
	}
	at := -1
	for _, name := range strings.Fields("iss sub act client_id aud exp iat nbf jti scope permissions spiffe_id agent_type user_id email delegation_id role attestation status cnf") {
		next := strings.Index(string(b), fmt.Sprintf(`,"%s":`, name))
		if name == "iss" {
			next = strings.Index(string(b), `{"iss":`)
		}
		if name == "client_id" { // the actor's is before it
			next = strings.LastIndex(string(b), `,"client_id":`)
		}
		if next <= at {
			t.Errorf("%s is at %d, after what should follow it at %d: %s", name, next, at, b)
		}
		at = next
	}
	if !strings.Contains(string(b), `"aud":["`) {
		t.Errorf("aud is not an array: %s", b)
	}
}

func TestMintRefusesWhatVerifiersWould(t *testing.T) {
	m, _ := testMinter(t)
	chain := func(n int) Actor {
		a := Actor{Subject: "a"}
		for range n - 1 {
			inner := a
			a = Actor{Subject: "a", Act: &inner}
		}
		return a
	}
	for name, spoil := range map[string]func(*Claims){
		"no subject":         func(c *Claims) { c.Subject = "" },
		"no client":          func(c *Claims) { c.ClientID = "" },
		"no id":              func(c *Claims) { c.ID = "" },
		"no audience":        func(c *Claims) { c.Audience = nil },
		"empty audience":     func(c *Claims) { c.Audience = []string{audience, ""} },
		"no actor":           func(c *Claims) { c.Actor = Actor{} },
		"no list":            func(c *Claims) { c.Status = &Status{} },
		"negative index":     func(c *Claims) { c.Status.StatusList.Index = -1 },
		"list not UTF-8":     func(c *Claims) { c.Status.StatusList.URI = "https://\xff" },
		"a key of no length": func(c *Claims) { c.Confirmation = &Confirmation{} },
		"two keys": func(c *Claims) {
			c.Confirmation = &Confirmation{KeyThumbprint: keyThumbprint, CertThumbprint: certThumbprint}
		},
		"a short thumbprint":  func(c *Claims) { c.Confirmation = &Confirmation{KeyThumbprint: keyThumbprint[:42]} },
		"nameless actor":      func(c *Claims) { c.Actor.Act = &Actor{ClientID: "x"} },
		"nine actors":         func(c *Claims) { c.Actor = chain(9) },
		"no actions":          func(c *Claims) { c.SetActions(nil) },
		"no permissions":      func(c *Claims) { c.Permissions = nil },
		"other permissions":   func(c *Claims) { c.Permissions = []string{"billing:read"} },
		"space in an action":  func(c *Claims) { c.SetActions([]string{"billing:read ", "a:b"}) },
		"ended":               func(c *Claims) { c.ExpiresAt = c.IssuedAt },
		"ends before it runs": func(c *Claims) { c.NotBefore = c.ExpiresAt },
		"before 1970":         func(c *Claims) { c.IssuedAt = -1 },
		"after 9999":          func(c *Claims) { c.ExpiresAt = maxUnixTime + 1 },
		"invalid UTF-8":       func(c *Claims) { c.Email = "ana\xff@example.com" },
		"invalid UTF-8 actor": func(c *Claims) { c.Actor.ClientID = "\xff" },
		"invalid UTF-8 aud":   func(c *Claims) { c.Audience = []string{"\xff"} },
	} {
		t.Run(name, func(t *testing.T) {
			c := fullClaims()
			spoil(&c)
			got, err := m.Mint(t.Context(), c, now)
			if err == nil || got != "" || domain.KindOf(err) != domain.Internal {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
	c := fullClaims()
	c.Actor = chain(MaxActors)
	mustMint(t, m, c)
}

func TestMintRefusesATokenThatNobodyWouldRead(t *testing.T) {
	m, keys := testMinter(t)
	atMost := func(n int) Claims {
		c := fullClaims()
		var actions []string
		for i := range n {
			actions = append(actions, fmt.Sprintf("resource%04d:verb", i))
		}
		c.SetActions(actions)
		return c
	}
	if _, err := m.Mint(t.Context(), atMost(domain.MaxActions), now); err == nil {
		t.Error("a token of 500 actions was minted")
	} else {
		wantCode(t, err, domain.Invalid, "invalid_request")
	}
	// That it is far too long is known before a key is asked to sign.
	_, err := (&Minter{Issuer: issuer, Signer: never{}}).Mint(t.Context(), atMost(domain.MaxActions), now)
	wantCode(t, err, domain.Invalid, "invalid_request")
	// The longest that is minted is read; one action more is refused.
	n := 200
	for ; ; n++ {
		compact, err := m.Mint(t.Context(), atMost(n), now)
		if err != nil {
			wantCode(t, err, domain.Invalid, "invalid_request")
			break
		}
		if _, err := Parse(compact, keys, expectation()); err != nil {
			t.Fatalf("%d bytes were minted but not read: %v", len(compact), err)
		}
	}
	if n == 200 {
		t.Error("even 200 actions are too many")
	}
}

func TestMintWithoutAKey(t *testing.T) {
	m := &Minter{Issuer: issuer, Signer: never{}}
	_, err := m.Mint(t.Context(), fullClaims(), now)
	wantCode(t, err, domain.Unavailable, "temporarily_unavailable")
	_, err = m.SignPayload(t.Context(), TypCheckpoint, []byte("{}"), now)
	wantCode(t, err, domain.Unavailable, "temporarily_unavailable")
	_, _, err = m.Preview(fullClaims(), now)
	wantCode(t, err, domain.Unavailable, "temporarily_unavailable")
}

func TestCallersContextReachesTheKey(t *testing.T) {
	m, _ := testMinter(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Mint(ctx, fullClaims(), now); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestPreviewIsWhatMintSigns(t *testing.T) {
	m, _ := testMinter(t)
	header, claims, err := m.Preview(fullClaims(), now)
	if err != nil {
		t.Fatal(err)
	}
	for i, part := range strings.Split(mustMint(t, m, fullClaims()), ".")[:2] {
		b, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil {
			t.Fatal(err)
		}
		var signed, previewed any
		if err := json.Unmarshal(b, &signed); err != nil {
			t.Fatal(err)
		}
		shown, err := json.Marshal([]any{header, claims}[i])
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(shown, &previewed); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(signed, previewed) {
			t.Errorf("signed %s, previewed %s", b, shown)
		}
	}
	if _, claims, err := m.Preview(Claims{}, now); err != nil || claims["iss"] != issuer {
		t.Errorf("a preview of incomplete claims: %v, %v", claims, err)
	}
}

// One kind of signature never passes for another.
func TestTypesAreSeparate(t *testing.T) {
	m, keys := testMinter(t)
	payload, err := json.Marshal(func() Claims { c := fullClaims(); c.Issuer = issuer; return c }())
	if err != nil {
		t.Fatal(err)
	}
	for _, typ := range []string{"at+jwt", "AT+JWT", "application/at+jwt", "JWT", "", "authsec-checkpoint+jws ", "Authsec-Checkpoint+jws", "dpop+jwt"} {
		if got, err := m.SignPayload(t.Context(), typ, payload, now); err == nil || got != "" {
			t.Errorf("a payload was signed as %q", typ)
		}
	}
	checkpoint, err := m.SignPayload(t.Context(), TypCheckpoint, payload, now)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Parse(checkpoint, keys, expectation())
	wantCode(t, err, domain.Unauthenticated, CodeType)
	if got, err := VerifyPayload(TypCheckpoint, checkpoint, keys); err != nil || string(got) != string(payload) {
		t.Errorf("checkpoint: %s, %v", got, err)
	}
	access := mustMint(t, m, fullClaims())
	for _, typ := range []string{TypCheckpoint, TypAccessToken} {
		_, err = VerifyPayload(typ, access, keys)
		wantCode(t, err, domain.Unauthenticated, CodeType)
	}
	_, err = VerifyPayload(TypCheckpoint, checkpoint, testKey(t, "vector-b").find)
	wantCode(t, err, domain.Unauthenticated, CodeUnknownKey)
	stolen := func(string) (k jwk, ok bool) { k, _ = testKey(t, "vector-b").find(""); return k, true }
	_, err = VerifyPayload(TypCheckpoint, checkpoint, stolen)
	wantCode(t, err, domain.Unauthenticated, CodeSignature)
}

// Whatever is minted is read back unchanged.
func TestMintAndParseAgree(t *testing.T) {
	m, keys := testMinter(t)
	text := rapid.StringN(1, 20, 60)
	rapid.Check(t, func(t *rapid.T) {
		var c Claims
		for _, to := range []*string{&c.Subject, &c.ClientID, &c.ID, &c.SPIFFEID, &c.AgentType, &c.UserID, &c.Email, &c.DelegationID, &c.Role, &c.Attestation} {
			*to = text.Draw(t, "text")
		}
		a := &c.Actor
		for range rapid.IntRange(0, MaxActors-1).Draw(t, "more actors") {
			a.Act = &Actor{}
			a = a.Act
		}
		for a := &c.Actor; a != nil; a = a.Act {
			a.Subject, a.ClientID = text.Draw(t, "sub"), text.Draw(t, "client")
		}
		c.Issuer = issuer
		c.Audience = append([]string{audience}, rapid.SliceOfN(text, 0, 3).Draw(t, "aud")...)
		c.IssuedAt = now.Unix()
		c.NotBefore = now.Unix()
		c.ExpiresAt = now.Unix() + rapid.Int64Range(1, 86400*365).Draw(t, "ttl")
		c.SetActions(rapid.SliceOfN(rapid.StringMatching(`[a-z]{1,9}:[!#-\[\]-~]{1,9}`), 1, 10).Draw(t, "actions"))
		compact, err := m.Mint(context.Background(), c, now)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Parse(compact, keys, expectation())
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, c) {
			t.Fatalf("got %+v, want %+v", got, c)
		}
	})
}
