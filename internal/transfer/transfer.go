// Package transfer brings the customers and subscribers of other systems into a
// store. A file is inspected first: what it is, where its columns go, what would
// become of its rows. Then its rows are taken in batches; how far an import has
// come is stored with each batch, so that one that is cut off goes on where it was.
// What a file looks like is known by the packages below this one; what may be
// stored is decided by the packages whose tables it goes to.
package transfer

import (
	"context"
	"encoding/json"
	"time"

	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/sqldb"
	"clientele/internal/storekey"
	"clientele/internal/system"
	"clientele/internal/transfer/source"
	"clientele/internal/transfer/table"
	"clientele/internal/transfer/value"
)

// State is where an import is.
type State string

// The states.
const (
	Running State = "running" // or cut off, and to be resumed
	Done    State = "done"
	Stopped State = "stopped" // at a row that was not taken, as its options ask for
)

// Options say how rows are taken. The zero value skips customers that are there and
// rows that break a rule.
type Options struct {
	// Format is the name of one; empty: found out.
	Format string `json:"format,omitempty"`
	// Map says where columns go that nobody knows, by their names.
	Map map[string]source.Target `json:"map,omitempty"`
	// OnExisting is what becomes of a customer that is there.
	OnExisting customer.Existing `json:"on_existing"`
	// StopOnError ends the import at the first row that is not taken.
	StopOnError bool `json:"stop_on_error,omitempty"`
	// DateOrder is that of dates which read in two ways.
	DateOrder value.Order `json:"date_order,omitempty"`
	// Events has webhooks told of each customer.
	Events bool `json:"events,omitempty"`
	// TaxExempt is the tax exempt category of those of whom a file says that they
	// are exempt, and no more.
	TaxExempt string `json:"tax_exempt,omitempty"`
}

// defaultTaxExempt is the tax exempt category of those of whom a file only says
// that they are exempt.
const defaultTaxExempt = "exempt"

// Plan is how a file is read and taken.
type Plan struct {
	Options
	Kind    source.Kind         `json:"kind"`
	Layout  table.Layout        `json:"layout"`
	Columns []source.Column     `json:"columns"`
	Orders  map[int]value.Order `json:"date_orders,omitempty"` // by column
}

// Counts are what became of rows.
type Counts struct {
	Rows      int64 `json:"rows"`
	Created   int64 `json:"created"`
	Changed   int64 `json:"changed"`
	Unchanged int64 `json:"unchanged"`
	Skipped   int64 `json:"skipped"`
	Rejected  int64 `json:"rejected"`
	Warnings  int64 `json:"warnings"`
	// Of what files say of the newsletter.
	Subscribed int64 `json:"subscribed"`
	Left       int64 `json:"unsubscribed"`
	// Kept have left before, so that nobody subscribes them again.
	Kept int64 `json:"kept_unsubscribed"`
}

// Import is a file that is taken, and how far it has come.
type Import struct {
	ID    int64
	State State
	// File is the name of the file, FileHash its SHA-256 in hexadecimal, Size its
	// bytes.
	File     string
	FileHash string
	Size     int64
	Plan     Plan
	// Position is up to where the text was taken, in bytes of UTF-8, Lines how
	// many lines that are.
	Position, Lines int64
	Counts          Counts
	Problems        int64
	Created         int64
	Modified        int64
}

// Problem is something in a row that was not taken as it stands: see the codes of
// the packages source and table, and CodeOf for those of rules.
type Problem struct {
	Line    int64
	Column  string
	Code    string
	Warning bool
}

// Service imports.
type Service struct {
	db        *sqldb.DB
	sys       *system.System
	customers *customer.Service
	keys      *storekey.Service
	// batch is how many records one transaction takes.
	batch int
}

// recordsAtOnce is a compromise: a batch holds the store's counters, and each has
// its own commit.
const recordsAtOnce = 250

// NewService returns a Service.
func NewService(db *sqldb.DB, sys *system.System, customers *customer.Service, keys *storekey.Service) *Service {
	return &Service{db: db, sys: sys, customers: customers, keys: keys, batch: recordsAtOnce}
}

