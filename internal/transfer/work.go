package transfer

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"strings"
	"time"

	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/jobs"
	"clientele/internal/sqldb"
	"clientele/internal/system"
)

const (
	// jobTake takes the file of an import, jobUndo undoes one.
	jobTake = "import"
	jobUndo = "import_undo"
	// shift is how long a job works before it lets others have a go.
	shift = 30 * time.Second
	// longest bounds the look at a file, which is begun anew when it is cut off.
	longest = time.Hour
	// watched is how often a job looks whether its import was cancelled.
	watched = 500 * time.Millisecond
	// maxError bounds what is told of why an import failed, in characters.
	maxError = 500
)

// working is the payload of the jobs.
type working struct {
	ID int64 `json:"id"`
}

// Register has r take, undo and forget imports.
func (s *Service) Register(r *jobs.Runner) {
	schedule := []time.Duration{5 * time.Second, time.Minute, 10 * time.Minute}
	r.Register(jobs.Kind{Name: jobTake, Handler: s.work, GaveUp: s.gaveUp, Limit: 1, Schedule: schedule, Timeout: longest})
	r.Register(jobs.Kind{Name: jobUndo, Handler: s.undo, Limit: 1, Schedule: append(schedule, time.Hour, 6*time.Hour, 24*time.Hour), Timeout: longest})
	r.Every("files of imports", time.Hour, s.prune)
}

// work goes on with an import.
func (s *Service) work(ctx context.Context, j jobs.Job) error {
	var of working
	if err := j.Decode(&of); err != nil {
		return err
	}
	imp, err := s.Get(ctx, j.StoreID, of.ID)
	if errors.Is(err, errNoImport) {
		return nil
	}
	if err != nil || imp.State.Ended() || imp.State == Undoing {
		return err
	}
	// What is done is who asked for it.
	ctx = history.With(ctx, &history.Origin{Actor: imp.By})
	watching, stop := s.watch(ctx, j.StoreID, imp.ID)
	defer stop()
	err = s.take(watching, j.StoreID, imp)
	switch {
	case errors.Is(err, errShift):
		return jobs.NotNow(time.Second)
	case err == nil, errors.Is(err, ErrElsewhere), errors.Is(context.Cause(watching), errOver):
		return nil
	case NotUnderstood(err) || fault.As(err) != nil && fault.As(err).Kind == fault.Invalid || errors.Is(err, fs.ErrNotExist):
		return s.fail(ctx, j.StoreID, imp, err)
	}
	return err
}

// gaveUp tells that an import cannot be taken.
func (s *Service) gaveUp(ctx context.Context, j jobs.Job) error {
	var of working
	if err := j.Decode(&of); err != nil {
		return nil
	}
	imp, err := s.Get(ctx, j.StoreID, of.ID)
	if err != nil || imp.State.Ended() {
		return err
	}
	return s.fail(history.With(ctx, &history.Origin{Actor: imp.By}), j.StoreID, imp, errGaveUp)
}

var (
	// errShift: others have a go.
	errShift = errors.New("the shift is over")
	// errOver: nobody wants the rest any more.
	errOver   = errors.New("the import is over")
	errGaveUp = errors.New("every attempt failed; see the log of the server")
)

// watch returns a context that ends soon after somebody cancels an import.
func (s *Service) watch(ctx context.Context, storeID, id int64) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for system.Pause(ctx, watched) == nil {
			if imp, err := s.Get(ctx, storeID, id); err == nil && imp.State != Inspecting && imp.State != Running {
				cancel(errOver)
			}
		}
	}()
	return ctx, func() { cancel(nil); <-done }
}

// take looks at the file of an import and takes its rows, for a shift.
func (s *Service) take(ctx context.Context, storeID int64, imp *Import) error {
	f, err := s.files.open(ctx, storeID, imp.ID)
	if err != nil {
		return err
	}
	defer f.Close()
	var in *Inspection
	if imp.State == Inspecting || imp.Plan.DryRun {
		if in, err = s.inspect(ctx, storeID, f, File{imp.File, imp.FileHash, imp.Size}, imp.Plan.Options); err != nil {
			return err
		}
		if err := s.found(ctx, storeID, imp, in); err != nil {
			return err
		}
	}
	if imp.Plan.Hold {
		return s.wait(ctx, storeID, imp)
	}
	if imp.Plan.DryRun {
		return s.dryRun(ctx, storeID, imp, in, f)
	}
	end := s.sys.Elapsed() + s.shift
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	err = s.Run(ctx, storeID, imp, f, func(*Import) {
		if s.sys.Elapsed() > end {
			cancel(errShift)
		}
	})
	if errors.Is(context.Cause(ctx), errShift) && imp.State == Running {
		return errShift
	}
	return err
}

var storeFindings = sqldb.Static(`UPDATE imports SET state = 'running', plan = $3, inspection = $4, position = 0, lines = 0, counts = '{}', problems = 0, date_modified = $5
	WHERE store_id = $1 AND id = $2 AND (state = 'inspecting' OR state = 'running' AND position = $6)`)

