package export

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"reflect"
	"strconv"
	"time"

	"clientele/internal/fault"
	"clientele/internal/filestore"
	"clientele/internal/history"
	"clientele/internal/jobs"
	"clientele/internal/listing"
	"clientele/internal/segment"
	"clientele/internal/sqldb"
)

// State is where an export is.
type State string

// The states.
const (
	Running   State = "running"
	Done      State = "done"
	Failed    State = "failed"
	Cancelled State = "cancelled"
)

// Export is a file that a server writes.
type Export struct {
	ID    int64
	State State
	Options
	Records int64 // so far
	// File is the name that the file may have, FileHash its SHA-256 in hexadecimal,
	// once it is there.
	File     string
	FileHash string
	Size     int64
	// Error is why it failed.
	Error                    string
	By                       history.Actor
	Created, Modified, Ended int64
}

const (
	// keep is how long a file is kept.
	keep = 7 * 24 * time.Hour
	// maxOpen and maxKept bound the exports of a store that servers are at, and all
	// of them.
	maxOpen = 10
	maxKept = 50
	// maxError bounds what is told of why an export failed, in characters.
	maxError = 500
)

// List declares the list of exports, the newest first.
var List = &listing.Spec{Table: "exports", Descending: true, Cursors: true, Unnumbered: true, Untold: true}

const columns = `id, state, options, records, file, file_hash, file_size, error, actor_kind, actor_id, actor_name, date_created, date_modified, date_ended`

var (
	takeID    = sqldb.Static(`UPDATE store_counters SET export_id = export_id + 1 WHERE store_id = $1 RETURNING export_id`)
	insertOne = sqldb.Static(`INSERT INTO exports (store_id, id, state, options, records, file, file_hash, file_size, error, actor_kind, actor_id, actor_name, date_created, date_modified, date_ended)
		VALUES ($1, $2, 'running', $3, 0, '', '', 0, '', $4, $5, $6, $7, $7, 0)`)
	selectOne = sqldb.Static(`SELECT ` + columns + ` FROM exports WHERE store_id = $1 AND id = $2`)
	countOpen = sqldb.Static(`SELECT COUNT(*), COALESCE(SUM(CASE WHEN date_ended = 0 THEN 1 ELSE 0 END), 0) FROM exports WHERE store_id = $1`)
	moveOn    = sqldb.Static(`UPDATE exports SET records = $3, date_modified = $4 WHERE store_id = $1 AND id = $2 AND state = 'running'`)
	finish    = sqldb.Static(`UPDATE exports SET state = 'done', records = $3, file = $4, file_hash = $5, file_size = $6, date_modified = $7, date_ended = $7 WHERE store_id = $1 AND id = $2 AND state = 'running'`)
	endOne    = sqldb.Static(`UPDATE exports SET state = $3, error = $4, date_modified = $5, date_ended = $5 WHERE store_id = $1 AND id = $2 AND state = 'running'`)
	over      = sqldb.Static(`SELECT id FROM exports WHERE store_id = $1 AND date_ended > 0 AND date_ended < $2 ORDER BY id`)
	dropOne   = sqldb.Static(`DELETE FROM exports WHERE store_id = $1 AND id = $2`)

	chunksOfExports = filestore.ChunksIn("export_chunks", "export_id")
)

var (
	errNone  = fault.New(fault.NotFound, "There is no such export.")
	errEnded = fault.New(fault.Conflict, "The export has ended.")
	errNot   = fault.New(fault.Conflict, "The file is not there: the export is not done, or has failed.")
)

func (e *Export) scan(r *sqldb.Row) error {
	*e = Export{
		ID: r.Int(0), State: State(r.Text(1)), Records: r.Int(3), File: r.Text(4), FileHash: r.Text(5), Size: r.Int(6), Error: r.Text(7),
		By:      history.Actor{Kind: history.ActorKindOf(r.Text(8)), ID: r.Int(9), Name: r.Text(10)},
		Created: r.Int(11), Modified: r.Int(12), Ended: r.Int(13),
	}
	return json.Unmarshal([]byte(r.Text(2)), &e.Options)
}

