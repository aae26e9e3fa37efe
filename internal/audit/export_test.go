package audit

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"

	"authsec/internal/clocktest"
	"authsec/internal/domain"
)

func export(t testing.TB, d database, s Signer, f domain.EventFilter) []byte {
	t.Helper()
	var b bytes.Buffer
	e := Exporter{Store: d, Checkpoints: checkpoints(d, s, clocktest.At(start))}
	if err := e.Export(t.Context(), &b, f); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Whoever has the file alone can recompute the chain to the signed head.
func TestExportCanBeRecomputed(t *testing.T) {
	d, s, _ := logOf(t)
	d.fill(t, 1200, 77) // beyond the last checkpoint: the export makes its own
	odd := numbered(1)
	odd.Actor.Name = "<Ana> & \u2028 \"Bob\""
	if err := d.AppendEvents(t.Context(), []domain.Event{odd}, nil); err != nil {
		t.Fatal(err)
	}
	file := export(t, d, s, domain.EventFilter{})
	lines := strings.Split(strings.TrimSuffix(string(file), "\n"), "\n")
	if len(lines) != 1279 {
		t.Fatalf("%d lines", len(lines))
	}
	var hash domain.Hash
	for i, line := range lines[:1278] {
		var got struct {
			Seq   int64
			Hash  string
			Event json.RawMessage
		}
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatal(err)
		}
		hash = domain.Link(int64(i+1), hash, got.Event)
		if got.Seq != int64(i+1) || got.Hash != hash.String() {
			t.Fatalf("line %d does not link", i+1)
		}
	}
	marks, err := ReadCheckpoints(bytes.NewReader(file))
	if err != nil || len(marks) != 1 || marks[0].Seq != 1278 {
		t.Fatalf("%+v, %v", marks, err)
	}
	payload, err := s.VerifyPayload(TypCheckpoint, marks[0].JWS)
	if err != nil {
		t.Fatal(err)
	}
	if st, err := parseStatement(payload); err != nil || st.Seq != 1278 || st.Hash != hash.String() {
		t.Errorf("checkpoint %s, %v", payload, err)
	}
	report, err := Verify(t.Context(), d, s, marks, nil)
	if err != nil || report.FirstBroken != nil || report.Checkpoints != 5 {
		t.Errorf("%+v, %+v, %v", report, report.FirstBroken, err)
	}
}

