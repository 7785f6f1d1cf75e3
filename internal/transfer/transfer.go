// Package transfer brings the customers and subscribers of other systems into a
// store. A file is inspected first: what it is, where its columns go, what would
// become of its rows. Then its rows are taken in batches; how far an import has
// come is stored with each batch, so that one that is cut off goes on where it was.
// What a file looks like is known by the packages below this one; what may be
// stored is decided by the packages whose tables it goes to.
package transfer

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"path"
	"strings"
	"time"

	"clientele/internal/credit"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/segment"
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
	// Inspecting: a server looks at the file, or is about to.
	Inspecting State = "inspecting"
	Running    State = "running" // or cut off, and to be resumed
	Done       State = "done"
	Stopped    State = "stopped"   // at a row that was not taken, as its options ask for
	Cancelled  State = "cancelled" // by somebody; it can be resumed
	Failed     State = "failed"    // see Import.Error
	Undoing    State = "undoing"
	Reverted   State = "undone"
)

// Ended reports whether nobody works at an import in the state.
func (s State) Ended() bool { return s != Inspecting && s != Running && s != Undoing }

// Options say how rows are taken. The zero value skips customers that are there and
// rows that break a rule.
type Options struct {
	// Format is the name of one; empty: found out.
	Format string `json:"format,omitempty"`
	// Kind is what the rows are about, where the format leaves it open; empty: as
	// the format says.
	Kind source.Kind `json:"of,omitempty"`
	// ByID takes the customer whose id a row has for the one it is about, not that
	// whose email it has.
	ByID bool `json:"by_id,omitempty"`
	// Hold has a server look at the file, and wait for a Revise.
	Hold bool `json:"hold,omitempty"`
	// Ground is what the consents of a file rest on, for those of which it tells
	// nothing itself.
	Ground string `json:"ground,omitempty"`
	// DryRun has a server only count what would become of the rows.
	DryRun bool `json:"dry_run,omitempty"`
	// Map says where columns go that nobody knows, by their names.
	Map map[string]source.Target `json:"map,omitempty"`
	// OnExisting is what becomes of a customer that is there.
	OnExisting customer.Existing `json:"on_existing"`
	// StopOnError ends the import at the first row that is not taken.
	StopOnError bool `json:"stop_on_error,omitempty"`
	// DateOrder is that of dates which read in two ways.
	DateOrder value.Order `json:"date_order,omitempty"`
	// Firebase are the parameters of a Firebase project's hashes, or nil.
	Firebase *source.FirebaseHash `json:"firebase,omitempty"`
	// App is the client id of the app whose the metafields are that the file has;
	// empty: none are taken.
	App string `json:"app,omitempty"`
	// Events has webhooks told of each customer.
	Events bool `json:"events,omitempty"`
	// SetCredit has amounts of store credit be balances, not what is added to them.
	SetCredit bool `json:"set_credit,omitempty"`
	// Empty has an empty cell mean that there is nothing: no group, and where rows
	// overwrite customers, no company and the like; else it says nothing.
	Empty bool `json:"empty,omitempty"`
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
	// Ended is when it came to its end, 0 for not yet.
	Ended int64
	// Begun is when somebody last began to take rows, RowsBegun how many were taken
	// by then.
	Begun, RowsBegun int64
	// Kept tells that a server keeps the file.
	Kept bool
	// Inspection is what the file is; nil as long as a server has not looked at it,
	// and for a file that a command took.
	Inspection *Findings
	// Error is why it failed.
	Error string
	// Undone is how far it was undone; nil: not at all.
	Undone *Undone
	// By is who asked for it.
	By history.Actor

	undoable bool
	told     int64 // of what it made, so many the history tells of
}

// Kind is what the rows are about, empty as long as nobody knows.
func (i *Import) Kind() source.Kind { return cmp.Or(i.Plan.Kind, i.Plan.Options.Kind) }

// ReportName is what the file may be called that tells what was not taken.
func (i *Import) ReportName(warnings bool) string {
	what := ".errors"
	if warnings {
		what = ".warnings"
	}
	if what += ".csv"; i.Plan.Layout.Objects {
		what = strings.TrimSuffix(what, ".csv") + ".ndjson"
	}
	name := cmp.Or(i.File, fmt.Sprintf("import-%d", i.ID))
	return strings.TrimSuffix(name, path.Ext(name)) + what
}

