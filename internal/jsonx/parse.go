package jsonx

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Defaults of [Limits].
const (
	DefaultDepth  = 32
	DefaultValues = 100_000
)

// Limits bounds what a document may hold. A field of zero or less means its
// default.
type Limits struct {
	Depth  int // most arrays and objects open at once; a scalar document has depth 0
	Values int // most values in the document, at every level, names not counted
	// Expect is how many values and names there are, about; 0: as many as a
	// document of its size has that holds short values.
	Expect int
}

// Errors of [Parse] for documents that exceed the limits.
var (
	ErrTooDeep  = errors.New("jsonx: document nested too deeply")
	ErrTooLarge = errors.New("jsonx: document has too many values")
)

// SyntaxError tells where and why a document is not JSON.
type SyntaxError struct {
	Offset int    // byte at fault, counted from 0; the document's length when it ends early
	Reason string // what is wrong, in a few lower-case words
}

// Error gives the offset and the reason.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("jsonx: invalid JSON at byte %d: %s", e.Offset, e.Reason)
}

const reasonEnd = "unexpected end of document"

// noParent stands for the parent of the root.
const noParent = math.MaxUint32

// smallDocument holds the nodes of a typical request body in the same
// allocation as the document itself.
type smallDocument struct {
	document
	buf [smallNodes]node
}

const (
	smallNodes = 64
	smallBytes = 640

	// Nodes are reserved by a guess from the document's size, up to a bound so
	// that one long string does not reserve much memory for nothing.
	bytesPerNode = 8
	maxReserve   = 4096
)

// Parse reads one JSON document, strictly by RFC 8259, with these choices: a
// leading byte order mark is skipped; invalid UTF-8 is an error, and so is an
// escaped surrogate without its pair, which no text can hold; duplicate names
// are accepted (see [Value.Get]); anything but white space after the document
// is an error.
//
// The error is a [*SyntaxError], [ErrTooDeep], or [ErrTooLarge], which is also
// that of a document of 2 GiB or more. Parsing stops at the first fault.
//
// The document is copied once: data is not kept, and may be reused as soon as
// Parse returns.
func Parse(data []byte, lim Limits) (Value, error) {
	if len(data) >= math.MaxInt32 {
		return Value{}, ErrTooLarge
	}
	if lim.Depth <= 0 {
		lim.Depth = DefaultDepth
	}
	if lim.Values <= 0 {
		lim.Values = DefaultValues
	}
	var doc *document
	if lim.Expect > 0 {
		doc = &document{nodes: make([]node, 0, lim.Expect)}
	} else if len(data) <= smallBytes {
		s := new(smallDocument)
		doc = &s.document
		doc.nodes = s.buf[:0]
	} else {
		doc = &document{nodes: make([]node, 0, min(len(data)/bytesPerNode, maxReserve))}
	}
	p := parser{data: data, nodes: doc.nodes}
	if err := p.parse(lim); err != nil {
		return Value{}, err
	}
	doc.nodes = p.nodes
	if p.escaped == 0 {
		doc.text = string(data)
	} else {
		doc.text = p.unescape()
	}
	return Value{doc, 0}, nil
}

type parser struct {
	data    []byte
	nodes   []node
	escaped int // total length of the strings with escapes, as written
}

// unescape returns the document's text and points the nodes of strings with
// escapes at their unescaped form. Doing it last makes it one allocation.
func (p *parser) unescape() string {
	var b strings.Builder
	b.Grow(len(p.data) + p.escaped) // escapes are longer than what they mean
	b.Write(p.data)
	for i := range p.nodes {
		if n := &p.nodes[i]; n.kind == rawString {
			raw := p.data[n.off:n.end]
			n.off = uint32(b.Len())
			writeUnescaped(&b, raw)
			n.end = uint32(b.Len())
			n.kind = String
		}
	}
	return b.String()
}

