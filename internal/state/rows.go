package state

import (
	"encoding/binary"
	"errors"
	"sync"
	"unicode/utf8"

	"clientele/internal/sqldb"
)

// rows are those of a table. Once made they do not change, and are shared by all
// who keep the same.
//
// A row is its columns in the table's order: an integer as a varint, a text or
// bytes with their length before them.
type rows struct {
	data []byte
	ends []int

	once  sync.Once
	index map[string]int // by the columns of the key
}

var noRows = &rows{}

func (r *rows) len() int { return len(r.ends) }

func (r *rows) at(i int) []byte {
	start := 0
	if i > 0 {
		start = r.ends[i-1]
	}
	return r.data[start:r.ends[i]]
}

// add adds a row. It is for who makes them.
func (r *rows) add(row []byte) {
	r.data = append(r.data, row...)
	r.ends = append(r.ends, len(r.data))
}

// byKey returns where rows are, by their keys.
func (r *rows) byKey(t *table) map[string]int {
	r.once.Do(func() {
		r.index = make(map[string]int, r.len())
		for i := range r.ends {
			row := r.at(i)
			r.index[string(row[:t.keyLen(row)])] = i
		}
	})
	return r.index
}

var errRow = errors.New("a row is damaged")

// fieldLen returns how long the first column of b is, -1 if it is damaged.
func fieldLen(kind string, b []byte) int {
	if kind == "int" {
		if _, n := binary.Varint(b); n > 0 {
			return n
		}
		return -1
	}
	size, n := binary.Uvarint(b)
	if n <= 0 || size > uint64(len(b)-n) {
		return -1
	}
	return n + int(size)
}

// keyLen returns how much of a row is its key.
func (t *table) keyLen(row []byte) int {
	at := 0
	for _, c := range t.columns[:t.keys] {
		at += fieldLen(c.Type, row[at:])
	}
	return at
}

// split returns the columns of a row, as they are encoded.
func (t *table) split(into [][]byte, row []byte) ([][]byte, error) {
	into = into[:0]
	for _, c := range t.columns {
		n := fieldLen(c.Type, row)
		if n < 0 {
			return nil, errRow
		}
		into = append(into, row[:n])
		row = row[n:]
	}
	if len(row) > 0 {
		return nil, errRow
	}
	return into, nil
}

// number and text decode a column.
func number(field []byte) int64 { n, _ := binary.Varint(field); return n }

func text(field []byte) []byte { _, n := binary.Uvarint(field); return field[n:] }

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func numberField(n int64) []byte { return binary.AppendVarint(nil, n) }

func textField(s string) []byte { return appendText(nil, s) }

// argument returns a column as statements take it.
func argument(kind string, field []byte) any {
	switch kind {
	case "int":
		return number(field)
	case "text":
		return string(text(field))
	}
	return append([]byte{}, text(field)...)
}

// encode appends the row that a query has read.
func (t *table) encode(b []byte, r *sqldb.Row) []byte {
	for i, c := range t.columns {
		switch c.Type {
		case "int":
			b = binary.AppendVarint(b, r.Int(i))
		default:
			b = r.Append(binary.AppendUvarint(b, uint64(r.Size(i))), i)
		}
	}
	return b
}

// check reports a row that no database holds.
func (t *table) check(row []byte) error {
	fields, err := t.split(nil, row)
	if err != nil {
		return err
	}
	for i, c := range t.columns {
		if c.Type != "text" {
			continue
		}
		s := text(fields[i])
		if !utf8.Valid(s) {
			return errRow
		}
		for _, b := range s {
			if b == 0 {
				return errRow
			}
		}
	}
	return nil
}

// tuple appends some columns of a row.
func tuple(b []byte, fields [][]byte, of []int) []byte {
	for _, i := range of {
		b = append(b, fields[i]...)
	}
	return b
}

// change returns rows of which edit has changed columns; it returns false for a
// row that is left out. Fields are as they are encoded.
func (t *table) change(from *rows, edit func(fields [][]byte) (bool, error)) (*rows, error) {
	out := &rows{}
	var fields [][]byte
	for i := range from.ends {
		var err error
		if fields, err = t.split(fields, from.at(i)); err != nil {
			return nil, err
		}
		keep, err := edit(fields)
		if err != nil {
			return nil, err
		}
		if !keep {
			continue
		}
		for _, f := range fields {
			out.data = append(out.data, f...)
		}
		out.ends = append(out.ends, len(out.data))
	}
	return out, nil
}
