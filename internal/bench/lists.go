package bench

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"clientele/internal/account"
	"clientele/internal/auth"
	"clientele/internal/bulk"
	"clientele/internal/channel"
	"clientele/internal/company"
	"clientele/internal/credit"
	"clientele/internal/customer"
	"clientele/internal/desk"
	"clientele/internal/duplicate"
	"clientele/internal/export"
	"clientele/internal/form"
	"clientele/internal/group"
	"clientele/internal/history"
	"clientele/internal/listing"
	"clientele/internal/merge"
	"clientele/internal/metafield"
	"clientele/internal/order"
	"clientele/internal/password"
	persons "clientele/internal/person"
	"clientele/internal/segment"
	"clientele/internal/sqldb"
	"clientele/internal/subscriber"
	"clientele/internal/system"
	"clientele/internal/tax"
	imports "clientele/internal/transfer"
	"clientele/internal/webhook"
	"clientele/internal/wishlist"
)

const (
	caseLists = "lists"
	// slowList is from when on a page or a total is marked.
	slowList = 50 * time.Millisecond
	// shownList is from when on they are told in a document.
	shownList = 10 * time.Millisecond
	listRuns  = 5
)

// list is one that the program declares. Its page is read with columns:
// the key, and one that no index has, so that rows are read as for an answer.
type list struct {
	name    string // of the Spec in the source
	spec    *listing.Spec
	columns string
	// given are values of filters that no column tells, by parameter.
	given map[string]string
	// base narrows the list as its service does.
	base func(*listing.Query) *listing.Query
	// read is how a list is read that has a reader of its own.
	read func(context.Context, *sqldb.DB, *listing.Query) error
}

var ofCaller = func(q *listing.Query) *listing.Query { return q.Where("readable", listing.In, nil, []string{clientID}) }

func ofOne(field string, id int64) func(*listing.Query) *listing.Query {
	return func(q *listing.Query) *listing.Query { return q.Where(field, listing.In, []int64{id}, nil) }
}

func readHistory(ctx context.Context, db *sqldb.DB, q *listing.Query) error {
	f, err := history.FilterOf(q)
	if err == nil {
		_, err = history.NewService(db).List(ctx, storeID, f)
	}
	return err
}

func readTaxes(ctx context.Context, db *sqldb.DB, q *listing.Query) error {
	_, err := tax.NewService(db, system.Real()).Customers(ctx, storeID, q)
	return err
}

// anEmail is that of a customer of every store.
var anEmail = string(appendEmail(nil, 50))

var historyValues = map[string]string{
	"customer_id": "50", "actor_kind": "api_account", "actor_id": "1", "actor_name": "Benchmark", "surface": "v3", "action": "created", "resource_type": "customer", "resource_id": "50",
	"request_id": "00000000000000000000000000000000", "time:min": "2020-09-14", "time:max": "2020-09-14", "text": "smith",
}