// parse walks the document with one loop rather than by recursion: an open
// container keeps the index of its parent in next until it is closed.
func (p *parser) parse(lim Limits) error {
	var (
		data   = p.data
		pos    = 0
		parent = uint32(noParent)
		depth  = 0
		values = 0
		c      byte
		err    error
	)
	if len(data) >= 3 && data[0] == 0xEF && data[1] == 0xBB && data[2] == 0xBF {
		pos = 3
	}

value:
	if pos = skipSpace(data, pos); pos == len(data) {
		return &SyntaxError{pos, reasonEnd}
	}
	if values++; values > lim.Values {
		return ErrTooLarge
	}
	switch c = data[pos]; c {
	case '"':
		if pos, err = p.string(pos); err != nil {
			return err
		}
	case '{', '[':
		if depth++; depth > lim.Depth {
			return ErrTooDeep
		}
		self := uint32(len(p.nodes))
		kind, closer := Object, byte('}')
		if c == '[' {
			kind, closer = Array, ']'
		}
		p.nodes = append(p.nodes, node{off: uint32(pos), next: parent, kind: kind})
		parent = self
		if pos = skipSpace(data, pos+1); pos == len(data) {
			return &SyntaxError{pos, reasonEnd}
		}
		if data[pos] == closer {
			goto closed
		}
		if kind == Array {
			goto value
		}
		goto name
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		end, ok := scanNumber(data, pos)
		if !ok {
			if end == len(data) {
				return &SyntaxError{end, reasonEnd}
			}
			return &SyntaxError{end, "invalid number"}
		}
		p.scalar(Number, pos, end)
		pos = end
	case 't':
		if pos, err = literal(data, pos, "true"); err != nil {
			return err
		}
		p.scalar(Bool, 0, 1)
	case 'f':
		if pos, err = literal(data, pos, "false"); err != nil {
			return err
		}
		p.scalar(Bool, 0, 0)
	case 'n':
		if pos, err = literal(data, pos, "null"); err != nil {
			return err
		}
		p.scalar(Null, 0, 0)
	default:
		return &SyntaxError{pos, "expected a value"}
	}

after:
	pos = skipSpace(data, pos)
	if parent == noParent {
		if pos != len(data) {
			return &SyntaxError{pos, "unexpected data after the document"}
		}
		return nil
	}
	p.nodes[parent].end++
	if pos == len(data) {
		return &SyntaxError{pos, reasonEnd}
	}
	c = data[pos]
	if p.nodes[parent].kind == Array {
		switch c {
		case ',':
			pos++
			goto value
		case ']':
			goto closed
		}
		return &SyntaxError{pos, "expected ',' or ']'"}
	}
	switch c {
	case ',':
		pos = skipSpace(data, pos+1)
		goto name
	case '}':
		goto closed
	}
	return &SyntaxError{pos, "expected ',' or '}'"}

name:
	if pos == len(data) {
		return &SyntaxError{pos, reasonEnd}
	}
	if data[pos] != '"' {
		return &SyntaxError{pos, "expected a member name in quotes"}
	}
	if pos, err = p.string(pos); err != nil {
		return err
	}
	if pos = skipSpace(data, pos); pos == len(data) {
		return &SyntaxError{pos, reasonEnd}
	}
	if data[pos] != ':' {
		return &SyntaxError{pos, "expected ':'"}
	}
	pos++
	goto value

closed:
	pos++
	depth--
	closed := &p.nodes[parent]
	parent, closed.next = closed.next, uint32(len(p.nodes))
	goto after
}

func (p *parser) scalar(kind Kind, off, end int) {
	p.nodes = append(p.nodes, node{uint32(off), uint32(end), uint32(len(p.nodes) + 1), kind})
}

func skipSpace(data []byte, i int) int {
	for i < len(data) {
		switch data[i] {
		case ' ', '\n', '\t', '\r':
			i++
		default:
			return i
		}
	}
	return i
}

func literal(data []byte, pos int, want string) (int, error) {
	for i := range len(want) {
		if pos+i == len(data) {
			return 0, &SyntaxError{pos + i, reasonEnd}
		}
		if data[pos+i] != want[i] {
			return 0, &SyntaxError{pos + i, "expected " + want}
		}
	}
	return pos + len(want), nil
}

// scanNumber returns the end of the number of the JSON grammar that begins at
// i. When it is not ok, the end is where a digit was missing.
func scanNumber[T string | []byte](s T, i int) (end int, ok bool) {
	digits := func() bool {
		start := i
		for i < len(s) && s[i]-'0' <= 9 {
			i++
		}
		return i > start
	}
	if i < len(s) && s[i] == '-' {
		i++
	}
	if i < len(s) && s[i] == '0' {
		// No digit may follow: what comes next faults a number like 01.
		if i++; i < len(s) && s[i]-'0' <= 9 {
			return i, false
		}
	} else if !digits() {
		return i, false
	}
	if i < len(s) && s[i] == '.' {
		if i++; !digits() {
			return i, false
		}
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		if i++; i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		if !digits() {
			return i, false
		}
	}
	return i, true
}

