package sdkapi

import (
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/httpapi/wire"
)

const client = "0198c1f2-7a10-7c3e-9b1d-2f4a5b6c7d8e"

func request(t testing.TB, query string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(wire.NewContext(t.Context(), &wire.Request{ID: "req-1", IP: "127.0.0.1"}), http.MethodGet, "/", nil)
	r.URL.RawQuery = query
	return r
}

func TestParse(t *testing.T) {
	r := request(t, "client_id="+strings.ToUpper(client)+"&delegation_id="+strings.ToUpper(client)+"&role=support&audience=b&audience=a&actions=a:b,c:d+e:f&ttl=90")
	r.Header.Set("Authorization", "bearer  tok ")
	got, err := parse(r)
	if err != nil {
		t.Fatal(err)
	}
	if got.ClientID != client || got.DelegationID != client || got.Role != "support" || got.TTL != 90*time.Second || got.IP != "127.0.0.1" || got.RequestID != "req-1" ||
		!reflect.DeepEqual(got.Audience, []string{"b", "a"}) || !reflect.DeepEqual(got.Actions, []string{"a:b", "c:d", "e:f"}) || got.Proof.Bearer.Reveal() != "tok" || !got.Proof.Loopback {
		t.Errorf("%+v", got)
	}
	r = request(t, "client_id="+client)
	r.Header.Set("Via", "1.1 proxy")
	if got, err = parse(r); err != nil || got.Proof.Loopback || !got.Proof.Empty() || got.TTL != 0 {
		t.Errorf("%+v %v", got, err)
	}
}

// TestBasicCredentials are form-encoded before they are base64-encoded.
func TestBasicCredentials(t *testing.T) {
	encode := func(s string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(s)) }
	for _, c := range []struct {
		header, id, secret string
		ok                 bool
	}{
		{encode(strings.ToUpper(client) + ":s3cret"), client, "s3cret", true},
		{encode("a:b:c"), "a", "b:c", true},
		{encode("a:%2B%25+"), "a", "+% ", true},
		{encode(":"), "", "", true},
		{encode("a"), "", "", false},
		{encode("a:%zz"), "", "", false},
		{encode("%zz:a"), "", "", false},
		{"Basic", "", "", false},
		{"Basic ****", "", "", false},
		{"Bearer", "", "", false},
		{"Bearer ", "", "", false},
		{"", "", "", false},
		{"Negotiate abc", "", "", false},
	} {
		r := request(t, "client_id="+client)
		r.Header.Set("Authorization", c.header)
		got, err := parse(r)
		if !c.ok {
			if domain.CodeOf(err) != "invalid_workload_proof" || domain.KindOf(err) != domain.Unauthenticated {
				t.Errorf("%q: %v", c.header, err)
			}
			continue
		}
		if err != nil || got.Proof.Basic == nil || got.Proof.Basic.ClientID != c.id || got.Proof.Basic.Secret.Reveal() != c.secret || got.Proof.Bearer != "" {
			t.Errorf("%q: %+v %v", c.header, got.Proof, err)
		}
	}
}

// FuzzParse: any query and any headers are a request or the caller's fault, the
// same one each time, and no credential is repeated in it.
func FuzzParse(f *testing.F) {
	f.Add("client_id="+client+"&actions=a:b&ttl=60", "", "Bearer x")
	f.Add("client_id="+client+"&client_id=x", client, "Basic YTpi")
	f.Add("audience=a&audience=%00&role=%ff;", "\xff", "Basic "+strings.Repeat("=", 9))
	f.Add("ttl=-9223372036854775808", "a", "Negotiate 0123456789=")
	f.Fuzz(func(t *testing.T, query, id, authorization string) {
		run := func() (any, error) {
			r := request(t, query)
			if id != "" {
				r.Header["X-Client-Id"] = []string{id}
			}
			if authorization != "" {
				r.Header["Authorization"] = []string{authorization}
			}
			return parse(r)
		}
		got, err := run()
		again, errAgain := run()
		if err == nil {
			if !reflect.DeepEqual(got, again) || errAgain != nil {
				t.Fatalf("%+v, then %+v %v", got, again, errAgain)
			}
			return
		}
		if errAgain == nil || err.Error() != errAgain.Error() {
			t.Fatalf("%v, then %v", err, errAgain)
		}
		if k := domain.KindOf(err); k != domain.Invalid && k != domain.Unauthenticated {
			t.Fatalf("not the caller's fault: %v", err)
		}
		// Digits and punctuation alone stand in no text of ours: what is repeated is the caller's.
		const ours = "0123456789 ="
		_, value, _ := strings.Cut(authorization, " ")
		if len(value) > 8 && strings.Trim(value, ours) == "" && strings.Contains(err.Error(), value) && !strings.Contains(query+id, value) {
			t.Fatalf("the credential is repeated: %v", err)
		}
	})
}

// BenchmarkParse is the first room that every token request walks through.
func BenchmarkParse(b *testing.B) {
	r := request(b, "client_id="+client+"&actions=billing:read&ttl=600")
	r.Header.Set("Authorization", "Bearer "+strings.Repeat("a", 1000))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := parse(r); err != nil {
			b.Fatal(err)
		}
	}
}

// A certificate of the connection is the proof where no header is.
func TestCertificates(t *testing.T) {
	chain := []*x509.Certificate{{Raw: []byte("leaf")}}
	for header, want := range map[string]int{"": 1, "Bearer x": 0, "Basic YTpi": 0} {
		r := httptest.NewRequestWithContext(wire.NewContext(t.Context(), &wire.Request{IP: "192.0.2.1", Certificates: chain}), http.MethodGet, "/?client_id="+client, nil)
		if header != "" {
			r.Header.Set("Authorization", header)
		}
		got, err := parse(r)
		if err != nil || len(got.Proof.Certificates) != want || got.Proof.Empty() {
			t.Errorf("%q: %+v %v", header, got.Proof, err)
		}
	}
}
