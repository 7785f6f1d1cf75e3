package reference

import (
	"html/template"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// schema describes a value.
type schema struct {
	Name     string // of the member, where it is one
	Required bool
	Type     string
	About    template.HTML
	Facts    []fact
	Members  []*schema // of an object, or of the objects of a list
	Either   []*schema // one of these
	Open     bool      // members are shown without a click
}

// fact is a rule that a value keeps. Without a label the value is in words.
type fact struct{ Label, Value string }

// maxSchemaDepth bounds how deep members are shown.
const maxSchemaDepth = 8

// schemaOf describes a schema of the document. above are the references that
// lead to it: one that comes again is named only.
func (d *document) schemaOf(n *yaml.Node, depth int, above ...string) *schema {
	s := &schema{Open: depth < 2}
	ref := d.ref(n)
	if ref != "" {
		if slices.Contains(above, ref) || depth > maxSchemaDepth {
			s.Type = ref[strings.LastIndexByte(ref, '/')+1:]
			return s
		}
		above = append(slices.Clone(above), ref)
	}
	n = d.follow(n)
	s.Type = d.typeOf(n)
	s.About = markdown(scalar(d.at(n, "description")))
	s.Facts = d.facts(n)
	d.addMembers(s, n, depth, above)
	for _, key := range []string{"oneOf", "anyOf"} {
		for x := range d.items(d.at(n, key)) {
			if t := d.typeOf(d.follow(x)); t == "null" {
				continue // the type says so
			}
			s.Either = append(s.Either, d.schemaOf(x, depth+1, above...))
		}
	}
	if len(s.Either) == 1 { // something or null
		one := s.Either[0]
		s.Either, s.Members, s.Facts = one.Either, append(s.Members, one.Members...), append(s.Facts, one.Facts...)
		if s.About == "" {
			s.About = one.About
		}
	}
	return s
}

// addMembers adds the members of an object, or of the objects of a list.
func (d *document) addMembers(s *schema, n *yaml.Node, depth int, above []string) {
	items := d.raw(n, "items")
	if items != nil {
		of := d.schemaOf(items, depth, above...)
		s.Members, s.Either = of.Members, of.Either
		if s.About == "" {
			s.About = of.About
		}
		for _, f := range of.Facts {
			if f.Label == "" {
				f.Value = "each " + f.Value
			} else {
				f.Label = "each " + f.Label
			}
			s.Facts = append(s.Facts, f)
		}
	}
	needed := map[string]bool{}
	for r := range d.items(d.at(n, "required")) {
		needed[scalar(r)] = true
	}
	for name, x := range d.members(d.at(n, "properties")) {
		m := d.schemaOf(x, depth+1, above...)
		m.Name, m.Required = name, needed[name]
		s.Members = append(s.Members, m)
	}
	if x := d.raw(n, "additionalProperties"); x != nil && d.follow(x).Kind == yaml.MappingNode {
		m := d.schemaOf(x, depth+1, above...)
		m.Name = "any other name"
		s.Members = append(s.Members, m)
	}
}

// typeOf names the type of a schema.
func (d *document) typeOf(n *yaml.Node) string {
	var types []string
	if t := d.at(n, "type"); t != nil && t.Kind == yaml.SequenceNode {
		for x := range d.items(t) {
			types = append(types, scalar(x))
		}
	} else if t != nil {
		types = append(types, scalar(t))
	}
	for i, t := range types {
		if items := d.raw(n, "items"); t == "array" && items != nil {
			types[i] = "array of " + d.typeOf(d.follow(items))
		}
		if f := scalar(d.at(n, "format")); f != "" && t == "string" {
			types[i] = "string, " + f
		}
	}
	for _, key := range []string{"oneOf", "anyOf"} {
		for x := range d.items(d.at(n, key)) {
			if t := d.typeOf(d.follow(x)); !slices.Contains(types, t) {
				types = append(types, t)
			}
		}
	}
	switch {
	case len(types) > 0:
		return strings.Join(types, " or ")
	case d.at(n, "properties") != nil:
		return "object"
	case d.at(n, "enum") != nil, d.at(n, "const") != nil:
		return "value"
	}
	return "anything"
}

// ranges are facts with a least and a most.
var ranges = []struct{ least, most, one, many string }{
	{"minimum", "maximum", "", ""}, {"minLength", "maxLength", " character", " characters"}, {"minItems", "maxItems", " item", " items"}, {"minProperties", "maxProperties", " member", " members"},
}

// rules are the other facts, around ranges.
var rules = []struct {
	key, label string
	late       bool
}{
	{"const", "always", false}, {"enum", "one of", false}, {"default", "default", false}, {"exclusiveMinimum", "more than", false},
	{"pattern", "pattern", true}, {"uniqueItems", "no item twice", true}, {"writeOnly", "write only", true}, {"readOnly", "read only", true}, {"deprecated", "deprecated", true},
}

func (d *document) facts(n *yaml.Node) []fact {
	out := d.someFacts(n, false)
	for _, r := range ranges {
		least, most := scalar(d.at(n, r.least)), scalar(d.at(n, r.most))
		unit := r.many
		if most == "1" || most == "" && least == "1" {
			unit = r.one
		}
		if least == "0" && r.many != "" {
			least = "" // which says nothing of how many
		}
		switch {
		case least != "" && least == most:
			out = append(out, fact{Value: "exactly " + least + unit})
		case least != "" && most != "":
			out = append(out, fact{Value: least + " to " + most + unit})
		case least != "":
			out = append(out, fact{Value: "at least " + least + unit})
		case most != "":
			out = append(out, fact{Value: "at most " + most + unit})
		}
	}
	return append(out, d.someFacts(n, true)...)
}

func (d *document) someFacts(n *yaml.Node, late bool) []fact {
	var out []fact
	for _, r := range rules {
		v := d.at(n, r.key)
		switch {
		case v == nil || r.late != late:
		case v.Tag == "!!bool" && r.key != "const" && r.key != "default":
			if v.Value == "true" {
				out = append(out, fact{Label: r.label})
			}
		case v.Kind == yaml.SequenceNode:
			var values []string
			for x := range d.items(v) {
				values = append(values, d.inline(x))
			}
			out = append(out, fact{r.label, strings.Join(values, ", ")})
		default:
			out = append(out, fact{r.label, d.inline(v)})
		}
	}
	return out
}

// inline writes a value on one line; text without quotes.
func (d *document) inline(n *yaml.Node) string {
	n = d.resolve(n)
	if n != nil && n.Kind == yaml.ScalarNode && n.Tag == "!!str" && n.Value != "" {
		return n.Value
	}
	var pieces []piece
	d.compact(&pieces, n)
	var b strings.Builder
	for _, p := range pieces {
		b.WriteString(p.text)
	}
	return b.String()
}
