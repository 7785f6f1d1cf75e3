package rule

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Parse reads the text of a rule.
func Parse(text string) (*Node, error) {
	switch {
	case len(text) > MaxBytes:
		return nil, &Fault{Why: WhyBytes, Want: strconv.Itoa(MaxBytes), At: MaxBytes}
	case !utf8.ValidString(text) || strings.ContainsRune(text, 0):
		return nil, &Fault{Why: WhyText}
	}
	p := &parser{text: text}
	p.next()
	if p.tok.kind == tokEnd && p.err == nil {
		return nil, &Fault{Why: WhyEmpty}
	}
	n := p.or()
	if p.err == nil && p.tok.kind != tokEnd {
		p.expected("AND, OR or the end")
	}
	if p.err != nil {
		return nil, p.err
	}
	if err := n.bounds(); err != nil {
		return nil, err
	}
	return n, nil
}

type tokenKind uint8

const (
	tokEnd tokenKind = iota
	tokWord
	tokText
	tokNumber
	tokRelative
	tokSign // operators and brackets
)

type token struct {
	kind tokenKind
	text string // words in upper case, values as they are meant
	raw  string
	at   int
}

type parser struct {
	text string
	pos  int
	tok  token
	err  error
	// parentheses are bounded too: the parser calls itself for each.
	open int
}

// maxOpen bounds how deep parentheses and NOT may be written, beyond what counts
// as depth.
const maxOpen = 64

func (p *parser) fail(f *Fault) {
	if p.err == nil {
		p.err = f
	}
	p.tok = token{kind: tokEnd, at: p.tok.at}
	p.pos = len(p.text)
}

func (p *parser) expected(what string) {
	p.fail(&Fault{Why: WhyExpected, Value: p.tok.raw, Want: what, At: p.tok.at})
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }

// next reads a token.
func (p *parser) next() {
	if p.err != nil {
		return
	}
	for p.pos < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.pos]) >= 0 {
		p.pos++
	}
	at := p.pos
	p.tok = token{kind: tokEnd, at: at}
	if at == len(p.text) {
		return
	}
	switch c := p.text[at]; {
	case isLetter(c):
		for p.pos < len(p.text) && (isLetter(p.text[p.pos]) || isDigit(p.text[p.pos])) {
			p.pos++
		}
		p.tok.kind, p.tok.raw = tokWord, p.text[at:p.pos]
		p.tok.text = strings.ToUpper(p.tok.raw)
	case c == '\'':
		p.quoted(at)
	case isDigit(c), c == '-', c == '+':
		p.number(at)
	default:
		p.sign(at)
	}
}

func (p *parser) quoted(at int) {
	var b strings.Builder
	for i := at + 1; i < len(p.text); i++ {
		if p.text[i] != '\'' {
			b.WriteByte(p.text[i])
			continue
		}
		if i+1 < len(p.text) && p.text[i+1] == '\'' {
			b.WriteByte('\'')
			i++
			continue
		}
		p.pos = i + 1
		p.tok.kind, p.tok.text, p.tok.raw = tokText, b.String(), p.text[at:p.pos]
		return
	}
	p.fail(&Fault{Why: WhyOpen, At: at})
}

// number reads a number or a relative date.
func (p *parser) number(at int) {
	i := at
	if !isDigit(p.text[i]) {
		i++
	}
	digits := i
	for i < len(p.text) && isDigit(p.text[i]) {
		i++
	}
	whole := i > digits
	if i < len(p.text) && p.text[i] == '.' {
		from := i + 1
		for i = from; i < len(p.text) && isDigit(p.text[i]); i++ {
		}
		whole = whole && i > from
	}
	end := i
	for end < len(p.text) && (isLetter(p.text[end]) || isDigit(p.text[end]) || p.text[end] == '.') {
		end++
	}
	p.pos = end
	raw := p.text[at:end]
	p.tok.raw = raw
	if r, ok := readRelative(raw); ok {
		p.tok.kind, p.tok.text = tokRelative, r.text()
		return
	}
	text, ok := plainNumber(raw)
	if !whole || end > i || !ok {
		p.tok.kind = tokNumber
		p.fail(&Fault{Why: WhyNumber, Value: raw, At: at})
		return
	}
	p.tok.kind, p.tok.text = tokNumber, text
}

// maxNumber bounds how many characters a number has.
const maxNumber = 30

