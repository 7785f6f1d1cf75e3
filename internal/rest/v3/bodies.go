package v3

import (
	"fmt"

	"clientele/internal/fault"
	"clientele/internal/jsonx"
	"clientele/internal/rest"
	"clientele/internal/rest/decode"
)

// dialect is how V3 reads members and names their types in errors. Like the
// original's, it passes over members that an operation does not have.
var dialect = &decode.Dialect{Open: true, Types: map[jsonx.Kind]string{
	jsonx.String: "jsstring", jsonx.Number: "jsnumber", jsonx.Bool: "jsboolean", jsonx.Array: "jsarray", jsonx.Object: "jsobject",
}}

// object reads a body that is one object.
func object[In any](read func(decode.Object) In) func(*rest.Call) (In, error) {
	return objectOf((*rest.Call).JSON, read)
}

// input is object for operations that answer 400 to what is no JSON.
func input[In any](read func(decode.Object) In) func(*rest.Call) (In, error) {
	return objectOf(inputJSON, read)
}

func objectOf[In any](body func(*rest.Call) (jsonx.Value, error), read func(decode.Object) In) func(*rest.Call) (In, error) {
	return func(c *rest.Call) (in In, err error) {
		v, err := body(c)
		if err != nil {
			return in, err
		}
		if v.Kind() != jsonx.Object {
			return in, wrongBody(v, jsonx.Object)
		}
		o := dialect.Object(v, &fault.Collector{})
		in = read(o)
		return in, o.Err()
	}
}

// inputJSON is Call.JSON for operations that answer 400 to what is no JSON.
func inputJSON(c *rest.Call) (jsonx.Value, error) {
	v, err := c.JSON()
	if f := fault.As(err); f != nil && f.Kind == fault.Malformed {
		return v, &fault.Error{Kind: fault.BadInput, Message: "Syntax error", Cause: err}
	}
	return v, err
}

// objects reads a body that is an array of 1 to most objects. lacks names the
// members that an item which is no object is told to lack.
func objects[In any](most int, read func(decode.Object) In, lacks ...string) func(*rest.Call) ([]In, error) {
	with := func(o decode.Object) (In, struct{}) { return read(o), struct{}{} }
	return func(c *rest.Call) ([]In, error) {
		in, _, err := batch(c, most, with, lacks...)
		return in, err
	}
}

// batch is objects for bodies of which the answer depends: read also returns
// what it needs to know of each item.
func batch[In, Sent any](c *rest.Call, most int, read func(decode.Object) (In, Sent), lacks ...string) ([]In, []Sent, error) {
	v, err := c.JSON()
	if err == nil {
		err = arrayOf(v, most)
	}
	if err == nil {
		err = someObject(v, lacks)
	}
	if err != nil {
		return nil, nil, err
	}
	return each(v, read, lacks...)
}

// each reads the items of an array and puts their faults together. lacks names
// the members that an item which is no object is told to lack.
func each[In, Sent any](v jsonx.Value, read func(decode.Object) (In, Sent), lacks ...string) ([]In, []Sent, error) {
	in, sent := make([]In, v.Len()), make([]Sent, v.Len())
	items := make([]jsonx.Value, 0, v.Len())
	for _, e := range v.Elems() {
		items = append(items, e)
	}
	var b fault.Batch
	b.Each(len(items), func(i int, c *fault.Collector) {
		o := dialect.Object(items[i], c)
		if len(lacks) > 0 && items[i].Kind() != jsonx.Object {
			o.RequiredAs(jsonx.Object, lacks...)
			return
		}
		in[i], sent[i] = read(o)
	})
	return in, sent, b.Err(fault.Malformed)
}

// someObject makes sure that an element of an array is an object. Where none is,
// the answer names no element, as the original's.
func someObject(v jsonx.Value, lacks []string) error {
	for _, e := range v.Elems() {
		if e.Kind() == jsonx.Object {
			return nil
		}
	}
	col := fault.Collector{}
	for _, name := range lacks {
		col.Add(name, fault.Required, "", "")
	}
	return malformed(col.Items)
}

// arrayOf checks that a body is an array of 1 to most items.
func arrayOf(v jsonx.Value, most int) error {
	switch {
	case v.Kind() != jsonx.Array:
		return wrongBody(v, jsonx.Array)
	case v.Len() > most:
		return fault.New(fault.TooLarge, fmt.Sprintf("The maximum number of items allowed in the array is %d.", most))
	case v.Len() == 0:
		return &fault.Error{Kind: fault.Malformed, Items: []fault.Item{{Code: fault.TooShort, Message: "error.minLength"}}}
	}
	return nil
}

func wrongBody(v jsonx.Value, want jsonx.Kind) error {
	item := fault.Item{Code: fault.WrongType, Want: dialect.Types[want]}
	if !v.Present() {
		item.Code, item.Want = fault.Required, ""
	}
	return malformed([]fault.Item{item})
}

// withID reads a change of what the path names, whose id the body may repeat.
func withID[In any](object func(func(decode.Object) In) func(*rest.Call) (In, error), id func(*rest.Call) (int64, error), read func(decode.Object) In) func(*rest.Call) (In, error) {
	return withIDAs("id", object, id, read)
}

// withIDAs is withID where the body calls the id something else.
func withIDAs[In any](name string, object func(func(decode.Object) In) func(*rest.Call) (In, error), id func(*rest.Call) (int64, error), read func(decode.Object) In) func(*rest.Call) (In, error) {
	return func(c *rest.Call) (In, error) {
		return object(func(o decode.Object) In {
			in := read(o)
			if known, err := id(c); err == nil { // refused before, otherwise
				o.Repeats(name, known)
			}
			return in
		})(c)
	}
}

// isObject notes an item that is no object.
func isObject(o decode.Object) bool {
	if o.Value.Kind() == jsonx.Object {
		return true
	}
	o.Wrong("", jsonx.Object)
	return false
}

func malformed(items []fault.Item) error {
	if len(items) == 0 {
		return nil
	}
	return &fault.Error{Kind: fault.Malformed, Items: items}
}
