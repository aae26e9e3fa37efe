package signin

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"authsec/internal/clocktest"
	"authsec/internal/domain"
	"authsec/internal/store"

	"github.com/alexedwards/argon2id"
)

// env is a service on a SQLite file, with a clock and cheap hashes.
type env struct {
	Service
	t     *testing.T
	store *store.Store
	clock *clocktest.Clock
	db    *sql.DB // the same file, to look at what was committed
}

const (
	goodPassword = domain.Secret("correct horse battery")
	nextPassword = domain.Secret("staple of another colour")
)

var home = Peer{IP: "192.0.2.1", RequestID: "req-1"}

func cheapParams() argon2id.Params {
	return argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}
}

func newEnv(t *testing.T) *env {
	t.Helper()
	path := filepath.Join(t.TempDir(), "authsec.db")
	s, err := store.Open(t.Context(), store.Options{SQLitePath: path})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(db.Close(), s.Close()); err != nil {
			t.Error(err)
		}
	})
	c := clocktest.At(time.Date(2026, 5, 21, 7, 0, 0, 0, time.UTC))
	return &env{t: t, store: s, clock: c, db: db, Service: Service{
		Accounts: s, Sessions: s, Tokens: s, Links: s,
		Hasher: newHasher(cheapParams(), 4, 64), Throttle: NewThrottle(), Refusals: &Refusals{Audit: s, Now: c.Now},
		Now: c.Now, Random: rand.Reader, Log: slog.New(slog.DiscardHandler),
	}}
}

// addUser stores an active user with a password ("" : none).
func (e *env) addUser(email string, level domain.Level, password domain.Secret) domain.User {
	e.t.Helper()
	id, err := domain.NewID(rand.Reader)
	if err != nil {
		e.t.Fatal(err)
	}
	u := domain.User{ID: id, Email: email, Name: "Name of " + email, Level: level, Status: domain.StatusActive,
		Roles: []string{}, CreatedAt: e.now(), UpdatedAt: e.now()}
	if password != "" {
		if u.PasswordHash, err = e.Hasher.Hash(e.t.Context(), password); err != nil {
			e.t.Fatal(err)
		}
	}
	if err := e.store.CreateUser(e.t.Context(), u, nil, testEvent(e.now(), u)); err != nil {
		e.t.Fatal(err)
	}
	return u
}

func (e *env) updateUser(id string, fn func(*domain.User)) {
	e.t.Helper()
	if _, err := e.store.UpdateUser(e.t.Context(), id, func(u *domain.User) (domain.Event, error) {
		fn(u)
		return testEvent(e.now(), *u), nil
	}); err != nil {
		e.t.Fatal(err)
	}
}

func testEvent(now time.Time, u domain.User) domain.Event {
	return domain.NewEvent(now, domain.System(), "test.user", userParty(u))
}

// signIn signs in from home and fails the test if that does not work.
func (e *env) signIn(email string, password domain.Secret) Authenticated {
	e.t.Helper()
	a, err := e.SignIn(e.t.Context(), home, email, password)
	if err != nil {
		e.t.Fatalf("sign in as %s: %v", email, err)
	}
	return a
}

// events returns the committed events of an action, oldest first.
func (e *env) events(action string) []domain.Event {
	e.t.Helper()
	rows, err := e.db.QueryContext(e.t.Context(), `SELECT body FROM audit_events WHERE action = $1 ORDER BY seq`, action)
	if err != nil {
		e.t.Fatal(err)
	}
	defer func() {
		if err := rows.Close(); err != nil {
			e.t.Error(err)
		}
	}()
	var out []domain.Event
	for rows.Next() {
		var body string
		var ev domain.Event
		if err := errors.Join(rows.Scan(&body), json.Unmarshal([]byte(body), &ev)); err != nil {
			e.t.Fatal(err)
		}
		out = append(out, ev)
	}
	if err := rows.Err(); err != nil {
		e.t.Fatal(err)
	}
	return out
}

// noneLeaked fails the test if a secret, or its hash, stands in an event.
func (e *env) noneLeaked(secrets ...domain.Secret) {
	e.t.Helper()
	var all string
	if err := e.db.QueryRowContext(e.t.Context(), `SELECT group_concat(body) FROM audit_events`).Scan(&all); err != nil {
		e.t.Fatal(err)
	}
	for _, s := range secrets {
		if strings.Contains(all, s.Reveal()) || strings.Contains(all, domain.Hash(s.Hash()).String()) {
			e.t.Errorf("a secret or its hash is in the audit log: %s", all)
		}
	}
	if strings.Contains(all, "argon2id") {
		e.t.Errorf("a password hash is in the audit log: %s", all)
	}
}

// reasonCodes returns the codes of all reasons of events, in order.
func reasonCodes(events []domain.Event) []string {
	var out []string
	for _, ev := range events {
		for _, r := range ev.Reasons {
			out = append(out, r.Code)
		}
	}
	return out
}

// wantError fails the test unless err is of the kind and has the code.
func wantError(t *testing.T, err error, kind domain.Kind, code string) *domain.Error {
	t.Helper()
	var e *domain.Error
	if !errors.As(err, &e) || e.Kind != kind || e.Code != code {
		t.Fatalf("got error %v, want %s %s", err, kind, code)
	}
	return e
}

// wantField fails the test unless err is Invalid with exactly one fault, on field with code.
func wantField(t *testing.T, err error, field, code string) {
	t.Helper()
	e := wantError(t, err, domain.Invalid, "invalid_request")
	if len(e.Fields) != 1 || e.Fields[0].Field != field || e.Fields[0].Code != code {
		t.Fatalf("got faults %v, want one %s on %s", e.Fields, code, field)
	}
}

// accountsStub changes what a store says about a user.
type accountsStub struct {
	Accounts
	change func(*domain.User)
}

func (a accountsStub) User(ctx context.Context, id string) (domain.User, error) {
	u, err := a.Accounts.User(ctx, id)
	a.change(&u)
	return u, err
}

func (a accountsStub) UserByEmail(ctx context.Context, email string) (domain.User, error) {
	u, err := a.Accounts.UserByEmail(ctx, email)
	a.change(&u)
	return u, err
}
