package table

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Unreadable: what stands there is no JSON object.
const Unreadable = "json_unreadable"

const (
	// maxDeep bounds how far objects are taken apart; what is below stays as text.
	maxDeep = 8
	mark    = "\uFEFF"
)

// lists are the members of an object that hold the records of a file.
var lists = map[string]bool{"users": true, "identities": true, "customers": true, "contacts": true, "profiles": true, "data": true, "items": true}

// isObjects reports whether a text is JSON, by its beginning.
func isObjects(head []byte) bool {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte(mark)), " \t\r\n")
	return len(head) > 0 && (head[0] == '{' || head[0] == '[')
}

// DetectObjects reads a file of JSON objects and tells where its records are: lines
// or anything else between objects, an array, or the array that is a member of one
// object. The columns are the paths of all values in all of them.
func DetectObjects(r io.ReadSeeker) (Layout, error) {
	l := Layout{Encoding: UTF8, Objects: true}
	var err error
	if l.Start, err = startOf(r); err != nil {
		return l, err
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return l, err
	}
	s, err := newObjects(r, l.Start, 0)
	if err != nil {
		return l, err
	}
	at := map[string]bool{}
	good := false
	for {
		o, err := s.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return l, err
		}
		if o.fault != "" {
			continue
		}
		// What a later record has and the others not comes last.
		if err := flatten(o.raw, func(path, _ string) {
			if !at[path] && len(l.Header) <= maxColumns {
				at[path] = true
				l.Header = append(l.Header, path)
			}
		}); err == nil {
			good = true
		}
		if len(l.Header) > maxColumns {
			return l, fmt.Errorf("the objects have more than %d members", maxColumns)
		}
	}
	if !good {
		return l, fmt.Errorf("the file has no objects: %w", ErrEmpty)
	}
	return l, nil
}

// startOf returns where the records begin.
func startOf(r io.ReadSeeker) (int64, error) {
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return 0, err
	}
	b := bufio.NewReader(r)
	base := int64(0)
	if head, _ := b.Peek(len(mark)); string(head) == mark {
		base = int64(len(mark))
		_, _ = b.Discard(len(mark))
	}
	dec := json.NewDecoder(b)
	first, err := dec.Token()
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrNotText, err)
	}
	if first == json.Delim('[') {
		return base + dec.InputOffset(), nil
	}
	if one, err := isRecord(r, base); err != nil || one {
		return base, err
	}
	if _, err := r.Seek(base, io.SeekStart); err != nil {
		return 0, err
	}
	dec = json.NewDecoder(bufio.NewReader(r))
	_, _ = dec.Token() // the brace
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return base, nil
		}
		value, err := dec.Token()
		if err != nil {
			return base, nil
		}
		if text, ok := name.(string); ok && lists[text] && value == json.Delim('[') {
			at := base + dec.InputOffset()
			if inner, err := dec.Token(); err == nil && (inner == json.Delim('{') || inner == json.Delim(']')) {
				return at, nil
			}
			return base, nil
		}
		if skip(dec, value) != nil {
			return base, nil
		}
	}
	return base, nil
}

// isRecord reports whether the object at a position is a person, whose lists are its
// own: another object follows, or it has an address itself, or is told not to have one.
func isRecord(r io.ReadSeeker, at int64) (bool, error) {
	if _, err := r.Seek(at, io.SeekStart); err != nil {
		return false, err
	}
	s := objects{r: bufio.NewReaderSize(io.LimitReader(r, 2*maxRecord), buffered)} // one that is longer than a record is none
	first, err := s.next()
	if err != nil || first.fault != "" {
		return false, nil
	}
	var has struct {
		Email any
		Line  any `json:"_line"` // of a file of what was not taken
	}
	if json.Unmarshal(first.raw, &has) == nil && (has.Email != nil || has.Line != nil) {
		return true, nil
	}
	second, err := s.next()
	return err == nil && len(second.raw) > 0 && second.raw[0] == '{', nil
}

// skip reads the rest of a value.
func skip(dec *json.Decoder, value json.Token) error {
	deep := 0
	for {
		switch value {
		case json.Delim('{'), json.Delim('['):
			deep++
		case json.Delim('}'), json.Delim(']'):
			deep--
		}
		if deep == 0 {
			return nil
		}
		var err error
		if value, err = dec.Token(); err != nil {
			return err
		}
	}
}

// flatten calls each for the values of an object, by their paths. Lists of texts
// are joined; other lists stay JSON.
func flatten(raw []byte, each func(path, text string)) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	return flattenInto(dec, "", 0, each)
}

