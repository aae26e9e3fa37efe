package storetest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"authsec/internal/domain"
	"authsec/internal/store"
)

func TestTheFileIsForItsOwnerAlone(t *testing.T) {
	// A folder that others may enter, and a name that a URL would misread.
	dir := filepath.Join(t.TempDir(), "we ird#name?100%")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s := open(t, store.Options{SQLitePath: filepath.Join(dir, "authsec.db")})
	if err := s.AppendEvents(t.Context(), []domain.Event{event(1)}, nil); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) == 0 {
		t.Fatal("the database is somewhere else")
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(e.Name(), "authsec.db") || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has the mode %o", e.Name(), info.Mode().Perm())
		}
	}
}

func TestAFolderThatIsNotThere(t *testing.T) {
	_, err := store.Open(t.Context(), store.Options{SQLitePath: filepath.Join(t.TempDir(), "missing", "authsec.db")})
	if err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("got %v", err)
	}
}
