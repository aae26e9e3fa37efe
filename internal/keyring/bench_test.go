package keyring

import (
	"path/filepath"
	"testing"
	"time"

	"crypto/rand"
	"crypto/rsa"

	"authsec/internal/domain"
)

type privateKey = rsa.PrivateKey

func benchRow(b *testing.B) (MasterKey, domain.StoredKey) {
	b.Helper()
	master, err := CreateMasterKey(filepath.Join(b.TempDir(), "master.key"), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	private, row, err := (&Keyring{Now: time.Now}).newKey(0)
	if err != nil {
		b.Fatal(err)
	}
	if row.Sealed, err = master.seal(row, private); err != nil {
		b.Fatal(err)
	}
	return master, row
}

// A stored key must sign as fast as one just made: see unseal's Precompute.
func BenchmarkStoredKeySigns(b *testing.B) {
	master, row := benchRow(b)
	k, err := master.unseal(row)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := k.Sign(b.Context(), []byte("input")); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUnseal(b *testing.B) {
	master, row := benchRow(b)
	for b.Loop() {
		if _, err := master.unseal(row); err != nil {
			b.Fatal(err)
		}
	}
}