// plainNumber returns a decimal number without what says nothing.
func plainNumber(s string) (string, bool) {
	negative := strings.HasPrefix(s, "-")
	s = strings.TrimLeft(s, "+-")
	whole, part, _ := strings.Cut(s, ".")
	for _, digits := range []string{whole, part} {
		for i := range len(digits) {
			if !isDigit(digits[i]) {
				return "", false
			}
		}
	}
	if whole == "" || len(whole)+len(part) > maxNumber {
		return "", false
	}
	whole, part = strings.TrimLeft(whole, "0"), strings.TrimRight(part, "0")
	if whole == "" {
		whole = "0"
	}
	if part != "" {
		whole += "." + part
	}
	if negative && whole != "0" {
		whole = "-" + whole
	}
	return whole, true
}

func (p *parser) sign(at int) {
	for _, s := range []string{"!=", "<>", "<=", ">=", "<", ">", "=", "(", ")", "[", "]", ","} {
		if strings.HasPrefix(p.text[at:], s) {
			p.pos = at + len(s)
			p.tok.kind, p.tok.raw, p.tok.text = tokSign, s, s
			if s == "<>" {
				p.tok.text = "!="
			}
			return
		}
	}
	_, n := utf8.DecodeRuneInString(p.text[at:])
	p.tok.raw = p.text[at : at+n]
	what := "a field, a value or an operator"
	f := &Fault{Why: WhyExpected, Value: p.tok.raw, Want: what, At: at}
	if p.tok.raw == `"` || p.tok.raw == "’" || p.tok.raw == "‘" {
		f.Suggestion = "'"
	}
	p.fail(f)
}

func (p *parser) isSign(s string) bool { return p.tok.kind == tokSign && p.tok.text == s }
func (p *parser) isWord(s string) bool { return p.tok.kind == tokWord && p.tok.text == s }

func (p *parser) take(s string) {
	if !p.isSign(s) {
		p.expected(s)
		return
	}
	p.next()
}

func (p *parser) enter() bool {
	if p.open++; p.open > maxOpen {
		p.fail(&Fault{Why: WhyDepth, Want: strconv.Itoa(MaxDepth), At: p.tok.at})
		return false
	}
	return true
}

func (p *parser) or() *Node  { return p.chain(Or, "OR", p.and) }
func (p *parser) and() *Node { return p.chain(And, "AND", p.not) }

// chain reads parts that are joined by one word.
func (p *parser) chain(kind Kind, word string, part func() *Node) *Node {
	at := p.tok.at
	n := part()
	if !p.isWord(word) {
		return n
	}
	out := &Node{Kind: kind, At: at}
	out.add(n)
	for p.isWord(word) {
		p.next()
		out.add(part())
	}
	return out
}

// add adds a part, or its parts if it is of the same kind.
func (n *Node) add(part *Node) {
	if part != nil && part.Kind == n.Kind && (n.Kind == And || n.Kind == Or) {
		n.Nodes = append(n.Nodes, part.Nodes...)
		return
	}
	n.Nodes = append(n.Nodes, part)
}

func (p *parser) not() *Node {
	at := p.tok.at
	switch {
	case p.isWord("NOT"):
		if !p.enter() {
			return nil
		}
		defer func() { p.open-- }()
		p.next()
		return &Node{Kind: Not, Nodes: []*Node{p.not()}, At: at}
	case p.isSign("("):
		if !p.enter() {
			return nil
		}
		defer func() { p.open-- }()
		p.next()
		n := p.or()
		p.take(")")
		return n
	}
	return p.comparison()
}

func (p *parser) comparison() *Node {
	at := p.tok.at
	if p.tok.kind != tokWord || reserved(p.tok.text) {
		p.expected("a field")
		return nil
	}
	n := &Node{Kind: Compare, At: at, Field: Field{Name: strings.ToLower(p.tok.raw)}}
	p.next()
	switch {
	case n.Field.Name == "address" && p.isSign("("):
		if !p.enter() {
			return nil
		}
		defer func() { p.open-- }()
		p.next()
		inner := p.or()
		p.take(")")
		return &Node{Kind: Address, Nodes: []*Node{inner}, At: at}
	case n.Field.Name == "segment":
		n.Op = Member
		p.take("(")
		n.Values = append(n.Values, p.value())
		p.take(")")
		return n
	case p.isSign("["):
		p.next()
		p.key(&n.Field)
		p.take("]")
	}
	negated := p.isWord("NOT")
	notAt := p.tok.at
	if negated {
		p.next()
	}
	p.operator(n, negated)
	if negated {
		return &Node{Kind: Not, Nodes: []*Node{n}, At: notAt}
	}
	return n
}

