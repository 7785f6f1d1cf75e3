package rule

import (
	"strconv"
	"strings"
)

// String returns the text of a rule, the same for all that say the same in
// another notation.
func (n *Node) String() string {
	var b strings.Builder
	n.print(&b, Or)
	return b.String()
}

// print writes a node. within is what it is a part of: Or for what needs no
// parentheses.
func (n *Node) print(b *strings.Builder, within Kind) {
	switch n.Kind {
	case And, Or:
		word, closed := " AND ", within == Not
		if n.Kind == Or {
			word, closed = " OR ", within != Or
		}
		if closed {
			b.WriteByte('(')
		}
		for i, c := range n.Nodes {
			if i > 0 {
				b.WriteString(word)
			}
			c.print(b, n.Kind)
		}
		if closed {
			b.WriteByte(')')
		}
	case Not:
		b.WriteString("NOT ")
		n.Nodes[0].print(b, Not)
	case Address:
		b.WriteString("address(")
		n.Nodes[0].print(b, Or)
		b.WriteByte(')')
	default:
		n.printComparison(b)
	}
}

func (n *Node) printComparison(b *strings.Builder) {
	if n.Op == Member {
		b.WriteString("segment(")
		n.Values[0].print(b)
		b.WriteByte(')')
		return
	}
	n.Field.print(b)
	b.WriteByte(' ')
	b.WriteString(string(n.Op))
	switch n.Op {
	case IsNull:
	case In:
		b.WriteString(" (")
		for i, v := range n.Values {
			if i > 0 {
				b.WriteString(", ")
			}
			v.print(b)
		}
		b.WriteByte(')')
	case Between:
		b.WriteByte(' ')
		n.Values[0].print(b)
		b.WriteString(" AND ")
		n.Values[1].print(b)
	default:
		b.WriteByte(' ')
		n.Values[0].print(b)
	}
}

func (f *Field) print(b *strings.Builder) {
	b.WriteString(f.Name)
	if !f.Keyed {
		return
	}
	b.WriteByte('[')
	if f.ID != 0 {
		b.WriteString(strconv.FormatInt(f.ID, 10))
	} else {
		b.WriteString(quote(f.Key))
	}
	b.WriteByte(']')
}

func (v *Value) print(b *strings.Builder) {
	if v.Kind == Text {
		b.WriteString(quote(v.Text))
		return
	}
	b.WriteString(v.Text)
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
