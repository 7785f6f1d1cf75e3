package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"time"

	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/fold"
	"clientele/internal/form"
	"clientele/internal/group"
	"clientele/internal/password"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/storekey"
	"clientele/internal/transfer/source"
	"clientele/internal/transfer/table"
	"clientele/internal/transfer/value"
)

// Inspection is what a file is, before anything of it is taken.
type Inspection struct {
	File   File
	Plan   Plan
	Format string
	Findings
	// Samples are the first records.
	Samples []source.Record

	again  *repeated
	sample int64 // where the records end of which Expected tells
}

// Findings are what a look at all of a file finds.
type Findings struct {
	// RunnerUp is the format that fits next, empty for none.
	RunnerUp string `json:"runner_up,omitempty"`
	Rows     int64  `json:"rows"`
	// Text is where the last row ends, in bytes of UTF-8.
	Text int64 `json:"text"`
	// LeftBehind are the columns that go nowhere, in the file's own words.
	LeftBehind []string `json:"left_behind,omitempty"`
	// Problems are how many there are of each code; a code's warnings keep no row
	// from being taken.
	Problems map[string]int64 `json:"problems,omitempty"`
	Warnings map[string]int64 `json:"warnings,omitempty"`
	// Duplicates are the records whose email an earlier one has.
	Duplicates int64 `json:"duplicates"`
	// Hashes are the password hashes by kind.
	Hashes map[string]int64 `json:"hashes,omitempty"`
	// Expected is what would become of the first records, Whole that these are all
	// of them.
	Expected Counts `json:"expected"`
	Whole    bool   `json:"whole"`
	// Seconds is how long all rows take at the pace at which these were tried.
	Seconds int64 `json:"seconds"`
	// Examples are some records by what would become of them, once all were tried, as
	// long as the file is kept.
	Examples map[string][]Example `json:"examples,omitempty"`
}

const (
	samples = 3
	// sampled is of how many records it is tried what would become of them.
	sampled = 2500
)

// errNotUnderstood is wrapped by errors about files that are no tables of persons.
var errNotUnderstood = errors.New("the file is not understood")

// NotUnderstood reports whether an error says that a file is no table of persons.
func NotUnderstood(err error) bool { return errors.Is(err, errNotUnderstood) }

// Inspect reads all of a file and tells what it is.
func (s *Service) Inspect(ctx context.Context, storeID int64, f io.ReadSeeker, name string, o Options) (*Inspection, error) {
	hash, size, err := hashOf(ctx, f)
	if err != nil {
		return nil, err
	}
	return s.inspect(ctx, storeID, f, File{name, hash, size}, o)
}

// inspect is Inspect of a file whose hash is known.
func (s *Service) inspect(ctx context.Context, storeID int64, f io.ReadSeeker, of File, o Options) (*Inspection, error) {
	out := &Inspection{File: of, Findings: Findings{Problems: map[string]int64{}, Warnings: map[string]int64{}, Hashes: map[string]int64{}}, again: newRepeated(o.ByID)}
	w, err := s.look(ctx, storeID)
	if err != nil {
		return nil, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	if err := s.plan(f, o, w.own(), out); err != nil {
		return nil, err
	}
	if err := s.order(ctx, f, out); err != nil {
		return nil, err
	}
	if err := s.read(ctx, f, w.zone, out); err != nil {
		return nil, err
	}
	if o.Hold { // somebody may want its columns elsewhere
		return out, nil
	}
	return out, s.expect(ctx, storeID, f, out)
}

// expect tries what would become of the first records.
func (s *Service) expect(ctx context.Context, storeID int64, f io.ReadSeeker, out *Inspection) error {
	imp, start := out.try(), s.sys.Elapsed()
	if err := s.rehearse(ctx, storeID, imp, out.again, f, out.sample, nil); err != nil {
		return err
	}
	out.Expected, out.Whole = imp.Counts, out.sample >= out.Text
	if n := imp.Counts.Rows; n > 0 {
		out.Seconds = int64(math.Ceil((s.sys.Elapsed() - start).Seconds() * float64(out.Rows) / float64(n)))
	}
	return nil
}

// try returns an import that is only tried.
func (in *Inspection) try() *Import {
	return &Import{State: Running, File: in.File.Name, FileHash: in.File.Hash, Size: in.File.Size, Plan: in.Plan, Inspection: &in.Findings}
}

func hashOf(ctx context.Context, f io.ReadSeeker) (string, int64, error) {
	h := sha256.New()
	n, err := io.Copy(h, reading{ctx, f})
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	return hex.EncodeToString(h.Sum(nil)), n, err
}

// reading stops when its context ends.
type reading struct {
	ctx context.Context
	r   io.ReadSeeker
}

// Seek implements io.Seeker.
func (r reading) Seek(offset int64, whence int) (int64, error) { return r.r.Seek(offset, whence) }

// Read implements io.Reader.
func (r reading) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(b)
}