// lists are those that the program declares and reads of the database.
var lists = []list{
	{name: "auth.StorefrontTokenList", spec: auth.StorefrontTokenList, columns: "id, origins"},
	{name: "channel.List", spec: channel.List, columns: "id, name", given: map[string]string{"available": "true"}},
	{name: "channel.RouteList", spec: channel.RouteList, columns: "id, route", base: ofOne("site", 2)},
	{name: "channel.Single", spec: channel.Single, columns: "id, name"},
	{name: "channel.SiteList", spec: channel.SiteList, columns: "id, name", given: map[string]string{"url_type:in": "primary"}},
	{name: "company.List", spec: company.List, columns: "id, files"},
	{name: "credit.List", spec: credit.List, columns: "id, reason", base: ofOne("customer_id", 1)},
	{name: "customer.AddressBook", spec: customer.AddressBook, columns: "id, city", base: ofOne("customer_id", 50)},
	{name: "customer.AddressList", spec: customer.AddressList, columns: "id, city"},
	{name: "customer.AttributeList", spec: customer.AttributeList, columns: "id, name"},
	{name: "customer.AttributeValueList", spec: customer.AttributeValueList, columns: "id, value", given: map[string]string{"name": "Tier"}},
	{name: "customer.DeleteAddressList", spec: customer.DeleteAddressList, columns: "id, city"},
	{name: "customer.DeleteAttributeList", spec: customer.DeleteAttributeList, columns: "id, name"},
	{name: "customer.DeleteAttributeValueList", spec: customer.DeleteAttributeValueList, columns: "id, value"},
	{name: "customer.DeleteList", spec: customer.DeleteList, columns: "id, notes"},
	{name: "customer.FormValueList", spec: customer.FormValueList, columns: "session_id, field_id, value",
		given: map[string]string{"customer_id": "50", "address_id": "50", "field_name": "Filled 1", "field_type": "text"}},
	{name: "customer.List", spec: customer.List, columns: "id, notes", given: map[string]string{"email:in": anEmail}},
	{name: "customer.PlainList", spec: customer.PlainList, columns: "id, notes", given: map[string]string{"email": anEmail, "first_name": "Laura"}},
	{name: "customer.byID", columns: "id, notes", spec: customer.DeleteList}, // the same field
	{name: "form.List", spec: form.List, columns: "id, options", given: map[string]string{"name": "Filled 1"}},
	{name: "group.Assignments", spec: group.Assignments, columns: "id, price_list_id"},
	{name: "group.Browse", spec: group.Browse, columns: "id, discount_rules"},
	{name: "group.List", spec: group.List, columns: "id, discount_rules"},
	{name: "group.One", spec: group.One, columns: "id, discount_rules"},
	{name: "group.Unassigned", spec: group.Unassigned, columns: "id, price_list_id"},
	{name: "desk.CommentList", spec: desk.CommentList, columns: "id, comment"},
	{name: "desk.ViewList", spec: desk.ViewList, columns: "id, query", given: map[string]string{"list": desk.CustomersList}},
	{name: "history.List", spec: history.List, given: historyValues, read: readHistory},
	{name: "history.Stream", spec: history.Stream, given: historyValues, read: readHistory},
	{name: "metafield.List", spec: metafield.List, columns: "id, value", base: ofCaller},
	{name: "order.Count", spec: order.Count, columns: "id, subtotal", given: orderValues},
	{name: "order.List", spec: order.List, columns: "id, subtotal", given: orderValues},
	{name: "person.RequestList", spec: persons.RequestList, columns: "id, note", given: map[string]string{"state": persons.RequestOpen, "kind": string(persons.ForErasure)}},
	{name: "segment.Browse", spec: segment.Browse, columns: "id, description"},
	{name: "segment.BrowseMembers", spec: segment.BrowseMembers, columns: "profile_id, date_created", base: ofOne("segment", 1)},
	{name: "segment.DeleteList", spec: segment.DeleteList, columns: "id, description"},
	{name: "segment.DeleteProfileList", spec: segment.DeleteProfileList, columns: "id, date_modified"},
	{name: "segment.List", spec: segment.List, columns: "id, description"},
	{name: "segment.MemberList", spec: segment.MemberList, columns: "profile_id, date_created", base: ofOne("segment", 1)},
	{name: "segment.OfProfileList", spec: segment.OfProfileList, columns: "id, description", base: ofOne("profile", 50)},
	{name: "segment.ProfileList", spec: segment.ProfileList, columns: "id, date_modified"},
	{name: "segment.RemoveMemberList", spec: segment.RemoveMemberList, columns: "id, date_modified", base: ofOne("segment", 1)},
	{name: "subscriber.DeleteList", spec: subscriber.DeleteList, columns: "id, consents"},
	{name: "subscriber.HistoryList", spec: subscriber.HistoryList, columns: "id, consents", base: ofOne("subscriber_id", 1)},
	{name: "subscriber.List", spec: subscriber.List, columns: "id, consents"},
	{name: "tax.DeleteList", spec: tax.DeleteList, columns: "customer_id, value", read: readTaxes},
	{name: "tax.List", spec: tax.List, columns: "customer_id, value", read: readTaxes},
	{name: "webhook.AdminList", spec: webhook.AdminList, columns: "id, headers"},
	{name: "webhook.Browse", spec: webhook.Browse, columns: "id, headers", given: map[string]string{"client_id": clientID}},
	{name: "webhook.DeliveryList", spec: webhook.DeliveryList, columns: "id, data", base: ofOne("hook", 1)},
	{name: "webhook.List", spec: webhook.List, columns: "id, headers", base: func(q *listing.Query) *listing.Query {
		return q.Where("client_id", listing.In, nil, []string{clientID})
	}},
	{name: "bulk.List", spec: bulk.List, columns: "id, options"},
	{name: "account.Impersonations", spec: account.Impersonations, columns: "id"},
	{name: "merge.List", spec: merge.List, columns: "id, leftover"},
	{name: "duplicate.List", spec: duplicate.List, columns: "distance, id, reasons"},
	{name: "export.List", spec: export.List, columns: "id, options"},
	{name: "transfer.List", spec: imports.List, columns: "id, plan"},
	{name: "transfer.Parameters", spec: imports.List, columns: "id, plan"}, // no filters of rows
	{name: "wishlist.List", spec: wishlist.List, columns: "id, name"},
}

var orderValues = map[string]string{"email": anEmail, "cart_id": "x", "payment_method": "x", "external_order_id": "x", "is_deleted": "false", "consignment_structure": "object"}

