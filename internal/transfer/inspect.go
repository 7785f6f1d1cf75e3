package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"maps"
	"slices"
	"time"

	"clientele/internal/customer"
	"clientele/internal/email"
	"clientele/internal/fault"
	"clientele/internal/fold"
	"clientele/internal/form"
	"clientele/internal/group"
	"clientele/internal/password"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/transfer/source"
	"clientele/internal/transfer/table"
	"clientele/internal/transfer/value"
)

// Inspection is what a file is, before anything of it is taken.
type Inspection struct {
	File   File
	Plan   Plan
	Format string
	// RunnerUp is the format that fits next, empty for none.
	RunnerUp string
	Rows     int64
	// LeftBehind are the columns that go nowhere, in the file's own words.
	LeftBehind []string
	// Problems are how many there are of each code; a code's warnings keep no row
	// from being taken.
	Problems, Warnings map[string]int64
	// Duplicates are the records whose email an earlier one has.
	Duplicates int64
	// Hashes are the password hashes by kind.
	Hashes map[string]int64
	// Samples are the first records.
	Samples []source.Record
}

const (
	samples = 3
	// maxKnown bounds the emails among which duplicates are counted: 48 bytes each.
	maxKnown = 1 << 20
)

// errNotUnderstood is wrapped by errors about files that are no tables of persons.
var errNotUnderstood = errors.New("the file is not understood")

// NotUnderstood reports whether an error says that a file is no table of persons.
func NotUnderstood(err error) bool { return errors.Is(err, errNotUnderstood) }

// Inspect reads all of a file and tells what it is.
func (s *Service) Inspect(ctx context.Context, storeID int64, f io.ReadSeeker, name string, o Options) (*Inspection, error) {
	out := &Inspection{File: File{Name: name}, Problems: map[string]int64{}, Warnings: map[string]int64{}, Hashes: map[string]int64{}}
	var err error
	if out.File.Hash, out.File.Size, err = hashOf(ctx, f); err != nil {
		return nil, err
	}
	w, err := s.look(ctx, storeID)
	if err != nil {
		return nil, err
	}
	if err := s.plan(f, o, w.own(), out); err != nil {
		return nil, err
	}
	if err := s.order(ctx, f, out); err != nil {
		return nil, err
	}
	return out, s.read(ctx, f, w.zone, out)
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
	r   io.Reader
}

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
	if err := checkMap(o.Map, layout.Header, own); err != nil {
		return err
	}
	columns := format.Map(layout.Header, o.Map, own)
	for i := range columns {
		// Metafields belong to apps, and a file does not say to which.
		if columns[i].Field == source.Metafield {
			columns[i].Target = source.Target{}
		}
	}
	if !slices.ContainsFunc(columns, func(c source.Column) bool { return c.Field == source.Email }) {
		return fmt.Errorf("%w: no column is known to hold email addresses, of %q", errNotUnderstood, layout.Header)
	}
	out.Format, out.LeftBehind = format.Name, source.LeftBehind(columns)
	out.Plan = Plan{Options: o, Kind: format.Kind, Layout: layout, Columns: columns, Orders: map[int]value.Order{}}
	return nil
}

// checkMap refuses a mapping of what the file or the store has not. Attributes are
// made where they are missing, form fields are not: a form asks shoppers for them.
func checkMap(m map[string]source.Target, header []string, own source.Own) error {
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if !slices.ContainsFunc(header, func(h string) bool { return source.SameColumn(h, name) }) {
			return fault.New(fault.Invalid, fmt.Sprintf("the file has no column %q", name))
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
		if order == value.Undecided && out.Plan.DateOrder != "" {
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
	seed, known := maphash.MakeSeed(), map[uint64]bool{}
	for r := source.NewReader(rows, settings); ; {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		out.Rows += int64(len(rec.Rows))
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
		if rec.Email != "" && len(known) < maxKnown {
			k := maphash.String(seed, email.Key(rec.Email))
			if known[k] {
				out.Duplicates++
			}
			known[k] = true
		}
		if len(out.Samples) < samples {
			out.Samples = append(out.Samples, rec)
		}
	}
}

// look reads what a store has.
func (s *Service) look(ctx context.Context, storeID int64) (*world, error) {
	var w world
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		settings, err := store.ReadSettings(tx)
		if err != nil {
			return err
		}
		w = world{zone: settings.Location(), groups: map[string]int64{}}
		if w.attributes, err = customer.AttributesByName(tx); err != nil {
			return err
		}
		return tx.Pipeline(form.Query(form.Customer, false, &w.fields), group.NamesQuery(func(id int64, name string, _ bool) { w.groups[fold.Text(name)] = id }))
	})
	return &w, err
}
