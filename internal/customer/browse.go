package customer

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"clientele/internal/email"
	"clientele/internal/listing"
	"clientele/internal/rule"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/subscriber"
)

// Browse asks for a page of the customers whom a rule finds, in an order that an
// index has.
type Browse struct {
	// Rule selects customers by the clock; nil: all.
	Rule  *rule.Checked
	Clock rule.Clock
	Node  *rule.Node // the rule's own
	// Among are the only customers who count, the best first; nil: all.
	Among []int64
	// Sort is a name of Orders; "" is that of the ids or, with Among, theirs.
	Sort string
	Desc bool
	// From is a mark of an answer, and Back tells that the page ends before it.
	// Without a mark it is the first page or the last one.
	From  string
	Back  bool
	Limit int
	// Attributes and Segments are read along.
	Attributes, Segments bool
}

// Browsed is a page.
type Browsed struct {
	Customers []Customer
	// SignIns are the last sign-ins, and Subscribed who gets the newsletter of a
	// channel, by the customer's id.
	SignIns    map[int64]int64
	Subscribed map[int64]bool
	// Total is how many there are, -1 where that is not known. Over tells that
	// there are more than that.
	Total int64
	Over  bool
	// Before and After are marks for the pages around this one, "" where there is
	// none.
	Before, After string
	// Complete is false where time ran out before the page was full: After goes
	// on from there.
	Complete bool
}

// order is one of the ways to sort.
type order struct {
	name, column string
	field        string // of the rule's language
	only         string // a condition of the index
	text         bool
	desc         bool // where nobody says
	// signIns: the column is that of the last sign-ins, whose index leads.
	signIns bool
}

// from is where the rows of an order are, with the conditions of its index.
func (o order) from() string {
	if o.signIns {
		return ` FROM (SELECT customer_id, date_last FROM customer_sign_ins WHERE store_id = $1) signed CROSS JOIN customers WHERE store_id = $1 AND id = customer_id`
	}
	return ` FROM customers WHERE store_id = $1` + o.only
}

// those is from where nothing else of a customer is asked.
func (o order) those() string {
	if o.signIns {
		return ` FROM customer_sign_ins WHERE store_id = $1`
	}
	return o.from()
}

// id is the customer's, as the index of the order has it.
func (o order) id() string {
	if o.signIns {
		return `customer_id`
	}
	return `id`
}

// orders are by indexed columns.
var orders = []order{
	{name: "id", column: "id", field: "id", desc: true},
	{name: "name", column: "name_norm", field: "name", text: true},
	{name: "last_name", column: "last_name_norm", field: "last_name", text: true},
	{name: "joined", column: "date_created", field: "date_created", desc: true},
	{name: "changed", column: "date_modified", field: "date_modified", desc: true},
	{name: "company", column: "company_norm", field: "company", only: ` AND company_norm <> ''`, text: true},
	{name: "phone", column: "phone_norm", field: "phone", only: ` AND phone_norm <> ''`, text: true},
	{name: "credit", column: "store_credit", field: "store_credit", only: ` AND store_credit <> 0`, desc: true},
	{name: "sign_in", column: "date_last", field: "last_sign_in", signIns: true, desc: true},
	{name: "group", column: "customer_group_id", field: "group", only: ` AND customer_group_id <> 0`},
}

// Orders are the names by which a Browse may be sorted, with the direction of who
// asks for none. Those by company, phone, credit, group and last sign-in are of
// customers who have one.
func Orders() (names []string, desc map[string]bool) {
	desc = map[string]bool{}
	for _, o := range orders {
		names, desc[o.name] = append(names, o.name), o.desc
	}
	return names, desc
}

func orderOf(name string) order {
	if i := slices.IndexFunc(orders, func(o order) bool { return o.name == name }); i >= 0 {
		return orders[i]
	}
	return orders[0]
}

// mark is a place in an order.
type mark struct {
	id   int64
	n    int64
	text string
}

