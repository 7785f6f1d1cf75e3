package export

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/rule"
	"clientele/internal/segment"
	"clientele/internal/sqldb"
	"clientele/internal/subscriber"
)

// Column is a column that somebody chose. Field is the name of one of format CSV, or
// AllAttributes or AllAddresses; Name is what it is called, empty for the same.
type Column struct {
	Field string `json:"field"`
	Name  string `json:"name,omitempty"`
}

// Fields of columns that stand for several.
const (
	AllAttributes = "attribute:*"
	AllAddresses  = "address.*"
)

// Dates is a way to write dates.
type Dates string

// The ways, besides that of RFC 3339.
const (
	Day        Dates = "day"    // 2026-12-31
	DayFirst   Dates = "dmy"    // 31.12.2026
	MonthFirst Dates = "mdy"    // 12/31/2026
	DayAndTime Dates = "minute" // 2026-12-31 14:05
)

var dateLayouts = map[Dates]string{Day: time.DateOnly, DayFirst: "02.01.2006", MonthFirst: "01/02/2006", DayAndTime: "2006-01-02 15:04"}

const (
	// MaxColumns and MaxIDs bound what can be named, and maxName the name of a column,
	// in characters.
	MaxColumns = 100
	MaxIDs     = 1000
	maxName    = 100
	// stretch is among how many ids those are looked for whom a rule finds.
	stretch = 20_000
)

// CustomerFields and SubscriberFields are what columns may be of, besides attributes
// and form fields.
var (
	CustomerFields   = []string{"id", "email", "first_name", "last_name", "company", "phone", "notes", "customer_group", "customer_group_id", "store_credit", "tax_exempt_category", "newsletter", "accepts_product_review_abandoned_cart_emails", "date_created", "date_modified", "registration_ip_address", "origin_channel_id", "channel_ids", "force_password_reset", AllAttributes, AllAddresses}
	SubscriberFields = []string{"id", "email", "first_name", "last_name", "channel_id", "source", "order_id", "consents", "date_created", "date_modified"}
)

// Templates are those that are there from the beginning, in their order.
var Templates = []string{"default", "bulk_edit", "bigcommerce", "addresses", "everything"}

// Template returns the options of a template that is there from the beginning.
func Template(name string, kind Kind) (Options, bool) {
	o := Options{Format: CSV, Kind: kind}
	columns := func(fields ...string) {
		for _, f := range fields {
			o.Columns = append(o.Columns, Column{Field: f})
		}
	}
	switch {
	case !slices.Contains(Templates, name) || kind == Subscribers && (name == "bulk_edit" || name == "addresses"):
		return o, false
	case name == "everything":
	case name == "bigcommerce":
		o.Format = BigCommerce
	case kind == Subscribers:
		columns("email", "first_name", "last_name", "consents", "source", "date_created")
	case name == "bulk_edit": // what can be imported again as it is
		columns("id", "email", "first_name", "last_name", "company", "phone", "notes", "customer_group", "store_credit", "tax_exempt_category", AllAttributes)
	default:
		columns("id", "email", "first_name", "last_name", "company", "phone", "customer_group", "store_credit", "newsletter", "date_created")
		if name == "addresses" {
			columns(AllAddresses)
		}
	}
	return o, true
}

// FindBy has rules of the language of segments find customers. It comes before s is
// used.
func (s *Service) FindBy(k *segment.Keeper) { s.rules = k }

// OpenTo reports whether somebody of the staff may have the file: who asked for it,
// and owners.
func (e *Export) OpenTo(who history.Actor, owner bool) bool {
	return owner || e.By.Kind == who.Kind && e.By.ID == who.ID && e.By.Name == who.Name
}

// The fields of which faults tell.
const (
	FieldColumns   fault.Field = "columns"
	FieldSeparator fault.Field = "separator"
	FieldDates     fault.Field = "dates"
	FieldSelection fault.Field = "selection"
)

