package state

import (
	"bytes"
	"slices"

	"clientele/internal/sqldb"
)

// holding is what a store, or the installation, holds: rows by table.
type holding []*rows

func (h holding) of(t *table) *rows {
	if t.place < len(h) && h[t.place] != nil {
		return h[t.place]
	}
	return noRows
}

// with returns a holding with other rows of a table.
func (h holding) with(t *table, r *rows) holding {
	out := slices.Clone(h)
	out[t.place] = r
	return out
}

// tablesOf are the tables that a store has rows in; the installation, which is
// store 0, also has those of no store.
func (p *plan) tablesOf(store int64) []*table {
	if store == installationID {
		return p.tables
	}
	return p.stores()
}

func (p *plan) stores() []*table {
	return slices.DeleteFunc(slices.Clone(p.tables), func(t *table) bool { return !t.tenant })
}

// installationID stands for what is of no store.
const installationID = 0

// scan reads the rows of a transaction's store, each encoded into a buffer that
// is used again.
func (p *plan) scan(tx *sqldb.Tx, each func(t *table, row []byte) error) error {
	tables := p.tablesOf(tx.Store())
	qs := make([]sqldb.Q, len(tables))
	var buf []byte
	for i, t := range tables {
		qs[i] = sqldb.Q{Stmt: t.read, Each: func(r *sqldb.Row) error {
			buf = t.encode(buf[:0], r)
			return each(t, buf)
		}}
	}
	return tx.Pipeline(qs...)
}

// hold returns what a transaction's store holds.
func (p *plan) hold(tx *sqldb.Tx) (holding, error) {
	out := make(holding, len(p.tables))
	err := p.scan(tx, func(t *table, row []byte) error {
		if out[t.place] == nil {
			out[t.place] = &rows{}
		}
		out[t.place].add(row)
		return nil
	})
	return out, err
}

// same lets a holding share the rows of another where they are equal.
func (h holding) same(as holding) {
	for i, r := range h {
		if r != nil && i < len(as) && as[i] != nil && bytes.Equal(r.data, as[i].data) {
			h[i] = as[i]
		}
	}
}

// difference is what is to be done to a table.
type difference struct {
	table  *table
	want   *rows
	have   []bool // of want
	remove [][]byte
	// ended are rows that go, by each of table.referred: rows that refer to them go
	// along.
	ended []map[string]bool
}

// replace makes the transaction's store hold what is wanted. It reads what the
// store holds and changes the rows that differ: most tests change few.
func (p *plan) replace(tx *sqldb.Tx, want holding) error {
	tables := p.tablesOf(tx.Store())
	all := make([]*difference, len(p.tables))
	for _, t := range tables {
		d := &difference{table: t, want: want.of(t), ended: make([]map[string]bool, len(t.referred))}
		d.have = make([]bool, d.want.len())
		all[t.place] = d
	}
	var fields [][]byte
	var key []byte
	if err := p.scan(tx, func(t *table, row []byte) (err error) {
		d := all[t.place]
		at, ok := d.want.byKey(t)[string(row[:t.keyLen(row)])]
		good := ok && bytes.Equal(d.want.at(at), row)
		if good && len(t.parents) == 0 {
			d.have[at] = true
			return nil
		}
		if fields, err = t.split(fields, row); err != nil {
			return err
		}
		goes := false
		for _, of := range t.parents {
			if parents := all[of.of.place]; parents != nil && parents.ended[of.referred] != nil {
				key = tuple(key[:0], fields, of.columns)
				goes = goes || parents.ended[of.referred][string(key)]
			}
		}
		if good && !goes {
			d.have[at] = true
			return nil
		}
		if !goes {
			d.remove = append(d.remove, slices.Clone(row[:t.keyLen(row)]))
		}
		for i, columns := range t.referred {
			if d.ended[i] == nil {
				d.ended[i] = map[string]bool{}
			}
			key = tuple(key[:0], fields, columns)
			d.ended[i][string(key)] = true
		}
		return nil
	}); err != nil {
		return err
	}
	for _, t := range tables {
		if err := all[t.place].removeAll(tx, p.bulk); err != nil {
			return err
		}
	}
	for _, t := range tables {
		if err := all[t.place].addAll(tx, p.bulk); err != nil {
			return err
		}
	}
	return nil
}

