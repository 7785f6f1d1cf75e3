package segment

import (
	"context"
	"errors"
	"slices"
	"time"

	"clientele/internal/event"
	"clientele/internal/history"
	"clientele/internal/jobs"
	"clientele/internal/rule"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

const (
	// keepBite is how many marked customers are looked at together.
	keepBite = 500
	// soonEvery is how often this process looks for customers whom it marked
	// itself, lateEvery for those whom others did, tickEvery for what the clock
	// moved.
	soonEvery = 100 * time.Millisecond
	lateEvery = time.Second
	tickEvery = 5 * time.Second
)

// Register has r keep the members of segments with a rule.
func (k *Keeper) Register(r *jobs.Runner) {
	r.Register(jobs.Kind{Name: rule.BuildJob, Handler: k.build, Limit: 1, Schedule: buildSchedule})
	r.Register(jobs.Kind{Name: groupsJob, Handler: k.sweep, Limit: 1, Schedule: buildSchedule})
	r.Every("rules", soonEvery, func(ctx context.Context) error {
		if !k.heard.CompareAndSwap(true, false) {
			return nil
		}
		return k.KeepAll(ctx)
	})
	r.Every("rules of others", lateEvery, k.KeepAll)
	r.Every("dates of rules", tickEvery, k.TickAll)
	k.db.Listen(rule.Topic, func() { k.heard.Store(true) })
}

// KeepAll looks at all marked customers of all stores.
func (k *Keeper) KeepAll(ctx context.Context) error {
	k.ticks.Lock() // the two tasks of a process need not do it together
	defer k.ticks.Unlock()
	var stores []int64
	if err := k.db.Read(ctx, 0, func(tx *sqldb.Tx) error {
		stores = stores[:0]
		return tx.Pipeline(rule.StoresQuery(func(id int64) { stores = append(stores, id) }))
	}); err != nil {
		return err
	}
	for _, id := range stores {
		for more := true; more && ctx.Err() == nil; {
			var err error
			if more, err = k.Keep(ctx, id); err != nil {
				return err
			}
		}
	}
	return nil
}

// member is a place in a segment.
type member struct{ segment, customer int64 }

// look is what the rules say of some customers, and how it is now.
type look struct {
	finds map[member]bool
	has   map[member]bool
	held  map[int64]*holds // those whose group a rule set
}

// holds is the group that a rule set of a customer, and what was there before.
type holds struct{ by, before int64 }

// errStale tells that rules changed between looking and writing.
var errStale = errors.New("segment: the rules changed")

// Keep looks at marked customers of a store, writes what changed and reports
// whether there may be more.
func (k *Keeper) Keep(ctx context.Context, storeID int64) (more bool, err error) {
	b, err := k.books.Get(ctx, storeID, struct{}{})
	if err != nil {
		return false, err
	}
	zone, err := k.zone(ctx, storeID)
	if err != nil {
		return false, err
	}
	var marks []rule.Marked
	var l *look
	if err := k.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		if marks, err = rule.Marks(tx, keepBite); err != nil || len(marks) == 0 {
			return err
		}
		ids := make([]int64, len(marks))
		for i := range marks {
			ids[i] = marks[i].CustomerID
		}
		clock, err := k.clock(tx, zone)
		if err != nil {
			return err
		}
		l, err = b.look(tx, clock, ids)
		return err
	}); err != nil || len(marks) == 0 {
		return false, err
	}
	if err := k.regroup(ctx, storeID, b, l); err != nil {
		return false, err
	}
	err = k.write(ctx, storeID, b, l.changes(), marks)
	if errors.Is(err, errStale) {
		return false, nil // the next round reads the rules anew
	}
	return err == nil && len(marks) == keepBite, err
}

// clock returns the time of the store's rules, which never goes back.
func (k *Keeper) clock(tx *sqldb.Tx, zone *time.Location) (rule.Clock, error) {
	c := rule.Clock{Now: k.sys.Now(), Zone: zone}
	err := tx.Query(selectClock, func(r *sqldb.Row) error { c.Now = max(c.Now, r.Int(0)); return nil })
	return c, err
}

// look asks all rules about customers.
func (b *book) look(tx *sqldb.Tx, clock rule.Clock, ids []int64) (*look, error) {
	l := &look{finds: map[member]bool{}, has: map[member]bool{}}
	of, args := sqldb.Within(nil, ids)
	qs := make([]sqldb.Q, 0, len(b.rules)+3)
	for _, r := range b.rules {
		where, own := r.checked.SQL(tx, clock, args[:len(args):len(args)], true)
		qs = append(qs, sqldb.Q{
			Stmt: rule.Select(of(`id`) + ` AND ` + where),
			Args: own,
			Each: func(row *sqldb.Row) error { l.finds[member{r.SegmentID, row.Int(0)}] = true; return nil },
		})
	}
	kept := map[int64]bool{}
	for _, r := range b.rules {
		kept[r.SegmentID] = true
	}
	qs = append(qs, membersQuery(of, args, func(m member) {
		if kept[m.segment] {
			l.has[m] = true
		}
	}), sqldb.Q{
		Stmt: sqldb.Dynamic(`SELECT customer_id, group_id, before_id FROM rule_groups WHERE store_id = $1 AND ` + of(`customer_id`)),
		Args: args,
		Each: func(r *sqldb.Row) error {
			if l.held == nil {
				l.held = map[int64]*holds{}
			}
			l.held[r.Int(0)] = &holds{by: r.Int(1), before: r.Int(2)}
			return nil
		},
	})
	return l, tx.Pipeline(qs...)
}

