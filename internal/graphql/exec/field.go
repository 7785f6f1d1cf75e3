package exec

import (
	"context"
	"maps"
	"math"
	"reflect"
	"strconv"

	"clientele/internal/jsonx"
)

// Tables say how fields are answered, by the names of object types and
// interfaces. What an interface's table has counts for all types that
// implement it and say nothing else.
type Tables map[string]Table

// Table answers fields of one type of the schema by values of one Go type.
type Table struct {
	of     reflect.Type
	fields Fields
}

// Fields are answers by names of fields.
type Fields map[string]Field

// With returns the same fields and one more.
func (f Fields) With(name string, one Field) Fields {
	out := maps.Clone(f)
	out[name] = one
	return out
}

// Of returns the table of a type whose objects are of Go type *T.
func Of[T any](fields Fields) Table { return Table{of: reflect.TypeFor[*T](), fields: fields} }

// None is the Go type of objects about which nothing is known: the roots, and
// what is only there to group fields.
type None struct{}

// Call is one field of one object that is being answered.
type Call struct {
	// Context is the request's.
	Context context.Context
	Args    Args
	run     *run
	node    *node
}

// Field answers a field. Its zero value stands for the generic answer.
type Field struct {
	of     reflect.Type // the object that is asked
	gives  gives
	leaf   func(b []byte, o any) ([]byte, error) // errNull is null
	text   func(o any) string                    // of enums
	object func(c *Call, o any) (any, error)     // nil is null
	list   func(c *Call, o any) (n int, at func(int) any, err error)
	elem   reflect.Type // of objects and lists of them
}

// gives is what a Field gives.
type gives int

const (
	givesText gives = iota + 1 // for String, ID and scalars that are texts
	givesEnum
	givesInt
	givesFloat
	givesBool
	givesRaw // JSON of a scalar of the service's own
	givesTexts
	givesInts
	givesObject
	givesList
)

func leaf[T any](g gives, to func(b []byte, o *T) ([]byte, error)) Field {
	return Field{of: reflect.TypeFor[*T](), gives: g, leaf: func(b []byte, o any) ([]byte, error) { return to(b, o.(*T)) }}
}

// Text gives a text.
func Text[T any](get func(*T) string) Field {
	return leaf(givesText, func(b []byte, o *T) ([]byte, error) { return jsonx.AppendString(b, get(o)), nil })
}

// TextOrNull gives a text, or null for an empty one.
func TextOrNull[T any](get func(*T) string) Field {
	return leaf(givesText, func(b []byte, o *T) ([]byte, error) {
		s := get(o)
		if s == "" {
			return b, errNull
		}
		return jsonx.AppendString(b, s), nil
	})
}

// TextPtr gives a text, or null for nil.
func TextPtr[T any](get func(*T) *string) Field {
	return leaf(givesText, func(b []byte, o *T) ([]byte, error) {
		s := get(o)
		if s == nil {
			return b, errNull
		}
		return jsonx.AppendString(b, *s), nil
	})
}

// Enum gives a value of an enumeration, or null for an empty one.
func Enum[T any](get func(*T) string) Field {
	return Field{of: reflect.TypeFor[*T](), gives: givesEnum, text: func(o any) string { return get(o.(*T)) }}
}

// Int gives a whole number.
func Int[T any](get func(*T) int64) Field {
	return leaf(givesInt, func(b []byte, o *T) ([]byte, error) { return strconv.AppendInt(b, get(o), 10), nil })
}

// IntOrNull gives a whole number, or null for nil.
func IntOrNull[T any](get func(*T) *int64) Field {
	return leaf(givesInt, func(b []byte, o *T) ([]byte, error) {
		n := get(o)
		if n == nil {
			return b, errNull
		}
		return strconv.AppendInt(b, *n, 10), nil
	})
}

// Bool gives true or false.
func Bool[T any](get func(*T) bool) Field {
	return leaf(givesBool, func(b []byte, o *T) ([]byte, error) { return strconv.AppendBool(b, get(o)), nil })
}

// Float gives a number.
func Float[T any](get func(*T) float64) Field {
	return FloatOrNull(func(o *T) *float64 { n := get(o); return &n })
}

// FloatOrNull gives a number, or null for nil.
func FloatOrNull[T any](get func(*T) *float64) Field {
	return leaf(givesFloat, func(b []byte, o *T) ([]byte, error) {
		n := get(o)
		switch {
		case n == nil:
			return b, errNull
		case math.IsNaN(*n), math.IsInf(*n, 0):
			return b, errNumber
		}
		return strconv.AppendFloat(b, *n, 'g', -1, 64), nil
	})
}

// Raw gives the JSON that is appended, or null if nothing is. It is for scalars
// of the service's own.
func Raw[T any](to func(b []byte, o *T) []byte) Field {
	return leaf(givesRaw, func(b []byte, o *T) ([]byte, error) {
		out := to(b, o)
		if len(out) == len(b) {
			return b, errNull
		}
		return out, nil
	})
}

// Texts gives a list of texts.
func Texts[T any](get func(*T) []string) Field {
	return leaf(givesTexts, func(b []byte, o *T) ([]byte, error) { return jsonx.AppendStrings(b, get(o)), nil })
}

// Ints gives a list of whole numbers.
func Ints[T any](get func(*T) []int64) Field {
	return leaf(givesInts, func(b []byte, o *T) ([]byte, error) { return jsonx.AppendInts(b, get(o)), nil })
}

// Object gives an object, or null for nil.
func Object[T, U any](get func(*Call, *T) (*U, error)) Field {
	return Field{of: reflect.TypeFor[*T](), gives: givesObject, elem: reflect.TypeFor[*U](), object: func(c *Call, o any) (any, error) {
		u, err := get(c, o.(*T))
		if err != nil || u == nil {
			return nil, err
		}
		return u, nil
	}}
}

// Part gives an object that is known with the one that is asked.
func Part[T, U any](get func(*T) *U) Field {
	return Object(func(_ *Call, o *T) (*U, error) { return get(o), nil })
}

// Group gives an object that only groups fields.
func Group[T any]() Field { return Part(func(*T) *None { return &None{} }) }

// List gives a list of objects.
func List[T, U any](get func(*Call, *T) ([]U, error)) Field {
	return Field{of: reflect.TypeFor[*T](), gives: givesList, elem: reflect.TypeFor[*U](), list: func(c *Call, o any) (int, func(int) any, error) {
		all, err := get(c, o.(*T))
		return len(all), func(i int) any { return &all[i] }, err
	}}
}

// Refs gives a list of objects that are kept elsewhere; nil is null.
func Refs[T, U any](get func(*Call, *T) ([]*U, error)) Field {
	return Field{of: reflect.TypeFor[*T](), gives: givesList, elem: reflect.TypeFor[*U](), list: func(c *Call, o any) (int, func(int) any, error) {
		all, err := get(c, o.(*T))
		return len(all), func(i int) any {
			if all[i] == nil {
				return nil
			}
			return all[i]
		}, err
	}}
}

// Parts gives a list of objects that is known with the one that is asked.
func Parts[T, U any](get func(*T) []U) Field {
	return List(func(_ *Call, o *T) ([]U, error) { return get(o), nil })
}

// Kind names the type of the schema for values of Go type *T, where a field's
// type is an interface or a union.
type Kind struct {
	of   reflect.Type
	name func(any) string
}

// KindOf returns a Kind.
func KindOf[T any](name func(*T) string) Kind {
	return Kind{of: reflect.TypeFor[*T](), name: func(o any) string { return name(o.(*T)) }}
}
