package revocation

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"io"
	"slices"
	"testing"

	"authsec/internal/domain"
)

// array reads an lst back, as a verifier does (§8.3 items 5 and 6).
func array(t testing.TB, lst string) []byte {
	t.Helper()
	compressed, err := base64.RawURLEncoding.DecodeString(lst)
	must(t, err)
	r, err := zlib.NewReader(bytes.NewReader(compressed))
	must(t, err)
	raw, err := io.ReadAll(r)
	must(t, err)
	return raw
}

// The example with two bits of §4.1 and §4.2 in draft-ietf-oauth-status-list.
func TestStatusList4_1_Vector(t *testing.T) {
	got := make([]byte, 3)
	for index, status := range []byte{1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3} {
		set(got, int64(index), status)
	}
	if want := []byte{0xc9, 0x44, 0xf9}; !bytes.Equal(got, want) {
		t.Fatalf("%x, want %x", got, want)
	}
	compressed, err := compress(got)
	must(t, err)
	if ours := array(t, base64.RawURLEncoding.EncodeToString(compressed)); !bytes.Equal(ours, got) {
		t.Errorf("%x", ours)
	}
	if theirs := array(t, "eNo76fITAAPfAgc"); !bytes.Equal(theirs, got) {
		t.Errorf("%x", theirs)
	}
	if compressed[0] != 0x78 || compressed[1] != 0xda { // ZLIB, the highest level
		t.Errorf("%x", compressed)
	}
}

func TestEncode(t *testing.T) {
	retired := []int64{0, 1, 5, 4095, domain.StatusListSize - 1}
	lst, err := encode(domain.StatusList{ID: 1, Size: domain.StatusListSize, Retired: retired})
	must(t, err)
	raw := array(t, lst)
	if len(raw) != 32<<10 {
		t.Fatalf("%d bytes", len(raw))
	}
	for i := range int64(domain.StatusListSize) {
		want := byte(0)
		if slices.Contains(retired, i) {
			want = 1
		}
		if got := raw[i/4] >> (i % 4 * 2) & 3; got != want {
			t.Fatalf("index %d has status %d, want %d", i, got, want)
		}
	}
	if len(lst) > 200 {
		t.Errorf("a list of few takes %d bytes", len(lst))
	}
	for _, bad := range []domain.StatusList{
		{Size: domain.StatusListSize, Retired: []int64{domain.StatusListSize}}, {Size: domain.StatusListSize, Retired: []int64{-1}},
		{Size: 0}, {Size: domain.StatusListSize + 1},
	} {
		if _, err := encode(bad); err == nil {
			t.Errorf("encoded %+v", bad)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	l := domain.StatusList{Size: domain.StatusListSize}
	for i := int64(0); i < l.Size; i += 7 {
		l.Retired = append(l.Retired, i)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := encode(l); err != nil {
			b.Fatal(err)
		}
	}
}
