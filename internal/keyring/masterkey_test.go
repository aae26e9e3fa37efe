package keyring

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

const goodKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

func writeKey(t *testing.T, content string, mode fs.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "master.key")
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestMasterKeyFile(t *testing.T) {
	for name, c := range map[string]struct {
		content string
		mode    fs.FileMode
		want    string // "" : it loads
	}{
		"as made":            {goodKey + "\n", 0o600, ""},
		"without line end":   {goodKey, 0o600, ""},
		"Windows line end":   {goodKey + "\r\n", 0o600, ""},
		"read only":          {goodKey, 0o400, ""},
		"group may read":     {goodKey, 0o640, "chmod 600"},
		"all may read":       {goodKey, 0o604, "chmod 600"},
		"group may write":    {goodKey, 0o620, "chmod 600"},
		"all may all":        {goodKey, 0o777, "chmod 600"},
		"empty":              {"", 0o600, "32 bytes in base64"},
		"short":              {"AAEC", 0o600, "32 bytes in base64"},
		"long":               {goodKey[:40] + goodKey, 0o600, "32 bytes in base64"},
		"huge":               {strings.Repeat(goodKey, 1<<16), 0o600, "32 bytes in base64"},
		"raw":                {strings.Repeat("\x01", 32), 0o600, "32 bytes in base64"},
		"something else":     {"not a key at all, but as long as one would be", 0o600, "32 bytes in base64"},
		"two lines":          {goodKey + "\n" + goodKey + "\n", 0o600, "32 bytes in base64"},
		"trailing bits":      {goodKey[:42] + "9=", 0o600, "32 bytes in base64"},
		"surrounding spaces": {" " + goodKey, 0o600, "32 bytes in base64"},
	} {
		t.Run(name, func(t *testing.T) {
			path := writeKey(t, c.content, c.mode)
			m, err := LoadMasterKey(path)
			if c.want == "" {
				if err != nil || len(m.secret) != 32 || m.secret[31] != 31 {
					t.Errorf("got %d bytes, %v", len(m.secret), err)
				}
				return
			}
			wantError(t, err, c.want)
			wantError(t, err, path)
			if len(c.content) > 8 && strings.Contains(err.Error(), c.content[:8]) {
				t.Errorf("%v shows the file's content", err)
			}
			// What cannot be used is never replaced.
			if _, err := OpenMasterKey(MasterKeyOptions{Path: path, MayCreate: true, Random: rand.Reader}); err == nil {
				t.Error("opened after all")
			}
			if after, err := os.ReadFile(path); err != nil || string(after) != c.content {
				t.Errorf("the file changed, %v", err)
			}
		})
	}
}

// PostgreSQL's rule, on which Kubernetes deployments that are not root rely.
func TestPrivate(t *testing.T) {
	for _, c := range []struct {
		mode        fs.FileMode
		owner, euid int
		want        bool
	}{
		{0o600, 1000, 1000, true}, {0o400, 1000, 1000, true}, {0o640, 1000, 1000, false}, {0o601, 1000, 1000, false},
		{0o440, 0, 1000, true}, {0o640, 0, 1000, true}, {0o660, 0, 1000, false}, {0o644, 0, 1000, false}, {0o650, 0, 1000, false},
		{0o600, 0, 0, true}, {0o640, 0, 0, false}, {0o440, 0, 0, false},
		{0o440, 1001, 1000, false}, {0o400, 1001, 1000, true},
	} {
		if got := private(c.mode, c.owner, c.euid); got != c.want {
			t.Errorf("mode %04o of %d, read by %d: %v", c.mode, c.owner, c.euid, got)
		}
	}
}

func TestMasterKeyIsNoPlainFile(t *testing.T) {
	dir := t.TempDir()
	_, err := LoadMasterKey(dir)
	wantError(t, err, "not a regular file")
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = LoadMasterKey(pipe)
	wantError(t, err, "not a regular file")
	// As Kubernetes mounts a secret: key → ..data/key → a folder with a date.
	if err := os.Symlink(filepath.Dir(writeKey(t, goodKey, 0o400)), filepath.Join(dir, "..data")); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "key")
	if err := os.Symlink("..data/master.key", link); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadMasterKey(link); err != nil {
		t.Errorf("through links: %v", err)
	}
}

