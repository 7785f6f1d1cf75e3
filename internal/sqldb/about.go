package sqldb

import "context"

// About is what there is to say of a database.
type About struct {
	Engine  Engine
	Version string
	Bytes   int64
	// The latest migration.
	Migration, Migrations int64
	MigrationName         string
	MigratedAt            int64
}

var (
	sizeOfSQLite    = `SELECT p.page_count * s.page_size, sqlite_version() FROM pragma_page_count() p, pragma_page_size() s`
	sizeOfPostgres  = `SELECT pg_database_size(current_database()), current_setting('server_version')`
	latestMigration = Global(`SELECT version, name, applied_at, (SELECT COUNT(*) FROM schema_migrations) FROM schema_migrations ORDER BY version DESC LIMIT 1`)
)

// About tells of the database.
func (db *DB) About(ctx context.Context) (out About, err error) {
	text := sizeOfSQLite
	if db.engine == Postgres {
		text = sizeOfPostgres
	}
	size := &Stmt{sql: text, lite: text, global: true, kind: dynamic}
	err = db.Read(ctx, 0, func(tx *Tx) error {
		out = About{Engine: db.engine}
		if err := tx.Query(size, func(r *Row) error { out.Bytes, out.Version = r.Int(0), r.Text(1); return nil }); err != nil {
			return err
		}
		return tx.Query(latestMigration, func(r *Row) error {
			out.Migration, out.MigrationName, out.MigratedAt, out.Migrations = r.Int(0), r.Text(1), r.Int(2), r.Int(3)
			return nil
		})
	})
	return out, err
}