// KeepIn has the files that a server writes kept in a directory, where they are not
// kept in the database. It comes before s is used.
func (s *Service) KeepIn(dir string) {
	s.files = filestore.New(s.db, s.sys, dir, "export", chunksOfExports)
}

// Ask has a server write a file.
func (s *Service) Ask(ctx context.Context, storeID int64, o Options) (*Export, error) {
	if o.Format != Clientele {
		if err := o.Check(); err != nil {
			return nil, err
		}
	} else if !reflect.DeepEqual(o, Options{Format: Clientele, Kind: o.Kind}) || o.Kind == Subscribers {
		return nil, fault.New(fault.Invalid, "The format clientele writes all of a store: nothing else can be asked for with it.")
	}
	if err := s.bind(ctx, storeID, &o); err != nil {
		return nil, err
	}
	text, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	var out *Export
	err = s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		id, now, by := int64(0), s.sys.Now(), history.OfTx(tx).Actor
		if o.Segment != "" {
			if _, err := segment.Find(tx, o.Segment); err != nil {
				return fault.New(fault.Invalid, "There is no such segment.")
			}
		}
		if err := tx.Query(takeID, func(r *sqldb.Row) error { id = r.Int(0); return nil }); err != nil {
			return err
		}
		var all, open int64
		if err := tx.Query(countOpen, func(r *sqldb.Row) error { all, open = r.Int(0), r.Int(1); return nil }); err != nil {
			return err
		}
		if open >= maxOpen || all >= maxKept {
			return fault.New(fault.Conflict, "Too many exports of the store are under way or kept. They go seven days after their ends.")
		}
		out = &Export{ID: id, State: Running, Options: o, By: by, Created: now, Modified: now}
		if err := tx.Exec(insertOne, id, string(text), by.Kind.String(), by.ID, by.Name, now); err != nil {
			return err
		}
		return jobs.Enqueue(tx, now, jobWrite, writingOf{id}, now)
	})
	return out, err
}

// Get returns an export, or a NotFound fault.
func (s *Service) Get(ctx context.Context, storeID, id int64) (out *Export, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out, err = get(tx, id)
		return err
	})
	return out, err
}

func get(tx *sqldb.Tx, id int64) (out *Export, err error) {
	if err := tx.Query(selectOne, func(r *sqldb.Row) error { out = &Export{}; return out.scan(r) }, id); err != nil {
		return nil, err
	}
	if out == nil {
		return nil, errNone
	}
	return out, nil
}

// Page returns a page of exports.
func (s *Service) Page(ctx context.Context, storeID int64, q *listing.Query) (out []Export, res *listing.Result, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		out, res, err = listing.Rows(tx, q, columns, (*Export).scan)
		return err
	})
	return out, res, err
}

// Cancel ends an export that is under way. Whoever is at it stops soon.
func (s *Service) Cancel(ctx context.Context, storeID, id int64) (out *Export, err error) {
	err = s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		n, err := tx.ExecCount(endOne, id, string(Cancelled), "", s.sys.Now())
		if err != nil {
			return err
		}
		if out, err = get(tx, id); err == nil && n == 0 {
			err = errEnded
		}
		return err
	})
	return out, err
}

// Open returns the file of an export. That it was fetched is in the store's history.
func (s *Service) Open(ctx context.Context, storeID, id int64) (*Export, io.ReadSeekCloser, error) {
	e, err := s.Get(ctx, storeID, id)
	if err != nil {
		return nil, nil, err
	}
	if e.State != Done {
		return nil, nil, errNot
	}
	f, err := s.files.Open(ctx, storeID, id)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, errNone
	}
	if err != nil {
		return nil, nil, err
	}
	if err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		entry := e.entry()
		entry.Add(false, history.FieldReport, "", history.Text("exports/"+strconv.FormatInt(id, 10)))
		return history.Enter(tx, s.sys.Now(), entry)
	}); err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return e, f, nil
}