var (
	takeID        = sqldb.Static(`UPDATE store_counters SET import_id = import_id + $2 WHERE store_id = $1 RETURNING import_id`)
	insertImport  = sqldb.Static(`INSERT INTO imports (store_id, id, state, file, file_hash, file_size, plan, position, lines, counts, problems, date_created, date_modified) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, $8, 0, $9, $9)`)
	selectImport  = sqldb.Static(`SELECT id, state, file, file_hash, file_size, plan, position, lines, counts, problems, date_created, date_modified FROM imports WHERE store_id = $1 AND id = $2`)
	unfinished    = sqldb.Static(`SELECT id FROM imports WHERE store_id = $1 AND file_hash = $2 AND state = 'running' ORDER BY id DESC LIMIT 1`)
	move          = sqldb.Static(`UPDATE imports SET state = $4, position = $5, lines = $6, counts = $7, problems = $8, date_modified = $9 WHERE store_id = $1 AND id = $2 AND position = $3 AND state = 'running'`)
	insertProblem = sqldb.StaticRows(`INSERT INTO import_problems (store_id, import_id, id, line, column_name, code, warning) VALUES `, 1, 5, 6, ``)
	problemsOf    = sqldb.Static(`SELECT id, line, column_name, code, warning FROM import_problems WHERE store_id = $1 AND import_id = $2 AND id > $3 ORDER BY id LIMIT $4`)
)

// ErrElsewhere: somebody else takes the same import.
var ErrElsewhere = fault.New(fault.Conflict, "another process runs this import")

// errNoImport: there is none.
var errNoImport = fault.New(fault.NotFound, "there is no such import")

func (i *Import) scan(r *sqldb.Row) error {
	*i = Import{ID: r.Int(0), State: State(r.Text(1)), File: r.Text(2), FileHash: r.Text(3), Size: r.Int(4), Position: r.Int(6), Lines: r.Int(7), Problems: r.Int(9), Created: r.Int(10), Modified: r.Int(11)}
	if err := json.Unmarshal([]byte(r.Text(5)), &i.Plan); err != nil {
		return err
	}
	return json.Unmarshal([]byte(r.Text(8)), &i.Counts)
}

// Get returns an import.
func (s *Service) Get(ctx context.Context, storeID, id int64) (*Import, error) {
	var out *Import
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = nil
		return tx.Query(selectImport, func(r *sqldb.Row) error { out = &Import{}; return out.scan(r) }, id)
	})
	if err == nil && out == nil {
		err = errNoImport
	}
	return out, err
}

// Unfinished returns the last import of a file that was cut off, or nil.
func (s *Service) Unfinished(ctx context.Context, storeID int64, fileHash string) (*Import, error) {
	var id int64
	if err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		id = 0
		return tx.Query(unfinished, func(r *sqldb.Row) error { id = r.Int(0); return nil }, fileHash)
	}); err != nil || id == 0 {
		return nil, err
	}
	return s.Get(ctx, storeID, id)
}

// Begin makes an import of a file that was inspected.
func (s *Service) Begin(ctx context.Context, storeID int64, plan Plan, f File) (*Import, error) {
	out := &Import{State: Running, File: f.Name, FileHash: f.Hash, Size: f.Size, Plan: plan}
	text, err := json.Marshal(plan)
	if err != nil {
		return nil, err
	}
	err = s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		out.Created = s.sys.Now()
		out.Modified = out.Created
		if err := tx.Query(takeID, func(r *sqldb.Row) error { out.ID = r.Int(0); return nil }, int64(1)); err != nil {
			return err
		}
		return tx.Exec(insertImport, out.ID, string(Running), f.Name, f.Hash, f.Size, string(text), "{}", out.Created)
	})
	return out, err
}

// Problems calls each for what was not taken as it stands, in the order of lines.
func (s *Service) Problems(ctx context.Context, storeID, id int64, each func(Problem) error) error {
	const page = 500
	for after := int64(0); ; {
		var some []Problem
		if err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
			some = nil
			return tx.Query(problemsOf, func(r *sqldb.Row) error {
				after = r.Int(0)
				some = append(some, Problem{r.Int(1), r.Text(2), r.Text(3), r.Flag(4)})
				return nil
			}, id, after, int64(page))
		}); err != nil {
			return err
		}
		for _, p := range some {
			if err := each(p); err != nil {
				return err
			}
		}
		if len(some) < page {
			return nil
		}
	}
}

// File is a file as it is known by.
type File struct {
	Name string
	Hash string // SHA-256 in hexadecimal
	Size int64
}

// settings say how the records of a plan are read.
func (s *Service) settings(plan *Plan, zone *time.Location, file string) (source.Settings, error) {
	f, ok := source.Named(plan.Format)
	if !ok {
		return source.Settings{}, fault.New(fault.Invalid, "there is no format "+plan.Format)
	}
	return source.Settings{Format: f, Columns: plan.Columns, File: file, Orders: plan.Orders, Zone: zone, Now: s.sys.Now()}, nil
}
