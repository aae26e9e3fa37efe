package domain_test

import (
	"bytes"
	"crypto/rand"
	"slices"
	"testing"

	"authsec/internal/domain"
)

func TestNewID(t *testing.T) {
	ids := make([]string, 2000)
	for i := range ids {
		id, err := domain.NewID(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if canonical, ok := domain.ParseID(id); !ok || canonical != id {
			t.Fatalf("%q is not canonical", id)
		}
		if id[14] != '7' {
			t.Fatalf("%q is not of version 7", id)
		}
		ids[i] = id
	}
	// Keyset paging relies on the order of making.
	if !slices.IsSorted(ids) || len(slices.Compact(slices.Clone(ids))) != len(ids) {
		t.Error("IDs are not unique and sorted by the time of their making")
	}
	if _, err := domain.NewID(bytes.NewReader(nil)); err == nil {
		t.Error("an ID was made without randomness")
	}
}

func TestParseID(t *testing.T) {
	const id = "0190a000-0000-7000-8000-00000000abcd"
	for in, want := range map[string]string{
		id: id, "0190A000-0000-7000-8000-00000000ABCD": id,
		"": "", "0190a000": "", "{" + id + "}": "", "urn:uuid:" + id: "", "0190a00000007000800000000000abcd": "",
		id + "\n": "", " " + id[1:]: "", "0190a000-0000-7000-8000-00000000abcg": "", "0190a000-0000-7000-8000-00000000ab\u00e9": "",
		"0190a000_0000_7000_8000_00000000abcd": "",
	} {
		got, ok := domain.ParseID(in)
		if got != want || ok != (want != "") {
			t.Errorf("%q: got %q, %t, want %q", in, got, ok, want)
		}
	}
}