// String is how answers tell a mark. A request that brings one back can only
// choose where to begin.
func (o order) show(m mark) string {
	switch {
	case o.column == "id":
		return strconv.FormatInt(m.id, 10)
	case o.text:
		return strconv.FormatInt(m.id, 10) + "~" + m.text
	}
	return strconv.FormatInt(m.id, 10) + "~" + strconv.FormatInt(m.n, 10)
}

func (o order) read(s string) (m mark, ok bool) {
	id, value, _ := strings.Cut(s, "~")
	var err error
	if m.id, err = strconv.ParseInt(id, 10, 64); err != nil || m.id < 0 {
		return m, false
	}
	switch {
	case o.column == "id":
		m.n = m.id
	case o.text:
		m.text = strings.ToValidUTF8(strings.ReplaceAll(value, "\x00", ""), "")
	default:
		m.n, err = strconv.ParseInt(value, 10, 64)
	}
	return m, err == nil
}

func (m mark) compare(o mark) int {
	return cmp.Or(cmp.Compare(m.n, o.n), strings.Compare(m.text, o.text), cmp.Compare(m.id, o.id))
}

// Bounds of browsing.
const (
	// BrowseTime is for how long customers are looked for whom no index leads to.
	BrowseTime = 1800 * time.Millisecond
	// CountTo is how far customers are counted along with a page.
	CountTo    = 10_000
	gatherTime = 900 * time.Millisecond
)

// browseBounds are how many customers are looked at.
type browseBounds struct {
	first  int // in the order of the list, before an index is asked
	each   int // at once, where no index helps
	gather int // found by an index and sorted here
}

var browseLooks = browseBounds{first: 2000, each: 10_000, gather: 20_000}

// browser answers one Browse.
type browser struct {
	s       *Service
	storeID int64
	in      Browse
	order   order
	desc    bool // in which the page is read
	from    *mark
	end     time.Duration

	found   []mark // of the page, and one more where there are others beyond
	stopped *mark  // where time ran out
	total   int64
}

// Browse returns a page. A rule that an index serves is answered at once; one
// that needs a look at every customer stops after BrowseTime.
func (s *Service) Browse(ctx context.Context, storeID int64, in Browse) (*Browsed, error) {
	b := &browser{s: s, storeID: storeID, in: in, order: orderOf(in.Sort), total: -1, end: s.sys.Elapsed() + BrowseTime}
	// Where dates are asked for, the order is theirs: the index that has them in order
	// leads to them at once.
	if in.Sort == "" && in.Among == nil {
		for _, name := range []string{"joined", "sign_in"} {
			if o := orderOf(name); b.asks(o.field) {
				b.order = o
				break
			}
		}
	}
	if m, ok := b.order.read(in.From); ok { // none is no mark
		b.from = &m
	}
	b.desc = in.Desc != in.Back
	var err error
	switch {
	case in.Among != nil:
		err = b.among(ctx)
	case in.Rule == nil, b.asks(b.order.field):
		err = b.straight(ctx)
	default:
		err = b.search(ctx)
	}
	if err != nil {
		return nil, err
	}
	return b.page(ctx)
}

// asks reports whether a rule's own comparison, one that all customers have to
// meet, is of a field.
func (b *browser) asks(field string) bool {
	n := b.in.Node
	if n == nil {
		return false
	}
	is := func(n *rule.Node) bool {
		return n.Kind == rule.Compare && n.Field.Name == field && n.Op != rule.Ne && n.Op != rule.IsNull && n.Op != rule.Contains && n.Op != rule.Ends
	}
	return is(n) || n.Kind == rule.And && slices.ContainsFunc(n.Nodes, is)
}

// columns are those of a mark.
func (b *browser) columns() string { return `SELECT id, ` + b.order.column }

func (b *browser) scan(r *sqldb.Row) mark {
	m := mark{id: r.Int(0)}
	if b.order.text {
		m.text = r.Text(1)
	} else {
		m.n = r.Int(1)
	}
	return m
}

