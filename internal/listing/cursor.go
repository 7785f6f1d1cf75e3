package listing

import (
	"encoding/base64"
	"strconv"

	"clientele/internal/jsonx"
)

// Cursor marks a row of a list by what the list is ordered by, so that it
// keeps its place while rows come and go, its own row included. On the wire it
// is unpadded base64url of {"id":12}, with the sort's value beside the id
// where there is a sort. A list with a composite key has all of its columns in
// place of the id.
type Cursor struct {
	Key [2]int64 // the key's columns; of an id only the first
	Int int64    // the sort's value for numbers and times
	Str string   // the sort's value for text
}

const maxCursor = 4 << 10

// encode returns the cursor's wire form.
func (c *Cursor) encode(key []Key, s *Sort) string {
	b := append(make([]byte, 0, 64), '{')
	for i, k := range key {
		if i > 0 {
			b = append(b, ',')
		}
		b = jsonx.AppendKey(b, k.Name)
		b = strconv.AppendInt(b, c.Key[i], 10)
	}
	if s != nil {
		b = append(b, ',')
		b = jsonx.AppendKey(b, s.Name)
		if s.Kind == Int || s.Kind == Time {
			b = strconv.AppendInt(b, c.Int, 10)
		} else {
			b = jsonx.AppendString(b, c.Str)
		}
	}
	b = append(b, '}')
	return base64.RawURLEncoding.EncodeToString(b)
}

// decodeCursor reads a cursor made for the same key and sort.
func decodeCursor(text string, keys []Key, s *Sort) (*Cursor, bool) {
	if len(text) > maxCursor {
		return nil, false
	}
	for len(text) > 0 && text[len(text)-1] == '=' { // some clients pad
		text = text[:len(text)-1]
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, false
	}
	v, err := jsonx.Parse(raw, jsonx.Limits{Depth: 2, Values: 8})
	if err != nil {
		return nil, false
	}
	var c Cursor
	var ok bool
	for i, k := range keys {
		if c.Key[i], ok = v.Get(k.Name).Int(); !ok {
			return nil, false
		}
	}
	if s == nil {
		return &c, true
	}
	key := v.Get(s.Name)
	if s.Kind == Int || s.Kind == Time {
		c.Int, ok = key.Int()
	} else {
		c.Str, ok = key.Str()
		ok = ok && clean(c.Str)
	}
	return &c, ok
}