// removeAll deletes what is not wanted.
func (d *difference) removeAll(tx *sqldb.Tx, bulk bool) error {
	t := d.table
	switch {
	case len(d.remove) == 0:
		return nil
	case d.want.len() == 0 || t.keys == 0: // nothing is to be left
		return tx.Exec(t.clear)
	}
	if bulk {
		for part := range slices.Chunk(d.remove, bulkRows) {
			columns := newColumns(t.columns[:t.keys])
			for _, key := range part {
				for c := range columns {
					n := fieldLen(columns[c].kind, key)
					columns[c].add(key[:n])
					key = key[n:]
				}
			}
			if err := tx.Exec(t.remove, arguments(columns)...); err != nil {
				return err
			}
		}
		return nil
	}
	for _, key := range d.remove {
		var args []any
		for _, c := range t.columns[:t.keys] {
			n := fieldLen(c.Type, key)
			args = append(args, argument(c.Type, key[:n]))
			key = key[n:]
		}
		if err := tx.Exec(t.remove, args...); err != nil {
			return err
		}
	}
	return nil
}

// column is an array of a column's values, as a statement takes it.
type column struct {
	kind    string
	numbers []int64
	texts   []string
	bytes   [][]byte
}

func newColumns(of []sqldb.LayoutColumn) []column {
	out := make([]column, len(of))
	for i := range of {
		out[i].kind = of[i].Type
	}
	return out
}

func (c *column) add(field []byte) {
	switch c.kind {
	case "int":
		c.numbers = append(c.numbers, number(field))
	case "text":
		c.texts = append(c.texts, string(text(field)))
	default:
		c.bytes = append(c.bytes, append([]byte{}, text(field)...))
	}
}

func arguments(columns []column) []any {
	out := make([]any, len(columns))
	for i := range columns {
		switch c := &columns[i]; c.kind {
		case "int":
			out[i] = c.numbers
		case "text":
			out[i] = c.texts
		default:
			out[i] = c.bytes
		}
	}
	return out
}

// addAll inserts what is missing.
func (d *difference) addAll(tx *sqldb.Tx, bulk bool) error {
	missing := make([]int, 0, 16)
	for i, have := range d.have {
		if !have {
			missing = append(missing, i)
		}
	}
	return d.table.add(tx, bulk, d.want, missing)
}

// bulkRows bounds the rows of one statement.
const bulkRows = 2000

// add inserts some rows.
func (t *table) add(tx *sqldb.Tx, bulk bool, of *rows, which []int) error {
	var fields [][]byte
	var err error
	if !bulk {
		args := make([]any, len(t.columns))
		for _, i := range which {
			if fields, err = t.split(fields, of.at(i)); err != nil {
				return err
			}
			for c := range t.columns {
				args[c] = argument(t.columns[c].Type, fields[c])
			}
			if err := tx.Exec(t.insert, args...); err != nil {
				return err
			}
		}
		return nil
	}
	for part := range slices.Chunk(which, bulkRows) {
		columns := newColumns(t.columns)
		for _, i := range part {
			if fields, err = t.split(fields, of.at(i)); err != nil {
				return err
			}
			for c := range columns {
				columns[c].add(fields[c])
			}
		}
		if err := tx.Exec(t.insert, arguments(columns)...); err != nil {
			return err
		}
	}
	return nil
}

// fill inserts what is wanted into a transaction's store that holds nothing but
// which keys it has been encrypted under, and, if it was a spare, the early rows.
func (p *plan) fill(tx *sqldb.Tx, want holding, spare bool) error {
	if err := tx.Exec(p.named["secret_keys"].clear); err != nil {
		return err
	}
	for _, t := range p.stores() {
		r := want.of(t)
		if r.len() == 0 || spare && !t.late {
			continue
		}
		all := make([]int, r.len())
		for i := range all {
			all[i] = i
		}
		if err := t.add(tx, p.bulk, r, all); err != nil {
			return err
		}
	}
	return nil
}