// beyond is the condition that rows come after a mark as the page is read.
func (b *browser) beyond(m *mark, args []any) (string, []any) {
	if m == nil {
		return ``, args
	}
	op := ` > `
	if b.desc {
		op = ` < `
	}
	n := len(args) + 2
	if b.order.column == "id" {
		return ` AND id` + op + `$` + strconv.Itoa(n), append(args, m.id)
	}
	var value any = m.n
	if b.order.text {
		value = m.text
	}
	return ` AND (` + b.order.column + `, ` + b.order.id() + `)` + op + `($` + strconv.Itoa(n) + `, $` + strconv.Itoa(n+1) + `)`, append(args, value, m.id)
}

func (b *browser) by() string {
	dir := ``
	if b.desc {
		dir = ` DESC`
	}
	if b.order.column == "id" {
		return ` ORDER BY id` + dir
	}
	return ` ORDER BY ` + b.order.column + dir + `, ` + b.order.id() + dir
}

func (b *browser) where(tx *sqldb.Tx, few bool) (string, []any) {
	if b.in.Rule == nil {
		return ``, nil
	}
	where, args := b.in.Rule.SQL(tx, b.in.Clock, nil, few)
	return ` AND ` + where, args
}

// straight reads the page by the index of the order, which the conditions bound
// or which has no others.
func (b *browser) straight(ctx context.Context) error {
	bounded, cancel := context.WithTimeout(ctx, BrowseTime)
	defer cancel()
	err := b.s.db.Read(bounded, b.storeID, func(tx *sqldb.Tx) error {
		b.found = b.found[:0]
		where, args := b.where(tx, true)
		next, args := b.beyond(b.from, args)
		stmt := b.columns() + b.order.from() + where + next + b.by() + ` LIMIT ` + strconv.Itoa(b.in.Limit+1)
		return tx.Query(sqldb.Dynamic(stmt), func(r *sqldb.Row) error { b.found = append(b.found, b.scan(r)); return nil }, args...)
	})
	if b.in.Rule != nil && ctx.Err() == nil && isLate(bounded, err) {
		// Too few are so: they are looked for another way.
		b.found = nil
		return b.search(ctx)
	}
	return err
}

func isLate(ctx context.Context, err error) bool {
	return err != nil && (ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded))
}

// search looks at some customers in the order of the list; where too few of them
// are met, all that an index leads to are sorted, or the look goes on.
func (b *browser) search(ctx context.Context) error {
	at := b.from
	full, err := b.walk(ctx, &at, b.s.looks.first)
	if full || err != nil {
		return err
	}
	if b.in.Rule.Cost() == rule.Indexed {
		if done, err := b.gather(ctx); done || err != nil {
			return err
		}
	}
	for {
		if full, err := b.walk(ctx, &at, b.s.looks.each); full || err != nil {
			return err
		}
		if b.s.sys.Elapsed() > b.end {
			b.stopped = at
			return nil
		}
	}
}

// walk looks at the next n customers. The condition is in the columns, so that no
// planner takes another way than along the order.
func (b *browser) walk(ctx context.Context, at **mark, n int) (full bool, err error) {
	var last mark
	seen := 0
	found := b.found
	err = b.s.db.Read(ctx, b.storeID, func(tx *sqldb.Tx) error {
		b.found, seen = found, 0
		where, args := b.in.Rule.SQL(tx, b.in.Clock, nil, true)
		next, args := b.beyond(*at, args)
		stmt := b.columns() + `, CASE WHEN ` + where + ` THEN 1 ELSE 0 END` + b.order.from() + next + b.by() + ` LIMIT ` + strconv.Itoa(n)
		return tx.Query(sqldb.Dynamic(stmt), func(r *sqldb.Row) error {
			seen++
			last = b.scan(r)
			if r.Int(2) == 0 {
				return nil
			}
			if len(b.found) <= b.in.Limit {
				b.found = append(b.found, last)
			}
			return nil
		}, args...)
	})
	if seen > 0 {
		*at = &last
	}
	return len(b.found) > b.in.Limit || seen < n, err
}