// clean marks the bytes that stand for themselves inside a JSON string.
var clean = func() (t [256]bool) {
	for c := 0x20; c < 0x80; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// special returns the position at or after i of the first byte that is not
// clean, or the length of b. It looks at eight bytes at a time.
func special[T string | []byte](b T, i int) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for ; i+8 <= len(b); i += 8 {
		x := load64(b[i : i+8])
		quote := x ^ '"'*ones
		slash := x ^ '\\'*ones
		// A byte's high bit is set when the byte is special. A borrow may set
		// others too, but only above the first, the one that is used.
		m := (x | (x-0x20*ones)&^x | (quote-ones)&^quote | (slash-ones)&^slash) & highs
		if m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
	}
	for i < len(b) && clean[b[i]] {
		i++
	}
	return i
}

// load64 reads eight bytes, the first as the lowest. The compiler makes it a
// single load.
func load64[T string | []byte](b T) uint64 {
	_ = b[7]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}

// string adds the string whose opening quote is at pos, and returns the
// position after its closing quote.
func (p *parser) string(pos int) (int, error) {
	data := p.data
	start := pos + 1
	escaped, high := false, false
	i := start
	for {
		i = special(data, i)
		if i == len(data) {
			return 0, &SyntaxError{i, reasonEnd}
		}
		c := data[i]
		if c == '"' {
			break
		}
		switch {
		case c >= utf8.RuneSelf:
			high = true
			for i++; i < len(data) && data[i] >= utf8.RuneSelf; i++ {
			}
		case c == '\\':
			escaped = true
			if i++; i == len(data) {
				return 0, &SyntaxError{i, reasonEnd}
			}
			switch data[i] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
				i++
			case 'u':
				escape := i - 1
				for n := 0; n < 4; n++ {
					if i++; i == len(data) {
						return 0, &SyntaxError{i, reasonEnd}
					}
					if unhex(data[i]) < 0 {
						return 0, &SyntaxError{i, "invalid \\u escape in string"}
					}
				}
				i++
				if utf16.IsSurrogate(hex4(data[i-4:])) {
					if !paired(data[escape:]) {
						return 0, &SyntaxError{escape, "surrogate without its pair in string"}
					}
					i += 6
				}
			default:
				return 0, &SyntaxError{i, "invalid escape in string"}
			}
		default:
			return 0, &SyntaxError{i, "control character in string"}
		}
	}
	if raw := data[start:i]; high && !utf8.Valid(raw) {
		return 0, &SyntaxError{start + firstInvalid(raw), "invalid UTF-8 in string"}
	}
	kind := String
	if escaped {
		kind = rawString
		p.escaped += i - start
	}
	p.scalar(kind, start, i)
	return i + 1, nil
}

func firstInvalid(b []byte) int {
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(b)
}

// writeUnescaped writes the content of a string that has been checked.
func writeUnescaped(b *strings.Builder, raw []byte) {
	for i := 0; ; {
		n := bytes.IndexByte(raw[i:], '\\')
		if n < 0 {
			b.Write(raw[i:])
			return
		}
		b.Write(raw[i : i+n])
		c := raw[i+n+1]
		i += n + 2
		switch c {
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'u':
			r := hex4(raw[i:])
			i += 4
			if utf16.IsSurrogate(r) { // with its pair
				r = utf16.DecodeRune(r, hex4(raw[i+2:]))
				i += 6
			}
			b.WriteRune(r)
			continue
		}
		b.WriteByte(c)
	}
}

// paired reports whether the escape of a surrogate that b begins with makes a
// character with the one that follows.
func paired(b []byte) bool {
	if len(b) < 12 || b[6] != '\\' || b[7] != 'u' {
		return false
	}
	for _, c := range b[8:12] {
		if unhex(c) < 0 {
			return false
		}
	}
	return utf16.DecodeRune(hex4(b[2:]), hex4(b[8:])) != utf8.RuneError
}

func hex4(b []byte) rune {
	return rune(unhex(b[0])<<12 | unhex(b[1])<<8 | unhex(b[2])<<4 | unhex(b[3]))
}

func unhex(c byte) int {
	switch {
	case c-'0' <= 9:
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}