// otherLists are Specs of lists that are not read of the database by them.
var otherLists = []string{
	"customer.SearchList", "figure.List", // parameters of what is no list of rows
	"mail.OnChannel", "mail.OnOneChannel", "order.One", "order.Products", // parameters of one thing
	"rest.noParameters", "v2.countryList", "v2.paged", "v2.stateList",
}

// ListRow is how long the first page of a list and its total take.
type ListRow struct {
	list, by    string
	page, total time.Duration
	how         string // whence the total is
}

func (r *ListRow) slow() bool { return max(r.page, r.total) >= slowList }

// ListsReport is what all lists take.
type ListsReport struct {
	rows []*ListRow
}

// lists measures all lists, in a database of its own.
func (b *bencher) lists(ctx context.Context, d data) (_ *ListsReport, err error) {
	dsn, drop, err := copyOf(ctx, d, caseLists)
	if err != nil {
		return nil, err
	}
	defer drop(&err)
	start := time.Now()
	if err := withDB(ctx, dsn, sqldb.Options{CacheKiB: loadCache, WriteTimeout: time.Hour}, func(db *sqldb.DB) error {
		if err := fillLists(ctx, db, storeID); err != nil {
			return err
		}
		// As a server has them after a while: name:like goes by the lists of the search.
		sys := system.Real()
		return customer.NewService(db, sys, password.New(sys)).FoldSearch(ctx, storeID)
	}); err != nil {
		return nil, err
	}
	b.say("%-11s filled in %s", caseLists, time.Since(start).Round(time.Second))
	var out *ListsReport
	err = withDB(ctx, dsn, sqldb.Options{}, func(db *sqldb.DB) (err error) {
		out, err = walkLists(ctx, db, listRuns)
		return err
	})
	return out, err
}

func withDB(ctx context.Context, dsn string, o sqldb.Options, fn func(*sqldb.DB) error) error {
	db, err := sqldb.Open(ctx, dsn, o)
	if err != nil {
		return err
	}
	defer db.Close()
	return fn(db)
}

// walkLists measures every filter and order of every list, and the two
// together.
func walkLists(ctx context.Context, db *sqldb.DB, runs int) (*ListsReport, error) {
	w := walker{ctx: ctx, db: db, runs: runs, report: &ListsReport{}}
	for i := range lists {
		if err := w.list(&lists[i]); err != nil {
			return nil, fmt.Errorf("%s: %w", lists[i].name, err)
		}
	}
	return w.report, nil
}

type walker struct {
	ctx    context.Context
	db     *sqldb.DB
	runs   int
	report *ListsReport
}

func (w *walker) list(l *list) error {
	filters := []string{""}
	for i := range l.spec.Fields {
		f := &l.spec.Fields[i]
		if f.Hidden {
			continue
		}
		for _, op := range f.Ops {
			value, err := w.value(l, f, op)
			if err != nil {
				return fmt.Errorf("%s: %w", f.Param(op), err)
			}
			filters = append(filters, f.Param(op)+"="+url.QueryEscape(value))
		}
	}
	orders := []string{""}
	for _, s := range l.spec.Sorts {
		orders = append(orders, "sort="+s.Name+":asc", "sort="+s.Name+":desc")
	}
	if l.spec.Direction {
		orders = append(orders, "direction=desc")
	}
	for _, f := range filters {
		for _, o := range orders {
			if err := w.one(l, f, o); err != nil {
				return fmt.Errorf("%s %s: %w", f, o, err)
			}
		}
	}
	return nil
}

// value returns a value of a field that a row in the middle of the list has, as
// a request has it.
func (w *walker) value(l *list, f *listing.Field, op listing.Op) (string, error) {
	if v, ok := l.given[f.Param(op)]; ok {
		return v, nil
	}
	filled := ""
	if f.NonEmpty && f.Kind == listing.Text || f.NonEmpty && f.Kind == listing.Folded {
		filled = " AND " + f.Column + " <> ''"
	} else if f.NonEmpty {
		filled = " AND " + f.Column + " <> 0"
	}
	key, _, _ := strings.Cut(l.columns, ",")
	from := " FROM " + l.spec.Table + " WHERE store_id = $1" + filled
	n, at, text := int64(0), int64(0), ""
	number := f.Kind != listing.Text && f.Kind != listing.Folded && f.Kind != listing.Email
	err := w.db.Read(w.ctx, storeID, func(tx *sqldb.Tx) error {
		if err := tx.Query(sqldb.Dynamic("SELECT COUNT(*)"+from), func(r *sqldb.Row) error { n = r.Int(0); return nil }); err != nil {
			return err
		}
		return tx.Query(sqldb.Dynamic("SELECT "+f.Column+from+" ORDER BY "+key+" LIMIT 1 OFFSET $2"), func(r *sqldb.Row) error {
			if number {
				at = r.Int(0)
			} else {
				text = r.Text(0)
			}
			return nil
		}, n/2)
	})
	if err != nil || n == 0 && l.spec.Table != "" {
		if err == nil {
			err = fmt.Errorf("no row of %s has one", l.spec.Table)
		}
		return "", err
	}
	switch {
	case f.Kind == listing.Flag:
		return strconv.FormatBool(at != 0), nil
	case f.Kind == listing.Time || f.Kind == listing.UnixTime:
		return time.Unix(at, 0).UTC().Format(time.RFC3339), nil
	case f.Kind == listing.Money:
		return strconv.FormatInt(at/10_000, 10), nil
	case number:
		return strconv.FormatInt(at, 10), nil
	}
	if op == listing.Like { // the end of a name
		runes := []rune(text)
		text = string(runes[max(0, len(runes)-5):])
	}
	for name, stored := range f.Values {
		if stored == text {
			return name, nil
		}
	}
	return text, nil
}