func TestExportFilters(t *testing.T) {
	d := newDatabase(t)
	d.fill(t, 0, 1300)
	if err := d.AppendEvents(t.Context(), []domain.Event{issued(t, 1)}, nil); err != nil {
		t.Fatal(err)
	}
	file := export(t, d, newSigner("ours"), domain.EventFilter{Action: domain.ActionTokenIssue})
	if n := bytes.Count(file, []byte("\n")); n != 2 || !bytes.HasPrefix(file, []byte(`{"seq":1301,"hash":"`)) {
		t.Errorf("%d lines: %.80s", n, file)
	}
	var b bytes.Buffer
	e := Exporter{Store: d, Checkpoints: checkpoints(d, newSigner("ours"), clocktest.At(start))}
	if err := e.Export(t.Context(), &b, domain.EventFilter{Outcome: "perhaps"}); domain.KindOf(err) != domain.Invalid || b.Len() != 0 {
		t.Errorf("a bad filter: %v, %d bytes", err, b.Len())
	}
	full := errors.New("disk full")
	if err := e.Export(t.Context(), failing{full}, domain.EventFilter{}); !errors.Is(err, full) {
		t.Errorf("a full disk: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// A line that somebody else wrote cannot end the line and begin one of its own.
func TestExportKeepsEvidenceAndItsForm(t *testing.T) {
	d, s := newDatabase(t), newSigner("ours")
	d.fill(t, 0, 3)
	for _, body := range []string{"not json", "{}\n{\"checkpoint\":\"x\"}", "{\n}", "{\"a\":1}\r"} {
		d.exec(t, `UPDATE audit_events SET body = $1 WHERE seq = 2`, body)
		file := export(t, d, s, domain.EventFilter{})
		lines := bytes.Split(bytes.TrimSuffix(file, []byte("\n")), []byte("\n"))
		if len(lines) != 4 {
			t.Fatalf("%d lines", len(lines))
		}
		var got exportLine
		if err := json.Unmarshal(lines[1], &got); err != nil || string(got.BrokenBody) != body || got.Event != nil {
			t.Errorf("line %s, %v", lines[1], err)
		}
		if marks, err := ReadCheckpoints(bytes.NewReader(file)); err != nil || len(marks) != 1 || marks[0].Seq != 3 {
			t.Errorf("%+v, %v", marks, err)
		}
	}
}

func claim(seq int64) string {
	payload := fmt.Sprintf(`{"iss":"x","seq":%d,"hash":"%s","iat":1}`, seq, strings.Repeat("0", 64))
	return `{"checkpoint":"e30.` + base64.RawURLEncoding.EncodeToString([]byte(payload)) + `.c2ln"}`
}

func TestReadCheckpoints(t *testing.T) {
	event := `{"seq":1,"hash":"00","event":{}}`
	long := `{"seq":1,"event":"` + strings.Repeat("x", 3<<20) + `"}`
	for name, c := range map[string]struct {
		file string
		want []int64
		bad  bool
	}{
		"empty":                  {"", nil, false},
		"one export":             {event + "\n" + claim(1) + "\n", []int64{1}, false},
		"two exports":            {event + "\n" + claim(7) + "\n" + event + "\n" + claim(9) + "\n", []int64{7, 9}, false},
		"no last line break":     {claim(7), []int64{7}, false},
		"Windows line breaks":    {event + "\r\n" + claim(7) + "\r\n", []int64{7}, false},
		"a very long event":      {long + "\n" + claim(7) + "\n" + long, []int64{7}, false},
		"a very long checkpoint": {`{"checkpoint":"` + strings.Repeat("x", 1<<20) + `"}`, nil, true},
		"something else":         {event + "\nhello\n", nil, true},
		"an unknown member":      {strings.TrimSuffix(claim(1), "}") + `,"more":1}`, nil, true},
		"two objects on a line":  {claim(1) + claim(2), nil, true},
		"no JWS":                 {`{"checkpoint":"abc"}`, nil, true},
		"no payload":             {`{"checkpoint":"a.!.c"}`, nil, true},
		"too many":               {strings.Repeat(claim(1)+"\n", maxCheckpointsGot+1), nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ReadCheckpoints(iotest.HalfReader(strings.NewReader(c.file)))
			if c.bad {
				if domain.KindOf(err) != domain.Invalid || err == nil {
					t.Errorf("got %v", err)
				}
				return
			}
			var seqs []int64
			for _, cp := range got {
				seqs = append(seqs, cp.Seq)
			}
			if err != nil || fmt.Sprint(seqs) != fmt.Sprint(c.want) {
				t.Errorf("got %v, %v; want %v", seqs, err, c.want)
			}
		})
	}
	if _, err := ReadCheckpoints(iotest.ErrReader(errors.New("gone"))); err == nil || domain.KindOf(err) == domain.Invalid {
		t.Errorf("an unreadable file: %v", err)
	}
}

func FuzzReadCheckpoints(f *testing.F) {
	f.Add([]byte(`{"seq":1,"hash":"00","event":{}}` + "\n" + claim(1) + "\n"))
	f.Add([]byte(`{"checkpoint":"a.b.c"}`))
	f.Add([]byte("\n\r\n{\"seq\":"))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := ReadCheckpoints(bytes.NewReader(data))
		if err != nil {
			if domain.KindOf(err) != domain.Invalid || got != nil {
				t.Fatalf("%v with %d checkpoints", err, len(got))
			}
			return
		}
		for _, cp := range got {
			if s, err := claimOf(cp.JWS); err != nil || s.Seq != cp.Seq || cp.Seq < 0 || len(cp.JWS) > maxCheckpoint {
				t.Fatalf("accepted %+v", cp)
			}
		}
	})
}