// checkOwn reports what is wrong with what somebody chose themselves.
func (o *Options) checkOwn() error {
	var c fault.Collector
	wrong := func(field fault.Field, code fault.Code) { c.Because(field, code, "", "") }
	if o.Columns != nil && (o.Format != CSV || len(o.Columns) == 0 || len(o.Columns) > MaxColumns) {
		wrong(FieldColumns, fault.OutOfRange)
	}
	known := CustomerFields
	if o.Kind == Subscribers {
		known = SubscriberFields
	}
	for _, col := range o.Columns {
		own := o.Kind == Customers && (strings.HasPrefix(col.Field, "attribute:") || strings.HasPrefix(col.Field, "form_field:") || strings.HasPrefix(col.Field, "address."))
		if !own && !slices.Contains(known, col.Field) {
			wrong(FieldColumns, fault.NotAccepted)
		}
		c.Length(FieldColumns, col.Name, 0, maxName)
	}
	if o.Separator != "" && o.Separator != "," && o.Separator != ";" && o.Separator != "\t" {
		wrong(FieldSeparator, fault.NotAccepted)
	}
	if o.Dates != "" && dateLayouts[o.Dates] == "" {
		wrong(FieldDates, fault.NotAccepted)
	}
	if o.IDs != nil && len(o.IDs) == 0 || len(o.IDs) > MaxIDs || o.IDs != nil && o.Rule != "" || o.Rule != "" && o.Segment != "" || o.Filter != "" && o.Kind != Subscribers || o.Rule != "" && o.Kind != Customers {
		wrong(FieldSelection, fault.NotAccepted)
	}
	if _, err := subscriber.ParseBrowse(o.Filter); err != nil {
		return err
	}
	return c.Err(fault.Invalid)
}

// bind has a rule name things by their numbers, and ids stand in order.
func (s *Service) bind(ctx context.Context, storeID int64, o *Options) error {
	if o.IDs != nil {
		o.IDs = slices.Compact(slices.Sorted(slices.Values(o.IDs)))
	}
	if o.Rule == "" {
		return nil
	}
	asked, names, err := s.ask(ctx, storeID, o.Rule)
	if err == nil {
		o.Rule = names.Bind(asked.Node).String()
	}
	return err
}

func (s *Service) ask(ctx context.Context, storeID int64, text string) (*segment.Asked, *rule.Names, error) {
	n, err := rule.Parse(text)
	if err != nil {
		return nil, nil, err
	}
	if s.rules == nil {
		return nil, nil, fault.New(fault.Invalid, "rules cannot be used here")
	}
	names, asked, err := s.rules.Ask(ctx, storeID, n)
	return asked, names, err
}

// ready reads what is asked for before the moment of which the table is.
func (w *writing) ready(ctx context.Context, storeID int64) (err error) {
	if w.o.Rule != "" {
		if w.asked, _, err = w.s.ask(ctx, storeID, w.o.Rule); err != nil {
			f := new(rule.Fault)
			if errors.As(err, &f) {
				err = fault.New(fault.Invalid, "The rule cannot be used any more: something that it names is gone.")
			}
			return err
		}
	}
	if w.o.Kind == Subscribers && (w.o.Filter != "" || w.o.IDs != nil) {
		var in subscriber.Browse
		in, err = subscriber.ParseBrowse(w.o.Filter)
		w.filter = &in
	}
	return err
}

var lastCustomer = sqldb.Static(`SELECT customer_id, subscriber_id FROM store_counters WHERE store_id = $1`)

// last is the last id of the table.
func (w *writing) last() (n int64, err error) {
	at := 0
	if w.o.Kind == Subscribers {
		at = 1
	}
	return n, w.tx.Query(lastCustomer, func(r *sqldb.Row) error { n = r.Int(at); return nil })
}

// found are those of each stretch of ids whom the rule finds.
func (w *writing) found() pages {
	after := int64(0)
	return func() (some []customer.Customer, more bool, err error) {
		last, err := w.last()
		if err != nil || after >= last {
			return nil, false, err
		}
		to := min(after+stretch, last)
		where, args := w.asked.Checked.SQL(w.tx, w.asked.Clock, []any{after, to}, true)
		var ids []int64
		if err := w.tx.Query(rule.Select(`id > $2 AND id <= $3 AND `+where+` ORDER BY id LIMIT `+strconv.Itoa(page)), func(r *sqldb.Row) error {
			ids = append(ids, r.Int(0))
			return nil
		}, args...); err != nil {
			return nil, false, err
		}
		if after = to; len(ids) == page {
			after = ids[page-1]
		}
		some, err = customer.ReadByID(w.tx, w.sinceOf(ids))
		return some, true, err
	}
}

