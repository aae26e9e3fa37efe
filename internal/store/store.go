// Package store keeps AuthSec's state in SQLite or PostgreSQL, with the same
// statements on both; only the migrations and dialect.go differ. One method is
// one transaction. Errors are domain errors: NotFound, Conflict, Unavailable or Internal.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"time"

	"authsec/internal/domain"

	"github.com/pressly/goose/v3"
)

//go:embed migrations
var migrations embed.FS

// Store is a database. Make it with Open; it is safe for concurrent use.
type Store struct {
	write   *sql.DB
	read    *sql.DB // the same pool as write on PostgreSQL
	dialect dialect

	recalls     func(before, after domain.Grounds) bool
	trustDomain string
}

// Options say which database to open.
type Options struct {
	// DatabaseURL is a PostgreSQL URL; "" opens SQLitePath instead.
	DatabaseURL string
	// SQLitePath is the database's file. It is created when missing, its folder is not.
	SQLitePath string
	// Recalls says whether a change recalls the tokens of a delegation, by what
	// that rested on before and rests on after. nil: every change does.
	Recalls func(before, after domain.Grounds) bool
	// TrustDomain is the server's own: its node agents can prove any agent.
	TrustDomain string
}

// Open opens the database without migrating it.
func Open(ctx context.Context, o Options) (*Store, error) {
	s, err := openAny(ctx, o)
	if err != nil {
		return nil, err
	}
	s.recalls, s.trustDomain = o.Recalls, o.TrustDomain
	return s, nil
}

func openAny(ctx context.Context, o Options) (*Store, error) {
	if o.DatabaseURL != "" {
		return openPostgres(ctx, o.DatabaseURL)
	}
	return openSQLite(ctx, o.SQLitePath)
}

// Close waits for running transactions and closes the database.
func (s *Store) Close() error {
	err := s.write.Close()
	if s.read != s.write {
		err = errors.Join(err, s.read.Close())
	}
	return err
}

// Embedded reports whether the database is a SQLite file of this process's machine.
func (s *Store) Embedded() bool { return s.dialect.embedded }

// Ping checks that the database answers.
func (s *Store) Ping(ctx context.Context) error {
	return mapError(s.read.PingContext(ctx), "reach the database")
}

// Migrate brings the schema up to this binary's version. Concurrent callers
// wait for each other. It returns the versions before and after.
func (s *Store) Migrate(ctx context.Context) (from, to int64, err error) {
	p, err := s.migrator()
	if err != nil {
		return 0, 0, err
	}
	if from, err = p.GetDBVersion(ctx); err != nil {
		return 0, 0, mapError(err, "read the schema's version")
	}
	if _, err := p.Up(ctx); err != nil {
		return from, from, mapError(err, "migrate the schema")
	}
	to, err = p.GetDBVersion(ctx)
	return from, to, mapError(err, "read the schema's version")
}

// Version returns the schema's version.
func (s *Store) Version(ctx context.Context) (int64, error) {
	p, err := s.migrator()
	if err != nil {
		return 0, err
	}
	v, err := p.GetDBVersion(ctx)
	return v, mapError(err, "read the schema's version")
}

// PendingMigrations returns how many migrations this binary would run.
func (s *Store) PendingMigrations(ctx context.Context) (int, error) {
	p, err := s.migrator()
	if err != nil {
		return 0, err
	}
	status, err := p.Status(ctx)
	if err != nil {
		return 0, mapError(err, "read the schema's status")
	}
	n := 0
	for _, m := range status {
		if m.State == goose.StatePending {
			n++
		}
	}
	return n, nil
}

func (s *Store) migrator() (*goose.Provider, error) {
	files, err := fs.Sub(migrations, s.dialect.migrations)
	if err != nil {
		return nil, fmt.Errorf("find migrations: %w", err)
	}
	p, err := goose.NewProvider(s.dialect.goose, s.write, files, s.dialect.gooseOptions()...)
	if err != nil {
		return nil, fmt.Errorf("load migrations: %w", err)
	}
	return p, nil
}

