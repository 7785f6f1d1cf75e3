package sqldb

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// ErrForeign: the database is another program's.
var ErrForeign = errors.New("the database belongs to another program")

// errNoDatabase: the file is none that SQLite wrote.
var errNoDatabase = errors.New("the file is no SQLite database")

// foreign returns the error for a database that has a table of another
// program and none of ours.
func foreign(table string) error {
	return fmt.Errorf("%w: it has a table %q and no schema of Clientele; name another one, or an empty one", ErrForeign, table)
}

// checkLite refuses a file that is not ours before anything is changed in it.
// Other programs also have a table schema_migrations, with other columns.
func checkLite(conn *sqlite.Conn) error {
	// One statement sees one state: another process may be making our tables.
	const q = `SELECT (SELECT COUNT(*) FROM pragma_table_info('schema_migrations') WHERE name IN ('version', 'name', 'checksum', 'applied_at')),
		COALESCE((SELECT MIN(name) FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\_%' ESCAPE '\'), '')`
	columns, other := 0, ""
	err := sqlitex.ExecuteTransient(conn, q, &sqlitex.ExecOptions{ResultFunc: func(s *sqlite.Stmt) error {
		columns, other = s.ColumnInt(0), s.ColumnText(1)
		return nil
	}})
	switch {
	case sqlite.ErrCode(err).ToPrimary() == sqlite.ResultNotADB:
		return errNoDatabase
	case err != nil:
		return fmt.Errorf("read the schema: %w", err)
	case columns != 4 && other != "":
		return foreign(other)
	}
	return nil
}

// checkPG is checkLite for the schema of a PostgreSQL database in which our
// tables would be made. What belongs to an extension is nobody's.
func checkPG(ctx context.Context, conn *pgx.Conn) error {
	const (
		ours   = `SELECT COUNT(*) FROM pg_attribute a WHERE a.attrelid = to_regclass('schema_migrations') AND a.attname IN ('version', 'name', 'checksum', 'applied_at')`
		others = `SELECT (` + ours + `), COALESCE((SELECT MIN(c.relname::text) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
			AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')), '')`
	)
	// Others' tables are looked for where ours are not: a new connection takes
	// milliseconds to get to know the catalogues. Neither is asked twice, so that
	// preparing would be another round trip.
	columns, other := 0, ""
	err := conn.QueryRow(ctx, ours, pgx.QueryExecModeSimpleProtocol).Scan(&columns)
	if err == nil && columns != 4 { // one statement sees one state, as in checkLite
		err = conn.QueryRow(ctx, others, pgx.QueryExecModeSimpleProtocol).Scan(&columns, &other)
	}
	if err != nil {
		return fmt.Errorf("read the schema: %w", err)
	}
	if columns != 4 && other != "" {
		return foreign(other)
	}
	return nil
}
