package domain_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"authsec/internal/domain"

	"pgregory.net/rapid"
)

const (
	goldenFirst  = "f5abb2acde55f629963f49552b3c3426f3714e5d05ca67e3324445e0fa5e09ab"
	goldenSecond = "4e016e2f99ea456bf53bfb6d20594ff02d8ee9b44a694bfda6f3a466f1642f52"
)

func TestActor(t *testing.T) {
	tests := []struct {
		caller domain.Caller
		want   domain.Party
	}{
		{domain.Caller{UserID: "u1", Email: "ana@example.com", Name: "Ana", Via: domain.ViaSession},
			domain.Party{Type: "user", ID: "u1", Name: "ana@example.com", Via: domain.ViaSession}},
		{domain.Operator("root"), domain.Party{Type: "operator", Name: "root", Via: domain.ViaCLI}},
		{domain.System(), domain.Party{Type: "system", Name: "authsec", Via: domain.ViaSystem}},
		{domain.Caller{Name: "root", Level: domain.LevelAdmin, Via: domain.ViaSDK}, domain.Party{Type: "anonymous", Via: domain.ViaSDK}},
	}
	for _, tt := range tests {
		if got := tt.caller.Actor(); got != tt.want {
			t.Errorf("%+v acts as %+v, want %+v", tt.caller, got, tt.want)
		}
	}
}

// The bytes that are linked must never change: existing chains would break.
func TestEventGolden(t *testing.T) {
	local := time.FixedZone("CEST", 2*60*60)
	e := domain.NewEvent(epoch.In(local), domain.Caller{UserID: "u1", Email: "ana@example.com", Via: domain.ViaSession, IP: "192.0.2.1", RequestID: "r1"},
		"delegation.update", domain.Party{Type: "delegation", ID: "d1", Name: "support"})
	e.Reasons = []domain.Reason{{Code: "role_not_held", Message: "No <more>.", Keys: []string{"support"}}}
	e.ClientID, e.DelegationID, e.Count = "c1", "d1", 2
	e, err := e.WithChange(map[string]int{"max_duration_seconds": 3600}, map[string]int{"max_duration_seconds": 60})
	if err != nil {
		t.Fatal(err)
	}
	if e, err = e.WithDetails(struct {
		Kid string `json:"kid"`
	}{"k1"}); err != nil {
		t.Fatal(err)
	}
	body, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"time":"2026-05-21T06:25:36.123456Z","actor":{"type":"user","id":"u1","name":"ana@example.com","via":"session"},` +
		`"action":"delegation.update","target":{"type":"delegation","id":"d1","name":"support"},"outcome":"success",` +
		`"reasons":[{"code":"role_not_held","message":"No \u003cmore\u003e.","keys":["support"]}],"ip":"192.0.2.1","request_id":"r1",` +
		`"client_id":"c1","delegation_id":"d1","count":2,"before":{"max_duration_seconds":3600},"after":{"max_duration_seconds":60},"details":{"kid":"k1"}}`
	if string(body) != want {
		t.Errorf("encoded as\n%s\nwant\n%s", body, want)
	}
	// Computed apart from this code: SHA-256 of "authsec-audit-v1\n", the
	// sequence number in eight bytes, the previous link and the body.
	if got := domain.Link(1, domain.Hash{}, body).String(); got != goldenFirst {
		t.Errorf("first link is %s, want %s", got, goldenFirst)
	}
	if got := domain.Link(2, domain.Link(1, domain.Hash{}, body), []byte("{}")).String(); got != goldenSecond {
		t.Errorf("second link is %s, want %s", got, goldenSecond)
	}
	var back domain.Event
	if err := json.Unmarshal(body, &back); err != nil {
		t.Fatal(err)
	}
	if again, err := back.Encode(); err != nil || string(again) != want {
		t.Errorf("read back and encoded as %s: %v", again, err)
	}
}

func TestEventLeavesOutWhatDoesNotApply(t *testing.T) {
	e, err := domain.NewEvent(epoch, domain.System(), "key.rotate", domain.Party{Type: "key"}).WithChange(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, member := range []string{"reasons", "ip", "request_id", "client_id", "count", "before", "after", "details", "null"} {
		if strings.Contains(string(body), member) {
			t.Errorf("%s is in %s", member, body)
		}
	}
	if _, err := e.WithChange(func() {}, nil); err == nil {
		t.Error("what cannot be encoded was accepted before")
	}
	if _, err := e.WithChange(nil, math.NaN()); err == nil {
		t.Error("what cannot be encoded was accepted after")
	}
	if _, err := e.WithDetails(make(chan int)); err == nil {
		t.Error("what cannot be encoded was accepted as details")
	}
	e.Details = json.RawMessage("{")
	if _, err := e.Encode(); err == nil {
		t.Error("details that are not JSON were encoded")
	}
}

// Any change to a body, an order, a number or an earlier event shows in every
// later link.
func TestChainShowsEveryChange(t *testing.T) {
	chain := func(first int64, bodies [][]byte) domain.Hash {
		var h domain.Hash
		for i, b := range bodies {
			h = domain.Link(first+int64(i), h, b)
		}
		return h
	}
	rapid.Check(t, func(t *rapid.T) {
		bodies := rapid.SliceOfN(rapid.SliceOf(rapid.Byte()), 1, 8).Draw(t, "bodies")
		head := chain(1, bodies)
		if head != chain(1, bodies) {
			t.Fatal("the same chain has two heads")
		}
		if chain(2, bodies) == head {
			t.Fatal("other numbers, the same head")
		}
		if chain(1, bodies[:len(bodies)-1]) == head {
			t.Fatal("truncated, the same head")
		}
		i := rapid.IntRange(0, len(bodies)-1).Draw(t, "i")
		changed := append([][]byte{}, bodies...)
		changed[i] = append(append([]byte{}, bodies[i]...), 0)
		if chain(1, changed) == head {
			t.Fatal("a body changed, the same head")
		}
		if j := rapid.IntRange(0, len(bodies)-1).Draw(t, "j"); string(bodies[i]) != string(bodies[j]) {
			swapped := append([][]byte{}, bodies...)
			swapped[i], swapped[j] = swapped[j], swapped[i]
			if chain(1, swapped) == head {
				t.Fatal("two events swapped, the same head")
			}
		}
	})
}

func TestParseHash(t *testing.T) {
	h := domain.Link(1, domain.Hash{}, []byte("x"))
	if back, err := domain.ParseHash(h.String()); err != nil || back != h {
		t.Errorf("%s comes back as %s: %v", h, back, err)
	}
	for _, s := range []string{"", "00", strings.Repeat("0", 63), strings.Repeat("0", 66), strings.Repeat("g", 64)} {
		if _, err := domain.ParseHash(s); err == nil {
			t.Errorf("%q is taken for a hash", s)
		}
	}
}