// world is what a store has that columns and cells refer to.
type world struct {
	zone       *time.Location
	attributes map[string]int64 // by name, folded
	fields     form.Form        // the store's own ones of customers
	groups     map[string]int64 // by name, folded
	overdraft  bool             // balances of store credit may be below zero
	keys       *storekey.Keys
}

// own are the names of what the store defines.
func (w *world) own() source.Own {
	var out source.Own
	out.Attributes = slices.Sorted(maps.Keys(w.attributes))
	for i := range w.fields {
		out.FormFields = append(out.FormFields, w.fields[i].Name)
	}
	return out
}

// plan finds out how a file is written and where its columns go.
func (s *Service) plan(f io.ReadSeeker, o Options, own source.Own, out *Inspection) error {
	layout, err := table.Detect(f)
	if err != nil {
		return fmt.Errorf("%w: %w", errNotUnderstood, err)
	}
	if names, ok := source.Headless(layout.Header); ok {
		layout.Header, layout.Headless = names, true
	}
	matches := source.Recognise(layout.Header)
	format := source.Plain
	if len(matches) > 0 {
		format = matches[0].Format
	}
	if len(matches) > 1 {
		out.RunnerUp = matches[1].Format.Name
	}
	if o.Format != "" {
		var ok bool
		if format, ok = source.Named(o.Format); !ok {
			return fault.New(fault.Invalid, "there is no format "+o.Format)
		}
	}
	o.Format = format.Name
	if o.OnExisting == "" {
		o.OnExisting = customer.SkipExisting
	}
	if o.TaxExempt == "" {
		o.TaxExempt = defaultTaxExempt
	}
	if err := checkMap(o.Map, layout.Header, own, o.App); err != nil {
		return err
	}
	kind := format.Kind
	if o.Kind != "" && o.Kind != kind {
		if err := checkKind(format, o.Kind); err != nil {
			return err
		}
		kind = o.Kind
	}
	columns := o.columns(format, kind, layout.Header, own)
	if kind.Changes() && !o.ByID && !goes(columns, source.Email) { // the ids are all that there is
		o.ByID, out.again.byID = true, true
		columns = o.columns(format, kind, layout.Header, own)
	}
	if !o.Hold && !goes(columns, source.Email) && (!kind.Changes() || !goes(columns, source.ID)) {
		return fmt.Errorf("%w: no column is known to hold email addresses, of %q", errNotUnderstood, layout.Header)
	}
	if !o.Hold && o.ByID && !goes(columns, source.ID) {
		return fault.New(fault.Invalid, "no column is known to hold the ids of customers")
	}
	if !o.Hold && kind == source.Credit && !goes(columns, source.StoreCredit) {
		return fault.New(fault.Invalid, "no column is known to hold amounts of store credit")
	}
	if !o.Hold && kind == source.GroupMembers && !goes(columns, source.Group) && !goes(columns, source.GroupID) {
		return fault.New(fault.Invalid, "no column is known to hold customer groups")
	}
	out.Format, out.LeftBehind = format.Name, source.LeftBehind(columns)
	out.Plan = Plan{Options: o, Kind: kind, Layout: layout, Columns: columns, Orders: map[int]value.Order{}}
	return nil
}

// checkKind refuses a kind of which the files of a format are not.
func checkKind(format *source.Format, kind source.Kind) error {
	if format.Kind.Changes() || kind.Changes() && format.Kind == source.Customers {
		return nil
	}
	if kind != format.Kind && (format != source.Plain || kind == source.Addresses && format.Kind != source.Customers) {
		return fault.New(fault.Invalid, fmt.Sprintf("the format %s is of %s, not of %s", format.Name, format.Kind, kind))
	}
	return nil
}

