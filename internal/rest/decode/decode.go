// Package decode reads the members of JSON objects for the REST surfaces. It
// notes every member of the wrong type, in the words of the surface, so that a
// client learns of all of them at once.
package decode

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"clientele/internal/fault"
	"clientele/internal/jsonx"
	"clientele/internal/opt"
)

// MaxList bounds every list inside an object, well above what any rule allows.
const MaxList = 1000

// Dialect is how a surface reads members and what it says of wrong ones.
type Dialect struct {
	// Types are the names of types in errors.
	Types map[jsonx.Kind]string
	// Says makes the message about a member, named by its path, that is not
	// what is wanted; nil means that there is none.
	Says func(path, want string) string
	// Loose reads text where a number or a flag is wanted and the other way
	// round, and a required member that is null as absent.
	Loose bool
	// Open passes over members that an operation does not have.
	Open bool
}

// Object returns the members of v, which notes faults in c.
func (d *Dialect) Object(v jsonx.Value, c *fault.Collector) Object {
	return Object{Value: v, Faults: c, dialect: d}
}

// Object reads the members of one object. An optional member that is null
// counts as absent.
type Object struct {
	Value   jsonx.Value
	Faults  *fault.Collector
	dialect *Dialect
}

// Err returns what was wrong, as a Malformed fault.
func (o Object) Err() error { return o.Faults.Err(fault.Malformed) }

// Wrong notes that a member is not of the type that is wanted.
func (o Object) Wrong(name string, want jsonx.Kind) { o.WrongAs(name, o.dialect.Types[want]) }

// WrongAs is Wrong for what no type says.
func (o Object) WrongAs(name, want string) {
	message := ""
	if o.dialect.Says != nil {
		message = o.dialect.Says(o.Faults.Prefix+name, want)
	}
	o.Faults.Add(name, fault.WrongType, want, message)
}

// Required notes which of some text members are missing.
func (o Object) Required(names ...string) { o.RequiredAs(jsonx.String, names...) }

// RequiredAs notes which of some members of a type are missing.
func (o Object) RequiredAs(want jsonx.Kind, names ...string) {
	for _, name := range names {
		v := o.Value.Get(name)
		switch {
		case !v.Present(), v.IsNull() && o.dialect.Loose:
			o.Faults.Add(name, fault.Required, "", "")
		case v.IsNull():
			o.Wrong(name, want)
		}
	}
}

// Present notes which of some members are absent and says nothing of null.
func (o Object) Present(names ...string) {
	for _, name := range names {
		if !o.Value.Get(name).Present() {
			o.Faults.Add(name, fault.Required, "", "")
		}
	}
}

// Repeats notes a read-only id, where it is given, that is not what it is known
// to be.
func (o Object) Repeats(name string, known int64) {
	if id := o.Int(name); id.Set && id.Value != known {
		o.Faults.Add(name, fault.ReadOnly, "", "")
	}
}

// Only notes the read-only members as such, unless they are null, and those
// that are neither writable nor read-only nor passed over as unknown, unless
// the dialect is open.
func (o Object) Only(writable, readOnly []string, passedOver ...string) {
	for name, v := range o.Value.Members() {
		switch {
		case slices.Contains(writable, name), slices.Contains(passedOver, name):
		case slices.Contains(readOnly, name):
			if v.IsNull() && !o.dialect.Loose {
				continue // as if it were absent
			}
			o.Faults.Add(name, fault.ReadOnly, "", "")
		case !o.dialect.Open:
			o.Faults.Add(name, fault.UnknownField, "", "")
		}
	}
}

// Given returns a member and whether it is there and not null.
func (o Object) Given(name string) (jsonx.Value, bool) {
	v := o.Value.Get(name)
	return v, v.Present() && !v.IsNull()
}

// Text reads a string.
func (o Object) Text(name string) opt.Field[string] { return o.text(name, o.dialect.Loose) }

// TextOrNumber reads a string, or a number as it was written.
func (o Object) TextOrNumber(name string) opt.Field[string] { return o.text(name, true) }

