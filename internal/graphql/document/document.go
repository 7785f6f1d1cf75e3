// Package document reads the documents of GraphQL requests: within bounds of
// size and complexity, which are the same for all schemas that are served, and
// with what is valid kept for the next time.
package document

import (
	"fmt"
	"math"
	"strings"
	"sync"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/lexer"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"clientele/internal/graphql/exec"
)

// Bounds of a request. Complexity and depth are the original's.
const (
	MaxBody       = 256 << 10 // bytes
	maxTokens     = 15_000
	maxComplexity = 10_000
	maxDepth      = 16
	maxNesting    = 200    // of braces, brackets and parentheses
	maxName       = 256    // characters of a name; each entry of a list repeats those of its fields
	maxSame       = 100    // fields that share a place in the answer
	maxFields     = 10_000 // with fragments spread
	// What introspection may ask for, three times what tools do.
	maxDescription = 1_000_000
)

// mutationCost is what a mutation weighs beside its fields: it writes.
const mutationCost = 100

// cache remembers documents that are valid, by their text.
type cache struct {
	mu    sync.RWMutex
	docs  map[string]*valid
	bytes int
}

// valid is a document that is valid, with what does not depend on variables.
type valid struct {
	*exec.Document
	hash  string                            // of the text
	costs map[*ast.OperationDefinition]cost // of operations without variables
}

const (
	maxCachedText  = 16 << 10
	maxCachedBytes = 16 << 20 // of text and fields
	keptPlans      = 4        // of a document, about: by operation and by what is included
	fieldBytes     = 1 << 10  // of a field that is selected, in a document and its plans
)

func (c *cache) get(text string) *valid {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.docs[text]
}

func (c *cache) put(text string, doc *valid, fields int) {
	if len(text) > maxCachedText {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	size := len(text) + fields*fieldBytes
	if c.docs == nil || c.bytes+size > maxCachedBytes {
		c.docs, c.bytes = map[string]*valid{}, 0
	}
	c.docs[text] = doc
	c.bytes += size
}

// Contract is a schema with what answers it.
type Contract struct {
	Schema *ast.Schema
	Exec   *exec.Schema
	// Page is how many entries of a connection there are where nobody says.
	Page int
}

// Reader reads documents for one schema.
type Reader struct {
	contract func() Contract
	parsed   cache
}

// NewReader returns a Reader for a schema, which is made when somebody asks the
// first time: a server that nobody asks does not pay for it.
func NewReader(contract func() Contract) *Reader {
	return &Reader{contract: sync.OnceValue(contract)}
}

// Schema returns the schema.
func (s *Reader) Schema() *ast.Schema { return s.contract().Schema }

// read returns the parsed and valid form of a text. What could make
// parsing or validation dear is refused before.
func (s *Reader) read(text string) (*valid, gqlerror.List) {
	if doc := s.parsed.get(text); doc != nil {
		return doc, nil
	}
	text = strings.Clone(text) // the document keeps parts of it, and not what came with it
	if nested(text) > maxNesting {
		return nil, gqlerror.List{gqlerror.Errorf("The query is nested too deeply")}
	}
	whole, ok := joined(text)
	if !ok {
		return nil, gqlerror.List{gqlerror.Errorf("A string of the query has a surrogate without its pair")}
	}
	if !named(whole) {
		return nil, gqlerror.List{gqlerror.Errorf("A name of the query is longer than %d characters", maxName)}
	}
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: whole}, maxTokens)
	if err != nil {
		return nil, gqlerror.List{gqlerror.WrapIfUnwrapped(err)}
	}
	if len(doc.Operations) == 0 {
		return nil, gqlerror.List{gqlerror.Errorf("The query holds no operation")}
	}
	seen, fields, costs := map[string]bool{}, 0, map[*ast.OperationDefinition]cost{}
	for _, op := range doc.Operations {
		c := s.measure(doc, op, nil)
		if c.fields > maxFields {
			return nil, gqlerror.List{tooComplex(max(c.score, c.fields))}
		}
		fields = add(fields, c.fields)
		if len(op.VariableDefinitions) == 0 {
			costs[op] = c
		}
		// Validation compares all fields that share a place with each other.
		if !(&merger{doc: doc, open: map[string]bool{}, seen: seen}).merge(op.SelectionSet, &place{}) {
			return nil, gqlerror.List{gqlerror.Errorf("The query selects a field too often at one place")}
		}
	}
	if errs := s.measureUnused(doc, seen); errs != nil {
		return nil, errs
	}
	if errs := validator.ValidateWithRules(s.contract().Schema, doc, validation); len(errs) > 0 {
		return nil, errs[:min(len(errs), 20)]
	}
	out := &valid{Document: s.contract().Exec.Document(doc, keptPlans*fields), hash: hashOf(text), costs: costs}
	s.parsed.put(text, out, fields)
	return out, nil
}

