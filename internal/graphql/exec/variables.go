package exec

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/core"

	"clientele/internal/jsonx"
)

// maxProblems is how many problems of variables are told.
const maxProblems = 50

// Variables returns the values of an operation's variables, or what is wrong
// with those that are given. Values are of their types, as graphql-js has it: a
// number is no String, text no Int. given is an object, or absent. What custom
// scalars are given is as it is in JSON: they read it themselves.
func Variables(schema *ast.Schema, op *ast.OperationDefinition, given jsonx.Value) (map[string]any, gqlerror.List) {
	r := variableReader{schema: schema}
	values := make(map[string]any, len(op.VariableDefinitions))
	for _, d := range op.VariableDefinitions {
		r.def = d
		v := given.Get(d.Variable)
		switch {
		case v.Present() && !(v.IsNull() && d.Type.NonNull):
			values[d.Variable] = r.read(d.Type, v, nil)
		case v.Present():
			r.add(fmt.Sprintf("Variable %q of non-null type %q must not be null.", "$"+d.Variable, d.Type))
		case d.DefaultValue != nil:
			value, err := d.DefaultValue.Value(nil)
			if err != nil { // the document is not valid
				r.add(err.Error())
			}
			values[d.Variable] = value
		case d.Type.NonNull:
			r.add(fmt.Sprintf("Variable %q of required type %q was not provided.", "$"+d.Variable, d.Type))
		}
	}
	if len(r.problems) > 0 {
		return nil, r.problems
	}
	return values, nil
}

// variableReader reads the values of variables and notes what is wrong.
type variableReader struct {
	schema   *ast.Schema
	def      *ast.VariableDefinition
	problems gqlerror.List
}

// full reports whether there are more problems than are told.
func (r *variableReader) full() bool { return len(r.problems) > maxProblems }

func (r *variableReader) add(message string) {
	switch {
	case r.full():
		return
	case len(r.problems) == maxProblems:
		r.problems = append(r.problems, &gqlerror.Error{Message: "Too many errors processing variables, error limit reached. Execution aborted."})
		return
	}
	at := r.def.Position
	r.problems = append(r.problems, &gqlerror.Error{Message: message, Locations: []gqlerror.Location{{Line: at.Line, Column: at.Column}}})
}

// bad notes that a value is not what its place takes.
func (r *variableReader) bad(v jsonx.Value, at ast.Path, why string) {
	if r.full() {
		return
	}
	place := ""
	if len(at) > 0 {
		text := at.String()
		if _, ok := at[0].(ast.PathName); ok {
			text = "." + text
		}
		place = fmt.Sprintf(` at "%s%s"`, r.def.Variable, text)
	}
	r.add(fmt.Sprintf(`Variable "$%s" got invalid value %s%s; %s`, r.def.Variable, show(v), place, why))
}

func (r *variableReader) read(t *ast.Type, v jsonx.Value, at ast.Path) any {
	switch {
	case r.full():
		return nil
	case v.IsNull():
		if t.NonNull {
			r.bad(v, at, fmt.Sprintf("Expected non-nullable type %q not to be null.", t))
		}
		return nil
	case t.Elem != nil && v.Kind() == jsonx.Array:
		out := make([]any, 0, v.Len())
		for i, e := range v.Elems() {
			out = append(out, r.read(t.Elem, e, append(at[:len(at):len(at)], ast.PathIndex(i))))
		}
		return out
	case t.Elem != nil: // a single value stands for a list of it
		return []any{r.read(t.Elem, v, at)}
	}
	def := r.schema.Types[t.NamedType]
	switch def.Kind {
	case ast.InputObject:
		return r.readObject(def, v, at)
	case ast.Enum:
		return r.readEnum(def, v, at)
	}
	scalar := variableScalars[def.Name]
	if scalar == nil {
		return plain(v)
	}
	value, why := scalar(v)
	if why != "" {
		r.bad(v, at, why)
	}
	return value
}

func (r *variableReader) readObject(def *ast.Definition, v jsonx.Value, at ast.Path) any {
	if v.Kind() != jsonx.Object {
		r.bad(v, at, fmt.Sprintf("Expected type %q to be an object.", def.Name))
		return nil
	}
	out := make(map[string]any, v.Len())
	for _, f := range def.Fields {
		switch m := v.Get(f.Name); {
		case m.Present():
			out[f.Name] = r.read(f.Type, m, append(at[:len(at):len(at)], ast.PathName(f.Name)))
		case f.Type.NonNull && f.DefaultValue == nil:
			r.bad(v, at, fmt.Sprintf("Field %q of required type %q was not provided.", f.Name, f.Type))
		}
	}
	for name := range v.Members() {
		if def.Fields.ForName(name) == nil && !r.full() {
			r.bad(v, at, fmt.Sprintf("Field %q is not defined by type %q.", clip(name), def.Name)+meant("", name, len(def.Fields), func(i int) string { return def.Fields[i].Name }))
		}
	}
	return out
}

func (r *variableReader) readEnum(def *ast.Definition, v jsonx.Value, at ast.Path) any {
	name, ok := v.Str()
	if ok && def.EnumValues.ForName(name) != nil {
		return name
	}
	why := fmt.Sprintf("Value %q does not exist in %q enum.", clip(name), def.Name)
	if !ok {
		name = show(v)
		why = fmt.Sprintf("Enum %q cannot represent non-string value: %s.", def.Name, name)
	}
	r.bad(v, at, why+meant("the enum value ", name, len(def.EnumValues), func(i int) string { return def.EnumValues[i].Name }))
	return nil
}

