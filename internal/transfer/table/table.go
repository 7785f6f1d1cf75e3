// Package table reads tables from the files that people have: exports of other
// systems, and what spreadsheets made of them. It finds out in which encoding and
// with which separator a file is written, and takes line ends of every kind,
// newlines in quotes, quotes that are not closed, and rows that are shorter or
// longer than the header. It knows nothing of what a table is about.
package table

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// Layout is how a file is written.
type Layout struct {
	Encoding  Encoding `json:"encoding"`
	Separator string   `json:"separator"`
	// Header has the names of the columns, each once: one without a name is
	// "Column 3", one that has the name of another ends with " (2)".
	Header []string `json:"header"`
	// Skip is how many records stand before the header.
	Skip int `json:"skip,omitempty"`
	// Headless tells that there is none: the names are those of whoever knows the
	// system that wrote the file.
	Headless bool `json:"headless,omitempty"`
	// Objects tells that the rows are JSON objects, from Start on, in bytes. The
	// columns are the paths of their values, and the lines their numbers.
	Objects bool  `json:"objects,omitempty"`
	Start   int64 `json:"start,omitempty"`
}

// Separators are those that are found out, in the order in which they win if
// nothing else tells.
var Separators = []string{",", ";", "\t", "|"}

const (
	// maxColumns bounds a header; BigCommerce's exports have ten columns for each
	// address.
	maxColumns = 2000
	// sampled is of how many records the separator is found out.
	sampled = 50
)

// Detect reads r and tells how it is written. The encoding is that of all of the
// file; the rest comes from its first rows.
func Detect(r io.ReadSeeker) (Layout, error) {
	head := make([]byte, looked)
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return Layout{}, err
	}
	if IsSpreadsheet(head[:n]) {
		return Layout{}, ErrSpreadsheet
	}
	if isPacked(head[:n]) {
		return Layout{}, ErrPacked
	}
	if isObjects(head[:n]) {
		return DetectObjects(r)
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return Layout{}, err
	}
	e, err := DetectEncoding(r)
	if err != nil {
		return Layout{}, err
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return Layout{}, err
	}
	return DetectAs(r, e)
}

// DetectAs is Detect of a file whose encoding is known.
func DetectAs(r io.Reader, e Encoding) (Layout, error) {
	text, err := e.decoded(r)
	if err != nil {
		return Layout{}, err
	}
	head, err := io.ReadAll(io.LimitReader(text, maxRecord))
	if err != nil {
		return Layout{}, err
	}
	l := Layout{Encoding: e, Separator: ","}
	rest := string(head)
	if line, after, _ := cutLine(rest); len(line) == len("sep=,") && strings.EqualFold(line[:4], "sep=") {
		l.Separator, l.Skip, rest = line[4:], 1, after
	} else {
		l.Separator = separatorOf(rest)
	}
	for s := newScanner(strings.NewReader(rest), l.Separator, 0); ; {
		rec, err := s.next()
		if err != nil {
			return l, fmt.Errorf("the file has no header: %w", ErrEmpty)
		}
		if rec.blank {
			l.Skip++
			continue
		}
		if rec.fault != "" {
			return l, fmt.Errorf("the header cannot be read: %s at column %d", rec.fault, rec.at)
		}
		if len(rec.cells) > maxColumns {
			return l, fmt.Errorf("the header has %d columns: %d at most", len(rec.cells), maxColumns)
		}
		l.name(rec.cells)
		return l, nil
	}
}

// cutLine returns the first line without its end, and what follows it.
func cutLine(s string) (line, after string, found bool) {
	i := strings.IndexAny(s, "\r\n")
	if i < 0 {
		return s, "", false
	}
	end := i + 1
	if s[i] == '\r' && strings.HasPrefix(s[end:], "\n") {
		end++
	}
	return s[:i], s[end:], true
}

// separatorOf tells the separator of a table by its first rows: the one by which
// the most of them have as many cells as the header.
func separatorOf(text string) string {
	best, most := Separators[0], 0.0
	for _, sep := range Separators {
		s := newScanner(strings.NewReader(text), sep, 0)
		width, rows, even := 0, 0, 0
		for range sampled {
			rec, err := s.next()
			if err != nil {
				break
			}
			if rec.blank {
				continue
			}
			if rows++; width == 0 {
				width = len(rec.cells)
			}
			if len(rec.cells) == width {
				even++
			}
		}
		if width < 2 {
			continue
		}
		// The share of even rows counts more than the number of columns: text with
		// commas in it is uneven.
		if score := float64(even) / float64(rows) * (2 - 1/float64(width)); score > most {
			best, most = sep, score
		}
	}
	return best
}

// Nameless is what a column is called that has no name.
func Nameless(at int) string { return fmt.Sprintf("Column %d", at+1) }

// name gives the columns their names.
func (l *Layout) name(cells []string) {
	// A separator behind the last column makes no column.
	for len(cells) > 1 && strings.TrimSpace(cells[len(cells)-1]) == "" {
		cells = cells[:len(cells)-1]
	}
	l.Header = make([]string, len(cells))
	used := map[string]bool{}
	for i, c := range cells {
		name := strings.TrimSpace(c)
		if name == "" {
			name = Nameless(i)
		}
		given := name
		for n := 2; used[strings.ToLower(name)]; n++ {
			name = fmt.Sprintf("%s (%d)", given, n)
		}
		used[strings.ToLower(name)] = true
		l.Header[i] = name
	}
}
