package recall

import (
	"encoding/json"
	"errors"
	"os"
	"testing"
	"time"

	"authsec/sdk/go/jwks"
	"authsec/sdk/go/jws"
)

const folder = "../../../../testdata/vectors/"

type head struct {
	Now           int64
	Issuer        string
	LeewaySeconds int64 `json:"leeway_seconds"`
}

type listCase struct {
	Name, URI, Token, Error string
	Valid                   bool
	Bits, Size              int
	TTL, Iat, Exp           int64
	Statuses                []struct {
		Idx    int64
		Status byte
	}
	OutOfRange []int64 `json:"out_of_range"`
}

type eventCase struct {
	Name, Token, Error string
	Valid              bool
	Event              struct {
		Seq, Iat int64
		URI, JTI string
		Idx      int64
		Fresh    *bool
	}
}

func load(tb testing.TB, name string, v any) {
	tb.Helper()
	text, err := os.ReadFile(folder + name)
	if err != nil {
		tb.Fatal(err)
	}
	if err := json.Unmarshal(text, v); err != nil {
		tb.Fatal(err)
	}
}

func publicKeys(tb testing.TB) jwks.Keys {
	tb.Helper()
	text, err := os.ReadFile(folder + "jwks.json")
	if err != nil {
		tb.Fatal(err)
	}
	keys, err := jwks.Parse(text, jwks.Policy{Algorithms: []string{jws.RS256}})
	if err != nil {
		tb.Fatal(err)
	}
	return keys
}

func (h head) reader(tb testing.TB) *reader {
	return &reader{h.Issuer, time.Duration(h.LeewaySeconds) * time.Second, func() time.Time { return time.Unix(h.Now, 0) }, publicKeys(tb)}
}

func checkCode(t *testing.T, err error, want string) {
	t.Helper()
	code := ""
	if e, ok := errors.AsType[*Error](err); ok {
		code = e.Code
	}
	if code != want || (err == nil) != (want == "") {
		t.Fatalf("got code %q, error %v: want code %q", code, err, want)
	}
}

func TestListVectors(t *testing.T) {
	var file struct {
		head
		Cases []listCase
	}
	load(t, "revocation/lists.json", &file)
	r := file.reader(t)
	if len(file.Cases) < 50 {
		t.Fatalf("only %d cases", len(file.Cases))
	}
	for _, c := range file.Cases {
		t.Run(c.Name, func(t *testing.T) {
			l, err := r.list(t.Context(), c.URI, c.Token)
			checkCode(t, err, c.Error)
			if err != nil {
				return
			}
			if l.bits != c.Bits || l.Len() != c.Size || l.TTL != time.Duration(c.TTL)*time.Second || l.IssuedAt.Unix() != c.Iat || l.ExpiresAt.Unix() != c.Exp {
				t.Errorf("got %d bits, %d statuses, ttl %s, iat %d, exp %d: want %+v", l.bits, l.Len(), l.TTL, l.IssuedAt.Unix(), l.ExpiresAt.Unix(), c)
			}
			for _, s := range c.Statuses {
				if got, ok := l.Status(s.Idx); !ok || got != s.Status {
					t.Errorf("status %d: got %d, %t, want %d", s.Idx, got, ok, s.Status)
				}
			}
			for _, i := range append(c.OutOfRange, -1) {
				if _, ok := l.Status(i); ok {
					t.Errorf("there is a status %d", i)
				}
			}
		})
	}
}

func TestEventVectors(t *testing.T) {
	var file struct {
		head
		Cases []eventCase
	}
	load(t, "revocation/events.json", &file)
	r := file.reader(t)
	if len(file.Cases) < 50 {
		t.Fatalf("only %d cases", len(file.Cases))
	}
	for _, c := range file.Cases {
		t.Run(c.Name, func(t *testing.T) {
			e, err := r.event(t.Context(), c.Token)
			checkCode(t, err, c.Error)
			if err != nil {
				return
			}
			want := c.Event
			if e.Sequence != want.Seq || e.IssuedAt.Unix() != want.Iat || e.TokenID != want.JTI || e.Heartbeat != (want.Fresh != nil) {
				t.Errorf("got %+v, want %+v", e, want)
			}
			if want.URI != "" && (e.Status == nil || *e.Status != Reference{want.URI, want.Idx}) || want.URI == "" && e.Status != nil {
				t.Errorf("got status %v, want %+v", e.Status, want)
			}
			if want.Fresh != nil && r.isAlive(e) != *want.Fresh {
				t.Errorf("alive: %t", r.isAlive(e))
			}
		})
	}
}

