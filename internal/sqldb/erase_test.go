package sqldb_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

func TestEraseWaitsForReaders(t *testing.T) {
	dsn := dbtest.DSN(t, sqldb.SQLite)
	path := strings.TrimPrefix(dsn, "sqlite:")
	db := dbtest.OpenDSN(t, dsn)
	holds := func() bool {
		t.Helper()
		for _, suffix := range []string{"", "-wal"} {
			b, err := os.ReadFile(path + suffix)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(b), "Quokka") {
				return true
			}
		}
		return false
	}
	do := func(sql string, args ...any) {
		t.Helper()
		if err := db.Write(t.Context(), 0, func(tx *sqldb.Tx) error {
			tx.Signal(sqldb.Erased)
			return tx.Exec(sqldb.Raw(sql), args...)
		}); err != nil {
			t.Fatal(err)
		}
	}
	heard := 0
	defer db.Listen(sqldb.Erased, func() { heard++ })()
	// One within a page, and one with pages of its own.
	do(`INSERT INTO stores (id, hash, name, date_created) VALUES (1, 'a', 'Quokka', 0)`)
	do(`INSERT INTO stores (id, hash, name, date_created) VALUES (2, 'b', $1, 0)`, strings.Repeat("Quokka ", 5000))
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, sql := range []string{"BEGIN", "SELECT COUNT(*) FROM stores"} { // a snapshot with both
		if err := sqlitex.ExecuteTransient(conn, sql, nil); err != nil {
			t.Fatal(err)
		}
	}
	do(`DELETE FROM stores`)
	if err := db.Erase(t.Context()); !errors.Is(err, sqldb.ErrBusy) {
		t.Errorf("under a reader: %v", err)
	}
	do(`INSERT INTO stores (id, hash, name, date_created) VALUES (3, 'c', 'Wombat', 0)`)
	if err := sqlitex.ExecuteTransient(conn, "COMMIT", nil); err != nil {
		t.Fatal(err)
	}
	if !holds() {
		t.Error("it was never there")
	}
	if err := db.Erase(t.Context()); err != nil {
		t.Error(err)
	}
	if holds() {
		t.Error("it is still there")
	}
	if info, err := os.Stat(path + "-wal"); err != nil || info.Size() != 0 {
		t.Errorf("the log has %d bytes, %v", info.Size(), err)
	}
	if heard != 4 {
		t.Errorf("signalled %d times", heard)
	}
	if err := dbtest.Open(t, sqldb.Postgres).Erase(t.Context()); err != nil {
		t.Error(err)
	}
}