// maxAttempts bounds how often a transaction that lost a race is run again.
const maxAttempts = 8

// change runs fn in a write transaction that alters authority. It takes the
// row of changes first, so that all such transactions run one after the other
// and read-modify-write needs no locks of its own; the recalls and the events go
// last, so that their heads are held for the shortest time.
func (s *Store) change(ctx context.Context, doing string, fn func(*tx) error) error {
	return s.update(ctx, doing, func(t *tx) error {
		if err := t.exec(ctx, `UPDATE changes SET n = n + 1 WHERE id = 1`); err != nil {
			return err
		}
		return fn(t)
	})
}

// update runs fn in a write transaction, and again when it lost a race: fn must
// be re-runnable. Events given to t.record are appended just before the commit.
func (s *Store) update(ctx context.Context, doing string, fn func(*tx) error) error {
	for attempt := 1; ; attempt++ {
		err := s.runTx(ctx, s.write, nil, fn)
		if err == nil || attempt == maxAttempts || !s.dialect.retryable(err) {
			return mapError(err, doing)
		}
		select {
		case <-ctx.Done():
			return mapError(ctx.Err(), doing)
		case <-time.After(time.Duration(attempt) * time.Duration(rand.IntN(10)+1) * time.Millisecond): //nolint:gosec // jitter needs no cryptographic randomness
		}
	}
}

// view runs fn in a read-only transaction with one snapshot.
func (s *Store) view(ctx context.Context, doing string, fn func(*tx) error) error {
	return mapError(s.runTx(ctx, s.read, s.dialect.readTx, fn), doing)
}

func (s *Store) runTx(ctx context.Context, db *sql.DB, o *sql.TxOptions, fn func(*tx) error) error {
	raw, err := db.BeginTx(ctx, o)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer raw.Rollback() //nolint:errcheck // after a commit it has nothing to do; before one, the first error matters
	t := &tx{raw: raw, store: s}
	if err := fn(t); err != nil {
		return err
	}
	if err := t.appendRecalls(ctx); err != nil {
		return err
	}
	if err := t.appendEvents(ctx); err != nil {
		return err
	}
	if err := raw.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// tx is one transaction.
type tx struct {
	raw     *sql.Tx
	store   *Store
	events  []domain.Event
	recalls []domain.Recall // without their numbers, until the end
}

// record keeps events to be appended to the audit chain at the end of the transaction.
func (t *tx) record(events ...domain.Event) { t.events = append(t.events, events...) }

func (t *tx) exec(ctx context.Context, query string, args ...any) error {
	_, err := t.raw.ExecContext(ctx, query, args...)
	return err
}

// execCount also returns how many rows were touched.
func (t *tx) execCount(ctx context.Context, query string, args ...any) (int64, error) {
	res, err := t.raw.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// row scans the one row of a query; sql.ErrNoRows if there is none.
func (t *tx) row(ctx context.Context, query string, args []any, dest ...any) error {
	return t.raw.QueryRowContext(ctx, query, args...).Scan(dest...)
}

// rows calls scan for each row of a query.
func (t *tx) rows(ctx context.Context, query string, args []any, scan func(func(dest ...any) error) error) error {
	rows, err := t.raw.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err below reports what matters
	for rows.Next() {
		if err := scan(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// collect runs a query and returns what scan makes of each row; never nil.
func collect[T any](ctx context.Context, t *tx, query string, args []any, scan func(func(dest ...any) error) (T, error)) ([]T, error) {
	out := []T{}
	err := t.rows(ctx, query, args, func(row func(dest ...any) error) error {
		v, err := scan(row)
		if err == nil {
			out = append(out, v)
		}
		return err
	})
	return out, err
}

// scanString scans a row of one text column, for collect.
func scanString(row func(dest ...any) error) (string, error) {
	var s string
	err := row(&s)
	return s, err
}
