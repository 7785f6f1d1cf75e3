package sqldb

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"time"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
	"zombiezen.com/go/sqlite"
)

// DynamicTexts returns the texts, with $N placeholders, of the statements made
// at run time that the connections of a SQLite database keep. The caller makes
// sure that nothing runs.
func (db *DB) DynamicTexts() []string {
	var out []string
	conns := []*liteConn{db.lite.writer}
	for range len(db.lite.readers) {
		c := <-db.lite.readers
		conns = append(conns, c)
		db.lite.readers <- c
	}
	for _, c := range conns {
		for _, text := range c.order {
			out = append(out, strings.ReplaceAll(text, "?", "$"))
		}
	}
	return out
}

// Raw returns a global statement that is not declared.
func Raw(sql string) *Stmt { return &Stmt{sql: sql, lite: numbered(sql), global: true, kind: dynamic} }

// Numbered is numbered.
var Numbered = numbered

// Readers is how many connections a SQLite database reads with, while nobody
// reads.
func (db *DB) Readers() int { return len(db.lite.readers) }

// TellPlanner is tellPlanner.
var TellPlanner = tellPlanner

// ErrEdited is errEdited.
var ErrEdited = errEdited

// MigrateFirst applies the first n steps only.
func (db *DB) MigrateFirst(ctx context.Context, n int, now int64) error {
	ms, err := Migrations(db.engine)
	if err != nil {
		return err
	}
	return db.Write(ctx, 0, func(tx *Tx) error {
		if _, err := tx.ExecCount(createVersions); err != nil {
			return err
		}
		for _, m := range ms[:n] {
			for _, text := range m.statements() {
				if _, err := tx.ExecCount(&Stmt{sql: text, lite: text, global: true, kind: dynamic}); err != nil {
					return err
				}
			}
			if err := tx.Exec(insertVersion(), m.Version, m.Name, m.Checksum, now); err != nil {
				return err
			}
		}
		return nil
	})
}

// Queued is the number of shared writes to a store that wait for their turn.
func (db *DB) Queued(store int64) int {
	if db.lite != nil {
		return len(db.lite.jobs)
	}
	return db.QueuedApart(store, nil)
}

// QueuedApart is Queued of a kind that is apart from others.
func (db *DB) QueuedApart(store int64, kind any) int {
	if db.lite != nil {
		return len(db.lite.jobs)
	}
	db.pg.lanes.mu.Lock()
	defer db.pg.lanes.mu.Unlock()
	return len(db.pg.lanes.queues[lane{store, kind}])
}

// Unchanged returns a statement with SQLite's own placeholders.
func Unchanged(lite string) *Stmt { return &Stmt{sql: lite, lite: lite, kind: dynamic} }

var errReplanned = errors.New("undone on purpose")

// Replans runs a statement three times on one connection of a SQLite database,
// with other arguments each time and without an effect, and returns how often
// SQLite prepared it anew.
func (db *DB) Replans(s *Stmt) (n int, err error) {
	undone := db.lite.write(context.Background(), 1, func(tx *Tx) error {
		var stmt *sqlite.Stmt
		if stmt, err = tx.lite.prepare(s); err != nil {
			return err
		}
		for value := range int64(3) {
			for i := range stmt.BindParamCount() {
				stmt.BindInt64(1+i, 1+value)
			}
			// Rules of tables may refuse such values, which comes after planning.
			for more := true; more; {
				if more, _ = stmt.Step(); !more {
					break
				}
			}
			_ = stmt.Reset()
			if again := replans(stmt); value > 0 { // the first may be due to another schema
				n += again
			}
		}
		return errReplanned
	}, nil)
	if err == nil && !errors.Is(undone, errReplanned) {
		err = undone
	}
	return n, err
}

// replans returns how often a statement was prepared anew since the last call.
// The driver keeps the engine's counter to itself.
func replans(s *sqlite.Stmt) int {
	tls := libc.NewTLS()
	defer tls.Close()
	handle := uintptr(reflect.ValueOf(s).Elem().FieldByName("stmt").Uint())
	return int(lib.Xsqlite3_stmt_status(tls, handle, lib.SQLITE_STMTSTATUS_REPREPARE, 1))
}

// Bound sets how long a unit that is not open yet may stay open, and returns how
// long that was.
func (u *Unit) Bound(d time.Duration) (before time.Duration) {
	before, u.bound = u.bound, d
	return before
}

// TextOnPostgres returns a statement as PostgreSQL runs it.
func TextOnPostgres(s *Stmt) string { return s.text() }
