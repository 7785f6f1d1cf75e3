package personal

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"clientele/internal/email"
	"clientele/internal/jsonx"
	"clientele/internal/sqldb"
)

const (
	// Bite is how many rows of a person are read at once.
	Bite = 100
	// Sweep is how many rows of everybody are looked at once for a person's, where
	// no index leads to them.
	Sweep = 2000
)

func number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// Key returns numbers as a key.
func Key(ids ...int64) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = strconv.FormatInt(id, 10)
	}
	return out
}

// By tells by which values of a person rows are found.
type By func(w *Who) []any

// The values.
var (
	ByCustomer   By = func(w *Who) []any { return anys(w.Customers) }
	BySubscriber By = func(w *Who) []any { return anys(w.Subscribers) }
	ByAddress    By = func(w *Who) []any {
		if w.Email == "" {
			return nil
		}
		return anys(email.Keys(w.Email))
	}
)

func anys[T any](list []T) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = v
	}
	return out
}

// Kind is how a column is shown.
type Kind byte

// The kinds of columns.
const (
	Text  Kind = iota
	Int        // a number
	ID         // a number, 0 for none
	Flag       // true or false
	Time       // seconds since the epoch, 0 for none
	Money      // in units of 10^-4
	JSON       // JSON as it is
)

var kinds = map[string]Kind{"int": Int, "id": ID, "flag": Flag, "time": Time, "money": Money, "json": JSON}

// Columns are what a statement selects.
type Columns struct {
	names  []string // as they are shown
	kinds  []Kind
	keys   []int
	hidden []bool // selected as a key only
}

// columnsOf reads the names of what a statement selects from its text. kinds
// has those that are not text, as "name kind, name kind", and key the names of
// the columns by which rows are read. It panics where a name is not selected.
func columnsOf(stmt *sqldb.Stmt, special string, key []string, hidden map[string]string) *Columns {
	text, _, _ := strings.Cut(strings.TrimPrefix(strings.Join(strings.Fields(stmt.SQL()), " "), "SELECT "), " FROM ")
	c := &Columns{}
	for _, name := range strings.Split(text, ", ") {
		words := strings.Fields(name)
		name = words[len(words)-1]
		name = name[strings.LastIndexByte(name, '.')+1:]
		_, hide := hidden[name]
		c.names, c.hidden = append(c.names, name), append(c.hidden, hide)
	}
	c.kinds = make([]Kind, len(c.names))
	find := func(name string) int {
		i := slices.Index(c.names, name)
		if i < 0 {
			panic(fmt.Sprintf("personal: %q is not selected by %s", name, stmt.SQL()))
		}
		return i
	}
	for _, pair := range strings.Split(special, ", ") {
		if name, kind, ok := strings.Cut(pair, " "); ok {
			k, known := kinds[kind]
			if !known {
				panic(fmt.Sprintf("personal: %q is no kind", kind))
			}
			c.kinds[find(name)] = k
		}
	}
	for _, name := range key {
		c.keys = append(c.keys, find(name))
	}
	return c
}

// row makes a row of what a statement selected.
func (c *Columns) row(r *sqldb.Row) Row {
	out := Row{Fields: make([]Field, 0, len(c.names)), Key: make([]string, len(c.keys))}
	for i, name := range c.names {
		if !c.hidden[i] {
			out.Fields = append(out.Fields, Field{name, c.json(r, i)})
		}
	}
	for i, k := range c.keys {
		if c.kinds[k] == Text {
			out.Key[i] = strings.Clone(r.Text(k))
		} else {
			out.Key[i] = strconv.FormatInt(r.Int(k), 10)
		}
	}
	return out
}

// told are the names of those that are shown.
func (c *Columns) told() []string {
	var out []string
	for i, name := range c.names {
		if !c.hidden[i] {
			out = append(out, name)
		}
	}
	return out
}

func (c *Columns) json(r *sqldb.Row, i int) string {
	switch c.kinds[i] {
	case Int:
		return strconv.FormatInt(r.Int(i), 10)
	case ID:
		return NumberOrNull(r.Int(i))
	case Flag:
		return strconv.FormatBool(r.Flag(i))
	case Time:
		return TimeOrNull(r.Int(i))
	case Money:
		return string(jsonx.AppendDecimal(nil, r.Int(i), 4))
	case JSON:
		if text := r.Text(i); json.Valid([]byte(text)) {
			return text
		}
	}
	return TextJSON(r.Text(i))
}

// TextJSON returns a text as JSON.
func TextJSON(s string) string { return string(jsonx.AppendString(nil, s)) }

// NumberOrNull returns a number as JSON; 0 is none.
func NumberOrNull(n int64) string {
	if n == 0 {
		return "null"
	}
	return strconv.FormatInt(n, 10)
}

// TimeOrNull returns a time as JSON; 0 is none.
func TimeOrNull(seconds int64) string {
	if seconds == 0 {
		return "null"
	}
	return `"` + time.Unix(seconds, 0).UTC().Format(time.RFC3339) + `"`
}

