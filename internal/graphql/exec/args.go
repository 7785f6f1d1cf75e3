package exec

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
)

// Args are arguments, or the fields of an input object, in their Go forms.
// Those of a document are shared: they must not be changed.
type Args map[string]any

// Has reports whether there is a value that is not null.
func (a Args) Has(name string) bool { return a[name] != nil }

func get[T any](a Args, name string) T {
	v, _ := a[name].(T)
	return v
}

func ptr[T any](a Args, name string) *T {
	if v, ok := a[name].(T); ok {
		return &v
	}
	return nil
}

// Text returns a text, or "".
func (a Args) Text(name string) string { return get[string](a, name) }

// TextOrNil returns a text, or nil.
func (a Args) TextOrNil(name string) *string { return ptr[string](a, name) }

// Int returns a whole number, or 0.
func (a Args) Int(name string) int64 { return get[int64](a, name) }

// IntOrNil returns a whole number, or nil.
func (a Args) IntOrNil(name string) *int64 { return ptr[int64](a, name) }

// Float returns a number, or 0.
func (a Args) Float(name string) float64 { return get[float64](a, name) }

// Bool returns true or false.
func (a Args) Bool(name string) bool { return get[bool](a, name) }

// BoolOrNil returns true or false, or nil.
func (a Args) BoolOrNil(name string) *bool { return ptr[bool](a, name) }

// Time returns a time, or the zero time.
func (a Args) Time(name string) time.Time { return get[time.Time](a, name) }

// Object returns an input object, or nil.
func (a Args) Object(name string) Args { return get[Args](a, name) }

func all[T any](a Args, name string) []T {
	list, ok := a[name].([]any)
	if !ok {
		return nil
	}
	out := make([]T, 0, len(list))
	for _, v := range list {
		if v, ok := v.(T); ok {
			out = append(out, v)
		}
	}
	return out
}

// Objects returns a list of input objects.
func (a Args) Objects(name string) []Args { return all[Args](a, name) }

// Texts returns a list of texts, or nil.
func (a Args) Texts(name string) []string { return all[string](a, name) }

// Ints returns a list of whole numbers, or nil.
func (a Args) Ints(name string) []int64 { return all[int64](a, name) }

// argumentError says that an argument is not of its type.
type argumentError struct {
	path    ast.Path
	message string
}

// arguments reads the arguments of a field.
func (s *Schema) arguments(defs ast.ArgumentDefinitionList, given ast.ArgumentList, values map[string]any) (Args, *argumentError) {
	if len(defs) == 0 {
		return nil, nil
	}
	out := make(Args, len(given))
	for _, d := range defs {
		var raw any
		var has bool
		var err error
		if a := given.ForName(d.Name); a != nil {
			if a.Value.Kind == ast.Variable {
				raw, has = values[a.Value.Raw]
			} else {
				raw, err = a.Value.Value(values)
				has = true
			}
		}
		if !has && d.DefaultValue != nil {
			raw, err = d.DefaultValue.Value(nil)
			has = true
		}
		if err != nil {
			return nil, &argumentError{ast.Path{ast.PathName(d.Name)}, err.Error()}
		}
		if !has {
			continue
		}
		v, wrong := s.read(d.Type, raw, ast.Path{ast.PathName(d.Name)})
		if wrong != nil {
			return nil, wrong
		}
		out[d.Name] = v
	}
	return out, nil
}

// read returns the Go form of a value: Args for input objects, []any for lists,
// and what scalars read.
func (s *Schema) read(t *ast.Type, raw any, at ast.Path) (any, *argumentError) {
	if raw == nil {
		if t.NonNull {
			return nil, &argumentError{at, "must not be null"}
		}
		return nil, nil
	}
	if t.Elem != nil {
		return s.readList(t.Elem, raw, at)
	}
	def := s.ast.Types[t.NamedType]
	switch def.Kind {
	case ast.InputObject:
		return s.readObject(def, raw, at)
	case ast.Enum:
		name, ok := raw.(string)
		if !ok {
			return nil, &argumentError{at, "enums must be strings"}
		}
		if def.EnumValues.ForName(name) == nil {
			return nil, &argumentError{at, fmt.Sprintf("%s is not a valid %s", name, def.Name)}
		}
		return name, nil
	}
	read := builtIn[def.Name]
	if read == nil {
		read = s.Scalars[def.Name].Read
	}
	v, err := read(raw)
	if err != nil {
		return nil, &argumentError{at, err.Error()}
	}
	return v, nil
}

