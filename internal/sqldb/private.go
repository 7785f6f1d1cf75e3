package sqldb

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
)

// privateMode lets nobody but the owner read what is in the database.
const privateMode fs.FileMode = 0o600

// makePrivate makes the file of a new database. It is closed again at once: of
// a database that is in use a file must not be opened and closed besides,
// which would give up SQLite's locks.
func makePrivate(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, privateMode)
	if err != nil {
		return err
	}
	// The umask may have taken the owner's rights too.
	err = f.Chmod(privateMode)
	return errors.Join(err, f.Close())
}

// keepPrivate sees that the files of an existing database are readable by
// their owner only. It mends those of this user and tells of the others. What
// SQLite makes later has the mode of the database's own file.
func keepPrivate(path string, log *slog.Logger) {
	if !fileModes {
		return
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm()&0o077 == 0 {
			continue // SQLite tells of what it cannot open
		}
		mode := fmt.Sprintf("%04o", info.Mode().Perm())
		switch err := chmodOwn(name, info); {
		case err == nil:
			log.Warn("other users had access to a file of the database; its mode is now 0600", "file", name, "mode", mode)
		default:
			log.Warn("other users have access to a file of the database: make its mode 0600", "file", name, "mode", mode, "error", err)
		}
	}
	dir := filepath.Dir(path)
	if info, err := os.Stat(dir); err == nil && info.Mode().Perm()&0o002 != 0 {
		log.Warn("every user can write to the directory of the database: take that right away", "directory", dir, "mode", fmt.Sprintf("%04o", info.Mode().Perm()))
	}
}

var errNotOurs = errors.New("the file belongs to another user")

func chmodOwn(name string, info fs.FileInfo) error {
	if !owned(info) {
		return errNotOurs
	}
	return os.Chmod(name, privateMode)
}
