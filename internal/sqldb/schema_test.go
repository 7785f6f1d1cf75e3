package sqldb_test

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"clientele/internal/scale"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

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

// describe returns what a live database says of its schema.
func describe(t *testing.T, db *sqldb.DB) *sqldb.Schema {
	t.Helper()
	s, err := db.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var plainDefault = regexp.MustCompile(`^('[^']*'|-?[0-9]+)?$`)

func TestSchemaKeepsStoresApart(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := describe(t, db)
		if len(c.Tables) < 15 {
			t.Fatalf("%d tables", len(c.Tables))
		}
		sum := scale.Schema(c)
		for _, f := range sum.Faults {
			t.Error(f)
		}
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
		}
		if sum.Indexes < 10 || sum.Foreign < 5 {
			t.Errorf("found only %d indexes and %d foreign keys", sum.Indexes, sum.Foreign)
		}
		if err := db.Write(t.Context(), 0, func(tx *sqldb.Tx) error {
			for _, text := range []string{
				`CREATE TABLE notes (id BIGINT NOT NULL PRIMARY KEY, store_id BIGINT NOT NULL, customer_id BIGINT NOT NULL)`,
				`CREATE INDEX notes_customer ON notes (customer_id)`,
			} {
				if _, err := tx.ExecCount(sqldb.Raw(text)); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if got := scale.Schema(describe(t, db)).Faults; len(got) != 2 || !strings.Contains(got[0], "notes_customer") || !strings.Contains(got[1], "primary key of notes") {
			t.Errorf("a table that does not lead with the store: %q", got)
		}
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
		if name == "store_counters" && slices.Equal(tb.Key, []string{"store_id", "lap"}) {
			tb.Key = ta.Key // see lap.go: PostgreSQL alone keeps versions of a row
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
