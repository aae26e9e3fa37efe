package sse

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

type streamCase struct {
	Name   string
	Stream string
	Events []struct{ Event, ID, Data string }
}

func streamCases(tb testing.TB) []streamCase {
	tb.Helper()
	text, err := os.ReadFile("../../../../testdata/vectors/revocation/streams.json")
	if err != nil {
		tb.Fatal(err)
	}
	var file struct{ Cases []streamCase }
	if err := json.Unmarshal(text, &file); err != nil || len(file.Cases) == 0 {
		tb.Fatalf("streams.json: %v, %d cases", err, len(file.Cases))
	}
	return file.Cases
}

func readAll(r *Reader) ([]Event, error) {
	var events []Event
	for {
		e, err := r.Next()
		if err != nil {
			return events, err
		}
		events = append(events, e)
	}
}

func TestVectors(t *testing.T) {
	for _, c := range streamCases(t) {
		t.Run(c.Name, func(t *testing.T) {
			var want []Event
			for _, e := range c.Events {
				want = append(want, Event{e.Event, e.ID, e.Data})
			}
			for name, in := range map[string]io.Reader{
				"at once":      strings.NewReader(c.Stream),
				"byte by byte": iotest.OneByteReader(strings.NewReader(c.Stream)),
			} {
				got, err := readAll(NewReader(in, 1024))
				if !errors.Is(err, io.EOF) || !reflect.DeepEqual(got, want) {
					t.Errorf("%s: got %+v, %v; want %+v", name, got, err, want)
				}
			}
		})
	}
}

// An event that ends in CR is there at once: what follows may take for ever.
func TestCarriageReturnIsNotWaitedBehind(t *testing.T) {
	in, out := io.Pipe()
	go func() { _, _ = io.WriteString(out, "data: a\r\rdata: b\r\n\r\n") }()
	r := NewReader(in, 1024)
	for _, want := range []string{"a", "b"} {
		if e, err := r.Next(); err != nil || e.Data != want {
			t.Fatalf("got %+v, %v; want %s", e, err, want)
		}
	}
}

func TestLimit(t *testing.T) {
	for name, stream := range map[string]string{
		"one line":      "data: " + strings.Repeat("a", 100),
		"many lines":    strings.Repeat("data: a\n", 20),
		"many comments": strings.Repeat(": hello\n", 20),
		"no end":        strings.Repeat("x", 1<<20),
	} {
		if _, err := readAll(NewReader(strings.NewReader(stream), 100)); !errors.Is(err, ErrTooLong) {
			t.Errorf("%s: got %v, want ErrTooLong", name, err)
		}
	}
	got, err := readAll(NewReader(strings.NewReader(strings.Repeat("data: 0123456789\n\n", 50)), 20))
	if len(got) != 50 || !errors.Is(err, io.EOF) {
		t.Errorf("got %d events and %v: the limit is for each", len(got), err)
	}
}

func FuzzReader(f *testing.F) {
	for _, c := range streamCases(f) {
		f.Add(c.Stream)
	}
	f.Fuzz(func(t *testing.T, stream string) {
		got, err := readAll(NewReader(strings.NewReader(stream), 256))
		if !errors.Is(err, io.EOF) && !errors.Is(err, ErrTooLong) {
			t.Fatal(err)
		}
		again, _ := readAll(NewReader(iotest.OneByteReader(strings.NewReader(stream)), 256))
		if !reflect.DeepEqual(got, again) {
			t.Fatalf("got %+v at once and %+v byte by byte", got, again)
		}
		for _, e := range got {
			if strings.ContainsAny(e.ID+e.Type, "\r\n\x00") && !strings.Contains(e.Type, "\x00") || strings.Contains(e.Data, "\r") || len(e.Data) > 256 {
				t.Fatalf("got %+v", e)
			}
		}
	})
}