// Rate returns how many rows a second are taken, 0 for unknown, and Left how many
// seconds are left, -1 for unknown.
func (i *Import) Rate() float64 {
	if took := i.Modified - i.Begun; i.Begun > 0 && took > 0 {
		return float64(i.Counts.Rows-i.RowsBegun) / float64(took)
	}
	return 0
}

// Left is described at Rate.
func (i *Import) Left() int64 {
	rate := i.Rate()
	switch {
	case i.State != Running:
		return 0
	case rate == 0 || i.Inspection == nil:
		return -1
	}
	return int64(float64(max(i.Inspection.Rows-i.Counts.Rows, 0)) / rate)
}

// Bytes returns how many bytes of the file were taken.
func (i *Import) Bytes() int64 {
	switch {
	case i.State == Done || i.Inspection == nil || i.Inspection.Text == 0:
		if i.State == Done {
			return i.Size
		}
		return min(i.Position, i.Size)
	}
	return int64(float64(i.Size) * min(float64(i.Position)/float64(i.Inspection.Text), 1))
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
	segments  *segment.Service
	credit    *credit.Service
	files     files
	// receiving bounds how many files are received at once.
	receiving chan struct{}
	// batch is how many records are taken at once, bites how often a transaction
	// does so.
	batch, bites int
	// together bounds what waits to be tried, in bytes.
	together int
	// shift is how long a job works before it lets others have a go.
	shift time.Duration
}

// recordsAtOnce is how many records are taken at once: so long others wait at least
// who write, too. A commit costs as much as hundreds of records, so that a transaction
// takes more of them as long as nobody waits.
const (
	recordsAtOnce = 250
	bitesAtOnce   = 16
)

// NewService returns a Service.
func NewService(db *sqldb.DB, sys *system.System, customers *customer.Service, keys *storekey.Service) *Service {
	return &Service{db: db, sys: sys, customers: customers, keys: keys, segments: segment.NewService(db, sys), credit: credit.NewService(db, sys, nil, customer.Balances{}), files: newFiles(db, sys, ""), receiving: make(chan struct{}, receivedAtOnce), batch: recordsAtOnce, bites: bitesAtOnce, together: together, shift: shift}
}

// KeepIn has the files of imports that a server takes kept in a directory, where
// they are not kept in the database. It comes before s is used.
func (s *Service) KeepIn(dir string) { s.files = newFiles(s.db, s.sys, dir) }

const columns = `id, state, file, file_hash, file_size, plan, position, lines, counts, problems, date_created, date_modified, date_ended, date_begun, rows_begun, kept, inspection, error, undone, actor_kind, actor_id, actor_name, undoable`

var (
	takeID        = sqldb.Static(`UPDATE store_counters SET import_id = import_id + $2 WHERE store_id = $1 RETURNING import_id`)
	insertImport  = sqldb.Static(`INSERT INTO imports (store_id, id, state, file, file_hash, file_size, plan, position, lines, counts, problems, kept, undoable, actor_kind, actor_id, actor_name, date_created, date_modified) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, $8, 0, $9, 1, $10, $11, $12, $13, $13)`)
	selectImport  = sqldb.Static(`SELECT ` + columns + ` FROM imports WHERE store_id = $1 AND id = $2`)
	unfinished    = sqldb.Static(`SELECT id FROM imports WHERE store_id = $1 AND file_hash = $2 AND (state = 'running' OR state IN ('cancelled', 'stopped') AND undoable > 0) AND kept = 0 ORDER BY id DESC LIMIT 1`)
	reopen        = sqldb.Static(`UPDATE imports SET state = 'running', date_modified = $3, date_ended = 0 WHERE store_id = $1 AND id = $2 AND state IN ('cancelled', 'stopped') AND kept = 0`)
	move          = sqldb.Static(`UPDATE imports SET state = $4, position = $5, lines = $6, counts = $7, problems = $8, date_modified = $9, date_ended = $10 WHERE store_id = $1 AND id = $2 AND position = $3 AND state = 'running'`)
	beginRows     = sqldb.Static(`UPDATE imports SET date_begun = $3, rows_begun = $4 WHERE store_id = $1 AND id = $2 AND state = 'running'`)
	insertRange   = sqldb.StaticRows(`INSERT INTO import_ranges (store_id, import_id, resource, first_id, last_id) VALUES `, 1, 3, 4, ``)
	insertProblem = sqldb.StaticRows(`INSERT INTO import_problems (store_id, import_id, id, line, column_name, code, warning) VALUES `, 1, 5, 6, ``)
	problemsOf    = sqldb.Static(`SELECT id, line, column_name, code, warning FROM import_problems WHERE store_id = $1 AND import_id = $2 AND (line, id) > ($3, $4) ORDER BY line, id LIMIT $5`)
)

