package sqldb_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// A connection to read with is opened when all others are in use.
func TestReadersAreOpenedWhenNeeded(t *testing.T) {
	dsn := dbtest.MigratedDSN(t, sqldb.SQLite)
	db, err := sqldb.Open(t.Context(), dsn, sqldb.Options{Readers: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if n := db.Readers(); n != 1 {
		t.Errorf("%d readers before anybody reads", n)
	}
	read := func(inside func()) error {
		return db.Read(t.Context(), 1, func(tx *sqldb.Tx) error {
			inside()
			return tx.Query(sqldb.Dynamic(`SELECT id FROM customers WHERE store_id = $1`), func(*sqldb.Row) error { return nil })
		})
	}
	for range 3 {
		if err := read(func() {}); err != nil {
			t.Fatal(err)
		}
	}
	if n := db.Readers(); n != 1 {
		t.Errorf("%d readers for reads one after the other", n)
	}
	if err := read(func() {
		if err := read(func() {}); err != nil {
			t.Error(err)
		}
	}); err != nil {
		t.Fatal(err)
	}
	if n := db.Readers(); n != 2 {
		t.Errorf("%d readers for two reads at once", n)
	}
	// Another file of the same name is not this database.
	file := strings.TrimPrefix(dsn, "sqlite:")
	if err := os.Rename(file, filepath.Join(t.TempDir(), "old.db")); err != nil {
		t.Fatal(err)
	}
	third := func() (err error) {
		if outer := read(func() {
			if outer := read(func() { err = read(func() {}) }); outer != nil {
				t.Error(outer)
			}
		}); outer != nil {
			t.Error(outer)
		}
		return err
	}
	if err := third(); !errors.Is(err, sqldb.ErrUnavailable) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is gone: %v", err)
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("reading made the file anew: %v", err)
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := third(); err == nil || !strings.Contains(err.Error(), "replaced") {
		t.Errorf("another file: %v", err)
	}
	if n := db.Readers(); n != 2 {
		t.Errorf("%d readers in the end", n)
	}
}
