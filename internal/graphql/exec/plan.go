package exec

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/vektah/gqlparser/v2/ast"
)

// Document is a valid document with the plans of its operations.
type Document struct {
	*ast.QueryDocument
	schema *Schema
	flags  []string // variables that decide about @skip and @include

	mu     sync.Mutex
	plans  map[string]*Plan // by operation and what its flags say
	budget int64
	fields atomic.Int64 // of the plans
}

// Document prepares a valid document. The plans that are kept of it have about
// as many fields as budget says, or those of one operation.
func (s *Schema) Document(doc *ast.QueryDocument, budget int) *Document {
	d := &Document{QueryDocument: doc, schema: s, plans: map[string]*Plan{}, budget: int64(budget)}
	for _, op := range doc.Operations {
		d.collectFlags(op.SelectionSet)
	}
	for _, f := range doc.Fragments {
		d.collectFlags(f.SelectionSet)
	}
	slices.Sort(d.flags)
	d.flags = slices.Compact(d.flags)
	return d
}

func (d *Document) collectFlags(set ast.SelectionSet) {
	for _, sel := range set {
		var on ast.DirectiveList
		switch sel := sel.(type) {
		case *ast.Field:
			on = sel.Directives
			d.collectFlags(sel.SelectionSet)
		case *ast.InlineFragment:
			on = sel.Directives
			d.collectFlags(sel.SelectionSet)
		case *ast.FragmentSpread:
			on = sel.Directives
		}
		for _, dir := range on {
			if a := dir.Arguments.ForName("if"); a != nil && a.Value.Kind == ast.Variable {
				d.flags = append(d.flags, a.Value.Raw)
			}
		}
	}
}

// Plan is an operation with all that does not depend on who asks: which fields
// there are of which objects, in which order. Parts of it are made when they are
// first needed.
type Plan struct {
	doc   *Document
	flags map[string]bool
	root  *set
	size  atomic.Int64 // of the last answer, about
}

// Plan returns the plan of an operation, for values of variables.
func (d *Document) Plan(op *ast.OperationDefinition, values map[string]any) *Plan {
	key := make([]byte, 0, len(op.Name)+len(d.flags)+1)
	key = append(append(key, op.Name...), ' ')
	for _, name := range d.flags {
		if on, _ := values[name].(bool); on {
			key = append(key, '1')
		} else {
			key = append(key, '0')
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if p := d.plans[string(key)]; p != nil {
		return p
	}
	p := &Plan{doc: d, flags: make(map[string]bool, len(d.flags))}
	for _, name := range d.flags {
		p.flags[name], _ = values[name].(bool)
	}
	root := d.schema.ast.Query
	if op.Operation == ast.Mutation {
		root = d.schema.ast.Mutation
	}
	p.root = p.collect(d.schema.types[root.Name], []ast.SelectionSet{op.SelectionSet})
	d.plans[string(key)] = p
	return p
}

// trim forgets the plans if they have become too large.
func (d *Document) trim() {
	if d.fields.Load() <= d.budget {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.plans = map[string]*Plan{}
	d.fields.Store(0)
}

// set is what is selected of objects of one type.
type set struct {
	on    *kind
	nodes []*node
}

// node is a field that is selected: what a place in the answer is made of.
type node struct {
	*field
	plan  *Plan
	key   []byte // `"name":`
	alias string
	at    *ast.Position
	sels  []ast.SelectionSet // what is selected below it
	given ast.ArgumentList
	args  Args           // if they hold no variables
	wrong *argumentError // with these
	fixed bool
	type_ []byte // the answer for __typename

	below atomic.Pointer[[]*set] // one for each type that was met
}

// collect merges selections of objects of one type, as the specification's
// CollectFields does.
func (p *Plan) collect(on *kind, sels []ast.SelectionSet) *set {
	c := collector{plan: p, set: &set{on: on}, at: map[string]*node{}, spread: map[string]bool{}}
	for _, s := range sels {
		c.add(s)
	}
	p.doc.fields.Add(int64(len(c.set.nodes)))
	return c.set
}

type collector struct {
	plan   *Plan
	set    *set
	at     map[string]*node
	spread map[string]bool
}

func (c *collector) add(sels ast.SelectionSet) {
	for _, sel := range sels {
		switch sel := sel.(type) {
		case *ast.Field:
			if c.plan.included(sel.Directives) {
				c.field(sel)
			}
		case *ast.InlineFragment:
			if c.plan.included(sel.Directives) && c.applies(sel.TypeCondition) {
				c.add(sel.SelectionSet)
			}
		case *ast.FragmentSpread:
			if c.spread[sel.Name] || !c.plan.included(sel.Directives) {
				continue
			}
			c.spread[sel.Name] = true
			if f := c.plan.doc.Fragments.ForName(sel.Name); c.applies(f.TypeCondition) {
				c.add(f.SelectionSet)
			}
		}
	}
}

// applies reports whether a fragment is about objects of the type.
func (c *collector) applies(condition string) bool {
	if condition == "" || condition == c.set.on.def.Name {
		return true
	}
	return c.plan.doc.schema.types[condition].possible[c.set.on.def.Name] != nil
}

func (c *collector) field(f *ast.Field) {
	if n := c.at[f.Alias]; n != nil {
		n.sels = append(n.sels, f.SelectionSet)
		return
	}
	n := &node{field: c.set.on.fields[f.Name], plan: c.plan, alias: f.Alias, at: f.Position, given: f.Arguments}
	n.key = append(append(append(n.key, '"'), f.Alias...), `":`...)
	if f.Name == "__typename" {
		n.type_ = []byte(`"` + c.set.on.def.Name + `"`)
		n.field = &field{}
	} else {
		n.sels = []ast.SelectionSet{f.SelectionSet}
		if n.fixed = !variable(f.Arguments); n.fixed {
			n.args, n.wrong = c.plan.doc.schema.arguments(n.def.Arguments, n.given, nil)
		}
	}
	c.at[f.Alias] = n
	c.set.nodes = append(c.set.nodes, n)
}

// variable reports whether arguments hold a variable.
func variable(args ast.ArgumentList) bool {
	return slices.ContainsFunc(args, func(a *ast.Argument) bool { return variableIn(a.Value) })
}

func variableIn(v *ast.Value) bool {
	return v.Kind == ast.Variable || slices.ContainsFunc(v.Children, func(c *ast.ChildValue) bool { return variableIn(c.Value) })
}

// included reports what @skip and @include say.
func (p *Plan) included(dirs ast.DirectiveList) bool {
	for _, d := range dirs {
		if d.Name != "skip" && d.Name != "include" {
			continue
		}
		v := d.Arguments.ForName("if").Value
		on := v.Raw == "true"
		if v.Kind == ast.Variable {
			on = p.flags[v.Raw]
		}
		if on == (d.Name == "skip") {
			return false
		}
	}
	return true
}

// of returns what is selected below a field of objects of a type.
func (n *node) of(on *kind) *set {
	known := n.below.Load()
	if known != nil {
		for _, s := range *known {
			if s.on == on {
				return s
			}
		}
	}
	s := n.plan.collect(on, n.sels)
	all := []*set{s}
	if known != nil {
		all = append(all, *known...)
	}
	n.below.CompareAndSwap(known, &all) // who comes second makes it again
	return s
}
