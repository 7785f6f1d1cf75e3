package sqldb

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"

	"clientele/internal/system"
)

// Migrations are numbered files, one folder per engine, that say the same
// thing in each engine's words. One that has landed is never edited: its
// checksum is kept in the database and compared at every start.
//
//go:embed migrations
var migrationFiles embed.FS

// Migration is one step of the schema.
type Migration struct {
	Version  int64
	Name     string
	Checksum string // SHA-256 of the file, hexadecimal
	SQL      string
}

// Migrations returns the steps for an engine in order.
func Migrations(e Engine) ([]Migration, error) {
	dir := path.Join("migrations", string(e))
	entries, err := fs.ReadDir(migrationFiles, dir)
	if err != nil {
		return nil, err
	}
	var out []Migration
	for i, entry := range entries {
		number, name, ok := strings.Cut(strings.TrimSuffix(entry.Name(), ".sql"), "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if !ok || err != nil || version != int64(i+1) {
			return nil, fmt.Errorf("migration %s: want files numbered 0001_name.sql, 0002_…", entry.Name())
		}
		text, err := fs.ReadFile(migrationFiles, path.Join(dir, entry.Name()))
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(text)
		out = append(out, Migration{Version: version, Name: name, Checksum: hex.EncodeToString(sum[:]), SQL: string(text)})
	}
	return out, nil
}

// statements splits a migration at semicolons that end a line; each statement
// is sent on its own, as some distributed databases demand.
func (m Migration) statements() []string {
	var out []string
	for part := range strings.SplitSeq(m.SQL, ";\n") {
		lines := strings.Split(part, "\n")
		kept := lines[:0]
		for _, line := range lines {
			if t := strings.TrimSpace(line); t != "" && !strings.HasPrefix(t, "--") {
				kept = append(kept, line)
			}
		}
		if len(kept) > 0 {
			out = append(out, strings.TrimSuffix(strings.Join(kept, "\n"), ";"))
		}
	}
	return out
}

var (
	createVersions = Global(`CREATE TABLE IF NOT EXISTS schema_migrations (version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)`)
	createLock     = Global(`CREATE TABLE IF NOT EXISTS schema_lock (id BIGINT NOT NULL PRIMARY KEY, holder BIGINT NOT NULL)`)
	insertLock     = Global(`INSERT INTO schema_lock (id, holder) VALUES (1, 0) ON CONFLICT (id) DO NOTHING`)
	takeLock       = Global(`UPDATE schema_lock SET holder = holder + 1 WHERE id = 1`)
)

// LockProgram makes processes that start at once take turns, inside tx, at what
// none of them may do twice: migrations, the first store, seed files.
func LockProgram(tx *Tx) error {
	_, err := tx.ExecCount(takeLock)
	return err
}

// ErrNewerSchema: the database was migrated by a newer program.
var ErrNewerSchema = errors.New("the database schema is newer than this program: use the newer version")

// Migrate brings the schema up to date and returns the number of steps it
// applied. Processes that start at once take turns by locking one row.
func (db *DB) Migrate(ctx context.Context, now int64) (int, error) {
	ms, err := Migrations(db.engine)
	if err != nil {
		return 0, err
	}
	// The fast path of every later start: one read.
	if pending, err := db.pending(ctx, ms); err == nil && len(pending) == 0 {
		return 0, nil
	} else if errors.Is(err, ErrNewerSchema) || errors.Is(err, errEdited) {
		return 0, err
	}
	// IF NOT EXISTS is not atomic on PostgreSQL: the loser of a race sees a
	// unique violation and simply looks again.
	for attempt := 0; ; attempt++ {
		err = db.Write(ctx, 0, func(tx *Tx) error {
			for _, s := range []*Stmt{createVersions, createLock, insertLock} {
				// One by one: a statement is prepared before it is run, so its
				// table must be there.
				if _, err := tx.ExecCount(s); err != nil {
					return err
				}
			}
			return nil
		})
		if err == nil {
			break
		}
		if attempt == 20 || ctx.Err() != nil {
			return 0, fmt.Errorf("migrate: %w", err)
		}
		<-system.Countdown(50 * time.Millisecond).C
	}
	applied := 0
	err = db.Write(ctx, 0, func(tx *Tx) error {
		applied = 0
		if err := LockProgram(tx); err != nil {
			return err
		}
		have, err := appliedMigrations(tx)
		if err != nil {
			return err
		}
		todo, err := missing(ms, have)
		if err != nil {
			return err
		}
		for _, m := range todo {
			for _, text := range m.statements() {
				s := &Stmt{sql: text, lite: text, global: true, kind: dynamic}
				if _, err := tx.ExecCount(s); err != nil {
					return fmt.Errorf("migration %d %s: %w", m.Version, m.Name, err)
				}
			}
			if err := tx.Exec(insertVersion(), m.Version, m.Name, m.Checksum, now); err != nil {
				return err
			}
			applied++
		}
		if applied == 0 || db.engine != SQLite {
			return nil
		}
		return tellPlanner(tx)
	})
	if err != nil {
		return 0, fmt.Errorf("migrate: %w", err)
	}
	return applied, nil
}

// CheckSchema reports whether the schema is the one this program needs.
func (db *DB) CheckSchema(ctx context.Context) error {
	ms, err := Migrations(db.engine)
	if err != nil {
		return err
	}
	pending, err := db.pending(ctx, ms)
	if err != nil {
		return err
	}
	if len(pending) > 0 {
		return fmt.Errorf("%d migrations are pending", len(pending))
	}
	return nil
}

func (db *DB) pending(ctx context.Context, ms []Migration) ([]Migration, error) {
	var out []Migration
	err := db.Read(ctx, 0, func(tx *Tx) error {
		have, err := appliedMigrations(tx)
		if err != nil {
			return err
		}
		out, err = missing(ms, have)
		return err
	})
	return out, err
}

// The statements about schema_migrations are not declared with Global: they
// cannot be prepared before the table exists.
func selectVersions() *Stmt {
	return &Stmt{sql: `SELECT version, checksum FROM schema_migrations ORDER BY version`, lite: `SELECT version, checksum FROM schema_migrations ORDER BY version`, global: true, kind: dynamic}
}

func insertVersion() *Stmt {
	const q = `INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)`
	return &Stmt{sql: q, lite: numbered(q), global: true, kind: dynamic}
}

func appliedMigrations(tx *Tx) ([]Migration, error) {
	var out []Migration
	err := tx.Query(selectVersions(), func(r *Row) error {
		out = append(out, Migration{Version: r.Int(0), Checksum: r.Text(1)})
		return nil
	})
	return out, err
}

var errEdited = errors.New("a migration differs from the one that was applied")

func missing(all, have []Migration) ([]Migration, error) {
	if len(have) > len(all) {
		return nil, ErrNewerSchema
	}
	for i, m := range have {
		if m.Version != all[i].Version || m.Checksum != all[i].Checksum {
			return nil, fmt.Errorf("%w: version %d", errEdited, m.Version)
		}
	}
	return all[len(have):], nil
}
