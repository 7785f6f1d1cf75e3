// Package export writes the customers and subscribers of a store into tables that
// other systems read: see docs/moving-out.md. All that a store consists of is written
// by package bundle.
package export

import (
	"archive/zip"
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/filestore"
	"clientele/internal/form"
	"clientele/internal/group"
	"clientele/internal/history"
	"clientele/internal/jsonx"
	"clientele/internal/metafield"
	"clientele/internal/segment"
	"clientele/internal/sqldb"
	"clientele/internal/subscriber"
	"clientele/internal/system"
	"clientele/internal/transfer/bundle"
)

// Format is a system that reads the table.
type Format string

// The formats.
const (
	BigCommerce Format = "bigcommerce"
	Shopify     Format = "shopify"
	CSV         Format = "csv" // all that there is
	// Clientele is no table but all of a store. Servers write it without secrets.
	Clientele Format = "clientele"
)

// Kind is whom a table is of.
type Kind string

// The kinds.
const (
	Customers   Kind = "customers"
	Subscribers Kind = "subscribers"
)

// NoConsent stands for subscribers who agreed to nothing, or took it back.
const NoConsent = "none"

// Options say what is written.
type Options struct {
	Format Format `json:"format"`
	Kind   Kind   `json:"kind"`
	// Since leaves out who was not changed from then on, with what is theirs; 0: nobody.
	Since int64 `json:"since,omitempty"`
	// Segment is the UUID of one; empty: everybody.
	Segment string `json:"segment_id,omitempty"`
	// Consent is what subscribers agreed to, or NoConsent; empty: anything.
	Consent string `json:"consent,omitempty"`
	// Rule finds customers, in the language of rules; empty: everybody.
	Rule string `json:"rule,omitempty"`
	// Filter finds subscribers: see subscriber.ParseBrowse; empty: everybody.
	Filter string `json:"filter,omitempty"`
	// IDs are those who are named; nil: nobody is.
	IDs []int64 `json:"ids,omitempty"`
	// Columns are those of a table of format CSV, in their order; nil: all.
	Columns []Column `json:"columns,omitempty"`
	// Separator is between cells; empty: a comma.
	Separator string `json:"separator,omitempty"`
	// Dates is how dates are written; empty: as RFC 3339 has them.
	Dates Dates `json:"dates,omitempty"`
	// Lines writes JSON objects, one a line, in place of a table.
	Lines bool `json:"lines,omitempty"`
	// Raw writes cells as they are. Else those that a spreadsheet would take for a
	// formula begin with an apostrophe.
	Raw bool `json:"raw,omitempty"`
	// Zip writes an archive with a table of the customers and one of the addresses
	// for which that has no columns.
	Zip bool `json:"zip,omitempty"`
}

// Check reports what is wrong with options.
func (o *Options) Check() error {
	switch {
	case o.Format != BigCommerce && o.Format != Shopify && o.Format != CSV:
		return fault.New(fault.Invalid, "the format must be bigcommerce, shopify or csv")
	case o.Kind != Customers && o.Kind != Subscribers:
		return fault.New(fault.Invalid, "the kind must be customers or subscribers")
	case o.Consent != "" && o.Kind != Subscribers:
		return fault.New(fault.Invalid, "consent selects subscribers, not customers")
	case o.Since < 0:
		return fault.New(fault.Invalid, "the time is before 1970")
	}
	if err := o.checkOwn(); err != nil {
		return err
	}
	if o.Consent == "" || o.Consent == NoConsent {
		return nil
	}
	for _, c := range subscriber.Consents {
		if o.Consent == c {
			return nil
		}
	}
	return fault.New(fault.Invalid, "the consent must be "+strings.Join(subscriber.Consents, ", ")+" or "+NoConsent)
}

// ErrAddresses: some customers have more addresses than a table has columns for, and
// no archive is asked for.
var ErrAddresses = errors.New("some customers have more addresses than the table has columns for: ask for a ZIP archive, which has a table of the others")

