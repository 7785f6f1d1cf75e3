package sqldb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// copyPages is how many pages are copied between two looks at the context.
const copyPages = 1024

// copyLite copies a SQLite database to an empty file and checks the copy. One
// read transaction sees all of it, so writers go on; their log cannot be cut
// off until it ends. The copy has no free pages, and so nothing deleted.
func copyLite(ctx context.Context, path, to string) (b Backup, err error) {
	if _, err := os.Stat(path); err != nil {
		return b, err
	}
	conn, err := openBare(ctx, path, sqlite.OpenReadWrite) // the log's index is written by readers too
	if err != nil {
		return b, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if err := checkLite(conn); err != nil {
		return b, fmt.Errorf("%s: %w", path, err)
	}
	if err := sqlitex.ExecuteTransient(conn, "VACUUM INTO ?", &sqlitex.ExecOptions{Args: []any{to}}); err != nil {
		return b, fmt.Errorf("copy %s: %w", path, err)
	}
	return checkCopy(ctx, to)
}

func openBare(ctx context.Context, path string, flags sqlite.OpenFlags) (*sqlite.Conn, error) {
	conn, err := sqlite.OpenConn(path, flags)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	conn.SetBusyTimeout(busyTimeout)
	conn.SetInterrupt(ctx.Done())
	return conn, nil
}

// checkCopy opens a backup, reads all of it, and holds it to what a database of
// this program must be.
func checkCopy(ctx context.Context, file string) (b Backup, err error) {
	conn, err := openBare(ctx, file, sqlite.OpenReadOnly)
	if err != nil {
		return b, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	b.Stores, err = checkContent(conn)
	switch {
	case err == nil:
		return b, nil
	case sqlite.ErrCode(err).ToPrimary() == sqlite.ResultCorrupt:
		err = fmt.Errorf("%w: %w", errDamaged, err)
	}
	return b, fmt.Errorf("%s: %w", file, err)
}

// errDamaged: a backup cannot be used.
var errDamaged = errors.New("the backup is damaged")

func checkContent(conn *sqlite.Conn) (stores int64, err error) {
	if err := checkLite(conn); err != nil {
		return 0, err
	}
	var have []Migration
	err = sqlitex.ExecuteTransient(conn, selectVersions().lite, &sqlitex.ExecOptions{ResultFunc: func(s *sqlite.Stmt) error {
		have = append(have, Migration{Version: s.ColumnInt64(0), Checksum: s.ColumnText(1)})
		return nil
	}})
	if err != nil {
		return 0, fmt.Errorf("no database of Clientele: %w", err)
	}
	if err := restorable(SQLite, have); err != nil {
		return 0, err
	}
	found := ""
	first := &sqlitex.ExecOptions{ResultFunc: func(s *sqlite.Stmt) error {
		if text := s.ColumnText(0); text != "ok" && found == "" {
			found = text
		}
		return nil
	}}
	for _, q := range []string{"PRAGMA integrity_check(1)", "PRAGMA foreign_key_check"} {
		if err := sqlitex.ExecuteTransient(conn, q, first); err != nil {
			return 0, fmt.Errorf("%w: %w", errDamaged, err)
		}
		if found != "" {
			return 0, fmt.Errorf("%w: %s", errDamaged, found)
		}
	}
	return countStores(conn)
}

// restorable reports why a backup with these migrations cannot be used.
func restorable(e Engine, have []Migration) error {
	all, err := Migrations(e)
	if err != nil {
		return err
	}
	if len(have) == 0 {
		return errors.New("no database of Clientele: it has no schema")
	}
	_, err = missing(all, have)
	return err
}

// countStores counts the stores of a database that may have no table of them.
func countStores(conn *sqlite.Conn) (n int64, err error) {
	one := &sqlitex.ExecOptions{ResultFunc: func(s *sqlite.Stmt) error {
		n = s.ColumnInt64(0)
		return nil
	}}
	if err := sqlitex.ExecuteTransient(conn, `SELECT COUNT(*) FROM pragma_table_info('stores')`, one); err != nil || n == 0 {
		return 0, err
	}
	n = 0
	return n, sqlitex.ExecuteTransient(conn, `SELECT COUNT(*) FROM stores`, one)
}

// restoreLite copies a backup over a database in one transaction of SQLite,
// under a lock that lets nobody else open it. Whoever opens the database after
// a kill rolls an unfinished one back.
func restoreLite(ctx context.Context, file, path string, overwrite bool) (b Backup, err error) {
	if b, err = checkCopy(ctx, file); err != nil {
		return b, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return b, err
	}
	switch info, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
		if err := makePrivate(path); err != nil {
			return b, err
		}
	case err != nil:
		return b, err
	case !info.Mode().IsRegular():
		return b, fmt.Errorf("%s is not a file", path)
	}
	dst, err := openBare(ctx, path, sqlite.OpenReadWrite)
	if err != nil {
		return b, err
	}
	defer func() { err = errors.Join(err, dst.Close()) }()
	if err := takeOver(dst, overwrite); err != nil {
		return b, fmt.Errorf("%s: %w", path, err)
	}
	keepPrivate(path, slog.New(slog.DiscardHandler))
	src, err := openBare(ctx, file, sqlite.OpenReadOnly)
	if err != nil {
		return b, err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	return b, copyPagesOf(ctx, dst, src)
}

// takeOver locks a database that may be replaced. Without its log the copy is
// one transaction with a rollback journal, whatever size its pages have.
func takeOver(dst *sqlite.Conn, overwrite bool) error {
	dst.SetBusyTimeout(busyPause) // who has it keeps it
	for _, q := range []string{"PRAGMA locking_mode=EXCLUSIVE", "PRAGMA journal_mode=DELETE", "PRAGMA synchronous=EXTRA", "BEGIN EXCLUSIVE", "COMMIT"} {
		err := sqlitex.ExecuteTransient(dst, q, nil)
		switch sqlite.ErrCode(err).ToPrimary() {
		case sqlite.ResultOK:
		case sqlite.ResultBusy, sqlite.ResultLocked:
			return ErrInUse
		case sqlite.ResultNotADB:
			return errNoDatabase
		default:
			return err
		}
	}
	if err := checkLite(dst); err != nil {
		return err
	}
	stores, err := countStores(dst)
	if err != nil {
		return err
	}
	return replacing(stores, overwrite)
}

// replacing refuses to replace stores unless told.
func replacing(stores int64, overwrite bool) error {
	if stores > 0 && !overwrite {
		return fmt.Errorf("%w (%d); restore into another one, or replace all that it holds with --overwrite", ErrHasStores, stores)
	}
	return nil
}

func copyPagesOf(ctx context.Context, dst, src *sqlite.Conn) error {
	copying, err := sqlite.NewBackup(dst, "main", src, "main")
	if err != nil {
		return err
	}
	for {
		more, err := copying.Step(copyPages)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil || !more {
			return errors.Join(err, copying.Close()) // an unfinished one is rolled back
		}
	}
}