// membersQuery finds the segments that customers are in.
func membersQuery(of func(column string) string, args []any, each func(member)) sqldb.Q {
	return sqldb.Q{
		Stmt: sqldb.Dynamic(`SELECT m.segment_id, p.customer_id FROM shopper_profiles p JOIN segment_members m ON m.store_id = p.store_id AND m.profile_id = p.id
			WHERE p.store_id = $1 AND ` + of(`p.customer_id`)),
		Args: args,
		Each: func(r *sqldb.Row) error { each(member{r.Int(0), r.Int(1)}); return nil },
	}
}

// changed is a customer who comes into a segment or leaves it.
type changed struct {
	member
	enters bool
}

func (l *look) changes() []changed {
	var out []changed
	for m := range l.finds {
		if !l.has[m] {
			out = append(out, changed{m, true})
		}
	}
	for m := range l.has {
		if !l.finds[m] {
			out = append(out, changed{m, false})
		}
	}
	slices.SortFunc(out, func(x, y changed) int {
		if x.customer != y.customer {
			return int(x.customer - y.customer)
		}
		return int(x.segment - y.segment)
	})
	return out
}

var (
	insertMembers = sqldb.StaticRows(`INSERT INTO segment_members (store_id, date_created, segment_id, profile_id) VALUES `, 1, 2, 7,
		` ON CONFLICT (store_id, segment_id, profile_id) DO NOTHING`)
	insertProfiles = sqldb.StaticRows(`INSERT INTO shopper_profiles (store_id, date_created, date_modified, id, uuid, customer_id) VALUES `, 2, 3, 7, ``)
	deleteMember   = sqldb.Static(`DELETE FROM segment_members WHERE store_id = $1 AND segment_id = $2 AND profile_id = $3`)
	selectClock    = sqldb.Static(`SELECT date_now, zone FROM rule_clocks WHERE store_id = $1`)
)

// write writes changes of members, and takes marks away.
func (k *Keeper) write(ctx context.Context, storeID int64, b *book, all []changed, marks []rule.Marked) error {
	return k.db.Write(ctx, storeID, func(tx *sqldb.Tx) error { return k.writing(tx, b, all, marks).run(nil) })
}

func (k *Keeper) writing(tx *sqldb.Tx, b *book, all []changed, marks []rule.Marked) *writing {
	return &writing{k: k, tx: tx, b: b, now: k.sys.Now(), all: all, marks: marks}
}

// run does it. again, if there is one, says under the lock of the counters which
// changes are still right.
func (w *writing) run(again func(tx *sqldb.Tx, all []changed) ([]changed, error)) error {
	if err := w.lock(); err != nil {
		return err
	}
	if again != nil {
		var err error
		if w.all, err = again(w.tx, w.all); err != nil {
			return err
		}
	}
	if err := w.settle(); err != nil {
		return err
	}
	return w.store()
}

// writing is one transaction of write.
type writing struct {
	k        *Keeper
	tx       *sqldb.Tx
	b        *book
	now      int64
	all      []changed
	marks    []rule.Marked
	profiles map[int64]int64 // by customer
	there    map[int64]bool  // the customers
}

func (w *writing) customers() []int64 {
	var ids []int64
	for _, c := range w.all {
		ids = append(ids, c.customer)
	}
	return slices.Compact(ids)
}

