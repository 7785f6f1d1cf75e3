// Package exec executes valid documents of GraphQL: it plans a document once,
// calls what tables have for the fields of objects, and appends the answer's
// JSON. Parsing and validation are gqlparser's.
//
// A field that is in no table has the generic answer of its type: an empty
// list, a connection without entries, null where that may be, and else the zero
// value, or an object all of whose fields are answered so. So a schema may be
// much larger than what a service knows.
package exec

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"clientele/internal/jsonx"
)

var (
	// errNull is null where no error is known.
	errNull   = errors.New("null")
	errNumber = errors.New("numbers of JSON are finite")
)

// Config says how a Schema answers.
type Config struct {
	Tables Tables
	Kinds  []Kind
	// Scalars are those that GraphQL does not have itself.
	Scalars map[string]Scalar
	// Need returns what a field of an object type asks for beforehand, or "".
	// Hooks.Allow sees it.
	Need func(object, field string) string
	// Page checks the arguments of generic connections.
	Page func(Args) error
	// Missing returns which type of errors says that something was not found: the
	// generic answer of a mutation whose result has a list of errors. Others fail
	// with a MissingError.
	Missing func(members []string) string
	// MissingText is what such errors say.
	MissingText string
}

// MissingError says that what a mutation is about was not found.
type MissingError struct{ Text string }

// Error implements error.
func (e *MissingError) Error() string { return e.Text }

// Scalar is a type of values.
type Scalar struct {
	// Read returns the Go form of a value from a document or variables.
	Read func(any) (any, error)
	// Zero is the JSON of the generic value.
	Zero string
}

// Schema answers operations.
type Schema struct {
	Config
	ast   *ast.Schema
	types map[string]*kind
	kinds map[reflect.Type]func(any) string
}

// kind is a type of the schema with its answers.
type kind struct {
	def      *ast.Definition
	of       reflect.Type // the Go type of objects, or nil
	fields   map[string]*field
	bare     *kind // the same with generic answers only
	possible map[string]*kind
}

// field is a field of an object type.
type field struct {
	Field
	on       string // the object type
	def      *ast.FieldDefinition
	need     string
	nonNull  bool
	isList   bool
	elemNull bool // entries of the list may be null
	to       *kind
	named    func(any) string // the concrete type, where to is abstract
	connects bool             // is a generic connection
}

// New returns a Schema. It panics if the tables do not suit the schema: both
// are part of the program.
func New(schema *ast.Schema, c Config) *Schema {
	s := &Schema{Config: c, ast: schema, types: map[string]*kind{}, kinds: map[reflect.Type]func(any) string{}}
	for _, k := range c.Kinds {
		s.kinds[k.of] = k.name
	}
	for name, def := range schema.Types {
		s.types[name] = &kind{def: def, bare: &kind{def: def}}
	}
	for name := range c.Tables {
		if d := schema.Types[name]; d == nil || d.Kind != ast.Object && d.Kind != ast.Interface {
			panic(fmt.Sprintf("graphql: there is a table for %s, which has no fields", name))
		}
	}
	introspection := introspectionTables(schema)
	for _, k := range s.types {
		for _, p := range schema.GetPossibleTypes(k.def) {
			if k.possible == nil {
				k.possible = map[string]*kind{}
			}
			k.possible[p.Name] = s.types[p.Name]
		}
		k.bare.possible = k.possible
		if t, ok := s.table(k.def, introspection); ok {
			k.of = t.of
		}
	}
	for _, k := range s.types {
		if k.def.Kind == ast.Object {
			t, _ := s.table(k.def, introspection)
			k.fields = s.fields(k.def, t)
			k.bare.fields = s.fields(k.def, Table{})
		}
	}
	return s
}

// Knows reports whether a field of an object type has an answer of its own.
func (s *Schema) Knows(object, field string) bool {
	k := s.types[object]
	return k != nil && k.fields[field] != nil && k.fields[field].of != nil
}

