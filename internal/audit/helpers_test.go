package audit

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"authsec/internal/clocktest"
	"authsec/internal/domain"
	"authsec/internal/store"
)

// database is a real SQLite file, and a way to change it behind the store's back.
type database struct {
	*store.Store
	raw *sql.DB
}

func newDatabase(t testing.TB) database {
	t.Helper()
	return openDatabase(t, filepath.Join(t.TempDir(), "authsec.db"))
}

// clone returns a copy of its own, which is quicker than to build it again.
func (d database) clone(t testing.TB) database {
	t.Helper()
	path := filepath.Join(t.TempDir(), "authsec.db")
	d.exec(t, `VACUUM INTO $1`, path)
	return openDatabase(t, path)
}

func openDatabase(t testing.TB, path string) database {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{SQLitePath: path})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(raw.Close(), s.Close()); err != nil {
			t.Error(err)
		}
	})
	if _, _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return database{s, raw}
}

func (d database) exec(t testing.TB, query string, args ...any) {
	t.Helper()
	if _, err := d.raw.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatal(err)
	}
}

// fill appends n events, from number from on.
func (d database) fill(t testing.TB, from, n int) {
	t.Helper()
	events := make([]domain.Event, 0, n)
	for i := range n {
		events = append(events, numbered(from+i))
	}
	if err := d.AppendEvents(t.Context(), events, nil); err != nil {
		t.Fatal(err)
	}
}

var start = time.Date(2026, 5, 20, 12, 0, 0, 0, time.UTC)

func numbered(n int) domain.Event {
	ev := domain.NewEvent(start.Add(time.Duration(n)*time.Second), domain.System(), "test.event",
		domain.Party{Type: "test", ID: fmt.Sprint(n)})
	ev.ClientID, ev.DelegationID = fmt.Sprint("client-", n%3), fmt.Sprint("delegation-", n%5)
	return ev
}

// signer signs compact JWSs with Ed25519; the program's own signs with RSA,
// which nothing here depends on.
type signer struct{ key ed25519.PrivateKey }

func newSigner(seed string) signer {
	s := sha256.Sum256([]byte(seed))
	return signer{ed25519.NewKeyFromSeed(s[:])}
}

func (s signer) SignPayload(_ context.Context, typ string, payload []byte, _ time.Time) (string, error) {
	enc := base64.RawURLEncoding.EncodeToString
	input := enc([]byte(`{"alg":"EdDSA","typ":"`+typ+`"}`)) + "." + enc(payload)
	return input + "." + enc(ed25519.Sign(s.key, []byte(input))), nil
}

func (s signer) VerifyPayload(typ, jws string) ([]byte, error) {
	parts := strings.Split(jws, ".")
	if len(parts) != 3 {
		return nil, errors.New("not a JWS")
	}
	header, err1 := base64.RawURLEncoding.DecodeString(parts[0])
	payload, err2 := base64.RawURLEncoding.DecodeString(parts[1])
	sig, err3 := base64.RawURLEncoding.DecodeString(parts[2])
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	if !strings.Contains(string(header), `"`+typ+`"`) || !ed25519.Verify(s.key.Public().(ed25519.PublicKey), []byte(parts[0]+"."+parts[1]), sig) {
		return nil, errors.New("bad signature")
	}
	return payload, nil
}

// logged keeps what was logged.
type logged struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *logged) Logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

func checkpoints(d database, s Signer, c *clocktest.Clock) *Checkpoints {
	return &Checkpoints{Store: d, Signer: s, Issuer: "https://auth.example.com", Now: c.Now, Logger: slog.New(slog.DiscardHandler)}
}