// widest is how many addresses a table has columns for.
var widest = map[Format]int{BigCommerce: 20, Shopify: 1, CSV: 10}

// page is how many rows are read at once.
const page = 500

// Service writes tables, and has servers write files.
type Service struct {
	db      *sqldb.DB
	sys     *system.System
	bundles *bundle.Service
	files   filestore.Store
	rules   *segment.Keeper
}

// NewService returns a Service over db.
func NewService(db *sqldb.DB, sys *system.System, bundles *bundle.Service) *Service {
	s := &Service{db: db, sys: sys, bundles: bundles}
	s.KeepIn("")
	return s
}

// Written is what was written.
type Written struct {
	Rows int64 // of customers or subscribers
	// Addresses are those in a table of their own.
	Addresses int64
}

// Write writes a table as the store is at one moment, while others write to it. It
// calls each with the number of rows so far. That it was written is in the store's
// history before the first row is.
func (s *Service) Write(ctx context.Context, storeID int64, o Options, to io.Writer, each func(rows int64)) (Written, error) {
	w := writing{s: s, o: o, each: each}
	if err := o.Check(); err != nil {
		return w.done, err
	}
	if err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error { return history.Enter(tx, s.sys.Now(), o.entry()) }); err != nil {
		return w.done, err
	}
	if err := w.ready(ctx, storeID); err != nil {
		return w.done, err
	}
	err := s.db.Snapshot(ctx, storeID, func(tx *sqldb.Tx) error {
		w.tx, w.ctx = tx, ctx
		return w.all(to)
	})
	return w.done, err
}

// Table reports whether one table is written, as text.
func (e *Export) Table() bool { return strings.HasSuffix(e.File, ".csv") }

func (o *Options) entry() history.Entry {
	if o.Format == Clientele {
		return history.Entry{Action: history.Exported, Resource: history.Bundle}
	}
	e := history.Entry{Action: history.Exported, Resource: history.Customer}
	if o.Kind == Subscribers {
		e.Resource = history.Subscriber
	}
	e.Add(false, history.FieldType, "", history.Text(string(o.Format)))
	if o.Segment != "" {
		e.Add(false, history.FieldSegment, "", history.Text(o.Segment))
	}
	if o.Consent != "" {
		e.Add(false, history.FieldConsents, "", history.Text(o.Consent))
	}
	return e
}

// writing is a table as it is written.
type writing struct {
	s    *Service
	ctx  context.Context
	tx   *sqldb.Tx
	o    Options
	each func(int64)
	done Written

	segment    int64
	changed    []int64 // customers changed since the time that is asked for, in order
	groups     map[int64]string
	attributes []named
	fields     map[string][]named // by form
	width      int                // addresses that have columns
	asked      *segment.Asked     // the rule

	filter *subscriber.Browse
}

type named struct {
	id   int64
	name string
}

func (w *writing) all(to io.Writer) (err error) {
	if w.o.Segment != "" {
		if w.segment, err = segment.Find(w.tx, w.o.Segment); err != nil {
			return err
		}
	}
	if w.o.Kind == Subscribers {
		return w.files(to, []file{{"subscribers.csv", w.subscribers}})
	}
	if err := w.look(); err != nil {
		return err
	}
	if w.o.Since != 0 {
		if err := w.since(); err != nil {
			return err
		}
	}
	most, err := customer.MostAddresses(w.tx)
	if err != nil {
		return err
	}
	w.width = min(int(most), widest[w.o.Format])
	if w.o.Format == Shopify {
		w.width = 1 // its columns are always there
	}
	files := []file{{"customers.csv", w.customers}}
	if int(most) > w.width && w.o.Columns == nil && !w.o.Lines {
		if !w.o.Zip {
			return ErrAddresses
		}
		files = append(files, file{"addresses.csv", w.addresses})
	}
	return w.files(to, files)
}

// file is a table in an archive.
type file struct {
	name  string
	write func(*table) error
}

