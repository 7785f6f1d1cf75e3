package sqldb_test

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// catalog is what a live database says of its schema, in terms that both
// engines share.
type catalog struct {
	Tables map[string]*table
	// Others are objects that are neither tables nor indexes.
	Others []string
}

type table struct {
	Columns map[string]column
	Order   []string // of the columns
	Key     []string // primary
	Indexes map[string]index
	Foreign []string // "(a, b) -> t (c, d) on delete CASCADE", sorted
}

type column struct {
	Type    string // int, text or bytes
	NotNull bool
	Default string
}

type index struct {
	Columns []string
	Unique  bool
	Where   string
}

func rows(t *testing.T, db *sqldb.DB, sql string, each func(r *sqldb.Row), args ...any) {
	t.Helper()
	err := db.Read(t.Context(), 0, func(tx *sqldb.Tx) error {
		return tx.Query(sqldb.Raw(sql), func(r *sqldb.Row) error { each(r); return nil }, args...)
	})
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func texts(t *testing.T, db *sqldb.DB, sql string, args ...any) []string {
	t.Helper()
	var out []string
	rows(t, db, sql, func(r *sqldb.Row) { out = append(out, r.Text(0)) }, args...)
	return out
}

// condition brings the condition of a partial index to one spelling.
func condition(s string) string {
	s = strings.NewReplacer("(", "", ")", "", "::text", "", "::bigint", "", `"`, "").Replace(s)
	return strings.Join(strings.Fields(s), " ")
}

func describe(t *testing.T, db *sqldb.DB) catalog {
	t.Helper()
	if db.Engine() == sqldb.SQLite {
		return describeSQLite(t, db)
	}
	return describePostgres(t, db)
}

func describeSQLite(t *testing.T, db *sqldb.DB) catalog {
	t.Helper()
	c := catalog{Tables: map[string]*table{}}
	c.Others = texts(t, db, `SELECT type || ' ' || name FROM sqlite_schema WHERE type NOT IN ('table', 'index') ORDER BY 1`)
	for _, name := range texts(t, db, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`) {
		tb := &table{Columns: map[string]column{}, Indexes: map[string]index{}}
		c.Tables[name] = tb
		key := map[int64]string{}
		rows(t, db, `SELECT name, type, "notnull", dflt_value, pk FROM pragma_table_info($1) ORDER BY cid`, func(r *sqldb.Row) {
			tb.Order = append(tb.Order, r.Text(0))
			tb.Columns[r.Text(0)] = column{Type: map[string]string{"INTEGER": "int", "BIGINT": "int", "TEXT": "text", "BLOB": "bytes"}[r.Text(1)], NotNull: r.Flag(2), Default: r.Text(3)}
			if r.Int(4) > 0 {
				key[r.Int(4)] = r.Text(0)
			}
		}, name)
		for i := range int64(len(key)) {
			tb.Key = append(tb.Key, key[i+1])
		}
		rows(t, db, `SELECT il.name, il."unique", COALESCE(s.sql, ''), il.origin FROM pragma_index_list($1) il
			LEFT JOIN sqlite_schema s ON s.name = il.name WHERE il.origin <> 'pk'`, func(r *sqldb.Row) {
			ix := index{Unique: r.Flag(1)}
			if _, where, ok := strings.Cut(r.Text(2), " WHERE "); ok {
				ix.Where = condition(where)
			}
			ix.Columns = texts(t, db, `SELECT name FROM pragma_index_info($1) ORDER BY seqno`, r.Text(0))
			id := r.Text(0)
			if r.Text(3) == "u" {
				id = "unique"
			}
			tb.Indexes[id] = ix
		}, name)
		type fk struct{ from, to, rest string }
		keys := map[int64]*fk{}
		rows(t, db, `SELECT id, "table", "from", "to", on_delete FROM pragma_foreign_key_list($1) ORDER BY id, seq`, func(r *sqldb.Row) {
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
	return c
}

func describePostgres(t *testing.T, db *sqldb.DB) catalog {
	t.Helper()
	c := catalog{Tables: map[string]*table{}}
	c.Others = texts(t, db, `SELECT 'trigger ' || tgname::text FROM pg_trigger WHERE NOT tgisinternal
		UNION ALL SELECT c.relkind::text || ' ' || c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE n.nspname = 'public' AND c.relkind NOT IN ('r', 'i')
		UNION ALL SELECT 'function ' || p.proname::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'public'
		UNION ALL SELECT 'rule ' || rulename::text FROM pg_rules WHERE schemaname = 'public' ORDER BY 1`)
	for _, name := range texts(t, db, `SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'`) {
		tb := &table{Columns: map[string]column{}, Indexes: map[string]index{}}
		c.Tables[name] = tb
		rows(t, db, `SELECT column_name::text, data_type::text, is_nullable::text, COALESCE(column_default, '')::text, is_identity::text, is_generated::text
			FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1 ORDER BY ordinal_position`, func(r *sqldb.Row) {
			tb.Order = append(tb.Order, r.Text(0))
			tb.Columns[r.Text(0)] = column{Type: map[string]string{"bigint": "int", "text": "text", "bytea": "bytes"}[r.Text(1)], NotNull: r.Text(2) == "NO", Default: strings.TrimSuffix(r.Text(3), "::text")}
			if r.Text(4) != "NO" || r.Text(5) != "NEVER" {
				t.Errorf("%s.%s is an identity or generated column", name, r.Text(0))
			}
		}, name)
		rows(t, db, `SELECT i.relname::text, CASE WHEN x.indisunique THEN 1::bigint ELSE 0::bigint END, CASE WHEN x.indisprimary THEN 1::bigint ELSE 0::bigint END,
			COALESCE(pg_get_expr(x.indpred, x.indrelid), '')::text,
			(SELECT string_agg(a.attname::text, ',' ORDER BY k.n) FROM unnest(x.indkey::smallint[]) WITH ORDINALITY k(col, n) JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.col)::text,
			CASE WHEN EXISTS (SELECT 1 FROM pg_constraint pc WHERE pc.conindid = x.indexrelid AND pc.contype = 'u') THEN 1::bigint ELSE 0::bigint END
			FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid WHERE x.indrelid = ('public.' || $1)::regclass`, func(r *sqldb.Row) {
			cols := strings.Split(r.Text(4), ",")
			if r.Flag(2) {
				tb.Key = cols
				return
			}
			id := r.Text(0)
			if r.Flag(5) {
				id = "unique"
			}
			tb.Indexes[id] = index{Columns: cols, Unique: r.Flag(1), Where: condition(r.Text(3))}
		}, name)
		for _, def := range texts(t, db, `SELECT pg_get_constraintdef(oid)::text FROM pg_constraint WHERE contype = 'f' AND conrelid = ('public.' || $1)::regclass`, name) {
			m := foreignKey.FindStringSubmatch(def)
			if m == nil {
				t.Errorf("%s: foreign key %s", name, def)
				continue
			}
			tb.Foreign = append(tb.Foreign, fmt.Sprintf("(%s) -> %s (%s) on delete %s", m[1], m[2], m[3], m[4]))
		}
		slices.Sort(tb.Foreign)
	}
	return c
}

var foreignKey = regexp.MustCompile(`^FOREIGN KEY \((.*)\) REFERENCES (\w+)\((.*)\) ON DELETE (\w+)$`)

// tenant reports whether a table belongs to stores. People who work with the
// control panel, and what is theirs, belong to the installation: only their
// memberships are of stores.
func tenant(name string) bool {
	return name != "stores" && !strings.HasPrefix(name, "schema_") && (!strings.HasPrefix(name, "staff_") || name == "staff_memberships")
}

// acrossStores are indexes of stores' tables that do not lead with the store,
// and why.
var acrossStores = map[string]string{"staff_memberships_staff": "what a person may is looked for across stores, with each request to the control panel"}

var plainDefault = regexp.MustCompile(`^('[^']*'|-?[0-9]+)?$`)

func TestSchemaKeepsStoresApart(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := describe(t, db)
		if len(c.Tables) < 15 {
			t.Fatalf("%d tables", len(c.Tables))
		}
		if len(c.Others) > 0 {
			t.Errorf("only tables and indexes are portable: %q", c.Others)
		}
		indexes, foreign := 0, 0
		for name, tb := range c.Tables {
			for col, d := range tb.Columns {
				if d.Type == "" {
					t.Errorf("%s.%s is neither BIGINT nor TEXT nor bytes", name, col)
				}
				if !d.NotNull {
					t.Errorf("%s.%s may be NULL", name, col)
				}
				if !plainDefault.MatchString(d.Default) {
					t.Errorf("%s.%s has the default %s", name, col, d.Default)
				}
			}
			if len(tb.Key) == 0 {
				t.Errorf("%s has no primary key", name)
			}
			if !tenant(name) {
				continue
			}
			if len(tb.Key) == 0 || tb.Key[0] != "store_id" {
				t.Errorf("the primary key of %s is %q", name, tb.Key)
			}
			if d := tb.Columns["store_id"]; d.Type != "int" || !d.NotNull || d.Default != "" {
				t.Errorf("%s.store_id: %+v", name, d)
			}
			for id, ix := range tb.Indexes {
				indexes++
				if ix.Columns[0] != "store_id" && acrossStores[id] == "" {
					t.Errorf("index %s of %s begins with %s", id, name, ix.Columns[0])
				}
			}
			for _, f := range tb.Foreign {
				foreign++
				if !strings.HasPrefix(f, "(store_id, ") || !strings.Contains(f, "-> ") || !strings.Contains(f[strings.Index(f, "->"):], " (store_id, ") {
					t.Errorf("%s: foreign key %s", name, f)
				}
			}
		}
		if indexes < 10 || foreign < 5 {
			t.Errorf("found only %d indexes and %d foreign keys", indexes, foreign)
		}
		t.Logf("%d tables, %d indexes and %d foreign keys; all but stores, schema_… and the installation's lead with store_id", len(c.Tables), indexes, foreign)
	})
}

