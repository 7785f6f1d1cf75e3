//go:build unix

package sqldb_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"clientele/internal/sqldb"
)

// modes returns the modes of the files of a database.
func modes(t *testing.T, path string) string {
	t.Helper()
	var out []string
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, fmt.Sprintf("%04o", info.Mode().Perm()))
	}
	return strings.Join(out, " ")
}

// Not parallel: the umask is the process's.
func TestFilesAreMadePrivate(t *testing.T) {
	for _, mask := range []int{0, 0o022, 0o777} {
		path := filepath.Join(t.TempDir(), "a.db")
		old := syscall.Umask(mask)
		db, err := sqldb.Open(t.Context(), "sqlite:"+path, sqldb.Options{})
		if err == nil {
			_, err = db.Migrate(t.Context(), 1)
		}
		syscall.Umask(old)
		if err != nil {
			t.Fatalf("umask %04o: %v", mask, err)
		}
		if got := modes(t, path); got != "0600 0600 0600" {
			t.Errorf("umask %04o: modes %s", mask, got)
		}
		db.Close()
	}
}

func TestLooseFilesAreMended(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.db")
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	first := open(t, "sqlite:"+path, sqldb.Options{}) // keeps the other files there
	if _, err := first.Migrate(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	for suffix, mode := range map[string]fs.FileMode{"": 0o644, "-wal": 0o660, "-shm": 0o604} {
		if err := os.Chmod(path+suffix, mode); err != nil {
			t.Fatal(err)
		}
	}
	var log bytes.Buffer
	o := sqldb.Options{Log: slog.New(slog.NewTextHandler(&log, nil)), MustExist: true}
	open(t, "sqlite:"+path, o)
	if got := modes(t, path); got != "0600 0600 0600" {
		t.Errorf("modes %s", got)
	}
	for _, want := range []string{"file=" + path + " mode=0644", "file=" + path + "-wal mode=0660", "file=" + path + "-shm mode=0604", "directory=" + dir + " mode=0777"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not tell of %s:\n%s", want, log.String())
		}
	}
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o777 {
		t.Errorf("the directory's mode has changed: %v, %v", info, err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	log.Reset()
	open(t, "sqlite:"+path, o)
	if log.Len() > 0 {
		t.Errorf("the log tells of files that are in order: %s", log.String())
	}
}

// A file of somebody else is not touched.
func TestLooseFilesOfOthers(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file away")
	}
	path := filepath.Join(t.TempDir(), "a.db")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(path, 12345, 12345); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	open(t, "sqlite:"+path, sqldb.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o666 {
		t.Errorf("the mode has changed: %v, %v", info, err)
	}
	if !strings.Contains(log.String(), "belongs to another user") {
		t.Errorf("the log says %s", log.String())
	}
}

// A file that is refused stays as others may read it.
func TestForeignFilesKeepTheirMode(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(path, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if db, err := sqldb.Open(t.Context(), "sqlite:"+path, sqldb.Options{}); err == nil {
		db.Close()
		t.Fatal("a text is opened")
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o644 {
		t.Error(info.Mode(), err)
	}
}
