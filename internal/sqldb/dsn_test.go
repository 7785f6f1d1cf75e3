package sqldb_test

import (
	"os"
	"strings"
	"testing"

	"clientele/internal/sqldb"
)

// Each connection would see a database of its own.
func TestDatabasesInMemoryAreRefused(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, path := range []string{
		":memory:", ":MEMORY:", "//:memory:", "///:memory:", "file::memory:", "FILE::memory:", "file:%3Amemory%3A", "file:///:memory:",
		"file::memory:?cache=shared", "file:x?mode=memory", "file:x?cache=shared&mode=memory", "file:x?%6dode=memory", "file:x?mode=m%65mory",
		"x?mode=memory", "x.db?MODE=MEMORY", "?vfs=memdb", "file:/x?vfs=memdb", ":memory:?cache=shared",
	} {
		for name, err := range map[string]error{"check": sqldb.CheckDSN("sqlite:" + path), "open": opens(t, "sqlite:"+path)} {
			if err == nil || !strings.Contains(err.Error(), "memory is not supported") || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s %s: %v", name, path, err)
			}
		}
	}
	for _, path := range []string{"file:x.db", "file:///tmp/x.db?mode=ro", "x.db?cache=shared", "x?", "x\x00.db"} {
		if err := sqldb.CheckDSN("sqlite:" + path); err == nil {
			t.Errorf("%q passes", path)
		}
	}
	for _, path := range []string{"x.db", "/var/lib/memory", "memory", "mode=memory", "a b&c%20.db", "profile:x"} {
		if err := sqldb.CheckDSN("sqlite:" + path); err != nil {
			t.Errorf("%q: %v", path, err)
		}
	}
	if made, err := os.ReadDir("."); err != nil || len(made) > 0 {
		t.Errorf("a refused name left %v, %v", made, err)
	}
}

func opens(t *testing.T, dsn string) error {
	t.Helper()
	db, err := sqldb.Open(t.Context(), dsn, sqldb.Options{})
	if err == nil {
		db.Close()
	}
	return err
}
