package graphql

import (
	"encoding/base64"
	"strconv"
	"strings"

	"clientele/internal/graphql/model"
	"clientele/internal/listing"
)

// defaultPage is how many entries of a connection there are where nobody
// says.
const defaultPage = listing.DefaultWindow

const cursorPrefix = "cursor:"

// cursor returns the opaque name of an entry's place, which does not change
// when others come or go.
func cursor(id int64) string {
	return base64.StdEncoding.EncodeToString(strconv.AppendInt([]byte(cursorPrefix), id, 10))
}

func readCursor(text *string) (id int64, ok bool) {
	if text == nil || *text == "" {
		return 0, true
	}
	raw, err := base64.StdEncoding.DecodeString(*text)
	if err != nil {
		return 0, false
	}
	digits, ok := strings.CutPrefix(string(raw), cursorPrefix)
	if !ok {
		return 0, false
	}
	id, err = strconv.ParseInt(digits, 10, 64)
	return id, err == nil && id > 0
}

// window reads the arguments of a connection.
func window(before, after *string, first, last *int64) (listing.Window, error) {
	w := listing.Window{First: -1, Last: -1}
	for _, n := range []struct {
		name  string
		value *int64
		to    *int64
	}{{"first", first, &w.First}, {"last", last, &w.Last}} {
		if n.value == nil {
			continue
		}
		if *n.value < 0 {
			return w, publicError("", "The argument "+n.name+" must not be negative")
		}
		*n.to = *n.value
	}
	for _, c := range []struct {
		name  string
		value *string
		to    *int64
	}{{"after", after, &w.After}, {"before", before, &w.Before}} {
		var ok bool
		if *c.to, ok = readCursor(c.value); !ok {
			return w, publicError("", "The argument "+c.name+" is no cursor of this connection")
		}
	}
	return w, nil
}

// pageInfo describes a page by the ids of its entries and whether there are
// others around it.
func pageInfo(ids []int64, before, after bool) *model.PageInfo {
	p := &model.PageInfo{HasPreviousPage: before, HasNextPage: after}
	if len(ids) > 0 {
		start, end := cursor(ids[0]), cursor(ids[len(ids)-1])
		p.StartCursor, p.EndCursor = &start, &end
	}
	return p
}

// globalID names a thing among all kinds of things.
func globalID(kind string, id int64) string {
	return base64.StdEncoding.EncodeToString(strconv.AppendInt([]byte(kind+":"), id, 10))
}

func ptr[T any](v T) *T { return &v }

// filled returns a text, or nil for an empty one.
func filled(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