// measureUnused holds the fragments that no operation spreads, and that are not
// in seen, to the bounds of operations: together to that of fields.
func (s *Reader) measureUnused(doc *ast.QueryDocument, seen map[string]bool) gqlerror.List {
	fields := 0
	for _, f := range doc.Fragments {
		if seen[f.Name] {
			continue
		}
		op := &ast.OperationDefinition{Operation: ast.Query, SelectionSet: ast.SelectionSet{&ast.FragmentSpread{Name: f.Name}}}
		c := s.measure(doc, op, nil)
		if fields = add(fields, c.fields); fields > maxFields {
			return gqlerror.List{tooComplex(max(c.score, fields))}
		}
		if !(&merger{doc: doc, open: map[string]bool{}, seen: seen}).merge(op.SelectionSet, &place{}) {
			return gqlerror.List{gqlerror.Errorf("The query selects a field too often at one place")}
		}
	}
	return nil
}

// validation are the rules of documents. A fragment that nothing spreads has to
// be valid like others, but may be there: storefronts ship such documents.
var validation = documentRules()

func documentRules() *rules.Rules {
	out := rules.NewDefaultRules()
	out.RemoveRule(rules.NoUnusedFragmentsRule.Name)
	return out
}

// nested returns how deep a text opens brackets. Brackets in strings count,
// which makes it an upper bound.
func nested(text string) int {
	depth, most := 0, 0
	for i := range len(text) {
		switch text[i] {
		case '{', '[', '(':
			depth++
			most = max(most, depth)
		case '}', ']', ')':
			depth--
		}
	}
	return most
}

// named reports whether all names of a text are short enough. What is wrong
// with a text is for the parser to say.
func named(text string) bool {
	if len(text) <= maxName {
		return true
	}
	in := lexer.New(&ast.Source{Input: text})
	for {
		t, err := in.ReadToken()
		switch {
		case err != nil || t.Kind == lexer.EOF:
			return true
		case t.Kind == lexer.Name && len(t.Value) > maxName:
			return false
		}
	}
}

func tooComplex(score int) *gqlerror.Error {
	return gqlerror.Errorf("The query is too complex as it has a complexity score of %d out of %d. Please remove some elements and try again", score, maxComplexity)
}

// limits refuses an operation that asks for too much at once.
func (c cost) limits() *gqlerror.Error {
	switch {
	case c.depth > maxDepth:
		return gqlerror.Errorf("The query is too deep as it has a depth of %d out of %d. Please remove some elements and try again", c.depth, maxDepth)
	case c.score > maxComplexity || c.fields > maxFields:
		return tooComplex(max(c.score, c.fields))
	case c.meta > maxDescription:
		return gqlerror.Errorf("The query asks for too much of the schema. Please remove some elements and try again")
	case c.mutations > 1:
		return gqlerror.Errorf("Only one mutation is allowed in a request, this one has %d", c.mutations)
	}
	return nil
}

// cost is what an operation asks for. Fields that describe the schema have no
// score and no depth; they are bounded by meta and by a rule of validation.
type cost struct {
	score     int // each field is 1; below a list all counts once per entry
	meta      int // the same for what describes the schema, with the bytes of names of types
	depth     int
	fields    int // with fragments spread; spreads count too
	mutations int
}

// measurer walks an operation. Fragments are measured once however often they
// are spread.
type measurer struct {
	schema    *ast.Schema
	knows     func(object, field string) bool
	page      int
	doc       *ast.QueryDocument
	variables map[string]any
	fragments map[string]*cost
}

