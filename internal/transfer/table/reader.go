package table

import (
	"errors"
	"io"
	"strings"
)

// ErrEmpty is returned for files without rows.
var ErrEmpty = errors.New("there is nothing in it")

// The codes of what is wrong with a row.
const (
	// UnclosedQuote: a quote that begins in the row is not closed. The rows after
	// it are read as if it were not there.
	UnclosedQuote = "unclosed_quote"
	// TooLong: the row is longer than a row may be.
	TooLong = "row_too_long"
	// TooManyCells: the row has more cells than the header, which are not empty.
	TooManyCells = "too_many_cells"
)

// Row is a row of a table.
type Row struct {
	// Line is that on which the row begins, from 1 on.
	Line int64
	// Cells are as many as the header has.
	Cells []string
	// Raw is the text of the row as it stands in the file, without the end of its
	// last line.
	Raw string
	// End is where the next row begins, in bytes of the text in UTF-8.
	End int64
	// Lines is how many lines were read up to End.
	Lines int64
	// Fault is the code of what is wrong with the row, empty for nothing.
	Fault string
	// At is where a quote begins, in characters from 1 on, or which cell is too
	// many; AtLine is its line.
	At     int
	AtLine int64
	// Short tells that the row had fewer cells than the header.
	Short bool
}

// Reader reads the rows of a table.
type Reader struct {
	layout  Layout
	scanner *scanner
	objects *objects
	columns map[string]int // of objects
}

// newObjectReader returns a reader of objects from a position on.
func newObjectReader(r io.ReadSeeker, l Layout, at, lines int64) (*Reader, error) {
	s, err := newObjects(r, at, lines)
	if err != nil {
		return nil, err
	}
	out := &Reader{layout: l, objects: s, columns: make(map[string]int, len(l.Header))}
	for i, h := range l.Header {
		out.columns[h] = i
	}
	return out, nil
}

// NewReader returns a reader of the rows below the header. r is at the beginning
// of the file.
func NewReader(r io.ReadSeeker, l Layout) (*Reader, error) {
	if l.Objects {
		return newObjectReader(r, l, l.Start, 0)
	}
	text, err := l.Encoding.decoded(r)
	if err != nil {
		return nil, err
	}
	out := &Reader{layout: l, scanner: newScanner(text, l.Separator, 0)}
	above := l.Skip + 1
	if l.Headless {
		above--
	}
	for range above {
		if _, err := out.scanner.next(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Resume returns a reader that goes on after the row that ended at end, with the
// line lines. r is at the beginning of the file: what was read before is decoded
// anew, which takes a second for a gibibyte, since only the text has an order.
func Resume(r io.ReadSeeker, l Layout, end, lines int64) (*Reader, error) {
	if l.Objects {
		return newObjectReader(r, l, end, lines)
	}
	text, err := l.Encoding.decoded(r)
	if err != nil {
		return nil, err
	}
	if _, err := io.CopyN(io.Discard, text, end); err != nil {
		return nil, err
	}
	s := newScanner(text, l.Separator, end)
	s.lines = lines
	return &Reader{layout: l, scanner: s}, nil
}

// Next returns the next row that is not blank, or io.EOF. A row with a fault is no
// error.
func (r *Reader) Next() (Row, error) {
	if r.objects != nil {
		return r.objects.row(r.columns)
	}
	for {
		rec, err := r.scanner.next()
		if err != nil {
			return Row{}, err
		}
		if rec.blank {
			continue
		}
		row := Row{Line: rec.line, Cells: rec.cells, Raw: rec.raw, End: rec.end, Lines: r.scanner.lines, Fault: rec.fault, At: rec.at, AtLine: rec.atLine}
		if row.Fault == "" {
			r.fit(&row)
		}
		return row, nil
	}
}

// fit gives the row as many cells as there are columns.
func (r *Reader) fit(row *Row) {
	want := len(r.layout.Header)
	for i := len(row.Cells) - 1; i >= want && row.Fault == ""; i-- {
		if strings.TrimSpace(row.Cells[i]) != "" {
			row.Fault, row.At, row.AtLine = TooManyCells, i+1, row.Line
		}
	}
	if len(row.Cells) > want {
		row.Cells = row.Cells[:want]
	}
	for row.Short = len(row.Cells) < want; len(row.Cells) < want; {
		row.Cells = append(row.Cells, "")
	}
}
