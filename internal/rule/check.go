package rule

import (
	"slices"
	"strconv"
	"strings"

	"clientele/internal/fold"
	"clientele/internal/jsonx"
)

// CreditScale is how many decimal places store credit has.
const CreditScale = 4

// Checked is a rule of which everything is known and of its type.
type Checked struct {
	Root  *Node
	conds map[*Node]*cond
}

// cond is a comparison that was checked.
type cond struct {
	field
	name      string
	id        int64 // of what its key names
	ofAddress bool
	gone      bool // what the key names is
	number    bool // texts that are to be compared as numbers
	ids       []int64
	texts     []string // folded
	amounts   []int64
	flag      bool
}

// Check holds a rule to its types and to the names of a store.
func (n *Names) Check(r *Node) (*Checked, error) {
	c := &Checked{Root: r, conds: map[*Node]*cond{}}
	if err := n.check(c, r, false); err != nil {
		return nil, err
	}
	return c, nil
}

func (n *Names) check(c *Checked, r *Node, address bool) error {
	switch r.Kind {
	case Compare:
		out, err := n.comparison(r, address)
		c.conds[r] = out
		return err
	case Address:
		if address {
			return &Fault{Why: WhyInAddress, Value: "address", Want: strings.Join(FieldNames(true), ", "), At: r.At}
		}
		address = true
	}
	for _, inner := range r.Nodes {
		if err := n.check(c, inner, address); err != nil {
			return err
		}
	}
	return nil
}

