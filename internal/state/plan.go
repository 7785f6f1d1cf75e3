package state

import (
	"fmt"
	"slices"
	"strings"

	"clientele/internal/sqldb"
)

// plan is how the rows of a database are read and written, table by table, each
// after those that it refers to.
type plan struct {
	tables []*table
	shops  *table // of the rows of stores themselves, by id
	named  map[string]*table
	bulk   bool // see sqldb.DB.Bulk
}

// table is a table whose rows are part of what is kept.
type table struct {
	name    string
	place   int
	columns []sqldb.LayoutColumn // those of the key first, without the store
	keys    int                  // columns of the key
	tenant  bool                 // rows are a store's, else the installation's
	parents []parent
	late    bool // see settle
	// referred are the columns by which other tables refer to rows.
	referred [][]int

	read, insert, remove, clear *sqldb.Stmt
	copy                        *sqldb.Stmt // to another store
}

// parent is a table with whose rows others end.
type parent struct {
	of       *table
	columns  []int // here
	referred int   // of.referred by which
}

// newPlan returns the plan for the tables of a database. Tables of the program
// are no part of it.
func newPlan(layouts []*sqldb.Layout, bulk bool) (*plan, error) {
	p := &plan{named: map[string]*table{}, bulk: bulk}
	for _, l := range layouts {
		if ruleOf(l.Name) == program && l.Name != "stores" {
			continue
		}
		t := &table{name: l.Name, place: len(p.tables)}
		for _, key := range l.Key {
			if key == "store_id" {
				t.tenant = true
				continue
			}
			i := slices.IndexFunc(l.Columns, func(c sqldb.LayoutColumn) bool { return c.Name == key })
			t.columns = append(t.columns, l.Columns[i])
		}
		t.keys = len(t.columns)
		for _, c := range l.Columns {
			if c.Type == "" {
				return nil, fmt.Errorf("state: %s.%s is of a type that is not known", l.Name, c.Name)
			}
			if c.Name != "store_id" && !slices.Contains(l.Key, c.Name) {
				t.columns = append(t.columns, c)
			}
		}
		for _, r := range l.Parents {
			of := p.named[r.Table]
			if of == nil {
				continue // of the program, or the table itself
			}
			t.parents = append(t.parents, parent{of: of, columns: t.places(r.Columns), referred: of.refer(of.places(r.Refers))})
		}
		t.prepare(bulk)
		if l.Name == "stores" {
			p.shops = t
			continue
		}
		p.tables = append(p.tables, t)
		p.named[t.name] = t
	}
	return p, nil
}

// places returns where columns are, without that of the store.
func (t *table) places(names []string) (out []int) {
	for _, n := range names {
		if n != "store_id" {
			out = append(out, t.column(n))
		}
	}
	return out
}

// column returns where a column is, or -1.
func (t *table) column(name string) int {
	return slices.IndexFunc(t.columns, func(c sqldb.LayoutColumn) bool { return c.Name == name })
}

// refer notes that rows are referred to by columns.
func (t *table) refer(columns []int) int {
	for i, have := range t.referred {
		if slices.Equal(have, columns) {
			return i
		}
	}
	t.referred = append(t.referred, columns)
	return len(t.referred) - 1
}

var arrays = map[string]string{"int": "bigint[]", "text": "text[]", "bytes": "bytea[]"}

// prepare makes the statements.
func (t *table) prepare(bulk bool) {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = c.Name
	}
	list, first := strings.Join(names, ", "), 1
	if t.tenant {
		first = 2
	}
	var into, values, unnest, keys []string
	where := ""
	if t.tenant {
		into, values, keys, where = []string{"store_id"}, []string{"$1"}, []string{"store_id = $1"}, " WHERE store_id = $1"
	}
	into = append(into, names...)
	picked := slices.Clone(values)
	if bulk && t.tenant {
		picked[0] = "$1::bigint"
	}
	for i, c := range t.columns {
		place := fmt.Sprintf("$%d", i+first)
		values, picked = append(values, place), append(picked, "u."+c.Name)
		unnest = append(unnest, place+"::"+arrays[c.Type])
		if i < t.keys {
			keys = append(keys, c.Name+" = "+place)
		}
	}
	insert := "VALUES (" + strings.Join(values, ", ") + ")"
	if bulk {
		insert = "SELECT " + strings.Join(picked, ", ") + " FROM unnest(" + strings.Join(unnest, ", ") + ") AS u(" + list + ")"
	}
	global := !t.tenant
	t.read = sqldb.Fixed("SELECT "+list+" FROM "+t.name+where, global)
	t.insert = sqldb.Fixed("INSERT INTO "+t.name+" ("+strings.Join(into, ", ")+") "+insert, global)
	t.remove = sqldb.Fixed("DELETE FROM "+t.name+" WHERE "+strings.Join(keys, " AND "), global)
	if bulk {
		of := "(" + strings.Join(names[:t.keys], ", ") + ") IN (SELECT * FROM unnest(" + strings.Join(unnest[:t.keys], ", ") + "))"
		if t.tenant {
			of = "store_id = $1 AND " + of
		}
		if t.keys > 0 { // else a store has one row
			t.remove = sqldb.Fixed("DELETE FROM "+t.name+" WHERE "+of, global)
		}
	}
	if t.tenant {
		to := "$2"
		if bulk {
			to += "::bigint"
		}
		t.copy = sqldb.Fixed("INSERT INTO "+t.name+" (store_id, "+list+") SELECT "+to+", "+list+" FROM "+t.name+where, false)
	}
	t.clear = sqldb.Fixed("DELETE FROM "+t.name+where, global)
}
