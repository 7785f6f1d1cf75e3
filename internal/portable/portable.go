// Package portable is how packages tell what of their tables moves when a store
// moves: which columns, in which order, which of them are made from others where
// they arrive, and which are secrets. A store is then written and read part by part
// (package bundle), and no other package needs to know a table's columns.
package portable

import (
	"fmt"
	"slices"
	"strings"

	"clientele/internal/sqldb"
)

// Kind is what a column holds.
type Kind uint8

// The kinds. JSON columns are Text: what is in them stays as it is, byte by byte.
const (
	Text  Kind = iota
	Int        // also times, in seconds, and money, in units of 10^-4
	Flag       // 0 or 1
	Bytes      // shown in base64
)

var kinds = map[string]Kind{"": Text, "int": Int, "flag": Flag, "bytes": Bytes}

// Column is one of a part.
type Column struct {
	Name string
	Kind Kind
}

// Record is a row of a part: an int64, string or []byte for each column.
type Record struct {
	columns *columns
	values  []any
}

// columns are those of a part.
type columns struct {
	list  []Column
	heads []string // what comes before each value in JSON
	index map[string]int
	keys  []int
}

func (c *columns) at(name string) int {
	i, ok := c.index[name]
	if !ok {
		panic("portable: there is no column " + name)
	}
	return i
}

// Text returns a column that holds text.
func (r Record) Text(name string) string { return r.values[r.columns.at(name)].(string) }

// Int returns a column that holds a number or a flag.
func (r Record) Int(name string) int64 { return r.values[r.columns.at(name)].(int64) }

// SetText replaces the text of a column.
func (r Record) SetText(name, value string) { r.values[r.columns.at(name)] = value }

// Key returns the values by which rows are in order, in a slice that has room for
// them or in a new one.
func (r Record) Key(into []any) []any {
	if into == nil {
		into = make([]any, 0, len(r.columns.keys)+1)
	}
	into = into[:0]
	for _, k := range r.columns.keys {
		into = append(into, r.values[k])
	}
	return into
}

// Number returns the first value of the key if that is a number, else 0.
func (r Record) Number() int64 {
	if len(r.columns.keys) == 0 {
		return 0
	}
	n, _ := r.values[r.columns.keys[0]].(int64)
	return n
}

// Options say how a part is read.
type Options struct {
	// Secrets has secrets told: hashes of passwords, and what else is of use to
	// whoever has it.
	Secrets bool
}

// Batch are records that arrive together, in order.
type Batch struct {
	// Before is the number (Record.Number) of the record before the first one; 0:
	// there is none.
	Before  int64
	Records []Record
	Now     int64
}

// Part is what moves of a table.
type Part struct {
	Name, Table string
	// Secret: it is only told along with secrets.
	Secret bool
	// Hidden are the columns that do not move, and why.
	Hidden map[string]string
	// Derived are the columns that are made where the records arrive.
	Derived []string

	// Read calls each for the records after a key (Record.Key), n at most; nil:
	// from the first one. The transaction must be a snapshot.
	Read func(tx *sqldb.Tx, o Options, after []any, n int64, each func(Record) error) error
	// Write inserts records.
	Write func(tx *sqldb.Tx, b Batch) error
	// Insert is Write of rows of this store: what follows them is the caller's.
	Insert func(tx *sqldb.Tx, rows []Record) error
	// Taken reports whether a store has records that a new one has not.
	Taken func(tx *sqldb.Tx) (bool, error)
	// Clear deletes what a new store has, before the first record arrives; nil:
	// it is written over.
	Clear func(tx *sqldb.Tx) error

	columns *columns
}

// Columns are those that move, in their order.
func (p *Part) Columns() []Column { return p.columns.list }

