package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

const folder = "../../../../testdata/vectors"

// The committed vectors are exactly what this program writes.
func TestCommittedVectorsAreGenerated(t *testing.T) {
	files, err := generate(folder)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s differs from what vectorgen writes: run go generate ./internal/vectorgen", name)
		}
	}
}

func TestOnlyPublicKeysArePublished(t *testing.T) {
	files, err := generate(folder)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(files["jwks.json"], []byte(`"d"`)) {
		t.Error("jwks.json holds a private key")
	}
	if bytes.Contains(files["jwks.json"], []byte(unpublished)) {
		t.Error("jwks.json holds the key that must not be published")
	}
}
