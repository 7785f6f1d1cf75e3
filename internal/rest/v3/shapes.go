package v3

import (
	"net/http"

	"clientele/internal/listing"
	"clientele/internal/rest"
	"clientele/internal/rest/shape"
)

// The shapes of V3 beside those of package shape: what has to do with lists,
// and how answers are sent.

// query reads the parameters that the route declares.
func query(c *rest.Call) (*listing.Query, error) { return c.List().Parse(c.R.URL.RawQuery) }

// List answers with a page of rows.
func List[T any](read shape.Page[T], row func([]byte, *T) []byte) func(*rest.Call) error {
	return listAs(read, func(*rest.Call, *listing.Query) func([]byte, *T) []byte { return row })
}

// listAs is List for rows that depend on the request.
func listAs[T any](read shape.Page[T], rowOf func(*rest.Call, *listing.Query) func([]byte, *T) []byte) func(*rest.Call) error {
	return func(c *rest.Call) error {
		q, err := query(c)
		if err != nil {
			return err
		}
		rows, res, err := read(c, q)
		if err != nil {
			return err
		}
		sendList(c, q, res, rows, rowOf(c, q))
		return nil
	}
}

// get answers with what the path names. It takes no query parameters.
func get[At, T any](at func(*rest.Call) (At, error), read func(*rest.Call, At) (*T, error), send func(*rest.Call, *T)) func(*rest.Call) error {
	call := shape.Call(at, read, send)
	return func(c *rest.Call) error {
		if _, err := query(c); err != nil {
			return err
		}
		return call(c)
	}
}

// GetOne answers with a thing that the path names, and an empty meta.
func GetOne[At, T any](at func(*rest.Call) (At, error), read func(*rest.Call, At) (T, error), row func([]byte, *T) []byte) func(*rest.Call) error {
	return get(at, func(c *rest.Call, id At) (*T, error) { return shape.Ref(read(c, id)) }, one(row))
}

// remove deletes what the query's filters select and answers 204.
func remove[N any](do func(*rest.Call, *listing.Query) (N, error)) func(*rest.Call) error {
	return shape.Call(query, do, func(c *rest.Call, _ N) { c.SendEmpty(http.StatusNoContent) })
}

// one sends a thing and an empty meta.
func one[T any](row func([]byte, *T) []byte) func(*rest.Call, *T) { return oneAs(http.StatusOK, row) }

// created is one for what was made, and for what is documented as such.
func created[T any](row func([]byte, *T) []byte) func(*rest.Call, *T) {
	return oneAs(http.StatusCreated, row)
}

// located is for what was made and can be read by its id below a collection.
func located[T any](collection string, id func(*T) int64, send func(*rest.Call, *T)) func(*rest.Call, *T) {
	return func(c *rest.Call, v *T) {
		c.Located(collection, id(v))
		send(c, v)
	}
}

func oneAs[T any](status int, row func([]byte, *T) []byte) func(*rest.Call, *T) {
	return func(c *rest.Call, v *T) { sendOne(c, status, v, row) }
}

// done tells that a write was done, and nothing of what was written.
func done[T any](c *rest.Call, _ T) { c.Send(http.StatusOK, []byte(`{"data":{},"meta":{}}`)) }

// bare sends a thing without an envelope.
func bare[T any](row func([]byte, *T) []byte) func(*rest.Call, *T) {
	return func(c *rest.Call, v *T) {
		b := rest.Buffer()
		b.B = row(b.B, v)
		c.Send(http.StatusOK, b.B)
		b.Free()
	}
}

// rows sends the rows of a write and an empty meta.
func rows[T any](row func([]byte, *T) []byte) func(*rest.Call, []T) {
	return rowsAs(http.StatusOK, emptyMeta, row)
}

// createdRows is rows for what was made, and for what is documented as such.
func createdRows[T any](row func([]byte, *T) []byte) func(*rest.Call, []T) {
	return rowsAs(http.StatusCreated, emptyMeta, row)
}

func rowsAs[T any](status int, end string, row func([]byte, *T) []byte) func(*rest.Call, []T) {
	return func(c *rest.Call, rows []T) {
		sendRows(c, status, end, rows, func(b []byte, r *T, _ int) []byte { return row(b, r) })
	}
}
