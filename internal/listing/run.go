package listing

import (
	"strconv"
	"strings"

	"clientele/internal/sqldb"
)

// Result tells about a page what the rows themselves do not.
type Result struct {
	Count int64
	// Total is the number of rows of the whole list, -1 in cursor mode.
	Total int64
	// First and Last are the cursors of the page's ends, nil when it is empty.
	First, Last *Cursor
	// Before and After tell whether there are rows beyond the ends.
	Before, After bool
}

// Run fetches a page: each is called per row, in the list's order, with the
// given columns, the first of which is the id. total serves unfiltered lists.
func (q *Query) Run(tx *sqldb.Tx, columns string, total *sqldb.Stmt, each func(*sqldb.Row) error) (*Result, error) {
	b := q.builder(tx)
	cursor := q.After != nil || q.Before != nil
	res := &Result{Total: -1}

	// A page before a cursor is read backwards and turned around.
	desc := q.Desc != (q.Before != nil)
	from := q.After
	if from == nil {
		from = q.Before
	}
	filtered := b.conditions > 0
	offset := (q.Page - 1) * q.Limit
	if cursor {
		offset = 0
	}
	counted := false
	if !cursor && !filtered && total != nil && offset > 0 {
		if err := tx.Query(total, intoInt(&res.Total)); err != nil {
			return nil, err
		}
		counted = true
		if offset >= res.Total {
			return res, nil
		}
		if q.Sort == nil && q.spec.Blocks != 0 && offset > 1<<shifts[len(shifts)-1] {
			bound, rest, ok, err := seek(tx, q.spec.Blocks, desc, offset)
			if err != nil {
				return nil, err
			}
			if !ok {
				return res, nil
			}
			op := " >= "
			if desc {
				op = " <= "
			}
			b.sql.WriteString(" AND id" + op)
			b.param(bound)
			offset = rest
		}
	}
	if from != nil {
		b.keyset(from, q.Sort, desc)
	}
	where := b.sql.String()
	args := b.args

	var text strings.Builder
	text.WriteString("SELECT ")
	text.WriteString(columns)
	keyColumn := -1
	if q.Sort != nil {
		keyColumn = strings.Count(columns, ",") + 1
		text.WriteString(", ")
		text.WriteString(q.Sort.Column)
	}
	text.WriteString(" FROM ")
	text.WriteString(q.spec.Table)
	text.WriteString(where)
	text.WriteString(order(q.Sort, desc))
	b.sql.Reset()
	b.sql.WriteString(" LIMIT ")
	b.param(q.Limit + 1)
	if offset > 0 {
		b.sql.WriteString(" OFFSET ")
		b.param(offset)
	}
	text.WriteString(b.sql.String())

	more := false
	var first, last Cursor
	row := func(r *sqldb.Row) error {
		if res.Count == q.Limit {
			more = true
			return nil
		}
		last = Cursor{ID: r.Int(0)}
		if keyColumn >= 0 {
			if q.Sort.Kind == Int || q.Sort.Kind == Time {
				last.Int = r.Int(keyColumn)
			} else {
				last.Str = r.Text(keyColumn)
			}
		}
		if res.Count == 0 {
			first = last
		}
		res.Count++
		return each(r)
	}
	page := sqldb.Q{Stmt: b.stmt(text.String()), Args: b.args, Each: row}
	if !cursor && !filtered && total != nil && !counted {
		if err := tx.Pipeline(page, sqldb.Q{Stmt: total, Each: intoInt(&res.Total)}); err != nil {
			return nil, err
		}
	} else if err := tx.Pipeline(page); err != nil {
		return nil, err
	}

	if res.Count > 0 {
		res.First, res.Last = &first, &last
	}
	switch {
	case q.Before != nil:
		res.First, res.Last = res.Last, res.First
		res.Before, res.After = more, true
	case q.After != nil:
		res.Before, res.After = true, more
	default:
		res.Before, res.After = q.Page > 1, more
		if res.Total < 0 {
			if !more && (res.Count > 0 || q.Page == 1) {
				res.Total = (q.Page-1)*q.Limit + res.Count
			} else {
				count := b.stmt("SELECT COUNT(*) FROM " + q.spec.Table + where)
				if err := tx.Query(count, intoInt(&res.Total), args...); err != nil {
					return nil, err
				}
			}
		}
	}
	return res, nil
}

// Reversed reports whether Run delivers rows from the last to the first.
func (q *Query) Reversed() bool { return q.Before != nil }

func intoInt(to *int64) func(*sqldb.Row) error {
	return func(r *sqldb.Row) error { *to = r.Int(0); return nil }
}

// IDs returns the ids of the rows that meet the conditions and locks the rows
// for deletion. An empty set of conditions selects nothing.
func (q *Query) IDs(tx *sqldb.Tx) ([]int64, error) {
	b := q.builder(tx)
	if b.conditions == 0 {
		return nil, nil
	}
	var ids []int64
	text := "SELECT id FROM " + q.spec.Table + b.sql.String() + " ORDER BY id" + tx.ForDelete()
	err := tx.Query(b.stmt(text), func(r *sqldb.Row) error {
		ids = append(ids, r.Int(0))
		return nil
	}, b.args...)
	return ids, err
}