// measure works on a document before its validation too.
func (s *Reader) measure(doc *ast.QueryDocument, op *ast.OperationDefinition, variables map[string]any) cost {
	m := measurer{schema: s.contract().Schema, knows: s.contract().Exec.Knows, page: s.contract().Page, doc: doc, variables: variables, fragments: map[string]*cost{}}
	root := s.contract().Schema.Query
	if op.Operation == ast.Mutation {
		root = s.contract().Schema.Mutation
	}
	return m.selections(op.SelectionSet, root)
}

// add is a + b without overflow.
func add(a, b int) int {
	if a > math.MaxInt32-b {
		return math.MaxInt32
	}
	return a + b
}

func times(a, b int) int {
	if b != 0 && a > math.MaxInt32/b {
		return math.MaxInt32
	}
	return a * b
}

func (c *cost) add(o cost) {
	c.score = add(c.score, o.score)
	c.meta = add(c.meta, o.meta)
	c.depth = max(c.depth, o.depth)
	c.fields = add(c.fields, o.fields)
	c.mutations = add(c.mutations, o.mutations)
}

func (m *measurer) selections(set ast.SelectionSet, on *ast.Definition) cost {
	var total cost
	for _, sel := range set {
		switch sel := sel.(type) {
		case *ast.Field:
			total.add(m.field(sel, on))
		case *ast.InlineFragment:
			if d := m.schema.Types[sel.TypeCondition]; d != nil {
				total.add(m.selections(sel.SelectionSet, d))
			} else {
				total.add(m.selections(sel.SelectionSet, on))
			}
		case *ast.FragmentSpread:
			total.add(m.fragment(sel.Name))
			total.fields = add(total.fields, 1)
		}
	}
	return total
}

// place is one in the answer: fields of one response name are merged there.
type place struct {
	fields int
	below  map[string]*place
}

// merger finds out how many fields share a place. It spreads fragments, so it
// is for operations whose number of fields is known to be bounded.
type merger struct {
	doc  *ast.QueryDocument
	open map[string]bool // fragments that are being spread: cycles end there
	seen map[string]bool // fragments that were spread
}

// merge adds selections to a place, and reports whether no place has too many.
func (m *merger) merge(set ast.SelectionSet, at *place) bool {
	for _, sel := range set {
		ok := true
		switch sel := sel.(type) {
		case *ast.Field:
			if at.below == nil {
				at.below = map[string]*place{}
			}
			p := at.below[sel.Alias]
			if p == nil {
				p = &place{}
				at.below[sel.Alias] = p
			}
			p.fields++
			ok = p.fields <= maxSame && m.merge(sel.SelectionSet, p)
		case *ast.InlineFragment:
			ok = m.merge(sel.SelectionSet, at)
		case *ast.FragmentSpread:
			if f := m.doc.Fragments.ForName(sel.Name); f != nil && !m.open[sel.Name] {
				m.open[sel.Name], m.seen[sel.Name] = true, true
				ok = m.merge(f.SelectionSet, at)
				delete(m.open, sel.Name)
			}
		}
		if !ok {
			return false
		}
	}
	return true
}

func (m *measurer) fragment(name string) cost {
	if c := m.fragments[name]; c != nil {
		return *c
	}
	c := &cost{}
	m.fragments[name] = c // while it is measured; a cycle is for validation to refuse
	if f := m.doc.Fragments.ForName(name); f != nil {
		*c = m.selections(f.SelectionSet, m.schema.Types[f.TypeCondition])
	}
	return *c
}

func (m *measurer) field(f *ast.Field, on *ast.Definition) cost {
	var def *ast.FieldDefinition
	if on != nil {
		def = on.Fields.ForName(f.Name)
	}
	var below *ast.Definition
	if def != nil {
		below = m.schema.Types[def.Type.Name()]
	}
	c := m.selections(f.SelectionSet, below)
	c.fields = add(c.fields, 1)
	if strings.HasPrefix(f.Name, "__") || on != nil && strings.HasPrefix(on.Name, "__") {
		c.score, c.depth, c.mutations = 0, 0, 0
		c.meta = add(times(c.meta, m.described(f, on)), 1)
		if f.Name == "__typename" {
			// Nothing is resolved for it, so its bytes count here.
			c.meta = add(c.meta, (len(f.Alias)+typicalName)/metaBytes)
		}
		return c
	}
	c.depth++
	size := lengths[fieldOf(on, f)]
	// What nobody knows of has no entries. Storefronts nest it deeply.
	known := on != nil && m.knows(on.Name, f.Name)
	if known && size == 0 && strings.HasSuffix(def.Type.Name(), "Connection") {
		size = m.entries(f)
	}
	if size > 0 {
		// Entries are read whatever is shown of them.
		c.score = times(max(c.score, 1), size)
	}
	if known {
		c.meta = times(c.meta, shown(def, on, f, size))
	}
	c.score = add(c.score, 1)
	if below != nil && below.Name == "Customer" && on != m.schema.Query {
		c.score = add(c.score, mutationCost) // read anew, after the change
	}
	if on != nil && on == m.schema.Mutation {
		c.score = add(c.score, mutationCost)
		if below == nil || !strings.HasSuffix(below.Name, "Mutations") {
			c.mutations = 1
		} else {
			c.mutations = max(c.mutations, 1)
		}
	} else if on != nil && strings.HasSuffix(on.Name, "Mutations") {
		c.mutations = 1
	}
	return c
}