// lock locks segments, customers and profiles, in the order in which whoever
// deletes them does, then the counters.
func (w *writing) lock() error {
	w.profiles, w.there = map[int64]int64{}, map[int64]bool{}
	if len(w.all) > 0 {
		touched := map[int64]bool{}
		for _, c := range w.all {
			touched[c.segment] = true
		}
		var segments []int64
		for id := range touched {
			segments = append(segments, id)
		}
		slices.Sort(segments)
		in, args := sqldb.In(nil, segments)
		versions := map[int64]int64{}
		of, ids := sqldb.Within(nil, w.customers())
		if err := w.tx.Pipeline(
			sqldb.Q{Stmt: sqldb.Dynamic(`SELECT id FROM segments WHERE store_id = $1 AND id IN ` + in + ` ORDER BY id` + w.tx.ForShare()), Args: args,
				Each: func(*sqldb.Row) error { return nil }},
			sqldb.Q{Stmt: sqldb.Dynamic(`SELECT segment_id, version FROM segment_rules WHERE store_id = $1 AND segment_id IN ` + in), Args: args,
				Each: func(r *sqldb.Row) error { versions[r.Int(0)] = r.Int(1); return nil }},
			among("customers", "id", ` ORDER BY id`+w.tx.ForShare(), w.customers(), w.there),
			sqldb.Q{Stmt: sqldb.Dynamic(`SELECT id FROM shopper_profiles WHERE store_id = $1 AND ` + of(`customer_id`) + ` ORDER BY id` + w.tx.ForUpdate()), Args: ids,
				Each: func(*sqldb.Row) error { return nil }},
		); err != nil {
			return err
		}
		for _, id := range segments {
			if r := w.b.of(id); r == nil || versions[id] != r.version {
				return errStale
			}
		}
	}
	_, err := store.Advance{}.Run(w.tx)
	return err
}

// settle leaves out what is not so any more. Nobody who marks customers comes in
// between from here on.
func (w *writing) settle() error {
	if len(w.marks) > 0 {
		standing, err := rule.Standing(w.tx, w.marks)
		if err != nil {
			return err
		}
		w.marks = slices.DeleteFunc(slices.Clone(w.marks), func(m rule.Marked) bool { return !standing[m.CustomerID] })
		w.all = slices.DeleteFunc(slices.Clone(w.all), func(c changed) bool { return !standing[c.customer] })
	}
	if len(w.all) == 0 {
		return nil
	}
	of, args := sqldb.Within(nil, w.customers())
	has := map[member]bool{}
	if err := w.tx.Pipeline(membersQuery(of, args, func(m member) { has[m] = true }), sqldb.Q{
		Stmt: sqldb.Dynamic(`SELECT id, customer_id FROM shopper_profiles WHERE store_id = $1 AND ` + of(`customer_id`)),
		Args: args,
		Each: func(r *sqldb.Row) error { w.profiles[r.Int(1)] = r.Int(0); return nil },
	}); err != nil {
		return err
	}
	w.all = slices.DeleteFunc(slices.Clone(w.all), func(c changed) bool { return has[c.member] == c.enters || !w.there[c.customer] })
	return nil
}

// store writes what is left.
func (w *writing) store() error {
	if len(w.all) == 0 {
		return rule.Unmark(w.tx, w.marks)
	}
	var fresh []int64
	for _, id := range w.customers() {
		if w.profiles[id] == 0 {
			fresh = append(fresh, id)
		}
	}
	n := int64(len(fresh))
	var at last
	var counters store.Counters
	if err := w.tx.Pipeline(move{profiles: n, total: n}.query(&at), store.Advance{EventIDs: int64(len(w.all)), Entries: 1}.Query(w.tx, &counters)); err != nil {
		return err
	}
	var rows, members []any
	var touched, marked []int64
	uuids := w.k.sys.UUIDs(len(fresh))
	for i, id := range fresh {
		w.profiles[id] = at.profile - n + int64(i) + 1
		rows = append(rows, w.profiles[id], uuids[i], id)
	}
	if err := insertProfiles.Exec(w.tx, []any{w.now, w.now}, rows); err != nil {
		return err
	}
	events := make([]event.Event, 0, len(w.all))
	more := map[int64]int64{} // members, by segment
	for _, c := range w.all {
		r := w.b.of(c.segment)
		profile := w.profiles[c.customer]
		scope, by := event.SegmentLeft, int64(-1)
		if c.enters {
			scope, by = event.SegmentEntered, 1
			members = append(members, c.segment, profile)
		} else if err := w.tx.Exec(deleteMember, c.segment, profile); err != nil {
			return err
		}
		more[c.segment] += by
		events = append(events, event.Segment(scope, c.segment, r.UUID, c.customer))
		if profile <= at.profile-n { // new ones say when they were made
			touched = append(touched, profile)
		}
		// Who is looked at by a rule that reads the segment, or is to have another
		// group, is looked at again.
		if w.b.read[c.segment] || len(w.marks) == 0 && w.b.gives {
			marked = append(marked, c.customer)
		}
	}
	if err := insertMembers.Exec(w.tx, []any{w.now}, members); err != nil {
		return err
	}
	for id, n := range more {
		if err := joined(w.tx, id, n); err != nil {
			return err
		}
	}
	touched = slices.Compact(touched)
	for some := range slices.Chunk(touched, keepBite) {
		if err := touch(w.tx, some, w.now); err != nil {
			return err
		}
	}
	if err := history.Record(w.tx, counters.EntryID, w.now, []history.Entry{moved(w.all)}); err != nil {
		return err
	}
	if err := event.Record(w.tx, counters.EventID, w.now, events); err != nil {
		return err
	}
	if err := rule.Mark(w.tx, marked...); err != nil {
		return err
	}
	return rule.Unmark(w.tx, w.marks)
}
