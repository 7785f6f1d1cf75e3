package reference

import (
	"encoding/json"
	"html/template"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// lineWidth is how long a line of an example may be before what is on it is
// spread over several.
const lineWidth = 76

// piece is a part of an example: its text, and the class in which it is shown.
type piece struct{ class, text string }

// exampleText writes a value of the document as JSON; text that is no JSON,
// such as XML, stays as it is.
func (d *document) exampleText(n *yaml.Node, kind string) (plain string, painted template.HTML) {
	n = d.follow(n)
	if !strings.Contains(kind, "json") && n != nil && n.Kind == yaml.ScalarNode {
		return strings.TrimRight(n.Value, "\n"), template.HTML(template.HTMLEscapeString(strings.TrimRight(n.Value, "\n"))) //nolint:gosec // escaped
	}
	var pieces []piece
	d.spread(&pieces, n, 0, 0)
	var text, html strings.Builder
	for _, p := range pieces {
		text.WriteString(p.text)
		if p.class == "" {
			html.WriteString(template.HTMLEscapeString(p.text))
			continue
		}
		html.WriteString(`<span class="` + p.class + `">` + template.HTMLEscapeString(p.text) + `</span>`)
	}
	return text.String(), template.HTML(html.String()) //nolint:gosec // escaped piece by piece
}

// spread writes a value at a depth, behind what is on its line already.
func (d *document) spread(out *[]piece, n *yaml.Node, depth, before int) {
	n = d.resolve(n)
	var line []piece
	d.compact(&line, n)
	if width(line)+before+2*depth <= lineWidth || n == nil || n.Kind == yaml.ScalarNode || len(n.Content) == 0 {
		*out = append(*out, line...)
		return
	}
	indent := "\n" + strings.Repeat("  ", depth+1)
	end := "\n" + strings.Repeat("  ", depth)
	if n.Kind == yaml.SequenceNode {
		*out = append(*out, piece{"", "["})
		for i, x := range n.Content {
			if i > 0 {
				*out = append(*out, piece{"", ","})
			}
			*out = append(*out, piece{"", indent})
			d.spread(out, x, depth+1, 0)
		}
		*out = append(*out, piece{"", end + "]"})
		return
	}
	*out = append(*out, piece{"", "{"})
	for i := 0; i+1 < len(n.Content); i += 2 {
		if i > 0 {
			*out = append(*out, piece{"", ","})
		}
		key := quote(n.Content[i].Value)
		*out = append(*out, piece{"", indent}, piece{"k", key}, piece{"", ": "})
		d.spread(out, n.Content[i+1], depth+1, utf8.RuneCountInString(key)+2)
	}
	*out = append(*out, piece{"", end + "}"})
}

// compact writes a value on one line.
func (d *document) compact(out *[]piece, n *yaml.Node) {
	n = d.resolve(n)
	switch {
	case n == nil:
		*out = append(*out, piece{"l", "null"})
	case n.Kind == yaml.SequenceNode:
		*out = append(*out, piece{"", "["})
		for i, x := range n.Content {
			if i > 0 {
				*out = append(*out, piece{"", ", "})
			}
			d.compact(out, x)
		}
		*out = append(*out, piece{"", "]"})
	case n.Kind == yaml.MappingNode:
		*out = append(*out, piece{"", "{"})
		for i := 0; i+1 < len(n.Content); i += 2 {
			if i > 0 {
				*out = append(*out, piece{"", ", "})
			}
			*out = append(*out, piece{"k", quote(n.Content[i].Value)}, piece{"", ": "})
			d.compact(out, n.Content[i+1])
		}
		*out = append(*out, piece{"", "}"})
	case n.Tag == "!!int", n.Tag == "!!float":
		*out = append(*out, piece{"n", n.Value})
	case n.Tag == "!!bool", n.Tag == "!!null":
		text := n.Value
		if n.Tag == "!!null" {
			text = "null"
		}
		*out = append(*out, piece{"l", text})
	default:
		*out = append(*out, piece{"s", quote(n.Value)})
	}
}

// resolve follows aliases; "$ref" in an example is a member like others.
func (d *document) resolve(n *yaml.Node) *yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

func width(pieces []piece) int {
	n := 0
	for _, p := range pieces {
		n += utf8.RuneCountInString(p.text)
	}
	return n
}

func quote(s string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil { // which no text causes
		return `""`
	}
	return strings.TrimRight(b.String(), "\n")
}

// shellQuote makes a text one word of a shell's command.
func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
