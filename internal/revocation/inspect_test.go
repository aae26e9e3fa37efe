package revocation

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/token"
)

// Inspector tells everything that Introspector holds against a token, and looks
// nothing up for a token that anybody could have written.
func TestInspect(t *testing.T) {
	good := mint(t, testIssuer, asIs)
	for name, c := range map[string]struct {
		compact, audience string
		state             domain.TokenState
		at                time.Duration
		want              []string
		proven            bool
	}{
		"good":                       {good, billing.URI, domain.TokenState{Known: true}, 0, nil, true},
		"for any audience":           {good, "", domain.TokenState{Known: true}, 0, nil, true},
		"for another":                {good, orders.URI, domain.TokenState{Known: true}, 0, []string{token.CodeAudience}, true},
		"recalled":                   {good, "", domain.TokenState{Known: true, Retired: true}, 0, []string{CodeRecalled}, true},
		"revoked, recalled and late": {good, orders.URI, domain.TokenState{Known: true, Retired: true, Revoked: true}, 2 * time.Hour, []string{token.CodeAudience, token.CodeExpired, CodeRecalled, CodeRevoked}, true},
		"too early":                  {good, "", domain.TokenState{Known: true}, -time.Hour, []string{token.CodeNotYetValid}, true},
		"of no list":                 {good, "", domain.TokenState{}, 0, []string{CodeUnknownStatus}, true},
		"of another's list": {mint(t, testIssuer, func(c *token.Claims) { c.Status.StatusList.URI = "https://other.example/oauth2/status-lists/3" }), "",
			domain.TokenState{}, 0, []string{CodeForeignStatus}, true},
		"of before there were any": {mint(t, testIssuer, func(c *token.Claims) { c.Status = nil }), "", domain.TokenState{}, 0, nil, true},
		"another issuer's":         {mint(t, "https://other.example", asIs), "", domain.TokenState{Retired: true}, 0, []string{token.CodeIssuer}, false},
		"forged":                   {good[:len(good)-4] + "AAAA", "", domain.TokenState{Retired: true}, 0, []string{token.CodeSignature}, false},
		"no token":                 {"x", "", domain.TokenState{Retired: true}, 0, []string{token.CodeMalformed}, false},
	} {
		s, clock := &states{state: c.state}, clock()
		clock.Advance(c.at)
		got, err := (&Inspector{Deployment: here, Keys: ring(), Store: s, Now: clock.Now}).Inspect(t.Context(), c.compact, c.audience)
		var codes []string
		for _, r := range got.Reasons {
			if codes = append(codes, r.Code); r.Message == "" {
				t.Errorf("%s: %s says nothing", name, r.Code)
			}
		}
		if err != nil || !slices.Equal(codes, c.want) || got.Proven != c.proven || (s.jti != "") != c.proven {
			t.Errorf("%s: %v %v, proven %v, looked up %q", name, codes, err, got.Proven, s.jti)
		}
		// Introspection refuses for the same reasons, and only for these.
		i := &Introspector{Deployment: here, Keys: ring(), Store: s, Now: clock.Now}
		_, _, live := i.Live(t.Context(), c.compact)
		if refused := slices.ContainsFunc(codes, func(code string) bool { return code != token.CodeAudience }); (live != nil) != refused {
			t.Errorf("%s: introspection says %v", name, live)
		}
	}
	failing := &states{err: errors.New("gone")}
	if _, err := (&Inspector{Deployment: here, Keys: ring(), Store: failing, Now: clock().Now}).Inspect(t.Context(), good, ""); err == nil {
		t.Error("a token is good without the database")
	}
}

// listPayload is a list's payload as it is published.
func listPayload(t testing.TB, list domain.StatusList) []byte {
	t.Helper()
	s := &capture{}
	l := &Lists{Signer: s, Issuer: testIssuer}
	_, err := l.sign(t.Context(), list, start)
	must(t, err)
	return s.payload
}