// meant asks whether one of n other names was meant.
func meant(what, name string, n int, other func(int) string) string {
	if len(name) > maxShown { // no name is nearly so long
		return ""
	}
	names := make([]string, n)
	for i := range names {
		names[i] = other(i)
	}
	near := core.SuggestionList(name, names)
	if len(near) == 0 {
		return ""
	}
	return " Did you mean " + what + core.QuotedOrList(near...) + "?"
}

// variableScalars read the scalars that GraphQL has itself, and tell why they
// cannot.
var variableScalars = map[string]func(jsonx.Value) (value any, why string){
	"String": func(v jsonx.Value) (any, string) {
		s, ok := v.Str()
		return s, unless(ok, "String cannot represent a non string value: ", v)
	},
	"Boolean": func(v jsonx.Value) (any, string) {
		b, ok := v.Bool()
		return b, unless(ok, "Boolean cannot represent a non boolean value: ", v)
	},
	"Int": func(v jsonx.Value) (any, string) {
		f, ok := number(v)
		switch {
		case !ok || f != math.Trunc(f) || math.IsInf(f, 0):
			return nil, unless(false, "Int cannot represent non-integer value: ", v)
		case f < math.MinInt32 || f > math.MaxInt32:
			return nil, unless(false, "Int cannot represent non 32-bit signed integer value: ", v)
		}
		return int64(f), ""
	},
	"Float": func(v jsonx.Value) (any, string) {
		f, ok := number(v)
		return f, unless(ok && !math.IsInf(f, 0), "Float cannot represent non numeric value: ", v)
	},
	"ID": func(v jsonx.Value) (any, string) {
		if s, ok := v.Str(); ok {
			return s, ""
		}
		if n, ok := v.Int(); ok {
			return strconv.FormatInt(n, 10), ""
		}
		f, ok := number(v)
		if ok && f == math.Trunc(f) && !math.IsInf(f, 0) {
			return numberText(f), ""
		}
		return nil, unless(false, "ID cannot represent value: ", v)
	},
}

func unless(ok bool, text string, v jsonx.Value) string {
	if ok {
		return ""
	}
	return text + show(v)
}

// number returns a number as JavaScript has it; one too large is infinite.
func number(v jsonx.Value) (float64, bool) {
	text, ok := v.NumberText()
	if !ok {
		return 0, false
	}
	f, _ := strconv.ParseFloat(text, 64) // JSON has only numbers that parse
	return f, true
}

// numberText writes a number as JavaScript does.
func numberText(f float64) string {
	switch size := math.Abs(f); {
	case math.IsInf(f, 0):
		return strings.Replace(strings.TrimPrefix(strconv.FormatFloat(f, 'g', -1, 64), "+"), "Inf", "Infinity", 1)
	case f == 0:
		return "0"
	case size >= 1e-6 && size < 1e21:
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	text := strconv.FormatFloat(f, 'e', -1, 64)
	at := strings.IndexByte(text, 'e') + 2 // of the exponent's digits, of which Go writes two at least
	return text[:at] + strings.TrimPrefix(text[at:], "0")
}

// plain returns a value as encoding/json has it, with numbers as they are written.
func plain(v jsonx.Value) any {
	switch v.Kind() {
	case jsonx.String:
		s, _ := v.Str()
		return s
	case jsonx.Number:
		text, _ := v.NumberText()
		return json.Number(text)
	case jsonx.Bool:
		b, _ := v.Bool()
		return b
	case jsonx.Array:
		out := make([]any, 0, v.Len())
		for _, e := range v.Elems() {
			out = append(out, plain(e))
		}
		return out
	case jsonx.Object:
		out := make(map[string]any, v.Len())
		for name, e := range v.Members() {
			out[name] = plain(e)
		}
		return out
	}
	return nil
}

// Bounds of values that are shown in messages: how deep they are, the entries
// of lists, and bytes, of which graphql-js has no bound.
const (
	maxShownDepth   = 2
	maxShownEntries = 10
	maxShown        = 1000
)

// show writes a value for a person, as graphql-js does.
func show(v jsonx.Value) string { return clip(string(appendShown(nil, v, 0))) }

// clip shortens a text that is too long to be shown.
func clip(s string) string {
	if len(s) <= maxShown {
		return s
	}
	s = s[:maxShown]
	for !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s + "…"
}

func appendShown(b []byte, v jsonx.Value, depth int) []byte {
	if len(b) > maxShown {
		return b
	}
	switch v.Kind() {
	case jsonx.String:
		s, _ := v.Str()
		return jsonx.AppendString(b, clip(s))
	case jsonx.Number:
		f, _ := number(v)
		return append(b, numberText(f)...)
	case jsonx.Bool:
		yes, _ := v.Bool()
		return strconv.AppendBool(b, yes)
	case jsonx.Array:
		switch {
		case v.Len() == 0:
			return append(b, "[]"...)
		case depth >= maxShownDepth:
			return append(b, "[Array]"...)
		}
		b = append(b, '[')
		for i, e := range v.Elems() {
			if i == maxShownEntries {
				b = fmt.Appendf(b, ", ... %s", more(v.Len()-i))
				break
			}
			if i > 0 {
				b = append(b, ", "...)
			}
			b = appendShown(b, e, depth+1)
		}
		return append(b, ']')
	case jsonx.Object:
		switch {
		case v.Len() == 0:
			return append(b, "{}"...)
		case depth >= maxShownDepth:
			return append(b, "[Object]"...)
		}
		first := true
		b = append(b, "{ "...)
		for name, e := range v.Members() {
			if !first {
				b = append(b, ", "...)
			}
			first = false
			b = append(append(b, clip(name)...), ": "...)
			if b = appendShown(b, e, depth+1); len(b) > maxShown {
				break
			}
		}
		return append(b, " }"...)
	}
	return append(b, "null"...)
}

func more(n int) string {
	if n == 1 {
		return "1 more item"
	}
	return strconv.Itoa(n) + " more items"
}
