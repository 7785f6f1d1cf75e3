package portable

import (
	"slices"
	"strconv"
	"strings"

	"clientele/internal/sqldb"
)

// What takes some rows of a table and puts them back knows them as a part does.

// Of returns the part of a table.
func Of(parts []Part, table string) *Part {
	i := slices.IndexFunc(parts, func(p Part) bool { return p.Table == table })
	if i < 0 {
		panic("portable: there is no part of " + table)
	}
	return &parts[i]
}

// Key returns the columns by which rows are in order.
func (p *Part) Key() []string {
	out := make([]string, len(p.columns.keys))
	for i, k := range p.columns.keys {
		out[i] = p.columns.list[k].Name
	}
	return out
}

// ReadOf returns the rows of which a column has one of some values, most at most,
// with what is masked and locked by a clause.
func (p *Part) ReadOf(tx *sqldb.Tx, column string, of []int64, clause string, most int) ([]Record, error) {
	if len(of) == 0 {
		return nil, nil
	}
	in, args := sqldb.In([]any{int64(most)}, of)
	return p.read(tx, `store_id = $1 AND `+column+` IN `+in, ` ORDER BY `+strings.Join(p.Key(), ", ")+` LIMIT $2`+clause, args)
}

// Still returns those rows that are there yet, as they are now, by their first key.
func (p *Part) Still(tx *sqldb.Tx, rows []Record, clause string) ([]Record, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	key := p.Key()[0]
	var in string
	var args []any
	if p.columns.list[p.columns.keys[0]].Kind == Text {
		in, args = sqldb.In(nil, each(rows, func(r Record) string { return r.Text(key) }))
	} else {
		in, args = sqldb.In(nil, each(rows, func(r Record) int64 { return r.Int(key) }))
	}
	return p.read(tx, `store_id = $1 AND `+key+` IN `+in, ` ORDER BY `+strings.Join(p.Key(), ", ")+clause, args)
}

func each[T any](rows []Record, of func(Record) T) []T {
	out := make([]T, len(rows))
	for i, r := range rows {
		out[i] = of(r)
	}
	return out
}

func (p *Part) read(tx *sqldb.Tx, where, rest string, args []any) (out []Record, err error) {
	err = tx.Query(sqldb.Dynamic(`SELECT `+p.columns.names()+` FROM `+p.Table+` WHERE `+where+rest), func(row *sqldb.Row) error {
		r := Record{p.columns, make([]any, len(p.columns.list))}
		r.scan(row)
		for i, v := range r.values {
			if b, is := v.([]byte); is {
				r.values[i] = slices.Clone(b)
			}
		}
		out = append(out, r)
		return nil
	}, args...)
	return out, err
}

// Set gives rows other values of some columns, by their keys.
func (p *Part) Set(tx *sqldb.Tx, rows []Record, columns []string) error {
	if len(rows) == 0 {
		return nil
	}
	var b strings.Builder
	b.WriteString(`UPDATE ` + p.Table + ` SET `)
	n := 1
	for i, name := range columns {
		if i > 0 {
			b.WriteString(`, `)
		}
		n++
		b.WriteString(name + ` = ` + place(n))
	}
	p.byKey(&b, n)
	stmt := sqldb.Dynamic(b.String())
	for _, r := range rows {
		args := make([]any, 0, n)
		for _, name := range columns {
			args = append(args, r.values[p.columns.at(name)])
		}
		if err := tx.Exec(stmt, append(args, r.Key(nil)...)...); err != nil {
			return err
		}
	}
	return nil
}

// Remove deletes rows, by their keys.
func (p *Part) Remove(tx *sqldb.Tx, rows []Record) error {
	if len(rows) == 0 {
		return nil
	}
	var b strings.Builder
	b.WriteString(`DELETE FROM ` + p.Table)
	p.byKey(&b, 1)
	stmt := sqldb.Dynamic(b.String())
	for _, r := range rows {
		if err := tx.Exec(stmt, r.Key(nil)...); err != nil {
			return err
		}
	}
	return nil
}

func place(n int) string { return "$" + strconv.Itoa(n) }

func (p *Part) byKey(b *strings.Builder, n int) {
	b.WriteString(` WHERE store_id = $1`)
	for _, name := range p.Key() {
		n++
		b.WriteString(` AND ` + name + ` = ` + place(n))
	}
}

// SetInt replaces the number of a column.
func (r Record) SetInt(name string, value int64) { r.values[r.columns.at(name)] = value }

// Same reports whether two rows of a part are equal but for some columns.
func (r Record) Same(o Record, but ...string) bool {
	for i, c := range r.columns.list {
		if !slices.Contains(but, c.Name) && !equal(r.values[i], o.values[i]) {
			return false
		}
	}
	return true
}

func equal(a, b any) bool {
	if x, is := a.([]byte); is {
		return slices.Equal(x, b.([]byte))
	}
	return a == b
}

// Has reports whether rows have a column.
func (r Record) Has(name string) bool {
	_, there := r.columns.index[name]
	return there
}

// Take gives a row the value of a column that another one has.
func (r Record) Take(from Record, name string) {
	at := r.columns.at(name)
	r.values[at] = from.values[at]
}
