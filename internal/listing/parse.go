package listing

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"clientele/internal/email"
	"clientele/internal/fault"
	"clientele/internal/fold"
	"clientele/internal/jsonx"
	"clientele/internal/sqldb"
)

// Filter is one condition; its values are alternatives.
type Filter struct {
	Field *Field
	Op    Op
	Ints  []int64 // of all kinds but text
	Texts []string
}

// Query is a parsed request for a list.
type Query struct {
	Filters []Filter
	Sort    *Sort // nil for the default order
	Desc    bool
	Page    int64 // from 1
	Limit   int64
	After   *Cursor
	Before  *Cursor
	include uint32
	members uint32
	untold  bool
	spec    *Spec
	// params are the parameters that links repeat, by name.
	params []param
}

type param struct{ name, value string }

// New returns a Query for the first page with default limit and no filters.
func (s *Spec) New() *Query {
	return &Query{spec: s, Page: 1, Limit: DefaultLimit, Desc: s.Descending}
}

// WithoutTotal has Run leave the total out, and returns q.
func (q *Query) WithoutTotal() *Query {
	q.untold = true
	return q
}

// Includes reports whether a sub-resource was asked for.
func (q *Query) Includes(name string) bool {
	i := slices.Index(q.spec.Includes, name)
	return i >= 0 && q.include&(1<<i) != 0
}

// Include asks for a sub-resource, which must be declared, and returns q.
func (q *Query) Include(name string) *Query {
	i := slices.Index(q.spec.Includes, name)
	if i < 0 {
		panic("listing: undeclared include " + name)
	}
	q.include |= 1 << i
	return q
}

// Shows reports whether the answer's rows have a member: all do unless
// include_fields named some.
func (q *Query) Shows(name string) bool {
	i := slices.Index(q.spec.Members, name)
	return q.members == 0 || i >= 0 && q.members&(1<<i) != 0
}

// Where adds a condition that any of the values may meet. The field and
// operator must be declared.
func (q *Query) Where(name string, op Op, ints []int64, texts []string) *Query {
	f, op, ok := q.spec.field((&Field{Name: name}).Param(op))
	if !ok {
		panic("listing: undeclared filter " + name)
	}
	q.Filters = append(q.Filters, Filter{Field: f, Op: op, Ints: ints, Texts: texts})
	return q
}