// table returns the table of an object type, with what its interfaces have.
func (s *Schema) table(def *ast.Definition, own Tables) (Table, bool) {
	if strings.HasPrefix(def.Name, "__") {
		return own[def.Name], true
	}
	t, ok := s.Tables[def.Name]
	for _, name := range def.Interfaces {
		from, has := s.Tables[name]
		if !has || ok && t.of != from.of {
			continue
		}
		fields := Fields{}
		for name, f := range from.fields {
			fields[name] = f
		}
		for name, f := range t.fields {
			fields[name] = f
		}
		t, ok = Table{of: from.of, fields: fields}, true
	}
	if def.Name == s.ast.Query.Name && ok {
		t.fields = withMeta(t.fields, own[""].fields)
	}
	return t, ok
}

func withMeta(fields, meta Fields) Fields {
	out := Fields{}
	for name, f := range fields {
		out[name] = f
	}
	for name, f := range meta {
		out[name] = f
	}
	return out
}

// fields puts together the fields of an object type.
func (s *Schema) fields(def *ast.Definition, t Table) map[string]*field {
	out := map[string]*field{}
	for name := range t.fields {
		if def.Fields.ForName(name) == nil {
			panic(fmt.Sprintf("graphql: there is an answer for %s.%s, which is no field", def.Name, name))
		}
	}
	for _, fd := range def.Fields {
		f := &field{Field: t.fields[fd.Name], on: def.Name, def: fd, nonNull: fd.Type.NonNull, to: s.types[fd.Type.Name()]}
		if s.Need != nil {
			f.need = s.Need(def.Name, fd.Name)
		}
		if e := fd.Type.Elem; e != nil {
			f.isList, f.elemNull = true, !e.NonNull
		}
		if f.gives == 0 {
			s.generic(def, f)
		} else if why := s.unsuited(f, t.of); why != "" {
			panic(fmt.Sprintf("graphql: the answer for %s.%s %s", def.Name, fd.Name, why))
		}
		out[fd.Name] = f
	}
	return out
}

// unsuited returns why an answer does not suit its field, or "".
func (s *Schema) unsuited(f *field, of reflect.Type) string {
	if f.of != of {
		return fmt.Sprintf("is for %v, the objects are %v", f.of, of)
	}
	if f.isList && f.def.Type.Elem.Elem != nil {
		return "is for a list of lists"
	}
	if list := f.gives == givesList || f.gives == givesTexts || f.gives == givesInts; list != f.isList {
		return "gives a list for what is none, or the other way round"
	}
	switch def := f.to.def; def.Kind {
	case ast.Enum:
		if f.gives == givesEnum {
			f.leaf = enumLeaf(f.text, def)
			return ""
		}
		if f.gives == givesText || f.gives == givesTexts { // of the schema's own description
			return ""
		}
	case ast.Scalar:
		var fits []string
		switch f.gives {
		case givesInt, givesInts:
			fits = []string{"Int", "Long"}
		case givesFloat:
			fits = []string{"Float"}
		case givesBool:
			fits = []string{"Boolean"}
		case givesText, givesTexts:
			fits = []string{"String", "ID"}
			for name, sc := range s.Scalars {
				if sc.Zero == `""` {
					fits = append(fits, name)
				}
			}
		case givesRaw:
			for name, sc := range s.Scalars {
				if sc.Zero != `""` {
					fits = append(fits, name)
				}
			}
		}
		if slices.Contains(fits, def.Name) {
			return ""
		}
	case ast.Object:
		if f.elem == f.to.of && f.elem != nil {
			return ""
		}
	case ast.Interface, ast.Union:
		if f.named = s.kinds[f.elem]; f.named != nil {
			for name, p := range f.to.possible {
				if p.of != nil && p.of != f.elem {
					return fmt.Sprintf("may be %s, whose objects are %v", name, p.of)
				}
			}
			return ""
		}
		for name, p := range f.to.possible {
			if p.of == f.elem && f.elem != nil {
				f.named = func(any) string { return name }
				return ""
			}
		}
	}
	return fmt.Sprintf("does not give %s", f.def.Type)
}