func (w *writing) files(to io.Writer, files []file) error {
	if !w.o.Zip {
		return w.file(to, files[0])
	}
	z := zip.NewWriter(to)
	for _, f := range files {
		in, err := z.Create(f.name)
		if err != nil {
			return err
		}
		if err := w.file(in, f); err != nil {
			return err
		}
	}
	return z.Close()
}

func (w *writing) file(to io.Writer, f file) error {
	t := &table{csv: csv.NewWriter(to), raw: w.o.Raw || w.o.Lines}
	if w.o.Separator != "" {
		t.csv.Comma = []rune(w.o.Separator)[0]
	}
	if w.o.Lines {
		t.lines = bufio.NewWriter(to)
	}
	if err := f.write(t); err != nil {
		return err
	}
	if t.lines != nil {
		return t.lines.Flush()
	}
	t.csv.Flush()
	return t.csv.Error()
}

// table writes rows.
type table struct {
	csv  *csv.Writer
	raw  bool
	rows int64
	// lines is where objects go, in place of rows; names are those of their members.
	lines *bufio.Writer
	names []string
}

// row writes a row. Its cells may be changed.
func (t *table) row(cells []string) error {
	if !t.raw {
		for i, c := range cells {
			cells[i] = Defused(c)
		}
	}
	t.rows++
	switch {
	case t.lines == nil:
		return t.csv.Write(cells)
	case t.names == nil:
		t.names = slices.Clone(cells)
		return nil
	}
	b := []byte{'{'}
	for i, c := range cells {
		if i > 0 {
			b = append(b, ',')
		}
		b = jsonx.AppendString(append(jsonx.AppendString(b, t.names[i]), ':'), c)
	}
	_, err := t.lines.Write(append(b, "}\n"...))
	return err
}

// Defused is a cell that no spreadsheet takes for a formula. Who reads the table
// again takes one apostrophe away, as package source does.
func Defused(cell string) string {
	if rest := strings.TrimLeft(cell, "'"); rest != "" && strings.ContainsRune("=+-@\t\r", rune(rest[0])) {
		return "'" + cell
	}
	return cell
}

// look reads what rows refer to.
func (w *writing) look() error {
	w.groups, w.fields = map[int64]string{}, map[string][]named{}
	forms := map[string]*form.Form{form.Customer: {}, form.Address: {}}
	if err := w.tx.Pipeline(
		group.NamesQuery(func(id int64, name string, _ bool) { w.groups[id] = name }),
		form.Query(form.Customer, false, forms[form.Customer]), form.Query(form.Address, false, forms[form.Address]),
	); err != nil {
		return err
	}
	for name, f := range forms {
		for i := range *f {
			w.fields[name] = append(w.fields[name], named{(*f)[i].ID, (*f)[i].Name})
		}
	}
	return customer.AttributeNames(w.tx, func(id int64, name string) { w.attributes = append(w.attributes, named{id, name}) })
}

// eachCustomer calls fn for pages of the customers that are asked for.
func (w *writing) eachCustomer(fn func([]customer.Customer) error) error {
	next := w.everybody()
	switch {
	case w.o.IDs != nil && w.o.Kind == Customers:
		next = w.listed(w.o.IDs)
	case w.asked != nil:
		next = w.found()
	case w.segment != 0:
		next = w.members()
	case w.o.Since != 0:
		next = w.listed(w.changed)
	}
	for {
		some, more, err := next()
		if err == nil {
			err = w.ctx.Err()
		}
		if err != nil || !more {
			return err
		}
		if len(some) == 0 {
			continue // they are gone, or not asked for
		}
		if err := fn(some); err != nil {
			return err
		}
	}
}

// pages returns the next page each time, and whether there was one.
type pages func() (some []customer.Customer, more bool, err error)

func (w *writing) everybody() pages {
	after := int64(-1)
	return func() (some []customer.Customer, more bool, err error) {
		if some, err = customer.ReadAfter(w.tx, after, page); len(some) > 0 {
			after = some[len(some)-1].ID
		}
		return some, len(some) > 0, err
	}
}

