package sqldb

import "context"

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
