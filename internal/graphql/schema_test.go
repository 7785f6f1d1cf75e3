package graphql_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// introspection asks for a whole schema, as tools do.
const introspection = `query IntrospectionQuery { __schema { queryType { name } mutationType { name } subscriptionType { name }
	types { kind name fields(includeDeprecated: true) { name args { name type { ...T } defaultValue } type { ...T } isDeprecated deprecationReason }
		inputFields { name type { ...T } defaultValue } interfaces { name } enumValues(includeDeprecated: true) { name isDeprecated } possibleTypes { name } }
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

// serve writes an introspected schema in the form of describe.
func serve(data map[string]any) map[string]string {
	out := map[string]string{}
	list := func(v any) []map[string]any {
		var out []map[string]any
		items, _ := v.([]any)
		for _, i := range items {
			out = append(out, i.(map[string]any))
		}
		return out
	}
	names := func(v any) string {
		var out []string
		for _, i := range list(v) {
			out = append(out, i["name"].(string))
		}
		return sorted(out)
	}
	var typ func(v any) string
	typ = func(v any) string {
		t, _ := v.(map[string]any)
		switch t["kind"] {
		case "NON_NULL":
			return typ(t["ofType"]) + "!"
		case "LIST":
			return "[" + typ(t["ofType"]) + "]"
		}
		name, _ := t["name"].(string)
		return name
	}
	value := func(v any) string {
		if v == nil {
			return ""
		}
		return " = " + v.(string)
	}
	args := func(v any) string {
		var b strings.Builder
		for _, a := range list(v) {
			fmt.Fprintf(&b, "%s: %s%s, ", a["name"], typ(a["type"]), value(a["defaultValue"]))
		}
		return b.String()
	}
	for _, t := range list(dig(data, "__schema.types")) {
		name := t["name"].(string)
		if strings.HasPrefix(name, "__") || slices.Contains([]string{"String", "Int", "Float", "Boolean", "ID"}, name) {
			continue
		}
		var b strings.Builder
		kind := strings.ToLower(strings.TrimPrefix(t["kind"].(string), "INPUT_"))
		fmt.Fprintf(&b, "%s %s", kind, names(t["interfaces"]))
		for _, f := range list(t["fields"]) {
			fmt.Fprintf(&b, "\n%s(%s): %s", f["name"], args(f["args"]), typ(f["type"]))
			if f["isDeprecated"] == true {
				fmt.Fprintf(&b, " deprecated %s", f["deprecationReason"])
			}
		}
		for _, f := range list(t["inputFields"]) {
			fmt.Fprintf(&b, "\n%s(): %s%s", f["name"], typ(f["type"]), value(f["defaultValue"]))
		}
		for _, v := range list(t["enumValues"]) {
			fmt.Fprintf(&b, "\n%s", v["name"])
		}
		if kind == "union" {
			fmt.Fprintf(&b, "\n%s", names(t["possibleTypes"]))
		}
		out[name] = b.String()
	}
	for _, d := range list(dig(data, "__schema.directives")) {
		name := d["name"].(string)
		if slices.Contains([]string{"skip", "include", "deprecated", "specifiedBy", "oneOf"}, name) {
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