// fieldOf names a field with its type.
func fieldOf(on *ast.Definition, f *ast.Field) string {
	if on == nil {
		return f.Name
	}
	return on.Name + "." + f.Name
}

// lengths are those of lists that are long and no connections, about.
var lengths = map[string]int{
	"Geography.countries":       50,
	"Country.statesOrProvinces": 10,
	"PicklistFormField.options": 20,
	// Connections of one entry at most.
	"OrderConsignments.shipping": 1,
	"Product.images":             1,
}

// What describes the schema weighs one for so many bytes of an answer, where
// nothing else bounds these.
const (
	metaBytes   = 8
	typicalName = 24 // of a type
)

// typicalList is how many entries a list has that is no connection, about.
const typicalList = 20

// shown returns how many entries of a field an answer may show, about, given
// their number for complexity: that of lists of ours is below what they hold.
func shown(def *ast.FieldDefinition, on *ast.Definition, f *ast.Field, size int) int {
	switch fieldOf(on, f) {
	case "Geography.countries", "PicklistFormField.options":
		return 250
	case "Country.statesOrProvinces":
		return 3 // most have none
	}
	switch {
	case size > 0:
		return size
	case def.Type.Elem == nil, strings.HasSuffix(on.Name, "Connection"): // counted with it
		return 1
	}
	return typicalList
}

// described returns how many entries a list has that describes the schema,
// about.
func (m *measurer) described(f *ast.Field, on *ast.Definition) int {
	switch fieldOf(on, f) {
	case "__Schema.types":
		return len(m.schema.Types)
	case "__Schema.directives", "__Type.fields", "__Type.inputFields", "__Type.enumValues":
		return 6
	case "__Type.possibleTypes":
		return 3
	case "__Field.args", "__Directive.args":
		return 2
	}
	return 1
}

// entries returns how many entries a connection is asked for.
func (m *measurer) entries(f *ast.Field) int {
	n, given := 0, false
	for _, name := range []string{"first", "last"} {
		arg := f.Arguments.ForName(name)
		if arg == nil || arg.Value == nil {
			continue
		}
		v, err := arg.Value.Value(m.variables)
		if err != nil || v == nil {
			continue
		}
		var size int64
		if _, err := fmt.Sscan(fmt.Sprint(v), &size); err != nil {
			continue
		}
		if given = true; size > int64(n) {
			n = int(min(size, math.MaxInt32))
		}
	}
	if !given {
		n = m.page
	}
	if ids := m.filtered(f, "entityIds"); ids > 0 {
		n = min(n, ids)
	}
	// A list seldom has many variants of a product.
	if products := m.filtered(f, "productEntityIds"); products > 0 && f.Name == "items" && n <= manyVariants*5 {
		n = min(n, manyVariants*products)
	}
	return max(n, 1)
}

const manyVariants = 10

// filtered returns how many ids the filters of a connection name, or 0 for none.
func (m *measurer) filtered(f *ast.Field, key string) int {
	arg := f.Arguments.ForName("filters")
	if arg == nil || arg.Value == nil {
		return 0
	}
	v, err := arg.Value.Value(m.variables)
	if err != nil {
		return 0
	}
	filters, _ := v.(map[string]any)
	switch ids := filters[key].(type) {
	case nil:
		return 0
	case []any:
		return min(len(ids), maxFields)
	default: // a single value stands for a list of it
		return 1
	}
}
