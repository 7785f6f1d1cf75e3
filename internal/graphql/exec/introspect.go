package exec

import (
	"maps"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// described is a type as the schema describes itself: one that has a name, or
// one made of another.
type described struct {
	def *ast.Definition
	typ *ast.Type
}

// deprecation returns why something is deprecated, or nil.
func deprecation(on ast.DirectiveList) *ast.Directive { return on.ForName("deprecated") }

func reason(d *ast.Directive, initial string) string {
	if d == nil {
		return ""
	}
	if a := d.Arguments.ForName("reason"); a != nil {
		return a.Value.Raw
	}
	return initial
}

func initialValue(v *ast.Value) string {
	if v == nil {
		return ""
	}
	return v.String()
}

// noReason stands for the reason that the specification has.
const noReason = "No longer supported"

// inputs are arguments and fields of input objects in one form.
type input struct {
	name, description string
	typ               *ast.Type
	initial           *ast.Value
	directives        ast.DirectiveList
}

// argumentsOf returns the arguments that a call asks for.
func argumentsOf(c *Call, defs ast.ArgumentDefinitionList) ([]input, error) {
	var out []input
	for _, a := range defs {
		if shown(c, a.Directives) {
			out = append(out, input{a.Name, a.Description, a.Type, a.DefaultValue, a.Directives})
		}
	}
	return out, nil
}

// shown reports whether a call asks for what has directives.
func shown(c *Call, on ast.DirectiveList) bool {
	return c.Args.Bool("includeDeprecated") || deprecation(on) == nil
}

// introspectionTables are those of the types by which a schema describes
// itself, and below "" what the root has of them.
func introspectionTables(schema *ast.Schema) Tables {
	named := func(d *ast.Definition) *described {
		if d == nil {
			return nil
		}
		return &described{def: d}
	}
	of := func(t *ast.Type) *described {
		if t == nil {
			return nil
		}
		if !t.NonNull && t.NamedType != "" {
			return named(schema.Types[t.NamedType])
		}
		return &described{typ: t}
	}
	all := func(defs []*ast.Definition) []described {
		out := make([]described, len(defs))
		for i, d := range defs {
			out[i].def = d
		}
		return out
	}
	has := func(t *described, kinds ...ast.DefinitionKind) bool {
		return t.def != nil && slices.Contains(kinds, t.def.Kind)
	}
	shown := func(c *Call, on ast.DirectiveList) bool {
		return c.Args.Bool("includeDeprecated") || deprecation(on) == nil
	}
	return Tables{
		"": Of[None](Fields{
			"__schema": Part(func(*None) *ast.Schema { return schema }),
			"__type":   Object(func(c *Call, _ *None) (*described, error) { return named(schema.Types[c.Args.Text("name")]), nil }),
		}),
		"__Schema": Of[ast.Schema](Fields{
			"description": TextOrNull(func(s *ast.Schema) string { return s.Description }),
			"types": Parts(func(s *ast.Schema) []described {
				names := slices.Sorted(maps.Keys(s.Types))
				out := make([]described, len(names))
				for i, name := range names {
					out[i].def = s.Types[name]
				}
				return out
			}),
			"queryType":        Part(func(s *ast.Schema) *described { return named(s.Query) }),
			"mutationType":     Part(func(s *ast.Schema) *described { return named(s.Mutation) }),
			"subscriptionType": Part(func(s *ast.Schema) *described { return named(s.Subscription) }),
			"directives": Parts(func(s *ast.Schema) []ast.DirectiveDefinition {
				var out []ast.DirectiveDefinition
				for _, name := range slices.Sorted(maps.Keys(s.Directives)) {
					out = append(out, *s.Directives[name])
				}
				return out
			}),
		}),
		"__Type": Of[described](Fields{
			"kind": Enum(func(t *described) string {
				switch {
				case t.typ == nil:
					return string(t.def.Kind)
				case t.typ.NonNull:
					return "NON_NULL"
				}
				return "LIST"
			}),
			"name": TextOrNull(func(t *described) string {
				if t.def == nil {
					return ""
				}
				return t.def.Name
			}),
			"description": TextOrNull(func(t *described) string {
				if t.def == nil {
					return ""
				}
				return t.def.Description
			}),
			"specifiedByURL": TextOrNull(func(t *described) string {
				if !has(t, ast.Scalar) {
					return ""
				}
				d := t.def.Directives.ForName("specifiedBy")
				if d == nil {
					return ""
				}
				return d.Arguments.ForName("url").Value.Raw
			}),
			"fields": List(func(c *Call, t *described) ([]ast.FieldDefinition, error) {
				var out []ast.FieldDefinition
				if has(t, ast.Object, ast.Interface) {
					for _, f := range t.def.Fields {
						if !strings.HasPrefix(f.Name, "__") && shown(c, f.Directives) {
							out = append(out, *f)
						}
					}
				}
				return out, nil
			}),
			"inputFields": List(func(c *Call, t *described) ([]input, error) {
				var out []input
				if has(t, ast.InputObject) {
					for _, f := range t.def.Fields {
						if shown(c, f.Directives) {
							out = append(out, input{f.Name, f.Description, f.Type, f.DefaultValue, f.Directives})
						}
					}
				}
				return out, nil
			}),
			"interfaces": Parts(func(t *described) []described {
				var out []described
				if has(t, ast.Object, ast.Interface) {
					for _, name := range t.def.Interfaces {
						out = append(out, described{def: schema.Types[name]})
					}
				}
				return out
			}),
			"possibleTypes": Parts(func(t *described) []described {
				if !has(t, ast.Interface, ast.Union) {
					return nil
				}
				return all(schema.GetPossibleTypes(t.def))
			}),
			"enumValues": List(func(c *Call, t *described) ([]ast.EnumValueDefinition, error) {
				var out []ast.EnumValueDefinition
				if has(t, ast.Enum) {
					for _, v := range t.def.EnumValues {
						if shown(c, v.Directives) {
							out = append(out, *v)
						}
					}
				}
				return out, nil
			}),
			"ofType": Part(func(t *described) *described {
				switch {
				case t.typ == nil:
					return nil
				case t.typ.NonNull:
					inner := *t.typ
					inner.NonNull = false
					return of(&inner)
				}
				return of(t.typ.Elem)
			}),
			"isOneOf": Bool(func(t *described) bool {
				return has(t, ast.InputObject) && t.def.Directives.ForName("oneOf") != nil
			}),
		}),
		"__Field": Of[ast.FieldDefinition](Fields{
			"name":              Text(func(f *ast.FieldDefinition) string { return f.Name }),
			"description":       TextOrNull(func(f *ast.FieldDefinition) string { return f.Description }),
			"args":              List(func(c *Call, f *ast.FieldDefinition) ([]input, error) { return argumentsOf(c, f.Arguments) }),
			"type":              Part(func(f *ast.FieldDefinition) *described { return of(f.Type) }),
			"isDeprecated":      Bool(func(f *ast.FieldDefinition) bool { return deprecation(f.Directives) != nil }),
			"deprecationReason": TextOrNull(func(f *ast.FieldDefinition) string { return reason(deprecation(f.Directives), noReason) }),
		}),
		"__InputValue": Of[input](Fields{
			"name":              Text(func(i *input) string { return i.name }),
			"description":       TextOrNull(func(i *input) string { return i.description }),
			"type":              Part(func(i *input) *described { return of(i.typ) }),
			"defaultValue":      TextOrNull(func(i *input) string { return initialValue(i.initial) }),
			"isDeprecated":      Bool(func(i *input) bool { return deprecation(i.directives) != nil }),
			"deprecationReason": TextOrNull(func(i *input) string { return reason(deprecation(i.directives), noReason) }),
		}),
		"__EnumValue": Of[ast.EnumValueDefinition](Fields{
			"name":              Text(func(v *ast.EnumValueDefinition) string { return v.Name }),
			"description":       TextOrNull(func(v *ast.EnumValueDefinition) string { return v.Description }),
			"isDeprecated":      Bool(func(v *ast.EnumValueDefinition) bool { return deprecation(v.Directives) != nil }),
			"deprecationReason": TextOrNull(func(v *ast.EnumValueDefinition) string { return reason(deprecation(v.Directives), noReason) }),
		}),
		"__Directive": Of[ast.DirectiveDefinition](Fields{
			"name":         Text(func(d *ast.DirectiveDefinition) string { return d.Name }),
			"description":  TextOrNull(func(d *ast.DirectiveDefinition) string { return d.Description }),
			"isRepeatable": Bool(func(d *ast.DirectiveDefinition) bool { return d.IsRepeatable }),
			"locations": Texts(func(d *ast.DirectiveDefinition) []string {
				out := make([]string, len(d.Locations))
				for i, l := range d.Locations {
					out[i] = string(l)
				}
				return out
			}),
			"args": List(func(c *Call, d *ast.DirectiveDefinition) ([]input, error) { return argumentsOf(c, d.Arguments) }),
		}),
	}
}
