package transfer

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"slices"
	"time"

	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/jobs"
	"clientele/internal/sqldb"
	"clientele/internal/subscriber"
	"clientele/internal/transfer/source"
	"clientele/internal/transfer/value"
)

// A file that somebody takes step by step is held: a server looks what it is, and waits
// until they have said where its columns go and how its rows are taken. Then all of it
// is tried, and then taken.

// Waiting: a server has looked at the file, and somebody is to say how it is taken.
const Waiting State = "waiting"

// Then is what becomes of a file that is held.
type Then int

// What becomes of it.
const (
	Wait Then = iota // as long as somebody has more to say
	Look             // anew, at what it is: as another kind or format
	Try              // all of it is tried, and nothing stored
	Take
)

// The fields and reasons of faults.
const (
	FieldGround fault.Field = "ground"
	FieldKind   fault.Field = "kind"
	FieldMap    fault.Field = "map"

	WhyNoEmailColumn  fault.Reason = "no column has the email"
	WhyNoIDColumn     fault.Reason = "no column has the id"
	WhyNoAmountColumn fault.Reason = "no column has the amount"
	WhyNoGroupColumn  fault.Reason = "no column has the group"
	WhyColumn         fault.Reason = "no such place"
)

// MaxGround bounds a ground, in characters.
const MaxGround = 500

// Examples is how many examples a trial tells of each outcome.
const Examples = 10

// Example is a record of which an outcome is told.
type Example struct {
	Line  int64  `json:"line"`
	Email string `json:"email,omitempty"`
	Name  string `json:"name,omitempty"`
}

var (
	holdFile = sqldb.Static(`UPDATE imports SET state = 'waiting', date_modified = $3, date_ended = $3 WHERE store_id = $1 AND id = $2 AND state = 'running'`)
	reviseIt = sqldb.Static(`UPDATE imports SET state = $3, plan = $4, position = 0, lines = 0, counts = '{}', problems = 0, error = '', undone = '', date_modified = $5, date_ended = $6, date_begun = 0, rows_begun = 0
		WHERE store_id = $1 AND id = $2 AND kept > 0 AND state IN ('waiting', 'done', 'stopped', 'cancelled', 'failed')`)
	tellExamples = sqldb.Static(`UPDATE imports SET inspection = $3 WHERE store_id = $1 AND id = $2`)
)

var errNotRevised = fault.New(fault.Conflict, "How a file is taken can be changed as long as nothing of it was taken and it is kept.")

// CanRevise reports whether somebody can still say how the file is taken.
func (i *Import) CanRevise() bool {
	return i.Kept && i.Inspection != nil && (i.State == Waiting || (i.State == Done || i.State == Stopped || i.State == Cancelled || i.State == Failed) && (i.Plan.DryRun || i.Counts.Rows == 0))
}

// CanResume reports whether the import can go on.
func (i *Import) CanResume() bool {
	return i.Kept && (i.State == Cancelled || i.State == Stopped || i.State == Failed)
}

// CanUndo reports whether what the import created can be taken away at a moment.
func (i *Import) CanUndo(now int64) bool {
	return i.undoable && !i.Plan.DryRun && i.Counts.Rows > 0 && (i.State == Done || i.State == Stopped || i.State == Cancelled || i.State == Failed) && now-i.Ended <= int64(keep/time.Second)
}

// Troubled reports whether the import came to no good end since a moment: not all of
// its rows were taken.
func (i *Import) Troubled(since int64) bool {
	return i.Ended >= since && !i.Plan.DryRun && !i.Plan.Hold && (i.State == Failed || i.State == Stopped || i.State == Done && i.Counts.Rejected > 0)
}

// Revise says how the rows of a file are taken of which nothing was taken, and what
// becomes of it.
func (s *Service) Revise(ctx context.Context, storeID, id int64, o Options, then Then) (*Import, error) {
	var imp *Import
	err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		if imp, err = get(tx, id); err != nil {
			return err
		}
		if !imp.CanRevise() {
			return errNotRevised
		}
		if err := s.revise(tx, imp, o, then); err != nil {
			return err
		}
		now, state, ended := s.sys.Now(), map[Then]State{Wait: Waiting, Look: Inspecting, Try: Inspecting, Take: Running}[then], int64(0)
		imp.Plan.Hold, imp.Plan.DryRun = then == Wait || then == Look, then == Try
		if then == Wait {
			ended = now
		} else if err := room(tx, 0); err != nil {
			return err
		}
		text, err := json.Marshal(imp.Plan)
		if err != nil {
			return err
		}
		if n, err := tx.ExecCount(reviseIt, id, string(state), string(text), now, ended); err != nil || n == 0 {
			return errors.Join(err, errNotRevised)
		}
		if err := tx.Exec(dropProblems, id, int64(math.MaxInt64)); err != nil {
			return err
		}
		if then != Wait {
			if err := jobs.Enqueue(tx, now, jobTake, working{id}, now); err != nil {
				return err
			}
		}
		imp, err = get(tx, id)
		return err
	})
	return imp, err
}