func TestSQLiteTablesAreStrict(t *testing.T) {
	db := dbtest.Open(t, sqldb.SQLite)
	n := 0
	rows(t, db, `SELECT name, strict, wr FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'schema_%'`, func(r *sqldb.Row) {
		n++
		if !r.Flag(1) || !r.Flag(2) {
			t.Errorf("%s: strict %d, without rowid %d", r.Text(0), r.Int(1), r.Int(2))
		}
	})
	if n < 15 {
		t.Errorf("%d tables", n)
	}
}

// Text that is compared, ordered or a key must compare byte for byte.
func TestPostgresComparesBytes(t *testing.T) {
	db := dbtest.Open(t, sqldb.Postgres)
	compared := map[string]bool{}
	for name, tb := range describe(t, db).Tables {
		if strings.HasPrefix(name, "schema_") {
			continue
		}
		for _, k := range tb.Key {
			compared[name+"."+k] = true
		}
		for _, ix := range tb.Indexes {
			for _, k := range ix.Columns {
				compared[name+"."+k] = true
			}
		}
		for col := range tb.Columns {
			if strings.HasSuffix(col, "_norm") {
				compared[name+"."+col] = true
			}
		}
	}
	n := 0
	rows(t, db, `SELECT table_name::text, column_name::text, COALESCE(collation_name, '')::text FROM information_schema.columns WHERE table_schema = 'public' AND data_type = 'text'`, func(r *sqldb.Row) {
		if !compared[r.Text(0)+"."+r.Text(1)] {
			return
		}
		n++
		if r.Text(2) != "C" {
			t.Errorf("%s.%s has collation %q", r.Text(0), r.Text(1), r.Text(2))
		}
	})
	if n < 15 {
		t.Errorf("found only %d compared text columns", n)
	}
	if got := texts(t, db, `SELECT relname::text FROM pg_class WHERE relkind = 'S'`); len(got) > 0 {
		t.Errorf("sequences: %q", got)
	}
}

