package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"time"

	"authsec/internal/domain"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// retryAfterOutage is what callers are told to wait when the database is away.
const retryAfterOutage = 2 * time.Second

// mapError gives driver errors a kind. What is already a domain error stays as it is.
func mapError(err error, doing string) error {
	if err == nil {
		return nil
	}
	if own := (*domain.Error)(nil); errors.As(err, &own) {
		return err
	}
	wrapped := fmt.Errorf("%s: %w", doing, err)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return &domain.Error{Kind: domain.NotFound, Code: "not_found", Public: "There is no such thing.", Err: wrapped}
	case errors.Is(err, context.Canceled):
		return &domain.Error{Kind: domain.Unavailable, Code: "canceled", Public: "The request was given up before it was done.", RetryAfter: retryAfterOutage, Err: wrapped}
	case isUniqueViolation(err):
		return &domain.Error{Kind: domain.Conflict, Code: "already_exists", Public: "Something with this name or key exists already.", Err: wrapped}
	case isForeignKeyViolation(err):
		return &domain.Error{Kind: domain.Conflict, Code: "in_use", Public: "It is used by, or refers to, something else.", Err: wrapped}
	case isOutage(err):
		return &domain.Error{Kind: domain.Unavailable, Code: "temporarily_unavailable", Public: "The database cannot be reached. Try again shortly.", RetryAfter: retryAfterOutage, Err: wrapped}
	}
	return &domain.Error{Kind: domain.Internal, Err: wrapped}
}

// SQLSTATE codes (PostgreSQL, appendix A).
const (
	pgUnique        = "23505"
	pgForeignKey    = "23503"
	pgSerialization = "40001"
	pgDeadlock      = "40P01"
)

func isUniqueViolation(err error) bool {
	if e := (*sqlite.Error)(nil); errors.As(err, &e) {
		return e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
	}
	e := (*pgconn.PgError)(nil)
	return errors.As(err, &e) && e.Code == pgUnique
}

func isForeignKeyViolation(err error) bool {
	if e := (*sqlite.Error)(nil); errors.As(err, &e) {
		return e.Code() == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
	}
	e := (*pgconn.PgError)(nil)
	return errors.As(err, &e) && e.Code == pgForeignKey
}

// isOutage tells a database that is away, full, or too slow from one that
// refused a statement.
func isOutage(err error) bool {
	if e := (*sqlite.Error)(nil); errors.As(err, &e) {
		switch e.Code() & 0xff {
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR,
			sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_READONLY:
			return true
		}
		return false
	}
	if e := (*pgconn.PgError)(nil); errors.As(err, &e) {
		switch e.Code[:2] {
		case "08", "40", "53", "55", "57": // connection, rollback, resources, not ready, operator intervention
			return true
		}
		return false
	}
	var connect *pgconn.ConnectError
	var netErr net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, driver.ErrBadConn) ||
		errors.Is(err, sql.ErrConnDone) || errors.As(err, &connect) || errors.As(err, &netErr) ||
		errors.Is(err, net.ErrClosed) || pgconn.Timeout(err)
}

// notFound returns a NotFound error about one thing, for zero touched rows.
func notFound(what, id string) error {
	return domain.Errorf(domain.NotFound, "not_found", "There is no %s %q.", what, id)
}

// missing turns "no rows" into a NotFound about one thing; other errors stay.
func missing(err error, what, id string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return notFound(what, id)
	}
	return err
}
