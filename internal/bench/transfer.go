package bench

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"clientele/internal/sqldb"
)

// transfer fills an empty PostgreSQL database with the rows of an SQLite file:
// both have the same tables and columns.
// Of the largest table it returns how many rows a second, in each tenth.
func transfer(ctx context.Context, file, dsn string, customers int64, progress io.Writer) (tenths []float64, err error) {
	start := time.Now()
	db, err := sqldb.Open(ctx, dsn, sqldb.Options{})
	if err != nil {
		return nil, err
	}
	_, err = db.Migrate(ctx, firstDay)
	db.Close()
	if err != nil {
		return nil, err
	}
	from, err := sqlite.OpenConn(file, sqlite.OpenReadOnly)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	to, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return nil, err
	}
	defer to.Close(context.WithoutCancel(ctx))
	// Tables in the order of their making follow those they refer to.
	var tables []string
	err = sqlitex.ExecuteTransient(from, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'schema%' AND name NOT LIKE 'sqlite%' ORDER BY rowid`, &sqlitex.ExecOptions{
		ResultFunc: func(s *sqlite.Stmt) error { tables = append(tables, s.ColumnText(0)); return nil },
	})
	if err != nil {
		return nil, err
	}
	for _, t := range slices.Backward(tables) { // of what the migrations put in
		if _, err := to.Exec(ctx, "DELETE FROM "+pgx.Identifier{t}.Sanitize()); err != nil {
			return nil, fmt.Errorf("empty table %s: %w", t, err)
		}
	}
	for _, t := range tables {
		b := newBar(io.Discard, customers)
		if t == "customers" {
			b.out = progress
		}
		n, err := transferTable(ctx, from, to, t, b)
		if err != nil {
			return nil, fmt.Errorf("copy table %s: %w", t, err)
		}
		if t == "customers" {
			tenths = b.end()
		}
		if time.Since(start) > 5*time.Second && n > 0 {
			fmt.Fprintf(progress, "  %s: %d rows\n", t, n)
		}
	}
	// What PostgreSQL would do by itself before long, it must not do while
	// something is measured.
	for _, sql := range []string{"VACUUM (ANALYZE)", "CHECKPOINT"} {
		if _, err := to.Exec(ctx, sql); err != nil {
			return nil, fmt.Errorf("%s: %w", sql, err)
		}
	}
	fmt.Fprintf(progress, "  copied in %s\n", time.Since(start).Round(100*time.Millisecond))
	return tenths, nil
}

func transferTable(ctx context.Context, from *sqlite.Conn, to *pgx.Conn, table string, b *bar) (int64, error) {
	stmt, _, err := from.PrepareTransient("SELECT * FROM " + table)
	if err != nil {
		return 0, err
	}
	defer stmt.Finalize()
	columns := make([]string, stmt.ColumnCount())
	for i := range columns {
		columns[i] = stmt.ColumnName(i)
	}
	row := make([]any, len(columns))
	return to.CopyFrom(ctx, pgx.Identifier{table}, columns, pgx.CopyFromFunc(func() ([]any, error) {
		more, err := stmt.Step()
		if err != nil || !more {
			return nil, err
		}
		b.add(1)
		for i := range row {
			switch stmt.ColumnType(i) {
			case sqlite.TypeInteger:
				row[i] = stmt.ColumnInt64(i)
			case sqlite.TypeBlob:
				bytes := make([]byte, stmt.ColumnLen(i))
				stmt.ColumnBytes(i, bytes)
				row[i] = bytes
			case sqlite.TypeNull:
				row[i] = nil
			default:
				row[i] = stmt.ColumnText(i)
			}
		}
		return row, nil
	}))
}
