package rule

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"clientele/internal/jsonx"
)

// Decode reads the tree of a rule.
func Decode(v jsonx.Value) (*Node, error) {
	d := &decoder{}
	n := d.node(v, 1)
	if d.err != nil {
		return nil, d.err
	}
	if err := n.bounds(); err != nil {
		return nil, unplaced(err)
	}
	if len(n.String()) > MaxBytes {
		return nil, &Fault{Why: WhyBytes, Want: strconv.Itoa(MaxBytes), At: -1}
	}
	return n, nil
}

// unplaced takes the place out of a fault: a tree has no bytes.
func unplaced(err error) error {
	if f, ok := err.(*Fault); ok {
		f.At = -1
	}
	return err
}

type decoder struct{ err error }

func (d *decoder) fail(value, want string) {
	if d.err == nil {
		d.err = &Fault{Why: WhyTree, Value: value, Want: want, At: -1}
	}
}

// The members by which nodes are told apart, and those of a comparison.
var (
	treeKinds = map[string]Kind{"and": And, "or": Or, "not": Not, "address": Address}
	members   = []string{"field", "key", "op", "value", "values"}
	operators = []Op{Eq, Ne, Lt, Le, Gt, Ge, In, Between, Contains, Starts, Ends, IsNull}
)

func (d *decoder) node(v jsonx.Value, depth int) *Node {
	if depth > MaxDepth+2 {
		d.err = &Fault{Why: WhyDepth, Want: strconv.Itoa(MaxDepth), At: -1}
	}
	n := &Node{Kind: Compare, At: -1}
	if d.err != nil {
		return n
	}
	if v.Kind() != jsonx.Object {
		d.fail("", "an object")
		return n
	}
	if v.Len() == 1 {
		for name, inner := range v.Members() {
			if kind, ok := treeKinds[name]; ok {
				d.inner(n, kind, inner, depth)
				return n
			}
			if name == "segment" {
				n.Field.Name, n.Op = "segment", Member
				n.Values = []Value{d.value(inner)}
				return n
			}
		}
	}
	d.comparison(n, v)
	return n
}

func (d *decoder) inner(n *Node, kind Kind, v jsonx.Value, depth int) {
	n.Kind = kind
	if kind == Not || kind == Address {
		n.Nodes = []*Node{d.node(v, depth+1)}
		return
	}
	if v.Kind() != jsonx.Array || v.Len() < 1 || v.Len() > MaxComparisons {
		d.fail("", "a list of 1 to "+strconv.Itoa(MaxComparisons))
		return
	}
	for _, e := range v.Elems() {
		if c := d.node(e, depth+1); d.err == nil {
			n.add(c)
		}
	}
	if len(n.Nodes) == 1 {
		*n = *n.Nodes[0]
	}
}

func (d *decoder) comparison(n *Node, v jsonx.Value) {
	for name := range v.Members() {
		if !slices.Contains(members, name) {
			d.fail(name, "and, or, not, address, segment, field, key, op, value, values")
			return
		}
	}
	name, ok := v.Get("field").Str()
	if !ok || !word(name) {
		d.fail("field", "the name of a field")
		return
	}
	n.Field.Name = strings.ToLower(name)
	if key := v.Get("key"); key.Present() {
		n.Field.Keyed, n.Field.KeyAt = true, -1
		if id, ok := key.Int(); ok && id > 0 {
			n.Field.ID = id
		} else if n.Field.Key, ok = key.Str(); !ok || !d.text(n.Field.Key) {
			d.fail("key", "a name or a number")
			return
		}
	}
	op, _ := v.Get("op").Str()
	n.Op = Op(strings.ToUpper(op))
	if !slices.Contains(operators, n.Op) {
		d.fail("op", "an operator")
		return
	}
	one, many := v.Get("value"), v.Get("values")
	switch {
	case n.Op == IsNull && !one.Present() && !many.Present():
	case n.Op == In && many.Kind() == jsonx.Array && many.Len() > 0 && !one.Present(), n.Op == Between && many.Kind() == jsonx.Array && many.Len() == 2 && !one.Present():
		if many.Len() > MaxValues {
			d.err = &Fault{Why: WhyValues, Want: strconv.Itoa(MaxValues), At: -1}
			return
		}
		for _, e := range many.Elems() {
			n.Values = append(n.Values, d.value(e))
		}
	case n.Op != IsNull && n.Op != In && n.Op != Between && one.Present() && !many.Present():
		n.Values = []Value{d.value(one)}
	default:
		d.fail("values", "value with one, values with IN and with BETWEEN, none with IS NULL")
	}
}

// word reports whether a text is a word of the language that may name a field.
func word(s string) bool {
	for i := range len(s) {
		if !isLetter(s[i]) && (i == 0 || !isDigit(s[i])) {
			return false
		}
	}
	return s != "" && len(s) <= 64 && !reserved(strings.ToUpper(s))
}

func (d *decoder) text(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsRune(s, 0) && len(s) <= MaxBytes
}

func (d *decoder) value(v jsonx.Value) Value {
	out := Value{At: -1}
	if s, ok := v.Str(); ok && d.text(s) {
		out.Text = s
		return out
	}
	if b, ok := v.Bool(); ok {
		out.Kind, out.Text = Flag, strconv.FormatBool(b)
		return out
	}
	if s, ok := v.NumberText(); ok {
		if out.Text, ok = plainNumber(s); ok {
			out.Kind = Number
			return out
		}
	}
	if s, ok := v.Get("relative").Str(); ok && v.Kind() == jsonx.Object && v.Len() == 1 {
		if r, ok := readRelative(s); ok {
			out.Kind, out.Text = Relative, r.text()
			return out
		}
	}
	d.fail("value", `a text, a number, true, false or {"relative": "-90d"}`)
	return out
}

// AppendTree appends the tree of a rule.
func (n *Node) AppendTree(b []byte) []byte {
	switch n.Kind {
	case And, Or:
		name := `{"and":[`
		if n.Kind == Or {
			name = `{"or":[`
		}
		b = append(b, name...)
		for i, c := range n.Nodes {
			if i > 0 {
				b = append(b, ',')
			}
			b = c.AppendTree(b)
		}
		return append(b, `]}`...)
	case Not:
		return append(n.Nodes[0].AppendTree(append(b, `{"not":`...)), '}')
	case Address:
		return append(n.Nodes[0].AppendTree(append(b, `{"address":`...)), '}')
	}
	if n.Op == Member {
		return append(n.Values[0].appendTree(append(b, `{"segment":`...)), '}')
	}
	b = jsonx.AppendString(append(b, `{"field":`...), n.Field.Name)
	if n.Field.Keyed {
		b = append(b, `,"key":`...)
		if n.Field.ID != 0 {
			b = strconv.AppendInt(b, n.Field.ID, 10)
		} else {
			b = jsonx.AppendString(b, n.Field.Key)
		}
	}
	b = jsonx.AppendString(append(b, `,"op":`...), string(n.Op))
	switch n.Op {
	case IsNull:
	case In, Between:
		b = append(b, `,"values":[`...)
		for i := range n.Values {
			if i > 0 {
				b = append(b, ',')
			}
			b = n.Values[i].appendTree(b)
		}
		b = append(b, ']')
	default:
		b = n.Values[0].appendTree(append(b, `,"value":`...))
	}
	return append(b, '}')
}

func (v *Value) appendTree(b []byte) []byte {
	switch v.Kind {
	case Text:
		return jsonx.AppendString(b, v.Text)
	case Relative:
		return append(jsonx.AppendString(append(b, `{"relative":`...), v.Text), '}')
	}
	return append(b, v.Text...)
}