func TestEnginesHaveTheSameSchema(t *testing.T) {
	a, b := describe(t, dbtest.Open(t, sqldb.SQLite)), describe(t, dbtest.Open(t, sqldb.Postgres))
	for name := range b.Tables {
		if a.Tables[name] == nil {
			t.Errorf("%s is missing on SQLite", name)
		}
	}
	for name, ta := range a.Tables {
		tb := b.Tables[name]
		if tb == nil {
			t.Errorf("%s is missing on PostgreSQL", name)
			continue
		}
		if !reflect.DeepEqual(ta, tb) {
			t.Errorf("%s differs:\nSQLite     %+v\nPostgreSQL %+v", name, ta, tb)
		}
	}
}

// Every comparison of folded text gives the same on both engines.
func TestEnginesOrderTextAlike(t *testing.T) {
	words := []string{"zoë", "zoe", "a b", "a", "", "ß", "ss", "éa", "e", "Z", "_", "10", "9", "a-b", "日本", "🙂"}
	var got [2][]string
	for i, e := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		db := dbtest.Open(t, e)
		err := db.Write(t.Context(), 0, func(tx *sqldb.Tx) error {
			for j, w := range words {
				if err := tx.Exec(sqldb.Raw(`INSERT INTO attributes (store_id, id, name, name_norm, type, date_created, date_modified) VALUES (1, $1, '', $2, 'string', 0, 0)`), int64(j+1), w); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		got[i] = texts(t, db, `SELECT name_norm FROM attributes ORDER BY name_norm`)
	}
	want := slices.Clone(words)
	slices.Sort(want)
	for i := range got {
		if !slices.Equal(got[i], want) {
			t.Errorf("engine %d orders %q, want %q", i, got[i], want)
		}
	}
}