func (o Object) text(name string, loose bool) opt.Field[string] {
	v, ok := o.Given(name)
	if !ok {
		return opt.Field[string]{}
	}
	s, ok := v.Str()
	if !ok && loose {
		s, ok = v.NumberText()
	}
	if !ok {
		o.Wrong(name, jsonx.String)
	}
	return opt.Field[string]{Set: ok, Value: s}
}

// Int reads an integer.
func (o Object) Int(name string) opt.Field[int64] {
	v, ok := o.Given(name)
	if !ok {
		return opt.Field[int64]{}
	}
	n, ok := o.Integer(v)
	if !ok {
		o.Wrong(name, jsonx.Number)
	}
	return opt.Field[int64]{Set: ok, Value: n}
}

// Integer returns the value of an integer.
func (o Object) Integer(v jsonx.Value) (int64, bool) {
	n, ok := v.Int()
	if ok || !o.dialect.Loose {
		return n, ok
	}
	s, ok := v.Str()
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	return n, err == nil
}

// Flag reads a boolean.
func (o Object) Flag(name string) opt.Field[bool] {
	v, ok := o.Given(name)
	if !ok {
		return opt.Field[bool]{}
	}
	b, ok := v.Bool()
	if !ok && o.dialect.Loose {
		s, _ := Scalar(v)
		switch strings.ToLower(strings.TrimSpace(s)) {
		case "true", "1":
			b, ok = true, true
		case "false", "0":
			b, ok = false, true
		}
	}
	if !ok {
		o.Wrong(name, jsonx.Bool)
	}
	return opt.Field[bool]{Set: ok, Value: b}
}

// Scalar returns a string, a number or a boolean as text.
func Scalar(v jsonx.Value) (string, bool) {
	if b, ok := v.Bool(); ok {
		return strconv.FormatBool(b), true
	}
	return TextOrNumber(v)
}

// EmptyText reports whether a value is an empty string, which is how XML and
// some clients write an empty list.
func EmptyText(v jsonx.Value) bool {
	s, ok := v.Str()
	return ok && s == ""
}

// TextOrNumber returns a string, or a number as it was written.
func TextOrNumber(v jsonx.Value) (string, bool) {
	if s, ok := v.Str(); ok {
		return s, true
	}
	return v.NumberText()
}

// Decimal reads a decimal number in units of 10^-scale. Clients send sums of
// floats: what is beyond the scale is rounded.
func (o Object) Decimal(name string, scale int) opt.Field[int64] {
	v, ok := o.Given(name)
	if !ok {
		return opt.Field[int64]{}
	}
	if o.dialect.Loose {
		s, _ := Scalar(v)
		n, ok, _ := jsonx.ParseDecimal(strings.TrimSpace(s), scale)
		if !ok {
			o.WrongAs(name, "an amount")
		}
		return opt.Field[int64]{Set: ok, Value: n}
	}
	n, ok, _ := v.Decimal(scale)
	switch {
	case v.Kind() != jsonx.Number:
		o.Wrong(name, jsonx.Number)
	case !ok:
		o.Faults.Add(name, fault.OutOfRange, "", name+" is out of range")
	default:
		return opt.Some(n)
	}
	return opt.Field[int64]{}
}

// Time reads a required time: seconds since the epoch, or RFC 3339.
func (o Object) Time(name string) int64 {
	v, ok := o.Given(name)
	if !ok {
		o.Faults.Add(name, fault.Required, "", "")
		return 0
	}
	if n, ok := v.Int(); ok {
		return n
	}
	text, ok := v.Str()
	if !ok {
		o.Wrong(name, jsonx.Number)
		return 0
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		o.Faults.Add(name, fault.BadFormat, "", name+" must be a time such as 2026-06-18T14:00:00Z, or seconds since 1970")
		return 0
	}
	return t.Unix()
}

// OrNull reads a member that null sets to nothing.
func OrNull[T any](o Object, name string, read func(string) opt.Field[T]) opt.Field[T] {
	if o.Value.Get(name).IsNull() {
		return opt.Null[T]()
	}
	return read(name)
}
