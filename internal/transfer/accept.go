package transfer

import (
	"bufio"
	"context"
	"errors"
	"io"
	"io/fs"
	"time"

	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/jobs"
	"clientele/internal/listing"
	"clientele/internal/sqldb"
	"clientele/internal/transfer/source"
	"clientele/internal/transfer/table"
	"clientele/internal/transfer/value"
)

const (
	// MaxFile is how large a file may be that a server takes.
	MaxFile = 1 << 30
	// receivedAtOnce bounds how many files a process receives at once.
	receivedAtOnce = 4
	// maxOpen bounds the imports of a store that servers are at.
	maxOpen = 10
	// maxKept bounds the files of a store that are kept, in bytes.
	maxKept = 16 << 30
	// keep is how long after its end an import can be undone and resumed, and its
	// file is kept.
	keep = 7 * 24 * time.Hour
)

// List declares the list of imports, the newest first.
var List = &listing.Spec{Table: "imports", Descending: true, Cursors: true, Unnumbered: true, Untold: true}

// Parameters declares what is asked for with a file: see ParseOptions.
var Parameters = &listing.Spec{
	Table: "imports",
	Fields: []listing.Field{
		choice("kind", Texts(source.Kinds)...),
		choice("on_existing", Texts(customer.Existings)...),
		choice("match", "email", "id"),
		choice("amounts", "add", "set"),
		choice("blank", "leave", "empty"),
		choice("on_error", "skip", "stop"),
		{Name: "dry_run", Kind: listing.Flag, Ops: only},
		choice("date_order", string(value.DayFirst), string(value.MonthFirst)),
		choice("events", "none", "all"),
		{Name: "format", Kind: listing.Text, Ops: only},
		{Name: "file", Kind: listing.Text, Ops: only},
		{Name: "tax_exempt", Kind: listing.Text, Ops: only},
		{Name: "map", Kind: listing.Text, Ops: only},
		{Name: "hash_config", Kind: listing.Text, Ops: only},
	},
	Unpaged: true,
}

var only = []listing.Op{listing.Eq}

// Texts returns choices as they are written.
func Texts[T ~string](of []T) []string {
	out := make([]string, len(of))
	for i, v := range of {
		out[i] = string(v)
	}
	return out
}

func choice(name string, values ...string) listing.Field {
	f := listing.Field{Name: name, Kind: listing.Text, Ops: only, Values: map[string]string{}}
	for _, v := range values {
		f.Values[v] = v
	}
	return f
}

// maxName bounds the name of a file, and other texts of options, in characters.
const maxName = 200

// ParseOptions reads what a query asks for with a file, and the file's name.
func ParseOptions(q *listing.Query) (Options, string, error) {
	o, file := Options{OnExisting: customer.SkipExisting}, ""
	var bad []fault.Item
	wrong := func(name string, code fault.Code, message string) {
		bad = append(bad, fault.Item{Path: name, Code: code, Message: message})
	}
	for _, c := range q.Filters {
		text, flag := "", false
		if len(c.Texts) > 0 {
			text = c.Texts[0]
		}
		if len(c.Ints) > 0 {
			flag = c.Ints[0] != 0
		}
		if c.Field.Name != "map" && c.Field.Name != "hash_config" && len([]rune(text)) > maxName {
			wrong(c.Field.Name, fault.TooLong, "it may have 200 characters")
		}
		switch c.Field.Name {
		case "kind":
			o.Kind = source.Kind(text)
		case "on_existing":
			o.OnExisting = customer.Existing(text)
		case "match":
			o.ByID = text == "id"
		case "amounts":
			o.SetCredit = text == "set"
		case "blank":
			o.Empty = text == "empty"
		case "on_error":
			o.StopOnError = text == "stop"
		case "dry_run":
			o.DryRun = flag
		case "date_order":
			o.DateOrder = value.Order(text)
		case "events":
			o.Events = text == "all"
		case "tax_exempt":
			o.TaxExempt = text
		case "file":
			file = text
		case "format":
			if _, ok := source.Named(text); !ok {
				wrong("format", fault.NotAccepted, "there is no such format")
			}
			o.Format = text
		case "hash_config":
			h, err := source.ParseFirebaseHash(text)
			if err != nil {
				wrong("hash_config", fault.BadFormat, err.Error())
			}
			o.Firebase = h
		case "map":
			m, err := source.ParseMap([]byte(text))
			if err != nil {
				wrong("map", fault.BadFormat, err.Error())
			}
			o.Map = m
		}
	}
	if bad != nil {
		return o, file, &fault.Error{Kind: fault.BadFilter, Message: "invalid options", Items: bad}
	}
	return o, file, nil
}

