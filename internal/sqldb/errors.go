package sqldb

import (
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"zombiezen.com/go/sqlite"
)

// Errors that callers may test for with errors.Is.
var (
	// ErrUnique: the write would break a unique key.
	ErrUnique = errors.New("sqldb: unique key")
	// ErrForeignKey: the write refers to a row that does not exist.
	ErrForeignKey = errors.New("sqldb: foreign key")
	// ErrUnavailable: the database cannot be reached or is overloaded; nothing
	// was written.
	ErrUnavailable = errors.New("sqldb: unavailable")
	// ErrUnknownOutcome: the connection was lost during a commit, which may or
	// may not have taken effect.
	ErrUnknownOutcome = errors.New("sqldb: outcome of the commit is unknown")
)

// classify adds the sentinel that fits a driver's error.
func classify(err error) error {
	if err == nil {
		return nil
	}
	if pe := (*pgconn.PgError)(nil); errors.As(err, &pe) {
		switch pe.Code {
		case "23505":
			return fmt.Errorf("%w: %w", ErrUnique, err)
		case "23503":
			return fmt.Errorf("%w: %w", ErrForeignKey, err)
		case "25006", "57P01", "57P02", "57P03": // read-only, shutting down, starting
			return fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		if strings.HasPrefix(pe.Code, "53") { // disk, memory, connections
			return fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		return err
	}
	switch code := sqlite.ErrCode(err); code {
	case sqlite.ResultConstraintUnique, sqlite.ResultConstraintPrimaryKey:
		return fmt.Errorf("%w: %w", ErrUnique, err)
	case sqlite.ResultConstraintForeignKey:
		return fmt.Errorf("%w: %w", ErrForeignKey, err)
	default:
		switch code.ToPrimary() {
		case sqlite.ResultBusy, sqlite.ResultLocked, sqlite.ResultFull, sqlite.ResultIOErr, sqlite.ResultReadOnly:
			return fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
	}
	return err
}

// retryable reports whether a PostgreSQL transaction that failed with err
// should be run again from the start.
func retryable(err error) bool {
	pe := (*pgconn.PgError)(nil)
	if !errors.As(err, &pe) {
		return false
	}
	switch pe.Code {
	case "40001", "40P01": // serialization failure, deadlock
		return true
	}
	return false
}