func (w *writing) members() pages {
	profile := int64(0)
	return func() (some []customer.Customer, more bool, err error) {
		var ids []int64
		if ids, profile, err = segment.CustomersAfter(w.tx, w.segment, profile, page); err != nil || len(ids) == 0 {
			return nil, false, err
		}
		some, err = customer.ReadByID(w.tx, w.sinceOf(ids))
		return some, true, err
	}
}

func (w *writing) listed(rest []int64) pages {
	return func() (some []customer.Customer, more bool, err error) {
		n := min(len(rest), page)
		ids := rest[:n]
		rest = rest[n:]
		some, err = customer.ReadByID(w.tx, w.sinceOf(ids))
		return some, n > 0, err
	}
}

// sinceOf leaves out who was not changed since the time that is asked for.
func (w *writing) sinceOf(ids []int64) []int64 {
	if w.o.Since == 0 {
		return ids
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id int64) bool { _, there := slices.BinarySearch(w.changed, id); return !there })
}

// theirs are the kinds of records that are customers' and may change without them.
var theirs = []history.Resource{history.Address, history.AttributeValue, history.Metafield}

// since finds who was changed, or what is theirs: 8 bytes of memory for each.
func (w *writing) since() error {
	sorted := 1 << 16
	add := func(id int64) {
		if w.changed = append(w.changed, id); len(w.changed) > 2*sorted { // one may be told often
			w.changed = compact(w.changed)
			sorted = max(sorted, len(w.changed))
		}
	}
	if err := w.tx.Pipeline(append(customer.ChangedQueries(w.o.Since, add), metafield.ChangedQuery(w.o.Since, add))...); err != nil {
		return err
	}
	err := history.OwnersSince(w.tx, w.o.Since, theirs, add)
	w.changed = compact(w.changed)
	return err
}

func compact(ids []int64) []int64 {
	slices.Sort(ids)
	return slices.Compact(ids)
}

// subscribersOf returns the subscribers with the addresses of customers.
func (w *writing) subscribersOf(some []customer.Customer) ([]subscriber.Subscriber, error) {
	addresses := make([]string, len(some))
	for i := range some {
		addresses[i] = some[i].Email
	}
	return subscriber.ReadByAddress(w.tx, addresses)
}

// eachSubscriber calls fn for pages of subscribers.
func (w *writing) eachSubscriber(fn func([]subscriber.Subscriber) error) error {
	if w.segment != 0 || w.asked != nil {
		return w.eachCustomer(func(some []customer.Customer) error {
			subs, err := w.subscribersOf(some)
			if err != nil {
				return err
			}
			return fn(subs)
		})
	}
	if w.filter != nil {
		return w.eachFiltered(fn)
	}
	after := subscriber.Position{}
	for {
		some, next, err := subscriber.ReadAfter(w.tx, w.o.Since, after, page)
		if err == nil {
			err = w.ctx.Err()
		}
		if err != nil || len(some) == 0 {
			return err
		}
		after = next
		if err := fn(some); err != nil {
			return err
		}
	}
}

// taken reports whether a subscriber is asked for.
func (w *writing) taken(s *subscriber.Subscriber) bool {
	if s.DateModified < w.o.Since {
		return false
	}
	switch w.o.Consent {
	case "":
		return true
	case NoConsent:
		return len(s.Consents) == 0
	}
	for _, c := range s.Consents {
		if c == w.o.Consent {
			return true
		}
	}
	return false
}

func (w *writing) tell() {
	if w.each != nil {
		w.each(w.done.Rows)
	}
}

// String tells what was written.
func (d Written) String() string {
	if d.Addresses == 0 {
		return fmt.Sprintf("%d rows", d.Rows)
	}
	return fmt.Sprintf("%d rows, and %d further addresses", d.Rows, d.Addresses)
}