// Table declares the part of a table.
type Table struct {
	// Name is that of the part; empty: the table's.
	Name  string
	Table string
	// Key are the columns by which rows are in order, "customer_id, id": those of
	// the primary key after the store. Empty: a store has one row.
	Key string
	// Columns are those that move, with the kinds of those that hold no text: "id
	// int, email, accepts_emails flag".
	Columns string
	// Derived are the columns that Derive makes of a record, in this order.
	Derived string
	Derive  func(r Record) []any
	Hidden  map[string]string
	// Secret has the part told along with secrets only, Masked columns of it,
	// which are empty otherwise.
	Secret bool
	Masked []string
	// Where says which rows move; empty: all.
	Where string
	// Own says which rows a new store has of its own. They are written over by
	// those that arrive or, if Clear says so, deleted before.
	Own   string
	Clear bool
	// There says that every store has its one row, which is changed.
	There bool
	// Out changes a record before it goes, In before it is written.
	Out func(tx *sqldb.Tx, o Options, r Record) error
	In  func(tx *sqldb.Tx, r Record) error
	// Wrote follows the rows of a batch.
	Wrote func(tx *sqldb.Tx, b Batch) error
}

// sizes is for how many sizes of inserts there are statements: 1 to 32 rows.
const sizes = 6

// Everything is for Table.Own: all rows of a store may be there before.
const Everything = "1 = 1"

func columnsOf(text, key string) *columns {
	c := &columns{index: map[string]int{}}
	for i, pair := range strings.Split(text, ",") {
		name, kind, _ := strings.Cut(strings.TrimSpace(pair), " ")
		k, known := kinds[kind]
		if !known {
			panic(fmt.Sprintf("portable: %q is no kind", kind))
		}
		c.index[name] = i
		c.list = append(c.list, Column{name, k})
		head := `,"` + name + `":`
		if i == 0 {
			head = `{"` + name + `":`
		}
		c.heads = append(c.heads, head)
	}
	if key != "" {
		for _, name := range strings.Split(key, ", ") {
			c.keys = append(c.keys, c.at(name))
		}
	}
	return c
}

// names are the columns as SQL lists them.
func (c *columns) names() string {
	out := make([]string, len(c.list))
	for i := range c.list {
		out[i] = c.list[i].Name
	}
	return strings.Join(out, ", ")
}

// Part returns the part.
func (t Table) Part() Part {
	if t.Name == "" {
		t.Name = t.Table
	}
	c := columnsOf(t.Columns, t.Key)
	p := Part{Name: t.Name, Table: t.Table, Secret: t.Secret, Hidden: t.Hidden, columns: c}
	if t.Derived != "" {
		p.Derived = strings.Split(t.Derived, ", ")
	}
	p.Read = t.reader(c)
	p.Insert = t.inserter(c, p.Derived)
	p.Write = t.writer(p.Insert)
	p.Taken = t.taken()
	if t.Clear {
		drop := sqldb.Static(`DELETE FROM ` + t.Table + ` WHERE store_id = $1`)
		p.Clear = func(tx *sqldb.Tx) error { return tx.Exec(drop) }
	}
	return p
}

func (t *Table) taken() func(tx *sqldb.Tx) (bool, error) {
	if t.Own == Everything {
		return func(*sqldb.Tx) (bool, error) { return false, nil }
	}
	where := ""
	if t.Own != "" {
		where = ` AND NOT (` + t.Own + `)`
	}
	any := sqldb.Static(`SELECT store_id FROM ` + t.Table + ` WHERE store_id = $1` + where + ` LIMIT 1`)
	return func(tx *sqldb.Tx) (there bool, err error) {
		return there, tx.Query(any, func(*sqldb.Row) error { there = true; return nil })
	}
}