// Table declares the part of a table that an index leads to by a value of the
// person. The statement takes the value as $2, the key of the row before as $3
// and on, and then how many rows it selects at most.
type Table struct {
	Name, Title string
	By          By
	Select      *sqldb.Stmt
	Kinds       string   // of the columns that are not text: "id int, date_created time"
	Key         []string // columns
	Hidden      map[string]string
	Stays       string
	Drop        func(tx *sqldb.Tx, e *Erasure, rows []Row) (int64, error)
}

// Part returns the part.
func (t Table) Part() Part {
	c := columnsOf(t.Select, t.Kinds, t.Key, t.Hidden)
	return Part{
		Table: t.Name, Title: t.Title, Columns: c.told(), Hidden: t.Hidden, Stays: t.Stays, Drop: t.Drop,
		Read: func(tx *sqldb.Tx, w *Who, at Place) ([]Row, Place, error) {
			values := t.By(w)
			if at.Of >= len(values) {
				return nil, Place{End: true}, nil
			}
			rows, next, err := c.page(tx, t.Select, []any{values[at.Of]}, at, Bite)
			if next.End {
				next = Place{Of: at.Of + 1}
			}
			return rows, next, err
		},
	}
}

// page reads the rows after a place.
func (c *Columns) page(tx *sqldb.Tx, stmt *sqldb.Stmt, args []any, at Place, most int64) ([]Row, Place, error) {
	for i, k := range c.keys {
		if c.kinds[k] == Text {
			args = append(args, at.Text(i))
		} else if len(at.Key) == 0 {
			args = append(args, int64(-1))
		} else {
			args = append(args, at.Int(i))
		}
	}
	var rows []Row
	if err := tx.Query(stmt, func(r *sqldb.Row) error { rows = append(rows, c.row(r)); return nil }, append(args, most)...); err != nil {
		return nil, at, err
	}
	if int64(len(rows)) < most {
		return rows, Place{Of: at.Of, End: true}, nil
	}
	return rows, Place{Of: at.Of, Key: rows[len(rows)-1].Key}, nil
}

// Sieve declares the part of a table that no index leads to. All goes over the
// rows of everybody; it takes the key of the row before as $2 and on and then how
// many rows it selects, and selects the key first. Mine tells a person's by what
// it selects. One selects a row by its key.
type Sieve struct {
	Name, Title string
	All         *sqldb.Stmt
	Mine        func(w *Who, r *sqldb.Row) bool
	One         *sqldb.Stmt
	Kinds       string
	Key         []string
	Hidden      map[string]string
	Stays       string
	Scrubs      bool
	Along       bool
	Drop        func(tx *sqldb.Tx, e *Erasure, rows []Row) (int64, error)
}

// Part returns the part.
func (s Sieve) Part() Part {
	c := columnsOf(s.One, s.Kinds, s.Key, s.Hidden)
	return Part{
		Table: s.Name, Title: s.Title, Columns: c.told(), Hidden: s.Hidden, Stays: s.Stays, Scrubs: s.Scrubs, Along: s.Along, Drop: s.Drop,
		Read: func(tx *sqldb.Tx, w *Who, at Place) ([]Row, Place, error) {
			var keys [][]string
			next, err := s.sift(tx, c, w, at, &keys)
			if err != nil {
				return nil, at, err
			}
			var rows []Row
			for _, key := range keys {
				args := make([]any, len(key))
				for i, k := range c.keys {
					args[i] = c.value(k, key[i])
				}
				if err := tx.Query(s.One, func(r *sqldb.Row) error { rows = append(rows, c.row(r)); return nil }, args...); err != nil {
					return nil, at, err
				}
			}
			return rows, next, nil
		},
	}
}

func (c *Columns) value(column int, text string) any {
	if c.kinds[column] == Text {
		return text
	}
	return number(text)
}

// sift notes the keys of a person's rows, Bite at most.
func (s Sieve) sift(tx *sqldb.Tx, c *Columns, w *Who, at Place, keys *[][]string) (Place, error) {
	args := make([]any, 0, len(c.keys)+1)
	for i, k := range c.keys {
		if len(at.Key) == 0 && c.kinds[k] != Text {
			args = append(args, int64(-1))
		} else {
			args = append(args, c.value(k, at.Text(i)))
		}
	}
	seen := 0
	var last []string
	err := tx.Query(s.All, func(r *sqldb.Row) error {
		if len(*keys) == Bite {
			return nil // the rest is for the next time
		}
		seen++
		key := make([]string, len(c.keys))
		for i, k := range c.keys {
			if c.kinds[k] == Text {
				key[i] = strings.Clone(r.Text(i))
			} else {
				key[i] = strconv.FormatInt(r.Int(i), 10)
			}
		}
		last = key
		if s.Mine(w, r) {
			*keys = append(*keys, key)
		}
		return nil
	}, append(args, int64(Sweep))...)
	if err != nil {
		return at, err
	}
	if seen < Sweep && len(*keys) < Bite {
		return Place{End: true}, nil
	}
	return Place{Key: last}, nil
}
