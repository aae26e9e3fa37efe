package audit

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"authsec/internal/clocktest"
	"authsec/internal/domain"
)

func TestCheckpointsAreMadeWhenDue(t *testing.T) {
	d, c := newDatabase(t), clocktest.At(start)
	s := newSigner("ours")
	cps := checkpoints(d, s, c)
	last := func() int64 {
		t.Helper()
		cp, err := d.LastCheckpoint(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return cp.Seq
	}
	step := func(what string, want int64) {
		t.Helper()
		if err := cps.Tick(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := last(); got != want {
			t.Errorf("%s: last checkpoint at %d, want %d", what, got, want)
		}
	}
	step("an empty log", 0)
	d.fill(t, 0, 10)
	step("ten events, the first tick", 0)
	c.Advance(5*time.Minute - time.Second)
	step("just under five minutes", 0)
	c.Advance(time.Second)
	step("five minutes", 10)
	c.Advance(time.Hour)
	step("nothing new", 10)
	d.fill(t, 10, 1)
	step("something new, long after", 11)
	d.fill(t, 11, 999)
	step("999 events", 11)
	d.fill(t, 1010, 1)
	step("1,000 events", 1011)
	d.fill(t, 1011, 1)
	if err := errors.Join(cps.Close(t.Context()), cps.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
	step("closed", 1012)

	cp, err := d.LastCheckpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	payload, err := s.VerifyPayload("authsec-checkpoint+jws", cp.JWS)
	if err != nil {
		t.Fatal(err)
	}
	head, err := d.ChainHead(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(payload, &got); err != nil {
		t.Fatal(err)
	}
	if got["iss"] != "https://auth.example.com" || got["seq"] != float64(1012) || got["hash"] != head.Hash.String() ||
		got["iat"] != float64(c.Now().Unix()) || len(got) != 4 {
		t.Errorf("payload %s", payload)
	}
}

func TestCheckpointOnDemandIsOfTheHead(t *testing.T) {
	d, c := newDatabase(t), clocktest.At(start)
	cps := checkpoints(d, newSigner("ours"), c)
	empty, err := cps.Make(t.Context())
	if err != nil || empty.Seq != 0 || empty.JWS == "" {
		t.Errorf("of an empty log: %+v, %v", empty, err)
	}
	d.fill(t, 0, 3)
	first, err := cps.Make(t.Context())
	if err != nil || first.Seq != 3 {
		t.Fatalf("%+v, %v", first, err)
	}
	c.Advance(time.Hour)
	if again, err := cps.Make(t.Context()); err != nil || again != first {
		t.Errorf("made anew with nothing new: %+v, %v", again, err)
	}
	// A log that lost lines gets no new signature.
	d.exec(t, `DELETE FROM audit_events WHERE seq = 3`)
	d.exec(t, `UPDATE audit_head SET seq = 2`)
	if _, err := cps.Make(t.Context()); domain.KindOf(err) != domain.Conflict {
		t.Errorf("a head behind the last checkpoint was signed: %v", err)
	}
}

type brokenSigner struct{}

func (brokenSigner) SignPayload(context.Context, string, []byte, time.Time) (string, error) {
	return "", errors.New("no key")
}

func TestCheckpointsRunGoesOnAfterAFailure(t *testing.T) {
	d, c := newDatabase(t), clocktest.At(start)
	d.fill(t, 0, 1000)
	var l logged
	cps := checkpoints(d, brokenSigner{}, c)
	cps.Logger = l.Logger()
	tick := make(chan time.Time)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { cps.Run(ctx, tick); close(done) }()
	tick <- start
	tick <- start // taken only when the first one is done
	cancel()
	<-done
	if !strings.Contains(l.String(), "no key") {
		t.Errorf("log: %q", l.String())
	}
}

func TestStatementsAreReadStrictly(t *testing.T) {
	zero := strings.Repeat("0", 64)
	for _, bad := range []string{``, `{}`, `null`, `[]`, `{"iss":"x","seq":1,"hash":"00","iat":1}`, `{"iss":"x","seq":-1,"hash":"` + zero + `","iat":1}`,
		`{"iss":"x","seq":1,"hash":"` + zero + `","iat":1,"more":1}`, `{"iss":"x","seq":1,"hash":"` + zero + `","iat":1}{}`,
		`{"iss":"x","seq":99999999999999999999,"hash":"` + zero + `","iat":1}`} {
		if s, err := parseStatement([]byte(bad)); err == nil {
			t.Errorf("%s was read as %+v", bad, s)
		}
	}
	if _, err := parseStatement([]byte(`{"iss":"x","seq":1,"hash":"` + zero + `","iat":1}`)); err != nil {
		t.Error(err)
	}
}
