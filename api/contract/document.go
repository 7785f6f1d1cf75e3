package contract

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"clientele/api"
)

// An operation is one method of one path, with its schemas compiled.
type operation struct {
	Operation
	segments   []string
	secured    bool
	parameters []parameter
	body       map[string]Schema // by media type; nil without a request body
	mustBody   bool
	responses  map[string]response // by status
}

type parameter struct {
	name     string
	in       string
	required bool
	schema   Schema
	kind     string // of the value; "array" for a comma list
	items    string // the kind of a comma list's items
}

type response struct {
	headers []parameter
	content map[string]Schema // by media type; empty for no body
}

// contract is the whole document, ready for use.
type contract struct {
	operations []operation
	refusals   map[int]response // by status, for routes that do not exist
}

var load = sync.OnceValues(func() (*contract, error) {
	text, err := api.JSON()
	if err != nil {
		return nil, err
	}
	return parse(text, nil)
})

// parse reads a document. Without a compiler ours makes the schemas.
func parse(text []byte, compile Compiler) (c *contract, err error) {
	tree, err := readJSON(text)
	if err != nil {
		return nil, err
	}
	root, ok := tree.(map[string]any)
	if !ok {
		return nil, errors.New("the document is no object")
	}
	if compile == nil {
		compile = ownCompiler(tree)
	}
	defer func() {
		switch fault := recover().(type) {
		case nil:
		case badDocument:
			c, err = nil, fault.error
		default:
			panic(fault)
		}
	}()
	b := &builder{root: root, compile: compile}
	return b.contract(), nil
}

// builder walks the document. It panics with badDocument, which parse returns
// as an error.
type builder struct {
	root    map[string]any
	compile Compiler
}

type badDocument struct{ error }

// node is a value in the document together with the JSON pointer that leads to
// it.
type node struct {
	pointer string
	value   any
}

func (n node) object() map[string]any {
	m, _ := n.value.(map[string]any)
	return m
}

func (n node) text(key string) string {
	s, _ := n.object()[key].(string)
	return s
}

func (n node) is(key string) bool {
	b, _ := n.object()[key].(bool)
	return b
}

// child returns the member called key with any $ref followed; its value is nil
// when there is none.
func (b *builder) child(n node, key string) node {
	escaped := strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
	return b.follow(node{n.pointer + "/" + escaped, n.object()[key]})
}

// children returns the members of an object or the elements of an array.
func (b *builder) children(n node) []node {
	var all []node
	switch value := n.value.(type) {
	case map[string]any:
		for key := range value {
			all = append(all, b.child(n, key))
		}
	case []any:
		for i, element := range value {
			all = append(all, b.follow(node{fmt.Sprintf("%s/%d", n.pointer, i), element}))
		}
	}
	return all
}

func (b *builder) follow(n node) node {
	ref := n.text("$ref")
	if ref == "" {
		return n
	}
	pointer, ok := strings.CutPrefix(ref, "#/")
	if !ok {
		panic(badDocument{fmt.Errorf("%s: $ref %q leaves the document", n.pointer, ref)})
	}
	var at any = b.root
	for key := range strings.SplitSeq(pointer, "/") {
		key = strings.NewReplacer("~1", "/", "~0", "~").Replace(key)
		m, _ := at.(map[string]any)
		if at, ok = m[key]; !ok {
			panic(badDocument{fmt.Errorf("%s: $ref %q leads nowhere", n.pointer, ref)})
		}
	}
	return b.follow(node{"/" + pointer, at})
}

func (b *builder) schema(n node) Schema {
	if n.value == nil {
		return nil
	}
	schema, err := b.compile(n.pointer)
	if err != nil {
		panic(badDocument{fmt.Errorf("%s: %w", n.pointer, err)})
	}
	return schema
}

func (b *builder) contract() *contract {
	c := &contract{refusals: map[int]response{}}
	root := node{"", b.root}
	secured := b.isSecured(root, false)
	paths := b.child(root, "paths")
	for path := range paths.object() {
		item := b.child(paths, path)
		for method := range item.object() {
			if !slices.Contains(methods, strings.ToUpper(method)) {
				continue
			}
			c.operations = append(c.operations, b.operation(path, item, method, secured))
		}
	}
	slices.SortFunc(c.operations, func(a, z operation) int {
		return cmp.Or(
			cmp.Compare(a.Path, z.Path),
			cmp.Compare(slices.Index(methods, a.Method), slices.Index(methods, z.Method)),
		)
	})
	shared := b.child(b.child(root, "components"), "responses")
	c.refusals[http.StatusNotFound] = b.response(b.child(shared, "NotFound"))
	c.refusals[http.StatusMethodNotAllowed] = b.response(b.child(shared, "MethodNotAllowed"))
	c.refusals[http.StatusNotImplemented] = b.response(b.child(shared, "NotImplemented"))
	for _, op := range c.operations { // what is said once for all of them
		switch {
		case strings.HasPrefix(op.Path, "/stores/{store_hash}/v3/"):
			op.responses["406"] = b.response(b.child(shared, "NotAcceptable"))
		case strings.HasPrefix(op.Path, "/stores/{store_hash}/v2/"):
			op.responses["406"] = b.response(b.child(shared, "V2NotAcceptable"))
		}
	}
	return c
}

var methods = []string{
	http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
	http.MethodHead, http.MethodOptions, http.MethodTrace,
}

// isSecured reports whether n asks for credentials, and otherwise what was
// said further out.
func (b *builder) isSecured(n node, inherited bool) bool {
	list, said := n.object()["security"].([]any)
	if !said {
		return inherited
	}
	return len(list) > 0
}

func (b *builder) operation(path string, item node, method string, secured bool) operation {
	n := b.child(item, method)
	op := operation{
		Operation: Operation{
			Method:      strings.ToUpper(method),
			Path:        path,
			OperationID: n.text("operationId"),
		},
		segments:  strings.Split(path, "/"),
		secured:   b.isSecured(n, secured),
		responses: map[string]response{},
	}
	for _, level := range []node{item, n} {
		for _, child := range b.children(b.child(level, "parameters")) {
			p := b.parameter(child, child.text("name"))
			op.parameters = append(op.parameters, p)
			if p.in == "query" {
				op.Query = append(op.Query, p.name)
			}
		}
	}
	if body := b.child(n, "requestBody"); body.value != nil {
		op.mustBody = body.is("required")
		op.body = b.content(body)
	}
	for status := range b.child(n, "responses").object() {
		op.responses[status] = b.response(b.child(b.child(n, "responses"), status))
	}
	return op
}

func (b *builder) parameter(n node, name string) parameter {
	schema := b.child(n, "schema")
	return parameter{
		name:     name,
		in:       n.text("in"),
		required: n.is("required"),
		schema:   b.schema(schema),
		kind:     schema.text("type"),
		items:    b.child(schema, "items").text("type"),
	}
}

func (b *builder) response(n node) response {
	if n.value == nil {
		panic(badDocument{fmt.Errorf("%s: no such response", n.pointer)})
	}
	r := response{content: b.content(n)}
	for name := range b.child(n, "headers").object() {
		r.headers = append(r.headers, b.parameter(b.child(b.child(n, "headers"), name), name))
	}
	slices.SortFunc(r.headers, func(a, z parameter) int { return cmp.Compare(a.name, z.name) })
	return r
}

func (b *builder) content(n node) map[string]Schema {
	schemas := map[string]Schema{}
	for mediaType := range b.child(n, "content").object() {
		schemas[mediaType] = b.schema(b.child(b.child(b.child(n, "content"), mediaType), "schema"))
	}
	return schemas
}
