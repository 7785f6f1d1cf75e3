package dbtest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"clientele/internal/sqldb"
)

// InFiles returns which of a database's files holds a text, once the engine has
// erased what was deleted.
func InFiles(t testing.TB, db *sqldb.DB, dsn string, words ...string) string {
	t.Helper()
	if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
		if err := db.Erase(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, word := range words {
			if where := InFile(t, path, word); where != "" {
				return where
			}
		}
		return ""
	}
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.ConnectConfig(t.Context(), config.ConnConfig)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	rows, err := conn.Query(t.Context(), `SELECT format('%I', tablename) FROM pg_tables WHERE schemaname = 'public'`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	// The server goes from table to table by itself, and what it looks at keeps rows
	// in the files.
	if _, err := conn.Exec(t.Context(), `DO $$ DECLARE name text; BEGIN
		FOR name IN SELECT format('%I', tablename) FROM pg_tables WHERE schemaname = 'public' LOOP
			EXECUTE 'ALTER TABLE ' || name || ' SET (autovacuum_enabled = false)';
		END LOOP; END $$`); err != nil {
		t.Fatal(err)
	}
	// Samples of values are in pg_statistic.
	all := strings.Join(tables, ", ")
	return rewritten(t, conn, all, words)
}

// rewritten has PostgreSQL write its files anew, and returns which word is in one.
func rewritten(t testing.TB, conn *pgx.Conn, all string, words []string) string {
	t.Helper()
	// Rows that an open snapshot may see stay in the files, those of a snapshot that is
	// taken to write them anew too: it sees what was there before the oldest
	// transaction that writes anywhere in the cluster.
	var now string
	if err := conn.QueryRow(t.Context(), `SELECT pg_current_xact_id()::text`).Scan(&now); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(10 * time.Millisecond) {
		var open bool
		if err := conn.QueryRow(t.Context(), `SELECT pg_snapshot_xmin(pg_current_snapshot()) <= $1::text::xid8
			OR EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL))`, now).Scan(&open); err != nil {
			t.Fatal(err)
		}
		if !open {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("an older transaction stays open")
		}
	}
	for _, sql := range []string{"ANALYZE " + all, "VACUUM FULL " + all + ", pg_catalog.pg_statistic", "CHECKPOINT"} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(sql, err)
		}
	}
	for _, word := range words {
		rows, err := conn.Query(t.Context(), `SELECT COALESCE((SELECT relname FROM pg_class WHERE relfilenode = substring(f.name from '^[0-9]+')::oid LIMIT 1), f.name)
			FROM (SELECT name, 'base/' || d.oid || '/' || name AS path FROM pg_database d, pg_ls_dir('base/' || d.oid) name WHERE d.datname = current_database() AND name ~ '^[0-9]+') f
			WHERE position($1::bytea in COALESCE(pg_read_binary_file(f.path, 0, 1 << 28, true), '')) > 0`, []byte(word))
		if err != nil {
			t.Fatal(err)
		}
		where, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		if len(where) > 0 {
			return word + " is in " + strings.Join(where, ", ")
		}
	}
	return ""
}

// InFile returns which of the files of an SQLite database holds a text, and what is
// around it.
func InFile(t testing.TB, path, text string) string {
	t.Helper()
	for _, suffix := range []string{"", "-wal", "-journal"} {
		b, err := os.ReadFile(path + suffix)
		if suffix != "" && errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if i := bytes.Index(b, []byte(text)); i >= 0 {
			return fmt.Sprintf("%s at %d: %q", filepath.Base(path+suffix), i, b[max(0, i-40):min(len(b), i+60)])
		}
	}
	return ""
}
