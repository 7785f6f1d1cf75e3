package rule

import (
	"slices"
	"strings"
)

// Subject is something that rules compare, for who puts a rule together without
// its language.
type Subject struct {
	// ID tells subjects apart: the field's name, that of an address after
	// "address.", and a key after a colon.
	ID        string
	Name, Key string
	InAddress bool
	Kind      SubjectKind
	// Ops are the operators of rows: those of the language, also after "NOT ".
	Ops []string
	// Choices are the only values; nil: any.
	Choices []string
}

// SubjectKind is what values a subject has.
type SubjectKind string

// The kinds of subjects.
const (
	KindText   SubjectKind = "text"
	KindNumber SubjectKind = "number"
	KindFlag   SubjectKind = "flag"
	KindTime   SubjectKind = "time" // a day, or a time where the field has one
	KindChoice SubjectKind = "choice"
	KindMember SubjectKind = "member"
	KindOwner  SubjectKind = "owner" // of which is only asked whether there is one
)

// Row is a comparison as a row of a form has it.
type Row struct{ Subject, Op, Value string }

// not is before operators that are turned around.
const not = "NOT "

// rowOps are the operators that rows have of those of the language.
func rowOps(f field) []string {
	var out []string
	for _, op := range operatorsOf[f.class] {
		switch op {
		case Between:
		case IsNull:
			if f.null {
				out = append(out, string(op), not+string(op))
			}
		case Contains, Starts, Ends, Member:
			out = append(out, string(op), not+string(op))
		default:
			out = append(out, string(op))
		}
	}
	return out
}

var kinds = map[class]SubjectKind{
	aText: KindText, aNumber: KindNumber, anAmount: KindNumber, aFlag: KindFlag, aMomentField: KindTime, aDayField: KindTime,
	aChoice: KindChoice, aThing: KindChoice, ticks: KindText, aMember: KindMember, anOwner: KindOwner,
}

// Subjects returns what rules of a store may compare, but for metafields, whose
// keys nobody lists.
func (n *Names) Subjects() []Subject {
	var out []Subject
	add := func(id, name, key string, address bool, f field) {
		s := Subject{ID: id, Name: name, Key: key, InAddress: address, Kind: kinds[f.class], Ops: rowOps(f), Choices: f.choices}
		switch {
		case name == "consent":
			s.Choices = n.Consents
		case f.class == aThing, f.class == aMember:
			s.Choices = namesOf(n.list(name))
		case f.class == aFlag:
			s.Choices = []string{"true", "false"}
		}
		out = append(out, s)
	}
	for _, name := range FieldNames(false) {
		f := customerFields[name]
		if !f.keyed {
			add(name, name, "", false, f)
			continue
		}
		for _, it := range n.list(name) {
			c := &cond{field: f}
			if n.key(c, &Node{Field: Field{Name: name, Key: it.Name, Keyed: true}}) == nil {
				add(name+":"+it.Name, name, it.Name, false, c.field)
			}
		}
	}
	for _, name := range FieldNames(true) {
		add("address."+name, name, "", true, addressFields[name])
	}
	return out
}

// Rows returns a rule as rows, of which all have to hold or, if any, one. ok is
// false for a rule that is more than that.
func (n *Node) Rows() (rows []Row, any, ok bool) {
	parts := []*Node{n}
	if n.Kind == And || n.Kind == Or {
		parts, any = n.Nodes, n.Kind == Or
	}
	for _, p := range parts {
		r, ok := p.row()
		if !ok {
			return nil, false, false
		}
		rows = append(rows, r)
	}
	return rows, any, true
}

func (n *Node) row() (r Row, ok bool) {
	prefix, before := "", ""
	if n.Kind == Address {
		n, prefix = n.Nodes[0], "address."
	}
	if n.Kind == Not {
		n, before = n.Nodes[0], not
	}
	if n.Kind != Compare || n.Op == Between {
		return r, false
	}
	if turned := n.Op == Contains || n.Op == Starts || n.Op == Ends || n.Op == IsNull || n.Op == Member; before != "" && !turned {
		return r, false
	}
	r.Subject, r.Op = prefix+n.Field.Name, before+string(n.Op)
	if n.Field.Keyed {
		if n.Field.Key == "" || n.Field.Name == "metafield" {
			return r, false
		}
		r.Subject += ":" + n.Field.Key
	}
	var values []string
	for _, v := range n.Values {
		if n.Op == In && strings.Contains(v.Text, ",") {
			return r, false
		}
		values = append(values, v.Text)
	}
	r.Value = strings.Join(values, ", ")
	return r, true
}

// OfRows returns the rule that rows say; nil where they say nothing. A row whose
// value is missing says nothing.
func OfRows(rows []Row, any bool, subjects []Subject) *Node {
	out := &Node{Kind: And}
	if any {
		out.Kind = Or
	}
	for _, r := range rows {
		i := slices.IndexFunc(subjects, func(s Subject) bool { return s.ID == r.Subject })
		if i < 0 {
			continue
		}
		if n := subjects[i].node(r); n != nil {
			out.Nodes = append(out.Nodes, n)
		}
	}
	return out.plain()
}

func (s *Subject) node(r Row) *Node {
	op, turned := strings.CutPrefix(r.Op, not)
	n := &Node{Kind: Compare, Field: Field{Name: s.Name, Key: s.Key, Keyed: s.Key != ""}, Op: Op(op)}
	if !slices.Contains(s.Ops, r.Op) {
		n.Op, turned = Op(s.Ops[0]), false
	}
	if n.Op != IsNull {
		texts := []string{r.Value}
		if n.Op == In {
			texts = strings.Split(r.Value, ",")
		}
		for _, text := range texts {
			if text = strings.TrimSpace(text); text != "" {
				n.Values = append(n.Values, s.value(text))
			}
		}
		if len(n.Values) == 0 {
			return nil
		}
	}
	if turned {
		n = &Node{Kind: Not, Nodes: []*Node{n}}
	}
	if s.InAddress {
		n = &Node{Kind: Address, Nodes: []*Node{n}}
	}
	return n
}

// value reads a value of a row as the subject has them.
func (s *Subject) value(text string) Value {
	number, is := plainNumber(text)
	switch {
	case s.Kind == KindFlag && (text == "true" || text == "false"):
		return Value{Kind: Flag, Text: text}
	case s.Kind == KindNumber && is, s.Kind == KindChoice && is && !slices.Contains(s.Choices, text):
		return Value{Kind: Number, Text: number}
	case s.Kind == KindTime:
		if r, ok := readRelative(text); ok {
			return Value{Kind: Relative, Text: r.text()}
		}
	}
	return Value{Kind: Text, Text: text}
}
