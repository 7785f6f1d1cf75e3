package sqldb

import "context"

// About is what there is to say of a database.
type About struct {
	Engine  Engine
	Version string
	Bytes   int64
	// The latest migration.
	Migration     int64
	MigrationName string
	MigratedAt    int64
}

// What databases tell of themselves, each in its own words, and what is kept of
// migrations. They are not declared: no store has a part in them.
const (
	sizeOfSQLite   = `SELECT p.page_count * s.page_size, sqlite_version() FROM pragma_page_count() p, pragma_page_size() s`
	sizeOfPostgres = `SELECT pg_database_size(current_database()), current_setting('server_version')`
	lastMigration  = `SELECT version, name, applied_at FROM schema_migrations ORDER BY version DESC LIMIT 1`
)

// About tells of the database.
func (db *DB) About(ctx context.Context) (out About, err error) {
	size := sizeOfSQLite
	if db.engine == Postgres {
		size = sizeOfPostgres
	}
	asked := func(text string) *Stmt { return &Stmt{sql: text, lite: text, global: true, kind: dynamic} }
	err = db.Read(ctx, 0, func(tx *Tx) error {
		out = About{Engine: db.engine}
		if err := tx.Query(asked(size), func(r *Row) error { out.Bytes, out.Version = r.Int(0), r.Text(1); return nil }); err != nil {
			return err
		}
		return tx.Query(asked(lastMigration), func(r *Row) error {
			out.Migration, out.MigrationName, out.MigratedAt = r.Int(0), r.Text(1), r.Int(2)
			return nil
		})
	})
	return out, err
}