// Received is a file that a server has received, and of which it makes an import.
type Received struct {
	s       *Service
	storeID int64
	id      int64
	hash    string
	size    int64
	taken   bool
}

// Hash returns the SHA-256 of the file in hexadecimal.
func (r *Received) Hash() string { return r.hash }

// ErrSpreadsheet: what was sent is no table as text.
var ErrSpreadsheet = fault.New(fault.Invalid, table.ErrSpreadsheet.Error())

var errBusy = &fault.Error{Kind: fault.Unavailable, Message: "Too many files are being received.", RetryAfter: 5}

// Receive keeps a file as it comes. It is to be given to Accept, or to be dropped.
func (s *Service) Receive(ctx context.Context, storeID int64, from io.Reader) (_ *Received, err error) {
	select {
	case s.receiving <- struct{}{}:
		defer func() { <-s.receiving }()
	default:
		return nil, errBusy
	}
	ctx = sqldb.Aside(ctx)
	if err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error { return room(tx, 0) }); err != nil {
		return nil, err
	}
	peeked := bufio.NewReaderSize(from, table.SpreadsheetHead)
	if head, _ := peeked.Peek(table.SpreadsheetHead); table.IsSpreadsheet(head) {
		return nil, ErrSpreadsheet
	}
	r := &Received{s: s, storeID: storeID}
	var to io.WriteCloser
	for to == nil {
		if err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) (err error) { r.id, err = nextID(tx); return err }); err != nil {
			return nil, err
		}
		// A database that was restored counts on from an earlier number: there may be
		// files of imports that it does not know.
		if to, err = s.files.create(ctx, storeID, r.id); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
	}
	defer func() {
		if err != nil {
			r.Drop(ctx)
		}
	}()
	m := newMeasured(to)
	if _, err := io.CopyBuffer(m, struct{ io.Reader }{peeked}, make([]byte, 256<<10)); err != nil {
		_ = to.Close() // it is dropped
		return nil, err
	}
	if err := to.Close(); err != nil {
		return nil, err
	}
	r.hash, r.size = m.sum(), m.n
	if r.size == 0 {
		return nil, fault.New(fault.Invalid, "There is no file in the body.")
	}
	return r, nil
}

// Drop takes the file away, unless an import was made of it. What cannot be taken
// away is later: see prune.
func (r *Received) Drop(ctx context.Context) {
	if !r.taken {
		_ = r.s.files.drop(sqldb.Aside(context.WithoutCancel(ctx)), r.storeID, r.id)
	}
}

var keptNow = sqldb.Static(`SELECT COALESCE(SUM(CASE WHEN kept > 0 THEN file_size ELSE 0 END), 0), COALESCE(SUM(CASE WHEN date_ended = 0 AND kept > 0 THEN 1 ELSE 0 END), 0) FROM imports WHERE store_id = $1 AND undoable > 0`)

// room refuses what is more than a store may have.
func room(tx *sqldb.Tx, size int64) error {
	var bytes, open int64
	if err := tx.Query(keptNow, func(r *sqldb.Row) error { bytes, open = r.Int(0), r.Int(1); return nil }); err != nil {
		return err
	}
	if open >= maxOpen {
		return fault.New(fault.Conflict, "Ten imports of the store are under way. Wait for one of them, or cancel it.")
	}
	if bytes+size > maxKept {
		return fault.New(fault.Conflict, "The files of the store's imports are too large together. They go seven days after the imports' ends.")
	}
	return nil
}

// Accept makes an import of a file, which servers take.
func (s *Service) Accept(ctx context.Context, r *Received, name string, o Options) (*Import, error) {
	var out *Import
	err := s.db.Write(ctx, r.storeID, func(tx *sqldb.Tx) error {
		out = &Import{ID: r.id, State: Inspecting, File: name, FileHash: r.hash, Size: r.size, Plan: Plan{Options: o}, Kept: true, By: history.OfTx(tx).Actor}
		if err := room(tx, r.size); err != nil {
			return err
		}
		now := s.sys.Now()
		if err := out.insert(tx, now); err != nil {
			return err
		}
		return jobs.Enqueue(tx, now, jobTake, working{r.id}, now)
	})
	r.taken = err == nil
	return out, err
}

// Page returns a page of imports.
func (s *Service) Page(ctx context.Context, storeID int64, q *listing.Query) (out []Import, res *listing.Result, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		out, res, err = listing.Rows(tx, q, columns, (*Import).scan)
		return err
	})
	return out, res, err
}
