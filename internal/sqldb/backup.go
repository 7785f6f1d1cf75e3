package sqldb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Backup is what a backup holds.
type Backup struct {
	Stores int64
	Bytes  int64 // of the file
}

// ErrInUse: a restore needs the database for itself.
var ErrInUse = errors.New("the database is in use: stop the servers and whatever else is connected to it first")

// ErrHasStores: a restore would replace stores.
var ErrHasStores = errors.New("the database has stores")

// copySuffix is in the name of a backup that is not complete yet.
const copySuffix = ".part-*"

// WriteBackup copies a database to a file while servers go on writing: what was
// acknowledged before the call is in it. The file gets its name once it is
// complete, checked and durable; it can be read by its owner only. An existing
// file is replaced if overwrite says so.
func WriteBackup(ctx context.Context, dsn, file string, overwrite bool) (Backup, error) {
	b, err := writeBackup(ctx, dsn, file, overwrite)
	if err != nil {
		return b, fmt.Errorf("back up: %w", err)
	}
	return b, nil
}

func writeBackup(ctx context.Context, dsn, file string, overwrite bool) (b Backup, err error) {
	if err := CheckDSN(dsn); err != nil {
		return b, err
	}
	path, lite := strings.CutPrefix(dsn, "sqlite:")
	if err := replaceable(file, path, lite, overwrite); err != nil {
		return b, err
	}
	part, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+copySuffix) // mode 0600
	if err != nil {
		return b, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, removed(part.Name()))
		}
	}()
	if err := part.Close(); err != nil {
		return b, err
	}
	if lite {
		b, err = copyLite(ctx, path, part.Name())
	} else {
		b, err = dumpPG(ctx, dsn, part.Name())
	}
	if err != nil {
		return b, err
	}
	info, err := os.Stat(part.Name())
	if err != nil {
		return b, err
	}
	b.Bytes = info.Size()
	if err := syncFile(part.Name()); err != nil {
		return b, err
	}
	if err := os.Rename(part.Name(), file); err != nil {
		return b, err
	}
	return b, syncFile(filepath.Dir(file))
}

// replaceable reports why a backup must not get the name file.
func replaceable(file, database string, lite, overwrite bool) error {
	have, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !have.Mode().IsRegular():
		return fmt.Errorf("%s is not a file", file)
	}
	if lite {
		for _, suffix := range []string{"", "-wal", "-shm"} {
			if used, err := os.Stat(database + suffix); err == nil && os.SameFile(have, used) {
				return fmt.Errorf("%s is the database itself", file)
			}
		}
	}
	if !overwrite {
		return fmt.Errorf("%s exists; name another file, or replace it with --overwrite", file)
	}
	return nil
}

// RestoreBackup puts a backup in the place of what a database holds, wholly or,
// if it fails or the process is killed, not at all. It refuses a database that
// has stores unless overwrite says so, one that is in use, and a backup of a
// newer program.
func RestoreBackup(ctx context.Context, file, dsn string, overwrite bool) (Backup, error) {
	b, err := restoreBackup(ctx, file, dsn, overwrite)
	if err != nil {
		return b, fmt.Errorf("restore: %w", err)
	}
	return b, nil
}

func restoreBackup(ctx context.Context, file, dsn string, overwrite bool) (Backup, error) {
	if err := CheckDSN(dsn); err != nil {
		return Backup{}, err
	}
	info, err := os.Stat(file)
	if err != nil {
		return Backup{}, err
	}
	made, err := engineOf(file)
	if err != nil {
		return Backup{}, err
	}
	path, lite := strings.CutPrefix(dsn, "sqlite:")
	var b Backup
	switch {
	case lite && made == SQLite:
		b, err = restoreLite(ctx, file, path, overwrite)
	case !lite && made == Postgres:
		b, err = restorePG(ctx, file, dsn, overwrite)
	default:
		err = fmt.Errorf("%s is a backup of %s and can be restored there only", file, map[Engine]string{SQLite: "SQLite", Postgres: "PostgreSQL"}[made])
	}
	b.Bytes = info.Size()
	return b, err
}

// engineOf tells by its first bytes which engine a backup is of.
func engineOf(file string) (Engine, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	head := make([]byte, 16)
	n, err := f.Read(head)
	if err != nil && n == 0 {
		return "", fmt.Errorf("%s is no backup", file)
	}
	switch text := string(head[:n]); {
	case text == "SQLite format 3\x00":
		return SQLite, nil
	case strings.HasPrefix(text, "PGDMP"):
		return Postgres, nil
	}
	return "", fmt.Errorf("%s is no backup", file)
}

// syncFile makes a file, or the names in a directory, durable.
func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// removed removes a file and what SQLite may have made beside it.
func removed(path string) error {
	var errs []error
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