// eachFiltered calls fn for pages of the subscribers whom the filter finds, or who are
// named.
func (w *writing) eachFiltered(fn func([]subscriber.Subscriber) error) error {
	last, err := w.last()
	for after := int64(0); err == nil && after < last; {
		ids, to := w.o.IDs, last
		if ids == nil {
			to = min(after+stretch, last)
			ids, err = w.filter.Some(w.tx, after, to, page)
		}
		if err != nil {
			return err
		}
		if after = to; w.o.IDs == nil && len(ids) == page {
			after = ids[page-1]
		}
		var some []subscriber.Subscriber
		if some, err = subscriber.ReadByID(w.tx, ids); err == nil {
			err = fn(some)
		}
		if err == nil {
			err = w.ctx.Err()
		}
	}
	return err
}

// ownLayout is a layout with the columns that somebody chose.
func (w *writing) ownLayout(l layout) (layout, error) {
	if w.o.Columns == nil {
		if w.o.Dates != "" {
			l.own, l.after = w.dated(l.own), w.dated(l.after)
		}
		return l, nil
	}
	var out layout
	for _, want := range w.o.Columns {
		switch {
		case want.Field == AllAddresses:
			for n := range w.width {
				for _, a := range l.address {
					out.own = append(out.own, w.addressColumn(a, n, strings.ReplaceAll(a.name, "#", strconv.Itoa(n+1))))
				}
			}
			continue
		case want.Field == AllAttributes:
			for _, c := range l.after {
				if strings.HasPrefix(c.name, "attribute:") {
					out.own = append(out.own, c)
				}
			}
			continue
		}
		found := false
		for _, c := range slices.Concat(l.own, l.after) {
			if c.name == want.Field {
				found = true
				out.own = append(out.own, column{c.name, c.of})
			}
		}
		for _, a := range l.address {
			for n := range widest[CSV] {
				if name := strings.ReplaceAll(a.name, "#", strconv.Itoa(n+1)); name == want.Field {
					found = true
					out.own = append(out.own, w.addressColumn(a, n, name))
				}
			}
		}
		if !found {
			return out, fault.New(fault.Invalid, "There is no column "+want.Field+" any more.")
		}
	}
	out.own = w.dated(out.own)
	for i := range out.own {
		for _, want := range w.o.Columns {
			if want.Field == out.own[i].name && want.Name != "" {
				out.own[i].name = want.Name
				break
			}
		}
	}
	return out, nil
}

// addressColumn is a column of one of the addresses of customers.
func (w *writing) addressColumn(a addressColumn, n int, name string) column {
	return column{name, func(p *person) string {
		if n >= len(p.Addresses) {
			return ""
		}
		return a.of(&p.Addresses[n])
	}}
}

// dated writes the dates of columns as somebody wants them.
func (w *writing) dated(in []column) []column {
	out := slices.Clone(in)
	for i, c := range out {
		if isDate(c.name) {
			out[i].of = func(p *person) string { return w.date(c.of(p)) }
		}
	}
	return out
}

func isDate(column string) bool { return strings.HasPrefix(column, "date_") || column == "Date Joined" }

// date is a time as somebody wants it, in the time zone of who reads the table: UTC.
func (w *writing) date(text string) string {
	at, err := time.Parse(time.RFC3339, text)
	if layout := dateLayouts[w.o.Dates]; layout != "" && err == nil {
		return at.Format(layout)
	}
	return text
}

// ownSubscriberColumns are those of subscribers that somebody chose.
func (w *writing) ownSubscriberColumns(all []subscriberColumn) []subscriberColumn {
	var out []subscriberColumn
	dated := func(c subscriberColumn, name string) {
		of := c.of
		if isDate(c.name) {
			of = func(s *subscriber.Subscriber) string { return w.date(c.of(s)) }
		}
		out = append(out, subscriberColumn{name, of})
	}
	if w.o.Columns == nil {
		for _, c := range all {
			dated(c, c.name)
		}
		return out
	}
	for _, want := range w.o.Columns {
		for _, c := range all {
			if c.name == want.Field {
				name := want.Name
				if name == "" {
					name = c.name
				}
				dated(c, name)
			}
		}
	}
	return out
}
