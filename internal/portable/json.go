package portable

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"clientele/internal/jsonx"
)

// Append adds a record as a JSON object in one line, its members in the order of
// the columns, without the end of the line.
func (r Record) Append(b []byte) []byte {
	for i, v := range r.values {
		b = append(b, r.columns.heads[i]...)
		switch v := v.(type) {
		case string:
			b = jsonx.AppendString(b, v)
		case []byte:
			b = append(base64.StdEncoding.AppendEncode(append(b, '"'), v), '"')
		case int64:
			if r.columns.list[i].Kind == Flag {
				b = strconv.AppendBool(b, v != 0)
			} else {
				b = strconv.AppendInt(b, v, 10)
			}
		}
	}
	return append(b, '}')
}

var errLine = errors.New("is no JSON object of texts, numbers and flags")

// Parse reads a record as Append writes it. Members that are not there are empty;
// one that the part does not have is an error, as are values of another kind.
func (p *Part) Parse(line []byte) (Record, error) {
	c := p.columns
	r := Record{c, make([]any, len(c.list))}
	if len(line) < 2 || line[0] != '{' || line[len(line)-1] != '}' {
		return r, errLine
	}
	rest := line[1 : len(line)-1]
	for next := 0; len(rest) > 0; {
		name, after, err := quoted(rest)
		if err != nil || len(after) == 0 || after[0] != ':' {
			return r, errLine
		}
		at := next
		if at >= len(c.list) || c.list[at].Name != name {
			var known bool
			if at, known = c.index[name]; !known {
				return r, fmt.Errorf("has %.40q, which is not known here: it is of a later version", name)
			}
		}
		if r.values[at] != nil {
			return r, fmt.Errorf("has %s twice", name)
		}
		next = at + 1
		if r.values[at], rest, err = c.list[at].parse(after[1:]); err != nil {
			return r, err
		}
		if len(rest) == 0 {
			break
		}
		if rest[0] != ',' || len(rest) == 1 {
			return r, errLine
		}
		rest = rest[1:]
	}
	for i := range r.values {
		if r.values[i] == nil {
			r.values[i] = zero(c.list[i].Kind)
		}
	}
	return r, nil
}

func (c *Column) parse(b []byte) (value any, rest []byte, err error) {
	switch c.Kind {
	case Text, Bytes:
		text, rest, err := quoted(b)
		if err != nil || c.Kind == Text {
			return text, rest, err
		}
		raw, err := base64.StdEncoding.Strict().DecodeString(text)
		if err != nil {
			return nil, nil, fmt.Errorf("has a %s that is not in base64", c.Name)
		}
		return raw, rest, nil
	case Flag:
		for n, word := range []string{"false", "true"} {
			if rest, ok := bytes.CutPrefix(b, []byte(word)); ok {
				return int64(n), rest, nil
			}
		}
	default:
		end := bytes.IndexByte(b, ',')
		if end < 0 {
			end = len(b)
		}
		if n, err := strconv.ParseInt(string(b[:end]), 10, 64); err == nil {
			return n, b[end:], nil
		}
	}
	return nil, nil, fmt.Errorf("has a %s of another kind", c.Name)
}

// quoted reads a JSON string at the beginning of b.
func quoted(b []byte) (text string, rest []byte, err error) {
	if len(b) == 0 || b[0] != '"' {
		return "", nil, errLine
	}
	escaped := false
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			escaped = true
			i++
		case '"':
			if raw := b[1:i]; !escaped {
				if !utf8.Valid(raw) {
					return "", nil, errLine
				}
				return string(raw), b[i+1:], nil
			}
			if err := json.Unmarshal(b[:i+1], &text); err != nil {
				return "", nil, errLine
			}
			return text, b[i+1:], nil
		}
	}
	return "", nil, errLine
}
