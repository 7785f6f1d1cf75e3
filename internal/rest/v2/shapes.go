package v2

import (
	"net/http"
	"strconv"
	"strings"

	"clientele/internal/listing"
	"clientele/internal/rest"
	"clientele/internal/rest/shape"
)

// The shapes of V2 beside those of package shape: what has to do with query
// parameters, and how answers are sent.

// paged is the list of operations whose page has no effect or is all there is.
var paged = &listing.Spec{}

// query reads the parameters that the route declares. An empty part, as some
// clients send, says nothing.
func query(c *rest.Call) (*listing.Query, error) {
	raw := c.R.URL.RawQuery
	if strings.HasPrefix(raw, "&") || strings.HasSuffix(raw, "&") || strings.Contains(raw, "&&") {
		raw = strings.Join(strings.FieldsFunc(raw, func(r rune) bool { return r == '&' }), "&")
	}
	return c.List().Parse(raw)
}

// plain reads the place of a thing that the path names, and then the query.
func plain[At any](at func(*rest.Call) (At, error)) func(*rest.Call) (At, error) {
	return func(c *rest.Call) (At, error) {
		where, err := at(c)
		if err == nil {
			_, err = query(c)
		}
		return where, err
	}
}

// thisStore is the place of what the path names alone, without an id.
func thisStore(*rest.Call) (struct{}, error) { return struct{}{}, nil }

// list answers with the rows that the query selects.
func list[T any](read func(*rest.Call, *listing.Query) ([]T, error), row func([]byte, *T) []byte) func(*rest.Call) error {
	return shape.Call(query, read, rows(row))
}

// count answers with the number of what the query selects.
func count(read func(*rest.Call, *listing.Query) (int64, error)) func(*rest.Call) error {
	return shape.Call(query, read, sendCount)
}

// get answers with what the path names.
func get[At, T any](at func(*rest.Call) (At, error), read func(*rest.Call, At) (*T, error), send func(*rest.Call, *T)) func(*rest.Call) error {
	return shape.Call(plain(at), read, send)
}

// remove deletes what the path names and answers 204.
func remove[At any](at func(*rest.Call) (At, error), do func(*rest.Call, At) error) func(*rest.Call) error {
	return shape.Do(plain(at), do)
}

// rows sends a bare array, or 204 where it would be empty.
func rows[T any](row func([]byte, *T) []byte) func(*rest.Call, []T) {
	return func(c *rest.Call, rows []T) {
		if len(rows) == 0 {
			c.SendEmpty(http.StatusNoContent)
			return
		}
		sendRows(c, rows, row)
	}
}

// one sends a bare object.
func one[T any](row func([]byte, *T) []byte) func(*rest.Call, *T) {
	return func(c *rest.Call, v *T) { sendOne(c, http.StatusOK, v, row) }
}

// dated sends what the client does not have as it is.
func dated[T any](modified func(*T) int64, send func(*rest.Call, *T)) func(*rest.Call, *T) {
	return func(c *rest.Call, v *T) {
		if !c.Unchanged(modified(v)) {
			send(c, v)
		}
	}
}

func sendRows[T any](c *rest.Call, rows []T, row func([]byte, *T) []byte) {
	b := rest.Buffer()
	b.B = append(b.B, '[')
	for i := range rows {
		if i > 0 {
			b.B = append(b.B, ',')
		}
		b.B = row(b.B, &rows[i])
	}
	b.B = append(b.B, ']')
	c.Send(http.StatusOK, b.B)
	b.Free()
}

func sendOne[T any](c *rest.Call, status int, v *T, row func([]byte, *T) []byte) {
	b := rest.Buffer()
	b.B = row(b.B, v)
	c.Send(status, b.B)
	b.Free()
}

func sendCount(c *rest.Call, n int64) {
	c.Send(http.StatusOK, append(strconv.AppendInt([]byte(`{"count":`), n, 10), '}'))
}
