package keyring

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
)

const (
	masterKeyBytes = 32
	// maxMasterKeyFile is far above base64 of 32 bytes and far below what would hurt.
	maxMasterKeyFile = 1 << 10
)

// MasterKey encrypts the signing keys at rest. It is never printed. Get it from
// OpenMasterKey; the zero value opens and seals nothing.
type MasterKey struct{ secret []byte }

const redacted = "[redacted]"

// Format implements fmt.Formatter: every verb redacts.
func (MasterKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText implements encoding.TextMarshaler; JSON uses it too.
func (MasterKey) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue implements slog.LogValuer.
func (MasterKey) LogValue() slog.Value { return slog.StringValue(redacted) }

// MasterKeyOptions say where the master key is and whether it may be made.
type MasterKeyOptions struct {
	Path string
	// MayCreate: the database is a SQLite file, whose operator need not bring a
	// key. PostgreSQL is shared, so each process must be given the same key.
	MayCreate bool
	HasKeys   bool // the database holds signing keys
	Random    io.Reader
}

// OpenMasterKey loads the master key. It makes one only where that can lock
// nobody out (DESIGN §6): MayCreate, no keys yet, and nothing at Path. Every
// other difficulty is an error that says what to do.
func OpenMasterKey(o MasterKeyOptions) (MasterKey, error) {
	if o.Path == "" {
		return MasterKey{}, errors.New("master-key-file is not set: name a file with 32 random bytes in base64, made with: (umask 077; openssl rand -base64 32 > FILE)")
	}
	m, err := LoadMasterKey(o.Path)
	switch {
	case !errors.Is(err, fs.ErrNotExist):
		return m, err
	case o.HasKeys:
		return MasterKey{}, fmt.Errorf("the database holds signing keys, but the master key that opens them is missing: restore it to %s from its backup: %w", o.Path, err)
	case !o.MayCreate:
		return MasterKey{}, fmt.Errorf("%w: make it with: (umask 077; openssl rand -base64 32 > %s)", err, o.Path)
	}
	m, err = CreateMasterKey(o.Path, o.Random)
	if errors.Is(err, fs.ErrExist) {
		return LoadMasterKey(o.Path) // another process was first
	}
	return m, err
}

// LoadMasterKey reads the key at path. fs.ErrNotExist: there is no such file.
func LoadMasterKey(path string) (MasterKey, error) {
	m, err := readMasterKey(path)
	if err != nil {
		return MasterKey{}, fmt.Errorf("master key file: %w", err)
	}
	return m, nil
}

func readMasterKey(path string) (MasterKey, error) {
	// Not blocking, so that a FIFO in the file's place cannot hang the start.
	// Links are followed: Kubernetes mounts a secret's keys as links.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) //nolint:gosec // the operator names it
	if err != nil {
		return MasterKey{}, err
	}
	defer f.Close() //nolint:errcheck // only read
	info, err := f.Stat()
	if err != nil {
		return MasterKey{}, err
	}
	if !info.Mode().IsRegular() {
		return MasterKey{}, fmt.Errorf("%s is not a regular file", path)
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return MasterKey{}, fmt.Errorf("%s: its owner is not known", path)
	}
	if !private(info.Mode().Perm(), int(owner.Uid), os.Geteuid()) {
		return MasterKey{}, fmt.Errorf("%s can be read or changed by others (mode %04o): run chmod 600 %s", path, info.Mode().Perm(), path)
	}
	content, err := io.ReadAll(io.LimitReader(f, maxMasterKeyFile+1))
	if err != nil {
		return MasterKey{}, err
	}
	secret, err := base64.StdEncoding.Strict().DecodeString(string(bytes.TrimRight(content, "\r\n")))
	if err != nil || len(secret) != masterKeyBytes {
		// Nothing of the content: a typing error away from the key is still the key.
		return MasterKey{}, fmt.Errorf("%s does not hold 32 bytes in base64: restore it from its backup", path)
	}
	return MasterKey{secret}, nil
}

// private is PostgreSQL's rule for its own key: nobody but the owner, or, when
// root owns the file and we are not root, our group may read it too. The latter
// is how Kubernetes hands a secret to a process that is not root (fsGroup).
func private(mode fs.FileMode, owner, euid int) bool {
	if owner == 0 && euid != 0 {
		return mode&0o037 == 0
	}
	return mode&0o077 == 0
}

// CreateMasterKey makes a key and writes it to path (0600). When it returns,
// the file survives a power cut; a crash before leaves no half of one.
// fs.ErrExist: there is something at path, which is left as it is.
func CreateMasterKey(path string, random io.Reader) (MasterKey, error) {
	secret := make([]byte, masterKeyBytes)
	if _, err := io.ReadFull(random, secret); err != nil {
		return MasterKey{}, fmt.Errorf("make a master key: read randomness: %w", err)
	}
	if err := writeNew(path, base64.StdEncoding.EncodeToString(secret)+"\n"); err != nil {
		return MasterKey{}, fmt.Errorf("make a master key: %w", err)
	}
	return MasterKey{secret}, nil
}

// nonceKeyInfo names what the key is for, and for nothing else (RFC 5869 §3.2).
const nonceKeyInfo = "authsec dpop nonce v1"

// NonceKey returns the key, of 32 bytes, that DPoP nonces are made with. It is the
// same for all who have the master key, and tells nothing about it.
func (m MasterKey) NonceKey() ([]byte, error) {
	if len(m.secret) != masterKeyBytes {
		return nil, errors.New("derive the nonce key: there is no master key")
	}
	key, err := hkdf.Key(sha256.New, m.secret, nil, nonceKeyInfo, sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("derive the nonce key: %w", err)
	}
	return key, nil
}

// writeNew writes a whole file beside path and links it there, which fails when
// path exists.
func writeNew(path, content string) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".master-key-*") // 0600, O_EXCL
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	_, err = f.WriteString(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil {
		return err
	}
	d, err := os.Open(dir) //nolint:gosec // the folder of a path the operator names
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