func (p *parser) key(f *Field) {
	f.Keyed, f.KeyAt = true, p.tok.at
	switch p.tok.kind {
	case tokText:
		f.Key = p.tok.text
	case tokNumber:
		id, err := strconv.ParseInt(p.tok.text, 10, 64)
		if err != nil || id < 1 {
			p.fail(&Fault{Why: WhyNumber, Value: p.tok.raw, At: p.tok.at})
			return
		}
		f.ID = id
	default:
		p.expected("a name in '…'")
		return
	}
	p.next()
}

// operator reads an operator and its values. After NOT only words come.
func (p *parser) operator(n *Node, negated bool) {
	if p.tok.kind == tokSign && !negated {
		switch op := Op(p.tok.text); op {
		case Eq, Ne, Lt, Le, Gt, Ge:
			p.next()
			n.Op, n.Values = op, []Value{p.value()}
			return
		}
	}
	switch {
	case p.isWord("IN"):
		p.next()
		n.Op = In
		p.take("(")
		for {
			n.Values = append(n.Values, p.value())
			if p.err != nil || !p.isSign(",") {
				break
			}
			p.next()
		}
		p.take(")")
	case p.isWord("BETWEEN"):
		p.next()
		n.Op = Between
		n.Values = append(n.Values, p.value())
		p.word("AND")
		n.Values = append(n.Values, p.value())
	case p.isWord("CONTAINS"):
		p.next()
		n.Op, n.Values = Contains, []Value{p.value()}
	case p.isWord("STARTS"):
		p.next()
		p.word("WITH")
		n.Op, n.Values = Starts, []Value{p.value()}
	case p.isWord("ENDS"):
		p.next()
		p.word("WITH")
		n.Op, n.Values = Ends, []Value{p.value()}
	case p.isWord("IS") && !negated:
		p.next()
		n.Op = IsNull
		if p.isWord("NOT") {
			at := p.tok.at
			p.next()
			p.word("NULL")
			inner := *n
			*n = Node{Kind: Not, Nodes: []*Node{&inner}, At: at}
			return
		}
		p.word("NULL")
	default:
		f := &Fault{Why: WhyExpected, Value: p.tok.raw, Want: "an operator", At: p.tok.at}
		if p.tok.kind == tokWord {
			f.Suggestion = nearest(p.tok.text, []string{"IN", "BETWEEN", "CONTAINS", "STARTS WITH", "ENDS WITH", "IS NULL"})
			if p.tok.text == "LIKE" {
				f.Suggestion = "CONTAINS"
			}
		}
		p.fail(f)
	}
}

func (p *parser) word(w string) {
	if !p.isWord(w) {
		p.expected(w)
		return
	}
	p.next()
}

func (p *parser) value() Value {
	v := Value{At: p.tok.at}
	switch {
	case p.tok.kind == tokText:
		v.Kind, v.Text = Text, p.tok.text
	case p.tok.kind == tokNumber:
		v.Kind, v.Text = Number, p.tok.text
	case p.tok.kind == tokRelative:
		v.Kind, v.Text = Relative, p.tok.text
	case p.isWord("TRUE"), p.isWord("FALSE"):
		v.Kind, v.Text = Flag, strings.ToLower(p.tok.text)
	default:
		f := &Fault{Why: WhyExpected, Value: p.tok.raw, Want: "a value", At: p.tok.at}
		if p.tok.kind == tokWord && p.tok.text != "" {
			f.Suggestion = quote(p.tok.raw)
		}
		p.fail(f)
		return v
	}
	p.next()
	return v
}

// reserved reports whether a word cannot be a field.
func reserved(word string) bool {
	switch word {
	case "AND", "OR", "NOT", "IN", "BETWEEN", "CONTAINS", "STARTS", "ENDS", "WITH", "IS", "NULL", "TRUE", "FALSE":
		return true
	}
	return false
}

// bounds holds a rule to its bounds.
func (n *Node) bounds() error {
	comparisons, values := 0, 0
	var walk func(n *Node, depth int) error
	walk = func(n *Node, depth int) error {
		if n.Kind == Compare {
			if comparisons++; comparisons > MaxComparisons {
				return &Fault{Why: WhyComparisons, Want: strconv.Itoa(MaxComparisons), At: n.At}
			}
			if values += len(n.Values); values > MaxValues {
				return &Fault{Why: WhyValues, Want: strconv.Itoa(MaxValues), At: n.At}
			}
			return nil
		}
		if depth > MaxDepth {
			return &Fault{Why: WhyDepth, Want: strconv.Itoa(MaxDepth), At: n.At}
		}
		for _, c := range n.Nodes {
			if err := walk(c, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	return walk(n, 1)
}