// gather sorts all whom an index leads to, unless they are too many.
func (b *browser) gather(ctx context.Context) (done bool, err error) {
	bounded, cancel := context.WithTimeout(ctx, gatherTime)
	defer cancel()
	var all []mark
	err = b.s.db.Read(bounded, b.storeID, func(tx *sqldb.Tx) error {
		all = all[:0]
		where, args := b.where(tx, false)
		return tx.Query(sqldb.Dynamic(b.columns()+b.order.from()+where+` LIMIT `+strconv.Itoa(b.s.looks.gather+1)), func(r *sqldb.Row) error {
			all = append(all, b.scan(r))
			return nil
		}, args...)
	})
	if ctx.Err() == nil && isLate(bounded, err) {
		return false, nil
	}
	if err != nil || len(all) > b.s.looks.gather {
		return false, err
	}
	b.total = int64(len(all))
	b.cut(all)
	return true, nil
}

// cut sorts customers and leaves those of the page and one more.
func (b *browser) cut(all []mark) {
	slices.SortFunc(all, func(x, y mark) int {
		if b.desc {
			return y.compare(x)
		}
		return x.compare(y)
	})
	at := 0
	if b.from != nil {
		for at < len(all) && (all[at].compare(*b.from) == 0 || all[at].compare(*b.from) < 0 != b.desc) {
			at++
		}
	}
	b.found = all[at:min(len(all), at+b.in.Limit+1)]
}

// among takes those of some customers whom the rule finds.
func (b *browser) among(ctx context.Context) error {
	if len(b.in.Among) == 0 {
		b.total = 0
		return nil
	}
	var all []mark
	err := b.s.db.Read(ctx, b.storeID, func(tx *sqldb.Tx) error {
		all = all[:0]
		where, args := b.where(tx, true)
		in, args := sqldb.In(args, b.in.Among)
		return tx.Query(sqldb.Dynamic(b.columns()+b.order.from()+where+` AND id IN `+in), func(r *sqldb.Row) error {
			all = append(all, b.scan(r))
			return nil
		}, args...)
	})
	b.total = int64(len(all))
	if b.in.Sort != "" {
		b.cut(all)
		return err
	}
	slices.SortFunc(all, func(x, y mark) int { return slices.Index(b.in.Among, x.id) - slices.Index(b.in.Among, y.id) })
	b.found = all
	b.in.Limit, b.from, b.in.Back = len(all), nil, false
	return err
}

// page reads the rows of what was found, and what tells of the list.
func (b *browser) page(ctx context.Context) (*Browsed, error) {
	out := &Browsed{Total: b.total, Complete: b.stopped == nil, SignIns: map[int64]int64{}, Subscribed: map[int64]bool{}}
	more := len(b.found) > b.in.Limit || b.stopped != nil
	found := b.found[:min(len(b.found), b.in.Limit)]
	if b.in.Back {
		slices.Reverse(found)
	}
	var first, last string
	if len(found) > 0 {
		first, last = b.order.show(found[0]), b.order.show(found[len(found)-1])
	}
	if b.stopped != nil {
		last = b.order.show(*b.stopped)
	}
	switch {
	case !b.in.Back:
		if more {
			out.After = last
		}
		if b.from != nil {
			out.Before = cmp.Or(first, b.in.From)
		}
	case b.from != nil:
		out.After = cmp.Or(last, b.in.From)
		fallthrough
	default:
		if more {
			out.Before = cmp.Or(first, last)
		}
	}
	err := b.s.db.Read(ctx, b.storeID, func(tx *sqldb.Tx) error {
		if err := b.rows(tx, found, out); err != nil {
			return err
		}
		if out.Total >= 0 || b.in.Among != nil {
			return nil
		}
		return b.count(tx, out, len(found), more)
	})
	return out, err
}

const signInsOf = `SELECT customer_id, date_last FROM customer_sign_ins WHERE store_id = $1 AND customer_id IN `