func TestCreateMasterKey(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "master.key")
	made, err := CreateMasterKey(path, bytes.NewReader(bytes.Repeat([]byte{7}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	loaded, err := LoadMasterKey(path)
	if err != nil || !bytes.Equal(loaded.secret, made.secret) || made.secret[0] != 7 {
		t.Errorf("loaded another key, %v", err)
	}
	if _, err := CreateMasterKey(path, rand.Reader); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over an existing one: %v", err)
	}
	if again, err := LoadMasterKey(path); err != nil || !bytes.Equal(again.secret, made.secret) {
		t.Errorf("it was replaced, %v", err)
	}
	if _, err := CreateMasterKey(filepath.Join(dir, "short"), bytes.NewReader(make([]byte, 31))); err == nil {
		t.Error("made of too little randomness")
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestOpenMasterKeyDecides(t *testing.T) {
	for name, c := range map[string]struct {
		mayCreate, hasKeys, exists bool
		want                       string // "" : it opens
	}{
		"SQLite, first start":      {true, false, false, ""},
		"SQLite, later":            {true, true, true, ""},
		"SQLite, key made before":  {true, false, true, ""},
		"SQLite, file lost":        {true, true, false, "restore it"},
		"PostgreSQL, key given":    {false, false, true, ""},
		"PostgreSQL, later":        {false, true, true, ""},
		"PostgreSQL, file missing": {false, false, false, "openssl rand"},
		"PostgreSQL, file lost":    {false, true, false, "restore it"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "master.key")
			if c.exists {
				path = writeKey(t, goodKey, 0o600)
			}
			m, err := OpenMasterKey(MasterKeyOptions{Path: path, MayCreate: c.mayCreate, HasKeys: c.hasKeys, Random: rand.Reader})
			if c.want == "" {
				if err != nil || len(m.secret) != 32 || (m.secret[31] == 31) != c.exists {
					t.Errorf("got %d bytes, %v", len(m.secret), err)
				}
				return
			}
			wantError(t, err, c.want)
			if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("a key was made: %v", err)
			}
		})
	}
	_, err := OpenMasterKey(MasterKeyOptions{})
	wantError(t, err, "master-key-file")
}

func TestProcessesThatMakeTheMasterKeyTogether(t *testing.T) {
	path := filepath.Join(t.TempDir(), "master.key")
	keys := make([]MasterKey, 8)
	var wg sync.WaitGroup
	for i := range keys {
		wg.Go(func() {
			var err error
			if keys[i], err = OpenMasterKey(MasterKeyOptions{Path: path, MayCreate: true, Random: rand.Reader}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, k := range keys {
		if !bytes.Equal(k.secret, keys[0].secret) || len(k.secret) != 32 {
			t.Error("two processes have different keys")
		}
	}
}

func TestMasterKeyIsNeverPrinted(t *testing.T) {
	m, err := LoadMasterKey(writeKey(t, goodKey, 0o600))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q", "%d"} {
		fmt.Fprintf(&out, verb+" "+verb+"\n", m, &m)
		fmt.Fprintf(&out, verb+"\n", struct{ M MasterKey }{m})
	}
	b, err := json.Marshal(map[string]any{"m": m, "p": &m})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(b)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "m", m, "k", Keyring{Master: m}.Master)
	for _, leak := range []string{"AAECAw", "000102", "0 1 2 3", "0x0, 0x1"} {
		if strings.Contains(out.String(), leak) {
			t.Errorf("printed: %s", out.String())
		}
	}
}

// The nonce key is HKDF's (RFC 5869) and the same on every replica: one of another
// version must take the nonces of this one.
func TestNonceKey(t *testing.T) {
	m, err := LoadMasterKey(writeKey(t, goodKey, 0o600))
	if err != nil {
		t.Fatal(err)
	}
	const golden = "01aeb3cdd0bb2e32c11c38b1edbd5c32f4d357a272d83356464ad05b4bf34a64"
	got, err := m.NonceKey()
	if err != nil || hex.EncodeToString(got) != golden {
		t.Errorf("%x, %v", got, err)
	}
	other, err := CreateMasterKey(filepath.Join(t.TempDir(), "other.key"), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if another, err := other.NonceKey(); err != nil || bytes.Equal(another, got) {
		t.Errorf("another master key gives the same, or %v", err)
	}
	if key, err := (MasterKey{}).NonceKey(); err == nil {
		t.Errorf("no master key gives %x", key)
	}
}
