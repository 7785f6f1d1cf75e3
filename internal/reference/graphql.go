package reference

import (
	"fmt"
	"html/template"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

// graph is the GraphQL schema as it is shown.
type graph struct {
	types  []*graphType
	byName map[string]*graphType
}

// graphType is a type of the schema.
type graphType struct {
	Name, Kind string
	About      template.HTML
	Fields     []graphField
	Values     []graphValue
	Members    []typeName // of a union, or of whoever implements an interface
	Implements []typeName
	UsedBy     []usage
	words      string
}

// usage is where a type occurs.
type usage struct {
	Type  typeName
	Field string
}

type graphField struct {
	Name       string
	About      template.HTML
	Args       []graphField
	Type       typeName
	Default    string
	Deprecated string
	Outdated   bool
}

type graphValue struct {
	Name       string
	About      template.HTML
	Deprecated string
	Outdated   bool
}

// typeName is a type as it is written at a field, with where it is explained.
type typeName struct {
	Before, Name, After string
	URL                 string // empty: GraphQL has it
}

func typeURL(name string) string { return GraphQLPath + "/types/" + name }

// URL is where the type's page is.
func (t *graphType) URL() string { return typeURL(t.Name) }

// Words are what the filter of the index looks in.
func (t *graphType) Words() string { return t.words }

func (t *graphType) matches(query string) bool {
	for word := range strings.FieldsSeq(strings.ToLower(query)) {
		if !strings.Contains(t.words, word) {
			return false
		}
	}
	return true
}

var kindNames = map[ast.DefinitionKind]string{
	ast.Object: "type", ast.Interface: "interface", ast.Union: "union", ast.Enum: "enum", ast.InputObject: "input", ast.Scalar: "scalar",
}

// readSchema reads a GraphQL schema.
func readSchema(text []byte) (*graph, error) {
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "storefront.graphql", Input: string(text)})
	if err != nil {
		return nil, fmt.Errorf("reference: read the GraphQL schema: %w", err)
	}
	r := schemaReader{Schema: schema, use: map[string][]usage{}}
	g := &graph{byName: map[string]*graphType{}}
	for _, d := range schema.Types {
		if r.own(d.Name) {
			t := r.typeOf(d)
			g.types, g.byName[d.Name] = append(g.types, t), t
		}
	}
	slices.SortFunc(g.types, func(a, b *graphType) int { return strings.Compare(a.Name, b.Name) })
	for _, t := range g.types {
		t.UsedBy = r.use[t.Name]
		slices.SortFunc(t.UsedBy, func(a, b usage) int {
			return strings.Compare(a.Type.Name+"."+a.Field, b.Type.Name+"."+b.Field)
		})
	}
	return g, nil
}

// schemaReader reads the types of a schema, and keeps where each is used.
type schemaReader struct {
	*ast.Schema
	use map[string][]usage
}

// own reports whether a type is the schema's, and not the language's.
func (r *schemaReader) own(s string) bool {
	d := r.Types[s]
	return d != nil && !d.BuiltIn && !strings.HasPrefix(s, "__")
}

func (r *schemaReader) name(s string) typeName {
	n := typeName{Name: s}
	if r.own(s) {
		n.URL = typeURL(s)
	}
	return n
}

// reference names a type with its lists and what is never null.
func (r *schemaReader) reference(t *ast.Type) typeName {
	n := r.name(t.Name())
	if t.Elem != nil {
		n = r.reference(t.Elem)
		n.Before, n.After = "["+n.Before, n.After+"]"
	}
	if t.NonNull {
		n.After += "!"
	}
	return n
}

func (r *schemaReader) typeOf(d *ast.Definition) *graphType {
	t := &graphType{Name: d.Name, Kind: kindNames[d.Kind], About: markdown(d.Description)}
	words := []string{d.Name, t.Kind}
	for _, f := range d.Fields {
		if !strings.HasPrefix(f.Name, "__") {
			t.Fields = append(t.Fields, r.field(d, f))
			words = append(words, f.Name)
		}
	}
	for _, v := range d.EnumValues {
		x := graphValue{Name: v.Name, About: markdown(v.Description)}
		x.Deprecated, x.Outdated = deprecation(v.Directives)
		t.Values = append(t.Values, x)
		words = append(words, v.Name)
	}
	for _, i := range d.Interfaces {
		t.Implements = append(t.Implements, r.name(i))
	}
	if d.Kind == ast.Union || d.Kind == ast.Interface {
		for _, p := range r.GetPossibleTypes(d) {
			t.Members = append(t.Members, r.name(p.Name))
			if d.Kind == ast.Union {
				r.use[p.Name] = append(r.use[p.Name], usage{Type: r.name(d.Name)})
			}
		}
		slices.SortFunc(t.Members, func(a, b typeName) int { return strings.Compare(a.Name, b.Name) })
	}
	t.words = strings.ToLower(strings.Join(words, " "))
	return t
}

func (r *schemaReader) field(d *ast.Definition, f *ast.FieldDefinition) graphField {
	out := graphField{Name: f.Name, About: markdown(f.Description), Type: r.reference(f.Type)}
	out.Deprecated, out.Outdated = deprecation(f.Directives)
	if f.DefaultValue != nil {
		out.Default = f.DefaultValue.String()
	}
	r.uses(f.Type, d, f.Name)
	for _, a := range f.Arguments {
		arg := graphField{Name: a.Name, About: markdown(a.Description), Type: r.reference(a.Type)}
		if a.DefaultValue != nil {
			arg.Default = a.DefaultValue.String()
		}
		r.uses(a.Type, d, f.Name+"("+a.Name+")")
		out.Args = append(out.Args, arg)
	}
	return out
}

func (r *schemaReader) uses(t *ast.Type, in *ast.Definition, field string) {
	r.use[t.Name()] = append(r.use[t.Name()], usage{r.name(in.Name), field})
}

func deprecation(list ast.DirectiveList) (reason string, is bool) {
	d := list.ForName("deprecated")
	if d == nil {
		return "", false
	}
	if a := d.Arguments.ForName("reason"); a != nil && a.Value != nil {
		return a.Value.Raw, true
	}
	return "", true
}

// kinds are all types by what they are, the entries first.
func (g *graph) kinds() []group {
	out := []group{
		{Name: "Entries", Anchor: "entries", About: "Where every query and every mutation begins."},
		{Name: "Objects", Anchor: "type", About: "What queries and mutations answer with."},
		{Name: "Inputs", Anchor: "input", About: "What mutations take."},
		{Name: "Interfaces", Anchor: "interface", About: "What several types have in common."},
		{Name: "Unions", Anchor: "union", About: "One of several types."},
		{Name: "Enums", Anchor: "enum", About: "One of several names."},
		{Name: "Scalars", Anchor: "scalar", About: "Values without fields."},
	}
	for _, t := range g.types {
		at := t.Kind
		if t.Name == "Query" || t.Name == "Mutation" {
			at = "entries"
		}
		for i := range out {
			if out[i].Anchor == at {
				out[i].Types = append(out[i].Types, t)
			}
		}
	}
	return out
}