func flattenInto(dec *json.Decoder, prefix string, deep int, each func(path, text string)) error {
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return errors.Join(errors.New("no object"), err)
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return err
		}
		path, _ := name.(string)
		if path = clean(prefix + path); path == "" {
			path = "-"
		}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return err
		}
		switch {
		case len(raw) > 0 && raw[0] == '{' && deep < maxDeep:
			inner := json.NewDecoder(bytes.NewReader(raw))
			inner.UseNumber()
			if err := flattenInto(inner, path+".", deep+1, each); err != nil {
				return err
			}
		default:
			each(path, textOf(raw))
		}
	}
	_, err := dec.Token()
	return err
}

// clean is the name of a member as that of a column.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, s)
}

// textOf is a value as a cell.
func textOf(raw json.RawMessage) string {
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return ""
	case raw[0] == '"':
		var s string
		_ = json.Unmarshal(raw, &s) // it was read before
		return s
	case raw[0] != '[':
		return string(raw)
	}
	var texts []string
	var all []any
	if json.Unmarshal(raw, &all) != nil {
		return ""
	}
	for _, v := range all {
		s, ok := v.(string)
		if !ok {
			var b bytes.Buffer
			_ = json.Compact(&b, raw) // it was read before
			return b.String()
		}
		texts = append(texts, s)
	}
	return strings.Join(texts, ", ")
}

// objects parts a text into its objects. Only where one begins is known before it
// is read, so what is no JSON costs its line.
type objects struct {
	r  *bufio.Reader
	at int64
	n  int64 // were read: files may be one line, so objects are numbered in place of lines
}

type object struct {
	raw   []byte
	fault string
}

// newObjects returns a reader that begins at a position of a file, of which n
// objects were read before.
func newObjects(r io.ReadSeeker, at, n int64) (*objects, error) {
	if _, err := r.Seek(at, io.SeekStart); err != nil {
		return nil, err
	}
	return &objects{r: bufio.NewReaderSize(r, buffered), at: at, n: n}, nil
}

// next returns the next object, or io.EOF.
func (s *objects) next() (object, error) {
	for {
		c, err := s.byte()
		switch {
		case err != nil:
			return object{}, err
		case c == ']':
			return object{}, io.EOF
		case c == '{':
			return s.object()
		case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ',':
		default:
			return s.junk(c)
		}
	}
}

func (s *objects) byte() (byte, error) {
	c, err := s.r.ReadByte()
	if err == nil {
		s.at++
	}
	return c, err
}

// object reads the rest of an object.
func (s *objects) object() (object, error) {
	var o object
	var b bytes.Buffer
	b.WriteByte('{')
	long := false
	for deep, quoted, escaped := 1, false, false; deep > 0; {
		c, err := s.byte()
		if errors.Is(err, io.EOF) {
			o.raw, o.fault = b.Bytes(), Unreadable
			return o, nil
		}
		if err != nil {
			return o, err
		}
		if long = long || b.Len() >= maxRecord; !long {
			b.WriteByte(c)
		}
		switch {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			deep++
		case c == '}' || c == ']':
			deep--
		}
	}
	o.raw = b.Bytes()
	switch {
	case long:
		o.raw, o.fault = nil, TooLong
	case !json.Valid(o.raw) || !utf8.Valid(o.raw):
		o.fault = Unreadable
	}
	return o, nil
}

// junk reads the rest of a line that holds no object.
func (s *objects) junk(first byte) (object, error) {
	o := object{fault: Unreadable}
	b := []byte{first}
	for {
		c, err := s.byte()
		if errors.Is(err, io.EOF) || err == nil && c == '\n' {
			o.raw = bytes.TrimSpace(b)
			return o, nil
		}
		if err != nil {
			return o, err
		}
		if len(b) < maxRecord {
			b = append(b, c)
		}
	}
}

// row returns the next object as a row.
func (s *objects) row(header map[string]int) (Row, error) {
	o, err := s.next()
	if err != nil {
		return Row{}, err
	}
	s.n++
	row := Row{Line: s.n, AtLine: s.n, Cells: make([]string, len(header)), Raw: string(o.raw), End: s.at, Lines: s.n, Fault: o.fault}
	if row.Fault == "" {
		if err := flatten(o.raw, func(path, text string) {
			if i, ok := header[path]; ok {
				row.Cells[i] = text
			}
		}); err != nil {
			row.Fault = Unreadable
		}
	}
	return row, nil
}