// readList reads a list; a single value stands for a list of it.
func (s *Schema) readList(elem *ast.Type, raw any, at ast.Path) (any, *argumentError) {
	list, ok := raw.([]any)
	if !ok {
		switch raw := raw.(type) {
		case []string: // what gqlparser makes of single values
			list = boxed(raw)
		case []int64:
			list = boxed(raw)
		case []float64:
			list = boxed(raw)
		case []bool:
			list = boxed(raw)
		case []json.Number:
			list = boxed(raw)
		case []map[string]any:
			list = boxed(raw)
		default:
			list = []any{raw}
		}
	}
	out := make([]any, len(list))
	for i, e := range list {
		v, err := s.read(elem, e, append(at[:len(at):len(at)], ast.PathIndex(i)))
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}

func boxed[T any](in []T) []any {
	out := make([]any, len(in))
	for i, v := range in {
		out[i] = v
	}
	return out
}

func (s *Schema) readObject(def *ast.Definition, raw any, at ast.Path) (any, *argumentError) {
	in, ok := raw.(map[string]any)
	if !ok {
		return nil, &argumentError{at, fmt.Sprintf("must be a %s", def.Name)}
	}
	out := make(Args, len(in))
	for _, f := range def.Fields {
		v, has := in[f.Name]
		if !has && f.DefaultValue != nil {
			var err error
			if v, err = f.DefaultValue.Value(nil); err != nil {
				return nil, &argumentError{at, err.Error()}
			}
			has = true
		}
		if !has {
			continue
		}
		v, err := s.read(f.Type, v, append(at[:len(at):len(at)], ast.PathName(f.Name)))
		if err != nil {
			return nil, err
		}
		out[f.Name] = v
	}
	return out, nil
}

// builtIn read the scalars that GraphQL has itself.
var builtIn = map[string]func(any) (any, error){
	"String":  ReadText,
	"ID":      ReadText,
	"Int":     readInt,
	"Float":   readFloat,
	"Boolean": readBool,
}

// ReadText reads a text. Numbers and truths stand for theirs.
func ReadText(v any) (any, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), nil
	case json.Number:
		return string(v), nil
	case bool:
		return strconv.FormatBool(v), nil
	}
	return nil, fmt.Errorf("%T is not a string", v)
}

// ReadWhole reads a whole number of 64 bits.
func ReadWhole(v any) (any, error) {
	switch v := v.(type) {
	case int64:
		return v, nil
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n, nil
		}
		// 1e2 and 2.0 are whole numbers too.
		if f, err := v.Float64(); err == nil && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
			return int64(f), nil
		}
	}
	return nil, fmt.Errorf("cannot represent a whole number: %v", v)
}

func readInt(v any) (any, error) {
	n, err := ReadWhole(v)
	if n, ok := n.(int64); ok && (n < math.MinInt32 || n > math.MaxInt32) {
		return nil, fmt.Errorf("an Int has 32 bits and cannot be %d", n)
	}
	return n, err
}

func readFloat(v any) (any, error) {
	switch v := v.(type) {
	case string:
		return strconv.ParseFloat(v, 64)
	case int64:
		return float64(v), nil
	case float64:
		return v, nil
	case json.Number:
		return strconv.ParseFloat(string(v), 64)
	}
	return nil, errors.New(strings.TrimSpace(fmt.Sprintf("%T is not an float", v)))
}

func readBool(v any) (any, error) {
	if b, ok := v.(bool); ok {
		return b, nil
	}
	return nil, fmt.Errorf("%T is not a bool", v)
}
