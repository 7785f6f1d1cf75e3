package exec

import (
	"context"
	"fmt"
	"iter"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Hooks are what a request brings.
type Hooks struct {
	// Allow returns why a field may not be asked, by what Config.Need says of it.
	Allow func(need string) error
	// Present tells what the client sees of an error: its message and
	// extensions. Path and locations are added.
	Present func(error) *gqlerror.Error
	// Panicked makes an error of a panic.
	Panicked func(any) error
	// MaxBytes ends an answer that is longer.
	MaxBytes int
}

// Answer is what came of an operation.
type Answer struct {
	Data     []byte // follows what was there before
	Errors   gqlerror.List
	TooLarge bool
}

// Run executes an operation with values of its variables and appends its data
// to a text.
func (p *Plan) Run(ctx context.Context, values map[string]any, h Hooks, before string) Answer {
	mark := len(before)
	r := &run{Hooks: h, values: values, b: make([]byte, mark, mark+int(p.size.Load())+spare), plan: p}
	copy(r.b, before)
	r.call, r.path = Call{Context: ctx, run: r}, r.steps[:0]
	if !r.object(p.root, unknown) {
		r.b = append(r.b[:mark], "null"...)
	}
	p.size.Store(int64(len(r.b) - mark))
	p.doc.trim()
	return Answer{Data: r.b, Errors: r.errs, TooLarge: r.full}
}

// spare is what an answer may be longer than the one before.
const spare = 128

type run struct {
	Hooks
	plan   *Plan
	values map[string]any
	b      []byte
	full   bool
	errs   gqlerror.List
	path   []step
	steps  [24]step // room for path
	call   Call
}

// NullError says that a field which may not be null is. It is a defect.
type NullError struct {
	Field string // with its type
}

// Error implements error.
func (e *NullError) Error() string { return "null is in the place of " + e.Field }

// step is one of a path: a name, or the index of an entry of a list.
type step struct {
	name  string
	index int
}

// object appends an object. It reports whether there is one: a field that may
// not be null and is makes the whole object null. Fields after it are answered
// all the same, for their errors.
func (r *run) object(s *set, o any) bool {
	whole := true
	r.b = append(r.b, '{')
	for i, n := range s.nodes {
		if i > 0 {
			r.b = append(r.b, ',')
		}
		r.b = append(r.b, n.key...)
		if !r.field(n, o) {
			whole = false
		}
		if r.full = r.full || len(r.b) > r.MaxBytes; r.full {
			return false
		}
	}
	r.b = append(r.b, '}')
	return whole
}

// field appends the value of a field, or null. It reports whether it may be so.
func (r *run) field(n *node, o any) (fine bool) {
	if n.type_ != nil {
		r.b = append(r.b, n.type_...)
		return true
	}
	mark, depth := len(r.b), len(r.path)
	defer func() {
		if p := recover(); p != nil {
			r.b, r.path = r.b[:mark], r.path[:depth]
			fine = r.failed(n, r.Panicked(p))
		}
	}()
	if n.need != "" {
		if err := r.Allow(n.need); err != nil {
			return r.failed(n, err)
		}
	}
	if len(n.def.Arguments) > 0 {
		if wrong := r.arguments(n); wrong != nil {
			return r.misled(n, wrong)
		}
		if n.connects && r.plan.doc.schema.Page != nil {
			if err := r.plan.doc.schema.Page(r.call.Args); err != nil {
				return r.failed(n, err)
			}
		}
	} else {
		r.call.Args = nil
	}
	r.call.node = n
	if n.leaf != nil {
		b, err := n.leaf(r.b, o)
		if err == nil {
			r.b = b
			return true
		}
		r.b = r.b[:mark]
		if err == errNull && !n.nonNull {
			r.b = append(r.b, "null"...)
			return true
		}
		return r.failed(n, err)
	}
	r.path = append(r.path, step{name: n.alias})
	fine = r.below(n, o, mark)
	r.path = r.path[:depth]
	return fine
}

// below appends what is below a field.
func (r *run) below(n *node, o any, mark int) bool {
	if n.gives == givesList {
		return r.list(n, o, mark)
	}
	v, err := n.object(&r.call, o)
	switch {
	case err != nil:
		return r.failedHere(n, err)
	case v == nil && n.nonNull:
		return r.failedHere(n, errNull)
	case v == nil:
		r.b = append(r.b, "null"...)
		return true
	}
	return r.entry(n, v) || r.null(mark, !n.nonNull)
}

// null puts null in the place of what began at mark, if it may be there.
func (r *run) null(mark int, may bool) bool {
	r.b = r.b[:mark]
	if may && !r.full {
		r.b = append(r.b, "null"...)
	}
	return may
}

// entry appends an object in its type.
func (r *run) entry(n *node, v any) bool {
	to := n.to
	if n.named != nil {
		name := n.named(v)
		if to = to.possible[name]; to == nil {
			return r.addError(fmt.Errorf("the type %q is none of %s", name, n.to.def.Name), r.location(n))
		}
	}
	return r.object(n.of(to), v)
}

func (r *run) list(n *node, o any, mark int) bool {
	length, at, err := n.list(&r.call, o)
	if err != nil {
		return r.failedHere(n, err)
	}
	whole, depth := true, len(r.path)
	r.b = append(r.b, '[')
	for i := range length {
		if i > 0 {
			r.b = append(r.b, ',')
		}
		from := len(r.b)
		r.path = append(r.path[:depth], step{index: i})
		v := at(i)
		if v == nil && !n.elemNull {
			r.addError(&NullError{n.on + "." + n.def.Name}, r.location(n))
		}
		if (v == nil || !r.entry(n, v)) && !r.null(from, n.elemNull) {
			whole = false
			break
		}
	}
	r.path = r.path[:depth]
	r.b = append(r.b, ']')
	return whole || r.null(mark, !n.nonNull)
}

// arguments reads the arguments of a field.
func (r *run) arguments(n *node) (wrong *argumentError) {
	if n.fixed {
		r.call.Args = n.args
		return n.wrong
	}
	r.call.Args, wrong = r.plan.doc.schema.arguments(n.def.Arguments, n.given, r.values)
	return wrong
}

// failed notes an error of a field and appends null, if that may be.
func (r *run) failed(n *node, err error) bool {
	r.path = append(r.path, step{name: n.alias})
	fine := r.failedHere(n, err)
	r.path = r.path[:len(r.path)-1]
	return fine
}

// failedHere is failed where the field is the last of the path.
func (r *run) failedHere(n *node, err error) bool {
	if err == errNull {
		err = &NullError{n.on + "." + n.def.Name}
	}
	r.addError(err, r.location(n))
	return r.null(len(r.b), !n.nonNull)
}

// misled notes that an argument is not of its type.
func (r *run) misled(n *node, wrong *argumentError) bool {
	e := gqlerror.Errorf("%s", wrong.message)
	e.Path = append(append(r.where(), ast.PathName(n.alias)), wrong.path...)
	r.errs = append(r.errs, e)
	return r.null(len(r.b), !n.nonNull)
}

// maxErrors is how many errors an answer tells.
const maxErrors = 10_000

func (r *run) addError(err error, at []gqlerror.Location) bool {
	if r.full || len(r.errs) >= maxErrors {
		return false
	}
	seen := r.Present(err)
	e := &gqlerror.Error{Message: seen.Message, Extensions: seen.Extensions, Path: r.where(), Locations: at}
	r.errs = append(r.errs, e)
	return false
}

func (r *run) location(n *node) []gqlerror.Location {
	return []gqlerror.Location{{Line: n.at.Line, Column: n.at.Column}}
}

// where returns the path of what is being answered.
func (r *run) where() ast.Path {
	out := make(ast.Path, 0, len(r.path)+1)
	for _, s := range r.path {
		if s.name != "" {
			out = append(out, ast.PathName(s.name))
		} else {
			out = append(out, ast.PathIndex(s.index))
		}
	}
	return out
}

// AddError notes an error beside the one that a field returns.
func (c *Call) AddError(err error) { c.run.addError(err, nil) }

// Selected is a field that is selected below another.
type Selected struct {
	run  *run
	node *node
}

// Name is the field's.
func (s Selected) Name() string {
	if s.node.def == nil {
		return "__typename"
	}
	return s.node.def.Name
}

// Args are the field's arguments, or nil if they are not of their types, which
// the field itself reports.
func (s Selected) Args() Args {
	if s.node.fixed || s.node.def == nil {
		return s.node.args
	}
	args, _ := s.run.plan.doc.schema.arguments(s.node.def.Arguments, s.node.given, s.run.values)
	return args
}

// Fields are what is selected below the field, of objects of its type.
func (s Selected) Fields() iter.Seq[Selected] {
	return func(yield func(Selected) bool) {
		if s.node.to == nil || s.node.to.def.Kind != ast.Object {
			return
		}
		for _, n := range s.node.of(s.node.to).nodes {
			if !yield(Selected{s.run, n}) {
				return
			}
		}
	}
}

// Field is the field that is being answered.
func (c *Call) Field() Selected { return Selected{c.run, c.node} }

// Roots are the fields of the operation.
func (c *Call) Roots() iter.Seq[Selected] {
	return func(yield func(Selected) bool) {
		for _, n := range c.run.plan.root.nodes {
			if !yield(Selected{c.run, n}) {
				return
			}
		}
	}
}
