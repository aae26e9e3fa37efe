package keyring

import (
	"strings"
	"testing"
	"time"
)

// What a row holds must be the key that its name says, even if our own code
// sealed it.
func TestKeyIDIsTheKeysOwn(t *testing.T) {
	d := deploy(t)
	private, row, err := d.process().newKey(0)
	if err != nil {
		t.Fatal(err)
	}
	other, _, err := d.process().newKey(0)
	if err != nil {
		t.Fatal(err)
	}
	if row.Sealed, err = d.master.seal(row, other); err != nil {
		t.Fatal(err)
	}
	_, err = d.master.unseal(row)
	wantError(t, err, "another key")
	if row.Sealed, err = d.master.seal(row, private); err != nil {
		t.Fatal(err)
	}
	if k, err := d.master.unseal(row); err != nil || k.KeyID() != row.KID || len(row.KID) != 43 {
		t.Errorf("the right one: %v", err)
	}
}

func TestUnsealBoundsItsInput(t *testing.T) {
	d := deploy(t)
	d.ready(t)
	rows, err := d.store.SigningKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n := len(rows[0].Sealed); n > maxSealed/4 {
		t.Errorf("a sealed key has %d bytes: the limit is near", n)
	}
	rows[0].Sealed = strings.Repeat("A", maxSealed+1)
	_, err = d.master.unseal(rows[0])
	wantError(t, err, "too long")
}

// FuzzUnseal: a row is what whoever can write the database made of it.
func FuzzUnseal(f *testing.F) {
	master := MasterKey{make([]byte, masterKeyBytes)}
	k := &Keyring{Now: func() time.Time { return start }}
	private, row, err := k.newKey(0)
	if err != nil {
		f.Fatal(err)
	}
	sealed, err := master.seal(row, private)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed)
	f.Add(sealed[:len(sealed)-1])
	f.Add("eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0....")
	f.Fuzz(func(t *testing.T, s string) {
		row.Sealed = s
		// base64 has several spellings of one ciphertext; a key has none.
		if k, err := master.unseal(row); err == nil && !k.private.Equal(private) {
			t.Fatalf("another key was opened: %q", s)
		}
	})
}
