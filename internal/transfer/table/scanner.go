package table

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

const (
	// maxRecord bounds a row, in bytes.
	maxRecord = 1 << 20
	// maxLines bounds the lines of a row. A quote that is not closed would take
	// all rows up to the next one for its own.
	maxLines = 1000
	// buffered is how much text is looked at at once.
	buffered = 64 << 10
)

// scanner splits text into records. The grammar is that of RFC 4180 as
// spreadsheets write it: a quote counts only where a cell begins, and one that
// neither ends a cell nor stands twice is text. encoding/csv is not used, since it
// tells neither where a quote began nor how a row stood in the file, and takes the
// rest of a file for one row if a quote is not closed.
type scanner struct {
	r     *bufio.Reader
	sep   string
	lines int64  // of the records returned
	width int    // cells of the last one
	at    int64  // where the next record begins
	ahead []line // read, but of no record yet
}

// line is a line of text.
type line struct {
	text string
	end  string // of the line; empty at the end of the file
	size int64  // in the file, of text that was too long, too
	long bool   // it was cut
}

// record is what stands between two ends of lines that are not quoted.
type record struct {
	line   int64 // from 1 on
	cells  []string
	raw    string
	end    int64
	blank  bool
	fault  string
	at     int   // the column of a quote
	atLine int64 // and its line
}

func newScanner(r io.Reader, sep string, at int64) *scanner {
	return &scanner{r: bufio.NewReaderSize(r, buffered), sep: sep, at: at}
}

// next returns the next record, or io.EOF.
func (s *scanner) next() (record, error) {
	first, err := s.read()
	if err != nil {
		return record{}, err
	}
	lines, size := []line{first}, len(first.text)
	p := cells{sep: s.sep, done: make([]string, 0, s.width)}
	if first.long {
		return s.record(lines, &p, TooLong), nil
	}
	for {
		last := lines[len(lines)-1]
		done := p.feed(last.text, last.end)
		switch {
		case done:
			return s.record(lines, &p, ""), nil
		case p.broken, last.end == "", len(lines) == maxLines:
			return s.unclosed(lines, &p), nil
		}
		more, err := s.read()
		if errors.Is(err, io.EOF) {
			return s.unclosed(lines, &p), nil
		}
		if err != nil {
			return record{}, err
		}
		lines = append(lines, more)
		if size += len(more.text); size > maxRecord || more.long {
			return s.unclosed(lines, &p), nil
		}
	}
}

// unclosed is the record of the lines up to that in which the quote begins; those
// after it are read again.
func (s *scanner) unclosed(lines []line, p *cells) record {
	n := p.quoteLine + 1
	s.ahead = append(lines[n:len(lines):len(lines)], s.ahead...)
	return s.record(lines[:n], p, UnclosedQuote)
}

func (s *scanner) record(lines []line, p *cells, fault string) record {
	rec := record{line: s.lines + 1, cells: p.done, fault: fault, raw: lines[0].text}
	for _, l := range lines {
		s.at += l.size
	}
	if len(lines) > 1 {
		var raw strings.Builder
		for i, l := range lines {
			raw.WriteString(l.text)
			if i < len(lines)-1 {
				raw.WriteString(l.end)
			}
		}
		rec.raw = raw.String()
	}
	s.lines += int64(len(lines))
	rec.end, s.width = s.at, len(rec.cells)
	if fault == UnclosedQuote {
		rec.at, rec.atLine = p.quoteAt, rec.line+int64(p.quoteLine)
		return rec
	}
	rec.blank = fault == ""
	for _, c := range rec.cells {
		rec.blank = rec.blank && strings.TrimSpace(c) == ""
	}
	return rec
}

// read returns the next line.
func (s *scanner) read() (line, error) {
	if len(s.ahead) > 0 {
		l := s.ahead[0]
		s.ahead = s.ahead[1:]
		return l, nil
	}
	var l line
	var text strings.Builder
	for {
		part, end, err := s.part()
		if err != nil {
			l.text = text.String()
			if errors.Is(err, io.EOF) && l.size > 0 {
				return l, nil
			}
			return l, err
		}
		l.size += int64(len(part) + len(end))
		if l.size == int64(len(part)+len(end)) && end != "" && len(part) <= maxRecord { // all of it at once
			l.text, l.end = part, end
			return l, nil
		}
		if l.long = l.long || text.Len()+len(part) > maxRecord; !l.long {
			text.WriteString(part)
		}
		if end != "" {
			l.text, l.end = text.String(), end
			return l, nil
		}
	}
}

// part reads up to the end of a line, or what there is. A carriage return alone
// ends a line, too.
func (s *scanner) part() (text, end string, err error) {
	if _, err := s.r.Peek(1); err != nil {
		return "", "", err
	}
	b, _ := s.r.Peek(s.r.Buffered())
	n := len(b)
	for i, c := range b {
		if c == '\n' {
			n, end = i, "\n"
			break
		}
		if c != '\r' {
			continue
		}
		if i > 0 && i+1 == len(b) {
			n = i // what follows is not read yet
			break
		}
		n, end = i, "\r"
		if i == 0 {
			b, _ = s.r.Peek(2)
		}
		if i+1 < len(b) && b[i+1] == '\n' {
			end = "\r\n"
		}
		break
	}
	text = string(b[:n])
	_, err = s.r.Discard(n + len(end))
	return text, end, err
}

// cells takes the lines of a record apart.
type cells struct {
	sep  string
	done []string

	cell      strings.Builder
	open      bool // in quotes
	quoteAt   int  // where those began: the column, from 1 on
	quoteLine int  // and which of the record's lines
	stray     bool // a quote stood in them that ends nothing
	broken    bool // that is not in the line in which they began
	n         int  // lines before this one
}

// feed takes a line, and reports whether the record ends with it.
func (c *cells) feed(text, end string) bool {
	rest := text
	for {
		if !c.open {
			if !strings.HasPrefix(rest, `"`) {
				cell, after, more := strings.Cut(rest, c.sep)
				c.done = append(c.done, cell)
				if !more {
					return true
				}
				rest = after
				continue
			}
			c.open, c.stray = true, false
			c.quoteAt, c.quoteLine = utf8.RuneCountInString(text[:len(text)-len(rest)])+1, c.n
			c.cell.Reset()
			rest = rest[1:]
		}
		i := strings.IndexByte(rest, '"')
		if i < 0 {
			c.cell.WriteString(rest)
			c.cell.WriteString(end)
			c.n++
			c.broken = c.stray
			return false
		}
		c.cell.WriteString(rest[:i])
		rest = rest[i+1:]
		after := strings.TrimLeft(rest, " ")
		switch {
		case strings.HasPrefix(rest, `"`):
			c.cell.WriteByte('"')
			rest = rest[1:]
		case after == "":
			c.done = append(c.done, c.cell.String())
			c.open = false
			return true
		case strings.HasPrefix(after, c.sep):
			c.done = append(c.done, c.cell.String())
			c.open = false
			rest = after[len(c.sep):]
		case c.quoteLine != c.n:
			c.broken = true
			return false
		default:
			c.cell.WriteByte('"')
			c.stray = true
		}
	}
}
