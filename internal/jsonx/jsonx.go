// Package jsonx reads and writes JSON on the hot path of the HTTP API.
//
// It exists beside encoding/json because request validation needs things a
// decoder into structs loses: whether a member was absent, null or given; the
// kind that was actually sent, so that an error can name the exact place and
// the expected type; and numbers as written, so that amounts stay exact
// decimals. Depth and the number of values are bounded, and a typical request
// body costs two allocations however many of its strings are read.
//
// The reader, [Parse], turns a document into a tree of [Value]. The writer is
// a set of Append functions that extend a byte slice; they add no commas and
// no brackets, which the caller writes itself.
//
// Decimals are int64 counts of 10^-scale units: 43.15 at scale 4 is 431500.
package jsonx

import "iter"

// Kind says what a [Value] is.
type Kind uint8

// The kinds of a value. Invalid, the zero Kind, is that of an absent value.
const (
	Invalid Kind = iota
	Null
	Bool
	Number
	String
	Array
	Object
)

var kindNames = [...]string{"absent", "null", "boolean", "number", "string", "array", "object"}

// String returns the name of the kind as JSON calls it ("boolean", "object"),
// or "absent" for Invalid.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}

// node is one value, or the name of an object's member. Nodes stand in
// document order: an array's elements follow it, an object's members follow it
// as a name and then the value.
type node struct {
	off  uint32 // text[off:end] is a string's content or a number as written; containers begin at off
	end  uint32 // containers: number of elements or members; Bool: 0 or 1
	next uint32 // index of the node after this one and all it contains
	kind Kind
}

// rawString is the kind, while parsing, of a string that is yet to be
// unescaped. It is no field of its own to keep node small enough for registers.
const rawString = Object + 1

type document struct {
	// text is the document followed by the unescaped form of every string that
	// holds an escape.
	text  string
	nodes []node
}

// Value is one value of a parsed document. It is two words, to be copied
// freely, and safe for concurrent use. The zero Value means "absent".
//
// Strings taken from a Value are safe to keep, and share memory with one copy
// of the whole document: to hold a short string for long, strings.Clone it.
type Value struct {
	doc *document
	i   uint32
}

func (v Value) node() *node { return &v.doc.nodes[v.i] }

// Kind returns the value's kind, Invalid when it is absent.
func (v Value) Kind() Kind {
	if v.doc == nil {
		return Invalid
	}
	return v.node().kind
}

// Present reports whether the value is in the document, be it null.
func (v Value) Present() bool { return v.doc != nil }

// IsNull reports whether the value is present and null.
func (v Value) IsNull() bool { return v.Kind() == Null }

// Get returns the member of an object by its name. Of duplicates the last one
// wins. The result is absent when there is no such member or v is no object.
func (v Value) Get(key string) Value {
	if v.Kind() != Object {
		return Value{}
	}
	nodes, text := v.doc.nodes, v.doc.text
	found := uint32(0) // never a member: node 0 is the root
	for k, end := v.i+1, nodes[v.i].next; k < end; k = nodes[k+1].next {
		if n := &nodes[k]; text[n.off:n.end] == key {
			found = k + 1
		}
	}
	if found == 0 {
		return Value{}
	}
	return Value{v.doc, found}
}

// Len returns the number of elements of an array, or of members of an object
// as written (duplicates count), and 0 for any other value.
func (v Value) Len() int {
	if k := v.Kind(); k != Array && k != Object {
		return 0
	}
	return int(v.node().end)
}

// Index returns element i of an array, counted from 0; it is absent when out
// of range or when v is no array. It is O(1) in an array of scalars and O(i)
// otherwise: walk an array with [Value.Elems].
func (v Value) Index(i int) Value {
	if v.Kind() != Array {
		return Value{}
	}
	nodes := v.doc.nodes
	arr := &nodes[v.i]
	if i < 0 || i >= int(arr.end) {
		return Value{}
	}
	j := v.i + 1
	if arr.next-j == arr.end { // as many nodes as elements: none has children
		return Value{v.doc, j + uint32(i)}
	}
	for ; i > 0; i-- {
		j = nodes[j].next
	}
	return Value{v.doc, j}
}

// Elems iterates over an array's elements and their indexes in document order.
// It yields nothing when v is no array.
func (v Value) Elems() iter.Seq2[int, Value] {
	return func(yield func(int, Value) bool) {
		if v.Kind() != Array {
			return
		}
		nodes := v.doc.nodes
		n := 0
		for j, end := v.i+1, nodes[v.i].next; j < end; j = nodes[j].next {
			if !yield(n, Value{v.doc, j}) {
				return
			}
			n++
		}
	}
}

// Members iterates over an object's members in document order. Every member
// is yielded as written, duplicates too, so that assigning in turn lets the
// last one win. It yields nothing when v is no object.
func (v Value) Members() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		if v.Kind() != Object {
			return
		}
		nodes, text := v.doc.nodes, v.doc.text
		for k, end := v.i+1, nodes[v.i].next; k < end; k = nodes[k+1].next {
			if n := &nodes[k]; !yield(text[n.off:n.end], Value{v.doc, k + 1}) {
				return
			}
		}
	}
}

func (v Value) content(k Kind) (string, bool) {
	if v.Kind() != k {
		return "", false
	}
	n := v.node()
	return v.doc.text[n.off:n.end], true
}

// Source returns an object or an array as it is written, and "" for any other
// value. It does not allocate.
func (v Value) Source() string {
	if k := v.Kind(); k != Array && k != Object {
		return ""
	}
	text := v.doc.text[v.node().off:]
	for i, depth := 0, 0; i < len(text); i++ {
		switch text[i] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return text[:i+1]
			}
		case '"':
			for i++; text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		}
	}
	return "" // not reached: the document is valid
}

// Str returns the content of a string, unescaped. It does not allocate.
func (v Value) Str() (string, bool) { return v.content(String) }

// Bool returns the value of a boolean, and whether v is one.
func (v Value) Bool() (val, ok bool) {
	if v.Kind() != Bool {
		return false, false
	}
	return v.node().end != 0, true
}

// NumberText returns a number exactly as written, such as "1.50" or "1E+2".
func (v Value) NumberText() (string, bool) { return v.content(Number) }

// Int returns a number that is an integer, however written: 1, 1.0 and 1e2
// are integers. It is not ok for 1.5, nor for a number outside int64.
func (v Value) Int() (int64, bool) {
	n, ok, exact := v.Decimal(0)
	if !ok || !exact {
		return 0, false
	}
	return n, true
}

// Decimal returns a number times 10^scale: 43.15 at scale 4 is 431500. The
// results are those of [ParseDecimal]; it is not ok when v is no number.
func (v Value) Decimal(scale int) (val int64, ok, exact bool) {
	text, ok := v.NumberText()
	if !ok {
		return 0, false, false
	}
	return decimal(text, scale)
}
