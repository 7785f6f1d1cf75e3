// Package rule is the language in which sets of customers are described, such as
// "group = 'Wholesale' AND date_created >= -90d". A rule is one line of text or,
// saying the same, a tree in JSON (Parse, Decode). Checked against the names of a
// store it becomes a condition of SQL (Check, Compiled.SQL): put together of
// fragments that are written here, with every value bound. No text of a rule
// gets into SQL.
//
// The package knows customers and what is theirs. It does not know what a rule
// is for: segments that keep themselves go by rules, lists may be filtered by
// them.
package rule

// Bounds of a rule.
const (
	MaxBytes       = 4096 // of its text
	MaxComparisons = 32
	MaxDepth       = 6
	MaxValues      = 500
)

// Kind is what a node is.
type Kind uint8

// The kinds of nodes.
const (
	And     Kind = iota // all of Nodes
	Or                  // one of Nodes at least
	Not                 // not the one in Nodes
	Address             // one address meets the one in Nodes
	Compare             // Field, Op and Values
)

// Op is how a field is compared.
type Op string

// The operators. Member stands alone in JSON: its field is segment, its value the
// name.
const (
	Eq       Op = "="
	Ne       Op = "!="
	Lt       Op = "<"
	Le       Op = "<="
	Gt       Op = ">"
	Ge       Op = ">="
	In       Op = "IN"
	Between  Op = "BETWEEN"
	Contains Op = "CONTAINS"
	Starts   Op = "STARTS WITH"
	Ends     Op = "ENDS WITH"
	IsNull   Op = "IS NULL"
	Member   Op = "MEMBER"
)

// Node is a rule or a part of one.
type Node struct {
	Kind   Kind
	Nodes  []*Node
	Field  Field
	Op     Op
	Values []Value
	At     int // the byte of the text at which it begins
}

// Field is what is compared.
type Field struct {
	Name string
	// Key names the attribute, form field or metafield; ID does so by its number.
	Key   string
	ID    int64
	Keyed bool
	KeyAt int // the byte of the text at which the key begins
}

// ValueKind is what a value is.
type ValueKind uint8

// The kinds of values.
const (
	Text     ValueKind = iota // 'text', also a day or a point in time
	Number                    // 12.5
	Flag                      // true, false
	Relative                  // -90d
)

// Value is what a field is compared with.
type Value struct {
	Kind ValueKind
	Text string // a number as it is written, without what says nothing
	At   int
}

// All returns the rule that whoever meets all parts meets; nil for no part.
func All(parts ...*Node) *Node {
	out := &Node{Kind: And}
	for _, p := range parts {
		if p.Kind == And {
			out.Nodes = append(out.Nodes, p.Nodes...)
		} else {
			out.Nodes = append(out.Nodes, p)
		}
	}
	return out.plain()
}

// plain returns n without itself where it joins less than two others.
func (n *Node) plain() *Node {
	switch len(n.Nodes) {
	case 0:
		return nil
	case 1:
		return n.Nodes[0]
	}
	return n
}
