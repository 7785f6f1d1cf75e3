package sqldb

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Schema is what a live database says of its schema, in terms that both
// engines share.
type Schema struct {
	Tables map[string]*Table
	// Others are what is neither a table nor an index, or is of a form that only
	// one engine has.
	Others []string
}

// Table is a table with its indexes.
type Table struct {
	Columns map[string]TableColumn
	Order   []string // of the columns
	Key     []string // primary
	Indexes map[string]Index
	Foreign []string // "(a, b) -> t (c, d) on delete CASCADE", sorted
}

// TableColumn is a column of a table.
type TableColumn struct {
	Type    string // int, text or bytes
	NotNull bool
	Default string
}

// Index is an index besides that of the primary key.
type Index struct {
	Columns []string
	Unique  bool
	Where   string
}

// condition brings the condition of a partial index to one spelling.
func condition(s string) string {
	s = strings.NewReplacer("(", "", ")", "", "::text", "", "::bigint", "", `"`, "").Replace(s)
	return strings.Join(strings.Fields(s), " ")
}

// Describe returns what a database says of its schema.
func (db *DB) Describe(ctx context.Context) (*Schema, error) {
	d := &describer{ctx: ctx, db: db}
	if db.engine == SQLite {
		d.sqlite()
	} else {
		d.postgres()
	}
	return &d.Schema, d.err
}

// describer asks until something fails.
type describer struct {
	Schema
	ctx context.Context
	db  *DB
	err error
}

// rows runs a statement that is not declared, as it is about tables of the
// engine's.
func (d *describer) rows(sql string, each func(r *Row), args ...any) {
	if d.err != nil {
		return
	}
	s := &Stmt{sql: sql, lite: numbered(sql), global: true, kind: dynamic}
	d.err = d.db.Read(d.ctx, 0, func(tx *Tx) error {
		return tx.Query(s, func(r *Row) error { each(r); return nil }, args...)
	})
}

func (d *describer) texts(sql string, args ...any) (out []string) {
	d.rows(sql, func(r *Row) { out = append(out, r.Text(0)) }, args...)
	return out
}