// columns returns where the columns of a file go.
func (o *Options) columns(format *source.Format, kind source.Kind, header []string, own source.Own) []source.Column {
	columns := format.Map(kind, header, o.Map, own)
	for i := range columns {
		// An id is another system's, unless somebody says that it is not.
		if columns[i].Field == source.ID && !o.ByID {
			columns[i].Target = source.Target{}
		}
		// Metafields belong to apps, and a file does not say to which.
		if columns[i].Field == source.Metafield && o.App == "" {
			columns[i].Target = source.Target{}
		}
	}
	return columns
}

// checkMap refuses a mapping of what the file or the store has not. Attributes are
// made where they are missing, form fields are not: a form asks shoppers for them.
func checkMap(m map[string]source.Target, header []string, own source.Own, app string) error {
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if !slices.ContainsFunc(header, func(h string) bool { return source.SameColumn(h, name) }) {
			return fault.New(fault.Invalid, fmt.Sprintf("the file has no column %q", name))
		}
		if m[name].Field == source.Metafield && app == "" {
			return fault.New(fault.Invalid, "metafields belong to an app: its client id has to be given")
		}
		if t := m[name]; t.Field == source.FormField && !slices.ContainsFunc(own.FormFields, func(f string) bool { return f == t.Name }) {
			return fault.New(fault.Invalid, fmt.Sprintf("the store has no form field %q", t.Name))
		}
	}
	return nil
}

// rows returns a reader of the rows, from the beginning.
func (p *Plan) rows(ctx context.Context, f io.ReadSeeker) (*table.Reader, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	return table.NewReader(reading{ctx, f}, p.Layout)
}

// order decides by all rows which order the dates of each column have.
func (s *Service) order(ctx context.Context, f io.ReadSeeker, out *Inspection) error {
	dates := map[int]*value.Dates{}
	for i, c := range out.Plan.Columns {
		if c.Field == source.DateCreated || c.Field == source.ConsentAt {
			dates[i] = &value.Dates{}
		}
	}
	if len(dates) == 0 {
		return nil
	}
	rows, err := out.Plan.rows(ctx, f)
	if err != nil {
		return err
	}
	for {
		row, err := rows.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		for i, d := range dates {
			if row.Fault == "" {
				d.Look(row.Cells[i])
			}
		}
	}
	for i, d := range dates {
		order := d.Order()
		if (order == value.Undecided || order == value.Mixed) && out.Plan.DateOrder != "" {
			order = out.Plan.DateOrder
		}
		out.Plan.Orders[i] = order
	}
	return nil
}

// read looks at all records.
func (s *Service) read(ctx context.Context, f io.ReadSeeker, zone *time.Location, out *Inspection) error {
	settings, err := s.settings(&out.Plan, zone, out.File.Name)
	if err != nil {
		return err
	}
	rows, err := out.Plan.rows(ctx, f)
	if err != nil {
		return err
	}
	n := 0
	for r := source.NewReader(rows, settings); ; {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			if n <= sampled {
				out.sample = out.Text
			}
			return nil
		}
		if err != nil {
			return err
		}
		n++
		out.Rows += int64(len(rec.Rows))
		if out.Text = rec.End(); n == sampled {
			out.sample = out.Text
		}
		for _, p := range rec.Problems {
			if p.Warning {
				out.Warnings[p.Code]++
			} else {
				out.Problems[p.Code]++
			}
		}
		if rec.Hash.Hash != "" {
			stored, _ := rec.Hash.Stored() // checked when it was read
			out.Hashes[password.Kind(stored)]++
		}
		if out.again.add(&rec) {
			out.Duplicates++
		}
		if len(out.Samples) < samples {
			out.Samples = append(out.Samples, rec)
		}
	}
}

// look reads what a store has.
func (s *Service) look(ctx context.Context, storeID int64) (*world, error) {
	var w world
	return &w, s.db.Read(ctx, storeID, w.read)
}

func (w *world) read(tx *sqldb.Tx) error {
	settings, err := store.ReadSettings(tx)
	if err != nil {
		return err
	}
	*w = world{zone: settings.Location(), overdraft: settings.NegativeCredit, groups: map[string]int64{}}
	if w.attributes, err = customer.AttributesByName(tx); err != nil {
		return err
	}
	return tx.Pipeline(form.Query(form.Customer, false, &w.fields), group.NamesQuery(func(id int64, name string, _ bool) { w.groups[fold.Text(name)] = id }))
}
