package graphql_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// introspection asks for a whole schema, as tools do.
const introspection = `query IntrospectionQuery { __schema { queryType { name } mutationType { name } subscriptionType { name }
	types { kind name fields(includeDeprecated: true) { name args(includeDeprecated: true) { name type { ...T } defaultValue } type { ...T } isDeprecated deprecationReason }
		inputFields(includeDeprecated: true) { name type { ...T } defaultValue } interfaces { name } enumValues(includeDeprecated: true) { name isDeprecated } possibleTypes { name } }
	directives { name locations args { name type { ...T } defaultValue } } } }
fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } }`

// describe writes each definition of a document in one form.
func describe(doc *ast.SchemaDocument) map[string]string {
	out := map[string]string{}
	for _, d := range doc.Definitions {
		var b strings.Builder
		fmt.Fprintf(&b, "%s %s", strings.ToLower(strings.TrimPrefix(string(d.Kind), "INPUT_")), sorted(d.Interfaces))
		for _, f := range d.Fields {
			fmt.Fprintf(&b, "\n%s(", f.Name)
			for _, a := range f.Arguments {
				fmt.Fprintf(&b, "%s: %s%s, ", a.Name, a.Type, initial(a.DefaultValue))
			}
			fmt.Fprintf(&b, "): %s%s", f.Type, initial(f.DefaultValue))
			if dep := f.Directives.ForName("deprecated"); dep != nil {
				reason := "No longer supported"
				if a := dep.Arguments.ForName("reason"); a != nil {
					reason = a.Value.Raw
				}
				fmt.Fprintf(&b, " deprecated %s", reason)
			}
		}
		for _, v := range d.EnumValues {
			fmt.Fprintf(&b, "\n%s", v.Name)
		}
		if d.Kind == ast.Union {
			fmt.Fprintf(&b, "\n%s", sorted(d.Types))
		}
		out[d.Name] = b.String()
	}
	for _, d := range doc.Directives {
		var b strings.Builder
		for _, a := range d.Arguments {
			fmt.Fprintf(&b, "%s: %s%s, ", a.Name, a.Type, initial(a.DefaultValue))
		}
		var on []string
		for _, l := range d.Locations {
			on = append(on, string(l))
		}
		out["@"+d.Name] = b.String() + "on " + sorted(on)
	}
	return out
}

func initial(v *ast.Value) string {
	if v == nil {
		return ""
	}
	return " = " + v.String()
}

func sorted(names []string) string {
	names = slices.Clone(names)
	slices.Sort(names)
	return strings.Join(names, " ")
}

// introspected reads parts of an introspected schema.
type introspected struct{}

func (introspected) list(v any) []map[string]any {
	var out []map[string]any
	items, _ := v.([]any)
	for _, i := range items {
		out = append(out, i.(map[string]any))
	}
	return out
}

func (x introspected) names(v any) string {
	var out []string
	for _, i := range x.list(v) {
		out = append(out, i["name"].(string))
	}
	return sorted(out)
}

func (x introspected) typ(v any) string {
	t, _ := v.(map[string]any)
	switch t["kind"] {
	case "NON_NULL":
		return x.typ(t["ofType"]) + "!"
	case "LIST":
		return "[" + x.typ(t["ofType"]) + "]"
	}
	name, _ := t["name"].(string)
	return name
}

func (introspected) value(v any) string {
	if v == nil {
		return ""
	}
	return " = " + v.(string)
}

func (x introspected) args(v any) []string {
	var out []string
	for _, a := range x.list(v) {
		out = append(out, fmt.Sprintf("%s: %s%s", a["name"], x.typ(a["type"]), x.value(a["defaultValue"])))
	}
	return out
}

// inventory writes an introspected schema as lines that say one thing each.
func inventory(data map[string]any) []string {
	var x introspected
	var out []string
	kinds := map[string]string{"OBJECT": "type ", "INTERFACE": "interface ", "INPUT_OBJECT": "input "}
	args := func(v any) string {
		if list := x.args(v); len(list) > 0 {
			return "(" + strings.Join(list, ", ") + ")"
		}
		return ""
	}
	for _, t := range x.list(dig(data, "__schema.types")) {
		name, kind := t["name"].(string), t["kind"].(string)
		if strings.HasPrefix(name, "__") || slices.Contains(builtInTypes, name) {
			continue
		}
		switch kind {
		case "SCALAR":
			out = append(out, "scalar "+name)
		case "ENUM":
			out = append(out, "enum "+name+": "+x.names(t["enumValues"]))
		case "UNION":
			out = append(out, "union "+name+": "+x.names(t["possibleTypes"]))
		default:
			line := kinds[kind] + name
			if of := x.names(t["interfaces"]); of != "" {
				line += " implements " + of
			}
			out = append(out, line)
		}
		for _, f := range append(x.list(t["fields"]), x.list(t["inputFields"])...) {
			line := fmt.Sprintf("%s.%s%s: %s%s", name, f["name"], args(f["args"]), x.typ(f["type"]), x.value(f["defaultValue"]))
			if f["isDeprecated"] == true {
				line += " deprecated"
			}
			out = append(out, line)
		}
	}
	for _, d := range x.list(dig(data, "__schema.directives")) {
		name := d["name"].(string)
		if slices.Contains(builtInDirectives, name) {
			continue
		}
		var on []string
		for _, l := range d["locations"].([]any) {
			on = append(on, l.(string))
		}
		out = append(out, "directive @"+name+args(d["args"])+" on "+sorted(on))
	}
	return out
}

// What every schema has.
var (
	builtInTypes      = []string{"String", "Int", "Float", "Boolean", "ID"}
	builtInDirectives = []string{"skip", "include", "deprecated", "specifiedBy", "oneOf"}
)

// written writes an introspected schema in the form of describe.
func written(data map[string]any) map[string]string {
	out := map[string]string{}
	var x introspected
	args := func(v any) string {
		var b strings.Builder
		for _, a := range x.args(v) {
			b.WriteString(a + ", ")
		}
		return b.String()
	}
	for _, t := range x.list(dig(data, "__schema.types")) {
		name := t["name"].(string)
		if strings.HasPrefix(name, "__") || slices.Contains(builtInTypes, name) {
			continue
		}
		var b strings.Builder
		kind := strings.ToLower(strings.TrimPrefix(t["kind"].(string), "INPUT_"))
		fmt.Fprintf(&b, "%s %s", kind, x.names(t["interfaces"]))
		for _, f := range x.list(t["fields"]) {
			fmt.Fprintf(&b, "\n%s(%s): %s", f["name"], args(f["args"]), x.typ(f["type"]))
			if f["isDeprecated"] == true {
				fmt.Fprintf(&b, " deprecated %s", f["deprecationReason"])
			}
		}
		for _, f := range x.list(t["inputFields"]) {
			fmt.Fprintf(&b, "\n%s(): %s%s", f["name"], x.typ(f["type"]), x.value(f["defaultValue"]))
		}
		for _, v := range x.list(t["enumValues"]) {
			fmt.Fprintf(&b, "\n%s", v["name"])
		}
		if kind == "union" {
			fmt.Fprintf(&b, "\n%s", x.names(t["possibleTypes"]))
		}
		out[name] = b.String()
	}
	for _, d := range x.list(dig(data, "__schema.directives")) {
		name := d["name"].(string)
		if slices.Contains(builtInDirectives, name) {
			continue
		}
		var on []string
		for _, l := range d["locations"].([]any) {
			on = append(on, l.(string))
		}
		out["@"+name] = args(d["args"]) + "on " + sorted(on)
	}
	return out
}
