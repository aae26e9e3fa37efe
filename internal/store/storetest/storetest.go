// Package storetest opens real databases for tests, and holds the conformance
// suite that both of them must pass.
package storetest

import (
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"authsec/internal/policy"
	"authsec/internal/store"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver that makes a schema for each test
)

// PostgresEnv names the variable with the URL of a PostgreSQL that tests may
// fill with schemas of their own.
const PostgresEnv = "AUTHSEC_TEST_POSTGRES_URL"

// trustDomain is the server's own, as its stores know it.
const trustDomain = "authsec.local"

// Each runs fn on a fresh, migrated database of each kind.
func Each(t *testing.T, fn func(t *testing.T, s *store.Store)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { fn(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { fn(t, Postgres(t)) })
}

// SQLite returns a migrated store on a file of the test's own.
func SQLite(t testing.TB) *store.Store {
	t.Helper()
	return open(t, store.Options{SQLitePath: filepath.Join(t.TempDir(), "authsec.db")})
}

// Postgres returns a migrated store in a schema of the test's own. Without
// PostgresEnv it fails: a suite that skips a database proves nothing about it.
func Postgres(t testing.TB) *store.Store {
	t.Helper()
	return open(t, store.Options{DatabaseURL: PostgresURL(t)})
}

// PostgresURL returns a URL whose search path is a new, empty schema.
func PostgresURL(t testing.TB) string {
	t.Helper()
	base := os.Getenv(PostgresEnv)
	if base == "" {
		t.Fatalf("%s is not set: run `make test`, or `scripts/with-postgres go test ./...`", PostgresEnv)
	}
	b := make([]byte, 8)
	if _, err := rand.Read(b); err != nil {
		t.Fatal(err)
	}
	schema := "t_" + hex.EncodeToString(b)
	db, err := sql.Open("pgx", base)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "CREATE SCHEMA "+schema); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := db.Exec("DROP SCHEMA " + schema + " CASCADE"); err != nil { //nolint:noctx // the test's context has ended
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String()
}

func open(t testing.TB, o store.Options) *store.Store {
	t.Helper()
	o.Recalls, o.TrustDomain = policy.Recalls, trustDomain
	s, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}
