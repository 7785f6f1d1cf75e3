package sqldb

import (
	"context"
	"strings"
)

// DynamicTexts returns the texts, with $N placeholders, of the statements made
// at run time that the connections of a SQLite database keep. The caller makes
// sure that nothing runs.
func (db *DB) DynamicTexts() []string {
	var out []string
	for _, c := range db.lite.all {
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
	db.pg.lanes.mu.Lock()
	defer db.pg.lanes.mu.Unlock()
	return len(db.pg.lanes.queues[store])
}
