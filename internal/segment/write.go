package segment

import (
	"context"
	"errors"
	"strconv"

	"clientele/internal/fault"
	"clientele/internal/fold"
	"clientele/internal/history"
	"clientele/internal/jobs"
	"clientele/internal/listing"
	"clientele/internal/rule"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/total"
)

// Create makes segments: all of them or, if any breaks a rule, none.
func (s *Service) Create(ctx context.Context, storeID int64, in []Create) ([]Segment, error) {
	if err := checkCreate(in); err != nil {
		return nil, err
	}
	var out []Segment
	err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		out, err = s.create(tx, in)
		return err
	})
	if errors.Is(err, sqldb.ErrUnique) {
		err = nameTaken(len(in))
	}
	return out, err
}

func (s *Service) create(tx *sqldb.Tx, in []Create) ([]Segment, error) {
	n := int64(len(in))
	var at last
	have := map[int64]string{}
	if err := tx.Pipeline(move{segments: n}.query(&at), names(have)); err != nil {
		return nil, err
	}
	if len(have)+len(in) > MaxSegments {
		return nil, tooMany()
	}
	taken := make(map[string]bool, len(have))
	for _, name := range have {
		taken[name] = true
	}
	now := s.sys.Now()
	out, entries := make([]Segment, n), make([]history.Entry, n)
	for i := range in {
		norm := fold.Text(in[i].Name)
		if taken[norm] {
			return nil, nameTaken(len(in))
		}
		taken[norm] = true
		out[i] = Segment{ID: at.segment - n + int64(i) + 1, UUID: in[i].UUID, Name: in[i].Name, Description: in[i].Description, DateCreated: now, DateModified: now}
		if out[i].UUID == "" {
			out[i].UUID = s.sys.UUID()
		}
		if err := out[i].insert(tx); err != nil {
			return nil, err
		}
		entries[i] = out[i].changeOf(nil, &out[i])
	}
	return out, history.Enter(tx, now, entries...)
}

// Update changes segments: all of them or, if any breaks a rule, none. One
// whose stored data would not change is left alone.
func (s *Service) Update(ctx context.Context, storeID int64, in []Update) ([]Segment, error) {
	if err := checkUpdate(in); err != nil {
		return nil, err
	}
	var out []Segment
	err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		out, err = update(tx, in, s.sys.Now())
		return err
	})
	if errors.Is(err, sqldb.ErrUnique) {
		err = nameTaken(len(in))
	}
	return out, err
}

func update(tx *sqldb.Tx, in []Update, now int64) ([]Segment, error) {
	uuids := make([]string, len(in))
	for i := range in {
		uuids[i] = in[i].UUID
	}
	current := map[string]Segment{}
	if err := lock(tx, "segments", segmentColumns, uuids, func(r *sqldb.Row) error {
		var s Segment
		s.scan(r)
		current[s.UUID] = s
		return nil
	}); err != nil {
		return nil, err
	}
	out := make([]Segment, len(in))
	var renamed, changed []*Segment
	var entries []history.Entry
	var b fault.Batch
	b.Each(len(in), func(i int, c *fault.Collector) {
		old, ok := current[in[i].UUID]
		if !ok {
			c.Because(FieldUUID, fault.Unknown, WhyNoSegment, "")
			return
		}
		out[i] = old
		in[i].apply(&out[i])
		if out[i] == old {
			return
		}
		out[i].DateModified = now
		changed = append(changed, &out[i])
		entries = append(entries, out[i].changeOf(&old, &out[i]))
		if fold.Text(out[i].Name) != fold.Text(old.Name) {
			renamed = append(renamed, &out[i])
		}
	})
	if err := b.Err(fault.Invalid); err != nil {
		return nil, err
	}
	if err := history.Enter(tx, now, entries...); err != nil {
		return nil, err
	}
	if err := rename(tx, renamed, len(in)); err != nil {
		return nil, err
	}
	for _, s := range changed {
		if err := tx.Exec(updateSegment, s.ID, s.Name, fold.Text(s.Name), s.Description, s.DateModified); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// rename makes sure that new names are free and, where several change, lets
// go of the old ones first: two segments may swap.
func rename(tx *sqldb.Tx, renamed []*Segment, total int) error {
	if len(renamed) == 0 {
		return nil
	}
	var at last
	have := map[int64]string{}
	if err := tx.Pipeline(move{}.query(&at), names(have)); err != nil {
		return err
	}
	for _, s := range renamed {
		delete(have, s.ID)
	}
	taken := make(map[string]bool, len(have))
	for _, name := range have {
		taken[name] = true
	}
	for _, s := range renamed {
		norm := fold.Text(s.Name)
		if taken[norm] {
			return nameTaken(total)
		}
		taken[norm] = true
		if len(renamed) > 1 {
			// No name starts with a control character: folding trims it.
			if err := tx.Exec(parkName, s.ID, "\n"+s.UUID); err != nil {
				return err
			}
		}
	}
	return nil
}

// Portions of what one transaction removes.
const (
	deleteSegments = 100
	deleteProfiles = 250
	deleteMembers  = 5000
)

// ends are the last ids given out: what is made during a removal stays.
func ends(tx *sqldb.Tx) (at last, err error) {
	err = tx.Query(lastIDs, func(r *sqldb.Row) error {
		at = last{segment: r.Int(0), profile: r.Int(1)}
		return nil
	})
	return at, err
}

// Delete removes the segments that q selects, all of them if it has no
// condition, and returns how many there were. Their members stay profiles.
// Many go in several transactions.
func (s *Service) Delete(ctx context.Context, storeID int64, q *listing.Query) (int, error) {
	ctx = sqldb.Aside(ctx)
	d := deletion{s: s, q: q}
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		if d.end, err = ends(tx); err != nil {
			return err
		}
		d.all, err = q.Count(tx)
		return err
	})
	for more := true; more && err == nil; {
		next := d
		err = s.db.Write(ctx, storeID, func(tx *sqldb.Tx) (err error) {
			next = d
			more, err = next.step(tx)
			return err
		})
		if err == nil {
			d = next
		}
		// What has begun is finished, whether or not the caller still listens.
		ctx = context.WithoutCancel(ctx)
	}
	return d.n, err
}

