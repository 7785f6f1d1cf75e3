package v2

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"clientele/internal/fault"
	"clientele/internal/jsonx"
	"clientele/internal/opt"
	"clientele/internal/rest"
)

// decoder reads the members of one object and notes what is wrong. Text may
// be sent as a number and the other way round, since all of XML is text. A
// member that is null counts as absent.
type decoder struct {
	v jsonx.Value
	c *fault.Collector
}

// object reads the request's body.
func object(c *rest.Call, col *fault.Collector) (decoder, error) {
	col.Index = -1
	v, err := c.JSON()
	if err == nil && v.Kind() != jsonx.Object {
		err = &fault.Error{Kind: fault.Malformed, Message: "The request body must be an object."}
	}
	return decoder{v, col}, err
}

// members refuses members that are neither writable nor, with equal values,
// allowed to be repeated.
func (d decoder) members(writable, readOnly []string) {
	for name := range d.v.Members() {
		switch {
		case slices.Contains(writable, name):
		case slices.Contains(readOnly, name):
			d.c.Add(name, fault.ReadOnly, "", "")
		default:
			d.c.Add(name, fault.UnknownField, "", "")
		}
	}
}

func (d decoder) required(names ...string) {
	for _, n := range names {
		if v := d.v.Get(n); !v.Present() || v.IsNull() {
			d.c.Add(n, fault.Required, "", "")
		}
	}
}

func (d decoder) wrong(name, want string) { d.c.Add(name, fault.WrongType, want, "want "+want) }

func (d decoder) given(name string) (jsonx.Value, bool) {
	v := d.v.Get(name)
	return v, v.Present() && !v.IsNull()
}

// scalar returns a string, number or boolean as text.
func scalar(v jsonx.Value) (string, bool) {
	if s, ok := v.Str(); ok {
		return s, true
	}
	if b, ok := v.Bool(); ok {
		return strconv.FormatBool(b), true
	}
	return v.NumberText()
}

func (d decoder) text(name string) opt.Field[string] {
	v, ok := d.given(name)
	if !ok {
		return opt.Field[string]{}
	}
	s, ok := v.Str()
	if !ok {
		s, ok = v.NumberText()
	}
	if !ok {
		d.wrong(name, "a string")
	}
	return opt.Field[string]{Set: ok, Value: s}
}

func (d decoder) integer(name string) opt.Field[int64] {
	v, ok := d.given(name)
	if !ok {
		return opt.Field[int64]{}
	}
	n, ok := integer(v)
	if !ok {
		d.wrong(name, "an integer")
	}
	return opt.Field[int64]{Set: ok, Value: n}
}

func integer(v jsonx.Value) (int64, bool) {
	if n, ok := v.Int(); ok {
		return n, true
	}
	s, ok := v.Str()
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	return n, err == nil
}

func (d decoder) flag(name string) opt.Field[bool] {
	v, ok := d.given(name)
	if !ok {
		return opt.Field[bool]{}
	}
	s, _ := scalar(v)
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "true", "1":
		return opt.Some(true)
	case "false", "0":
		return opt.Some(false)
	}
	d.wrong(name, "true or false")
	return opt.Field[bool]{}
}

// amount reads a decimal number, sent as a number or as text.
func (d decoder) amount(name string, scale int) opt.Field[int64] {
	v, ok := d.given(name)
	if !ok {
		return opt.Field[int64]{}
	}
	s, _ := scalar(v)
	n, ok, exact := jsonx.ParseDecimal(strings.TrimSpace(s), scale)
	switch {
	case !ok:
		d.wrong(name, "an amount")
	case !exact:
		d.c.Add(name, fault.NotAccepted, "", fmt.Sprintf("%s must have at most %d decimal places", name, scale))
	default:
		return opt.Some(n)
	}
	return opt.Field[int64]{}
}

// at runs fn on a value below d.
func (d decoder) at(prefix string, v jsonx.Value, fn func(decoder)) {
	outer := d.c.Prefix
	d.c.Prefix += prefix
	fn(decoder{v: v, c: d.c})
	d.c.Prefix = outer
}

func (d decoder) object(name string, fn func(decoder)) {
	v, ok := d.given(name)
	if !ok {
		return
	}
	if v.Kind() != jsonx.Object {
		d.wrong(name, "an object")
		return
	}
	d.at(name+".", v, fn)
}

// err returns what was wrong.
func (d decoder) err() error { return d.c.Err(fault.Malformed) }