// Parse reads a raw query string. Every parameter that is not declared is an
// error, an empty one ("?&page=2") too, as the original treats it. Of a
// single-valued parameter given twice the last counts; lists add up.
func (s *Spec) Parse(raw string) (*Query, error) {
	q := s.New()
	if raw == "" {
		return q, nil
	}
	if len(raw) > maxQuery {
		return nil, fault.New(fault.TooLarge, "The query string is too long.")
	}
	p := parser{q: q, spec: s}
	for part := range strings.SplitSeq(raw, "&") {
		key, value, _ := strings.Cut(part, "=")
		name, err1 := url.QueryUnescape(key)
		text, err2 := url.QueryUnescape(value)
		if err1 != nil || err2 != nil || !clean(name) || !clean(text) {
			p.bad(strings.ToValidUTF8(key, "?"), fault.BadFormat, "wrong percent-encoding, or not text")
			continue
		}
		p.param(name, text)
	}
	if p.unknown == nil && p.sortSeen {
		p.sort()
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	slices.SortStableFunc(q.params, func(a, b param) int { return strings.Compare(a.name, b.name) })
	return q, nil
}

// clean reports whether s is text that every engine stores.
func clean(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

type parser struct {
	q        *Query
	spec     *Spec
	items    []fault.Item
	unknown  []string
	sortSeen bool
	sortText string
	after    string
	before   string
}

func (p *parser) bad(field string, code fault.Code, message string) {
	if len(p.items) >= maxFaults {
		return
	}
	p.items = append(p.items, fault.Item{Path: field, Code: code, Message: message})
}

func (p *parser) err() error {
	q := p.q
	if len(p.unknown) > 0 {
		return &fault.Error{Kind: fault.BadFilter, Message: "unknown filters", Items: unknownItems(p.unknown)}
	}
	for _, c := range []struct {
		name, text string
		to         **Cursor
	}{{"after", p.after, &q.After}, {"before", p.before, &q.Before}} {
		if c.text == "" {
			continue
		}
		cur, ok := decodeCursor(c.text, p.spec.key(), q.Sort)
		if !ok {
			p.bad(c.name, fault.BadCursor, "not a cursor of this list and order")
			continue
		}
		*c.to = cur
	}
	if q.After != nil && q.Before != nil {
		p.bad("before", fault.NotAccepted, "before and after exclude each other")
	}
	if len(p.items) > 0 {
		return &fault.Error{Kind: fault.BadFilter, Message: "invalid filters", Items: p.items}
	}
	return nil
}

func unknownItems(names []string) []fault.Item {
	items := make([]fault.Item, len(names))
	for i, n := range names {
		items[i] = fault.Item{Path: n, Code: fault.UnknownFilter, Message: "not a filter of this list"}
	}
	return items
}

func (p *parser) param(name, text string) {
	s, q := p.spec, p.q
	if f, op, ok := s.field(name); ok && !f.Hidden {
		p.filter(f, op, name, text)
		p.keep(name, text)
		return
	}
	switch {
	case name == "page" && !s.Unpaged && !s.Unnumbered:
		p.number(name, text, maxPage, &q.Page)
	case name == "limit" && !s.Unpaged:
		p.number(name, text, maxPage, &q.Limit)
		q.Limit = min(q.Limit, MaxLimit)
	case name == "include" && len(s.Includes) > 0:
		p.names(name, text, s.Includes, &q.include)
		p.keep(name, text)
	case name == "include_fields" && len(s.Members) > 0:
		p.names(name, text, s.Members, &q.members)
		p.keep(name, text)
	case name == "direction" && s.Direction:
		if text != "asc" && text != "desc" {
			p.bad(name, fault.NotAccepted, "direction must be asc or desc")
		}
		q.Desc = text == "desc"
		p.keep(name, text)
	case name == "sort" && len(s.Sorts) > 0:
		p.sortSeen, p.sortText = true, text
		p.keep(name, text)
	case name == "after" && s.Cursors:
		p.after = text
	case name == "before" && s.Cursors:
		p.before = text
	default:
		if len(p.unknown) < maxFaults {
			p.unknown = append(p.unknown, name)
		}
	}
}

// names reads a comma-separated list of names into a set of bits.
func (p *parser) names(name, text string, known []string, to *uint32) {
	for v := range strings.SplitSeq(text, ",") {
		v = strings.TrimSpace(v)
		if i := slices.Index(known, v); i >= 0 {
			*to |= 1 << i
		} else if v != "" {
			p.bad(name, fault.NotAccepted, fmt.Sprintf("%q is not one of %s", v, strings.Join(known, ", ")))
		}
	}
}

func (p *parser) keep(name, value string) {
	p.q.params = append(p.q.params, param{name, value})
}

func (p *parser) number(name, text string, limit int64, to *int64) {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil || n < 1 || n > limit {
		p.bad(name, fault.BadFormat, "want an integer of 1 or more")
		return
	}
	*to = n
}

func (p *parser) sort() {
	name, dir, ok := strings.Cut(p.sortText, ":")
	if !ok {
		dir = "asc"
	}
	for i := range p.spec.Sorts {
		if s := &p.spec.Sorts[i]; s.Name == name && (dir == "asc" || dir == "desc") {
			p.q.Sort, p.q.Desc = s, dir == "desc"
			return
		}
	}
	p.bad("sort", fault.NotAccepted, "not an order of this list")
}

func (p *parser) filter(f *Field, op Op, name, text string) {
	values := []string{text}
	if op == In || op == Like {
		values = strings.Split(text, ",")
	}
	if p.spec.Deletes && !slices.ContainsFunc(values, f.says) {
		p.bad(name, fault.Required, "a filter of what is deleted needs a value")
		return
	}
	flt := p.find(f, op)
	if op != In && op != Like {
		flt.Ints, flt.Texts = nil, nil // the last one counts
	}
	for _, v := range values {
		v = strings.TrimSpace(v)
		if v == "" && (op == In || op == Like) && (f.Kind == Int || op == Like) {
			continue // "4,5," and an empty list
		}
		switch f.Kind {
		case Int:
			n, err := strconv.ParseInt(v, 10, 64)
			if err != nil {
				want := "want integers separated by commas"
				if op == Eq {
					want = "want an integer"
				}
				p.bad(name, fault.BadFormat, want)
				return
			}
			flt.Ints = append(flt.Ints, n)
		case Time, UnixTime:
			lo, hi, ok := parseTime(v)
			if n, err := strconv.ParseInt(v, 10, 64); f.Kind == UnixTime && err == nil {
				lo, hi, ok = n, n, true
			}
			if !ok {
				p.bad(name, fault.BadFormat, "want a date such as 2024-05-14 or 2024-05-14T09:34:00")
				return
			}
			flt.Ints = []int64{lo, hi}
		case Flag:
			b, ok := parseFlag(v)
			if !ok {
				p.bad(name, fault.BadFormat, "want true or false")
				return
			}
			flt.Ints = []int64{sqldb.Flag(b)}
		case Money:
			n, ok, _ := jsonx.ParseDecimal(v, moneyScale) // rounded as what is kept is
			if !ok {
				p.bad(name, fault.BadFormat, "want an amount such as 12.5")
				return
			}
			flt.Ints = append(flt.Ints, n)
		case Folded:
			flt.Texts = append(flt.Texts, fold.Text(v))
		case Email:
			// Older rows may be kept under another key of the same address.
			for _, k := range email.Keys(v) {
				if email.Key(k) == email.Key(v) {
					flt.Texts = append(flt.Texts, k)
				}
			}
		default:
			if f.Values != nil {
				stored, ok := f.Values[v]
				if !ok {
					p.bad(name, fault.NotAccepted, fmt.Sprintf("%q is not one of %s", v, strings.Join(slices.Sorted(maps.Keys(f.Values)), ", ")))
					return
				}
				v = stored
			}
			flt.Texts = append(flt.Texts, v)
		}
	}
	if len(flt.Ints) > maxValues || len(flt.Texts) > maxValues || op == Like && len(flt.Texts) > maxLikes {
		p.bad(name, fault.TooManyItems, "too many values")
	}
}

// says reports whether a value of a filter says anything once it is folded.
func (f *Field) says(value string) bool {
	value = strings.TrimSpace(value)
	return value != "" && (f.Kind != Folded || fold.Text(value) != "")
}

func (p *parser) find(f *Field, op Op) *Filter {
	for i := range p.q.Filters {
		if flt := &p.q.Filters[i]; flt.Field == f && flt.Op == op {
			return flt
		}
	}
	p.q.Filters = append(p.q.Filters, Filter{Field: f, Op: op})
	return &p.q.Filters[len(p.q.Filters)-1]
}

const moneyScale = 4

func parseFlag(s string) (value, ok bool) {
	switch strings.ToLower(s) {
	case "true", "1":
		return true, true
	case "false", "0":
		return false, true
	}
	return false, false
}