// deletion is how far a deletion of segments has come.
type deletion struct {
	s        *Service
	q        *listing.Query
	end      last
	all      int64 // how many there were
	begun    bool
	emptying int64 // the segment that lost members and is there still
	after    int64
	n        int
}

// step deletes the next segments, and reports whether there may be more.
func (d *deletion) step(tx *sqldb.Tx) (more bool, err error) {
	ids, err := d.q.Batch(tx, d.after, d.end.segment, deleteSegments)
	if err != nil || len(ids) == 0 {
		return false, err
	}
	more = len(ids) == deleteSegments
	have, err := segmentsWith(tx, ids)
	if err != nil {
		return false, err
	}
	// The counters' lock comes before what is written.
	if _, err := (store.Advance{}).Run(tx); err != nil {
		return false, err
	}
	if err := d.s.dropRules(tx, ids); err != nil {
		return false, err
	}
	var entries, partly []history.Entry
	for budget := int64(deleteMembers); len(ids) > 0; ids = ids[1:] {
		id := ids[0]
		removed, err := tx.ExecCount(emptySegment, id, budget)
		if err != nil {
			return false, err
		}
		if err := joined(tx, id, -removed); err != nil {
			return false, err
		}
		if budget -= removed; budget == 0 {
			more = true // the rest of it next time
			if d.emptying != id {
				left := int64(0)
				if err := tx.Query(countMembers, func(r *sqldb.Row) error { left = r.Int(0); return nil }, id); err != nil {
					return false, err
				}
				partly = append(partly, emptied(id, removed+left))
			}
			d.emptying = id
			break
		}
		if err := tx.Exec(deleteSegment, id); err != nil {
			return false, err
		}
		if err := total.Members.Drop(tx, strconv.FormatInt(id, 10)); err != nil {
			return false, err
		}
		d.n, d.after = d.n+1, id
		entries = append(entries, have[id].changeOf(have[id], nil))
	}
	entries = history.Step(!d.begun, d.all, history.AllUpTo(history.Segment, d.all, d.end.segment), entries)
	d.begun = true
	return more, history.Enter(tx, d.s.sys.Now(), append(entries, partly...)...)
}

// dropRules takes the rules from segments that go, and has those look again that
// read them.
func (s *Service) dropRules(tx *sqldb.Tx, ids []int64) error {
	there, err := rule.Any(tx)
	if err != nil || !there {
		return err
	}
	gone := int64(0)
	for _, id := range ids {
		n, err := tx.ExecCount(deleteRule, id)
		if err != nil {
			return err
		}
		gone += n
	}
	if err := rule.Renew(tx, "segment", s.sys.Now()); err != nil {
		return err
	}
	if gone == 0 {
		return nil
	}
	if err := jobs.Enqueue(tx, s.sys.Now(), groupsJob, struct{}{}, s.sys.Now()); err != nil {
		return err
	}
	return tx.Query(countRules, func(*sqldb.Row) error { return nil }, -gone)
}
