package sqldb_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// refused wants one line of error that says something.
func refused(t *testing.T, what, dsn, say string) {
	t.Helper()
	for _, o := range []sqldb.Options{{}, {MustExist: true}} {
		db, err := sqldb.Open(t.Context(), dsn, o)
		if err == nil {
			db.Close()
			t.Errorf("%s is opened", what)
			continue
		}
		if !strings.Contains(err.Error(), say) || strings.Contains(err.Error(), "\n") || len(err.Error()) > 400 {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// What another program keeps is refused and stays as it is, byte for byte.
func TestForeignFilesAreRefused(t *testing.T) {
	made := func(sql string) func(string) error {
		return func(path string) error {
			conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite|sqlite.OpenCreate)
			if err != nil {
				return err
			}
			for text := range strings.SplitSeq(sql, "; ") {
				if err := sqlitex.ExecuteTransient(conn, text, nil); err != nil {
					return errors.Join(err, conn.Close())
				}
			}
			return conn.Close()
		}
	}
	text := func(s string) func(string) error {
		return func(path string) error { return os.WriteFile(path, []byte(s), 0o600) }
	}
	for name, test := range map[string]struct {
		file func(path string) error
		say  string
	}{
		"another program's": {made(`CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT); INSERT INTO notes (text) VALUES ('mine')`), `"notes"`},
		"with WAL":          {made(`PRAGMA journal_mode=WAL; CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)`), `"notes"`},
		"with migrations":   {made(`CREATE TABLE schema_migrations (version TEXT NOT NULL PRIMARY KEY); CREATE TABLE users (id INTEGER)`), `"schema_migrations"`},
		"with a view only":  {made(`CREATE VIEW one AS SELECT 1`), `"one"`},
		"a text":            {text(strings.Repeat("All work and no play. ", 100)), "no SQLite database"},
		"a short text":      {text("hello"), "no SQLite database"},
		"zeros":             {text(strings.Repeat("\x00", 8192)), "no SQLite database"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.db")
			if err := test.file(path); err != nil {
				t.Fatal(err)
			}
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			refused(t, name, "sqlite:"+path, test.say)
			if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
				t.Errorf("the file has changed (%v)", err)
			}
			if all, err := os.ReadDir(filepath.Dir(path)); err != nil || len(all) != 1 {
				t.Errorf("there is %v, %v", all, err)
			}
		})
	}
	refused(t, "a directory", "sqlite:"+t.TempDir(), "is not a file")
}

func TestForeignPostgresIsRefused(t *testing.T) {
	dsn := dbtest.DSN(t, sqldb.Postgres)
	conn, err := pgx.Connect(t.Context(), strings.Replace(dsn, "&pool_max_conns=8", "", 1))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	do := func(sql string) {
		t.Helper()
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	do(`CREATE TABLE orders (id BIGINT PRIMARY KEY)`)
	refused(t, "with orders", dsn, `"orders"`)
	do(`CREATE TABLE accounts (id BIGINT); CREATE TABLE schema_migrations (version TEXT PRIMARY KEY)`)
	refused(t, "with migrations", dsn, `"accounts"`)
	n := 0
	if err := conn.QueryRow(t.Context(), `SELECT COUNT(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`).Scan(&n); err != nil || n != 3 {
		t.Errorf("there are %d tables, %v", n, err)
	}
	// A schema of its own in a shared database is fine, as is one with nothing
	// but ours.
	do(`CREATE SCHEMA clientele`)
	own := dsn + "&search_path=clientele"
	for range 2 {
		db := open(t, own, sqldb.Options{})
		if _, err := db.Migrate(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
	}
}

// A database that is empty, or was made by an older program, is ours.
func TestOwnDatabasesAreOpened(t *testing.T) {
	eachEmpty(t, func(t *testing.T, dsn string) {
		open(t, dsn, sqldb.Options{})
		db := open(t, dsn, sqldb.Options{})
		if err := db.MigrateFirst(t.Context(), 1, 1); err != nil {
			t.Fatal(err)
		}
		if _, err := open(t, dsn, sqldb.Options{MustExist: true}).Migrate(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
	})
}

// A program that starts while another makes the first tables of a new file
// does not take them for another program's.
func TestProgramsOpenOneNewFile(t *testing.T) {
	files := 20
	if testing.Short() {
		files = 1 // with the race detector the first tables take seconds
	}
	for range files {
		dsn := "sqlite:" + filepath.Join(t.TempDir(), "new.db")
		first, err := sqldb.Open(t.Context(), dsn, sqldb.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var made atomic.Bool
		var others errgroup.Group
		for range 3 {
			others.Go(func() error {
				for !made.Load() {
					db, err := sqldb.Open(t.Context(), dsn, sqldb.Options{})
					if err != nil {
						return err
					}
					db.Close()
				}
				return nil
			})
		}
		_, err = first.Migrate(t.Context(), 1)
		made.Store(true)
		first.Close()
		if err := errors.Join(err, others.Wait()); err != nil {
			t.Fatal(err)
		}
	}
}