func TestLongListIsRefused(t *testing.T) {
	r := head{Now: 1780000000, Issuer: "https://authsec.example.com"}.reader(t)
	_, err := r.list(t.Context(), "https://authsec.example.com/oauth2/status-lists/1", string(make([]byte, maxListBytes+1)))
	checkCode(t, err, "malformed")
}

func TestRetire(t *testing.T) {
	for _, bits := range []int{1, 2, 4, 8} {
		l := &List{bits: bits, statuses: make([]byte, 4)}
		n := int64(l.Len())
		for _, i := range []int64{-1, 0, 3, n - 1, n, 1 << 40} {
			l.retire(i)
		}
		for i := range n {
			want := byte(0)
			if i == 0 || i == 3 || i == n-1 {
				want = 1
			}
			if got, _ := l.Status(i); got != want {
				t.Errorf("%d bits, index %d: got %d, want %d", bits, i, got, want)
			}
		}
	}
}

// FuzzParseList looks for a signed list that breaks the reader.
func FuzzParseList(f *testing.F) {
	for _, text := range []string{
		`{"status_list":{"bits":2,"lst":"eNo76fITAAPfAgc"},"ttl":10}`, `{"status_list":{"bits":1,"lst":"eNrbuRgAAhcBXQ"}}`,
		`{"status_list":{"bits":3,"lst":""}}`, `{"status_list":null}`, `{}`,
	} {
		f.Add([]byte(text), int64(3))
	}
	f.Fuzz(func(t *testing.T, payload []byte, index int64) {
		o, err := jws.ParseObject(payload)
		if err != nil {
			return
		}
		l, err := parseList(o)
		if (err == nil) != (l != nil) {
			t.Fatalf("list %v beside error %v", l, err)
		}
		if err != nil {
			return
		}
		if len(l.statuses) > maxListBytes || l.TTL < 0 {
			t.Fatalf("got %d bytes, ttl %s", len(l.statuses), l.TTL)
		}
		if s, ok := l.Status(index); ok != (index >= 0 && index < int64(l.Len())) || int(s) >= 1<<l.bits {
			t.Fatalf("status %d of %d: got %d, %t", index, l.Len(), s, ok)
		}
		l.retire(index)
		if s, ok := l.Status(index); ok && s == 0 {
			t.Fatal("a retired index is valid")
		}
	})
}

// FuzzParsePage does so for the feed, FuzzParseStatus for what tokens refer to.
func FuzzParsePage(f *testing.F) {
	f.Add([]byte(`{"events":["a.b.c"],"last":7,"more":false}`))
	f.Add([]byte(`{"events":[],"last":-1,"more":null}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if p, err := parsePage(body); err == nil && (p.last < 0 || p.last > maxInteger) {
			t.Fatalf("got %+v", p)
		}
	})
}

func FuzzParseStatus(f *testing.F) {
	const issuer = "https://authsec.example.com"
	f.Add([]byte(`{"status_list":{"idx":5,"uri":"https://authsec.example.com/oauth2/status-lists/1"}}`))
	f.Add([]byte(`{"status_list":{"idx":5,"uri":"https://authsec.example.com/oauth2/status-lists/../x"}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		o, err := jws.ParseObject(text)
		if err != nil {
			return
		}
		ref, err := ParseStatus(map[string]any(o), issuer)
		if (err == nil) != (ref != nil) {
			t.Fatalf("reference %v beside error %v", ref, err)
		}
		if err == nil && (ref.Index < 0 || len(ref.URI) <= len(issuer+listsPath) || ref.URI[:len(issuer+listsPath)] != issuer+listsPath) {
			t.Fatalf("got %+v", ref)
		}
	})
}

// FuzzEvent holds every event that is no vector to being refused.
func FuzzEvent(f *testing.F) {
	var file struct {
		head
		Cases []eventCase
	}
	load(f, "revocation/events.json", &file)
	r := file.reader(f)
	valid := map[string]bool{}
	for _, c := range file.Cases {
		f.Add(c.Token)
		valid[c.Token] = c.Valid
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if _, err := r.event(t.Context(), raw); (err == nil) != valid[raw] {
			t.Fatalf("got error %v for an event that is valid: %t", err, valid[raw])
		}
	})
}
