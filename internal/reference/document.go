package reference

import (
	"fmt"
	"html/template"
	"iter"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// document is the OpenAPI document, in the order in which it was written.
type document struct {
	root     *yaml.Node
	about    template.HTML
	title    string
	subjects []*subject
	byID     map[string]*operation
}

// subject is a group of operations.
type subject struct {
	Name       string
	Anchor     string
	About      string
	Operations []*operation
}

// operation is one operation as the index knows it.
type operation struct {
	ID, Method, Path string
	Summary          string
	Subject          *subject
	Scopes           []string
	Ours             bool // the original has no such operation
	node, shared     *yaml.Node
	words            string // what the filter looks in
}

// methods are those of operations, in the order in which they are listed.
var methods = []string{"get", "post", "put", "patch", "delete", "head", "options"}

// readDocument reads an OpenAPI document.
func readDocument(text []byte) (*document, error) {
	var file yaml.Node
	if err := yaml.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("reference: read the OpenAPI document: %w", err)
	}
	if len(file.Content) == 0 {
		return nil, fmt.Errorf("reference: the OpenAPI document is empty")
	}
	d := &document{root: file.Content[0], byID: map[string]*operation{}}
	info := d.at(d.root, "info")
	d.title, d.about = scalar(d.at(info, "title")), markdown(scalar(d.at(info, "description")))
	byName := map[string]*subject{}
	for n := range d.items(d.at(d.root, "tags")) {
		s := &subject{Name: scalar(d.at(n, "name")), About: scalar(d.at(n, "description"))}
		s.Anchor = anchor(s.Name)
		d.subjects, byName[s.Name] = append(d.subjects, s), s
	}
	for path, item := range d.members(d.at(d.root, "paths")) {
		for _, method := range methods {
			n := d.at(item, method)
			if n == nil {
				continue
			}
			op := &operation{ID: scalar(d.at(n, "operationId")), Method: strings.ToUpper(method), Path: path, Summary: scalar(d.at(n, "summary")), Ours: d.at(n, "x-addition") != nil, node: n, shared: d.at(item, "parameters")}
			for s := range d.items(d.at(n, "x-scope")) {
				op.Scopes = append(op.Scopes, scalar(s))
			}
			for tag := range d.items(d.at(n, "tags")) {
				if op.Subject = byName[scalar(tag)]; op.Subject != nil {
					break
				}
			}
			if op.Subject == nil || op.ID == "" || d.byID[op.ID] != nil {
				return nil, fmt.Errorf("reference: %s %s needs an operationId of its own and a tag that is declared", op.Method, path)
			}
			op.Subject.Operations = append(op.Subject.Operations, op)
			op.words = strings.ToLower(strings.Join([]string{op.Method, op.Path, op.Summary, op.ID, op.Subject.Name, strings.Join(op.Scopes, " ")}, " "))
			d.byID[op.ID] = op
		}
	}
	d.subjects = slices.DeleteFunc(d.subjects, func(s *subject) bool { return len(s.Operations) == 0 })
	return d, nil
}

// Words are what the filter of the index looks in.
func (o *operation) Words() string { return o.words }

// URL is where the operation's page is.
func (o *operation) URL() string { return "/docs/api/" + o.ID }

// Managed reports whether the operation is one of the management API, which
// wants an access token.
func (o *operation) Managed() bool { return strings.HasPrefix(o.Path, "/stores/") }

// matches reports whether the operation has all words of a query.
func (o *operation) matches(query string) bool {
	for word := range strings.FieldsSeq(strings.ToLower(query)) {
		if !strings.Contains(o.words, word) {
			return false
		}
	}
	return true
}

var notInAnchors = regexp.MustCompile(`[^a-z0-9]+`)

func anchor(name string) string {
	return strings.Trim(notInAnchors.ReplaceAllString(strings.ToLower(name), "-"), "-")
}

// follow resolves aliases and references.
func (d *document) follow(n *yaml.Node) *yaml.Node {
	for range 20 {
		switch {
		case n == nil:
			return nil
		case n.Kind == yaml.AliasNode:
			n = n.Alias
		default:
			ref := d.ref(n)
			if ref == "" {
				return n
			}
			n = d.lookup(ref)
		}
	}
	return nil
}

// ref is the reference that a node is, or empty.
func (d *document) ref(n *yaml.Node) string {
	if n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n == nil || n.Kind != yaml.MappingNode {
		return ""
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == "$ref" {
			return n.Content[i+1].Value
		}
	}
	return ""
}

var unescape = strings.NewReplacer("~1", "/", "~0", "~")

func (d *document) lookup(ref string) *yaml.Node {
	path, ok := strings.CutPrefix(ref, "#/")
	if !ok {
		return nil
	}
	n := d.root
	for key := range strings.SplitSeq(path, "/") {
		if n = d.at(n, unescape.Replace(key)); n == nil {
			return nil
		}
	}
	return n
}

// raw returns a member of a mapping as it is written, or nil.
func (d *document) raw(n *yaml.Node, key string) *yaml.Node {
	n = d.follow(n)
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// at returns a member of a mapping, or nil.
func (d *document) at(n *yaml.Node, key string) *yaml.Node { return d.follow(d.raw(n, key)) }

// members yields the members of a mapping, in their order, as they are written.
func (d *document) members(n *yaml.Node) iter.Seq2[string, *yaml.Node] {
	n = d.follow(n)
	return func(yield func(string, *yaml.Node) bool) {
		if n == nil || n.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if !yield(n.Content[i].Value, n.Content[i+1]) {
				return
			}
		}
	}
}

// items yields the elements of a list as they are written.
func (d *document) items(n *yaml.Node) iter.Seq[*yaml.Node] {
	n = d.follow(n)
	return func(yield func(*yaml.Node) bool) {
		if n == nil || n.Kind != yaml.SequenceNode {
			return
		}
		for _, x := range n.Content {
			if !yield(x) {
				return
			}
		}
	}
}

// scalar is the text of a node, or empty.
func scalar(n *yaml.Node) string {
	if n == nil || n.Kind != yaml.ScalarNode {
		return ""
	}
	return n.Value
}
