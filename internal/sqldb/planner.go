package sqldb

import "strings"

// SQLite's planner takes a store for ten rows where it knows nothing, and then
// prefers walking all of a store to using an index. Telling it the shape that
// every index here has, once per change of the schema, costs nothing later;
// measuring a large database at start would.
//
// The numbers are those of sqlite_stat1: rows in all, rows per store, rows per
// further column, and one for the whole key.
const (
	statRows   = "1000000"
	statStore  = "100000"
	statFew    = "20"
	statUnique = "1"
	// Partial indexes have a small part of the rows: what is due, for instance.
	statPartRows  = "10000"
	statPartStore = "1000"
	statPartFew   = "10"
)

// tellPlanner writes the statistics, inside the transaction that changed the
// schema.
func tellPlanner(tx *Tx) error {
	run := func(sql string, each func(*Row) error, args ...any) error {
		return tx.Query(&Stmt{sql: sql, lite: numbered(sql), global: true, kind: dynamic}, each, args...)
	}
	var tables []string
	if err := run(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'schema%'`, func(r *Row) error {
		tables = append(tables, r.Text(0))
		return nil
	}); err != nil {
		return err
	}
	// ANALYZE makes the tables of statistics where there are none. Of this table
	// it measures nothing, of all others it would read every index.
	if err := run(`ANALYZE sqlite_schema`, ignore); err != nil {
		return err
	}
	// Samples of values, which a former version left behind, have SQLite plan each
	// statement again whenever other values are bound.
	var old []string
	if err := run(`SELECT name FROM sqlite_schema WHERE name LIKE 'sqlite_stat_'`, func(r *Row) error {
		old = append(old, r.Text(0))
		return nil
	}); err != nil {
		return err
	}
	for _, name := range old {
		if err := run(`DELETE FROM `+name, ignore); err != nil {
			return err
		}
	}
	for _, table := range tables {
		type index struct {
			name, stored string
			partial      bool
		}
		var indexes []index
		if err := run(`SELECT name, origin, partial FROM pragma_index_list($1)`, func(r *Row) error {
			i := index{name: r.Text(0), stored: r.Text(0), partial: r.Flag(2)}
			if r.Text(1) == "pk" {
				i.stored = table // a table without rowid is its own index
			}
			indexes = append(indexes, i)
			return nil
		}, table); err != nil {
			return err
		}
		for _, i := range indexes {
			var columns []string
			if err := run(`SELECT name FROM pragma_index_xinfo($1) WHERE key = 1 ORDER BY seqno`, func(r *Row) error {
				columns = append(columns, r.Text(0))
				return nil
			}, i.name); err != nil {
				return err
			}
			if len(columns) < 2 || columns[0] != "store_id" {
				continue
			}
			stat, few := []string{statRows, statStore}, statFew
			if i.partial {
				stat, few = []string{statPartRows, statPartStore}, statPartFew
			}
			for range len(columns) - 2 {
				stat = append(stat, few)
			}
			stat = append(stat, statUnique)
			if err := run(`INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ($1, $2, $3)`, ignore, table, i.stored, strings.Join(stat, " ")); err != nil {
				return err
			}
		}
	}
	return run(`ANALYZE sqlite_schema`, ignore)
}
