package app

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"authsec/internal/attest/spiffetest"
)

// A certificate is renewed file by file: until both fit, the one before is
// served, and the log says so once for each try.
func TestCertificateFiles(t *testing.T) {
	authority, dir := spiffetest.NewAuthority(t, "example.org"), t.TempDir()
	var log bytes.Buffer
	files := &certificateFiles{cert: filepath.Join(dir, "tls.crt"), key: filepath.Join(dir, "tls.key"), log: slog.New(slog.NewTextHandler(&log, nil))}
	put := func(path, kind string, der []byte) {
		t.Helper()
		next := path + ".next"
		if err := errors.Join(os.WriteFile(next, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600), os.Rename(next, path)); err != nil {
			t.Fatal(err)
		}
	}
	putKey := func(c tls.Certificate) {
		t.Helper()
		der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
		if err != nil {
			t.Fatal(err)
		}
		put(files.key, "PRIVATE KEY", der)
	}
	served := func(want tls.Certificate, warnings int) {
		t.Helper()
		log.Reset()
		for range 3 {
			got, err := files.get(nil)
			if err != nil || !bytes.Equal(got.Certificate[0], want.Certificate[0]) {
				t.Fatalf("another certificate: %v", err)
			}
		}
		if n := strings.Count(log.String(), "not renewed"); n != warnings {
			t.Errorf("%d warnings, want %d:\n%s", n, warnings, &log)
		}
	}
	if err := files.load(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no files: %v", err)
	}
	first, second := authority.X509SVID(spiffetest.Leaf{Path: "/a"}), authority.X509SVID(spiffetest.Leaf{Path: "/b"})
	put(files.cert, "CERTIFICATE", first.Certificate[0])
	putKey(first)
	if err := files.load(); err != nil {
		t.Fatal(err)
	}
	served(first, 0)
	put(files.cert, "CERTIFICATE", second.Certificate[0])
	served(first, 1)
	putKey(second)
	served(second, 0)
	put(files.key, "PRIVATE KEY", []byte("x"))
	served(second, 1)
	if err := os.Remove(files.key); err != nil {
		t.Fatal(err)
	}
	served(second, 1)
	putKey(second)
	served(second, 0)
}