func (t *Table) reader(c *columns) func(*sqldb.Tx, Options, []any, int64, func(Record) error) error {
	where := ""
	if t.Where != "" {
		where = ` AND ` + t.Where
	}
	places := make([]string, len(c.keys))
	for i := range places {
		places[i] = fmt.Sprintf("$%d", i+2)
	}
	all := `SELECT ` + c.names() + ` FROM ` + t.Table + ` WHERE store_id = $1` + where
	var first, next *sqldb.Stmt
	switch len(places) {
	case 0:
		first = sqldb.Static(all + ` LIMIT $2`)
	case 1:
		first = sqldb.Static(all + ` ORDER BY ` + t.Key + ` LIMIT $2`)
		next = sqldb.Static(all + ` AND ` + t.Key + ` > $2 ORDER BY ` + t.Key + ` LIMIT $3`)
	default:
		first = sqldb.Static(all + ` ORDER BY ` + t.Key + ` LIMIT $2`)
		next = sqldb.Static(fmt.Sprintf(`%s AND (%s) > (%s) ORDER BY %s LIMIT $%d`, all, t.Key, strings.Join(places, ", "), t.Key, len(places)+2))
	}
	masked := make([]int, len(t.Masked))
	for i, name := range t.Masked {
		masked[i] = c.at(name)
	}
	out := t.Out
	return func(tx *sqldb.Tx, o Options, after []any, n int64, each func(Record) error) error {
		stmt := first
		if after != nil {
			if stmt = next; stmt == nil {
				return nil
			}
		}
		rec := Record{c, make([]any, len(c.list))}
		page := make([]Record, 0)
		if err := tx.Query(stmt, func(r *sqldb.Row) error {
			rec.scan(r)
			for _, i := range masked {
				if !o.Secrets {
					rec.values[i] = zero(c.list[i].Kind)
				}
			}
			if out == nil {
				return each(rec)
			}
			page = append(page, Record{c, slices.Clone(rec.values)})
			return nil
		}, append(slices.Clone(after), n)...); err != nil {
			return err
		}
		for _, r := range page { // what changes records may ask the database
			if err := out(tx, o, r); err != nil {
				return err
			}
			if err := each(r); err != nil {
				return err
			}
		}
		return nil
	}
}

// scan reads a row. The values are those of the call, as each of them may be kept.
func (r Record) scan(row *sqldb.Row) {
	for i := range r.columns.list {
		switch r.columns.list[i].Kind {
		case Text:
			r.values[i] = row.Text(i)
		case Bytes:
			r.values[i] = row.Bytes(i)
		default:
			r.values[i] = row.Int(i)
		}
	}
}

func zero(k Kind) any {
	switch k {
	case Text:
		return ""
	case Bytes:
		return []byte{}
	}
	return int64(0)
}

func (t *Table) inserter(c *columns, derived []string) func(*sqldb.Tx, []Record) error {
	if t.There {
		return t.changer(c)
	}
	all := c.names()
	if t.Derived != "" {
		all += ", " + t.Derived
	}
	ending := ""
	if t.Own != "" && !t.Clear {
		ending = ` ON CONFLICT (store_id, ` + t.Key + `) DO UPDATE SET `
		names := strings.Split(all, ", ")
		if t.Key == "" {
			ending = ` ON CONFLICT (store_id) DO UPDATE SET `
		}
		sep := ""
		for i, name := range names {
			if !slices.Contains(c.keys, i) {
				ending += sep + name + ` = excluded.` + name
				sep = ", "
			}
		}
	}
	insert := sqldb.StaticRows(`INSERT INTO `+t.Table+` (store_id, `+all+`) VALUES `, 0, len(c.list)+len(derived), sizes, ending)
	derive := t.Derive
	return func(tx *sqldb.Tx, rows []Record) error {
		args := make([]any, 0, len(rows)*(len(c.list)+len(derived)))
		for _, r := range rows {
			args = append(args, r.values...)
			if derive != nil {
				args = append(args, derive(r)...)
			}
		}
		return insert.Exec(tx, nil, args)
	}
}

// changer returns what changes the one row that every store has.
func (t *Table) changer(c *columns) func(*sqldb.Tx, []Record) error {
	set := make([]string, len(c.list))
	for i := range set {
		set[i] = fmt.Sprintf("%s = $%d", c.list[i].Name, i+2)
	}
	change := sqldb.Static(`UPDATE ` + t.Table + ` SET ` + strings.Join(set, ", ") + ` WHERE store_id = $1`)
	return func(tx *sqldb.Tx, rows []Record) error {
		for _, r := range rows {
			if err := tx.Exec(change, r.values...); err != nil {
				return err
			}
		}
		return nil
	}
}

func (t *Table) writer(insert func(*sqldb.Tx, []Record) error) func(*sqldb.Tx, Batch) error {
	in, wrote := t.In, t.Wrote
	return func(tx *sqldb.Tx, b Batch) error {
		for _, r := range b.Records {
			if in == nil {
				break
			}
			if err := in(tx, r); err != nil {
				return err
			}
		}
		if err := insert(tx, b.Records); err != nil || wrote == nil {
			return err
		}
		return wrote(tx, b)
	}
}

// Copy returns a record that can be changed by itself.
func (r Record) Copy() Record { return Record{r.columns, slices.Clone(r.values)} }
