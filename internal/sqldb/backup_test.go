package sqldb_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/testing/pgcluster"
)

// eachDSN runs a test with a maker of empty databases of each engine. PostgreSQL
// is skipped where its client programs are missing, save in CI.
func eachDSN(t *testing.T, fn func(t *testing.T, empty func() string)) {
	for _, e := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			if _, err := pgcluster.Tool("pg_dump"); err != nil && e == sqldb.Postgres && os.Getenv("CI") == "" {
				t.Skip(err)
			}
			fn(t, func() string { return dbtest.DSN(t, e) })
		})
	}
}

// withStores makes a database with the schema and so many stores.
func withStores(t *testing.T, dsn string, names ...string) {
	t.Helper()
	db, err := sqldb.Open(t.Context(), dsn, sqldb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Migrate(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	for i, name := range names {
		addStore(t, db, int64(i+1), name)
	}
}

func addStore(t *testing.T, db *sqldb.DB, id int64, name string) {
	t.Helper()
	err := db.Write(t.Context(), 0, func(tx *sqldb.Tx) error {
		return tx.Exec(sqldb.Raw(`INSERT INTO stores (id, hash, name, date_created) VALUES ($1, $2, $3, 1)`), id, "hash"+name, name)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// storeNames returns what a database holds.
func storeNames(t *testing.T, dsn string) string {
	t.Helper()
	db, err := sqldb.Open(t.Context(), dsn, sqldb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.CheckSchema(t.Context()); err != nil {
		t.Fatal(err)
	}
	return strings.Join(texts(t, db, `SELECT name FROM stores ORDER BY id`), " ")
}

func refuses(t *testing.T, err error, say string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), say) {
		t.Errorf("the error is %v, and does not say %q", err, say)
	}
}

func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	eachDSN(t, func(t *testing.T, empty func() string) {
		from, file := empty(), filepath.Join(t.TempDir(), "a.backup")
		withStores(t, from, "one", "two")
		db, err := sqldb.Open(t.Context(), from, sqldb.Options{}) // a server
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		b, err := sqldb.WriteBackup(t.Context(), from, file, false)
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if b.Stores != 2 || b.Bytes != info.Size() || info.Mode().Perm() != 0o600 {
			t.Errorf("the backup has %+v, mode %o, %d bytes", b, info.Mode().Perm(), info.Size())
		}
		addStore(t, db, 3, "three")
		_, err = sqldb.WriteBackup(t.Context(), from, file, false)
		refuses(t, err, "exists")
		if b, err := sqldb.WriteBackup(t.Context(), from, file, true); err != nil || b.Stores != 3 {
			t.Errorf("written over: %+v, %v", b, err)
		}
		if left, err := os.ReadDir(filepath.Dir(file)); err != nil || len(left) != 1 {
			t.Errorf("beside the backup there is more: %v (%v)", left, err)
		}

		to := empty()
		if b, err := sqldb.RestoreBackup(t.Context(), file, to, false); err != nil || b.Stores != 3 {
			t.Fatalf("restored: %+v, %v", b, err)
		}
		if got := storeNames(t, to); got != "one two three" {
			t.Errorf("the restored stores are %q", got)
		}

		// What is there is kept unless told otherwise.
		other := empty()
		withStores(t, other, "mine")
		_, err = sqldb.RestoreBackup(t.Context(), file, other, false)
		if !errors.Is(err, sqldb.ErrHasStores) {
			t.Errorf("a database with stores: %v", err)
		}
		used, err := sqldb.Open(t.Context(), other, sqldb.Options{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = sqldb.RestoreBackup(t.Context(), file, other, true)
		if !errors.Is(err, sqldb.ErrInUse) {
			t.Errorf("a database in use: %v", err)
		}
		used.Close()
		if got := storeNames(t, other); got != "mine" {
			t.Errorf("refused restores leave %q", got)
		}
		if _, err := sqldb.RestoreBackup(t.Context(), file, other, true); err != nil {
			t.Fatal(err)
		}
		if got := storeNames(t, other); got != "one two three" {
			t.Errorf("restored over stores: %q", got)
		}
	})
}

func TestWhatCannotBeRestored(t *testing.T) {
	t.Parallel()
	eachDSN(t, func(t *testing.T, empty func() string) {
		from, dir := empty(), t.TempDir()
		file := filepath.Join(dir, "a.backup")
		withStores(t, from, "one")
		if _, err := sqldb.WriteBackup(t.Context(), from, file, false); err != nil {
			t.Fatal(err)
		}
		whole, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		to := empty()
		withStores(t, to, "mine")
		bad := func(content []byte, say string) {
			t.Helper()
			name := filepath.Join(dir, "bad")
			if err := os.WriteFile(name, content, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := sqldb.RestoreBackup(t.Context(), name, to, true)
			refuses(t, err, say)
		}
		bad(nil, "no backup")
		bad([]byte("hello, I am a text"), "no backup")
		bad(whole[:len(whole)/2], "damaged")
		torn := bytes.Clone(whole)
		for i := len(torn) / 2; i < len(torn)/2+len(torn)/4; i++ {
			torn[i] ^= 0x55
		}
		bad(torn, "damaged")

		// One of a newer program.
		newer := empty()
		withStores(t, newer, "one")
		db, err := sqldb.Open(t.Context(), newer, sqldb.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		err = db.Write(t.Context(), 0, func(tx *sqldb.Tx) error {
			return tx.Exec(sqldb.Raw(`INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES (9999, 'later', 'x', 1)`))
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := sqldb.WriteBackup(t.Context(), newer, filepath.Join(dir, "newer"), false); !errors.Is(err, sqldb.ErrNewerSchema) {
			t.Errorf("backed up by an older program: %v", err)
		}
		if got := storeNames(t, to); got != "mine" {
			t.Errorf("refused restores leave %q", got)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := sqldb.RestoreBackup(ctx, file, to, true); err == nil {
			t.Error("a restore that is cancelled succeeds")
		}
		if got := storeNames(t, to); got != "mine" {
			t.Errorf("a cancelled restore leaves %q", got)
		}
	})
}

func TestBackupsOfOtherThings(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	lite, pg := dbtest.DSN(t, sqldb.SQLite), dbtest.DSN(t, sqldb.Postgres)
	withStores(t, lite, "one")
	path, _ := strings.CutPrefix(lite, "sqlite:")
	for _, name := range []string{path, path + "-wal"} {
		if err := os.WriteFile(path+"-wal", nil, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := sqldb.WriteBackup(t.Context(), lite, name, true)
		refuses(t, err, "the database itself")
	}
	_, err := sqldb.WriteBackup(t.Context(), lite, dir, true)
	refuses(t, err, "not a file")
	_, err = sqldb.WriteBackup(t.Context(), "sqlite:"+filepath.Join(dir, "none.db"), filepath.Join(dir, "b"), false)
	refuses(t, err, "no such file")
	_, err = sqldb.WriteBackup(t.Context(), lite, filepath.Join(dir, "no", "b"), false)
	refuses(t, err, "no such file")
	if err := os.WriteFile(filepath.Join(dir, "text"), []byte(strings.Repeat("text ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = sqldb.WriteBackup(t.Context(), "sqlite:"+filepath.Join(dir, "text"), filepath.Join(dir, "b"), false)
	refuses(t, err, "no SQLite database")
	_, err = sqldb.WriteBackup(t.Context(), dbtest.DSN(t, sqldb.SQLite), filepath.Join(dir, "b"), false)
	if err == nil {
		t.Error("a database without a schema is backed up")
	}
	file := filepath.Join(dir, "lite")
	if _, err := sqldb.WriteBackup(t.Context(), lite, file, false); err != nil {
		t.Fatal(err)
	}
	_, err = sqldb.RestoreBackup(t.Context(), file, pg, false)
	refuses(t, err, "backup of SQLite")
	_, err = sqldb.RestoreBackup(t.Context(), file, "sqlite:"+filepath.Join(dir, "text"), true)
	refuses(t, err, "no SQLite database")
}