// found stores what a file is.
func (s *Service) found(ctx context.Context, storeID int64, imp *Import, in *Inspection) error {
	plan, err := json.Marshal(in.Plan)
	if err != nil {
		return err
	}
	findings, err := json.Marshal(in.Findings)
	if err != nil {
		return err
	}
	before, found := imp.Position, in.Findings // which keep no more of in
	imp.Plan, imp.Inspection, imp.Position, imp.Lines, imp.Counts, imp.Problems = in.Plan, &found, 0, 0, Counts{}, 0
	return s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		n, err := tx.ExecCount(storeFindings, imp.ID, string(plan), string(findings), s.sys.Now(), before)
		if err == nil && n == 0 {
			err = ErrElsewhere
		}
		imp.State = Running
		return err
	})
}

var (
	failImport   = sqldb.Static(`UPDATE imports SET state = 'failed', error = $3, date_modified = $4, date_ended = $4 WHERE store_id = $1 AND id = $2 AND state IN ('inspecting', 'running')`)
	cancelImport = sqldb.Static(`UPDATE imports SET state = 'cancelled', date_modified = $3, date_ended = $3 WHERE store_id = $1 AND id = $2 AND state IN ('inspecting', 'running')`)
	storeCounts  = sqldb.Static(`UPDATE imports SET counts = $3 WHERE store_id = $1 AND id = $2`)
	resumeImport = sqldb.Static(`UPDATE imports SET state = $3, error = '', date_modified = $4, date_ended = 0 WHERE store_id = $1 AND id = $2 AND state IN ('cancelled', 'stopped', 'failed') AND kept > 0`)
)

// fail ends an import that cannot be taken.
func (s *Service) fail(ctx context.Context, storeID int64, imp *Import, why error) error {
	text := strings.ReplaceAll(why.Error(), "\x00", "")
	if f := fault.As(why); f != nil && f.Message != "" {
		text = f.Message
	}
	if errors.Is(why, fs.ErrNotExist) {
		text = "the file is not kept any more"
	}
	if r := []rune(text); len(r) > maxError {
		text = string(r[:maxError])
	}
	return s.end(ctx, storeID, imp.ID, failImport, text)
}

// end ends an import that is under way, with an entry of the history where it took
// something.
func (s *Service) end(ctx context.Context, storeID, id int64, stmt *sqldb.Stmt, args ...any) error {
	return s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		now := s.sys.Now()
		n, err := tx.ExecCount(stmt, append(append([]any{id}, args...), now)...)
		if err != nil || n == 0 {
			return err
		}
		imp, err := get(tx, id)
		if err != nil || imp.Plan.DryRun || imp.Counts.Rows == 0 {
			return err
		}
		if err := imp.enter(tx, now); err != nil {
			return err
		}
		counts, err := imp.counted()
		if err != nil {
			return err
		}
		return tx.Exec(storeCounts, id, counts)
	})
}

var errEnded = fault.New(fault.Conflict, "The import has ended.")

// Cancel ends an import that is under way. What it has taken stays; it can be
// resumed or undone.
func (s *Service) Cancel(ctx context.Context, storeID, id int64) (*Import, error) {
	if err := s.end(ctx, storeID, id, cancelImport); err != nil {
		return nil, err
	}
	imp, err := s.Get(ctx, storeID, id)
	if err == nil && imp.State != Cancelled {
		err = errEnded
	}
	return imp, err
}

var errNotResumed = fault.New(fault.Conflict, "The import cannot be resumed: only one that was cancelled, stopped or failed can, as long as its file is kept here.")

// Resume goes on with an import that was cancelled, stopped or failed.
func (s *Service) Resume(ctx context.Context, storeID, id int64) (*Import, error) {
	var imp *Import
	err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		if imp, err = get(tx, id); err != nil || imp.State == Running || imp.State == Inspecting {
			return err
		}
		now := s.sys.Now()
		state := Running
		if imp.Inspection == nil || imp.Plan.DryRun {
			state = Inspecting
		}
		if err := room(tx, 0); err != nil {
			return err
		}
		n, err := tx.ExecCount(resumeImport, id, string(state), now)
		if err == nil && n == 0 {
			err = errNotResumed
		}
		if err != nil {
			return err
		}
		if err := jobs.Enqueue(tx, now, jobTake, working{id}, now); err != nil {
			return err
		}
		imp, err = get(tx, id)
		return err
	})
	return imp, err
}

// ErrNoFile: the file of an import is not kept, or not any more.
var ErrNoFile = fault.New(fault.NotFound, "the file is not kept")

// Open returns an import with its file, as long as a server keeps it.
func (s *Service) Open(ctx context.Context, storeID, id int64) (*Import, io.ReadSeekCloser, error) {
	imp, err := s.Get(ctx, storeID, id)
	if err != nil {
		return nil, nil, err
	}
	if !imp.Kept || imp.Inspection == nil {
		return nil, nil, ErrNoFile
	}
	f, err := s.files.open(ctx, storeID, id)
	if errors.Is(err, fs.ErrNotExist) {
		err = ErrNoFile
	}
	return imp, f, err
}