// builder writes conditions; $1 is the store.
type builder struct {
	tx         *sqldb.Tx
	sql        strings.Builder
	args       []any
	conditions int
	replan     bool
}

func (q *Query) builder(tx *sqldb.Tx) *builder {
	b := &builder{tx: tx}
	b.sql.WriteString(" WHERE store_id = $1")
	for i := range q.Filters {
		b.filter(&q.Filters[i])
	}
	return b
}

func (b *builder) stmt(text string) *sqldb.Stmt {
	if b.replan {
		return sqldb.Replanned(text)
	}
	return sqldb.Dynamic(text)
}

func (b *builder) param(v any) {
	b.args = append(b.args, v)
	b.sql.WriteByte('$')
	b.sql.WriteString(strconv.Itoa(len(b.args) + 1))
}

// list writes (…) with the values. Lists are padded to a power of two by
// repeating the last value, so that few statement texts arise.
func (b *builder) list(f *Filter) {
	n := len(f.Ints) + len(f.Texts)
	b.sql.WriteByte('(')
	for i, size := 0, 1; i < size; i++ {
		for size < n {
			size *= 2
		}
		if i > 0 {
			b.sql.WriteByte(',')
		}
		if len(f.Ints) > 0 {
			b.param(f.Ints[min(i, n-1)])
		} else {
			b.param(f.Texts[min(i, n-1)])
		}
	}
	b.sql.WriteByte(')')
}

func (b *builder) filter(f *Filter) {
	b.conditions++
	b.sql.WriteString(" AND ")
	col := f.Field.Column
	if len(f.Ints)+len(f.Texts) == 0 {
		b.sql.WriteString("1 = 0") // an empty list matches nothing
		return
	}
	switch f.Op {
	case In:
		b.in(f)
	case Like:
		b.replan = true
		b.sql.WriteByte('(')
		for i, v := range f.Texts {
			if i > 0 {
				b.sql.WriteString(" OR ")
			}
			b.args = append(b.args, v)
			b.sql.WriteString(b.tx.Contains(col, len(b.args)+1))
		}
		b.sql.WriteByte(')')
	case Eq:
		if f.Field.Kind == Time {
			b.sql.WriteString(col)
			b.sql.WriteString(" >= ")
			b.param(f.Ints[0])
			b.sql.WriteString(" AND ")
			b.sql.WriteString(col)
			b.sql.WriteString(" <= ")
			b.param(f.Ints[1])
			return
		}
		b.in(f)
	case Min, Max:
		b.sql.WriteString(col)
		if f.Op == Min {
			b.sql.WriteString(" >= ")
		} else {
			b.sql.WriteString(" <= ")
		}
		b.param(f.Ints[0])
	}
}

// in writes that a column has one of the values.
func (b *builder) in(f *Filter) {
	col, where := f.Field.Column, f.Field.Where
	switch {
	case strings.Contains(where, "{in}"):
		before, after, _ := strings.Cut(where, "{in}")
		b.sql.WriteString(before)
		b.list(f)
		b.sql.WriteString(after)
		return
	case where != "":
		b.args = append(b.args, f.Texts[len(f.Texts)-1])
		b.sql.WriteString(strings.ReplaceAll(where, "{value}", "$"+strconv.Itoa(len(b.args)+1)))
		return
	}
	if f.Field.NonEmpty && !hasEmpty(f) {
		// Lets the index be used that leaves empty values out.
		b.sql.WriteString(col)
		if len(f.Ints) > 0 {
			b.sql.WriteString(" <> 0 AND ")
		} else {
			b.sql.WriteString(" <> '' AND ")
		}
	}
	b.sql.WriteString(col)
	b.sql.WriteString(" IN ")
	b.list(f)
}

// Count returns how many rows meet the conditions. total serves unfiltered
// lists.
func (q *Query) Count(tx *sqldb.Tx, total *sqldb.Stmt) (n int64, err error) {
	b := q.builder(tx)
	if b.conditions == 0 && total != nil {
		return n, tx.Query(total, intoInt(&n))
	}
	return n, tx.Query(b.stmt("SELECT COUNT(*) FROM "+q.spec.Table+b.sql.String()), intoInt(&n), b.args...)
}

func hasEmpty(f *Filter) bool {
	for _, v := range f.Texts {
		if v == "" {
			return true
		}
	}
	for _, v := range f.Ints {
		if v == 0 {
			return true
		}
	}
	return false
}

func (b *builder) keyset(c *Cursor, s *Sort, desc bool) {
	op := " > "
	if desc {
		op = " < "
	}
	b.sql.WriteString(" AND ")
	if s == nil {
		b.sql.WriteString("id" + op)
		b.param(c.ID)
		return
	}
	b.sql.WriteString("(" + s.Column + ", id)" + op + "(")
	if s.Kind == Int || s.Kind == Time {
		b.param(c.Int)
	} else {
		b.param(c.Str)
	}
	b.sql.WriteString(", ")
	b.param(c.ID)
	b.sql.WriteString(")")
}

func order(s *Sort, desc bool) string {
	dir := " ASC"
	if desc {
		dir = " DESC"
	}
	if s == nil {
		return " ORDER BY id" + dir
	}
	return " ORDER BY " + s.Column + dir + ", id" + dir
}