func (d *describer) sqlite() {
	d.Tables = map[string]*Table{}
	d.Others = d.texts(`SELECT type || ' ' || name FROM sqlite_schema WHERE type NOT IN ('table', 'index') ORDER BY 1`)
	for _, name := range d.texts(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`) {
		tb := &Table{Columns: map[string]TableColumn{}, Indexes: map[string]Index{}}
		d.Tables[name] = tb
		key := map[int64]string{}
		d.rows(`SELECT name, type, "notnull", dflt_value, pk FROM pragma_table_info($1) ORDER BY cid`, func(r *Row) {
			tb.Order = append(tb.Order, r.Text(0))
			tb.Columns[r.Text(0)] = TableColumn{Type: map[string]string{"INTEGER": "int", "BIGINT": "int", "TEXT": "text", "BLOB": "bytes"}[r.Text(1)], NotNull: r.Flag(2), Default: r.Text(3)}
			if r.Int(4) > 0 {
				key[r.Int(4)] = r.Text(0)
			}
		}, name)
		for i := range int64(len(key)) {
			tb.Key = append(tb.Key, key[i+1])
		}
		type named struct {
			name       string
			constraint bool
			Index
		}
		var names []named
		d.rows(`SELECT il.name, il."unique", COALESCE(s.sql, ''), il.origin FROM pragma_index_list($1) il
			LEFT JOIN sqlite_schema s ON s.name = il.name WHERE il.origin <> 'pk'`, func(r *Row) {
			ix := Index{Unique: r.Flag(1)}
			if _, where, ok := strings.Cut(r.Text(2), " WHERE "); ok {
				ix.Where = condition(where)
			}
			id := r.Text(0)
			names = append(names, named{id, r.Text(3) == "u", ix})
		}, name)
		for _, n := range names {
			n.Columns = d.texts(`SELECT name FROM pragma_index_info($1) ORDER BY seqno`, n.name)
			if n.constraint {
				n.name = "unique"
			}
			tb.Indexes[n.name] = n.Index
		}
		type fk struct{ from, to, rest string }
		keys := map[int64]*fk{}
		d.rows(`SELECT id, "table", "from", "to", on_delete FROM pragma_foreign_key_list($1) ORDER BY id, seq`, func(r *Row) {
			if keys[r.Int(0)] == nil {
				keys[r.Int(0)] = &fk{rest: r.Text(1)}
			}
			k := keys[r.Int(0)]
			k.from += ", " + r.Text(2)
			k.to += ", " + r.Text(3)
			if k.rest == r.Text(1) {
				k.rest = r.Text(1) + " (%s) on delete " + r.Text(4)
			}
		}, name)
		for _, k := range keys {
			tb.Foreign = append(tb.Foreign, fmt.Sprintf("(%s) -> ", k.from[2:])+fmt.Sprintf(k.rest, k.to[2:]))
		}
		slices.Sort(tb.Foreign)
	}
}

func (d *describer) postgres() {
	d.Tables = map[string]*Table{}
	d.Others = d.texts(`SELECT 'trigger ' || tgname::text FROM pg_trigger WHERE NOT tgisinternal
		UNION ALL SELECT c.relkind::text || ' ' || c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE n.nspname = current_schema() AND c.relkind NOT IN ('r', 'i')
		UNION ALL SELECT 'function ' || p.proname::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = current_schema()
		UNION ALL SELECT 'rule ' || rulename::text FROM pg_rules WHERE schemaname = current_schema() ORDER BY 1`)
	for _, name := range d.texts(`SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()`) {
		tb := &Table{Columns: map[string]TableColumn{}, Indexes: map[string]Index{}}
		d.Tables[name] = tb
		d.rows(`SELECT column_name::text, data_type::text, is_nullable::text, COALESCE(column_default, '')::text, is_identity::text, is_generated::text
			FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position`, func(r *Row) {
			tb.Order = append(tb.Order, r.Text(0))
			tb.Columns[r.Text(0)] = TableColumn{Type: map[string]string{"bigint": "int", "text": "text", "bytea": "bytes"}[r.Text(1)], NotNull: r.Text(2) == "NO", Default: strings.TrimSuffix(r.Text(3), "::text")}
			if r.Text(4) != "NO" || r.Text(5) != "NEVER" {
				d.Others = append(d.Others, "identity or generated column "+name+"."+r.Text(0))
			}
		}, name)
		d.rows(`SELECT i.relname::text, CASE WHEN x.indisunique THEN 1::bigint ELSE 0::bigint END, CASE WHEN x.indisprimary THEN 1::bigint ELSE 0::bigint END,
			COALESCE(pg_get_expr(x.indpred, x.indrelid), '')::text,
			(SELECT string_agg(a.attname::text, ',' ORDER BY k.n) FROM unnest(x.indkey::smallint[]) WITH ORDINALITY k(col, n) JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.col)::text,
			CASE WHEN EXISTS (SELECT 1 FROM pg_constraint pc WHERE pc.conindid = x.indexrelid AND pc.contype = 'u') THEN 1::bigint ELSE 0::bigint END
			FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid WHERE x.indrelid = to_regclass($1::text)`, func(r *Row) {
			cols := strings.Split(r.Text(4), ",")
			if r.Flag(2) {
				tb.Key = cols
				return
			}
			id := r.Text(0)
			if r.Flag(5) {
				id = "unique"
			}
			tb.Indexes[id] = Index{Columns: cols, Unique: r.Flag(1), Where: condition(r.Text(3))}
		}, name)
		for _, def := range d.texts(`SELECT pg_get_constraintdef(oid)::text FROM pg_constraint WHERE contype = 'f' AND conrelid = to_regclass($1::text)`, name) {
			m := foreignKey().FindStringSubmatch(def)
			if m == nil {
				d.Others = append(d.Others, "foreign key of "+name+": "+def)
				continue
			}
			tb.Foreign = append(tb.Foreign, fmt.Sprintf("(%s) -> %s (%s) on delete %s", m[1], m[2], m[3], m[4]))
		}
		slices.Sort(tb.Foreign)
	}
}

var foreignKey = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^FOREIGN KEY \((.*)\) REFERENCES (\w+)\((.*)\) ON DELETE (\w+)$`)
})