// one measures a list with a filter and an order, each of which may be empty.
func (w *walker) one(l *list, filter, order string) error {
	row := &ListRow{list: l.name, by: strings.Trim(filter+"&"+order, "&")}
	if text, err := url.QueryUnescape(row.by); err == nil {
		row.by = text
	}
	spec := *l.spec
	spec.Deletes = false
	ask := func() (*listing.Query, error) {
		q, err := spec.Parse(strings.Trim(filter+"&"+order, "&"))
		if err == nil && l.base != nil {
			q = l.base(q)
		}
		return q, err
	}
	plain, err := ask()
	if err != nil {
		return err
	}
	switch {
	case spec.Untold || spec.Unpaged || spec.Unnumbered:
		row.how = "not needed"
	case len(plain.Filters) == 0 && spec.Total != nil, filter == "" && l.base != nil && spec.TotalOf != nil:
		row.how = "kept"
	default:
		row.how = "counted"
	}
	if row.page, err = w.time(func() error {
		q, err := ask()
		if err != nil {
			return err
		}
		if l.read != nil {
			return l.read(w.ctx, w.db, q)
		}
		return w.db.Read(w.ctx, storeID, func(tx *sqldb.Tx) error {
			_, err := q.WithoutTotal().Run(tx, l.columns, func(*sqldb.Row) error { return nil })
			return err
		})
	}); err != nil {
		return err
	}
	if row.how != "not needed" && order == "" {
		if row.total, err = w.time(func() error {
			q, err := ask()
			if err != nil {
				return err
			}
			return w.db.Read(w.ctx, storeID, func(tx *sqldb.Tx) error { _, err := q.Count(tx); return err })
		}); err != nil {
			return err
		}
	}
	w.report.rows = append(w.report.rows, row)
	return nil
}

// time returns the median of some runs, after one that is not counted. What
// takes a second is run no more.
func (w *walker) time(do func() error) (time.Duration, error) {
	var took []time.Duration
	for range w.runs + 1 {
		start := time.Now()
		if err := do(); err != nil {
			return 0, err
		}
		took = append(took, time.Since(start))
		if took[len(took)-1] > time.Second {
			break
		}
	}
	return median(took[min(1, len(took)-1):]), nil
}

// figures are what all lists take. What is faster than what a document tells is not
// told apart.
func (r *ListsReport) figures() (out []Figure) {
	if r == nil {
		return nil
	}
	for _, row := range r.rows {
		f := figureOf(strings.TrimSuffix("List "+row.list+" by "+row.by, " by "), "", inMillis(row.page).less()).as("first page %s")
		if row.total > 0 {
			f = figureOf(f.Name, "", f.Amounts[0], inMillis(row.total).less()).as("first page %s, total %s")
		}
		for i := range f.Amounts {
			f.Amounts[i].from = inMillis(shownList).Values[0]
		}
		out = append(out, f)
	}
	return out
}

// table is the report: all of it, or what takes long.
func (r *ListsReport) table(all bool) [][]string {
	if r == nil {
		return nil
	}
	out := [][]string{{"List", "By", "First page", "Total", "The total is", ""}}
	fast := 0
	for _, row := range r.rows {
		if !all && max(row.page, row.total) < shownList {
			fast++
			continue
		}
		mark, total := "", "–"
		if row.slow() {
			mark = "over " + slowList.String()
		}
		if row.total > 0 {
			total = millis(row.total)
		}
		out = append(out, []string{row.list, row.by, millis(row.page), total, row.how, mark})
	}
	if !all {
		out = append(out, []string{fmt.Sprintf("%d others", fast), "", "< " + millis(shownList), "< " + millis(shownList), "", ""})
	}
	return out
}

// listNames returns the names of all Specs that this file knows.
func listNames() []string {
	out := slices.Clone(otherLists)
	for i := range lists {
		out = append(out, lists[i].name)
	}
	slices.Sort(out)
	return out
}
