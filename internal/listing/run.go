package listing

import (
	"cmp"
	"slices"
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
// given columns, the first of which are the key.
func (q *Query) Run(tx *sqldb.Tx, columns string, each func(*sqldb.Row) error) (*Result, error) {
	b := &builder{tx: tx, sql: make([]byte, 0, 640)}
	b.sql = append(append(b.sql, "SELECT "...), columns...)
	if q.Sort != nil {
		b.sql = append(append(b.sql, ", "...), q.Sort.Column...)
	}
	b.sql = append(append(b.sql, " FROM "...), q.spec.Table...)
	whereFrom := len(b.sql)
	b.where(q)
	if b.err != nil {
		return nil, b.err
	}
	held, err := q.held(b.tx)
	if err != nil {
		return nil, err
	}
	if held.narrows(q) {
		b.only(held.ids)
	}
	whereTo, whereArgs := len(b.sql), len(b.args)
	total, untold := q.kept(), q.untold || q.spec.Untold
	if q.cursor() != nil {
		total = nil // a page by cursor has none
	}

	res := &Result{Total: -1}
	if err := q.few(b, res); err != nil {
		return nil, err
	}
	if q.cursor() == nil {
		res.Total = max(res.Total, held.total())
	}
	// A page before a cursor is read backwards and turned around.
	desc := q.Desc != (q.Before != nil)
	offset, beyond, err := q.seek(b, total, desc, res)
	if err != nil || beyond {
		res.Before = true
		return res, err
	}
	if held.pages(q) {
		b.only(held.page(q, desc, offset))
		offset = 0
	}
	if from := q.cursor(); from != nil {
		b.keyset(from, q.spec.key(), q.Sort, desc)
	}
	b.order(q.spec.key(), q.Sort, desc)
	// A literal: SQLite plans a statement anew whenever a parameter of LIMIT is
	// bound, which costs as much as reading the page. Few limits are in use.
	b.sql = append(b.sql, " LIMIT "...)
	b.sql = strconv.AppendInt(b.sql, q.Limit+1, 10)
	if offset > 0 {
		b.sql = append(b.sql, " OFFSET "...)
		b.param(offset)
	}

	rows := &rows{q: q, res: res, keyColumn: strings.Count(columns, ",") + 1, each: each}
	ask := []sqldb.Q{{Stmt: b.stmt(b.sql), Args: b.args, Each: rows.take}}
	if total != nil && res.Total < 0 && !untold {
		ask = append(ask, sqldb.Q{Stmt: total.Stmt, Args: total.Args, Each: intoInt(&res.Total)})
	}
	if err := tx.Pipeline(ask...); err != nil {
		return nil, err
	}
	rows.ends()
	if q.cursor() != nil || res.Total >= 0 || untold {
		return res, nil
	}
	if !res.After && (res.Count > 0 || q.Page == 1) {
		res.Total = (q.Page-1)*q.Limit + res.Count
		return res, nil
	}
	count := append([]byte("SELECT COUNT(*) FROM "), cmp.Or(q.spec.Counted, q.spec.Table)...)
	count = append(count, b.sql[whereFrom:whereTo]...)
	return res, tx.Query(b.stmt(count), intoInt(&res.Total), b.args[:whereArgs]...)
}

// kept returns the statement that tells the list's total, nil if that is not kept.
func (q *Query) kept() *sqldb.Q {
	switch {
	case len(q.Filters) == 0 && q.spec.Total != nil:
		return &sqldb.Q{Stmt: q.spec.Total}
	case len(q.Filters) == 1 && q.spec.TotalOf != nil:
		f := &q.Filters[0]
		switch {
		case !f.Field.Hidden || len(f.Ints)+len(f.Texts) != 1:
		case len(f.Ints) == 1:
			return &sqldb.Q{Stmt: q.spec.TotalOf, Args: []any{strconv.FormatInt(f.Ints[0], 10)}}
		default:
			return &sqldb.Q{Stmt: q.spec.TotalOf, Args: []any{f.Texts[0]}}
		}
	}
	return nil
}

// maxFew is how many rows are few.
const maxFew = 1000

// few looks whether few rows lie within bounds of a time. It then adds the
// condition that holds the list to them, and tells the total. Without it the page
// would be read in the order of the ids past all that is outside: what changed
// since yesterday is anywhere in a list from the oldest.
func (q *Query) few(b *builder, res *Result) error {
	if q.Sort != nil || len(q.Filters) == 0 || q.spec.Key != nil {
		return nil
	}
	by := q.Filters[0].Field
	for i := range q.Filters {
		if f := &q.Filters[i]; f.Field != by || !by.Ordered || len(f.Ints) == 0 {
			return nil
		}
	}
	find := &builder{tx: b.tx}
	find.sql = append(append(find.sql, "SELECT id FROM "...), q.spec.Table...)
	find.where(q)
	find.sql = append(append(append(find.sql, " ORDER BY "...), by.Column...), ", id LIMIT "...)
	find.sql = strconv.AppendInt(find.sql, maxFew+1, 10)
	var ids []int64
	if err := b.tx.Query(find.stmt(find.sql), func(r *sqldb.Row) error { ids = append(ids, r.Int(0)); return nil }, find.args...); err != nil {
		return err
	}
	if len(ids) > maxFew {
		return nil
	}
	if q.cursor() == nil {
		res.Total = int64(len(ids))
	}
	if len(ids) > 0 {
		b.only(ids)
	}
	return nil
}

// cursor returns the cursor from which the page is read, or nil.
func (q *Query) cursor() *Cursor {
	if q.After != nil {
		return q.After
	}
	return q.Before
}

// seek returns how many rows to skip for a page by number. Where the list keeps
// its gaps, it adds the condition that starts the page at an id instead. beyond:
// the list ends before the page, or that id.
func (q *Query) seek(b *builder, total *sqldb.Q, desc bool, res *Result) (offset int64, beyond bool, err error) {
	if q.cursor() != nil {
		return 0, false, nil
	}
	if offset = (q.Page - 1) * q.Limit; total == nil || offset == 0 {
		return offset, false, nil
	}
	var lastID int64
	if err := b.tx.Query(total.Stmt, func(r *sqldb.Row) error { res.Total, lastID = r.Int(0), r.Int(1); return nil }, total.Args...); err != nil {
		return 0, false, err
	}
	if res.Total < 0 {
		return offset, false, nil // not kept yet
	}
	if offset >= res.Total || q.Sort != nil || q.spec.Gaps == 0 {
		return offset, offset >= res.Total, nil
	}
	bound, rest, found, err := q.spec.Gaps.seek(b.tx, desc, lastID, offset)
	if err != nil || !found {
		return 0, !found, err
	}
	if desc {
		b.sql = append(b.sql, " AND id <= "...)
	} else {
		b.sql = append(b.sql, " AND id >= "...)
	}
	b.param(bound)
	return rest, false, nil
}

// rows takes the rows of a page. One more than the page holds is asked for,
// which tells that there are more.
type rows struct {
	q           *Query
	res         *Result
	keyColumn   int // of what the list is sorted by
	each        func(*sqldb.Row) error
	first, last Cursor
	more        bool
}

func (p *rows) take(r *sqldb.Row) error {
	if p.res.Count == p.q.Limit {
		p.more = true
		return nil
	}
	p.last = Cursor{}
	for i := range p.q.spec.key() {
		p.last.Key[i] = r.Int(i)
	}
	if sort := p.q.Sort; sort != nil {
		if sort.Kind == Int || sort.Kind == Time {
			p.last.Int = r.Int(p.keyColumn)
		} else {
			p.last.Str = r.Text(p.keyColumn)
		}
	}
	if p.res.Count == 0 {
		p.first = p.last
	}
	p.res.Count++
	return p.each(r)
}

// ends tells the page's ends, and what is beyond them.
func (p *rows) ends() {
	res := p.res
	if res.Count > 0 {
		res.First, res.Last = &p.first, &p.last
	}
	switch {
	case p.q.Before != nil:
		res.First, res.Last = res.Last, res.First
		res.Before, res.After = p.more, true
	case p.q.After != nil:
		res.Before, res.After = true, p.more
	default:
		res.Before, res.After = p.q.Page > 1, p.more
	}
}

// Rows runs a query and returns its page, in the order of the list.
func Rows[T any](tx *sqldb.Tx, q *Query, columns string, scan func(*T, *sqldb.Row) error) ([]T, *Result, error) {
	out := make([]T, 0, min(q.Limit, 64))
	res, err := q.Run(tx, columns, func(r *sqldb.Row) error {
		out = append(out, *new(T))
		return scan(&out[len(out)-1], r)
	})
	if q.Reversed() {
		slices.Reverse(out)
	}
	return out, res, err
}

// Unfiltered reports whether the list has no conditions and its own order, so
// that a page holds every row between its first and its last id.
func (q *Query) Unfiltered() bool { return len(q.Filters) == 0 && q.Sort == nil }

// Reversed reports whether Run delivers rows from the last to the first.
func (q *Query) Reversed() bool { return q.Before != nil }

func intoInt(to *int64) func(*sqldb.Row) error {
	return func(r *sqldb.Row) error { *to = r.Int(0); return nil }
}

// IDs returns the ids of the rows that meet the conditions and locks the rows
// for deletion. An empty set of conditions selects nothing.
func (q *Query) IDs(tx *sqldb.Tx) ([]int64, error) {
	b := &builder{tx: tx}
	b.sql = append(append(b.sql, "SELECT id FROM "...), q.spec.Table...)
	b.where(q)
	if b.conditions == 0 || b.err != nil {
		return nil, b.err
	}
	var ids []int64
	b.sql = append(append(b.sql, " ORDER BY id"...), tx.ForDelete()...)
	err := tx.Query(b.stmt(b.sql), func(r *sqldb.Row) error {
		ids = append(ids, r.Int(0))
		return nil
	}, b.args...)
	return ids, err
}

// Batch returns up to n ids, of those after one id and up to another, of rows
// that meet the conditions, in order, and locks the rows for deletion. Without
// conditions it selects every row: it is for lists that are emptied in bounded
// transactions.
func (q *Query) Batch(tx *sqldb.Tx, after, last, n int64) ([]int64, error) {
	b := &builder{tx: tx}
	b.sql = append(append(b.sql, "SELECT id FROM "...), q.spec.Table...)
	b.where(q)
	if b.err != nil {
		return nil, b.err
	}
	b.sql = append(b.sql, " AND id > "...)
	b.param(after)
	b.sql = append(b.sql, " AND id <= "...)
	b.param(last)
	b.sql = append(b.sql, " ORDER BY id LIMIT "...)
	b.sql = strconv.AppendInt(b.sql, n, 10)
	b.sql = append(b.sql, tx.ForDelete()...)
	var ids []int64
	err := tx.Query(b.stmt(b.sql), func(r *sqldb.Row) error {
		ids = append(ids, r.Int(0))
		return nil
	}, b.args...)
	return ids, err
}

// builder writes conditions; $1 is the store.
type builder struct {
	tx         *sqldb.Tx
	sql        []byte
	args       []any
	conditions int
	replan     bool
	err        error // of a query that a condition needs
}

func (b *builder) where(q *Query) {
	b.sql = append(b.sql, " WHERE store_id = $1"...)
	for i := range q.Filters {
		b.filter(&q.Filters[i])
	}
}

func (b *builder) stmt(text []byte) *sqldb.Stmt {
	if b.replan {
		return sqldb.ReplannedText(text)
	}
	return sqldb.DynamicText(text)
}

func (b *builder) param(v any) {
	b.args = append(b.args, v)
	b.sql = append(b.sql, '$')
	b.sql = strconv.AppendInt(b.sql, int64(len(b.args)+1), 10)
}

// list writes (…) with the values. Lists are padded to a power of two by
// repeating the last value, so that few statement texts arise.
func (b *builder) list(f *Filter) {
	n := len(f.Ints) + len(f.Texts)
	b.sql = append(b.sql, '(')
	for i, size := 0, 1; i < size; i++ {
		for size < n {
			size *= 2
		}
		if i > 0 {
			b.sql = append(b.sql, ',')
		}
		if len(f.Ints) > 0 {
			b.param(f.Ints[min(i, n-1)])
		} else {
			b.param(f.Texts[min(i, n-1)])
		}
	}
	b.sql = append(b.sql, ')')
}

func (b *builder) filter(f *Filter) {
	b.conditions++
	b.sql = append(b.sql, " AND "...)
	col := f.Field.Column
	if len(f.Ints)+len(f.Texts) == 0 {
		b.sql = append(b.sql, "1 = 0"...) // an empty list matches nothing
		return
	}
	switch f.Op {
	case In:
		b.in(f)
	case Like:
		b.replan = true
		b.sql = append(b.sql, '(')
		for i, v := range f.Texts {
			if i > 0 {
				b.sql = append(b.sql, " OR "...)
			}
			b.args = append(b.args, v)
			b.sql = append(b.sql, b.tx.Contains(col, len(b.args)+1)...)
		}
		b.sql = append(b.sql, ')')
	case Eq:
		if f.Field.isTime() {
			b.nonEmpty(f)
			b.sql = append(b.sql, col...)
			b.sql = append(b.sql, " >= "...)
			b.param(f.Ints[0])
			b.sql = append(b.sql, " AND "...)
			b.sql = append(b.sql, col...)
			b.sql = append(b.sql, " <= "...)
			b.param(f.Ints[1])
			return
		}
		b.in(f)
	case Min, Max:
		// A time has a first and a last second: the maximum of a day is its
		// end. Other kinds have one value, which is both.
		b.sql = append(b.sql, col...)
		if f.Op == Min {
			b.sql = append(b.sql, " >= "...)
			b.param(f.Ints[0])
		} else {
			b.sql = append(b.sql, " <= "...)
			b.param(f.Ints[len(f.Ints)-1])
		}
	}
}

// in writes that a column has one of the values.
func (b *builder) in(f *Filter) {
	col, where := f.Field.Column, f.Field.Where
	if f.Field.Among != "" {
		if f = b.among(f); len(f.Ints) == 0 {
			b.sql = append(b.sql, "1 = 0"...)
			return
		}
	}
	switch {
	case strings.Contains(where, "{in}"):
		before, after, _ := strings.Cut(where, "{in}")
		b.sql = append(b.sql, before...)
		b.list(f)
		b.sql = append(b.sql, after...)
		return
	case where != "":
		b.args = append(b.args, f.Texts[len(f.Texts)-1])
		b.sql = append(b.sql, strings.ReplaceAll(where, "{value}", "$"+strconv.Itoa(len(b.args)+1))...)
		return
	}
	b.nonEmpty(f)
	b.sql = append(b.sql, col...)
	b.sql = append(b.sql, " IN "...)
	b.list(f)
}

// among returns the filter by what the values of f stand for.
func (b *builder) among(f *Filter) *Filter {
	q := &builder{tx: b.tx}
	before, after, _ := strings.Cut(f.Field.Among, "{in}")
	q.sql = append(q.sql, before...)
	q.list(f)
	q.sql = append(q.sql, after...)
	out := &Filter{Field: f.Field, Op: In}
	if b.err == nil {
		b.err = b.tx.Query(q.stmt(q.sql), func(r *sqldb.Row) error { out.Ints = append(out.Ints, r.Int(0)); return nil }, q.args...)
	}
	return out
}

// Count returns how many rows meet the conditions.
func (q *Query) Count(tx *sqldb.Tx) (int64, error) {
	b := &builder{tx: tx}
	b.sql = append(append(b.sql, "SELECT COUNT(*) FROM "...), cmp.Or(q.spec.Counted, q.spec.Table)...)
	b.where(q)
	if b.err != nil {
		return 0, b.err
	}
	held, err := q.held(tx)
	if err != nil || held.total() >= 0 {
		return held.total(), err
	}
	if held.narrows(q) {
		b.only(held.ids)
	}
	n := int64(-1)
	if total := q.kept(); total != nil {
		if err := tx.Query(total.Stmt, intoInt(&n), total.Args...); err != nil || n >= 0 {
			return n, err
		}
	}
	err = tx.Query(b.stmt(b.sql), intoInt(&n), b.args...)
	return n, err
}

// CountBy notes how many rows meet the conditions for each value of a column.
func (q *Query) CountBy(tx *sqldb.Tx, column string, into map[int64]int64) error {
	if len(q.Filters) > 0 {
		// An expression, so that SQLite takes an index that serves the conditions
		// rather than one on the column.
		column = "+" + column
	}
	b := &builder{tx: tx}
	b.sql = append(append(append(b.sql, "SELECT "...), column...), ", COUNT(*) FROM "...)
	b.sql = append(b.sql, q.spec.Table...)
	b.where(q)
	if b.err != nil {
		return b.err
	}
	b.sql = append(append(b.sql, " GROUP BY "...), column...)
	return tx.Query(b.stmt(b.sql), func(r *sqldb.Row) error { into[r.Int(0)] = r.Int(1); return nil }, b.args...)
}

// nonEmpty lets the index be used that leaves empty values out.
func (b *builder) nonEmpty(f *Filter) {
	if !f.Field.NonEmpty || hasEmpty(f) {
		return
	}
	b.sql = append(b.sql, f.Field.Column...)
	if len(f.Ints) > 0 {
		b.sql = append(b.sql, " <> 0 AND "...)
	} else {
		b.sql = append(b.sql, " <> '' AND "...)
	}
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

func (b *builder) keyset(c *Cursor, keys []Key, s *Sort, desc bool) {
	op := " > "
	if desc {
		op = " < "
	}
	b.sql = append(b.sql, " AND "...)
	if s == nil && len(keys) == 1 {
		b.sql = append(append(b.sql, keys[0].Column...), op...)
		b.param(c.Key[0])
		return
	}
	b.sql = append(b.sql, '(')
	if s != nil {
		b.sql = append(append(b.sql, s.Column...), ", "...)
	}
	for i, k := range keys {
		if i > 0 {
			b.sql = append(b.sql, ", "...)
		}
		b.sql = append(b.sql, k.Column...)
	}
	b.sql = append(append(append(b.sql, ')'), op...), '(')
	if s != nil {
		if s.Kind == Int || s.Kind == Time {
			b.param(c.Int)
		} else {
			b.param(c.Str)
		}
		b.sql = append(b.sql, ", "...)
	}
	for i := range keys {
		if i > 0 {
			b.sql = append(b.sql, ", "...)
		}
		b.param(c.Key[i])
	}
	b.sql = append(b.sql, ')')
}

func (b *builder) order(keys []Key, s *Sort, desc bool) {
	dir := " ASC"
	if desc {
		dir = " DESC"
	}
	b.sql = append(b.sql, " ORDER BY "...)
	if s != nil {
		b.sql = append(append(append(b.sql, s.Column...), dir...), ", "...)
	}
	for i, k := range keys {
		if i > 0 {
			b.sql = append(b.sql, ", "...)
		}
		b.sql = append(append(b.sql, k.Column...), dir...)
	}
}
