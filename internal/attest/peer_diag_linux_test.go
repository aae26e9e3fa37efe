package attest

import "testing"

func FuzzParseInetDiag(f *testing.F) {
	f.Add(make([]byte, sizeofInetDiagMsg))
	f.Add([]byte{2})
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := parseInetDiag(b); err == nil && (len(b) < sizeofInetDiagMsg || !s.local.IsValid() || !s.remote.IsValid()) {
			t.Fatalf("%+v", s)
		}
	})
}

func FuzzParseUnixDiag(f *testing.F) {
	f.Add(append(make([]byte, sizeofUnixDiagMsg), 8, 0, unixDiagPeer, 0, 1, 2, 3, 4), uint64(0))
	f.Add([]byte{}, uint64(1))
	f.Fuzz(func(t *testing.T, b []byte, inode uint64) {
		if peer, err := parseUnixDiag(b, inode); err == nil && peer != 0 && len(b) < sizeofUnixDiagMsg+8 {
			t.Fatalf("%d out of %d bytes", peer, len(b))
		}
	})
}