// get reads an import in a transaction.
func get(tx *sqldb.Tx, id int64) (*Import, error) {
	var out *Import
	if err := tx.Query(selectImport, func(r *sqldb.Row) error { out = &Import{}; return out.scan(r) }, id); err != nil {
		return nil, err
	}
	if out == nil {
		return nil, errNoImport
	}
	return out, nil
}

var (
	over         = sqldb.Static(`SELECT id FROM imports WHERE store_id = $1 AND undoable > 0 AND date_ended > 0 AND date_ended < $2 AND state <> 'undoing' ORDER BY date_ended, id LIMIT $3`)
	dropProblems = sqldb.Static(`DELETE FROM import_problems WHERE store_id = $1 AND import_id = $2 AND id <= $3`)
	dropRanges   = sqldb.Static(`DELETE FROM import_ranges WHERE store_id = $1 AND import_id = $2`)
	endedFiles   = sqldb.Static(`SELECT id FROM imports WHERE store_id = $1 AND undoable > 0 AND kept > 0 AND date_ended > 0 ORDER BY id`)
	dropFile     = sqldb.Static(`UPDATE imports SET kept = 0 WHERE store_id = $1 AND id = $2 AND date_ended > 0`)
	storePlan    = sqldb.Static(`UPDATE imports SET plan = $3 WHERE store_id = $1 AND id = $2`)
	forget       = sqldb.Static(`UPDATE imports SET undoable = 0, kept = 0 WHERE store_id = $1 AND id = $2 AND date_ended > 0 AND date_ended < $3`)
)

const (
	overBite    = 20
	problemBite = 5000
)

// prune takes away what imports need no more that ended a while ago: their files,
// the lines of their problems, and what could undo them. Files that no import was
// made of go, too.
func (s *Service) prune(ctx context.Context) error {
	return s.db.EachStore(ctx, func(storeID int64) error {
		before := s.sys.Now() - int64(keep/time.Second)
		for {
			var ids []int64
			if err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
				ids = nil
				return tx.Query(over, func(r *sqldb.Row) error { ids = append(ids, r.Int(0)); return nil }, before, int64(overBite))
			}); err != nil {
				return err
			}
			for _, id := range ids {
				if err := s.forget(ctx, storeID, id, before); err != nil {
					return err
				}
			}
			if len(ids) < overBite {
				break
			}
		}
		ids, err := s.files.orphans(ctx, storeID)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if _, err := s.Get(ctx, storeID, id); !errors.Is(err, errNoImport) {
				continue // it has an import, or nobody knows
			}
			if err := s.files.drop(ctx, storeID, id); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Service) forget(ctx context.Context, storeID, id, before int64) error {
	if err := s.files.drop(ctx, storeID, id); err != nil {
		return err
	}
	imp, err := s.Get(ctx, storeID, id)
	if err != nil {
		return err
	}
	for n := int64(problemBite); n < imp.Problems+problemBite; n += problemBite {
		if err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error { return tx.Exec(dropProblems, id, n) }); err != nil {
			return err
		}
	}
	for more := imp.Plan.Kind.Changes(); more; {
		if err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
			n, err := tx.ExecCount(dropChanges, id, int64(problemBite))
			more = n > 0
			return err
		}); err != nil {
			return err
		}
	}
	return s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		if err := tx.Exec(dropRanges, id); err != nil {
			return err
		}
		if err := imp.dropExamples(tx); err != nil {
			return err
		}
		if err := imp.dropKey(tx); err != nil {
			return err
		}
		return tx.Exec(forget, id, before)
	})
}

// dropExamples takes away what an import tells of the persons in its file, which
// goes with the file.
func (i *Import) dropExamples(tx *sqldb.Tx) error {
	if i.Inspection == nil || i.Inspection.Examples == nil {
		return nil
	}
	i.Inspection.Examples = nil
	text, err := json.Marshal(i.Inspection)
	if err != nil {
		return err
	}
	return tx.Exec(tellExamples, i.ID, string(text))
}

// dropKey takes away the secret of the hashes in the file.
func (i *Import) dropKey(tx *sqldb.Tx) error {
	if i.Plan.Firebase == nil {
		return nil
	}
	i.Plan.Firebase = nil
	text, err := json.Marshal(i.Plan)
	if err != nil {
		return err
	}
	return tx.Exec(storePlan, i.ID, string(text))
}

// DropFiles takes away the files of a store's imports that have ended: somebody is in
// them who was erased. What undoes the imports stays.
func (s *Service) DropFiles(ctx context.Context, storeID int64) error {
	var ids []int64
	if err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		ids = nil
		return tx.Query(endedFiles, func(r *sqldb.Row) error { ids = append(ids, r.Int(0)); return nil })
	}); err != nil {
		return err
	}
	for _, id := range ids {
		if err := s.files.drop(ctx, storeID, id); err != nil {
			return err
		}
		if err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
			tx.Signal(sqldb.Erased)
			imp, err := get(tx, id)
			if err != nil {
				return err
			}
			if err := imp.dropExamples(tx); err != nil {
				return err
			}
			return tx.Exec(dropFile, id)
		}); err != nil {
			return err
		}
	}
	return nil
}
