package sqldb

import (
	"slices"
)

// Layout is a table as far as its rows are to be copied.
type Layout struct {
	Name    string
	Columns []LayoutColumn
	Key     []string // primary
	Parents []Reference
}

// LayoutColumn is a column; none is ever NULL.
type LayoutColumn struct {
	Name string
	Type string // int, text or bytes
}

// Reference tells that rows end with the one that they refer to.
type Reference struct {
	Columns []string
	Table   string
	Refers  []string
}

// Layouts returns the tables of a database, each after those that it refers to.
// It takes two statements.
func (tx *Tx) Layouts() ([]*Layout, error) {
	columns := `SELECT m.name, p.name, p.type, p.pk FROM sqlite_schema m JOIN pragma_table_info(m.name) p
		WHERE m.type = 'table' AND substr(m.name, 1, 7) <> 'sqlite_' ORDER BY m.name, p.cid`
	references := `SELECT m.name, f.id, f."table", f."from", f."to" FROM sqlite_schema m JOIN pragma_foreign_key_list(m.name) f
		WHERE m.type = 'table' ORDER BY m.name, f.id, f.seq`
	if tx.pg != nil {
		columns = `SELECT c.relname::text, a.attname::text, format_type(a.atttypid, NULL)::text,
			COALESCE((SELECT k.n FROM pg_index x CROSS JOIN LATERAL unnest(x.indkey::smallint[]) WITH ORDINALITY k(col, n) WHERE x.indrelid = c.oid AND x.indisprimary AND k.col = a.attnum), 0)::bigint
			FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
			WHERE n.nspname = current_schema() AND c.relkind = 'r' ORDER BY 1, a.attnum`
		references = `SELECT c.relname::text, r.oid::bigint, p.relname::text, a.attname::text, b.attname::text
			FROM pg_constraint r JOIN pg_class c ON c.oid = r.conrelid JOIN pg_class p ON p.oid = r.confrelid JOIN pg_namespace n ON n.oid = c.relnamespace
			CROSS JOIN LATERAL unnest(r.conkey, r.confkey) WITH ORDINALITY k(f, t, n)
			JOIN pg_attribute a ON a.attrelid = r.conrelid AND a.attnum = k.f JOIN pg_attribute b ON b.attrelid = r.confrelid AND b.attnum = k.t
			WHERE r.contype = 'f' AND n.nspname = current_schema() ORDER BY 1, 2, k.n`
	}
	var all []*Layout
	find := func(name string) *Layout {
		for _, l := range all {
			if l.Name == name {
				return l
			}
		}
		all = append(all, &Layout{Name: name})
		return all[len(all)-1]
	}
	type part struct {
		table, column string
		at            int64
	}
	var keys []part
	rows := func(sql string, each func(r *Row)) error {
		s := &Stmt{sql: sql, lite: sql, global: true, kind: dynamic}
		return tx.Query(s, func(r *Row) error { each(r); return nil })
	}
	if err := rows(columns, func(r *Row) {
		l := find(r.Text(0))
		kind := map[string]string{"INTEGER": "int", "BIGINT": "int", "bigint": "int", "TEXT": "text", "text": "text", "BLOB": "bytes", "bytea": "bytes"}[r.Text(2)]
		l.Columns = append(l.Columns, LayoutColumn{r.Text(1), kind})
		if r.Int(3) > 0 {
			keys = append(keys, part{l.Name, r.Text(1), r.Int(3)})
		}
	}); err != nil {
		return nil, err
	}
	slices.SortStableFunc(keys, func(a, b part) int { return int(a.at - b.at) })
	for _, k := range keys {
		l := find(k.table)
		l.Key = append(l.Key, k.column)
	}
	last := int64(-1)
	lastTable := ""
	if err := rows(references, func(r *Row) {
		l := find(r.Text(0))
		if r.Int(1) != last || l.Name != lastTable {
			last, lastTable = r.Int(1), l.Name
			l.Parents = append(l.Parents, Reference{Table: r.Text(2)})
		}
		p := &l.Parents[len(l.Parents)-1]
		p.Columns, p.Refers = append(p.Columns, r.Text(3)), append(p.Refers, r.Text(4))
	}); err != nil {
		return nil, err
	}
	return parentsFirst(all), nil
}

// parentsFirst orders tables so that each comes after those that it refers to.
func parentsFirst(all []*Layout) []*Layout {
	out := make([]*Layout, 0, len(all))
	placed := map[string]bool{}
	for len(out) < len(all) {
		before := len(out)
		for _, l := range all {
			if placed[l.Name] || slices.ContainsFunc(l.Parents, func(p Reference) bool { return p.Table != l.Name && !placed[p.Table] }) {
				continue
			}
			placed[l.Name] = true
			out = append(out, l)
		}
		if len(out) == before {
			panic("sqldb: tables refer to each other in a circle")
		}
	}
	return out
}

// Fixed returns a statement whose text depends on the schema alone, so that
// connections may keep it prepared like one that is declared. Its caller keeps it.
// global tells that $1 is the first argument and not the store.
func Fixed(sql string, global bool) *Stmt {
	return &Stmt{sql: sql, writes: writtenTable(sql), global: global}
}

// Bulk reports whether many rows are best inserted as arrays of columns, by one
// statement with unnest: arguments may be slices then.
func (db *DB) Bulk() bool { return db.pg != nil }
