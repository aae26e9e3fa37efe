package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// dialect is everything in which the two databases differ, migrations aside.
type dialect struct {
	embedded     bool
	migrations   string // folder
	goose        goose.Dialect
	gooseOptions func() []goose.ProviderOption
	readTx       *sql.TxOptions // one snapshot, read only
	retryable    func(error) bool
}

// readers bounds the read connections of a SQLite file.
const readers = 8

func openSQLite(ctx context.Context, path string) (*Store, error) {
	// WAL lets readers go on beside the one writer. FULL syncs every commit, so
	// that what was acknowledged survives a power cut. Write transactions take the
	// write lock at once: upgrading later fails with SQLITE_BUSY in spite of the timeout.
	common := url.Values{"_pragma": {"busy_timeout(5000)", "foreign_keys(1)", "synchronous(FULL)"}}
	w := url.Values{"_txlock": {"immediate"}, "_pragma": append([]string{"journal_mode(WAL)"}, common["_pragma"]...)}
	r := url.Values{"_txlock": {"deferred"}, "_pragma": append([]string{"query_only(1)"}, common["_pragma"]...)}
	open := func(v url.Values) (*sql.DB, error) {
		return sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: v.Encode()}).String())
	}
	if err := createForOwner(path); err != nil {
		return nil, mapError(err, "create "+path)
	}
	write, err := open(w)
	if err != nil {
		return nil, mapError(err, "open "+path)
	}
	write.SetMaxOpenConns(1)
	if err := write.PingContext(ctx); err != nil {
		return nil, errors.Join(mapError(err, "open "+path), write.Close())
	}
	read, err := open(r)
	if err != nil {
		return nil, errors.Join(mapError(err, "open "+path), write.Close())
	}
	read.SetMaxOpenConns(readers)
	read.SetMaxIdleConns(readers)
	return &Store{write: write, read: read, dialect: dialect{
		embedded: true, migrations: "migrations/sqlite", goose: goose.DialectSQLite3,
		gooseOptions: func() []goose.ProviderOption { return nil },
		readTx:       nil, // a deferred transaction on a query_only connection is one snapshot
		retryable: func(err error) bool {
			e := (*sqlite.Error)(nil)
			return errors.As(err, &e) && (e.Code()&0xff == sqlite3.SQLITE_BUSY || e.Code()&0xff == sqlite3.SQLITE_LOCKED)
		},
	}}, nil
}

// createForOwner makes an empty database file that nobody else can read; SQLite
// gives its side files the same mode. A file that is there is not touched:
// closing it would drop the locks that this process may hold on it (fcntl(2)).
func createForOwner(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the operator names the file
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return file.Close()
}

// maxConns bounds one process's PostgreSQL connections.
const maxConns = 20

func openPostgres(ctx context.Context, databaseURL string) (*Store, error) {
	config, err := pgx.ParseConfig(databaseURL)
	if err != nil {
		// pgx redacts the password in its message.
		return nil, fmt.Errorf("database-url: %w", err)
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	// A replica that hangs inside a transaction must not hold the chain's head for ever.
	setDefault(config.RuntimeParams, "idle_in_transaction_session_timeout", "10s")
	setDefault(config.RuntimeParams, "statement_timeout", "30s")
	setDefault(config.RuntimeParams, "lock_timeout", "10s")
	setDefault(config.RuntimeParams, "application_name", "authsec")
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(maxConns)
	db.SetMaxIdleConns(maxConns)
	db.SetConnMaxIdleTime(idleTime)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(mapError(err, "connect to PostgreSQL"), db.Close())
	}
	return &Store{write: db, read: db, dialect: dialect{
		migrations: "migrations/postgres", goose: goose.DialectPostgres,
		gooseOptions: func() []goose.ProviderOption {
			locker, err := lock.NewPostgresSessionLocker()
			if err != nil {
				return nil // only a bad option makes it fail, and we give none
			}
			return []goose.ProviderOption{goose.WithSessionLocker(locker)}
		},
		readTx: &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true},
		retryable: func(err error) bool {
			e := (*pgconn.PgError)(nil)
			return errors.As(err, &e) && (e.Code == pgSerialization || e.Code == pgDeadlock)
		},
	}}, nil
}

func setDefault(m map[string]string, key, value string) {
	if _, ok := m[key]; !ok {
		m[key] = value
	}
}