// enumLeaf gives values that an enumeration has.
func enumLeaf(text func(any) string, def *ast.Definition) func([]byte, any) ([]byte, error) {
	return func(b []byte, o any) ([]byte, error) {
		s := text(o)
		if s == "" {
			return b, errNull
		}
		if def.EnumValues.ForName(s) == nil {
			return b, fmt.Errorf("the enumeration %s has no value %q", def.Name, s)
		}
		return append(append(append(b, '"'), s...), '"'), nil
	}
}

// unknown stands for an object about which nothing is known.
var unknown any = &None{}

// generic makes the answer for a field that is in no table.
func (s *Schema) generic(on *ast.Definition, f *field) {
	name := f.to.def.Name
	switch {
	case s.mutates(on) && f.to.def.Kind == ast.Object && !strings.HasSuffix(name, mutations):
		f.gives, f.to = givesObject, f.to.bare
		var err error
		if f.to.def.Fields.ForName(errorsField) == nil {
			err = &MissingError{s.MissingText}
		}
		f.object = func(*Call, any) (any, error) { return unknown, err }
	case f.isList && f.def.Name == errorsField && s.errors(f.to) != "":
		f.gives, f.to = givesList, s.types[s.errors(f.to)].bare
		f.list = func(*Call, any) (int, func(int) any, error) { return 1, func(int) any { return unknown }, nil }
	case f.isList:
		f.leaf = constant("[]")
	case strings.HasSuffix(name, "Connection") && f.to.def.Kind == ast.Object:
		f.gives, f.to, f.connects = givesObject, f.to.bare, true
		f.object = func(*Call, any) (any, error) { return unknown, nil }
	case !f.nonNull:
		f.leaf = constant("null")
	case f.to.def.Kind == ast.Enum:
		f.leaf = constant(`"` + f.to.def.EnumValues[0].Name + `"`)
	case f.to.def.Kind == ast.Scalar:
		f.leaf = constant(s.zero(on, f))
	default:
		to := f.to.bare
		if f.to.possible != nil && f.to.def.Kind != ast.Object {
			// One of them, the same each time.
			names := make([]string, 0, len(f.to.possible))
			for name := range f.to.possible {
				names = append(names, name)
			}
			to = f.to.possible[slices.Min(names)].bare
		}
		f.gives, f.to = givesObject, to
		f.object = func(*Call, any) (any, error) { return unknown, nil }
	}
}

// Names by which the generic answers of mutations go: types of objects that
// group them, and the field of their results.
const (
	mutations   = "Mutations"
	errorsField = "errors"
)

// mutates reports whether the fields of a type are mutations.
func (s *Schema) mutates(on *ast.Definition) bool {
	return s.Missing != nil && (on == s.ast.Mutation || strings.HasSuffix(on.Name, mutations))
}

// errors returns which type of errors says that something was not found, or "".
func (s *Schema) errors(k *kind) string {
	switch {
	case s.Missing == nil:
		return ""
	case k.def.Kind == ast.Object:
		if saysWhy(k.def) {
			return k.def.Name
		}
		return ""
	}
	names := make([]string, 0, len(k.possible))
	for name := range k.possible {
		names = append(names, name)
	}
	slices.Sort(names)
	return s.Missing(names)
}

// saysWhy reports whether a type is one of errors that mutations tell.
func saysWhy(def *ast.Definition) bool {
	return slices.Contains(def.Interfaces, "Error") || strings.HasSuffix(def.Name, "Error")
}

func (s *Schema) zero(on *ast.Definition, f *field) string {
	switch name := f.to.def.Name; name {
	case "String", "ID":
		if f.def.Name == "message" && saysWhy(on) && s.Missing != nil {
			return string(jsonx.AppendString(nil, s.MissingText))
		}
		return `""`
	case "Int", "Float":
		return "0"
	case "Boolean":
		return "false"
	default:
		return s.Scalars[name].Zero
	}
}

func constant(json string) func([]byte, any) ([]byte, error) {
	if json == "null" {
		return func(b []byte, _ any) ([]byte, error) { return b, errNull }
	}
	return func(b []byte, _ any) ([]byte, error) { return append(b, json...), nil }
}