// rows reads the customers of a page and what is theirs.
func (b *browser) rows(tx *sqldb.Tx, found []mark, out *Browsed) error {
	out.Customers = make([]Customer, len(found))
	if len(found) == 0 {
		return nil
	}
	ids, at := make([]int64, len(found)), make(map[int64]int, len(found))
	for i, m := range found {
		ids[i], at[m.id] = m.id, i
	}
	in, args := sqldb.In(nil, ids)
	if err := tx.Pipeline(sqldb.Q{
		Stmt: sqldb.Dynamic(`SELECT ` + customerColumns + ` FROM customers WHERE store_id = $1 AND id IN ` + in),
		Args: args,
		Each: func(r *sqldb.Row) error { out.Customers[at[r.Int(0)]].scan(r); return nil },
	}, sqldb.Q{
		Stmt: sqldb.Dynamic(signInsOf + in),
		Args: args,
		Each: func(r *sqldb.Row) error { out.SignIns[r.Int(0)] = r.Int(1); return nil },
	}); err != nil {
		return err
	}
	out.Customers = slices.DeleteFunc(out.Customers, func(c Customer) bool { return c.ID == 0 }) // gone since
	owners := map[string][]int64{}
	for i := range out.Customers {
		c := &out.Customers[i]
		owners[email.Key(c.Email)] = append(owners[email.Key(c.Email)], c.ID)
	}
	if err := tx.Pipeline(subscriber.NewslettersQuery(owners, func(id int64) { out.Subscribed[id] = true })); err != nil {
		return err
	}
	q := List.New()
	if b.in.Attributes {
		q.Include(IncludeAttributes)
	}
	if b.in.Segments {
		q.Include(IncludeSegments)
	}
	q.Where("id", listing.In, ids, nil)
	return include(tx, out.Customers, q)
}

// source is where those are who are counted.
func (b *browser) source() string {
	if b.in.Rule == nil {
		return b.order.those()
	}
	return b.order.from()
}

// count tells how many there are, up to CountTo.
func (b *browser) count(tx *sqldb.Tx, out *Browsed, n int, more bool) error {
	if !more && b.from == nil {
		out.Total = int64(n)
		return nil
	}
	kept := int64(-1)
	if err := tx.Query(store.TotalCustomers(), func(r *sqldb.Row) error { kept = r.Int(0); return nil }); err != nil {
		return err
	}
	if b.in.Rule == nil && b.order.only == "" && !b.order.signIns {
		out.Total = kept
		return nil
	}
	// Sign-ins are in a table of their own, from which each customer is looked up.
	if b.in.Rule != nil && (b.in.Rule.Cost() != rule.Indexed || b.asks("last_sign_in")) && (kept < 0 || kept > CountTo) {
		return nil
	}
	where, args := b.where(tx, false)
	return tx.Query(sqldb.Dynamic(`SELECT COUNT(*) FROM (SELECT 1`+b.source()+where+` LIMIT `+strconv.Itoa(CountTo+1)+`) t`), func(r *sqldb.Row) error {
		out.Total = min(r.Int(0), CountTo)
		out.Over = r.Int(0) > CountTo
		return nil
	}, args...)
}

// BrowseCount counts all whom a Browse finds, for BrowseTime at most: whole tells
// whether that was enough.
func (s *Service) BrowseCount(ctx context.Context, storeID int64, in Browse) (n int64, whole bool, err error) {
	b := &browser{s: s, storeID: storeID, in: in, order: orderOf(in.Sort)}
	bounded, cancel := context.WithTimeout(ctx, BrowseTime)
	defer cancel()
	err = s.db.Read(bounded, storeID, func(tx *sqldb.Tx) error {
		where, args := b.where(tx, false)
		return tx.Query(sqldb.Dynamic(`SELECT COUNT(*)`+b.source()+where), func(r *sqldb.Row) error { n = r.Int(0); return nil }, args...)
	})
	if ctx.Err() == nil && isLate(bounded, err) {
		return 0, false, nil
	}
	return n, err == nil, err
}