// What Lists publishes, ReadStatus reads.
func TestStatusList8_3_ReadStatus(t *testing.T) {
	const uri = testIssuer + "/oauth2/status-lists/2"
	payload := listPayload(t, domain.StatusList{ID: 2, Size: domain.StatusListSize, Retired: []int64{0, 7, domain.StatusListSize - 1}, Revision: 3})
	for index, want := range map[int64]domain.TokenState{0: {Known: true, Retired: true}, 1: {Known: true}, 7: {Known: true, Retired: true}, 8: {Known: true},
		domain.StatusListSize - 1: {Known: true, Retired: true}, domain.StatusListSize: {}, -1: {}, 1 << 62: {}} {
		if got, err := ReadStatus(payload, uri, index, start); err != nil || got != want {
			t.Errorf("%d: %+v %v", index, got, err)
		}
	}
	if _, err := ReadStatus(payload, uri, 0, start.Add(listLife+token.Leeway-time.Second)); err != nil {
		t.Errorf("within the leeway: %v", err)
	}
	changed := func(change func(*statusListClaims)) []byte {
		var c statusListClaims
		must(t, json.Unmarshal(payload, &c))
		change(&c)
		b, err := json.Marshal(c)
		must(t, err)
		return b
	}
	array := make([]byte, maxArray+1)
	bomb, err := compress(array)
	must(t, err)
	for name, c := range map[string]struct {
		payload []byte
		at      time.Duration
		says    string
	}{
		"expired":       {payload, listLife + token.Leeway, "expired"},
		"another's":     {changed(func(c *statusListClaims) { c.Subject += "0" }), 0, "another's"},
		"three bits":    {changed(func(c *statusListClaims) { c.StatusList.Bits = 3 }), 0, "3 bits"},
		"no bits":       {changed(func(c *statusListClaims) { c.StatusList.Bits = 0 }), 0, "0 bits"},
		"not base64url": {changed(func(c *statusListClaims) { c.StatusList.List = "+" }), 0, "base64url"},
		"not zlib":      {changed(func(c *statusListClaims) { c.StatusList.List = "AAAA" }), 0, "zlib"},
		"cut":           {changed(func(c *statusListClaims) { c.StatusList.List = c.StatusList.List[:20] }), 0, "zlib"},
		"a bomb":        {changed(func(c *statusListClaims) { c.StatusList.List = base64url(bomb) }), 0, "more than"},
		"no object":     {[]byte("[]"), 0, "malformed"},
	} {
		if got, err := ReadStatus(c.payload, uri, 0, start.Add(c.at)); err == nil || !strings.Contains(err.Error(), c.says) || got.Known {
			t.Errorf("%s: %+v %v", name, got, err)
		}
	}
	for bits, status := range map[int]byte{1: 1, 4: 15, 8: 255} {
		packed, err := compress([]byte{status << (8 - bits)}) // the last place of the first byte
		must(t, err)
		other := changed(func(c *statusListClaims) { c.StatusList.Bits, c.StatusList.List = bits, base64url(packed) })
		if got, err := ReadStatus(other, uri, int64(8/bits-1), start); err != nil || !got.Retired {
			t.Errorf("%d bits: %+v %v", bits, got, err)
		}
	}
}

// FuzzReadStatus: whatever was signed, nothing panics, and no index is both
// unknown and retired.
func FuzzReadStatus(f *testing.F) {
	f.Add(listPayload(f, domain.StatusList{ID: 2, Size: domain.StatusListSize, Retired: []int64{7}}), int64(7))
	f.Add([]byte(`{"sub":"x","exp":1e99,"status_list":{"bits":8,"lst":"eNoDAAAAAAE"}}`), int64(-1))
	f.Fuzz(func(t *testing.T, payload []byte, index int64) {
		var c struct {
			Subject string `json:"sub"`
		}
		_ = json.Unmarshal(payload, &c)
		got, err := ReadStatus(payload, c.Subject, index, start)
		if got.Retired && !got.Known || err != nil && got != (domain.TokenState{}) {
			t.Errorf("%+v %v", got, err)
		}
	})
}