// revise holds what somebody says to the file and the store.
func (s *Service) revise(tx *sqldb.Tx, imp *Import, o Options, then Then) error {
	var c fault.Collector
	wrong := func(field fault.Field, code fault.Code, why fault.Reason) { c.Because(field, code, why, "") }
	o.Format, o.App = imp.Plan.Format, imp.Plan.App
	if o.TaxExempt == "" {
		o.TaxExempt = imp.Plan.TaxExempt
	}
	if !slices.Contains(customer.Existings, o.OnExisting) {
		wrong("on_existing", fault.NotAccepted, "")
	}
	if !slices.Contains(source.Kinds, o.Kind) {
		wrong(FieldKind, fault.NotAccepted, "")
	}
	if o.DateOrder != "" && o.DateOrder != value.DayFirst && o.DateOrder != value.MonthFirst {
		wrong("date_order", fault.NotAccepted, "")
	}
	c.Length(FieldGround, o.Ground, 0, MaxGround)
	if err := c.Err(fault.Invalid); err != nil {
		return err
	}
	format, ok := source.Named(o.Format)
	if !ok {
		return fault.New(fault.Invalid, "there is no format "+o.Format)
	}
	if err := checkKind(format, o.Kind); err != nil {
		wrong(FieldKind, fault.NotAccepted, "")
		return c.Err(fault.Invalid)
	}
	w, err := s.lookTx(tx)
	if err != nil {
		return err
	}
	if err := checkMap(o.Map, imp.Plan.Layout.Header, w.own(), o.App); err != nil {
		wrong(FieldMap, fault.NotAccepted, WhyColumn)
		return c.Err(fault.Invalid)
	}
	columns := o.columns(format, o.Kind, imp.Plan.Layout.Header, w.own())
	if then == Try || then == Take {
		switch {
		case !goes(columns, source.Email) && (!o.Kind.Changes() || !o.ByID):
			wrong(FieldMap, fault.Required, WhyNoEmailColumn)
		case o.ByID && !goes(columns, source.ID):
			wrong(FieldMap, fault.Required, WhyNoIDColumn)
		case o.Kind == source.Credit && !goes(columns, source.StoreCredit):
			wrong(FieldMap, fault.Required, WhyNoAmountColumn)
		case o.Kind == source.GroupMembers && !goes(columns, source.Group) && !goes(columns, source.GroupID):
			wrong(FieldMap, fault.Required, WhyNoGroupColumn)
		case o.Kind == source.Subscribers && o.Ground == "":
			wrong(FieldGround, fault.Required, "")
		}
		if err := c.Err(fault.Invalid); err != nil {
			return err
		}
	}
	imp.Plan.Options, imp.Plan.Kind, imp.Plan.Columns = o, o.Kind, columns
	return nil
}

// goes reports whether a column goes to a field.
func goes(columns []source.Column, field source.Field) bool {
	return slices.ContainsFunc(columns, func(c source.Column) bool { return c.Field == field })
}

// wait has a file wait for somebody.
func (s *Service) wait(ctx context.Context, storeID int64, imp *Import) error {
	imp.State = Waiting
	return s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error { return tx.Exec(holdFile, imp.ID, s.sys.Now()) })
}

// Head returns the cells of the first rows of a file that is kept, n at most.
func (s *Service) Head(ctx context.Context, storeID, id int64, n int) (out [][]string, err error) {
	imp, f, err := s.Open(ctx, storeID, id)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rows, err := imp.Plan.rows(ctx, f)
	if err != nil {
		return nil, err
	}
	for len(out) < n {
		row, err := rows.Next()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		if row.Fault == "" {
			out = append(out, row.Cells)
		}
	}
	return out, nil
}

// Wrong is what is wrong with rows of one code, with the first of them.
type Wrong struct {
	Code    string
	Warning bool
	Count   int64 // among the first ones
	First   []Problem
}

// maxWrong is among how many problems examples are looked for.
const maxWrong = 20_000

// Wrongs returns what is wrong with rows, by codes in the order in which they come
// first. all is false where there are more problems than were looked at.
func (s *Service) Wrongs(ctx context.Context, storeID, id int64) (out []Wrong, all bool, err error) {
	n := 0
	enough := errors.New("enough")
	err = s.Problems(ctx, storeID, id, func(p Problem) error {
		if n++; n > maxWrong {
			return enough
		}
		i := slices.IndexFunc(out, func(w Wrong) bool { return w.Code == p.Code && w.Warning == p.Warning })
		if i < 0 {
			i = len(out)
			out = append(out, Wrong{Code: p.Code, Warning: p.Warning})
		}
		if out[i].Count++; len(out[i].First) < Examples {
			out[i].First = append(out[i].First, p)
		}
		return nil
	})
	if errors.Is(err, enough) {
		return out, false, nil
	}
	return out, true, err
}

// Own returns what of a store columns may go to besides fields.
func (s *Service) Own(ctx context.Context, storeID int64) (source.Own, error) {
	w, err := s.look(ctx, storeID)
	if err != nil {
		return source.Own{}, err
	}
	return w.own(), nil
}

// exampleOf notes a record as an example of what would become of it.
func (t *taking) exampleOf(outcome string, rec *source.Record) {
	if !t.try || len(t.examples[outcome]) >= Examples {
		return
	}
	if t.examples == nil {
		t.examples = map[string][]Example{}
	}
	t.examples[outcome] = append(t.examples[outcome], Example{rec.Rows[0].Line, clip(rec.Email), clip(customer.FullName(rec.FirstName, rec.LastName))})
}

// outcomes are what becomes of records, as examples name it.
var (
	outcomes = map[customer.Outcome]string{customer.ImportCreated: "created", customer.ImportChanged: "changed", customer.ImportUnchanged: "unchanged", customer.ImportSkipped: "skipped"}
	wishes   = map[subscriber.Outcome]string{subscriber.ImportCreated: "created", subscriber.ImportChanged: "changed", subscriber.ImportUnchanged: "unchanged", subscriber.ImportKept: "skipped"}
)

func (s *Service) lookTx(tx *sqldb.Tx) (*world, error) {
	var w world
	return &w, w.read(tx)
}