func (n *Names) comparison(r *Node, address bool) (*cond, error) {
	fields, why := customerFields, WhyField
	if address {
		fields, why = addressFields, WhyInAddress
	}
	f, ok := fields[r.Field.Name]
	if !ok {
		return nil, &Fault{Why: why, Value: r.Field.Name, Want: strings.Join(FieldNames(address), ", "), At: r.At, Suggestion: nearest(r.Field.Name, FieldNames(address))}
	}
	out := &cond{field: f, name: r.Field.Name, ofAddress: address}
	if out.name == "consent" {
		out.choices = n.Consents
	}
	switch {
	case r.Field.Keyed && !f.keyed:
		return nil, &Fault{Why: WhyNoKey, Value: r.Field.Name, At: r.Field.KeyAt, Suggestion: r.Field.Name}
	case f.keyed && !r.Field.Keyed:
		return nil, &Fault{Why: WhyKey, Value: r.Field.Name, At: r.At, Suggestion: r.Field.Name + "['…']"}
	case f.keyed:
		if err := n.key(out, r); err != nil {
			return nil, err
		}
	}
	ops := operatorsOf[out.class]
	if !slices.Contains(ops, r.Op) || r.Op == IsNull && !f.null {
		names := make([]string, 0, len(ops))
		for _, op := range ops {
			if op != IsNull || f.null {
				names = append(names, string(op))
			}
		}
		return nil, &Fault{Why: WhyOp, Value: string(r.Op), Want: strings.Join(names, ", "), At: r.At, Suggestion: suggestOp(out.class, r.Op)}
	}
	for i := range r.Values {
		if err := n.value(out, r, &r.Values[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func suggestOp(c class, op Op) string {
	switch {
	case c == ticks && (op == Starts || op == Ends), c == aThing && op == Contains:
		return string(Eq)
	case c == aText && (op == Ge || op == Gt):
		return string(Starts)
	}
	return ""
}

// key finds what the key of a field names.
func (n *Names) key(out *cond, r *Node) error {
	f := &r.Field
	if f.Name == "metafield" {
		namespace, key, ok := strings.Cut(f.Key, ".")
		if f.ID != 0 || !ok || namespace == "" || key == "" {
			return &Fault{Why: WhyKey, Value: f.Name, At: f.KeyAt, Suggestion: "metafield['namespace.key']"}
		}
		out.class = aText
		out.number = len(r.Values) > 0 && r.Values[0].Kind == Number
		if out.number {
			out.class = aNumber
		}
		return nil
	}
	list := n.list(f.Name)
	var found *Named
	if f.ID != 0 {
		found = byID(list, f.ID)
	} else {
		var several int
		if found, several = find(list, f.Key); several > 1 {
			return &Fault{Why: WhySeveral, Value: f.Key, At: f.KeyAt, Suggestion: strconv.FormatInt(found.ID, 10)}
		}
	}
	if found == nil && n.Stored {
		out.gone, out.class = true, aGoneField
		return nil
	}
	if found == nil || found.Type == typePassword {
		return n.unknown(f.Name, keyText(f), f.KeyAt)
	}
	out.id = found.ID
	switch found.Type {
	case typeNumber:
		out.class, out.number = aNumber, true
	case typeDate:
		out.class = aDayField
	case typeTicks:
		out.class, out.many = ticks, true
	default:
		out.class = aText
	}
	return nil
}

func keyText(f *Field) string {
	if f.ID != 0 {
		return strconv.FormatInt(f.ID, 10)
	}
	return f.Key
}

func (n *Names) unknown(field, text string, at int) error {
	f := &Fault{Why: WhyName, Value: text, Want: field, At: at}
	open := slices.DeleteFunc(slices.Clone(n.list(field)), func(it Named) bool { return it.Type == typePassword })
	if near := nearest(text, namesOf(open)); near != "" {
		f.Suggestion = quote(near)
	}
	return f
}

// value holds a value to the field's type.
func (n *Names) value(out *cond, r *Node, v *Value) error {
	wrong := func(want, suggestion string) error {
		return &Fault{Why: WhyValue, Value: v.Text, Want: want, At: v.At, Suggestion: suggestion}
	}
	switch out.class {
	case aText, ticks, aChoice:
		if v.Kind != Text {
			return wrong("a text", quote(v.Text))
		}
		return out.text(r, v)
	case aFlag:
		if v.Kind != Flag {
			return wrong("true or false", "true")
		}
		out.flag = (v.Text == "true") == (r.Op == Eq)
	case aNumber:
		if v.Kind != Number {
			suggestion := ""
			if text, ok := plainNumber(v.Text); ok {
				suggestion = text
			}
			return wrong("a number", suggestion)
		}
		if out.number {
			out.texts = append(out.texts, v.Text)
			break
		}
		id, err := strconv.ParseInt(v.Text, 10, 64)
		if err != nil {
			return wrong("a whole number", "")
		}
		out.ids = append(out.ids, id)
	case anAmount:
		amount, ok, exact := jsonx.ParseDecimal(v.Text, CreditScale)
		if v.Kind != Number || !ok || !exact {
			return wrong("an amount with four decimal places at most", "")
		}
		out.amounts = append(out.amounts, amount)
	case aMomentField, aDayField:
		kind := v.kindOfDate()
		if kind == noDate || kind == aMoment && out.class == aDayField {
			want := "a day such as '2024-05-14' or -90d, or a time such as '2024-05-14T09:30:00' or -6h"
			if out.class == aDayField {
				want = "a day such as '2024-05-14' or -90d"
			}
			return &Fault{Why: WhyDate, Value: v.Text, Want: want, At: v.At, Suggestion: suggestDay(v)}
		}
	case aThing:
		return n.thing(out, v)
	case aMember:
		s := n.segment(v.Text)
		if s == nil && n.Stored {
			out.gone = true
			return nil
		}
		if v.Kind != Text || s == nil {
			return n.unknown("segment", v.Text, v.At)
		}
		out.ids = append(out.ids, s.ID)
	}
	return n.inOrder(out, r)
}

// suggestDay guesses which day a text says.
func suggestDay(v *Value) string {
	if v.Kind == Number {
		return "-" + strings.TrimPrefix(v.Text, "-") + "d"
	}
	if r, ok := readRelative(v.Text); ok {
		if v.Kind == Relative { // hours, where days are compared
			return ""
		}
		return r.text()
	}
	digits := strings.FieldsFunc(v.Text, func(r rune) bool { return r < '0' || r > '9' })
	if len(digits) == 3 && len(digits[0]) == 4 && len(digits[1]) <= 2 && len(digits[2]) <= 2 {
		return quote(digits[0] + "-" + ("0" + digits[1])[len(digits[1])-1:] + "-" + ("0" + digits[2])[len(digits[2])-1:])
	}
	return ""
}

func (out *cond) text(r *Node, v *Value) error {
	text := out.fold(v.Text)
	if text == "" {
		return &Fault{Why: WhyBlank, Value: v.Text, At: v.At, Suggestion: "IS NULL"}
	}
	if out.choices != nil && !slices.Contains(out.choices, text) {
		f := &Fault{Why: WhyChoice, Value: v.Text, Want: strings.Join(out.choices, ", "), At: v.At}
		if near := nearest(v.Text, out.choices); near != "" {
			f.Suggestion = quote(near)
		}
		return f
	}
	out.texts = append(out.texts, text)
	return nil
}

// fold brings a text to the form in which the field is compared.
func (out *cond) fold(s string) string {
	if out.folded {
		return fold.Text(s)
	}
	return lowerASCII(s)
}

// lowerASCII is what lower does in SQL, on both engines alike.
func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

func (n *Names) thing(out *cond, v *Value) error {
	list := n.list(out.name)
	switch v.Kind {
	case Number:
		id, err := strconv.ParseInt(v.Text, 10, 64)
		if err != nil || byID(list, id) == nil && !n.Stored {
			return n.unknown(out.name, v.Text, v.At)
		}
		out.ids = append(out.ids, id)
	case Text:
		found, several := find(list, v.Text)
		if found == nil {
			return n.unknown(out.name, v.Text, v.At)
		}
		if several > 1 {
			return &Fault{Why: WhySeveral, Value: v.Text, At: v.At, Suggestion: strconv.FormatInt(found.ID, 10)}
		}
		out.ids = append(out.ids, found.ID)
	default:
		return &Fault{Why: WhyValue, Value: v.Text, Want: "a name or a number", At: v.At}
	}
	return nil
}

// inOrder refuses ranges of numbers that end before they begin.
func (n *Names) inOrder(out *cond, r *Node) error {
	if r.Op != Between {
		return nil
	}
	backward := false
	switch {
	case len(out.ids) == 2:
		backward = out.ids[0] > out.ids[1]
	case len(out.amounts) == 2:
		backward = out.amounts[0] > out.amounts[1]
	case len(out.texts) == 2 && out.number:
		x, _ := strconv.ParseFloat(out.texts[0], 64)
		y, _ := strconv.ParseFloat(out.texts[1], 64)
		backward = x > y
	}
	if backward {
		return &Fault{Why: WhyOrder, Value: r.Values[0].Text, At: r.Values[0].At, Suggestion: r.Values[1].Text + " AND " + r.Values[0].Text}
	}
	return nil
}
