package decode

import (
	"fmt"
	"strconv"

	"clientele/internal/fault"
	"clientele/internal/jsonx"
	"clientele/internal/opt"
)

// array returns a member that is an array of a bounded length.
func (o Object) array(name string) (v jsonx.Value, ok bool) {
	v, ok = o.Given(name)
	switch {
	case !ok:
	case v.Kind() != jsonx.Array:
		o.Wrong(name, jsonx.Array)
		ok = false
	default:
		ok = o.bounded(name, v)
	}
	return v, ok
}

// bounded reports whether a member is no longer than any may be.
func (o Object) bounded(name string, v jsonx.Value) bool {
	if v.Len() <= MaxList {
		return true
	}
	o.Faults.Add(name, fault.TooManyItems, strconv.Itoa(MaxList), fmt.Sprintf("%s must have at most %d entries", name, MaxList))
	return false
}

// place returns the path of an element of a list.
func place(name string, i int) string { return name + "." + strconv.Itoa(i) }

// elements reads a list of values of one type.
func elements[T any](o Object, name string, want jsonx.Kind, read func(jsonx.Value) (T, bool)) opt.Field[[]T] {
	v, ok := o.array(name)
	if !ok {
		return opt.Field[[]T]{}
	}
	list := make([]T, 0, v.Len())
	for i, e := range v.Elems() {
		s, ok := read(e)
		if !ok {
			o.Wrong(place(name, i), want)
		}
		list = append(list, s)
	}
	return opt.Some(list)
}

// Texts reads a list of strings.
func (o Object) Texts(name string) opt.Field[[]string] {
	return elements(o, name, jsonx.String, jsonx.Value.Str)
}

// Ints reads a list of integers.
func (o Object) Ints(name string) opt.Field[[]int64] {
	return elements(o, name, jsonx.Number, jsonx.Value.Int)
}

// Pairs calls each for the members of a member that is an object of strings.
// text tells what counts as one. Null and, where text is sent for everything,
// the empty string are an object without members.
func (o Object) Pairs(name string, text func(jsonx.Value) (string, bool), each func(name, value string)) (given, null bool) {
	v, ok := o.Given(name)
	switch {
	case !ok:
		return v.IsNull(), v.IsNull()
	case o.dialect.Loose && EmptyText(v):
		return true, true
	case v.Kind() != jsonx.Object:
		o.Wrong(name, jsonx.Object)
		return false, false
	case !o.bounded(name, v):
		return false, false
	}
	for key, e := range v.Members() {
		s, ok := text(e)
		if !ok {
			o.Wrong(name+"."+key, jsonx.String)
		}
		each(key, s)
	}
	return true, false
}

// Objects calls each for the elements of a member that is a list of objects.
func (o Object) Objects(name string, each func(i int, e Object)) (given bool) {
	v, ok := o.array(name)
	if !ok {
		return false
	}
	for i, e := range v.Elems() {
		if e.Kind() != jsonx.Object {
			o.Wrong(place(name, i), jsonx.Object)
			continue
		}
		o.At(place(name, i)+".", e, func(sub Object) { each(i, sub) })
	}
	return true
}

// Object calls fn for a member that is an object.
func (o Object) Object(name string, fn func(Object)) {
	v, ok := o.Given(name)
	if !ok {
		return
	}
	if v.Kind() != jsonx.Object {
		o.Wrong(name, jsonx.Object)
		return
	}
	o.At(name+".", v, fn)
}

// At calls fn for a value below o, whose faults are noted with the prefix.
func (o Object) At(prefix string, v jsonx.Value, fn func(Object)) {
	outer := o.Faults.Prefix
	o.Faults.Prefix += prefix
	fn(Object{Value: v, Faults: o.Faults, dialect: o.dialect})
	o.Faults.Prefix = outer
}