// ErrElsewhere: somebody else takes the same import.
var ErrElsewhere = fault.New(fault.Conflict, "another process runs this import")

// errNoImport: there is none.
var errNoImport = fault.New(fault.NotFound, "there is no such import")

func (i *Import) scan(r *sqldb.Row) error {
	*i = Import{
		ID: r.Int(0), State: State(r.Text(1)), File: r.Text(2), FileHash: r.Text(3), Size: r.Int(4), Position: r.Int(6), Lines: r.Int(7), Problems: r.Int(9), Created: r.Int(10), Modified: r.Int(11),
		Ended: r.Int(12), Begun: r.Int(13), RowsBegun: r.Int(14), Kept: r.Flag(15), Error: r.Text(17), undoable: r.Flag(22),
		By: history.Actor{Kind: history.ActorKindOf(r.Text(19)), ID: r.Int(20), Name: r.Text(21)},
	}
	for _, m := range []struct {
		text string
		into any
	}{{r.Text(5), &i.Plan}, {r.Text(8), &storedCounts{&i.Counts, &i.told}}, {r.Text(16), &i.Inspection}, {r.Text(18), &i.Undone}} {
		if m.text == "" {
			continue
		}
		if err := json.Unmarshal([]byte(m.text), m.into); err != nil {
			return err
		}
	}
	return nil
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

// Unfinished returns the last import of a file that was cut off, or that somebody
// cancelled or a row stopped within the last days, as one that runs; or nil. The caller
// runs it.
func (s *Service) Unfinished(ctx context.Context, storeID int64, fileHash string) (*Import, error) {
	var id int64
	if err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		id = 0
		if err := tx.Query(unfinished, func(r *sqldb.Row) error { id = r.Int(0); return nil }, fileHash); err != nil || id == 0 {
			return err
		}
		return tx.Exec(reopen, id, s.sys.Now())
	}); err != nil || id == 0 {
		return nil, err
	}
	return s.Get(ctx, storeID, id)
}

// Begin makes an import of a file that was inspected, which the caller runs.
func (s *Service) Begin(ctx context.Context, storeID int64, plan Plan, f File) (*Import, error) {
	out := &Import{State: Running, File: f.Name, FileHash: f.Hash, Size: f.Size, Plan: plan, By: history.Of(ctx).Actor}
	err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		if out.ID, err = nextID(tx); err != nil {
			return err
		}
		return out.insert(tx, s.sys.Now())
	})
	return out, err
}

func nextID(tx *sqldb.Tx) (id int64, err error) {
	err = tx.Query(takeID, func(r *sqldb.Row) error { id = r.Int(0); return nil }, int64(1))
	return id, err
}

func (i *Import) insert(tx *sqldb.Tx, now int64) error {
	text, err := json.Marshal(i.Plan)
	if err != nil {
		return err
	}
	i.Created, i.Modified, i.undoable = now, now, true
	return tx.Exec(insertImport, i.ID, string(i.State), i.File, i.FileHash, i.Size, string(text), "{}", sqldb.Flag(i.Kept), i.By.Kind.String(), i.By.ID, i.By.Name, now)
}

// Problems calls each for what was not taken as it stands, in the order of lines.
func (s *Service) Problems(ctx context.Context, storeID, id int64, each func(Problem) error) error {
	const page = 500
	for line, after := int64(0), int64(0); ; {
		var some []Problem
		if err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
			some = nil
			return tx.Query(problemsOf, func(r *sqldb.Row) error {
				after, line = r.Int(0), r.Int(1)
				some = append(some, Problem{r.Int(1), r.Text(2), r.Text(3), r.Flag(4)})
				return nil
			}, id, line, after, int64(page))
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
	return source.Settings{Format: f, Kind: plan.Kind, ByID: plan.ByID, Columns: plan.Columns, File: file, Orders: plan.Orders, Zone: zone, Now: s.sys.Now(), Firebase: plan.Firebase}, nil
}
